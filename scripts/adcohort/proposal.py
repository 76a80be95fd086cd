"""A config for a new study, proposed from a first look at its raw files: every guess with its reason, for a person to review."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import pandas as pd
from adcohort.survey import SheetGuess, Survey, characteristics, visits

HEAD = """\
# A study's description, proposed from a look at its raw files. Review every line: what was guessed says so and why.
# Every key with its default: docs/reference/config.md of the workflow. Unknown keys are refused.
"""

_READER = re.compile(r"_([rR]\d{1,2}|[A-Z]{2}|[rR]eader\d+)\.")  # the last word of a mask file's name


def config_text(survey: Survey, people: pd.DataFrame, *, title: str, data: str, participants: str) -> str:
    """The commented config.yaml.

    Parameters
    ----------
    people
        The proposed participants (survey.participants_table).
    data, participants
        Paths as the config needs them: the raw folder, and the participants' sheet relative to it.
    """
    windows = visits(survey, people)
    parts = [
        HEAD,
        f"title: {_text(title)}\n",
        f"data: {_text(data)}                # folder of the raw files; every path below is relative to it\n",
        f"participants: {_text(participants)}   # REVIEW: pseudonyms were drawn at random; every treatment_start is needed\n",
        f"characteristics: {json.dumps(characteristics(survey), ensure_ascii=False)}   # columns that may leave that sheet\n",
        _visits(windows, people),
        _imaging(survey),
        _labs(survey.of_kind("labs")),
        _questionnaires(survey.of_kind("questionnaires")),
        _adverse_events(survey),
        _response(survey),
        _statistics(survey, list(windows)),
    ]
    return "".join(parts)


def words(survey: Survey, people: pd.DataFrame) -> list[str]:
    """What was found, for the terminal: numbers and names of files, nothing of a patient."""
    out = [f"{survey.n_files} files, {len(people)} patients"]
    known = int(people["treatment_start"].notna().sum())
    missing = "" if known == len(people) else ": fill in treatment_start, every day is counted from it"
    out.append(f"treatment start known for {known} of {len(people)}{missing}")
    if survey.dicom is not None:
        roles = Counter(one.role if not one.reason else f"{one.role} ({one.reason})" for one in survey.series)
        out.append(f"images in {survey.dicom}: {len(survey.series)} series")
        out += [f"  {count:>5}  {role}" for role, count in sorted(roles.items())]
    if survey.masks:
        out.append(f"{len(survey.masks)} drawn regions or volumes (.nii, .nrrd)")
    for sheet in survey.sheets:
        out.append(f"{sheet.path}: {sheet.kind or 'not used'} ({sheet.why}); {sheet.encoding}, {len(sheet.frame)} rows")
    return out + [f"not read: {problem}" for problem in survey.unread]


def _visits(windows: dict[str, dict[str, Any]], people: pd.DataFrame) -> str:
    if len(windows) > 1:
        why = "# guessed: days that have images or samples, parted where two weeks have none"
    elif people["treatment_start"].notna().any():
        why = "# REVIEW: no day after treatment start was found; add your visits"
    else:
        why = "# REVIEW: treatment starts are not known, so no visit was guessed; add month3: {day: 90, window: [60, 120]} …"
    lines = [f"visits:   {why}\n"]
    for name, visit in windows.items():
        first, last = visit["window"]
        lines.append(f"  {name}: {{day: {visit['day']}, window: [{first}, {last}]}}\n")
    return "".join(lines)


def _imaging(survey: Survey) -> str:
    if survey.dicom is None:
        return "# no DICOM file was found: the stages ingest, adc and roi are left out\n"
    usable = sum(one.role == "diffusion" and not one.reason for one in survey.series)
    regions = sum(one.role == "object" for one in survey.series)
    return (
        f"ingest: {{dicom: {_text(survey.dicom)}}}   # {usable} diffusion series of {len(survey.series)}\n"
        "adc: {estimator: wls, b_min: null, b_max: null}   # reweighted log-linear fit of all b values\n"
        f"roi:   # {regions} DICOM objects that may be regions are found in the tree by themselves\n"
        + _masks(survey.masks)
    )


def _masks(masks: list[str]) -> str:
    if not masks:
        return "  masks: []\n"
    folders = sorted({mask.rpartition("/")[0] for mask in masks})
    endings = sorted({"." + mask.rpartition("/")[2].partition(".")[2] for mask in masks})
    found = [_READER.search(mask.rpartition("/")[2]) for mask in masks]
    readers = sorted({reader[1] for reader in found if reader})
    named = all(found)
    rest = "_{reader}" if named else "*"
    patterns = [f"{folder}/{{patient_id}}_{{date}}{rest}{end}".lstrip("/") for folder in folders for end in endings]
    primary = (
        f"  reader: {readers[0]}   # REVIEW: whose regions count; there are {', '.join(readers)}\n" if named else ""
    )
    return (
        f"  # REVIEW: {len(masks)} files; say where patient and date stand in their names: "
        "{patient_id} or {participant_id}, {date} or {visit}, {reader}, {label}, *\n"
        f"  masks: {json.dumps(patterns, ensure_ascii=False)}\n{primary}"
    )


def _labs(found: list[SheetGuess]) -> str:
    if not found:
        return ""
    lines = ["labs:\n  files:\n"]
    for sheet in found:
        lines.append(
            f"    - {{path: {_text(sheet.path)}}}   # {sheet.why}; {sheet.encoding}; {', '.join(sheet.analytes) or 'unknown'}\n"
        )
    if any("TGAB" in sheet.analytes for sheet in found):
        lines.append(
            "  tgab_limits: {}   # REVIEW: limit of positive TG-Ab in IU/mL by assay, as {Elecsys: 115}; there is no default\n"
        )
    return "".join(lines)


def _questionnaires(found: list[SheetGuess]) -> str:
    if not found:
        return ""
    files = ", ".join(f"{{path: {_text(sheet.path)}}}" for sheet in found)
    return (
        f"questionnaires:   # {found[0].why}\n"
        f"  files: [{files}]\n"
        "  instrument: sf36   # REVIEW: sf36, sf36-cn-910 (second social item with six levels) or qlq-c30\n"
        "  scoring: mos\n"
    )


def _adverse_events(survey: Survey) -> str:
    text = ""
    for sheet in survey.of_kind("adverse_events")[:1]:
        text += f"adverse_events:   # {sheet.why}\n  file: {_text(sheet.path)}\n"
        text += "  # columns: {patient: …, term: …, grade: …, start: …, end: …}   # where the headers are others than these\n"
        for doses in survey.of_kind("exposure")[:1]:
            text += f"  exposure: {{file: {_text(doses.path)}}}   # {doses.why}\n"
    return text


def _response(survey: Survey) -> str:
    for kind, key in (("lesions", "lesions"), ("responses", "responses")):
        for sheet in survey.of_kind(kind)[:1]:
            return (
                f"response:   # {sheet.why}\n  {key}: {_text(sheet.path)}\n  confirm_days: 28\n  stable_days: 42\n"
                "  # columns: {patient: …, date: …, lesion: …, diameter: …}   # where the headers are others than these\n"
            )
    return ""


def _statistics(survey: Survey, names: list[str]) -> str:
    families = _families(survey)
    if len(names) < 2 or not families:
        return "# statistics: needs two visits and an endpoint; write the analysis plan before you look at values\n"
    lines = [
        "statistics:   # REVIEW: this is the analysis plan. Declare tests and directions before you look at values.\n",
        f"  before: {names[0]}\n  after: {names[-1]}\n  families:\n",
    ]
    for name, endpoints in families:
        lines.append(f"    {name}: {{endpoints: {{{', '.join(f'{code}: {{}}' for code in endpoints)}}}}}\n")
    return "".join(lines)


def _families(survey: Survey) -> list[tuple[str, list[str]]]:
    codes = list(dict.fromkeys(code for sheet in survey.of_kind("labs") for code in sheet.analytes))
    families = [("laboratory", codes)] if codes else []
    if survey.dicom is not None:
        families.append(("imaging", ["ADC"]))
    return families


def _text(value: Any) -> str:
    return json.dumps(str(value), ensure_ascii=False)


def pseudonyms(patients: Iterable[str], order: Any) -> dict[str, str]:
    """Patient to pseudonym (``sub-001`` …), in an order drawn by `order` (a random.Random), so that it tells nothing."""
    names = sorted(patients)
    order.shuffle(names)
    width = max(2, len(str(len(names))))
    return {name: f"sub-{number:0{width}d}" for number, name in enumerate(names, 1)}
