"""The reference pages of the documentation, written from what the workflow itself reads: schema, columns, reasons."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adcohort import resources, study

GENERATED = "<!-- Written by `make docs` from {source}; change that, not this page. -->\n\n"


def config_page(schema_folder: Path) -> str:
    """Every key of config.yaml: its kind, its default and what it means."""
    rules = study.schema(schema_folder)
    out = [
        "# Reference: config.yaml\n\n",
        GENERATED.format(source="config/schema/"),
        "A study is described by one `config.yaml`. A stage's key left out means that the stage is not part of the study.\n"
        "Unknown keys are refused. A key without a default must be given where its stage is.\n",
    ]
    top = {key: sub for key, sub in rules["properties"].items() if key not in (*study.STAGES, *study.SETTINGS)}
    out.append("\n## The study\n\n" + _rows({"properties": top, "$defs": rules["$defs"]}, rules))
    for stage in (*study.STAGES, *study.SETTINGS):
        part = rules["properties"].get(stage)
        if part is not None:
            out.append(f"\n## `{stage}`\n\n{part.get('description', '')}\n\n" + _rows(part, rules))
    return "".join(out)


def results_page() -> str:
    """Every result table with each of its columns, from the contracts that are also written beside the tables as JSON."""
    out = [
        "# Reference: result tables\n\n",
        GENERATED.format(source="resources/*/columns.yaml"),
        "All tables are tab-separated UTF-8 with one header line; an empty cell is missing. The same words stand as a JSON\n"
        "data dictionary beside each table.\n",
    ]
    for file in sorted(resources.RESOURCES.glob("*/columns.yaml")):
        stage = file.parent.name
        for table, columns in resources.load(f"{stage}/columns.yaml").items():
            out.append(f"\n## {stage}: `{table}`\n\n| column | type | unit | meaning |\n| --- | --- | --- | --- |\n")
            for name, facts in columns.items():
                meaning = facts["description"] + _levels(facts.get("levels"))
                out.append(f"| `{name}` | {facts['type']} | {facts.get('units', '')} | {_cell(meaning)} |\n")
    return "".join(out)


def reasons_page() -> str:
    """Every reason why something was not used or was flagged, and what can be done about it."""
    out = [
        "# Reference: reasons for exclusion\n\n",
        GENERATED.format(source="resources/reasons.yaml"),
        "Nothing is dropped in silence: each record, series or visit that was not used, or was used with a flag, has a row in\n"
        "`results/flow/exclusions.tsv` with one of these reasons.\n\n",
        "| reason | what it means | what can be done |\n| --- | --- | --- |\n",
    ]
    out += [
        f"| {name} | {_cell(w['means'])} | {_cell(w['remedy'])} |\n"
        for name, w in resources.load("reasons.yaml").items()
    ]
    return "".join(out)


def _rows(rules: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    lines = [
        f"| `{path}` | {_kind(sub)} | {_default(sub)} | {_cell(sub.get('description', ''))} |\n"
        for path, sub in _keys(rules, whole, "")
    ]
    return "| key | kind | default | meaning |\n| --- | --- | --- | --- |\n" + "".join(lines) if lines else "No keys.\n"


def _keys(rules: Mapping[str, Any], whole: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key, sub in rules.get("properties", {}).items():
        yield from _key(f"{prefix}{key}", sub, whole)
    others = [rules["additionalProperties"]] if isinstance(rules.get("additionalProperties"), Mapping) else []
    for sub in (*others, *rules.get("patternProperties", {}).values()):
        yield from _key(f"{prefix}<name>", sub, whole)


def _key(path: str, sub: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    target = _resolved(sub, whole)
    if target.get("description") or not (target.get("properties") or target.get("patternProperties")):
        yield path, target
    yield from _keys(target, whole, f"{path}.")
    if isinstance(target.get("items"), Mapping):
        item = _resolved(target["items"], whole)
        yield from _keys(item, whole, f"{path}[].")


def _resolved(sub: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in sub:
        return whole["$defs"][sub["$ref"].rsplit("/", 1)[-1]]
    return sub


def _kind(sub: Mapping[str, Any]) -> str:
    if "enum" in sub:
        return " or ".join(f"`{value}`" for value in sub["enum"])
    kind = sub.get("type", "")
    if isinstance(kind, list):
        return " or ".join(kind)
    options = [_kind(option) for name in ("anyOf", "oneOf") for option in sub.get(name, [])]
    return kind or " or ".join(filter(None, options)) or "any"


def _default(sub: Mapping[str, Any]) -> str:
    import json

    return f"`{json.dumps(sub['default'], ensure_ascii=False)}`" if "default" in sub else ""


def _levels(levels: Any) -> str:
    if isinstance(levels, Mapping):
        return " (" + "; ".join(f"`{name}`: {meaning}" for name, meaning in levels.items()) + ")"
    return " (" + ", ".join(f"`{name}`" for name in levels) + ")" if levels else ""


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")
