"""The tour: every command of docs/tour.md, run in a copy of the workflow."""

import re
import subprocess
from pathlib import Path

import pytest

from workflow import harness


def commands() -> list[str]:
    text = (harness.HOME / "docs/tour.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", text, re.DOTALL)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines() if line.startswith("$ ")]


@pytest.mark.slow
def test_every_command_of_the_tour_does_what_the_page_says(tmp_path: Path):
    home = harness.checkout(tmp_path / "adcohort")
    said = []
    for command in commands():
        shell = ["bash", "-c", f"exec 2>&1; {command}"]
        done = subprocess.run(shell, cwd=home, env=harness.environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}"
        said.append((command, done.stdout))
    assert (home / "tour/results/report/report.html").is_file()
    runs = [harness.Run(0, text) for command, text in said if command.endswith("--cores 2")]
    assert [run.jobs for run in runs[1:3]] == [set(), set()], "a second run and touched files do nothing"
    assert "gather_rois" in runs[3].rules
    assert not runs[3].rules & {"fit_adc", "convert_dwi", "harmonise_labs"}
    assert "serum.csv" in next(text for command, text in said if "trace.py" in command)
