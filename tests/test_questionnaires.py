"""Questionnaires: scores by keys that are data, against outside truth; what would be scored wrongly in silence stops."""

import csv
import json
import math
import sys
from pathlib import Path

import pytest
from adcohort import study, tables
from adcohort.errors import StudyError
from adcohort.questionnaires import evidence, keys, scoring
from hypothesis import given, settings
from hypothesis import strategies as st

import score_questionnaires

HOME = Path(__file__).parents[1]
VISITS = {"baseline": {"day": 0, "window": [-28, 0]}, "month1": {"day": 30, "window": [1, 59]}}
SCHEMA = study.schema(HOME / "config/schema")["properties"]["questionnaires"]
MOS = keys.load("sf36", "mos", "us1990")
RAND = keys.load("sf36", "rand", None)
QLQ = keys.load("qlq-c30", None, None)
VARIANT = keys.load("sf36-cn-910", "mos", None)
ALL = [MOS, RAND, QLQ, VARIANT]
WORST_IS_ONE = {"PF", "RP", "RE"}  # of the SF-36: answer 1 is the worst on all items


def of(key, answers, **options):
    return {score.code: score.score for score in scoring.scores(key, answers, **options)}


def answers_of(key, missing=False):
    """Any answers to a form; with `missing`, some of them left out."""

    def one(item):
        levels = st.integers(1, item.levels).map(float)
        return st.one_of(st.none(), levels) if missing else levels

    return st.fixed_dictionaries({number: one(item) for number, item in key.items.items()})


def at_end(key, scale, best):
    """The answers to a scale's items that give its highest (or lowest) final values."""
    pick = max if (scale.at_100 > scale.at_0) == best else min
    out = {}
    for item in scale.items:
        values = {
            level: scoring.item_values(key, {**out, item: float(level)})[item]
            for level in range(1, key.items[item].levels + 1)
        }
        out[item] = float(pick(values, key=lambda level: values[level]))
    return out


# -- outside truth ------------------------------------------------------------


def test_the_worked_case(real_data):
    folder = real_data / "clinical/sf36"
    items = next(csv.DictReader((folder / "case_items.csv").open(encoding="utf-8")))
    expected = next(csv.DictReader((folder / "case_expected.csv").open(encoding="utf-8")))
    found = of(MOS, {name.removeprefix("q"): float(answer) for name, answer in items.items()})
    assert found["PCS"] == pytest.approx(float(expected["PCS"]), abs=1e-6)
    assert found["MCS"] == pytest.approx(float(expected["MCS"]), abs=1e-6)


def published_value(row, scoring_name, answers):
    """Final value of an item by the published table, read independently of our key."""
    answer = int(answers[row["item"]])
    rule = row["mos_v1_final_item_value"] if scoring_name == "mos" else row["rand36_0_100"]
    if rule in ("x", "6-x", "7-x"):
        return {"x": answer, "6-x": 6 - answer, "7-x": 7 - answer}[rule]
    if row["item"] == "22" and scoring_name == "mos":
        pain = answers.get("21")
        if pain is None:
            return {1: 6, 2: 4.75, 3: 3.5, 4: 2.25, 5: 1}[answer]
        return {1: 6 if pain == 1 else 5, 2: 4, 3: 3, 4: 2, 5: 1}[answer]
    return float(dict(pair.split(":") for pair in rule.split(";"))[str(answer)])


@pytest.mark.parametrize("key", [MOS, RAND], ids=["mos", "rand"])
def test_item_values_and_scales_are_those_of_the_published_tables(real_data, key):
    folder = real_data / "clinical/sf36"
    with (folder / "sf36_v1_scoring_key.csv").open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    with (folder / "sf36_v1_scales.csv").open(encoding="utf-8", newline="") as stream:
        scales = {row["scale"]: row for row in csv.DictReader(stream)}
    assert {row["item"]: row["form_number"] for row in table} == {n: item.form for n, item in key.items.items()}
    assert {row["item"]: int(row["raw_max"]) for row in table} == {n: item.levels for n, item in key.items.items()}

    @settings(max_examples=40, deadline=None)
    @given(answers_of(key, missing=True))
    def check(answers):
        given_answers = {item: answer for item, answer in answers.items() if answer is not None}
        found = of(key, answers)
        for code, facts in scales.items():
            values = [
                published_value(row, key.scoring, given_answers)
                for row in table
                if row["scale"] == code and row["item"] in given_answers
            ]
            least = int(facts["min_answered_half_rule"]) if key.scoring == "mos" else 1
            if len(values) < least:
                assert found[code] is None
                continue
            mean = sum(values) / len(values)
            if key.scoring == "mos":
                raw = mean * int(facts["n_items"])
                mean = 100 * (raw - int(facts["raw_low"])) / int(facts["raw_range"])
            assert found[code] == pytest.approx(mean, abs=1e-8)

    check()


