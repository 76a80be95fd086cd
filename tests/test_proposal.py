"""What new_study proposes for drawn regions."""

import pytest
from adcohort import proposal


@pytest.mark.parametrize(("masks", "expected"), [
    (["rois/1_20200101_R1.nii.gz", "rois/1_20200101_R2.nii.gz"], ["{patient_id}_{date}_{reader}.nii.gz", "reader: R1", "R1, R2"]),
    (["a/1_20200101_lesion.nii"], ["{patient_id}_{date}*.nii"]),
])  # fmt: skip
def test_readers_are_seen_at_the_end_of_the_names(masks, expected):
    text = proposal._masks(masks)
    assert [part for part in expected if part not in text] == []
    assert ("reader:" in text) == (len(masks) > 1)
