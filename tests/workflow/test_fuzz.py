"""Damaged images and sheets, at random: a sample; benchmarks/faults.py runs the full count."""

import importlib
import random
import shutil
from pathlib import Path

import pytest
from adcohort import study
from adcohort.errors import for_the_person_at_the_keyboard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workflow import faults, harness, mutants

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return faults.quiet_study(tmp_path_factory.mktemp("quiet"))


def checked_config() -> dict:
    return study.checked(harness.small_config(), study.schema(harness.HOME / "config/schema"))


def test_damaged_images_become_a_status_each_and_change_no_other_visit(quiet, tmp_path):
    config = checked_config()
    options = {"visits": config["visits"], "ingest": config["ingest"]}
    images = mutants.Images(quiet, tmp_path / "fuzz", options)
    for seed in range(3):
        found = images.batch(random.Random(seed), 40)
        assert sum(count for words, count in found.items() if words.startswith("excluded")) > 0, found


@pytest.fixture(scope="module")
def sheets(quiet: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[mutants.Sheet]]:
    data = tmp_path_factory.mktemp("sheets") / "data"
    shutil.copytree(quiet / "data/example", data, ignore=shutil.ignore_patterns("dicom", "rois"))
    return data, mutants.sheets_of(quiet, checked_config())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 5), seed=st.integers(0, 2**32))
def test_an_edited_sheet_is_read_or_refused_in_words(sheets, number, seed):
    check_sheet(*sheets, number, seed)


def check_sheet(data: Path, all_sheets: list[mutants.Sheet], number: int, seed: int) -> str:
    """One edited sheet through its program."""
    sheet = all_sheets[number]
    module = importlib.import_module(sheet.script)
    before = (data / sheet.path).read_bytes()

    def program() -> None:
        with for_the_person_at_the_keyboard():
            module.main()

    try:
        return sheet.check(
            program, data, data.parent / "out", mutants.edited(before.decode(sheet.encoding), random.Random(seed))
        )
    finally:
        (data / sheet.path).write_bytes(before)
