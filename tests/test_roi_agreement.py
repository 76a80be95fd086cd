"""Readers' agreement against published numbers."""

import numpy as np
import pytest
from adcohort.roi import agreement
from hypothesis import given, settings
from hypothesis import strategies as st

# Shrout and Fleiss 1979, table 2: six subjects, four judges
JUDGES = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]])


def test_intraclass_correlations_are_those_of_shrout_and_fleiss():
    # their table 4; intervals as R's psych::ICC prints them for these data
    assert agreement.icc(JUDGES, "ICC(2,1)") == pytest.approx((0.29, 0.019, 0.76), abs=0.005)
    assert agreement.icc(JUDGES, "ICC(3,1)") == pytest.approx((0.71, 0.34, 0.95), abs=0.005)


def test_a_constant_shift_lowers_agreement_and_not_consistency():
    one = np.array([1.0, 1.2, 1.5, 0.9, 1.1])
    both = np.column_stack([one, one + 0.3])
    assert agreement.icc(both, "ICC(3,1)")[0] == pytest.approx(1)
    assert agreement.icc(both, "ICC(2,1)")[0] < 0.7
    assert agreement.icc(np.column_stack([one, one]), "ICC(2,1)") == pytest.approx((1, 1, 1))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.5, 2), st.floats(0.5, 2)), min_size=3, max_size=30))
def test_limits_hold_the_bias_and_grow_with_the_interval(pairs):
    one, two = np.array(pairs).T
    found = agreement.limits(one, two)
    assert found["bias"] == pytest.approx((two - one).mean())
    assert found["loa_high"] - found["bias"] == pytest.approx(1.959964 * (two - one).std(ddof=1), rel=1e-6)
    assert (
        found["loa_low_ci_low"] <= found["loa_low"] <= found["bias"] <= found["loa_high"] <= found["loa_high_ci_high"]
    )


def row(lesion, reader, value, visit="baseline", session=""):
    return {
        "participant_id": "sub-01",
        "visit": visit,
        "reader": reader,
        "session": session,
        "lesion": lesion,
        "status": "measured",
        "adc_mean": value,
        "volume_ml": 10 * value,
    }


def test_every_pair_is_compared_at_each_visit_and_over_all():
    rows = [row(f"L{n}", reader, n + shift) for n in range(4) for reader, shift in (("R1", 0.0), ("R2", 0.1))]
    rows += [row("L9", "R1", 1.0), row("L0", "R1", 1.0, "month1")]
    rows += [row(f"L{n}", "R1", n + 0.02 * n, session="2") for n in range(3)]
    overlap = {"participant_id": "sub-01", "visit": "baseline", "lesion": "L0", "reader_a": "R1", "session_a": ""}
    overlaps = [overlap | {"reader_b": "R2", "session_b": "", "dice": dice} for dice in (0.8, 0.9)]
    found = agreement.compare(rows, overlaps, ["baseline", "month1"])
    between = [one for one in found if one["comparison"] == "between" and one["measure"] == "adc_mean"]
    first = next(one for one in between if one["session_a"] == "" and one["visit"] == "baseline")
    assert (first["n"], first["only_a"], first["icc_form"], first["bias"]) == (4, 1, "ICC(2,1)", pytest.approx(0.1))
    assert (first["dice_mean"], first["dice_min"]) == (pytest.approx(0.85), 0.8)
    assert {one["visit"] for one in between} == {"baseline", "all"}
    within = next(one for one in found if one["comparison"] == "within" and one["measure"] == "adc_mean")
    assert (within["icc_form"], within["n"]) == ("ICC(3,1)", 3)


def test_too_few_lesions_give_no_correlation():
    rows = [row(f"L{n}", reader, n + 1.0) for n in range(2) for reader in ("R1", "R2")]
    found = agreement.compare(rows, [], ["baseline"])
    assert {one["status"] for one in found} == {"too few"}
    assert all(one["icc"] is None and one["loa_low"] is None for one in found)
