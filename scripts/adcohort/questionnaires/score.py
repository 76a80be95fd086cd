"""The questionnaires of a study: from records to scores, with every check on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adcohort import visits
from adcohort.errors import StudyError
from adcohort.questionnaires import evidence, forms, scoring
from adcohort.questionnaires.keys import Key
from adcohort.records import Record


@dataclass
class Scored:
    """Rows of scores.tsv, items.tsv and exclusions.tsv, and each record's name."""

    scores: list[dict[str, Any]]
    items: list[dict[str, Any]]
    exclusions: list[dict[str, Any]]
    names: list[tuple[str, Record]]


def score(
    records: list[Record],
    key: Key,
    study_visits: visits.Visits,
    options: Mapping[str, Any],
    headers_of: Mapping[str, list[str]],
) -> Scored:
    """Score each participant's form of each visit.

    Parameters
    ----------
    options
        The config's questionnaires: choose, same_day, weighted_items, reversed_items, out_of_range, suspicions.
    headers_of
        Item names or headers of each sheet, to tell variants of the form apart.

    Raises
    ------
    StudyError
        With the evidence, for answers that would be scored wrongly in silence.
    """
    weighted = _items(key, options["weighted_items"], "weighted_items")
    turned = _items(key, options["reversed_items"], "reversed_items")
    suspicious = options["suspicions"] == "stop"
    if suspicious and (problems := evidence.variant_problems(key, dict(headers_of))):
        raise StudyError(problems)
    found = forms.sort_forms(
        forms.items_of_long(records, key),
        key,
        study_visits,
        choose=options["choose"],
        same_day=options["same_day"],
    )
    problems = evidence.answer_problems(key, found.forms, weighted)
    stops = problems if options["out_of_range"] == "stop" else [p for p in problems if "pre-weighted" in p]
    if stops:
        raise StudyError(stops)
    exclusions = found.exclusions + evidence.drop_odd_answers(key, found.forms, weighted)
    for form in found.forms:
        _turn(form, key, turned, weighted)
    if suspicious and (problems := evidence.direction_problems(key, found.forms, weighted)):
        raise StudyError(problems)
    scored = {
        form.name: (scoring.scores(key, form.answers, weighted), scoring.item_values(key, form.answers, weighted))
        for form in found.forms
    }
    for form in found.forms:
        exclusions += evidence.flagged(key, form, scored[form.name][0])
    score_rows, item_rows = forms.rows(found.forms, key, scored)
    return Scored(score_rows, item_rows, exclusions, found.names)


def scale_rows(key: Key) -> list[dict[str, Any]]:
    """One row a scale or component of the key (scales.tsv); a component has no lowest and highest score."""
    scales = [
        {
            "scale": scale.code,
            "name": scale.name,
            "name_zh": scale.name_zh or None,
            "n_items": len(scale.items),
            "lowest": 0.0,
            "highest": 100.0,
            "better": scale.better,
        }
        for scale in key.scales
    ]
    n_items = {scale.code: len(scale.items) for scale in key.scales}
    return scales + [
        {
            "scale": component.code,
            "name": component.name,
            "name_zh": component.name_zh or None,
            "n_items": sum(n_items[scale] for scale in component.terms),
            "lowest": None,
            "highest": None,
            "better": "high",
        }
        for component in key.components
    ]


def phenotype_columns(
    rows: list[dict[str, Any]], key: Key, study_visits: visits.Visits
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """Data dictionary of the columns ``<scale>_<visit>`` and the scores by participant."""
    names = {scale.code: scale.name for scale in key.scales} | {c.code: c.name for c in key.components}
    seen = {(row["scale"], row["visit"]) for row in rows if row["score"] is not None}
    columns = {
        f"{code}_{visit}": {"Description": f"{name} ({key.name}, scoring {key.scoring}) at {visit}"}
        for code, name in names.items()
        for visit in study_visits
        if (code, visit) in seen
    }
    values: dict[str, dict[str, Any]] = {}
    for row in rows:
        if row["score"] is not None:
            values.setdefault(row["participant_id"], {})[f"{row['scale']}_{row['visit']}"] = row["score"]
    return columns, values


def _items(key: Key, wanted: list[str], where: str) -> set[str]:
    """Items by the form's number or their place."""
    forms_of = {item.form: number for number, item in key.items.items()}
    if unknown := [item for item in wanted if item not in forms_of and item not in key.items]:
        raise StudyError(
            f"config: questionnaires.{where}: {key.instrument} has no item {', '.join(unknown)}. Use the form's numbers, as 3a."
        )
    return {forms_of.get(item, item) for item in wanted}


def _turn(form: forms.Form, key: Key, turned: set[str], weighted: set[str]) -> None:
    """Turn the answers of items that run the other way, and mark the scales that the options reach."""
    for item in turned & form.answers.keys():
        answer = form.answers[item]
        if answer is not None:
            form.answers[item] = key.items[item].levels + 1 - answer
            form.flags.setdefault(key.scale_of(item), set()).add("reversed")
    for item in weighted & form.answers.keys():
        form.flags.setdefault(key.scale_of(item), set()).add("weighted")
