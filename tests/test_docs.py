"""The documentation: its generated pages are those of the workflow as it is, its links lead somewhere, its commands exist."""

import re
from pathlib import Path

import pytest
from adcohort import reference

HOME = Path(__file__).parents[1]
PAGES = [
    HOME / "README.md",
    HOME / "CONTRIBUTING.md",
    HOME / "config/README.md",
    *sorted((HOME / "docs").rglob("*.md")),
]


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("config.md", lambda: reference.config_page(HOME / "config/schema")),
        ("results.md", reference.results_page),
        ("reasons.md", reference.reasons_page),
    ],
)
def test_reference_pages_are_up_to_date(page, text):
    assert (HOME / "docs/reference" / page).read_text(encoding="utf-8") == text(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HOME)))
def test_every_link_within_the_project_leads_to_a_file(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), target


def test_every_script_and_make_target_in_the_docs_exists():
    targets = set(re.findall(r"^([a-z-]+):", (HOME / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for script in re.findall(r"scripts/(\w+\.py)", text):
            assert (HOME / "scripts" / script).is_file(), f"{page.name}: {script}"
        for target in re.findall(r"`make ([a-z-]+)`", text):
            assert target in targets, f"{page.name}: make {target}"


def test_no_page_or_program_names_a_place_of_one_machine():
    odd = re.compile(r"/(?:home|Users)/\w+/|(?:--|-)(?:extra-)?index-url")
    for path in [*PAGES, HOME / "requirements.lock", HOME / "Makefile", HOME / "pyproject.toml"]:
        assert not odd.search(path.read_text(encoding="utf-8")), path.name