def test_norms_and_coefficients_are_the_published_ones(real_data):
    with (real_data / "clinical/sf36/sf36_norms_and_coefs.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            for norms, mean, sd in (
                ("us1990", "us1990_mean(v1 PCS/MCS)", "us1990_sd"),
                ("us1998", "us1998_v1_mean(one source)", "us1998_v1_sd"),
            ):
                pcs, mcs = keys.load("sf36", "mos", norms).components
                assert pcs.terms[row["scale"]] == (float(row["pcs_coef"]), float(row[mean]), float(row[sd]))
                assert mcs.terms[row["scale"]] == (float(row["mcs_coef"]), float(row[mean]), float(row[sd]))


def test_norms_never_meet_scores_that_they_do_not_belong_to():
    with pytest.raises(StudyError, match="belong to scoring mos"):
        keys.load("sf36", "rand", "us1990")
    with pytest.raises(StudyError, match="no norm set 'us1998_v2'"):
        keys.load("sf36", "mos", "us1998_v2")
    with pytest.raises(StudyError, match="has no norm set"):
        keys.load("qlq-c30", None, "us1990")


@settings(max_examples=40, deadline=None)
@given(answers_of(QLQ, missing=True))
def test_qlq_c30_by_the_formulas_of_its_manual(answers):
    functions = {"PF": [1, 2, 3, 4, 5], "RF": [6, 7], "EF": [21, 22, 23, 24], "CF": [20, 25], "SF": [26, 27]}
    symptoms = {"FA": [10, 12, 18], "NV": [14, 15], "PA": [9, 19], "DY": [8], "SL": [11], "AP": [13]}
    symptoms |= {"CO": [16], "DI": [17], "FI": [28], "QL": [29, 30]}
    found = of(QLQ, answers)
    assert set(found) == set(functions) | set(symptoms)
    for code, items in {**functions, **symptoms}.items():
        given_answers = [answers[str(item)] for item in items if answers[str(item)] is not None]
        if 2 * len(given_answers) < len(items):
            assert found[code] is None
            continue
        raw = sum(given_answers) / len(given_answers)
        spread = 6 if code == "QL" else 3
        share = (raw - 1) / spread
        assert found[code] == pytest.approx(100 * (1 - share if code in functions else share), abs=1e-8)


# -- properties ------------------------------------------------------------


@pytest.mark.parametrize("key", ALL, ids=lambda key: f"{key.instrument}-{key.scoring}")
@pytest.mark.parametrize("best", [True, False], ids=["best", "worst"])
def test_all_best_answers_are_100_and_all_worst_0(key, best):
    answers = {item: answer for scale in key.scales for item, answer in at_end(key, scale, best).items()}
    assert {of(key, answers)[s.code] for s in key.scales} == {100.0 if best else 0.0}


@pytest.mark.parametrize("key", ALL, ids=lambda key: f"{key.instrument}-{key.scoring}")
def test_scores_are_monotone_in_each_item_and_depend_on_no_other_scale(key):
    @settings(max_examples=25, deadline=None)
    @given(answers_of(key), st.sampled_from([item for scale in key.scales for item in scale.items]))
    def check(answers, item):
        runs = [of(key, {**answers, item: float(level)}) for level in range(1, key.items[item].levels + 1)]
        own = key.scale_of(item)
        path = [run[own] for run in runs]
        assert path in (sorted(path), sorted(path, reverse=True))
        assert path[0] != path[-1]
        assert all(run[s.code] == runs[0][s.code] for run in runs for s in key.scales if s.code != own)
        assert all(0 <= run[s.code] <= 100 for run in runs for s in key.scales)

    check()


@settings(max_examples=60, deadline=None)
@given(answers_of(MOS, missing=True))
def test_half_of_the_items_is_enough_and_less_is_not(answers):
    for score in scoring.scores(MOS, answers):
        scale = next((s for s in MOS.scales if s.code == score.code), None)
        if scale is None:
            complete = all(of(MOS, answers)[s.code] is not None for s in MOS.scales)
            assert (score.score is not None) == complete
            continue
        answered = sum(answers[item] is not None for item in scale.items)
        assert score.n_missing == len(scale.items) - answered
        assert (score.score is None) == (2 * answered < len(scale.items))
        assert ("too few items" in score.flags, "imputed" in score.flags) == (
            score.score is None,
            score.score is not None and answered < len(scale.items),
        )


