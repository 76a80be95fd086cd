"""The whole embedded example through SLURM, against a workstation: benchmarks/results/slurm.md.

Usage (root; Debian: slurm-wlm, munge): python benchmarks/slurm_example.py

A cluster of two nodes on the loopback interface of this machine (tests/workflow/slurm.py), the profile config/profiles/slurm as
it is. The example's results on the cluster must be those of this machine without it, byte for byte but for the files that hold
wall times. Wall time is that of a machine that is controller, nodes and workstation in one, and of a controller asked every 5 s.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HOME = Path(__file__).parents[1]
sys.path[:0] = [str(HOME / "tests"), str(HOME / "scripts")]

from adcohort import files  # noqa: E402
from workflow import faults, harness, slurm  # noqa: E402


def run(folder: Path, *args: str) -> tuple[float, str]:
    """Wall seconds, and what Snakemake said."""
    harness.write_config(folder, harness.example_config())
    words = [str(harness.BIN / "snakemake"), "-s", str(HOME / "Snakefile"), "--directory", str(folder), *args]
    start = time.perf_counter()
    done = subprocess.run(words, cwd=folder, env=harness.environment(), check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-5000:])
    return time.perf_counter() - start, done.stderr


def main() -> None:
    if not slurm.installed():
        raise SystemExit("SLURM is not here: apt-get install slurm-wlm munge")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        alone, _ = run(folder / "workstation", "--cores", "all")
        with slurm.cluster(folder / "slurm") as cluster:
            spent, said = run(folder / "cluster", "--profile", str(HOME / "config/profiles/slurm"))
            submitted = cluster.submitted()
        different = faults.differences(folder / "cluster", folder / "workstation")
        visits = len(list((folder / "cluster/private/index/manifests").glob("*.json")))
        jobs = re.findall(r" of (\d+) steps ", said)[-1]
        count = len(faults.fingerprints(folder / "cluster"))
    lines = ["# The embedded example on SLURM", "", *__doc__.split("\n\n")[2].strip().splitlines(), ""]
    lines += [f"{os.cpu_count()} cores, load average {os.getloadavg()[1]:.1f}.", "", "| | |", "|---|---|"]
    lines += [f"| imaging visits | {visits} |", f"| jobs | {jobs} |", f"| submissions | {submitted} |"]
    lines += [f"| wall time on SLURM, s | {spent:.0f} |", f"| wall time without it, s | {alone:.0f} |"]
    lines += [
        f"| result files compared | {count:,} |",
        f"| of these different | {len(different)} {' '.join(different)} |",
    ]
    files.write_text(HOME / "benchmarks/results/slurm.md", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
