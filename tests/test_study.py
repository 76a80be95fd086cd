"""The study's description: one clear message for each mistake, all of them at once."""

import copy
from pathlib import Path

import pytest
import yaml
from adcohort import study
from adcohort.errors import StudyError
from hypothesis import given
from hypothesis import strategies as st

HOME = Path(__file__).parents[1]
RULES = study.schema(HOME / "config/schema")
EXAMPLE = yaml.safe_load((HOME / "config/config.yaml").read_text(encoding="utf-8"))


def problems(change) -> str:
    config = copy.deepcopy(EXAMPLE)
    change(config)
    with pytest.raises(StudyError) as error:
        study.checked(config, RULES)
    return str(error.value)


def test_the_example_is_a_valid_study_and_its_own_fixed_point():
    once = study.checked(EXAMPLE, RULES)
    assert study.checked(once, RULES) == once


def test_an_unknown_key_names_itself_and_the_nearest_known_one():
    text = problems(lambda config: config.update(visit={}, partcipants="x"))
    assert "'visit'" in text
    assert "Did you mean 'participants'?" in text


def test_an_unknown_key_inside_a_stage_is_found_too():
    assert "ingest: unknown key 'dcm'" in problems(lambda config: config.update(ingest={"dicom": "dicom", "dcm": 1}))


def test_a_missing_key_is_named():
    assert "key 'participants' is missing" in problems(lambda config: config.pop("participants"))


def test_windows_that_overlap_or_cross_the_start_are_refused():
    def overlap(config):
        config["visits"]["month1"]["window"] = [1, 60]

    def cross(config):
        config["visits"]["baseline"]["window"] = [-28, 3]

    def backwards(config):
        config["visits"]["month6"]["window"] = [240, 135]

    assert "overlap" in problems(overlap)
    assert "never baseline" in problems(cross)
    assert "Swap them" in problems(backwards)


def test_a_day_outside_its_own_window_is_refused():
    assert "day 20 is not in its window" in problems(lambda config: config["visits"]["baseline"].update(day=20))


def test_a_key_that_yaml_reads_as_a_number_is_named():
    text = problems(lambda config: config.update(visits={1: {"day": 0, "window": [-3, 0]}}))
    assert text == "config: visits.1: this key is a number or a date. Put it in quotes."


def test_the_visits_stand_in_the_order_of_their_days():
    config = copy.deepcopy(EXAMPLE)
    config["visits"] = dict(reversed(config["visits"].items()))
    assert list(study.checked(config, RULES)["visits"]) == ["baseline", "month1", "month3", "month6"]


def test_the_order_of_the_visits_is_kept_and_that_of_the_other_keys_is_not():
    given = {
        "visits": {"pre": {"window": [0, 0], "day": 0}, "post": {"day": 9, "window": [9, 9]}},
        "roi": {"b": 1, "a": 2},
    }
    tidy = study.in_standard_order(given)
    assert [list(tidy), list(tidy["visits"]), list(tidy["visits"]["pre"]), list(tidy["roi"])] == [
        ["roi", "visits"],
        ["pre", "post"],
        ["day", "window"],
        ["a", "b"],
    ]


def test_a_visit_name_that_is_no_label_is_refused():
    assert "month 1" in problems(lambda config: config["visits"].update({"month 1": {"day": 3, "window": [300, 301]}}))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda s: st.lists(s, max_size=3) | st.dictionaries(st.text(max_size=8), s, max_size=3),
        max_leaves=8,
    )
)
def test_any_value_of_any_key_is_valid_or_refused_in_words(value):
    for key in ("title", "visits", "characteristics", "ingest", "labs", "statistics"):
        try:
            study.checked(EXAMPLE | {key: value}, RULES)
        except StudyError as error:
            assert str(error)


def every_schema(rules, path=""):
    yield path, rules
    for key, sub in rules.get("properties", {}).items():
        yield from every_schema(sub, f"{path}.{key}")
    for name in ("items", "additionalProperties"):
        if isinstance(rules.get(name), dict):
            yield from every_schema(rules[name], f"{path}.*")


def test_each_key_is_documented_and_no_object_takes_unknown_keys():
    for path, rules in every_schema(RULES):
        if path:
            assert rules.get("description") or path.endswith(".*") or "$ref" in rules, f"{path} has no description"
        if rules.get("type") == "object":
            assert "additionalProperties" in rules, f"{path} takes unknown keys"


def test_each_default_is_valid():
    from jsonschema import Draft202012Validator

    for path, rules in every_schema(RULES):
        if "default" in rules:
            closed = {"$defs": RULES["$defs"]} | rules
            assert not list(
                Draft202012Validator(closed).iter_errors(study.with_defaults(copy.deepcopy(rules["default"]), rules))
            ), path
