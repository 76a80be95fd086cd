"""RECIST 1.1: published cases, the criteria's own tables, and what holds for any lesion history."""

import csv
import datetime as dt
import itertools

import pandas as pd
import pytest
from adcohort.participants import read as read_people
from adcohort.reasons import Reason
from adcohort.recist import best, marker, response, sheet, words
from adcohort.recist.best import Point, Rules
from adcohort.recist.rates import rates
from adcohort.recist.study import Study
from hypothesis import given, settings
from hypothesis import strategies as st

VISITS = {"baseline": {"day": 0, "window": [-28, 0]}, "month3": {"day": 90, "window": [60, 134]}}
COLUMNS = {
    "patient": "patient_id", "date": "date", "lesion": "lesion", "role": "role", "organ": "organ", "node": "node",
    "diameter": "diameter_mm", "finding": "finding", "part": "part", "response": "response",
}  # fmt: skip
SETTINGS = {
    "columns": COLUMNS, "largest_mm": 400, "same_assessment_days": 0, "confirm_days": 28, "stable_days": 42,
    "confirm_over_ne": 1, "confirm_over_sd": False, "cr_then_pr": "pd", "after_progression": "ignored",
    "missing_as_ne": False,
}  # fmt: skip
START = dt.date(2020, 1, 1)


def day(number):
    return (START + dt.timedelta(days=number)).isoformat()


@pytest.fixture
def people(tmp_path):
    path = tmp_path / "participants.csv"
    path.write_text(
        "participant_id,patient_id,treatment_start,last_contact,death,new_therapy_start\n"
        f"sub-01,A1,{day(0)},{day(300)},,\nsub-02,A2,{day(0)},{day(300)},,{day(100)}\n"
    )
    return read_people(path)


def study(people, **changes):
    return Study(people, VISITS, SETTINGS | changes)


def lesion_sheet(rows):
    """Rows (day, lesion, role, organ, diameter, finding, …) of sub-01 as the text that a sheet holds."""
    names = ["date", "lesion", "role", "organ", "diameter_mm", "finding", "part", "patient_id"]
    filled = [[day(row[0]), *row[1:], *[None] * (8 - len(row))] for row in rows]
    frame = pd.DataFrame(filled, columns=names, dtype="string")
    return frame.assign(patient_id=frame["patient_id"].fillna("A1"))


def judged(people, rows, **changes):
    """Overall responses by day, and the notes."""
    whole = study(people, **changes)
    points, _ = whole.from_lesions(lesion_sheet(rows))
    return {row["day"]: row for row in points}, whole.notes.rows


# --- the published cases -------------------------------------------------------------------------------------------------


def test_agrees_with_every_published_case_of_best_response(real_data):
    folder = real_data / "clinical" / "lesions"

    def table(name):
        return list(csv.DictReader((folder / name).open()))

    number = {
        row["USUBJID"]: dt.date.fromisoformat(row["TRTSDT"]).toordinal() for row in table("bor_tests_input_adsl.csv")
    }
    points = {}
    for row in table("bor_tests_input_ovr.csv"):
        points.setdefault(row["USUBJID"], []).append(Point(dt.date.fromisoformat(row["ADT"]).toordinal(), row["OVR"]))
    cases = table("bor_tests_expected.csv")
    for case in cases:
        who, test = case["USUBJID"], case["TEST"]
        rules, seen = Rules(stable_days=28, cr_then_pr="not_confirming"), points.get(who, [])
        if test == "CBOR accept_sd":
            rules = rules._replace(confirm_days=14, confirm_over_ne=0, confirm_over_sd=True, missing_as_ne=True)
            if who == "7":
                seen = [Point(dt.date(2020, 4, 2).toordinal(), "ND")]
        if test == "CBOR no source_pd":
            rules = rules._replace(after_progression="counted")
        judge = best.unconfirmed if test == "BOR unconfirmed" else best.confirmed
        found = judge(seen, rules, number[who])
        when = None if found.day is None else dt.date.fromordinal(found.day).isoformat()
        assert (found.response, when or "") == (case["EXPECTED"], case["ADT"]), (test, who, found)
    assert len(cases) == 35


