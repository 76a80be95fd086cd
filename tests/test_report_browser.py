"""The report in a real browser: no error, no request, search, sort, downloads, pictures, axe-core, phone and dark mode."""

import contextlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import report_of

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# a browser that does not call home, and that starts as root in a container
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
ODD = "<img src=x onerror=alert(1)>\u202e甲状腺癌"

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here (Debian: apt-get install chromium)")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as play:
        opened = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    results = report_of.full(folder, odd=ODD)
    return report_of.write(results, folder / "out", report_of.config(), "--quality", str(folder / "quality"))


@contextlib.contextmanager
def opened(browser, report, **options):
    """The page, with everything that it says and asks for while it is open."""
    context = browser.new_context(accept_downloads=True, **options)
    page = context.new_page()
    page.said, page.asked = [], []
    page.on("console", lambda message: page.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: page.said.append(f"error: {error}"))
    page.on("dialog", lambda dialog: (page.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: page.asked.append(request.url))
    page.goto(report.as_uri())
    page.wait_for_load_state("load")
    try:
        yield page
    finally:
        context.close()


def test_it_opens_without_an_error_or_a_request_and_shows_every_image(browser, report):
    with opened(browser, report) as page:
        for details in page.query_selector_all("details.data > summary"):
            details.click()
        page.wait_for_timeout(200)
        broken = page.evaluate("""async () => {
            const images = [...document.images];
            for (const image of images) { image.loading = "eager"; await image.decode().catch(() => {}); }
            return images.filter((image) => !image.naturalWidth).length;
        }""")
        assert broken == 0
        assert page.evaluate("document.images.length") >= 6
        assert page.said == []
        assert [url for url in page.asked if not url.startswith("data:")] == [report.as_uri()]


def test_a_table_is_found_searched_and_sorted(browser, report):
    with opened(browser, report) as page:
        page.click("#table-rates a")
        table = page.locator("#data-statistics-rates")
        assert table.get_attribute("open") is not None
        rows = table.locator("tbody tr")
        assert rows.count() == 8
        table.locator("input[type=search]").fill("orr wilson")
        assert rows.count() == 2
        assert table.locator("[role=status]").inner_text() == "2 of 8 rows"
        table.locator("input[type=search]").fill("")
        head = table.locator("thead th", has_text="percent")
        head.locator("button").click()
        values = [float(cell) for cell in rows.locator("td:nth-child(6)").all_inner_texts()]
        assert head.get_attribute("aria-sort") == "ascending"
        assert values == sorted(values)
        head.locator("button").click()
        assert [float(cell) for cell in rows.locator("td:nth-child(6)").all_inner_texts()] == sorted(
            values, reverse=True
        )


def test_what_a_study_wrote_is_text(browser, report):
    with opened(browser, report) as page:
        section = page.locator("#exclusions")
        assert ODD in section.inner_text()
        section.locator("input[type=search]").fill("onerror")
        assert section.locator("tbody tr").count() == 1
        assert section.locator("img").count() == 0
        assert page.said == []


def test_downloads_hold_the_table_and_the_figure(browser, report, tmp_path):
    results = report.parents[1] / "results"
    with opened(browser, report) as page:
        with page.expect_download() as waiting:
            page.click("#table-rates button")
        waiting.value.save_as(tmp_path / "rates.tsv")
        assert waiting.value.suggested_filename == "statistics_rates.tsv"
        assert (tmp_path / "rates.tsv").read_text() == (results / "statistics/rates.tsv").read_text()
        with page.expect_download() as waiting:
            page.click("#fig-waterfall [data-save-figure]")
        waiting.value.save_as(tmp_path / "waterfall.svg")
        assert (tmp_path / "waterfall.svg").read_bytes() == (results / "figures/waterfall.svg").read_bytes()
        assert page.said == []


def test_pictures_are_leafed_through_by_participant_and_visit_with_the_keyboard(browser, report):
    with opened(browser, report) as page:
        shown = page.locator("#images [data-person]:visible")
        assert shown.get_attribute("data-person") == "sub-01"
        page.focus("#images [data-step='1']")
        page.keyboard.press("Enter")
        assert shown.get_attribute("data-person") == "sub-02"
        page.select_option("#images [data-visits]", "month6")
        assert page.locator("#images figure:visible").count() == 1
        page.select_option("#images [data-people]", "sub-03")
        assert "sub-03" in page.locator("#images figure:visible img").get_attribute("alt")


def test_the_keyboard_reaches_the_results_first(browser, report):
    with opened(browser, report) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_sticks_out_of_the_screen(browser, report, width):
    with opened(browser, report, viewport={"width": width, "height": 850}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("h1").is_visible()


def test_it_prints_without_its_controls(browser, report):
    with opened(browser, report) as page:
        page.emulate_media(media="print")
        assert page.locator("h1").is_visible()
        assert page.locator("#fig-waterfall img").is_visible()
        assert not page.locator("nav").is_visible()
        assert not page.locator(".downloads").first.is_visible()
        assert page.pdf()[:5] == b"%PDF-"


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """axe-core's script: from AXE_CORE, or from the npm registry by its own client."""
    if given := os.environ.get("AXE_CORE"):
        return Path(given).read_text()
    if (npm := shutil.which("npm")) is None:
        pytest.skip("no npm here to get axe-core with (or name axe.min.js in AXE_CORE)")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--silent", "axe-core@4"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("npm cannot get axe-core here")
    return (folder / "node_modules/axe-core/axe.min.js").read_text()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390)])
def test_axe_finds_nothing_serious(browser, report, axe, scheme, width):
    with opened(browser, report, color_scheme=scheme, viewport={"width": width, "height": 900}) as page:
        for details in page.query_selector_all("details.data > summary"):
            details.click()
        page.evaluate(axe)
        found = page.evaluate("axe.run()")["violations"]
        serious = [
            f"{one['id']}: {re.sub(chr(10), ' ', one['nodes'][0]['html'])[:200]}"
            for one in found
            if one["impact"] in ("serious", "critical")
        ]
        assert serious == []
