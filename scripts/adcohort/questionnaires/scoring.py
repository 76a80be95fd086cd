"""Scores from answers by a key: final item values, scales, components."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from adcohort.questionnaires.keys import Component, Key, Recode, Scale

Answers = Mapping[str, float | None]


@dataclass(frozen=True)
class Score:
    """Score of a scale or component; None where too few items were answered."""

    code: str
    score: float | None
    n_items: int
    n_missing: int
    flags: tuple[str, ...] = ()


def item_values(key: Key, answers: Answers, weighted: Collection[str] = ()) -> dict[str, float | None]:
    """Final value of each item of a scale; None where there is no answer.

    Parameters
    ----------
    answers
        By item, as on the form (1 to its levels); items that are not there count as not answered.
    weighted
        Items whose answers are final values already.

    Raises
    ------
    ValueError
        For an answer that is none of the item's levels.
    """
    raw = {item: _raw(key, item, answers.get(item), item in weighted) for item in key.items}
    out: dict[str, float | None] = {}
    for scale in key.scales:
        for item in scale.items:
            answer = answers.get(item)
            if answer is None or item in weighted:
                out[item] = answer
            else:
                out[item] = _final(key, item, answer, raw)
    return out


def scores(key: Key, answers: Answers, weighted: Collection[str] = ()) -> list[Score]:
    """Scores of every scale, then of every component, in the key's order."""
    values = item_values(key, answers, weighted)
    out = [_scale_score(key, scale, values) for scale in key.scales]
    of_scale = {score.code: score.score for score in out}
    missing = {score.code: score.n_missing for score in out}
    for component in key.components:
        items = [item for scale in key.scales if scale.code in component.terms for item in scale.items]
        lacking = sum(missing[scale] for scale in component.terms)
        out.append(Score(component.code, component_score(component, of_scale), len(items), lacking))
    return out


def component_score(component: Component, of_scale: Mapping[str, float | None]) -> float | None:
    """T score of a component; None where one of its scales has no score."""
    total = 0.0
    for scale, (coefficient, mean, sd) in component.terms.items():
        score = of_scale[scale]
        if score is None:
            return None
        total += coefficient * (score - mean) / sd
    return float(f"{50.0 + 10.0 * total:.12g}")


def _scale_score(key: Key, scale: Scale, values: Mapping[str, float | None]) -> Score:
    answered = [value for item in scale.items if (value := values[item]) is not None]
    n_missing = len(scale.items) - len(answered)
    flags = sorted({key.items[item].flag for item in scale.items if values[item] is not None} - {""})
    if len(answered) < scale.least:
        return Score(scale.code, None, len(scale.items), n_missing, ("too few items",))
    if n_missing:
        flags.append("imputed")
    mean = sum(answered) / len(answered)
    score = 100.0 * (mean - scale.at_0) / (scale.at_100 - scale.at_0)
    return Score(scale.code, float(f"{score:.12g}") + 0.0, len(scale.items), n_missing, tuple(flags))


def _final(key: Key, item: str, answer: float, raw: Answers) -> float:
    for recode in key.recodes:
        if item in recode.items and _applies(recode, raw):
            if answer not in recode.values:
                raise ValueError(f"item {item}: {answer:g} is no answer")
            return recode.values[answer]
    if answer not in range(1, key.items[item].levels + 1):
        raise ValueError(f"item {item}: {answer:g} is no answer")
    return answer


def _applies(recode: Recode, raw: Answers) -> bool:
    if recode.when is None:
        return True
    item, allowed = recode.when
    return raw[item] in allowed if allowed else raw[item] is None


def _raw(key: Key, item: str, answer: float | None, is_weighted: bool) -> float | None:
    """The answer on the form, also where the data hold the final value (other items may depend on it)."""
    if answer is None or not is_weighted:
        return answer
    for recode in key.recodes:
        if item in recode.items:
            return next((form for form, value in recode.values.items() if value == answer), answer)
    return answer