# --- time points: the criteria -------------------------------------------------------------------------------------------

A = response.Target("A", "lung", False, 50.0)
B = response.Target("B", "liver", False, 50.0)
NODE = response.Target("N", "neck", True, 20.0)


def course(targets, sums, nontargets=(), states=None, new=None, **more):
    """Time points of a course given by the diameters at days 50, 100, …"""
    assessments = [
        response.Assessment(
            50 * (i + 1),
            f"day {50 * (i + 1)}",
            dict(zip([t.name for t in targets], diameters, strict=True)),
            (states or {}).get(i, {}),
            (new or {}).get(i, {}),
        )
        for i, diameters in enumerate(sums)
    ]
    return response.evaluate("baseline", targets, nontargets, assessments, **more)


@pytest.mark.parametrize(
    ("diameters", "expected"),
    [
        ([(35, 35)], "PR"),  # exactly -30 %
        ([(35, 35.1)], "SD"),
        ([(60, 60)], "PD"),  # exactly +20 %
        ([(60, 59.9)], "SD"),
        ([(0, 0)], "CR"),
        ([(50, None)], "NE"),
        ([(120, None)], "PD"),  # the measured lesion alone is 20 mm over the whole nadir
        ([(None, None)], "NE"),
        ([(10, 10), (14, 10)], "PR"),  # +20 % over the nadir, but +4 mm
        ([(10, 10), (15, 10)], "PD"),  # +25 % and +5 mm over the nadir, -75 % from baseline
        ([(10, 10), (5, None), (14.9, 10)], "PR"),  # a sum with a missing lesion is no nadir
        ([(25, 25), (27, 27.9)], "PR"),  # +9.8 %: below 20 %
    ],
)
def test_target_lesions_follow_both_thresholds_against_the_nadir(diameters, expected):
    assert course([A, B], diameters)[-1].overall == expected


def test_nodes_are_gone_below_ten_millimetres_so_the_sum_need_not_be_zero():
    assert course([A, NODE], [(0, 9.9)])[0].overall == "CR"
    assert course([A, NODE], [(0, 10)])[0].overall == "PR"
    assert course([A, NODE], [(0.1, 5)])[0].target == "PR"


def test_regrowth_from_a_nadir_of_nothing_needs_five_millimetres():
    """Without an earlier overall complete response: a non-target lesion was still there."""
    states = {i: {"X": "present"} for i in range(3)}
    points = course([A], [(0,), (4.9,), (5,)], ["X"], states)
    assert [p.overall for p in points] == ["PR", "PR", "PD"]
    assert points[2].nadir_pct is None
    assert "+5 mm over nadir at day 50" in points[2].reason


def test_any_disease_after_a_complete_response_is_progression_unless_told_otherwise():
    sums = [(0,), (3,)]
    assert course([A], sums)[1].overall == "PD"
    assert "after complete response at day 50" in course([A], sums)[1].reason
    assert course([A], sums, reappearance_is_progression=False)[1].overall == "PR"
    assert course([A], [(0,), (None,)])[1].overall == "NE"
    assert course([A, B], [(0, 0), (3, None)])[1].overall == "PD"  # one lesion is back, whatever the other
    assert course([A, NODE], [(0, 5), (None, 9.9)])[1].overall == "NE"  # a normal node is no disease


@pytest.mark.parametrize(
    ("target", "state", "new", "expected"),
    [
        # RECIST 1.1, table 1: target, non-target, new lesion, overall
        (0, "absent", None, "CR"),
        (0, "present", None, "PR"),
        (0, None, None, "PR"),
        (30, "present", None, "PR"),
        (30, None, None, "PR"),
        (45, "present", None, "SD"),
        (45, None, None, "SD"),
        (None, "present", None, "NE"),
        (60, "absent", None, "PD"),
        (0, "progression", None, "PD"),
        (None, "progression", None, "PD"),
        (0, "absent", "unequivocal", "PD"),
        (None, None, "unequivocal", "PD"),
        (0, "absent", "equivocal", "CR"),
        (45, "present", "equivocal", "SD"),
    ],
)
def test_overall_response_is_that_of_the_criterias_table(target, state, new, expected):
    point = course([A], [(target,)], ["X"], {0: {"X": state}}, {0: {"Z": new}} if new else None)[0]
    assert point.overall == expected
    assert point.reason.startswith(expected)


