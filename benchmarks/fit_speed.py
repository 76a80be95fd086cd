"""Speed of the ADC fit against its peers, whole processes in rounds: writes benchmarks/results/fit_speed.md and .svg.

Usage: python benchmarks/fit_speed.py [--rounds 11] [--quick]

Peers: dwi2adc (MRtrix3; Debian: mrtrix3) and DIPY (PyPI: dipy). What is not installed is named and left out; nothing is
installed here. Processes of one round run one after the other, so that a busy machine slows all of them; the ratios are
medians over rounds of the ratio within the round.
"""

import argparse
import compileall
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

HOME = Path(__file__).parents[1]
sys.path.insert(0, str(HOME / "scripts"))

from adcohort import files, nifti  # noqa: E402

B = (0, 50, 400, 800)
DIPY = """
import sys, nibabel, numpy
from dipy.core.gradients import gradient_table
from dipy.reconst.dti import TensorModel
image = nibabel.load(sys.argv[1])
b = numpy.array([float(word) for word in sys.argv[3].split()])
table = gradient_table(b, bvecs=numpy.tile([1.0, 0, 0], (len(b), 1)) * (b > 0)[:, None], b0_threshold=10)
fit = TensorModel(table, fit_method=sys.argv[2]).fit(numpy.asarray(image.dataobj))
nibabel.save(nibabel.Nifti1Image(fit.evals.max(axis=-1).astype("f4"), image.affine), sys.argv[4])
"""
Command = list[str]


