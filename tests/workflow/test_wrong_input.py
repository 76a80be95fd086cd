"""Wrong input at the front door: one clear message, exit 1, no traceback, nothing half done."""

import copy
from pathlib import Path

import pytest

from workflow import harness

PEOPLE = "participant_id,patient_id,treatment_start\nsub-01,7,2020-01-10\nsub-02,8,2020-02-01\n"
LESIONS = "patient_id,date,lesion_id,organ\n7,2020-01-09,L1,lung\n"
CONFIG = {
    "title": "Wrong",
    "data": "raw",
    "participants": "participants.csv",
    "visits": {"baseline": {"day": 0, "window": [-28, 0]}},
    "response": {"lesions": "lesions.csv"},
}


def run(folder: Path, config: dict, people: str = PEOPLE, lesions: str | None = LESIONS) -> harness.Run:
    (folder / "raw").mkdir(parents=True)
    (folder / "raw/participants.csv").write_text(people)
    if lesions is not None:
        (folder / "raw/lesions.csv").write_text(lesions)
    harness.write_config(folder, config)
    return harness.snakemake(folder)


def changed(**changes) -> dict:
    return copy.deepcopy(CONFIG) | changes


@pytest.mark.parametrize(
    ("case", "config", "files", "words"),
    [
        ("unknown key", changed(respons={}), {}, ["unknown key 'respons'", "Did you mean 'response'?"]),
        ("missing file", changed(), {"lesions": None}, ["lesions.csv", "is not in"]),
        ("missing column", changed(), {}, ["lesions.csv", "no column"]),
        (
            "two patients with one pseudonym",
            changed(),
            {"people": PEOPLE.replace("sub-02", "sub-01")},
            ["participants.csv", "sub-01", "stands 2 times"],
        ),
        (
            "overlapping windows",
            changed(visits={"a": {"day": 0, "window": [-28, 0]}, "b": {"day": 0, "window": [-3, 0]}}),
            {},
            ["overlap"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_says_what_is_wrong_and_stops(tmp_path, case, config, files, words):
    done = run(tmp_path / "study", config, **files)
    assert done.status == 1
    for word in words:
        assert word in done.text, (case, done.text)
    assert "Traceback" not in done.text
    assert not list((tmp_path / "study").glob("results/response/*.tsv")), "nothing half done"
