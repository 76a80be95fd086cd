"""The study's description: the config checked against its schema, with every default filled in."""

import copy
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from adcohort import visits
from adcohort.errors import StudyError

STAGES = ("ingest", "adc", "roi", "labs", "questionnaires", "adverse_events", "response", "statistics")
NEEDS = {"adc": ("ingest",), "roi": ("ingest", "adc")}  # a stage works on what others make
OF_SHEETS = ("labs", "questionnaires", "adverse_events", "response")  # stages that no image changes
SETTINGS = ("flow", "figures", "report", "example")  # parts that have settings but are not chosen by being there


def schema(folder: Path) -> dict[str, Any]:
    """The study's JSON schema: config/schema/study.yaml with each stage's own file in its place."""
    import yaml

    whole = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
    for part in sorted(folder.glob("*.yaml")):
        if part.stem != "study":
            whole["properties"][part.stem] = yaml.safe_load(part.read_text(encoding="utf-8"))
    return whole


def checked(config: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """The config with defaults and its visits in the order of their days, or every problem of it at once.

    Raises
    ------
    StudyError
        For unknown keys, values of the wrong kind, overlapping windows; each names key, value and remedy.
    """
    from jsonschema import Draft202012Validator

    if odd := list(_keys_that_are_no_text(config)):
        raise StudyError(f"config: {key}: this key is a number or a date. Put it in quotes." for key in odd)
    filled = with_defaults(copy.deepcopy(dict(config)), rules)
    errors = Draft202012Validator(rules).iter_errors(filled)
    problems = [
        problem for error in sorted(errors, key=lambda e: list(map(str, e.absolute_path))) for problem in _say(error)
    ]
    if not problems:
        problems = _window_problems(filled) + _stage_problems(filled)
    if problems:
        raise StudyError(problems)
    # the first visit is the baseline where nobody says otherwise: first in time, whatever the order in the file
    filled["visits"] = dict(sorted(filled["visits"].items(), key=lambda visit: visit[1]["day"]))
    return filled


def _keys_that_are_no_text(value: Any, where: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            name = f"{where}.{key}".lstrip(".")
            if not isinstance(key, str):
                yield name
            yield from _keys_that_are_no_text(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from _keys_that_are_no_text(part, where)


def with_defaults(value: Any, rules: Mapping[str, Any]) -> Any:
    """A value with the schema's defaults where it says nothing. A stage that is left out stays out."""
    if isinstance(value, dict):
        for key, sub in rules.get("properties", {}).items():
            if key not in value and "default" in sub:
                value[key] = copy.deepcopy(sub["default"])
            if key in value:
                value[key] = with_defaults(value[key], sub)
        others = rules.get("additionalProperties")
        if isinstance(others, Mapping):
            for key in value.keys() - rules.get("properties", {}).keys():
                value[key] = with_defaults(value[key], others)
    elif isinstance(value, list) and isinstance(rules.get("items"), Mapping):
        value = [with_defaults(item, rules["items"]) for item in value]
    return value


def in_standard_order(config: Mapping[str, Any], kept: Collection[str] = ("statistics",)) -> dict[str, Any]:
    """Parts of the config with sorted keys, but for the order that means something.

    That of the visits always does: the first one is the baseline where nobody says otherwise. That of the parts in `kept` is
    the order of rows and columns.
    """
    tidy = json.loads(json.dumps(config, sort_keys=True))
    if "visits" in tidy:
        tidy["visits"] = {visit: tidy["visits"][visit] for visit in config["visits"]}
    return {key: config[key] if key in kept else tidy[key] for key in tidy}


def _say(error: Any) -> list[str]:
    where = ".".join(map(str, error.absolute_path)) or "config"
    rules = error.schema
    if error.validator == "additionalProperties":
        known = sorted(rules.get("properties", {}))
        pattern = list(rules.get("patternProperties", {}))
        odd = [key for key in error.instance if key not in known]
        return [f"config: {where}: unknown key {key!r}. {_nearest(str(key), known, pattern)}" for key in odd]
    if error.validator == "required":
        missing = [key for key in error.validator_value if key not in error.instance]
        return [f"config: {where}: key {key!r} is missing. Add it." for key in missing]
    if error.validator in ("anyOf", "oneOf"):
        choices = "; ".join(option.get("description", option.get("type", "")) for option in error.validator_value)
        said = "this" if isinstance(error.instance, Mapping) else repr(error.instance)
        return [f"config: {where}: {said} is not one of: {choices}."]
    remedy = rules.get("description", "")
    return [f"config: {where}: {error.message}. {remedy}".rstrip()]


def _nearest(key: str, known: list[str], patterns: list[str]) -> str:
    import difflib

    if close := difflib.get_close_matches(key, known, n=1):
        return f"Did you mean {close[0]!r}?"
    return f"Known here: {', '.join(known) or ', '.join(patterns)}."


def _stage_problems(config: Mapping[str, Any]) -> list[str]:
    return [
        f"config: {stage}: it needs the stage {need!r}. Add its key, {need}: {{…}}, or leave {stage} out."
        for stage, needs in NEEDS.items()
        for need in needs
        if stage in config and need not in config
    ]


def _window_problems(config: Mapping[str, Any]) -> list[str]:
    problems = []
    for stage in ("", *STAGES):
        windows = config.get("visits") if not stage else (config.get(stage) or {}).get("visits")
        if not windows:
            continue
        where = f"{stage}.visits" if stage else "visits"
        whole = visits.of_stage(config["visits"], windows)
        for name, visit in windows.items():
            if name not in config["visits"]:
                problems.append(f"config: {where}: {name!r} is no visit of the study. Name it under visits first.")
            first, last = visit["window"]
            if first > last:
                problems.append(f"config: {where}.{name}.window: {first} is after {last}. Swap them.")
            elif not first <= visit["day"] <= last:
                problems.append(
                    f"config: {where}.{name}: day {visit['day']} is not in its window, {first} to {last}. Correct one of them."
                )
            elif first <= 0 < last:
                problems.append(
                    f"config: {where}.{name}.window: a record after treatment start is never baseline. End it at day 0."
                )
        problems += [
            f"config: {where}: the windows of {one} and {two} overlap. A day may belong to one visit only."
            for one, two in visits.overlapping(whole)
        ]
    return problems
