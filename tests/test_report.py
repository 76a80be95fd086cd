"""The report: every subset of stages, everything escaped, nothing from outside, the same bytes, words without claims."""

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import fake_results
import pandas as pd
import pytest
import report_of
from adcohort import rawfiles
from adcohort.report import findings, gather, page, papertables, pictures, provenance, word
from docx import Document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

STUDY = page.Study("A study", "", {"serum": "Serum markers", "imaging": "Diffusion MRI"})
NASTY = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</script><script>alert(1)//", "{{ 7*7 }}", "=cmd()",
    "\u202egnirts", "甲状腺癌", "a" * 10_000, "' onmouseover='alert(1)", "<!--", "&lt;b&gt;", ' headers="x" id="y"',
]  # fmt: skip


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, and the text of each cell."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.data = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)
        if self.elements and self.elements[-1] == ("script", {"type": "application/json", "id": "tables"}):
            self.data += data

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    folder = tmp_path_factory.mktemp("complete")
    results = report_of.full(folder)
    report_of.write(results, folder / "out", report_of.config(), "--quality", str(folder / "quality"))
    return folder


@pytest.fixture(scope="module")
def html(complete):
    return (complete / "out/report.html").read_text()


def test_the_page_is_one_file_that_asks_for_nothing(html):
    seen = Page(html)
    for tag, attributes in seen.elements:
        for key in ("src", "href", "srcset", "action", "data", "poster"):
            value = attributes.get(key) or "#"
            assert value.startswith(("#", "data:")), f"{tag} {key}={value[:80]}"
    assert not re.search(r"@import|url\(", html)
    assert len(html) < 15_000_000
    policy = next(a["content"] for a in seen.of("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'")


def test_the_page_says_that_the_data_are_synthetic_and_what_was_found(html):
    text = " ".join(Page(html).text)
    assert report_of.NOTICE in text
    assert "VEGF, NGAL, TG and TG-Ab fell" in text
    assert re.search(r"T-cell subsets: [^.]*CD4\+/CD8\+ fell", text)
    assert "no signal decay" in text


def test_every_anchor_of_the_contents_exists_once(html):
    seen = Page(html)
    ids = [attributes["id"] for _, attributes in seen.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert {a["href"][1:] for a in seen.of("a") if a.get("href", "").startswith("#")} <= set(ids)
    assert all(image.get("alt") for image in seen.of("img"))


def test_downloads_are_the_tables_byte_for_byte(complete, html):
    inside = json.loads(Page(html).data)
    for path in (complete / "results").glob("*/*.tsv"):
        if path.parent.name != "figures":
            assert inside[f"{path.parent.name}/{path.stem}"] == path.read_text()
    assert inside["figures/waterfall"] == (complete / "results/figures/waterfall.tsv").read_text()


def test_the_same_results_give_the_same_bytes(complete):
    again = report_of.write(
        complete / "results", complete / "again", report_of.config(), "--quality", str(complete / "quality")
    )
    code = re.compile("[0-9a-f]{64}")  # of all code: it may change while tests run, in an editor
    assert code.sub("", again.read_text()) == code.sub("", (complete / "out/report.html").read_text())
    assert (complete / "again/tables.docx").read_bytes() == (complete / "out/tables.docx").read_bytes()


def test_no_path_of_the_config_is_printed(html):
    text = " ".join(Page(html).text)
    for path in [*rawfiles.raw_files(report_of.config()).values(), "data/example", "rois/", "dicom/"]:
        assert path not in text, path
    hidden = provenance.without_paths(
        {
            "labs": {"files": [{"path": "a/王芳.csv", "columns": {"date": "采样日期"}}]},
            "roi": {"readers": {"Wang^Li": "R1"}, "masks": ["x/*"]},
        }
    )
    assert hidden == {
        "labs": {"files": [{"path": "(path)", "columns": "(1 names)"}]},
        "roi": {"readers": "(1 names)", "masks": ["(path)"]},
    }


def test_the_plans_hash_follows_the_plan_alone():
    config = report_of.config()
    before = provenance.declared(config)["sha256"]
    assert provenance.declared(config | {"title": "Another"})["sha256"] == before
    config["statistics"]["alpha"] = 0.01
    assert provenance.declared(config)["sha256"] != before


@pytest.mark.parametrize(
    "stages",
    [{"ingest", "adc", "roi"}, {"labs"}, {"adverse_events"}, {"response"}, {"statistics", "labs"}, set()],
    ids=lambda stages: "+".join(sorted(stages)) or "participants alone",
)
def test_any_subset_of_stages_has_its_report(tmp_path, stages):
    results = tmp_path / "results"
    fake_results.build(results, n=5, stages=stages)
    seen = gather.read(sorted(results.glob("*/*.tsv")), [])
    made = page.Study("A study", "", STUDY.families if "statistics" in stages else {})
    html = page.write(seen, made, [], [])
    headings = " ".join(Page(html).text)
    assert ("Response rates" in headings) == ("response" in stages)
    assert ("Serum markers" in headings) == ("statistics" in stages)
    word.write(word.of_the_paper(seen, made.families), "A study", "", tmp_path / "tables.docx")
    assert Document(str(tmp_path / "tables.docx")).paragraphs[0].text == "A study"


@pytest.mark.parametrize("text", NASTY, ids=lambda text: text[:12])
def test_whatever_a_study_writes_arrives_as_text(tmp_path, text):
    results = tmp_path / "results"
    fake_results.build(results, n=4, odd=text)
    found = gather.read(sorted(results.glob("*/*.tsv")), [])
    html = page.write(found, page.Study(text, text, {"serum": text}), [], [])
    seen = Page(html)
    assert len(seen.of("script")) == 2
    assert not seen.of("img")
    assert not any(key.startswith("on") for _, attributes in seen.elements for key in attributes)
    shown = "".join(seen.text)
    assert shown.count(text) >= 4  # title, notice, family, exclusions' detail
    assert json.loads(seen.data)["flow/exclusions"] == (results / "flow/exclusions.tsv").read_text()
    first = seen.text[[i for i, _ in enumerate(seen.text)][-1]]
    assert first is not None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(min_size=1, max_size=60).filter(lambda text: text.strip()))
def test_any_text_in_a_paper_table_comes_back_from_html_and_word(tmp_path, text):
    table = papertables.PaperTable(
        "t", text, {"what": text, "value": "Value"}, [{"group": text, "what": text, "value": text}], "s/t", [text]
    )
    seen = Page(page.as_html(table))
    assert {tag for tag, _ in seen.elements} <= {"table", "thead", "tbody", "tfoot", "tr", "th", "td", "span"}
    assert (
        "".join(seen.text).count(text.replace("\r\n", "\n").replace("\r", "\n").strip()) >= 1
        or "\r" in text
        or "\x00" in text
    )
    word.write([table], text, text, tmp_path / "t.docx")
    cells = Document(str(tmp_path / "t.docx")).tables[0].rows[-1].cells
    assert len(cells) == 2


def test_a_formula_stays_text_in_every_download(tmp_path):
    fake_results.build(tmp_path, n=3, odd="=HYPERLINK(1)")
    text = (tmp_path / "flow/exclusions.tsv").read_text()
    assert "\t=HYPERLINK" not in text
    assert "\t'=HYPERLINK(1)" in text


def test_the_summary_turns_with_the_numbers_and_claims_nothing(tmp_path):
    fake_results.build(tmp_path, n=12)
    seen = gather.read(sorted(tmp_path.glob("*/*.tsv")), [])
    paired = seen.tables["statistics/paired"]
    flipped = paired.copy()
    for column in ("estimate", "ci_low", "ci_high"):
        flipped[column] = (
            2 * paired["null_value"] - paired[{"ci_low": "ci_high", "ci_high": "ci_low"}.get(column, column)]
        )
    families = {"serum": "Serum", "immune": "T cells"}
    one = next(line["text"] for line in findings.lines(seen, families) if line["topic"] == "Endpoints")
    seen.tables["statistics/paired"] = flipped
    two = next(line["text"] for line in findings.lines(seen, families) if line["topic"] == "Endpoints")
    assert "Serum: VEGF, NGAL, TG and TG-Ab fell" in one
    assert "Serum: VEGF, NGAL, TG and TG-Ab rose" in two
    flipped["ci_high"], flipped["ci_low"] = 99.0, -99.0
    seen.tables["statistics/paired"] = flipped
    three = next(line["text"] for line in findings.lines(seen, families) if line["topic"] == "Endpoints")
    assert "showed no clear change" in three


def test_no_word_of_the_report_is_a_verdict():
    home = Path(report_of.HOME)
    for path in [*(home / "scripts/adcohort/report").glob("*.py"), *(home / "scripts/adcohort/figures").glob("*.py")]:
        words = set(re.findall(r"[a-z]+", path.read_text().lower()))
        assert not words & {"improved", "improves", "improvement", "worsened", "benefit", "efficacy", "effective"}, (
            path.name
        )


def test_word_tables_hold_every_cell(complete):
    document = Document(str(complete / "out/tables.docx"))
    seen = gather.read(
        [path for path in sorted((complete / "results").glob("*/*.tsv")) if path.parent.name != "figures"], []
    )
    made = papertables.rates(seen)
    grid = next(table for table in document.tables if table.rows[0].cells[0].text == "Response")
    text = {cell.text for row in grid.rows for cell in row.cells}
    assert {value for row in made.rows for value in row.values()} <= text
    assert any(report_of.NOTICE in paragraph.text for paragraph in document.paragraphs)


def test_pictures_keep_within_their_budget(tmp_path):
    report_of.paint(tmp_path, 4)
    found = pictures.found({"Quality": tmp_path})
    assert list(found) == ["sub-01", "sub-02", "sub-03", "sub-04"]
    for budget in (2_000_000, 300_000):
        people = pictures.by_participant(found, budget)
        assert sum(len(picture.uri) for person in people for picture in person["pictures"]) <= budget
    picture = people[0]["pictures"][0]
    assert (picture.participant, picture.visit, picture.alt) == ("sub-01", "baseline", "Quality of sub-01, baseline")


def test_a_large_study_has_pages_by_participant(tmp_path):
    results = tmp_path / "results"
    fake_results.build(results, n=4, stages={"roi"})
    report_of.paint(tmp_path / "quality", 4)
    options = report_of.config({"ingest", "adc", "roi"})
    options["report"]["pictures_inside"] = 3
    html = report_of.write(results, tmp_path / "out", options, "--quality", str(tmp_path / "quality")).read_text()
    links = [a["href"] for a in Page(html).of("a") if not a["href"].startswith("#")]
    assert links == [f"participants/sub-{number:02d}.html" for number in range(1, 5)]
    for link in links:
        assert len(Page((tmp_path / "out" / link).read_text()).of("img")) == 2
    assert not Page(html).of("img")


def test_provenance_names_code_and_inputs(tmp_path):
    sheet = tmp_path / "a.csv"
    sheet.write_text("x")
    line = provenance.inputs({"labs.files.1": sheet, "gone": tmp_path / "none.csv"})
    assert line == [
        {"what": "labs.files.1", "fingerprint": hashlib.blake2b(b"x", digest_size=16).hexdigest(), "size": "1"}
    ]
    said = {row["what"]: row["value"] for row in provenance.code()}
    assert re.fullmatch(r"[0-9a-f]{64}", said["Code (SHA-256)"])


def test_paper_tables_of_results_with_gaps_still_stand():
    none = {
        "n": 0,
        "n_missing": 5,
        "analysis": "primary",
        "family": "serum",
        "endpoint": "X_Y",
        "status": "not estimated",
    }
    frame = pd.DataFrame([none | {"visit_before": "a", "visit_after": "b", "adjustment": "holm", "reason": "no pairs"}])
    frame = frame.reindex(columns=list(page.resources.load("statistics/columns.yaml")["paired"]))
    seen = gather.Results(tables={"statistics/paired": frame})
    table = papertables.endpoints(seen, "serum", "Serum")
    assert table.rows[0]["change"] == "not estimated"
    assert "X Y: no pairs" in table.notes
