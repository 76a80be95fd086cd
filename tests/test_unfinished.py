"""Outputs that a killed run left: read back from Snakemake's own markers."""

from pathlib import Path

import pytest
from adcohort import unfinished
from snakemake.persistence import file as markers


@pytest.mark.parametrize("name", ["results/adc/qc/sub-02", "results/研究/a b.tsv", "results/" + "deep/" * 120 + "x"])
def test_names_come_back_from_snakemakes_markers(tmp_path: Path, name):
    class Writer(markers.FilePersistence):  # only the part that names and writes markers
        def __init__(self) -> None:
            pass

        def _fetch_max_len(self, subject: str) -> int:
            return 255

    Writer()._io_write(str(tmp_path), {"external_jobid": None}, name)
    assert unfinished.outputs(tmp_path) == {name}


def test_no_markers_no_outputs(tmp_path: Path):
    assert unfinished.outputs(tmp_path / "none") == set()
    (tmp_path / "migration_underway").touch()
    assert unfinished.outputs(tmp_path) == set()
