"""Figures: their files, the words made from their numbers, odd texts, empty tables, the same bytes for the same numbers."""

import itertools
import json
import warnings

import fake_results
import numpy as np
import pandas as pd
import pytest
from adcohort import tables
from adcohort.figures import (
    adc_course,
    adverse_events,
    before_after,
    canvas,
    changes,
    flow,
    gallery,
    lesions,
    survival,
    words,
)
from adcohort.roi.overlays import Seen
from adcohort.roi.pictures import Volume
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot
from PIL import Image

TITLES = {"serum": "Serum markers", "immune": "T-cell subsets", "quality_of_life": "SF-36", "imaging": "Diffusion MRI"}


def read(results, stage, name):
    return tables.read(results / f"{name}.tsv", stage)


def all_drawings(results):
    """Every figure of a complete study, as the three programs draw them."""
    paired, endpoints = (read(results, "statistics", f"statistics/{name}") for name in ("paired", "endpoints"))
    trend = read(results, "statistics", "statistics/trend")
    best, timepoints = (read(results, "response", f"response/{name}") for name in ("best", "timepoints"))
    summary, curve = (read(results, "response", f"statistics/{name}") for name in ("pfs", "pfs_curve"))
    days = pd.DataFrame({"participant_id": best["participant_id"]})
    for column in ("treatment_end", "last_contact", "death", "new_therapy_start"):
        days[column] = pd.Series([200] * len(days), dtype="Int64")
    yield flow.draw(read(results, "flow", "flow/flow"), list(fake_results.VISITS))
    yield from (lesions.waterfall(best), lesions.spider(timepoints, best), lesions.swimmer(best, days))
    yield survival.draw("PFS", curve[curve["endpoint"] == "PFS"], summary[summary["endpoint"] == "PFS"])
    worst = read(results, "adverse_events", "adverse_events/worst_grades")
    yield adverse_events.draw(worst, read(results, "adverse_events", "statistics/adverse_event_incidence"))
    yield adc_course.draw(read(results, "roi", "roi/participants"), trend[trend["endpoint"] == "ADC"])
    for family, title in TITLES.items():
        yield before_after.draw(family, title, paired[paired["family"] == family], endpoints)
    yield changes.draw(paired, TITLES)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    fake_results.build(folder, n=16)
    return folder


@pytest.fixture(scope="module")
def drawn(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing")
        for drawing in all_drawings(results):
            canvas.write(drawing, folder)
    return folder


def test_every_figure_has_all_its_files_and_prints_at_300_dpi(drawn):
    names = {path.name.removesuffix(".caption.json") for path in drawn.glob("*.caption.json")}
    assert names == {
        "flow",
        "waterfall",
        "spider",
        "swimmer",
        "kaplan_meier_pfs",
        "adverse_events",
        "adc_over_time",
        "changes",
        *(f"before_after_{family}" for family in TITLES),
    }
    for name in names:
        said = json.loads((drawn / f"{name}.caption.json").read_text())
        assert all(said[key] for key in ("title", "caption", "alt"))
        with Image.open(drawn / f"{name}.png") as picture:
            assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)
            assert picture.width <= 183 / 25.4 * 300 + 1, "wider than the page"
        for suffix in (".svg", ".pdf", ".tsv", ".json"):
            assert (drawn / name).with_suffix(suffix).stat().st_size > 0


def test_the_same_numbers_give_the_same_bytes(results, drawn, tmp_path):
    for drawing in itertools.islice(all_drawings(results), 3):
        canvas.write(drawing, tmp_path)
    pyplot.close("all")
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (drawn / path.name).read_bytes(), path.name


def test_captions_hold_the_numbers_of_their_tables(results, drawn):
    incidence = read(results, "adverse_events", "statistics/adverse_event_incidence")
    top = incidence[(incidence["grades"] == "any") & (incidence["percent"] > 20)]
    caption = json.loads((drawn / "adverse_events.caption.json").read_text())["caption"]
    for _, row in top.iterrows():
        assert f"{row['term']} {row['percent']:.1f} %" in caption
    best = read(results, "response", "response/best")
    caption = json.loads((drawn / "waterfall.caption.json").read_text())["caption"]
    assert f"{best['best_pct'].notna().sum()} participants" in caption
    assert f"{(best['best_pct'] <= -30).sum()} of them" in caption


def test_the_data_beside_a_figure_are_what_is_drawn(results, drawn):
    rows = tables.read(drawn / "before_after_serum.tsv", "figures", "before_after")
    endpoints = read(results, "statistics", "statistics/endpoints").set_index(["participant_id", "endpoint", "visit"])[
        "value"
    ]
    assert len(rows) == 4 * 16
    for _, row in rows.sample(8, random_state=1).iterrows():
        who = (row["participant_id"], row["endpoint"])
        assert row["value_before"] == endpoints[(*who, "baseline")]
        assert row["value_after"] == endpoints[(*who, "month6")]


@pytest.mark.parametrize(
    "text", ["甲状腺癌（疗效）", "$x^2$ \\frac", "a" * 10_000, "<script>", "\u202eabc", "100 %_{", "\t\n"]
)
def test_odd_texts_are_drawn_as_they_stand(tmp_path, text):
    results = tmp_path / "results"
    fake_results.build(results, n=4, stages={"adverse_events"}, odd=text)
    worst = read(results, "adverse_events", "adverse_events/worst_grades")
    drawing = adverse_events.draw(worst, read(results, "adverse_events", "statistics/adverse_event_incidence"))
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Glyph .* missing")
        canvas.write(drawing, tmp_path / "figures")
    assert (tmp_path / "figures/adverse_events.png").stat().st_size > 1000


