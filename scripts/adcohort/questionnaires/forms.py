"""From records of answers to filled-in forms, one a participant and visit; every other form has its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from adcohort import choosing, quantities, visits
from adcohort.questionnaires.keys import Key, headings
from adcohort.reasons import Reason
from adcohort.records import Record, exclusion


@dataclass
class Form:
    """One filled-in form: answers as they stand by item, and the records that they came from."""

    records: dict[str, Record]
    answers: dict[str, float | None] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    name: str = ""
    visit: str = ""
    flags: dict[str, set[str]] = field(default_factory=dict)

    @property
    def record(self) -> Record:
        """Any of its records: who and when are the same for all."""
        return next(iter(self.records.values()))


@dataclass
class Sorted:
    """Forms by visit, rows of exclusions.tsv, and each record's name (for the private link to its file and row)."""

    forms: list[Form]
    exclusions: list[dict[str, Any]]
    names: list[tuple[str, Record]]


def items_of_long(records: list[Record], key: Key) -> list[Record]:
    """Records with the item's number in place of its name; a name that nobody knows becomes empty.

    The names of a sheet are read together, as the headers of a wide one are.
    """
    for _, same in groupby(sorted(records, key=lambda r: r.source), key=lambda r: r.source):
        sheet = list(same)
        names = list(dict.fromkeys(record.what for record in sheet))
        if set(names) <= set(key.items):
            continue
        found = {n: h.what if h else "" for n, h in zip(names, headings(key, names), strict=True)}
        for record in sheet:
            record.what = record.what if record.layout == "wide" else found[record.what]
    return records


def sort_forms(records: list[Record], key: Key, study_visits: visits.Visits, *, choose: str, same_day: str) -> Sorted:
    """Group answers into forms and choose one a participant and visit.

    Parameters
    ----------
    records
        With participant and day (records.place); `what` is an item of the key, or empty.
    choose
        nearest, first or last form of a window; `same_day`: refuse, first or last of different forms of one day.
    """
    out = Sorted([], [], [])
    forms = _named(_grouped([record for record in records if record.what in key.items]), key)
    out.names = [(form.name, record) for form in forms for record in form.records.values()]
    for number, record in enumerate((r for r in records if r.what not in key.items), start=1):
        blank = record.layout == "wide" and not record.what
        name = f"{record.participant_id or 'unknown'}/{'blank form' if blank else 'unknown item'}/{number}"
        out.names.append((name, record))
        reason, detail = (Reason.NO_VALUE, "no item is answered") if blank else (Reason.UNKNOWN_ITEM, "")
        out.exclusions.append(
            exclusion("questionnaires", record, name, reason, detail, visit=choosing.visit_of(record, study_visits))
        )
    usable = []
    for form in forms:
        _read_answers(form, key)
        record = form.record
        form.visit = choosing.visit_of(record, study_visits)
        if record.participant_id is None:
            out.exclusions.append(
                exclusion("questionnaires", record, form.name, Reason.UNKNOWN_PARTICIPANT, record.hint)
            )
        elif form.visit:
            usable.append(form)
        else:
            out.exclusions.append(
                exclusion("questionnaires", record, form.name, visits.without_visit(record.day, study_visits))
            )
    order = {name: at for at, name in enumerate(study_visits)}
    usable.sort(key=lambda f: (str(f.record.participant_id), order[f.visit], f.record.day or 0, f.name))
    for (_, visit), of_visit in groupby(usable, key=lambda f: (f.record.participant_id, f.visit)):
        out.forms += choosing.one_per_visit(
            of_visit,
            study_visits[visit],
            choose=choose,
            same=lambda one, other: (one.answers, one.unreadable) == (other.answers, other.unreadable),
            same_day=same_day,
            stage="questionnaires",
            noun="forms",
            exclusions=out.exclusions,
        )
    return out


def _grouped(records: list[Record]) -> list[Form]:
    """Forms: a row of a wide sheet; in a long one, the n-th answers to each item of one participant and day."""
    forms: dict[tuple[Any, ...], Form] = {}
    for record in records:
        who = (record.participant_id or record.patient, record.day, record.visit, record.source)
        place = (*who, record.row) if record.layout == "wide" else (*who, 0)
        turn = 0
        while (*place, turn) in forms and record.what in forms[*place, turn].records:
            turn += 1
        forms.setdefault((*place, turn), Form({})).records[record.what] = record
    return list(forms.values())


def _named(forms: list[Form], key: Key) -> list[Form]:
    """Forms in the order of who, when and what was answered, with names that hold no patient's data."""

    def content(form: Form) -> tuple[Any, ...]:
        record = form.record
        answers = [form.records[item].text if item in form.records else "" for item in key.items]
        return record.participant_id or "", record.patient, record.day is None, record.day or 0, record.visit, answers

    ordered = sorted(forms, key=content)
    strangers = {
        p: n for n, p in enumerate(dict.fromkeys(f.record.patient for f in ordered if not f.record.participant_id), 1)
    }

    def title(form: Form) -> str:
        record = form.record
        who = record.participant_id or f"unknown{strangers[record.patient]}"
        when = f"day {record.day}" if record.day is not None else record.visit or "no day"
        return f"{who}/{key.instrument}/{when}"

    for name, same in groupby(ordered, key=title):
        for number, form in enumerate(same, start=1):
            form.name = f"{name}/{number}"
    return ordered


def _read_answers(form: Form, key: Key) -> None:
    for item, record in form.records.items():
        words = key.items[item].words
        if not record.text.strip():
            continue
        if quantities.key(record.text) in words:
            form.answers[item] = float(words[quantities.key(record.text)])
            continue
        try:
            quantity = quantities.parse(record.text, record.decimal)
            if quantity.qualifier:
                raise quantities.Unreadable(record.text)
            form.answers[item] = float(quantity.value)
        except quantities.Unreadable:
            form.unreadable[item] = record.text


def rows(forms: list[Form], key: Key, scored: Mapping[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of scores.tsv and items.tsv; `scored` holds, by form, its scores and its final item values."""
    score_rows, item_rows = [], []
    components = {component.code for component in key.components}
    for form in forms:
        who = {"participant_id": form.record.participant_id, "visit": form.visit, "day": form.record.day}
        found, values = scored[form.name]
        for score in found:
            own = form.flags.get(score.code, set()) | set(score.flags)
            score_rows.append(
                who
                | {
                    "instrument": key.instrument,
                    "scoring": key.scoring,
                    "scale": score.code,
                    "score": score.score,
                    "n_items": score.n_items,
                    "n_missing": score.n_missing,
                    "norms": key.norms if score.code in components else None,
                    "flag": "; ".join(sorted(own)) or None,
                    "record": form.name,
                }
            )
        item_rows += [
            who
            | {
                "instrument": key.instrument,
                "item": item.form,
                "number": number,
                "scale": key.scale_of(number) or None,
                "answer": form.answers[number],
                "value": values.get(number),
            }
            for number, item in key.items.items()
            if form.answers.get(number) is not None
        ]
    return score_rows, item_rows