@pytest.mark.parametrize(
    ("state", "new", "expected"),
    [
        ("absent", None, "CR"),
        ("present", None, "NON-CR/NON-PD"),
        (None, None, "NE"),
        ("progression", None, "PD"),
        ("absent", "unequivocal", "PD"),
    ],
)
def test_non_target_lesions_only_have_their_own_table(state, new, expected):
    point = course([], [()], ["X"], {0: {"X": state}}, {0: {"Z": new}} if new else None)[0]
    assert (point.overall, point.sum_mm) == (expected, None)


def test_one_non_target_lesion_that_is_still_there_decides_over_one_that_is_not_evaluable():
    states = {0: {"X": "present", "Y": None}, 1: {"X": "absent", "Y": None}}
    points = course([A], [(50,), (50,)], ["X", "Y"], states)
    assert [point.nontarget for point in points] == ["NON-CR/NON-PD", "NE"]


def test_reasons_say_what_decided_and_since_when(people):
    rows = [
        (-5, "A", "target", "lung", "30", None),
        (50, "A", "target", "lung", "20", None),
        (90, "A", "target", "lung", "27", None),
    ]
    points, _ = judged(people, rows)
    assert points[90]["reason"] == "PD: +35 % and +7 mm over nadir at day 50; at month3 (day 90)"
    assert points[50]["reason"] == "PR: -33.33 % from baseline"
    assert (points[90]["nadir_pct"], points[90]["nadir_change_mm"], points[90]["baseline_pct"]) == (35, 7, -10)


# --- sheets --------------------------------------------------------------------------------------------------------------


def test_too_small_is_five_absent_is_nothing_and_parts_are_added(people):
    rows = [
        (-5, "A", "target", "lung", "20", None), (-5, "B", "靶病灶", "肝", "20", None),
        (90, "A", "T", "lung", None, "TSTM"), (90, "B", "target", "肝", "8", None, "a"),
        (90, "B", "target", "肝", "7.5", None, "b"),
        (150, "A", "target", "lung", None, "消失"), (150, "B", "target", "肝", None, "merged"),
    ]  # fmt: skip
    points, notes = judged(people, rows)
    assert [points[d]["sum_mm"] for d in (-5, 90, 150)] == [40, 20.5, 0]
    assert notes == []


def test_bad_rows_are_named_all_at_once_and_never_used(people):
    rows = [
        (-50, "A", "target", "lung", "25", None),
        (-5, "A", "target", "lung", "30", None),
        (-5, "S", "target", "lung", "6", None),
        (-5, "K", "target", "neck lymph node", "14", None),
        (-5, "Q", "target", "bone", "29", None),
        (50, "A", "target", "lung", "-3", None), (50, "S", "target", "lung", "6", None),
        (50, "K", "target", "neck lymph node", "2900", None), (50, "Q", "target", "bone", "x", None),
        (90, "A", "target", "liver", "30", None), (90, "S", "target", "lung", "6", None),
        (90, "S", "target", "lung", "6", None), (90, "K", "target", "neck lymph node", "14", None),
        (90, "K", "target", "neck lymph node", "15", None),
        (90, "W", "target", "lung", "11", None), (90, "V", "odd", "lung", "11", None),
        (90, "A", "target", "lung", "30", None, None, "A9"),
    ]  # fmt: skip
    points, notes = judged(people, rows)
    said = {(note["day"], note["reason"]) for note in notes}
    assert {
        (-50, Reason.TWO_BASELINES), (-5, Reason.NOT_MEASURABLE), (50, Reason.IMPOSSIBLE), (50, Reason.IMPLAUSIBLE),
        (50, Reason.UNREADABLE_VALUE), (90, Reason.ORGAN_CHANGED), (90, Reason.DUPLICATE), (90, Reason.UNKNOWN_LESION),
        (90, Reason.UNREADABLE_VALUE), (90, Reason.LESION_MISSING), (None, Reason.UNKNOWN_PARTICIPANT),
    } <= said  # fmt: skip
    assert points[-5]["sum_mm"] == 79
    assert [points[d]["overall"] for d in (50, 90)] == ["NE", "NE"]
    assert points[90]["n_missing"] == 3


