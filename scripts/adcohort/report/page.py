"""The report's page: sections in the order of the paper, filled into the template with everything escaped."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from adcohort import resources
from adcohort.figures import words
from adcohort.report import findings, gather, imagingtables, papertables
from adcohort.report.gather import Results
from adcohort.report.papertables import PaperTable
from adcohort.report.pictures import Picture
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

MOST_LISTED = 2000  # exclusions in the page; all of them are in the download
MOST_INLINED = 3_000_000  # bytes of one table; a larger one stays a file of the results folder


@dataclass
class Study:
    """What the page tells beside the results: the study's own words and where everything comes from."""

    title: str
    notice: str
    families: dict[str, str]
    methods: list[dict[str, Any]] = field(default_factory=list)
    version: str = ""


def write(results: Results, study: Study, people: Sequence[dict[str, Any]], links: Sequence[dict[str, str]]) -> str:
    """The whole page as HTML.

    Parameters
    ----------
    people
        Name and pictures of each participant, for pictures inside the page.
    links
        Name and address of the pages that hold the pictures instead, for large studies.
    """
    sections = [section for section in _sections(results, study, people, links) if section]
    number = 0
    for section in sections:
        for part in section["parts"]:
            if "figure" in part:
                number += 1
                part["figure"]["number"] = number
    script = _own("report.js")
    kept = {name: text for name, text in results.files.items() if len(text) <= MOST_INLINED}
    kept |= {f"figures/{name}": figure["tsv"] for name, figure in results.figures.items()}
    return _environment().get_template("report.html.j2").render(
        title=study.title, notice=study.notice, sections=sections, version=study.version, style=Markup(_own("report.css")),
        script=Markup(script), script_hash=_hash(script), data=Markup(_json(kept)),
    )  # fmt: skip


def participant(name: str, pictures: Sequence[Picture], study: Study) -> str:
    """The page of one participant of a large study."""
    return _environment().get_template("participant.html.j2").render(
        name=name, title=study.title, notice=study.notice, pictures=pictures, style=Markup(_own("report.css"))
    )  # fmt: skip


def _sections(
    results: Results, study: Study, people: Sequence[Any], links: Sequence[Any]
) -> list[dict[str, Any] | None]:
    return [
        _section("summary", "What was found", findings=findings.lines(results, study.families)),
        _section("participants", "Participants", _figures(results, "flow"), _tables(papertables.baseline(results))),
        _section(
            "response", "Response", _tables(papertables.rates(results)), _figures(results, "waterfall", "spider", "swimmer"),
            _figures(results, "kaplan_meier_pfs", "kaplan_meier_dor"), _tables(papertables.survival(results)),
        ),
        *(_family(results, family, title) for family, title in study.families.items()),
        _section("changes", "All endpoints on one scale", _figures(results, "changes")),
        _section(
            "adc", "ADC over time", _figures(results, "adc_over_time", "adc_gallery"),
            _tables(imagingtables.adc_response(results), imagingtables.repeatability(results), imagingtables.agreement(results)),
        ),
        _section("missing", "Missing values", _tables(papertables.sensitivity(results))),
        _section(
            "adverse-events", "Adverse events", _figures(results, "adverse_events"), _tables(papertables.adverse_events(results))
        ),
        _images(people, links),
        _exclusions(results),
        _section("methods", "Methods and provenance", texts=study.methods),
        _all_tables(results),
    ]  # fmt: skip


def _section(anchor: str, title: str, *parts: list[dict[str, Any]], **more: Any) -> dict[str, Any] | None:
    """A section, or None if it holds nothing."""
    section: dict[str, Any] = {"id": anchor, "title": title, "parts": [part for group in parts for part in group]}
    others = ("findings", "people", "links", "texts", "tables", "listing")
    section |= dict.fromkeys(others) | {"intro": "", "texts": []} | more
    return section if section["parts"] or any(section[key] for key in others) else None


def _family(results: Results, family: str, title: str) -> dict[str, Any] | None:
    return _section(
        f"family-{anchor(family)}",
        title,
        _figures(results, f"before_after_{family}"),
        _tables(papertables.endpoints(results, family, title), papertables.trend(results, family, title)),
    )


