"""Time: progression-free survival, duration of response, Kaplan-Meier, follow-up; who the participants are."""

import pandas as pd
import pytest
from adcohort import participants
from adcohort.errors import StudyError
from adcohort.followup import curves, describe, times
from adcohort.followup.times import Course
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        (Course(100, 100, None, None), (100, True)),
        (Course(None, 120, 150, None), (150, True)),
        (Course(100, 100, 150, 110), (100, True)),
        (Course(None, 120, None, None), (120, False)),
        (Course(None, 90, 200, 110), (90, False)),  # a death after a new therapy began
        (Course(None, 90, 110, 110), (110, True)),
        (Course(None, None, None, None), (0, False)),
        (Course(None, None, 30, None), (30, True)),
    ],
)
def test_progression_free_survival_ends_with_progression_or_death_before_a_new_therapy(course, expected):
    found = times.progression_free(course)
    assert (found.days, found.event) == expected


def test_duration_of_response_begins_with_the_confirmed_response():
    assert times.response_duration("PR", 56, Course(200, 200, None, None))[:2] == (144, True)
    assert times.response_duration("PR", 56, Course(None, 168, None, None))[:2] == (112, False)
    assert times.response_duration("SD", 56, Course(200, 200, None, None)) is None


def test_kaplan_meier_gives_the_published_curve_of_remission_times():
    """6-mercaptopurine arm of Freireich 1963: 21 patients, median 23 weeks, S(10) = 0.753 (Kalbfleisch and Prentice)."""
    weeks = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    relapse = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    median, curve = curves.kaplan_meier(weeks, [bool(event) for event in relapse], 0.05)
    by = {row["day"]: row for row in curve}
    assert median.days == 23
    assert median.low == 13
    assert median.high is None
    assert [round(by[week]["survival"], 3) for week in (6, 7, 10, 13, 16, 22, 23)] == [
        0.857,
        0.807,
        0.753,
        0.690,
        0.627,
        0.538,
        0.448,
    ]
    assert [by[week]["at_risk"] for week in (6, 10, 22, 23)] == [21, 15, 7, 6]
    assert sum(row["events"] for row in curve) == 9
    assert sum(row["censored"] for row in curve) == 12


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.booleans()), min_size=1, max_size=20))
def test_a_curve_never_rises_and_counts_everybody(rows):
    median, curve = curves.kaplan_meier([day for day, _ in rows], [event for _, event in rows], 0.05)
    levels = [row["survival"] for row in curve]
    assert levels == sorted(levels, reverse=True)
    assert sum(row["events"] + row["censored"] for row in curve) == len(rows)
    assert (median.days is None) == (levels[-1] > 0.5)


def test_nobody_gives_no_curve():
    assert curves.kaplan_meier([], [], 0.05) == (curves.Median(None, None, None), [])


@pytest.fixture
def people(tmp_path):
    def write(text):
        path = tmp_path / "participants.csv"
        path.write_text(text)
        return participants.read(path), text.splitlines()[0].split(",")

    return write


SHEET = """participant_id,patient_id,treatment_start,treatment_end,last_contact,death,age,sex,grade
sub-01,A,2020-01-01,2020-03-01,2020-05-01,,50,F,1
sub-02,B,2020-01-01,2020-03-11,2020-08-01,2020-08-01,60,M,0
sub-03,C,2020-01-01,,2020-11-01,,71,F,1
sub-04,D,2020-01-01,2020-06-01,,,,,0
"""


def test_characteristics_are_described_by_their_type_and_missing_ones_counted(people):
    rows = describe.baseline(people(SHEET)[0], ["age", "sex", "grade"])
    age = rows[0]
    assert (age["kind"], age["n"], age["missing"], age["median"], age["minimum"], age["maximum"]) == (
        "number",
        3,
        1,
        60,
        50,
        71,
    )
    assert age["mean"] == pytest.approx(60.3333, abs=1e-4)
    assert (age["q1"], age["q3"]) == (55, 65.5)
    sexes = {row["level"]: (row["n"], row["total"], row["missing"]) for row in rows if row["characteristic"] == "sex"}
    assert sexes == {"F": (2, 3, 1), "M": (1, 3, 1)}
    assert [row["level"] for row in rows if row["characteristic"] == "grade"] == ["0", "1"]
    with pytest.raises(StudyError, match="tumour, stage"):
        describe.baseline(people(SHEET)[0], ["age", "tumour", "stage"])


def test_follow_up_has_its_range_and_its_reverse_kaplan_meier_median(people):
    frame, columns = people(SHEET)
    follow, treatment = describe.follow_up(frame, columns, 0.05)
    assert (follow["n"], follow["missing"], follow["minimum_days"], follow["maximum_days"]) == (3, 1, 121, 305)
    assert (follow["median_days"], follow["deaths"]) == (213, 1)
    # the death censors: 121 (still seen) takes the curve to 2/3, the next end of follow-up is 305
    assert follow["reverse_km_median_days"] == 305
    assert (treatment["n"], treatment["maximum_days"], treatment["status"]) == (3, 152, "ok")


def test_a_column_that_is_not_there_refuses_its_analysis_by_name_and_the_rest_runs(people):
    text = "\n".join(",".join(line.split(",")[:4]) for line in SHEET.splitlines())
    frame, columns = people(text)
    follow, treatment = describe.follow_up(frame, columns, 0.05)
    assert follow["status"] == "refused: the participants' sheet has no column last_contact"
    assert follow["minimum_days"] is None
    assert treatment["maximum_days"] == 152


def test_a_column_may_be_empty(people):
    frame, columns = people("participant_id,patient_id,treatment_start,last_contact,sex\nsub-01,A,2020-01-01,,\n")
    rows = describe.follow_up(frame, columns, 0.05)
    assert (rows[0]["n"], rows[0]["missing"], rows[0]["median_days"]) == (0, 1, None)
    assert describe.baseline(pd.DataFrame(frame), ["sex"])[0]["missing"] == 1


def test_dates_that_contradict_each_other_stop_the_study_all_at_once(people):
    text = SHEET.replace("2020-03-01,2020-05-01", "2019-12-01,2020-05-01").replace(
        "2020-08-01,2020-08-01", "2020-08-01,2020-07-01"
    )
    with pytest.raises(StudyError) as problem:
        people(text)
    assert len(problem.value.problems) == 2
    assert "sub-01: treatment_end is before treatment_start" in problem.value.problems[0]
    assert "sub-02: death is before last_contact" in problem.value.problems[1]