def test_empty_tables_give_a_figure_that_says_why():
    none = {
        name: pd.DataFrame(columns=list(tables.columns(stage, name)))
        for stage, name in [
            ("statistics", "paired"),
            ("statistics", "endpoints"),
            ("response", "best"),
            ("response", "timepoints"),
            ("response", "pfs"),
            ("response", "pfs_curve"),
            ("adverse_events", "worst_grades"),
            ("adverse_events", "adverse_event_incidence"),
            ("roi", "participants"),
            ("flow", "flow"),
        ]
    }
    days = pd.DataFrame(columns=["participant_id", "treatment_end", "last_contact", "death", "new_therapy_start"])
    made = [
        before_after.draw("serum", "Serum markers", none["paired"], none["endpoints"]),
        changes.draw(none["paired"], TITLES),
        lesions.waterfall(none["best"]),
        lesions.spider(none["timepoints"], none["best"]),
        lesions.swimmer(none["best"], days),
        survival.draw("DOR", none["pfs_curve"], none["pfs"]),
        adverse_events.draw(none["worst_grades"], none["adverse_event_incidence"]),
        adc_course.draw(none["participants"]),
        gallery.draw({}, none["participants"], [], {}),
        flow.draw(none["flow"], ["baseline"]),
    ]
    assert all(drawing.caption for drawing in made)
    pyplot.close("all")


def test_the_gallery_shows_the_slice_with_most_of_the_lesion(tmp_path):
    values = np.full((20, 24, 6), 1.0, np.float32)
    mask = np.zeros(values.shape, bool)
    mask[5:8, 6:9, 3] = mask[5, 6, 2] = True
    seen = Seen("baseline", -3, Volume(values, np.array([2.0, 2.0, 4.0])), None, [], {"L1": {"R1": mask}})
    rows = pd.DataFrame({"participant_id": ["sub-01"], "visit": ["baseline"], "adc": [1.0]})
    drawing = gallery.draw({"sub-01": {"baseline": seen}}, rows, ["baseline", "month1"], {"sub-01": "PR"})
    canvas.write(drawing, tmp_path)
    table = tables.read(tmp_path / "adc_gallery.tsv", "figures")
    assert table[["slice", "day", "response"]].to_numpy().tolist() == [[4, -3, "PR"]]


def test_the_gallery_is_spread_over_the_change_and_not_picked():
    people = [f"sub-{i:02d}" for i in range(1, 10)]
    rows = pd.DataFrame(
        {"participant_id": who, "visit": visit, "adc": 1.0, "change_pct": 0.0 if visit == "a" else float(place)}
        for place, who in enumerate(people)
        for visit in ("a", "b")
    )
    assert gallery.choose(rows, ["a", "b"], most=3) == ["sub-09", "sub-05", "sub-01"]
    assert gallery.choose(rows.head(0), ["a", "b"]) == []


def luminance(colour):
    return np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def test_colours_of_the_responses_differ_for_every_common_kind_of_colour_vision():
    # Machado, Oliveira and Fernandes 2009, severity 1.0; applied to the linear values
    kinds = {
        "normal": np.eye(3),
        "deuteranopia": np.array(
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
        ),
        "protanopia": np.array(
            [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
        ),
    }
    shown = {name: canvas.RESPONSE_COLOURS[name] for name in ("CR", "PR", "SD", "PD", "NE")}
    for kind, matrix in kinds.items():
        for (one, a), (two, b) in itertools.combinations(shown.items(), 2):
            distance = np.linalg.norm(matrix @ luminance(a) - matrix @ luminance(b))
            assert distance > 0.15, f"{one} and {two} look alike ({kind})"


@given(st.floats(0, 1))
def test_a_p_value_is_never_printed_as_zero_or_one_too_exact(p):
    said = words.p_value(p)
    assert said == "< 0.001" if p < 0.001 else float(said) >= 0.001
    assert len(said) <= 7


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_numbers_have_a_true_minus_and_no_negative_zero(value, digits):
    said = words.number(value, digits)
    assert "-" not in said
    assert float(said.replace("−", "-")) == pytest.approx(round(value, digits), abs=10**-digits)
    assert said.replace("−", "").strip("0.") or not said.startswith("−")


@given(st.floats(-5, 5), st.floats(0.01, 5), st.sampled_from([0.0, 1.0]))
def test_a_direction_is_claimed_only_when_the_interval_says_so(estimate, half, null):
    row = {
        "estimate": estimate,
        "ci_low": estimate - half,
        "ci_high": estimate + half,
        "null_value": null,
        "estimator": "mean",
    }
    said = words.direction(row)
    assert (said == "rose") == (row["ci_low"] > null)
    assert (said == "fell") == (row["ci_high"] < null)
    row |= {"ci_low": null, "ci_high": null + half}
    assert words.direction(row) == "rose, interval reaching no change"


def test_a_share_of_falls_above_one_half_is_a_fall():
    row = {"estimate": 0.8, "ci_low": 0.6, "ci_high": 0.9, "null_value": 0.5, "estimator": "share of falls"}
    assert words.direction(row) == "fell"
    assert words.estimate(row) == "80 % fell (60 to 90)"


@pytest.mark.slow
def test_a_thousand_participants_stay_small_files(tmp_path):
    fake_results.build(tmp_path / "results", n=1000)
    for drawing in all_drawings(tmp_path / "results"):
        canvas.write(drawing, tmp_path / "figures")
    assert max(path.stat().st_size for path in (tmp_path / "figures").glob("*.svg")) < 3_000_000
