"""Another design: prostate, three arms in REDCap exports, EORTC QLQ-C30, stated responses, no adverse events."""

import csv
from pathlib import Path

import pandas as pd
import pytest
import yaml
from adcohort.example import cohort, imaging, imaging_tree

from workflow import harness

RESOURCES = harness.HOME / "resources"
# the alphabet is not the order of time: the first visit is the last of the names, and week12 comes before week6
VISITS = {"workup": ("screening", -10), "week6": ("week_6", 42), "week12": ("week_12", 84)}


def load(name: str) -> dict:
    return yaml.safe_load((RESOURCES / name).read_text(encoding="utf-8"))


def write(path: Path, rows: list[dict]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def arm(person: cohort.Person) -> int:
    return int(person.participant_id[-2:]) % 3 + 1


def participants(people: list[cohort.Person]) -> list[dict]:
    return [
        {
            "participant_id": person.participant_id,
            "patient_id": person.patient_id,
            "surname": person.name,
            "treatment_start": person.treatment_start,
            "last_contact": person.date(person.last_contact_day),
            "age": person.age,
            "arm": f"arm {arm(person)}",
        }
        for person in people
    ]


def laboratory(people: list[cohort.Person]) -> list[dict]:
    """PSA halves every six weeks, testosterone falls to castration."""
    rows = []
    for person in people:
        rng = person.rng("labs")
        psa = float(rng.lognormal(3, 0.6))
        for event, day in VISITS.values():
            on_treatment = max(day, 0) / 42
            rows.append(
                {
                    "record_id": person.patient_id,
                    "redcap_event_name": f"{event}_arm_{arm(person)}",
                    "lab_date": person.date(day),
                    "psa_total": f"{psa * 0.5**on_treatment * float(rng.lognormal(0, 0.1)):.2f}",
                    "testosterone": f"{(14 if day < 0 else 0.6) * float(rng.lognormal(0, 0.15)):.2f}",
                }
            )
    return rows


def quality_of_life(people: list[cohort.Person]) -> list[dict]:
    """Answers from a steady person: everything a little, overall fairly well, better with time."""
    rows = []
    for person in people:
        rng = person.rng("qlq")
        burden = rng.uniform(1.4, 2.6)
        for number, (event, _) in enumerate(VISITS.values()):
            answers = {
                f"qlq_c30_{item}": int(min(4, max(1, round(burden - 0.3 * number + rng.normal(0, 0.4)))))
                for item in range(1, 29)
            }
            overall = {
                f"qlq_c30_{item}": int(min(7, max(1, round(7 - 1.5 * burden + 0.5 * number + rng.normal(0, 0.4)))))
                for item in (29, 30)
            }
            rows.append(
                {"record_id": person.patient_id, "redcap_event_name": f"{event}_arm_{arm(person)}"} | answers | overall
            )
    return rows


def responses(people: list[cohort.Person]) -> list[dict]:
    course = {"CR": ["CR", "CR", "CR"], "PR": ["PR", "PR", "PR"], "SD": ["SD", "SD", "SD"], "PD": ["PD"]}
    return [
        {"patient_id": person.patient_id, "date": person.date(day), "response": stated}
        for person in people
        for day, stated in zip((42, 84, 126), course[person.response], strict=False)
    ]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The second study's folder after one run, in a path with blanks and Chinese characters."""
    folder = tmp_path_factory.mktemp("second") / "my study 前列腺"
    raw = folder / "raw"
    raw.mkdir(parents=True)
    people = cohort.draw(load("second_study/cohort.yaml"))
    write(raw / "participants.csv", participants(people))
    write(raw / "redcap_laboratory.csv", laboratory(people))
    write(raw / "redcap_qlq_c30.csv", quality_of_life(people))
    write(raw / "responses.csv", responses(people))
    facts = imaging.smaller(load("example/imaging.yaml")) | {"repeated_baselines": 2, "second_reader_visits": 3}
    imaging_tree.write(imaging.plan(people, facts, list(VISITS)), facts, raw / "pacs", raw / "contours")
    harness.write_config(folder, load("second_study/config.yaml"))
    done = harness.snakemake(folder)
    assert done.status == 0, done.text[-6000:]
    return folder


def table(study: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(study / "results" / name, sep="\t")


def test_rates_are_those_of_the_stated_responses(study):
    rates = table(study, "statistics/rates.tsv")
    chosen = rates[(rates["confirmed"].astype(str) == "True") & rates["population"].str.contains("treated")]
    counts = chosen.drop_duplicates("endpoint").set_index("endpoint")[["responders", "n"]].to_dict("index")
    assert counts == {"ORR": {"responders": 7, "n": 12}, "DCR": {"responders": 10, "n": 12}}


def test_its_own_endpoints_are_compared_between_its_own_visits(study):
    paired = table(study, "statistics/paired.tsv")
    primary = paired[paired["analysis"] == "primary"].drop_duplicates("endpoint").set_index("endpoint")
    assert set(primary.index) == {"PSA", "TESTO", "QL", "PF", "FA", "ADC"}
    assert set(primary["visit_after"]) == {"week12"}
    assert primary["direction"].to_dict()["PSA"] == "fall"
    assert primary["direction"].to_dict()["ADC"] == "rise"


def test_the_first_visit_is_the_baseline_of_the_regions(study):
    rows = table(study, "roi/participants.tsv")
    rows = rows[rows["adc"].notna()]
    assert set(rows.loc[rows["status"] == "baseline", "visit"]) == {"workup"}
    assert set(rows.loc[rows["status"] == "matched", "visit"]) == {"week6", "week12"}


def test_the_unusable_scan_and_what_no_one_recorded_are_accounted_for(study):
    excluded = table(study, "flow/exclusions.tsv")
    assert "no signal decay" in set(excluded["reason"])
    assert not (study / "results/adverse_events").exists()


def test_a_second_run_does_nothing(study):
    assert harness.snakemake(study).jobs == set()
