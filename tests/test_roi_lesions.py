"""Lesions keep their identity over visits, and participants get one honest ADC."""

import pytest
from adcohort.errors import StudyError
from adcohort.roi import gather, lesions, levels
from adcohort.roi.sources import Person
from hypothesis import given, settings
from hypothesis import strategies as st

ORDER = ["baseline", "month1", "month3"]
OPTIONS = {
    "reader": None,
    "baseline": None,
    "runs": "first",
    "weights": "baseline volume",
    "repeatability": {"percent": 15.0, "interval": [11, 23], "source": "x"},
    "lesion_names": {},
}


def row(label, adc=1.0, volume=2.0, **more):
    base = {"acquisition": "epi", "run": 1, "reader": "R1", "session": "", "lesion": label, "label": label}
    base |= {"tracking": "", "status": "measured", "reason": "", "flags": [], "scanner": "A", "b_values": "0 800"}
    return base | {"adc_mean": adc, "volume_ml": volume, "n_voxels": 9, "n_usable": 9} | more


def person(visits, response=None, scans=None):
    days = {"baseline": -3, "month1": 30, "month3": 90}
    measured, accepted = {}, {}
    for visit, rows in visits.items():
        runs = sorted({(one["acquisition"], one["run"]) for one in rows}) or [("epi", 1)]
        scan = (scans or {}).get(visit, {"scanner": "A", "b_values": [0, 800]})
        accepted[visit] = {
            "day": days[visit],
            "runs": [{"acquisition": a, "run": r, "primary": a == "epi", **scan} for a, r in runs],
        }
        measured[visit] = {"day": days[visit], "rows": rows, "problems": [], "overlaps": []}
    return Person("sub-01", accepted, measured, response or {})


def collect(visits, response=None, scans=None, **options):
    return gather.gather([person(visits, response, scans)], ORDER, OPTIONS | options)


def by_visit(rows, *names):
    return {one["visit"]: tuple(one[name] for name in names) for one in rows}


def test_the_value_stands_still_when_no_lesion_changes():
    # 10 mL at 1.0 and 10 mL at 1.6; the first shrinks to 2 mL and no ADC moves
    visits = {"baseline": [row("L1", 1.0, 10), row("L2", 1.6, 10)], "month1": [row("L1", 1.0, 2), row("L2", 1.6, 10)]}
    found = by_visit(collect(visits).participants, "adc", "adc_current_volumes", "change_pct")
    assert found["month1"] == (pytest.approx(1.3), pytest.approx(1.5), pytest.approx(0))
    moved = by_visit(collect(visits, weights="current volume").participants, "adc")
    assert moved["month1"] == (pytest.approx(1.5),)
    assert by_visit(collect(visits, weights="largest lesion").participants, "adc", "lesions")["month1"] == (1.6, "L2")


def test_a_lesion_that_is_gone_leaves_both_sides_of_the_comparison():
    visits = {"baseline": [row("L1", 1.0, 10), row("L2", 1.6, 30)], "month1": [row("L1", 1.2, 8)]}
    found = collect(visits, response={"L2": {"month1"}})
    value = by_visit(found.participants, "status", "adc", "adc_baseline", "change_pct", "lesions")
    assert value["month1"] == ("matched", 1.2, 1.0, pytest.approx(20), "L1")
    assert value["baseline"] == ("baseline", pytest.approx(1.45), pytest.approx(1.45), None, "L1; L2")
    states = {(one["lesion"], one["visit"]): one["status"] for one in found.roi}
    assert states["L2", "month1"] == "resolved"
    assert states["L2", "month3"] == "not imaged"
    assert [one["response_lesion"] for one in found.lesions] == ["", "L2"]


def test_a_lesion_without_a_region_is_not_drawn_unless_something_says_that_it_is_gone():
    visits = {"baseline": [row("L1")], "month1": [], "month3": [row("L1", status="resolved", adc_mean=None)]}
    found = collect(visits)
    assert found.lesions[0]["course"] == "baseline=measured; month1=not drawn; month3=resolved"
    assert {(one["visit"], one["reason"]) for one in found.exclusions} >= {("month1", "lesion not drawn")}


def test_tracking_ties_renamed_regions_and_says_so():
    visits = {"baseline": [row("L1", tracking="t1")], "month1": [row("node", 1.1, tracking="t1")]}
    found = collect(visits)
    assert [(one["lesion"], one["renamed"], one["identified_by"]) for one in found.lesions] == [
        ("L1", True, "tracking")
    ]
    assert by_visit(found.roi, "lesion", "flags")["month1"] == ("L1", "renamed")
    assert any(one["reason"] == "renamed" for one in found.exclusions)


def test_two_lesions_of_one_name_with_different_tracking_stay_two():
    rows = [row("node", 1.0, tracking="t1"), row("node", 1.5, tracking="t2")]
    found = collect({"baseline": rows})
    assert [one["lesion"] for one in found.lesions] == ["node", "node (2)"]


def test_a_new_lesion_is_flagged_and_not_in_the_value():
    found = collect({"baseline": [row("L1")], "month1": [row("L1", 1.2), row("L9", 3.0, 50)]})
    assert by_visit(found.participants, "adc", "n_measured")["month1"] == (1.2, 2)
    assert [(one["lesion"], one["new"]) for one in found.lesions] == [("L1", False), ("L9", True)]


def test_without_a_baseline_the_value_says_so_and_has_no_change():
    found = collect({"month1": [row("L1", 1.2, 2), row("L2", 1.5, 4)]})
    assert by_visit(found.participants, "status", "adc", "change_pct")["month1"] == (
        "no baseline",
        pytest.approx(1.4),
        None,
    )


