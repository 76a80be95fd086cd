"""What new_study proposes."""

import sys

import pandas as pd
import pytest
from adcohort import proposal
from adcohort.errors import StudyError

import new_study


@pytest.mark.parametrize(("masks", "expected"), [
    (["rois/1_20200101_R1.nii.gz", "rois/1_20200101_R2.nii.gz"], ["{patient_id}_{date}_{reader}.nii.gz", "reader: R1", "R1, R2"]),
    (["a/1_20200101_lesion.nii"], ["{patient_id}_{date}*.nii"]),
])  # fmt: skip
def test_readers_are_seen_at_the_end_of_the_names(masks, expected):
    text = proposal._masks(masks)
    assert [part for part in expected if part not in text] == []
    assert ("reader:" in text) == (len(masks) > 1)


def test_filled_in_dates_keep_their_pseudonyms_and_bring_the_visits(tmp_path, monkeypatch, capsys):
    raw, mine = tmp_path / "raw", tmp_path / "mine"
    raw.mkdir()
    days = ["2020-01-08", "2020-02-09", "2020-04-08"]
    rows = [f"{patient},{day},VEGF,400,pg/mL" for patient in ("0007", "0008") for day in days]
    (raw / "values.csv").write_text("patient_id,date,analyte,value,unit\n" + "\n".join(rows) + "\n")
    monkeypatch.setattr(sys, "argv", ["new_study", str(mine), "--data", str(raw)])
    new_study.main()
    people = pd.read_csv(mine / "participants.csv", dtype="string")
    assert list(people.columns[:4]) == ["participant_id", "patient_id", "treatment_start", "treatment_end"]
    assert people["treatment_start"].isna().all()
    assert "month1:" not in (mine / "config.yaml").read_text()
    people.assign(treatment_start="2020-01-10").to_csv(mine / "participants.csv", index=False)
    filled = (mine / "participants.csv").read_bytes()
    with pytest.raises(StudyError, match="Move it away"):
        new_study.main()
    (mine / "config.yaml").unlink()
    new_study.main()
    assert (mine / "participants.csv").read_bytes() == filled
    assert "  month1: {day:" in (mine / "config.yaml").read_text()
    assert "0007" not in capsys.readouterr().out
