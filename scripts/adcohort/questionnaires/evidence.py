"""Silent errors of questionnaires: answers that can be scored but must not be, with the evidence in words."""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from adcohort import tables
from adcohort.questionnaires import scoring
from adcohort.questionnaires.forms import Form
from adcohort.questionnaires.keys import Key, headings, relatives
from adcohort.reasons import Decision, Reason

_LEAST_FORMS = 10
_AGAINST = -0.3  # a correlation below it is not that of items of one health
_SURE = 1.645  # normal deviate: the correlation's one-sided 95 % limit must be negative too


def variant_problems(key: Key, headers_of: dict[str, list[str]]) -> list[str]:
    """Sheets whose headers (by sheet) fit another variant of the form better than the chosen key."""
    problems = []
    for source, headers in headers_of.items():
        own = sum(h is not None for h in headings(key, headers))
        for other in relatives(key):
            theirs = sum(h is not None for h in headings(other, headers))
            if theirs > own:
                problems.append(
                    f"sheet {source}: its columns fit {other.instrument} ({theirs} items) better than {key.instrument} ({own})."
                    f" Choose questionnaires.instrument: {other.instrument}, or suspicions: accept."
                )
    return problems


def answer_problems(key: Key, forms: Sequence[Form], weighted: Collection[str]) -> list[str]:
    """Answers that no level of their item is, one sentence a kind of evidence."""
    odd: dict[str, Counter[float]] = {}
    who: dict[str, str] = {}
    for form in forms:
        for item, answer in form.answers.items():
            if answer is not None and answer not in _allowed(key, item, weighted):
                odd.setdefault(item, Counter())[answer] += 1
                who.setdefault(item, f"{form.record.participant_id} at {form.visit}")
    odd = {item: odd[item] for item in key.items if item in odd}
    problems = [
        f"{form.name}: item {key.items[item].form} has an answer that is no number. Correct it in the source."
        for form in forms
        for item in form.unreadable
    ]
    before_weights = {item: c for item, c in odd.items() if item not in weighted and _is_weighted(key, item, c)}
    if before_weights:
        forms_numbers = ", ".join(f"'{key.items[item].form}'" for item in before_weights)
        problems.append(
            f"answers that are final item values already (pre-weighted): {_told(key, before_weights, who)}."
            f" Scoring them again would be wrong. Give the answers as ticked,"
            f" or list the items that are weighted: weighted_items: [{forms_numbers}, …]."
        )
    rest = {item: counts for item, counts in odd.items() if item not in before_weights}
    if rest:
        problems.append(f"answers outside the form's levels: {_told(key, rest, who)}.{_hint(key, rest)}")
    return problems


def _allowed(key: Key, item: str, weighted: Collection[str]) -> set[float]:
    if item in weighted:
        return key.final_values(item)
    return {float(level) for level in range(1, key.items[item].levels + 1)}


def _is_weighted(key: Key, item: str, counts: Counter[float]) -> bool:
    finals = key.final_values(item)
    return any(answer in finals for answer in counts) or any(not float(answer).is_integer() for answer in counts)


def _told(key: Key, odd: dict[str, Counter[float]], who: dict[str, str]) -> str:
    return "; ".join(
        f"item {key.items[item].form} (1 to {key.items[item].levels}) holds "
        + ", ".join(f"{answer:g} ({n} times)" for answer, n in sorted(counts.items()))
        + f", first {who[item]}"
        for item, counts in odd.items()
    )


def _hint(key: Key, odd: dict[str, Counter[float]]) -> str:
    hints = []
    for other in relatives(key):
        if all(answer in range(1, other.items[item].levels + 1) for item, counts in odd.items() for answer in counts):
            hints.append(f" They are levels of {other.instrument}: choose that instrument if it is the form.")
    if any(key.scale_of(item) == "PF" and 4 in counts and key.items[item].levels == 3 for item, counts in odd.items()):
        hints.append(
            " A four-level form of physical functioning exists: it has no key here; write one, or leave these answers out."
        )
    if any(0 in counts for counts in odd.values()):
        hints.append(" Levels seem to be counted from 0: the form's begin with 1.")
    return "".join(hints) + " Correct them, or count them as missing: out_of_range: missing."