def test_five_targets_and_two_an_organ_are_checked_and_nodes_are_one_organ(people):
    def flagged(lesions):
        _, notes = judged(people, [(-5, name, "target", organ, "20", None) for name, organ in lesions])
        return [note["detail"] for note in notes if note["reason"] == Reason.TOO_MANY_TARGETS]

    assert flagged([("A", "lung"), ("B", "lung"), ("C", "neck lymph node"), ("D", "纵隔淋巴结"), ("E", "bone")]) == []
    assert flagged([("A", "lung"), ("B", "lung"), ("C", "lung")]) == ["3 in one organ, RECIST 1.1 allows 2"]
    assert flagged([("A", "neck lymph node"), ("B", "LN axilla"), ("C", "淋巴结")]) == [
        "3 in lymph nodes, RECIST 1.1 allows 2"
    ]
    six = [(name, f"organ{name}") for name in "ABCDEF"]
    assert flagged(six) == ["6 target lesions, RECIST 1.1 allows 5"]


def test_an_equivocal_new_lesion_counts_from_its_first_day_once_it_is_certain(people):
    rows = [(-5, "A", "target", "lung", "30", None)]
    rows += [(d, "A", "target", "lung", "30", None) for d in (50, 90, 130)]
    rows += [(50, "X", "new", "bone", None, "equivocal"), (90, "X", "new", "bone", None, "equivocal")]
    assert [judged(people, rows)[0][d]["overall"] for d in (50, 90)] == ["SD", "SD"]
    points, _ = judged(people, [*rows, (130, "X", "new", "bone", None, "明确")])
    assert points[50]["overall"] == "PD"
    assert "equivocal then, certain at month3" in points[50]["reason"]
    assert points[90]["role"] == "after progression"


def test_assessments_after_a_new_therapy_or_progression_are_shown_and_do_not_count(people):
    rows = [(d, "A", "target", "lung", s, None, None, "A2") for d, s in ((-5, "30"), (50, "30"), (130, "10"))]
    whole = study(people)
    points, _ = whole.from_lesions(lesion_sheet(rows))
    assert [row["role"] for row in points] == ["baseline", "follow-up", "after new therapy"]
    assert [note["reason"] for note in whole.notes.rows] == [Reason.AFTER_NEW_THERAPY]
    found = {row["participant_id"]: row for row in whole.best(points)}
    assert found["sub-02"]["best"] == "SD"
    assert (found["sub-01"]["best"], found["sub-01"]["evaluable"]) == ("MISSING", False)


def test_without_an_assessment_before_treatment_nothing_can_be_judged(people):
    points, notes = judged(people, [(3, "A", "target", "lung", "30", None), (50, "A", "target", "lung", "10", None)])
    assert points == {}
    assert {note["reason"] for note in notes} == {Reason.NO_BASELINE}


def test_days_of_one_assessment_can_be_joined_but_never_over_the_start(people):
    rows = [(-1, "A", "target", "lung", "30", None), (-1, "B", "target", "liver", "30", None),
            (1, "A", "target", "lung", "30", None), (50, "A", "target", "lung", "15", None),
            (52, "B", "target", "liver", "15", None)]  # fmt: skip
    points, _ = judged(people, rows, same_assessment_days=3)
    assert sorted(points) == [-1, 1, 50]
    assert points[50]["overall"] == "PR"