def volume(shape: tuple[int, int, int], b: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """A body in air with Rician noise, [x, y, z, b], uint16."""
    rng = np.random.default_rng(seed)
    x, y, z = np.indices(shape, dtype=np.float32)
    inside = np.hypot((x / shape[0] - 0.5) / 0.42, (y / shape[1] - 0.5) / 0.36) < 1
    adc = 1.2e-3 + 0.5e-3 * np.sin(x / 9) * np.cos(y / 7) + 0.2e-3 * np.sin(z)
    s0 = np.where(inside, 380 + 120 * np.sin(x / 5), 0)
    planes = [np.hypot(s0 * np.exp(-v * adc) + rng.normal(0, 10, shape), rng.normal(0, 10, shape)) for v in b]
    return np.stack(planes, axis=-1).round().astype(np.uint16)


def write_run(folder: Path, shape: tuple[int, int, int], b: tuple[int, ...] = B, name: str = "dwi") -> Path:
    image = folder / f"{name}.nii"
    nifti.write(image, volume(shape, b), np.diag([1.5, 1.5, 4, 1.0]))
    image.with_suffix(".bval").write_text(" ".join(map(str, b)))
    image.with_suffix(".b").write_text("".join(f"1 0 0 {value}\n" for value in b))
    return image


def ours(image: Path, out: Path, **options: object) -> Command:
    """fit_adc by hand: the ADC map alone, or all maps if `out` has no suffix."""
    where = ["--adc", str(out)] if out.suffix else ["--folder", str(out)]
    return [sys.executable, str(HOME / "scripts/fit_adc.py"), str(image), *where, "--options", json.dumps(options)]


LAUNCHER = """
import json, os, subprocess, sys, time
start = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
wall = time.perf_counter() - start
print(json.dumps([status, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


def measured(command: Command) -> tuple[float, float, float]:
    """Wall and CPU seconds and peak memory (MB) of a process, started by a small one: a child's peak counts its parent's too."""
    env = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    launched = [sys.executable, "-S", "-c", LAUNCHER, *command]
    status, wall, cpu, memory = json.loads(subprocess.run(launched, check=True, capture_output=True, env=env).stdout)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return wall, cpu, memory


def rounds(commands: dict[str, Command], count: int) -> dict[str, list[tuple[float, float, float]]]:
    for command in commands.values():  # files and programs into the cache
        measured(command)
    out: dict[str, list[tuple[float, float, float]]] = {name: [] for name in commands}
    for _ in range(count):
        for name, command in commands.items():
            out[name].append(measured(command))
    return out


def against_peers(folder: Path, count: int, quick: bool) -> tuple[list[str], dict[str, float], list[str]]:
    """Table lines, ratio of wall time by name, and what is missing."""
    image = write_run(folder, (64, 64, 10) if quick else (256, 256, 40))
    adc = folder / "adc.nii"
    commands = {
        "python, import numpy (floor)": [sys.executable, "-c", "import numpy"],
        "adcohort wls, guarded (default)": ours(image, adc),
        "adcohort wls": ours(image, adc, noise_guard=False),
        "adcohort ols": ours(image, adc, estimator="ols", noise_guard=False),
        "adcohort nlls": ours(image, adc, estimator="nlls", noise_guard=False),
        "adcohort default, all maps, compressed": ours(image, folder / "all"),
    }
    missing = []
    peer = "dwi2adc"
    if shutil.which(peer):
        grad = str(image.with_suffix(".b"))
        commands = {peer: [peer, "-quiet", "-force", "-grad", grad, str(image), str(folder / "peer.nii")]} | commands
    else:
        missing.append("dwi2adc is not on the PATH (Debian: apt-get install mrtrix3)")
    found = rounds(commands, count)
    try:
        import dipy  # noqa: F401

        for method in ("OLS", "WLS"):
            command = [sys.executable, "-c", DIPY, str(image), method, " ".join(map(str, B)), str(folder / "dipy.nii")]
            found[f"DIPY DTI {method}, one round"] = [measured(command)]
    except ImportError:
        missing.append("DIPY is not installed (pip install dipy)")
    lines = ["| | wall s | CPU s | peak MB | wall / CPU against dwi2adc |", "|---|---|---|---|---|"]
    walls = {}
    for name, values in found.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*values, strict=True))
        ratio = "-"
        if peer in found:
            pairs = list(zip(values, found[peer], strict=False))
            walls[name] = statistics.median(one[0] / two[0] for one, two in pairs)
            ratio = f"{walls[name]:.2f} / {statistics.median(one[1] / two[1] for one, two in pairs):.2f}"
        lines.append(f"| {name} | {wall:.3f} | {cpu:.3f} | {memory:.0f} | {ratio} |")
    return lines, walls, missing


def growth(folder: Path, count: int, quick: bool) -> tuple[list[str], dict[str, list[tuple[float, float]]]]:
    """How wall time and memory of the default (ADC map alone) grow."""
    scale = 4 if quick else 1
    lines = ["| what | how many | wall s | CPU s | peak MB |", "|---|---|---|---|---|"]
    curves: dict[str, list[tuple[float, float]]] = {"voxels (millions)": [], "b values": [], "visits, 1 core": []}
    for slices in (10, 40, 160):
        shape = (256 // scale, 256 // scale, slices)
        image = write_run(folder, shape, name=f"voxels{slices}")
        values = rounds({"x": ours(image, folder / "adc.nii")}, count)["x"]
        wall, cpu, memory = (statistics.median(column) for column in zip(*values, strict=True))
        lines.append(f"| voxels | {np.prod(shape):,} | {wall:.3f} | {cpu:.3f} | {memory:.0f} |")
        curves["voxels (millions)"].append((float(np.prod(shape)) / 1e6, wall))
        image.unlink()
    for n in (2, 4, 8, 16):
        b = tuple(int(v) for v in np.linspace(0, 1000, n))
        image = write_run(folder, (256 // scale, 256 // scale, 20), b, name=f"b{n}")
        values = rounds({"x": ours(image, folder / "adc.nii")}, count)["x"]
        wall, cpu, memory = (statistics.median(column) for column in zip(*values, strict=True))
        lines.append(f"| b values (1.3 million voxels) | {n} | {wall:.3f} | {cpu:.3f} | {memory:.0f} |")
        curves["b values"].append((n, wall))
        image.unlink()
    image = write_run(folder, (72, 72, 10), name="visit")
    for cores in (1, 2):
        for visits in (4,) if quick else (4, 16, 64):
            commands = [ours(image, folder / f"visit{number}.nii") for number in range(visits)]
            start, before = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            at_once(commands, cores)
            wall, after = perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            lines.append(f"| visits (72 x 72 x 10), {cores} at once | {visits} | {wall:.3f} | {cpu:.3f} | |")
            if cores == 1:
                curves["visits, 1 core"].append((visits, wall))
            else:
                curves.setdefault("visits, 2 cores", []).append((visits, wall))
    return lines, curves


def at_once(commands: list[Command], cores: int) -> None:
    """Run processes, so many at a time."""
    waiting, running = list(commands), []
    while waiting or running:
        while waiting and len(running) < cores:
            running.append(subprocess.Popen(waiting.pop(), stdout=subprocess.DEVNULL))
        if running[0].wait():
            raise SystemExit(f"failed: {running[0].args}")
        running = [process for process in running if process.poll() is None]


def draw(path: Path, walls: dict[str, float], curves: dict[str, list[tuple[float, float]]]) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "adcohort"
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    shown = {name: ratio for name, ratio in walls.items() if "DIPY" not in name}
    left.barh(list(shown)[::-1], list(shown.values())[::-1], color="#3b528b")
    left.axvline(1, color="0.5", linewidth=0.8)
    left.set_xlabel("wall time against dwi2adc")
    for name, points in curves.items():
        right.loglog(*zip(*points, strict=True), "o-", label=name, markersize=3)
    right.set_ylabel("wall time, s")
    right.legend(fontsize=7, frameon=False)
    for axes in (left, right):
        axes.tick_params(labelsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--quick", action="store_true", help="small volumes: whether it runs, not how fast")
    parser.add_argument("--folder", type=Path, default=HOME / "benchmarks/results", help="where the table and plot go")
    args = parser.parse_args()

    compileall.compile_dir(HOME / "scripts", quiet=1)  # as an installed program is
    with tempfile.TemporaryDirectory() as scratch:
        peers, walls, missing = against_peers(Path(scratch), args.rounds, args.quick)
        grown, curves = growth(Path(scratch), max(3, args.rounds // 3), args.quick)
    for words in missing:
        print(f"left out: {words}", file=sys.stderr)
    load = os.getloadavg()[1]
    text = [
        "# Speed of the fit",
        "",
        f"Whole processes, {args.rounds} rounds, medians; ratios within a round. {os.cpu_count()} cores, load average {load:.1f}",
        "(a busy machine stretches wall time, less so CPU time). Volume: 256 x 256 x 40 voxels, b = 0 50 400 800, uint16, not",
        "compressed, to the ADC map alone, where nothing else is said. Made by `python benchmarks/fit_speed.py`.",
        *(["", "Left out: " + "; ".join(missing) + "."] if missing else []),
        "",
        *peers,
        "",
        "## Growth",
        "",
        "The default (`wls`, guarded), ADC map alone. Of memory the mapped file and the map grow with voxels.",
        "",
        *grown,
    ]
    files.write_text(args.folder / "fit_speed.md", "\n".join(text) + "\n")
    draw(args.folder / "fit_speed.svg", walls, curves)


if __name__ == "__main__":
    main()