def _figures(results: Results, *names: str) -> list[dict[str, Any]]:
    found = []
    for name in names:
        if figure := results.figures.get(name):
            width, height = _size(figure["svg"])
            uri = "data:image/svg+xml;base64," + base64.b64encode(figure["svg"].encode()).decode("ascii")
            found.append({"figure": figure | {"uri": uri, "width": width, "height": height}})
    return found


def _size(svg: str) -> tuple[int, int]:
    """Width and height of a figure on the screen: a quarter larger than in print."""
    points = [float(re.search(rf'<svg[^>]* {side}="([\d.]+)pt"', svg, re.DOTALL)[1]) for side in ("width", "height")]  # type: ignore[index]
    return round(points[0] * 5 / 3), round(points[1] * 5 / 3)


def _tables(*tables: PaperTable | None) -> list[dict[str, Any]]:
    return [{"table": {"paper": table, "html": Markup(as_html(table))}} for table in tables if table]


def as_html(table: PaperTable) -> str:
    """A paper table through great_tables, which escapes the cells; ids and its own style are left out (the page has one)."""
    from great_tables import GT

    grouped = any("group" in row for row in table.rows)
    frame = pd.DataFrame(table.rows).reindex(columns=[*(["group"] if grouped else []), *table.columns]).fillna("")
    first, *others = table.columns
    made = GT(frame, rowname_col=first, groupname_col="group" if grouped else None)
    made = (
        made.cols_label(cases=dict(table.columns)).tab_stubhead(table.columns[first]).cols_align("left", columns=others)
    )
    for note in table.notes:
        made = made.tab_source_note(note)
    html = re.search(r"<table.*</table>", made.as_raw_html(), re.DOTALL)[0]  # type: ignore[index]
    return re.sub(r'(<[^<>]*?) (?:id|aria-labelledby)="[^"<>]*"', r"\1", re.sub(r' headers="[^"<>]*"', "", html))


def _images(people: Sequence[Any], links: Sequence[Any]) -> dict[str, Any] | None:
    visits = dict.fromkeys(picture.visit for person in people for picture in person["pictures"] if picture.visit)
    intro = "ADC maps with the drawn regions, and the quality of each fit."
    return _section("images", "Images by participant", people=people, links=links, visits=list(visits), intro=intro)


def _exclusions(results: Results) -> dict[str, Any] | None:
    frame = results.get("flow/exclusions")
    if frame is None:
        return None
    shown = frame.head(MOST_LISTED).astype("string").fillna("")
    more = f"The first {len(shown):,} of {len(frame):,} rows." if len(shown) < len(frame) else ""
    listing = {
        "columns": list(shown.columns),
        "rows": shown.to_numpy().tolist(),
        "source": "flow/exclusions",
        "more": more,
    }
    excluded = int((frame["decision"] == "excluded").sum())
    marked = words.count(len(frame) - excluded, "record")
    intro = f"{words.count(excluded, 'record')} not used and {marked} used and marked, each with its reason."
    return _section("exclusions", "Exclusions", listing=listing, intro=intro)


def _all_tables(results: Results) -> dict[str, Any] | None:
    tables = [
        {"name": name, "rows": f"{len(frame):,}", "dictionary": gather.dictionary(name)}
        for name, frame in results.tables.items()
        if len(results.files[name]) <= MOST_INLINED
    ]
    large = [name for name, text in results.files.items() if len(text) > MOST_INLINED]
    intro = "Every result table with its data dictionary, to sort, search and download."
    intro += f" Too large for this page, in the results folder: {words.listed(large)}." if large else ""
    return _section("tables-of-results", "Result tables", tables=tables, intro=intro)


def anchor(text: str) -> str:
    """Text as an anchor."""
    return re.sub(r"[^a-zA-Z0-9]+", "-", text)


def _environment() -> Environment:
    loader = FileSystemLoader(resources.RESOURCES / "report")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["anchor"] = anchor
    return environment


def _own(name: str) -> str:
    return (resources.RESOURCES / "report" / name).read_text(encoding="utf-8")


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")


def _json(content: Mapping[str, str]) -> str:
    """JSON that stands inside a script element: no sign of it can end the element."""
    text = json.dumps(content, ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
