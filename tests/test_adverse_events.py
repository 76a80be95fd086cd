"""Adverse events: words to terms, grades that exist, what is treatment-emergent, incidence, doses."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from adcohort import participants
from adcohort.adverse_events import events, exposure, incidence, terms
from adcohort.errors import StudyError
from adcohort.reasons import Reason
from hypothesis import given, settings
from hypothesis import strategies as st

COLUMNS = {"patient": "patient_id", "term": "term", "grade": "grade", "start": "start", "end": "end"}
SETTINGS = {"columns": COLUMNS, "severity": {}, "ctcae": 5}
DOSES = {"patient": "patient_id", "start": "start", "stop": "stop", "dose": "dose_mg", "reason": "reason"}
VISITS = {"baseline": {"day": 0, "window": [-28, 0]}, "month1": {"day": 30, "window": [1, 59]}}
START = pd.Timestamp("2020-01-01")
HAND_FOOT = "Palmar-plantar erythrodysesthesia syndrome"


def cohort(n=2, **days):
    """Participants sub-01 … with patient ids P1 …, each with the same days since treatment start."""
    frame = pd.DataFrame(
        {
            "participant_id": [f"sub-{i:02d}" for i in range(1, n + 1)],
            "patient_id": [f"P{i}" for i in range(1, n + 1)],
            "treatment_start": START,
        }
    ).astype({"participant_id": "string", "patient_id": "string"})
    for name in participants.DATES[1:]:
        frame[name] = START + pd.Timedelta(days=days[name]) if name in days else pd.NaT
    return frame


def sheet(rows, columns=("patient_id", "term", "grade", "start", "end")):
    def text(cell):
        return str((START + pd.Timedelta(days=cell)).date()) if isinstance(cell, int) else cell

    return pd.DataFrame([[text(cell) for cell in row] for row in rows], columns=list(columns), dtype="string")


def read(rows, people=None, **changes):
    people = cohort() if people is None else people
    return events.read(sheet(rows), people, terms.Dictionary(5), SETTINGS | changes, VISITS)


@pytest.mark.parametrize(
    ("words", "term"),
    [
        ("脱发", "Alopecia"), ("HAIR  LOSS", "Alopecia"), ("高血压", "Hypertension"), ("手足综合征 ", HAND_FOOT),
        ("Hand–foot syndrome", HAND_FOOT), ("ＨＦＳＲ", HAND_FOOT), ("Palmar-plantar erythrodysaesthesia syndrome", HAND_FOOT),
        ("乏力", "Fatigue"), ("diarrhoea", "Diarrhea"), ("腹泻", "Diarrhea"), ("声音嘶哑", None), ("not diarrhoea", None),
    ],
)  # fmt: skip
def test_words_of_either_language_mean_their_term(words, term):
    found = terms.Dictionary(5).find(words)
    assert (found and found.name) == term


def test_the_five_terms_have_the_grades_and_codes_of_the_published_list(real_data):
    published = pd.read_csv(real_data / "clinical" / "adverse_events" / "ctcae_v5_five_terms.csv", dtype="string")
    assert len(published) == 5
    for row in published.to_dict("records"):
        found = terms.Dictionary(5).find(row["study_word"])
        assert found is not None
        assert row["ctcae_v5_term"].startswith(found.name)
        if not pd.isna(row["meddra_code"]):
            assert found.code == row["meddra_code"]
        highest = row["grade_range"].replace("max grade ", "1-").split("-")[1]
        assert (found.lowest, found.highest) == (1, int(highest))


@pytest.mark.parametrize(
    ("cell", "grade"),
    [("2", 2), ("2.0", 2), ("Grade 3", 3), ("G1", 1), ("3级", 3), ("３ 级", 3), ("Ⅲ度", 3), ("IV", 4), ("ctcae grade 2", 2),
     ("severe", None), ("1-2", None), ("", None), (None, None), ("2.5", None), ("12", None)],
)  # fmt: skip
def test_grades_are_read_from_what_clinicians_write(cell, grade):
    assert terms.grade(cell, {}) == grade


def test_words_are_grades_only_where_the_study_says_so():
    assert terms.grade("Severe", {"severe": 3}) == 3
    assert terms.grade("重度", {"重度": 3}) == 3


def test_impossible_grades_are_refused_and_unknown_words_counted_under_a_number():
    kept, notes = read(
        [
            ("P1", "脱发", "3", 5, None), ("P1", "hand-foot syndrome", "4", 5, None), ("P1", "乏力", "4", 5, None),
            ("P1", "高血压", "5", 5, None), ("P1", "Fatigue", "0", 5, None), ("P2", "声音嘶哑", "1", 6, None),
            ("P2", "another", "1", 6, None), ("P1", "声音 嘶哑", "2", 9, None),
        ]
    )  # fmt: skip
    assert [(e["term"], e["grade"]) for e in kept] == [
        ("Hypertension", 5), ("Unmapped term 2", 1), ("Unmapped term 1", 1), ("Unmapped term 2", 2),
    ]  # fmt: skip
    reasons = [note["reason"] for note in notes]
    assert reasons.count(Reason.IMPOSSIBLE_GRADE) == 4
    assert reasons.count(Reason.UNMAPPED_TERM) == 3
    assert "Alopecia has no grade 3 in CTCAE v5 (1 to 2)" in [note["detail"] for note in notes]
    assert not any("嘶哑" in str(value) for note in notes for value in note.values())


def test_bad_rows_are_named_all_at_once():
    kept, notes = read(
        [
            ("P9", "Fatigue", "1", 5, None), ("P1", "Fatigue", "bad", 5, None), ("P1", None, "1", 5, None),
            ("P1", "Fatigue", "1", 8, 5), ("P1", "Fatigue", "1", "some day", None), ("P1", "Nausea", "1", 5, 6),
            ("P1", "恶心", "1", 5, 6), ("P2", "Nausea", "1", 90, None),
        ], people=cohort(last_contact=80, death=80),
    )  # fmt: skip
    assert [note["reason"] for note in notes] == [
        Reason.UNKNOWN_PARTICIPANT, Reason.UNREADABLE_GRADE, Reason.UNREADABLE_VALUE, Reason.END_BEFORE_START,
        Reason.NO_DATE, Reason.DUPLICATE, Reason.AFTER_DEATH,
    ]  # fmt: skip
    assert [(e["day"], e["end_day"]) for e in kept] == [(8, None), (None, None), (5, 6), (90, None)]
    with pytest.raises(StudyError, match="term, grade, start"):
        events.read(
            pd.DataFrame({"patient_id": ["P1"]}, dtype="string"), cohort(), terms.Dictionary(5), SETTINGS, VISITS
        )


def test_the_studys_own_dictionary_wins_and_brings_its_grades():
    own = pd.DataFrame(
        [["声音嘶哑", "Hoarseness", "Dysphonia", "10013952", "Respiratory, thoracic and mediastinal disorders", "1", "3"],
         ["掉头发", "Alopecia", None, None, None, None, None]],
        columns=["term", *terms.OWN_COLUMNS], dtype="string",
    )  # fmt: skip
    dictionary = terms.Dictionary(5, own)
    assert dictionary.find("声音嘶哑") == terms.Term("Hoarseness", "Dysphonia", "10013952", own["soc"][0], 1, 3)
    assert dictionary.find("掉头发") == dictionary.find("alopecia")
    with pytest.raises(StudyError, match="row 3"):
        terms.Dictionary(5, pd.concat([own[:1], own[:1].assign(ctcae_term="Other")]))


def emergence(*rows, last_dose=100):
    kept, _ = read([("P1", *row) for row in rows])
    dose = {} if last_dose is None else {"sub-01": last_dose}
    return [event["emergent"] for event in events.with_emergence(kept, dose, 30)]


def test_treatment_emergent_is_new_or_worse_and_not_later_than_thirty_days_after_the_last_dose():
    assert emergence(("高血压", "1", -400, None), ("高血压", "1", 9, None), ("高血压", "2", 20, None)) == [
        False,
        False,
        True,
    ]
    assert emergence(("高血压", "2", -400, -10), ("高血压", "1", 9, None)) == [False, True]  # over before treatment
    assert emergence(("Fatigue", "1", 0, None)) == [True]
    assert emergence(("Fatigue", "1", 130, None)) == [True]
    assert emergence(("Fatigue", "1", 131, None)) == [False]
    assert emergence(("Fatigue", "1", 131, None), last_dose=None) == [True]
    assert emergence(("Fatigue", "1", "2020", None)) == [True]  # no whole date
    assert emergence(("Fatigue", "1", "2020", -3)) == [False]


def test_worst_grade_of_a_participant_and_term():
    rows = [("P1", "Fatigue", "1", 5, 9), ("P1", "乏力", "3", 20, 30), ("P1", "疲劳", "3", 40, None),
            ("P1", "高血压", "1", -9, None), ("P2", "Fatigue", "2", 7, None)]  # fmt: skip
    kept, _ = read(rows)
    worst = events.worst_grades(events.with_emergence(kept, {}, 30))
    assert [
        (w["participant_id"], w["term"], w["grade"], w["onset_day"], w["first_day"], w["emergent"]) for w in worst
    ] == [
        ("sub-01", "Fatigue", 3, 20, 5, True),
        ("sub-01", "Hypertension", 1, -9, -9, False),
        ("sub-02", "Fatigue", 2, 7, 7, True),
    ]


def test_incidence_counts_participants_and_their_time_at_risk():
    rows = [("P1", "Fatigue", "1", 9, None), ("P1", "Fatigue", "3", 19, None), ("P2", "脱发", "2", 49, None)]
    kept, _ = read(rows, people=cohort(4))
    found = events.with_emergence(kept, {f"sub-0{i}": 69 for i in range(1, 5)}, 30)
    table = incidence.incidence(found, {f"sub-0{i}": 99 for i in range(1, 5)}, 0.05)
    by = {(row["level"], row["term"] or row["soc"], row["grades"]): row for row in table}
    fatigue = by["term", "Fatigue", "any"]
    assert (fatigue["participants"], fatigue["n"], fatigue["events"], fatigue["percent"]) == (1, 4, 2, 25)
    assert fatigue["person_years"] == pytest.approx((10 + 300) / 365.25)
    assert by["term", "Fatigue", "3+"]["person_years"] == pytest.approx((20 + 300) / 365.25)
    assert by["any", None, "any"]["participants"] == 2
    assert by["soc", "Skin and subcutaneous tissue disorders", "3+"]["participants"] == 0
    # exact Poisson interval of one event (Garwood): 0.0253 to 5.572
    years = fatigue["person_years"]
    assert fatigue["rate_low"] == pytest.approx(100 * 0.02532 / years, rel=1e-3)
    assert fatigue["rate_high"] == pytest.approx(100 * 5.5716 / years, rel=1e-3)


def test_rates_are_refused_where_the_last_dose_is_not_known():
    kept, _ = read([("P1", "Fatigue", "1", 9, None)])
    people = cohort(last_contact=100)
    last, notes = exposure.last_doses(people, {})
    assert [note["reason"] for note in notes] == [Reason.NO_LAST_DOSE] * 2
    table = incidence.incidence(events.with_emergence(kept, last, 30), exposure.ends_of_risk(people, last, 30), 0.05)
    assert table[0]["percent"] == 50
    assert table[0]["rate"] is None
    assert "refused" in table[0]["status"]


def doses(rows, columns=("patient_id", "start", "stop", "dose_mg")):
    return exposure.read(sheet(rows, columns), cohort(), DOSES)


def test_dose_intensity_interruptions_and_reductions():
    spans, notes = doses([("P1", 60, 99, "400"), ("P1", 0, 49, "800"), ("P1", 50, 59, "0"), ("P2", 0, 9, "800")])
    one, two = exposure.summary(spans, 800, terms.Dictionary(5))
    assert notes == []
    assert (one["duration_days"], one["dosed_days"], one["interruptions"], one["interruption_days"]) == (100, 90, 1, 10)
    assert (one["cumulative_dose"], one["daily_dose"], one["relative_dose_intensity"], one["reductions"]) == (
        56000,
        560,
        70,
        1,
    )
    assert (two["relative_dose_intensity"], two["interruptions"], two["status"]) == (100, 0, "ok")
    assert exposure.last_doses(cohort(treatment_end=50), {"sub-01": 99})[0] == {"sub-01": 99, "sub-02": 50}


def test_a_first_dose_after_the_treatment_start_is_noted():
    spans, notes = doses([("P1", 7, 49, "800"), ("P2", 0, 9, "800")])
    [note] = exposure.late_starts(exposure.summary(spans, 800, terms.Dictionary(5)))
    assert notes == []
    assert (note["participant_id"], note["day"], note["decision"]) == ("sub-01", 7, "flagged")
    assert "7 d after treatment start" in note["detail"]


def test_reasons_of_interruptions_are_told_as_terms_and_other_words_stay_in_the_sheet():
    rows = [("P1", 0, 9, "800", None), ("P1", 10, 14, "0", "手足皮肤反应"), ("P1", 15, 20, "400", "王先生旅行")]
    spans, _ = doses(rows, ("patient_id", "start", "stop", "dose_mg", "reason"))
    row = exposure.summary(spans, 800, terms.Dictionary(5))[0]
    assert row["reasons"] == f"{HAND_FOOT}; another reason"


def test_without_a_column_of_doses_the_intensity_is_refused_and_the_rest_runs():
    spans, _ = doses([("P1", 0, 9), ("P1", 20, 29)], ("patient_id", "start", "stop"))
    row = exposure.summary(spans, 800, terms.Dictionary(5))[0]
    assert (row["duration_days"], row["interruption_days"], row["daily_dose"]) == (30, 10, None)
    assert row["status"] == "dose intensity refused: no column of doses"


def test_bad_spans_are_named():
    spans, notes = doses(
        [("P1", 0, 9, "800"), ("P1", 9, 12, "800"), ("P1", 20, 15, "800"), ("P1", -5, -1, "800"), ("P1", 30, 35, "x"),
         ("P1", 30, 35, "-1"), ("P1", 30, None, "800"), ("P9", 0, 3, "800")]
    )  # fmt: skip
    assert [note["reason"] for note in notes] == [
        Reason.OVERLAPPING_SPANS, Reason.END_BEFORE_START, Reason.IMPOSSIBLE, Reason.UNREADABLE_VALUE,
        Reason.IMPOSSIBLE, Reason.NO_DATE, Reason.UNKNOWN_PARTICIPANT,
    ]  # fmt: skip
    assert len(spans) == 1


def test_real_adverse_events_give_the_counts_of_a_plain_group_by(real_data):
    """CDISC pilot study: own dictionary from its MedDRA columns, severity in words, some onsets without a whole date."""
    source = pd.read_csv(real_data / "clinical" / "adverse_events" / "sdtm_ae.csv", dtype="string")
    dated = source[source["AESTDTC"].str.len() == 10].copy()
    dated["start"] = pd.to_datetime(dated["AESTDTC"])
    study_day = dated["AESTDY"].astype(float).astype(int)
    dated["first"] = dated["start"] - pd.to_timedelta(study_day.where(study_day < 0, study_day - 1), unit="D")
    starts = dated.groupby("USUBJID")["first"].agg(lambda days: days.mode()[0])
    people = pd.DataFrame({"patient_id": starts.index, "treatment_start": starts.to_numpy()}).astype(
        {"patient_id": "string"}
    )
    people["participant_id"] = pd.Series([f"sub-{i:03d}" for i in range(len(people))], dtype="string")
    for name in participants.DATES[1:]:
        people[name] = pd.NaT
    own = source[["AETERM", "AEDECOD", "AEBODSYS"]].drop_duplicates("AETERM")
    own.columns = ["term", "preferred_term", "soc"]
    names = {"patient": "USUBJID", "term": "AETERM", "grade": "AESEV", "start": "AESTDTC", "end": "AEENDTC"}
    options = {"columns": names, "severity": {"MILD": 1, "MODERATE": 2, "SEVERE": 3}, "ctcae": 5}
    kept, notes = events.read(source, people, terms.Dictionary(5, own), options, VISITS)
    excluded = [note for note in notes if note["decision"] == "excluded"]
    assert len(kept) + len(excluded) == len(source)
    assert {note["reason"] for note in excluded} <= {Reason.DUPLICATE, Reason.UNKNOWN_PARTICIPANT}
    assert not [note for note in notes if note["reason"] == Reason.UNMAPPED_TERM]

    found = events.with_emergence(kept, {}, 30)
    risk = dict.fromkeys(people["participant_id"])
    table = incidence.incidence(found, risk, 0.05)
    plain = dated[dated["USUBJID"].isin(starts.index) & (study_day >= 1)]
    pruritus = [row for row in table if row["level"] == "term" and row["term"] == "APPLICATION SITE PRURITUS"]
    assert pruritus[0]["participants"] == plain[plain["AEDECOD"] == "APPLICATION SITE PRURITUS"]["USUBJID"].nunique()
    whole = {event["participant_id"] for event in found if event["emergent"] and event["day"] is not None}
    assert len(whole) == plain["USUBJID"].nunique()


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["P1", "P2"]),
        st.sampled_from(["高血压", "Fatigue", "腹泻", "脱发", "odd"]),
        st.sampled_from(["1", "2", "3", "4", "x"]),
        st.one_of(st.integers(-50, 200), st.none()),
        st.one_of(st.integers(-50, 200), st.none()),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(EVENTS, st.randoms())
def test_every_row_is_kept_or_refused_and_participants_are_never_counted_twice(rows, random):
    kept, notes = read(rows)
    refused = [note for note in notes if note["decision"] == "excluded"]
    assert len(kept) + len(refused) == len(rows)
    found = events.with_emergence(kept, {"sub-01": 60, "sub-02": 90}, 30)
    table = incidence.incidence(found, {"sub-01": 90, "sub-02": 120}, 0.05)
    for row in table:
        assert row["participants"] <= row["n"] == 2
        assert row["participants"] <= row["events"] or row["participants"] == 0
        assert 0 <= row["ci_low"] <= row["percent"] + 1e-9 <= row["ci_high"] + 2e-9
        assert np.isfinite(row["rate"])
    by = {(row["level"], row["soc"], row["term"], row["grades"]): row["participants"] for row in table}
    for (level, soc, term, grades), count in by.items():
        assert grades == "any" or count <= by[level, soc, term, "any"]
        assert count <= by["any", None, None, grades]
    shuffled = list(rows)
    random.shuffle(shuffled)
    again = events.worst_grades(events.with_emergence(read(shuffled)[0], {"sub-01": 60, "sub-02": 90}, 30))
    assert again == events.worst_grades(found)


def test_dates_of_the_tests_are_days_since_the_start():
    assert sheet([("P1", "x", "1", 31, None)])["start"][0] == dt.date(2020, 2, 1).isoformat()