def test_lesions_of_a_baseline_on_two_days_are_missed_by_name(people):
    rows = [(-9, "A", "target", "lung", "30", None), (-3, "B", "target", "liver", "30", None)]
    _, notes = judged(people, rows)
    assert "which has no A (response.same_assessment_days" in notes[0]["detail"]
    points, notes = judged(people, rows, same_assessment_days=7)
    assert (points[-9]["sum_mm"], notes) == (60, [])


def test_stated_responses_stand_in_for_lesions(people):
    stated = pd.DataFrame(
        [["A1", day(-3), "SD"], ["A1", day(50), "部分缓解"], ["A1", day(90), "pr"], ["A1", day(130), "进展"],
         ["A1", day(150), "good"], ["A1", None, "PR"], ["Z", day(50), "PR"]],
        columns=["patient_id", "date", "response"], dtype="string",
    )  # fmt: skip
    whole = study(people)
    points = whole.from_responses(stated)
    assert [(row["day"], row["overall"], row["source"]) for row in points] == [
        (50, "PR", "given"), (90, "PR", "given"), (130, "PD", "given"),
    ]  # fmt: skip
    assert {note["reason"] for note in whole.notes.rows} == {
        Reason.IMPOSSIBLE, Reason.UNREADABLE_VALUE, Reason.NO_DATE, Reason.UNKNOWN_PARTICIPANT,
    }  # fmt: skip
    row = whole.best(points)[0]
    assert (row["confirmed_best"], row["confirmed_day"], row["progression_day"], row["best_pct"]) == (
        "PR",
        50,
        130,
        None,
    )


def test_a_marker_raised_before_treatment_withholds_the_complete_response(people):
    rows = [(-5, "A", "target", "lung", "30", None), (50, "A", "target", "lung", None, "absent"),
            (90, "A", "target", "lung", None, "absent")]  # fmt: skip
    values = [marker.Value(-3, 40.0, ""), marker.Value(55, 3.0, ""), marker.Value(91, 1.0, "<")]
    whole = study(people)
    points, _ = whole.from_lesions(lesion_sheet(rows), {"sub-01": marker.Marker("TG", 1.0, 28, values)})
    assert [row["overall"] for row in points] == ["baseline", "PR", "CR"]
    assert points[1]["reason"] == "PR: lesions gone; TG 3 on day 55 is not below 1"
    assert marker.Marker("TG", 1.0, 28, values[1:]).withholds(50) is None
    assert "no value within 28 d" in (marker.Marker("TG", 1.0, 28, values[:1]).withholds(50) or "")


def test_nodes_are_known_by_statement_or_by_the_organs_name():
    assert words.is_node("cervical lymph node", None)
    assert words.is_node("颈部淋巴结", "")
    assert words.is_node("LN, level IV", None)
    assert not words.is_node("melanoma", None)
    assert not words.is_node("lymph node", "否")
    assert words.is_node("neck", "yes")


# --- best response and rates ---------------------------------------------------------------------------------------------


def say(*points, **rules):
    seen = [Point(*point) for point in points]
    return best.unconfirmed(seen, Rules(**rules)).response, best.confirmed(seen, Rules(**rules)).response


def test_confirmation_and_the_minimum_of_stable_disease():
    assert say((56, "PR"), (84, "PR")) == ("PR", "PR")
    assert say((56, "PR"), (83, "PR")) == ("PR", "SD")
    assert say((56, "PR"), (70, "NE"), (84, "PR")) == ("PR", "PR")
    assert say((56, "PR"), (70, "NE"), (77, "NE"), (84, "PR")) == ("PR", "SD")
    assert say((30, "PR"), (56, "PD")) == ("PR", "PD")
    assert say((30, "PR"), (56, "NE")) == ("PR", "NE")
    assert say((30, "SD"), (56, "PD")) == ("PD", "PD")
    assert say((41, "SD")) == ("NE", "NE")
    assert say((42, "SD")) == ("SD", "SD")
    assert say((56, "CR"), (112, "CR")) == ("CR", "CR")
    assert say((56, "PR"), (112, "CR")) == ("CR", "PR")
    assert say((56, "PD"), (112, "CR")) == ("PD", "PD")
    assert say((56, "PD"), (112, "CR"), after_progression="counted") == ("CR", "SD")
    assert say() == ("MISSING", "MISSING")
    assert say((60, "NON-CR/NON-PD")) == ("NON-CR/NON-PD", "NON-CR/NON-PD")


