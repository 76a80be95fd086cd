"""The benchmarks of the fit run where their peers are; how fast is not tested."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOME = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "peers"), [("fit_speed", ["dwi2adc"]), ("chain_speed", ["dcm2niix", "dwi2adc", "mrstats"])]
)
def test_benchmarks_run_and_compare_with_the_peers(tmp_path, program, peers):
    if missing := [peer for peer in peers if not shutil.which(peer)]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    command = [sys.executable, HOME / f"benchmarks/{program}.py", "--quick", "--rounds", "1", "--folder", tmp_path]
    subprocess.run(command, check=True, timeout=600)
    table = (tmp_path / f"{program}.md").read_text()
    assert all(peer in table for peer in peers)
    assert "Left out" not in table