def test_six_levels_go_linearly_to_0_to_100():
    scores = [of(VARIANT, {"32": float(level)})["SF"] for level in range(1, 7)]
    assert scores == pytest.approx([0, 20, 40, 60, 80, 100])
    found = {score.code: score for score in scoring.scores(VARIANT, {"20": 1.0, "32": 6.0})}
    assert (found["SF"].score, found["SF"].flags) == (100, ("variant",))
    with pytest.raises(ValueError, match="item 32: 6"):
        scoring.scores(MOS, {"32": 6.0})


# -- headers ------------------------------------------------------------


def numbers(key, headers):
    return [heading.what if heading else None for heading in keys.headings(key, headers)]


FORM = [item.form for item in MOS.items.values()]
PLACES = list(MOS.items)


@pytest.mark.parametrize(
    "headers",
    [
        [f"Q{form}" for form in FORM],
        [f"sf36_{form}" for form in FORM],
        [f"{form[:-1]}.{ord(form[-1]) - 96}" if form[-1].isalpha() else form for form in FORM],
        [f"第{form[:-1]}({ord(form[-1]) - 96})题" if form[-1].isalpha() else f"第{form}题" for form in FORM],
        [f"q{number}" for number in PLACES],
        [f"SF36_Q{int(number):02d}" for number in PLACES],
        [f"条目{number}" for number in PLACES],
        [item.names[0].upper() for item in MOS.items.values()],
        [f"{item.form}、{item.zh[0]}？" for item in MOS.items.values()],
        [item.zh[-1] for item in MOS.items.values()],
    ],
    ids=[
        "form",
        "redcap form",
        "dotted",
        "chinese form",
        "places",
        "redcap places",
        "tiaomu",
        "names",
        "numbered words",
        "words",
    ],
)
def test_items_by_number_name_and_wording(headers):
    assert numbers(MOS, headers) == PLACES


def test_a_spreadsheet_that_cut_the_tenth_sub_item():
    cut = [f"3.{n}" for n in range(1, 10)] + ["3.1", "4.1"]
    assert numbers(MOS, cut) == [*map(str, range(3, 13)), "13"]


@pytest.mark.parametrize("header", ["1 year PFS", "age", "date", "Q40", "Q12a", "score", "pf11"])
def test_what_is_no_item(header):
    assert numbers(MOS, ["Q3a", header])[1] is None


# -- the program ------------------------------------------------------------


def person(number, health):
    """Answers of the form 1 to the item's levels, better with health (0 to 1) on every item."""
    answers = {}
    for place, (item, facts) in enumerate(MOS.items.items()):
        wobble = 0.12 * math.sin(7.0 * number + 3.0 * place)
        steps = round(min(max(health + wobble, 0), 1) * (facts.levels - 1))
        values = scoring.item_values(MOS, {item: 1.0}).get(item, 5.0)
        low = scoring.item_values(MOS, {item: float(facts.levels)}).get(item, 1.0)
        answers[item] = float(1 + steps if low > values else facts.levels - steps)
    return answers


def forms(n=14):
    return [person(number, 0.15 + 0.7 * number / (n - 1)) for number in range(n)]


def write(folder, answers, header=None, name="sf36.csv", change=None):
    header = header or [f"Q{item.form}" for item in MOS.items.values()]
    lines = [",".join(["patient_id", "date", *header])]
    for number, form in enumerate(answers, start=1):
        cells = [f"{form[item]:g}" if form.get(item) is not None else "" for item in MOS.items]
        lines.append(",".join([f"{number:04d}", "2018-03-01", *(change(number, cells) if change else cells)]))
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(folder, n=14, **parts):
    people = ["participant_id,patient_id,treatment_start"]
    people += [f"sub-{number:02d},{number:04d},2018-03-05" for number in range(1, n + 1)]
    (folder / "participants.csv").write_text("\n".join(people) + "\n")
    wanted = study.with_defaults(
        {"files": [{"path": "sf36.csv"}], "instrument": "sf36", "scoring": "mos", "norms": "us1990", **parts}, SCHEMA
    )
    if wanted["instrument"] != "sf36":
        wanted["norms"] = None
    given_options = {"data": str(folder), "visits": VISITS, "questionnaires": wanted}
    arguments = ["--participants", folder / "participants.csv", "--options", json.dumps(given_options)]
    arguments += ["--scores", folder / "out/scores.tsv", "--private", folder / "private"]
    before, sys.argv = sys.argv, ["score_questionnaires", *map(str, arguments)]
    try:
        score_questionnaires.main()
    finally:
        sys.argv = before
    return tables.read(folder / "out/scores.tsv", "questionnaires")


