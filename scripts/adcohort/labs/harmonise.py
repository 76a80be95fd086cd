"""From the records of all sheets to one value a participant, visit and analyte; every other record has its reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from adcohort import choosing, quantities, tables, visits
from adcohort.errors import StudyError
from adcohort.labs import flags, ratios
from adcohort.labs.analytes import Dictionary
from adcohort.labs.values import Refused, Value, value_of
from adcohort.reasons import Decision, Reason
from adcohort.records import Record, exclusion


@dataclass
class Harmonised:
    """Rows of labs.tsv and exclusions.tsv, and each record's name (for the private link to its file and row)."""

    rows: list[dict[str, Any]]
    exclusions: list[dict[str, Any]]
    names: list[tuple[str, Record]] = field(default_factory=list)


def harmonise(
    records: list[Record], dictionary: Dictionary, study_visits: visits.Visits, options: Mapping[str, Any]
) -> Harmonised:
    """Choose each participant's value of each analyte at each visit.

    Parameters
    ----------
    records
        With participant and day (records.place).
    options
        The config's labs: choose, same_day, unit_missing, implausible, reference, tgab_limits, tsh_classes, ratio_tolerance.
    """
    named = name_records(records, dictionary)
    out = Harmonised([], [], named)
    reference = _reference(study_visits, options)
    usable: list[Value] = []
    for name, record in named:
        visit = choosing.visit_of(record, study_visits)
        try:
            value = value_of(record, dictionary, options)
            _must_have_who_and_when(record)
        except Refused as refused:
            out.exclusions.append(exclusion("labs", record, name, refused.reason, refused.detail, visit=visit))
            continue
        value.name, value.visit = name, visit
        if value.visit:
            usable.append(value)
        else:
            out.exclusions.append(exclusion("labs", record, name, visits.without_visit(record.day, study_visits)))
    usable = _one_assay(usable, reference, out)
    chosen = _one_per_visit(usable, study_visits, options, out)
    order = {name: at for at, name in enumerate(study_visits)}
    codes = {code: at for at, code in enumerate(dictionary.by_code)}
    chosen = ratios.with_ratios(chosen, dictionary, options["ratio_tolerance"])
    flags.add(chosen, reference, options)
    chosen.sort(key=lambda v: (v.participant_id, order[v.visit], codes[v.analyte.code]))
    out.rows = [_row(value) for value in chosen]
    out.exclusions += [row for value in chosen for row in _flagged(value)]
    return out


def name_records(records: Iterable[Record], dictionary: Dictionary) -> list[tuple[str, Record]]:
    """Records in the order of their content, each with a name that holds no patient's data: the same for every layout."""

    def content(record: Record) -> tuple[Any, ...]:
        try:
            text = quantities.parse(record.text, record.decimal).text
        except quantities.Unreadable:
            text = quantities.clean(record.text)
        who = record.participant_id or "", quantities.clean(record.patient)
        when = record.day is None, record.day or 0, record.visit
        return (*who, _what(record, dictionary), *when, text, record.unit)

    ordered = sorted(records, key=content)
    strangers = {who: n for n, who in enumerate(dict.fromkeys(r.patient for r in ordered if not r.participant_id), 1)}
    names = []
    for title, same in groupby(ordered, key=lambda record: _title(record, dictionary, strangers)):
        names += [(f"{title}/{number}", record) for number, record in enumerate(same, start=1)]
    return names


def _title(record: Record, dictionary: Dictionary, strangers: Mapping[str, int]) -> str:
    who = record.participant_id or f"unknown{strangers[record.patient]}"
    when = f"day {record.day}" if record.day is not None else record.visit or "no day"
    return f"{who}/{_what(record, dictionary)}/{when}"


def _what(record: Record, dictionary: Dictionary) -> str:
    """Code of the record's analyte; a name that nobody knows is not shown: it may be anything."""
    found = dictionary.candidates(record.what)
    return found[0].code if found else "unknown analyte"


def _must_have_who_and_when(record: Record) -> None:
    if record.participant_id is None:
        raise Refused(Reason.UNKNOWN_PARTICIPANT, record.hint)
    if record.day is None and not record.visit:
        raise Refused(Reason.NO_DATE)


def _reference(study_visits: visits.Visits, options: Mapping[str, Any]) -> str:
    if options["reference"] is not None and options["reference"] not in study_visits:
        raise StudyError(
            f"config: labs.reference: {options['reference']!r} is no visit. Known: {', '.join(study_visits)}."
        )
    return options["reference"] or next(iter(study_visits))


def _one_assay(values: list[Value], reference: str, out: Harmonised) -> list[Value]:
    """Where a unit is bound to its assay, leave out what another assay than the reference visit's measured."""
    kept = []
    firsts: dict[tuple[str, str], str] = {}
    for value in sorted(values, key=lambda v: (v.visit != reference, v.day is None, v.day or 0)):
        if value.analyte.assay_bound and value.assay:
            first = firsts.setdefault((value.participant_id, value.analyte.code), value.assay)
            if quantities.key(first) != quantities.key(value.assay):
                detail = f"{value.analyte.unit} of another assay than at the first visit"
                out.exclusions.append(
                    exclusion("labs", value.record, value.name, Reason.OTHER_ASSAY, detail, visit=value.visit)
                )
                continue
        kept.append(value)
    return kept


def _one_per_visit(
    values: list[Value], study_visits: visits.Visits, options: Mapping[str, Any], out: Harmonised
) -> list[Value]:
    def cell(value: Value) -> tuple[str, str, str]:
        return value.participant_id, value.analyte.code, value.visit

    ordered = sorted(values, key=lambda v: (*cell(v), v.day is None, v.day or 0, v.name))
    return [
        chosen
        for (_, _, visit), of_cell in groupby(ordered, key=cell)
        for chosen in choosing.one_per_visit(
            of_cell,
            study_visits[visit],
            choose=options["choose"],
            same=lambda one, other: (one.value, one.qualifier) == (other.value, other.qualifier),
            same_day=options["same_day"],
            stage="labs",
            noun="values",
            exclusions=out.exclusions,
        )
    ]


def _flagged(value: Value) -> list[dict[str, Any]]:
    reasons = {str(reason): reason for reason in Reason} | {"implausible": Reason.IMPLAUSIBLE}
    return [
        tables.exclusion(
            "labs",
            reasons[flag],
            participant_id=value.participant_id,
            visit=value.visit,
            day=value.day,
            record=value.name,
            decision=Decision.FLAGGED,
        )
        for flag in value.flags
        if flag in reasons
    ]


def _row(value: Value) -> dict[str, Any]:
    return {
        "participant_id": value.participant_id,
        "visit": value.visit,
        "day": value.day,
        "analyte": value.analyte.code,
        "value": value.value,
        "qualifier": value.qualifier or None,
        "unit": value.analyte.unit,
        "source_value": value.source_value or None,
        "source_unit": value.source_unit or None,
        "specimen": value.specimen or None,
        "assay": value.assay or None,
        "denominator": value.denominator or None,
        "limit": value.value if value.qualifier else None,
        "flag": "; ".join(value.flags) or None,
        "record": value.name,
    }