def drop_odd_answers(key: Key, forms: Sequence[Form], weighted: Collection[str]) -> list[dict[str, Any]]:
    """Make answers outside the form's levels missing; rows of exclusions.tsv that say so."""
    rows = []
    for form in forms:
        bad = [
            item
            for item, answer in form.answers.items()
            if answer is not None and answer not in _allowed(key, item, weighted)
        ]
        for item in [*bad, *form.unreadable]:
            form.answers[item] = None
            form.flags.setdefault(key.scale_of(item), set()).add("out of range")
            rows.append(_row(form, Reason.OUT_OF_RANGE_ANSWER, f"item {key.items[item].form}"))
        form.unreadable.clear()
    return rows


def direction_problems(key: Key, forms: Sequence[Form], weighted: Collection[str]) -> list[str]:
    """Items that run against the rest of their scale, and scales that run against the others: coding reversed?"""
    values = [scoring.item_values(key, form.answers, weighted) for form in forms]
    problems = []
    for scale in key.scales:
        for item in scale.items:
            others = [other for other in scale.items if other != item]
            pairs = [
                (float(one), sum(rest) / len(rest))
                for form in values
                if (one := form[item]) is not None
                if (rest := [v for other in others if (v := form[other]) is not None])
            ]
            if (r := correlation(pairs)) is not None and runs_against(r, len(pairs)):
                problems.append(
                    f"item {key.items[item].form} runs against the rest of {scale.code} (r = {r:.2f} in {len(pairs)} forms):"
                    f" its coding seems reversed. Correct it, or use reversed_items:"
                    f" ['{key.items[item].form}'], or suspicions: accept."
                )
    return problems or _scale_problems(key, forms, weighted)


def runs_against(r: float, n: int) -> bool:
    """Whether a correlation of n forms is negative beyond chance (limit by Fisher's z)."""
    return r < _AGAINST and math.atanh(max(r, -0.999)) + _SURE / math.sqrt(n - 3) < 0


def _scale_problems(key: Key, forms: Sequence[Form], weighted: Collection[str]) -> list[str]:
    scales = {scale.code: scale for scale in key.scales}
    found = [
        {
            s.code: s.score if scales[s.code].better == "high" else 100 - s.score
            for s in scoring.scores(key, form.answers, weighted)
            if s.code in scales and s.score is not None
        }
        for form in forms
    ]
    problems = []
    for code in scales:
        pairs = [
            (form[code], sum(others) / len(others))
            for form in found
            if code in form and (others := [score for other, score in form.items() if other != code])
        ]
        if (r := correlation(pairs)) is not None and runs_against(r, len(pairs)):
            problems.append(
                f"scale {code} runs against the other scales (r = {r:.2f} in {len(pairs)} forms): the coding of its items seems"
                " reversed. Correct it, or use reversed_items, or suspicions: accept."
            )
    return problems


def correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Pearson's correlation; None for fewer than ten pairs or a side without spread."""
    if len(pairs) < _LEAST_FORMS:
        return None
    mean_x, mean_y = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
    xx = sum((x - mean_x) ** 2 for x, _ in pairs)
    yy = sum((y - mean_y) ** 2 for _, y in pairs)
    if xx <= 0 or yy <= 0:
        return None
    return sum((x - mean_x) * (y - mean_y) for x, y in pairs) / math.sqrt(xx * yy)


def flagged(key: Key, form: Form, scores: Sequence[scoring.Score]) -> list[dict[str, Any]]:
    """Rows of exclusions.tsv for the scales of a form that have no score."""
    return [
        _row(
            form,
            Reason.TOO_FEW_ITEMS,
            f"{score.code}: {score.n_items - score.n_missing} of {score.n_items} items answered",
            Decision.FLAGGED,
        )
        for score in scores
        if "too few items" in score.flags
    ]


def _row(form: Form, reason: Reason, detail: str, decision: Decision = Decision.EXCLUDED) -> dict[str, Any]:
    """A row of exclusions.tsv about a form."""
    return tables.exclusion(
        "questionnaires",
        reason,
        participant_id=form.record.participant_id,
        visit=form.visit,
        day=form.record.day,
        record=form.name,
        detail=detail,
        decision=decision,
    )