def test_change_and_the_repeatability_coefficient():
    visits = {"baseline": [row("L1", 1.0)], "month1": [row("L1", 1.2)], "month3": [row("L1", 1.3)]}
    found = collect(visits)
    for table in (found.roi, found.participants):
        verdict = by_visit(table, "change_pct", "exceeds_repeatability", "exceeds_upper_limit")
        assert verdict["month1"] == (pytest.approx(20), True, False)
        assert verdict["month3"] == (pytest.approx(30), True, True)
        assert verdict["baseline"] == (None, None, None)
    bare = collect(visits, repeatability=None)
    assert by_visit(bare.roi, "exceeds_repeatability")["month3"] == (None,)


def test_a_changed_scanner_is_told():
    scans = {"month1": {"scanner": "B", "b_values": [0, 500]}}
    visits = {"baseline": [row("L1")], "month1": [row("L1", scanner="B", b_values="0 500")]}
    found = collect(visits, scans=scans)
    assert by_visit(found.participants, "flags")["month1"] == ("scanner changed; b values changed",)
    assert by_visit(found.roi, "flags")["month1"] == ("scanner changed; b values changed",)
    assert {one["reason"] for one in found.exclusions} == {"scanner changed", "b values changed"}


def test_readers():
    two = [row("L1", 1.0), row("L1", 1.4, reader="R2"), row("L1", 1.1, session="2")]
    found = collect({"baseline": two}, reader="R1")
    assert [one["adc_mean"] for one in found.roi if one["primary"] and one["status"] == "measured"] == [1.0]
    assert by_visit(found.participants, "adc", "reader")["baseline"] == (1.0, "R1")
    with pytest.raises(StudyError, match=r"Name the primary one as roi\.reader"):
        collect({"baseline": two})
    with pytest.raises(StudyError, match="R9 has drawn no region"):
        collect({"baseline": two}, reader="R9")


@pytest.mark.parametrize("second", [{}, {"reader": ""}])
def test_two_regions_of_one_lesion_without_a_reader_are_an_error(second):
    with pytest.raises(StudyError, match="sub-01, visit baseline: 2 regions of lesion L1"):
        collect({"baseline": [row("L1"), row("L1", 1.4, **second)]})


def test_runs_first_or_mean():
    rows = [row("L1", 1.0), row("L1", 1.2, run=2), row("L1", 9.0, acquisition="other")]
    assert by_visit(collect({"baseline": rows}).participants, "adc", "runs")["baseline"] == (1.0, "1")
    mean = by_visit(collect({"baseline": rows}, runs="mean").participants, "adc", "runs")
    assert mean["baseline"] == (pytest.approx(1.1), "1 2")


def test_a_participant_without_a_region_is_told_at_every_scan():
    found = collect({"baseline": [], "month1": []})
    assert [(one["visit"], one["reason"]) for one in found.exclusions] == [
        ("baseline", "no region drawn"),
        ("month1", "no region drawn"),
    ]
    assert by_visit(found.participants, "status", "adc") == {
        "baseline": ("no lesion", None),
        "month1": ("no lesion", None),
    }


LESIONS = st.dictionaries(
    st.sampled_from(["L1", "L2", "L3"]), st.tuples(st.floats(0.5, 2.5), st.floats(0.1, 50)), max_size=3
)


@settings(max_examples=100, deadline=None)
@given(LESIONS, LESIONS, st.sampled_from(["baseline volume", "current volume", "equal", "largest lesion"]))
def test_a_participants_value_lies_between_its_lesions(now, before, weights):
    shaped = [{name: {"adc": adc, "volume": volume} for name, (adc, volume) in one.items()} for one in (now, before)]
    value = levels.participant_value(*shaped, weights, is_baseline=False)
    if value["adc"] is None:
        assert not now or (before and not set(now) & set(before))
        return
    used = [now[name][0] for name in value["lesions"]]
    assert min(used) - 1e-9 <= value["adc"] <= max(used) + 1e-9
    assert (value["adc_baseline"] is None) == (value["status"] == "no baseline")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(ORDER), st.sampled_from("ABC"), st.sampled_from(["", "t1", "t2"])),
        max_size=8,
        unique_by=lambda one: (one[0], one[1], one[2]),
    )
)
def test_every_region_belongs_to_exactly_one_lesion(drawn):
    rows = [row(label, visit=visit, tracking=tracking) for visit, label, tracking in drawn]
    found = lesions.identify(rows, ORDER)
    names = [lesion.name for lesion in found]
    assert len({name.casefold() for name in names}) == len(names)
    assert {one["lesion"] for one in rows} == set(names)
    tracked = {}
    for one in rows:
        if one["tracking"]:
            assert tracked.setdefault(one["tracking"], one["lesion"]) == one["lesion"]


def test_a_baseline_that_is_no_visit_is_told():
    with pytest.raises(StudyError, match=r"roi\.baseline: 'start' is no visit"):
        collect({"baseline": [row("L1")]}, baseline="start")


def test_names_of_the_config_win_for_all_or_for_one():
    from adcohort.roi.measure import lesion_name, reader_label, shown

    names = {"left": "L1", "sub-02": {"left": "L7"}}
    assert lesion_name("left", "sub-01", names) == "L1"
    assert lesion_name("left", "sub-02", names) == "L7"
    assert lesion_name("  right  node ", "sub-02", names) == "right node"
    assert reader_label("R1", {}) == "R1"
    assert reader_label("Wang^Li", {"Wang^Li": "R2"}) == "R2"
    assert "Wang" not in reader_label("Wang^Li", {})
    assert shown("0012345 left node", ["0012345"]) == "patient left node"