def cells(frame, scale):
    return frame[frame["scale"] == scale]["score"].tolist()


def excluded(folder):
    return tables.read(folder / "out/exclusions.tsv", "flow", "exclusions")[["decision", "reason"]].to_numpy().tolist()


def test_scores_of_a_sheet_are_those_of_its_forms(tmp_path):
    write(tmp_path, forms())
    frame = run(tmp_path)
    for code in [*(scale.code for scale in MOS.scales), "PCS", "MCS"]:
        assert cells(frame, code) == [of(MOS, form)[code] for form in forms()]
    assert frame["flag"].isna().all()
    items = tables.read(tmp_path / "out/items.tsv", "questionnaires")
    assert len(items) == 14 * 36
    assert items[items["item"] == "2"]["scale"].isna().all()


def test_a_form_that_nobody_filled_in_is_told(tmp_path):
    answers = forms()
    answers[2] = {}
    write(tmp_path, answers)
    frame = run(tmp_path)
    assert "sub-03" not in set(frame["participant_id"])
    assert excluded(tmp_path) == [["excluded", "no value"]]


def test_a_long_sheet_gives_the_same_scores(tmp_path):
    write(tmp_path, forms())
    wide = run(tmp_path)
    lines = ["受试者编号,填表日期,题号,答案"]
    for number, form in enumerate(forms(), start=1):
        lines += [f"{number:04d},2018/3/1,{item.form},{form[place]:g}" for place, item in MOS.items.items()]
    (tmp_path / "sf36.csv").write_bytes("\r\n".join(lines).encode("gb18030"))
    long = run(tmp_path)
    assert long.drop(columns="record").equals(wide.drop(columns="record"))


def test_duplicates_and_too_few_items(tmp_path):
    some = forms()
    some[3] = {item: answer for item, answer in some[3].items() if int(item) <= 6}
    write(tmp_path, some)
    text = (tmp_path / "sf36.csv").read_text().splitlines()
    (tmp_path / "sf36.csv").write_text("\n".join([*text, text[5], text[6][:-1] + "4", text[7].replace("0007", "0099")]))
    frame = run(tmp_path)
    assert excluded(tmp_path).count(["excluded", "duplicate"]) == 1
    assert excluded(tmp_path).count(["excluded", "unknown participant"]) == 1
    broken = frame[frame["participant_id"] == "sub-04"].set_index("scale")
    assert broken["score"].dropna().empty
    assert broken.loc["PF", "flag"] == "too few items"
    assert excluded(tmp_path).count(["flagged", "too few items"]) == 8


def test_words_stand_for_answers_where_the_form_prints_words(tmp_path):
    words = {"1": "是", "2": "否"}
    write(tmp_path, forms(), change=lambda _, row: [words[c] if 12 <= at < 19 else c for at, c in enumerate(row)])
    assert cells(run(tmp_path), "RP") == [of(MOS, form)["RP"] for form in forms()]


def weigh(_, row):
    first = {"1": "5", "2": "4.4", "3": "3.4", "4": "2", "5": "1"}
    pain = {"1": "6", "2": "5.4", "3": "4.2", "4": "3.1", "5": "2.2", "6": "1"}
    work = {"1": "6" if row[20] == "1" else "5", "2": "4", "3": "3", "4": "2", "5": "1"}
    return [first[row[0]], *row[1:20], pain[row[20]], work[row[21]], *row[22:]]