def test_complete_then_partial_is_what_the_named_option_says():
    history = [(30, "CR"), (70, "PR")]
    assert say(*history, cr_then_pr="pd") == ("CR", "PD")
    assert say(*history, cr_then_pr="not_confirming") == ("CR", "SD")
    assert say(*history, cr_then_pr="pr") == ("CR", "PR")


def test_rates_count_the_missing_as_non_responders_and_show_the_evaluable():
    rows = [{"best": "CR", "confirmed_best": "CR", "evaluable": True}] * 2
    rows += [{"best": "PR", "confirmed_best": "PR", "evaluable": True}] * 22
    rows += [{"best": "PR", "confirmed_best": "SD", "evaluable": True}]
    rows += [{"best": "SD", "confirmed_best": "SD", "evaluable": True}] * 7
    rows += [{"best": "PD", "confirmed_best": "PD", "evaluable": True}] * 7
    rows += [{"best": "MISSING", "confirmed_best": "MISSING", "evaluable": False}]
    found = {(r["endpoint"], r["confirmed"], r["population"], r["method"]): r for r in rates(rows, 0.05)}

    def rounded(*key):
        row = found[key]
        return row["responders"], row["n"], *(round(row[name], 1) for name in ("percent", "ci_low", "ci_high"))

    assert rounded("ORR", True, "all treated", "clopper-pearson") == (24, 40, 60.0, 43.3, 75.1)
    assert rounded("ORR", True, "all treated", "wilson") == (24, 40, 60.0, 44.6, 73.7)
    assert rounded("DCR", True, "all treated", "clopper-pearson") == (32, 40, 80.0, 64.4, 90.9)
    assert rounded("DCR", True, "all treated", "wilson") == (32, 40, 80.0, 65.2, 89.5)
    assert rounded("ORR", False, "evaluable", "wilson")[:2] == (25, 39)


# --- any history ---------------------------------------------------------------------------------------------------------

DIAMETERS = st.one_of(st.none(), st.just(0.0), st.integers(1, 900).map(lambda tenths: tenths / 10))
STATES = st.sampled_from([None, "absent", "present", "progression"])


@st.composite
def histories(draw):
    targets = [
        response.Target(f"L{i}", "organ", draw(st.booleans()), draw(st.integers(100, 900)) / 10)
        for i in range(draw(st.integers(0, 4)))
    ]
    nontargets = [f"N{i}" for i in range(draw(st.integers(0, 2)))]
    days = sorted(draw(st.sets(st.integers(1, 400), max_size=7)))
    return (
        targets,
        nontargets,
        [
            response.Assessment(
                number,
                f"day {number}",
                {t.name: draw(DIAMETERS) for t in targets},
                {name: draw(STATES) for name in nontargets},
                {"X": draw(st.sampled_from(["equivocal", "unequivocal"]))} if draw(st.integers(0, 5)) == 0 else {},
            )
            for number in days
        ],
    )


@settings(max_examples=150, deadline=None)
@given(histories(), st.booleans())
def test_any_history_keeps_to_the_criteria(history, reappearance):
    targets, nontargets, assessments = history
    points = response.evaluate("baseline", targets, nontargets, assessments, reappearance_is_progression=reappearance)
    assert [p.day for p in points] == sorted(a.day for a in assessments)
    for one, two in itertools.pairwise(points):
        if targets:
            assert two.nadir_mm <= one.nadir_mm
    for point, found in zip(points, assessments, strict=True):
        measured = round(sum(v for v in found.targets.values() if v is not None), 6)
        if point.target == "PD":
            assert measured - point.nadir_mm >= 5 - 1e-6
            assert measured >= 1.2 * point.nadir_mm - 1e-6
        if point.target in ("PD", "NE") or point.n_missing:
            assert point.target != "CR"
        if point.n_missing:
            assert point.sum_mm is None
            assert point.target in ("NE", "PD")
        if point.nontarget == "PD" or point.new_lesion == "yes" or point.target == "PD":
            assert point.overall == "PD"
        if point.overall == "CR":
            assert point.nontarget in ("CR", "none")
            assert point.target in ("CR", "none")
        assert point.reason.startswith(f"{point.overall}: ")


