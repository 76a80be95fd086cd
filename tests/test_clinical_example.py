"""The synthetic study holds the published clinical findings, and its sheets the slips that real ones have."""

import pytest
from adcohort import participants, resources, sheets
from adcohort.adverse_events import events, exposure, incidence, terms
from adcohort.example import cohort
from adcohort.example import events as example_events
from adcohort.example import lesions as example_lesions
from adcohort.example import participants as example_participants
from adcohort.followup import describe
from adcohort.reasons import Reason
from adcohort.recist.rates import rates
from adcohort.recist.study import Study
from adcohort.study import schema, with_defaults

FACTS = "example/cohort.yaml"
VISITS = {"baseline": {"day": 0, "window": [-28, 0]}, "month1": {"day": 30, "window": [1, 59]},
          "month3": {"day": 90, "window": [60, 134]}, "month6": {"day": 180, "window": [135, 240]}}  # fmt: skip
FIVE = ["Alopecia", "Hypertension", "Palmar-plantar erythrodysesthesia syndrome", "Fatigue", "Diarrhea"]


@pytest.fixture(scope="module")
def study(tmp_path_factory, home):
    """The example's people, its sheets as they are written and read again, and the config's defaults."""
    folder = tmp_path_factory.mktemp("example")
    people = cohort.draw(resources.load(FACTS))
    rows = {
        "participants": example_participants.sheet(people),
        "exposure": example_participants.exposure(people),
        "adverse_events": example_events.sheet(people, resources.load("example/adverse_events.yaml")),
        "lesions": example_lesions.sheet(people),
    }
    for name, content in rows.items():
        (folder / f"{name}.csv").write_text(example_participants.as_csv(content), encoding="utf-8")
    config = with_defaults(
        {"adverse_events": {"file": "adverse_events.csv", "exposure": {"file": "exposure.csv", "planned_daily_dose": 800}},
         "response": {"lesions": "lesions.csv"}},
        schema(home / "config" / "schema"),
    )  # fmt: skip
    return people, participants.read(folder / "participants.csv"), folder, config


def test_response_and_disease_control_are_the_published_ones(study):
    _, people, folder, config = study
    whole = Study(people, VISITS, config["response"])
    points, lesions = whole.from_lesions(sheets.read(folder / "lesions.csv"))
    found = {(r["endpoint"], r["confirmed"], r["population"], r["method"]): r for r in rates(whole.best(points), 0.05)}
    for endpoint, expected in (("ORR", (24, 40, 60.0, 43.3, 75.1)), ("DCR", (32, 40, 80.0, 64.4, 90.9))):
        row = found[endpoint, True, "all treated", "clopper-pearson"]
        assert (row["responders"], row["n"], *(round(row[c], 1) for c in ("percent", "ci_low", "ci_high"))) == expected
    assert found["ORR", False, "all treated", "wilson"]["responders"] == 25
    assert {lesion["participant_id"] for lesion in lesions} == set(people["participant_id"])
    assert {point["new_lesion"] for point in points} == {"no", "equivocal", "yes"}
    assert {"PD", "NON-CR/NON-PD", "CR"} <= {point["nontarget"] for point in points}


def test_responses_are_the_cohorts_truth(study):
    truth, people, folder, config = study
    whole = Study(people, VISITS, config["response"])
    points, _ = whole.from_lesions(sheets.read(folder / "lesions.csv"))
    names = {"NE": "MISSING"}
    found = {row["participant_id"]: row for row in whole.best(points)}
    for person in truth:
        assert found[person.participant_id]["confirmed_best"] == names.get(person.response, person.response)
        assert found[person.participant_id]["best"] == (
            "PR" if person.unconfirmed else names.get(person.response, person.response)
        )


def test_follow_up_has_the_published_range(study):
    _, people, folder, _ = study
    row = describe.follow_up(people, list(sheets.read(folder / "participants.csv").columns), 0.05)[0]
    assert (row["n"], row["minimum_days"], row["maximum_days"]) == (40, 122, 303)


def test_the_five_adverse_events_are_each_in_more_than_a_fifth(study):
    _, people, folder, config = study
    settings = config["adverse_events"]
    kept, notes = events.read(sheets.read(folder / "adverse_events.csv"), people, terms.Dictionary(5), settings, VISITS)
    spans, span_notes = exposure.read(sheets.read(folder / "exposure.csv"), people, settings["exposure"]["columns"])
    dosed = {row["participant_id"]: row["last_day"] for row in exposure.summary(spans, 800, terms.Dictionary(5))}
    last, without = exposure.last_doses(people, dosed)
    found = events.with_emergence(kept, last, 30)
    table = incidence.incidence(found, exposure.ends_of_risk(people, last, 30), 0.05)
    percent = {row["term"]: row["percent"] for row in table if row["grades"] == "any" and row["level"] == "term"}
    assert all(percent[term] > 20 for term in FIVE)
    assert all(share <= 20 for term, share in percent.items() if term not in FIVE)
    assert [*span_notes, *without] == []
    assert {note["reason"] for note in notes} == {Reason.UNMAPPED_TERM, Reason.END_BEFORE_START, Reason.DUPLICATE}
    before = [event for event in found if event["status"].startswith(("not worse", "began before"))]
    assert before, "hypertension before treatment that did not get worse is not treatment-emergent"
    assert {event["status"] for event in found if "after the end" in event["status"]}


def test_the_sheets_hold_the_slips_of_real_ones(study):
    _, people, folder, config = study
    whole = Study(people, VISITS, config["response"])
    whole.from_lesions(sheets.read(folder / "lesions.csv"))
    assert {
        Reason.IMPLAUSIBLE,
        Reason.DUPLICATE,
        Reason.TWO_BASELINES,
        Reason.LESION_MISSING,
        Reason.AFTER_NEW_THERAPY,
    } == {note["reason"] for note in whole.notes.rows}


@pytest.mark.parametrize("n", [2, 5, 80])
def test_smaller_and_larger_cohorts_can_be_drawn(n):
    people = cohort.draw(resources.load(FACTS), participants=n)
    assert len(example_participants.sheet(people)) == n
    assert example_participants.as_csv(example_lesions.sheet(people))
    assert example_participants.as_csv(example_events.sheet(people, resources.load("example/adverse_events.yaml")))
    assert example_participants.exposure(people)