def test_answers_that_are_weighted_already_stop_or_are_taken_as_such(tmp_path):
    write(tmp_path, forms(), change=weigh)
    with pytest.raises(StudyError, match=r"pre-weighted.*item 1 \(1 to 5\) holds 3\.4 \(") as stopped:
        run(tmp_path)
    assert "weighted_items: ['1', '7'" in str(stopped.value)
    with pytest.raises(StudyError, match="pre-weighted"):
        run(tmp_path, out_of_range="missing")
    frame = run(tmp_path, weighted_items=["1", "7", "8"])
    assert cells(frame, "GH") == [of(MOS, form)["GH"] for form in forms()]
    assert cells(frame, "BP") == [of(MOS, form)["BP"] for form in forms()]
    assert set(frame[frame["scale"] == "BP"]["flag"]) == {"weighted"}


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        (4, "4", "four-level form of physical functioning"),
        (31, "6", "choose that instrument"),
        (12, "0", "counted from 0"),
        (22, "9", r"item 9a \(1 to 6\) holds 9 \(1 times\), first sub-03 at baseline"),
        (22, "abc", "no number"),
    ],
)
def test_answers_out_of_range_stop_with_the_evidence_or_count_as_missing(tmp_path, column, value, words):
    def put(number, row):
        return [value if at == column and number == 3 else cell for at, cell in enumerate(row)]

    write(tmp_path, forms(), change=put)
    with pytest.raises(StudyError, match=words):
        run(tmp_path)
    frame = run(tmp_path, out_of_range="missing")
    assert ["excluded", "answer out of range"] in excluded(tmp_path)
    assert sum(frame["flag"].fillna("").str.contains("out of range")) == 1


def test_reversed_coding_is_suspected_from_the_answers(tmp_path):
    def turn(_, row):
        return [str(7 - int(cell)) if at == 25 else cell for at, cell in enumerate(row)]

    write(tmp_path, forms(), change=turn)
    with pytest.raises(StudyError, match=r"item 9d runs against the rest of MH \(r = -0\.\d+ in 14 forms\)"):
        run(tmp_path)
    frame = run(tmp_path, reversed_items=["9d"])
    assert cells(frame, "MH") == [of(MOS, form)["MH"] for form in forms()]
    assert set(frame[frame["scale"] == "MH"]["flag"]) == {"reversed"}
    assert cells(run(tmp_path, suspicions="accept"), "MH") != cells(frame, "MH")


def test_a_whole_scale_that_runs_against_the_others_is_suspected(tmp_path):
    def turn(_, row):
        return [str(4 - int(cell)) if 2 <= at < 12 else cell for at, cell in enumerate(row)]

    write(tmp_path, forms(), change=turn)
    with pytest.raises(StudyError, match="scale PF runs against the other scales"):
        run(tmp_path)


def test_the_chinese_variant_is_told_by_its_numbering_and_chosen_explicitly(tmp_path):
    header = [f"Q{item.form}" for item in VARIANT.items.values()]
    write(tmp_path, forms(), header=header)
    with pytest.raises(StudyError, match=r"fit sf36-cn-910 \(36 items\) better than sf36 \(31\)"):
        run(tmp_path)
    frame = run(tmp_path, instrument="sf36-cn-910")
    assert set(frame[frame["scale"] == "SF"]["flag"]) == {"variant"}
    write(tmp_path, forms())
    with pytest.raises(StudyError, match="fit sf36 "):
        run(tmp_path, instrument="sf36-cn-910")


def test_a_key_of_the_study_is_a_file(tmp_path):
    (tmp_path / "mini.yaml").write_text(
        "instrument: mini\nname: Two questions\nitems: {'1': {levels: 4}, '2': {levels: 4}}\n"
        "scales: {ALL: {name: All, items: ['1', '2']}}\n"
        "scorings: {only: {least: all, recodes: [], scales: {ALL: [1, 4]}}}\n"
    )
    (tmp_path / "sf36.csv").write_text("patient_id,date,Q1,Q2\n0001,2018-03-01,1,4\n0002,2018-03-01,4,\n")
    frame = run(tmp_path, instrument="mini.yaml", scoring=None)
    assert frame["score"].fillna(-1).tolist() == [50.0, -1.0]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"instrument": "sf-12"}, "not known. Known: sf36"),
        ({"scoring": "v2"}, "no scoring 'v2'. Known: mos, rand"),
        ({"weighted_items": ["12z"]}, "no item 12z"),
        ({"instrument": "own.yaml"}, "no such file"),
    ],
)
def test_wrong_settings_are_told(tmp_path, parts, words):
    write(tmp_path, forms())
    with pytest.raises(StudyError, match=words):
        run(tmp_path, **parts)


@pytest.mark.parametrize(
    ("r", "n", "expected"), [(-0.43, 12, False), (-0.35, 40, True), (-0.29, 400, False), (-1.0, 10, True)]
)
def test_a_negative_correlation_counts_beyond_chance_alone(r, n, expected):
    assert evidence.runs_against(r, n) is expected