POINTS = st.lists(st.tuples(st.integers(1, 400), st.sampled_from(best.RESPONSES)), max_size=8, unique_by=lambda p: p[0])
RULES = st.builds(
    Rules,
    confirm_days=st.integers(0, 60),
    stable_days=st.integers(0, 90),
    confirm_over_ne=st.integers(0, 2),
    confirm_over_sd=st.booleans(),
    cr_then_pr=st.sampled_from(["pd", "not_confirming", "pr"]),
    after_progression=st.sampled_from(["ignored", "counted"]),
)


@settings(max_examples=200, deadline=None)
@given(POINTS, RULES, st.randoms())
def test_best_is_never_worse_than_confirmed_and_the_order_of_rows_does_not_matter(points, rules, random):
    seen = [Point(*point) for point in points]
    shuffled = list(seen)
    random.shuffle(shuffled)
    first, proven = best.unconfirmed(seen, rules), best.confirmed(seen, rules)
    assert (first, proven) == (best.unconfirmed(shuffled, rules), best.confirmed(shuffled, rules))
    assert best.ORDER.index(first.response) <= best.ORDER.index(proven.response)
    if proven.response in best.OBJECTIVE:
        assert proven.day is not None
        assert any(point.day - proven.day >= rules.confirm_days for point in seen)


@settings(max_examples=20, deadline=None)
@given(histories(), st.randoms())
def test_the_order_of_the_sheets_rows_does_not_matter(history, random):
    targets, nontargets, assessments = history
    rows = [
        (-5, t.name, "target", f"{t.name} lymph node" if t.node else t.name, str(t.diameter), None) for t in targets
    ]
    rows += [(-5, name, "non-target", "lung", None, "present") for name in nontargets]
    for found in assessments:
        for target in targets:
            value = found.targets[target.name]
            organ = f"{target.name} lymph node" if target.node else target.name
            state = "not evaluable" if value is None else None
            rows.append((found.day, target.name, "target", organ, None if value is None else str(value), state))
        rows += [(found.day, n, "non-target", "lung", None, s or "NE") for n, s in found.nontargets.items()]
        rows += [(found.day, n, "new", "lung", None, s) for n, s in found.new.items()]
    table = pd.DataFrame(
        [["sub-01", "A1", pd.Timestamp(START), *[pd.NaT] * 4]],
        columns=["participant_id", "patient_id", "treatment_start", "treatment_end", "last_contact", "death",
                 "new_therapy_start"],
    ).astype({"participant_id": "string", "patient_id": "string"})  # fmt: skip
    shuffled = list(rows)
    random.shuffle(shuffled)
    one, _ = study(table).from_lesions(lesion_sheet(rows))
    two, _ = study(table).from_lesions(lesion_sheet(shuffled))
    assert one == two


def test_the_sheet_names_all_missing_columns_at_once(people):
    from adcohort.errors import StudyError

    with pytest.raises(StudyError, match="lesion, role, organ, diameter_mm"):
        sheet.read(pd.DataFrame({"patient_id": [], "date": []}, dtype="string"), people, SETTINGS, sheet.Notes(VISITS))


def test_a_baseline_outside_every_window_is_used_and_marked(people):
    points, notes = judged(people, [(-40, "A", "target", "lung", "30", None), (50, "A", "target", "lung", "10", None)])
    assert points[50]["overall"] == "PR"
    assert [(note["reason"], note["decision"]) for note in notes] == [(Reason.OUTSIDE_EVERY_WINDOW, "flagged")]
