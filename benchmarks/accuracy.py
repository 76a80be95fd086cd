"""Bias and spread of the estimators on the digital reference object: writes benchmarks/results/accuracy.md.

Usage: python benchmarks/accuracy.py [--voxels 20000]
"""

import argparse
import sys
from pathlib import Path

import numpy as np

HOME = Path(__file__).parents[1]
sys.path.insert(0, str(HOME / "scripts"))

from adcohort import bvalues, files  # noqa: E402
from adcohort.diffusion.fit import fit  # noqa: E402
from adcohort.diffusion.samples import samples  # noqa: E402
from reference_object import ADC, SIGMA, SNR, signals  # noqa: E402

B_SETS = ((0, 100, 500, 800), (0, 800), (0, 500, 1000, 1500, 2000), (0, 100, 500, 800, 2000, 4000))
COLUMNS = (("ols", None), ("wls", None), ("nlls", None), ("wls", SIGMA))
INTRODUCTION = f"""# Accuracy on the digital reference object

QIBA's design: Rician noise of standard deviation {SIGMA:g}, signal at b = 0 of {SIGMA:g} x SNR. Bias of the mean ADC / standard
deviation over voxels, both in % of the true ADC; each cell from {{voxels}} voxels. "guarded" is the default of the workflow
(`wls` with the noise-floor guard and the noise level known). Made by `python benchmarks/accuracy.py`.

Without the guard every estimator is pulled down where the signal has decayed into the noise; `ols` by the most, since it trusts
every logarithm equally. With two b values there is nothing to leave out.
"""


def cell(data: np.ndarray, design, adc: float, estimator: str, noise: float | None) -> str:
    found = fit(data, design, estimator, noise).adc.astype(float) / adc - 1
    return f"{100 * np.nanmean(found):.1f} / {100 * np.nanstd(found):.1f}"


def table(b: tuple[int, ...], voxels: int) -> str:
    values = np.array(b, float)
    design = samples(values, bvalues.nominal(values), np.arange(len(b)), "geometric_mean")
    lines = [
        f"## b = {', '.join(map(str, b))} s/mm2",
        "",
        "| SNR | ADC, 1e-3 mm2/s | ols | wls | nlls | wls, guarded |",
        "|---|---|---|---|---|---|",
    ]
    for snr in SNR:
        for adc in ADC:
            data = signals(values, adc, snr, voxels)
            cells = [cell(data, design, adc, *column) for column in COLUMNS]
            lines.append(f"| {snr} | {adc * 1e3:.1f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voxels", type=int, default=20_000, help="voxels a cell")
    args = parser.parse_args()
    parts = [INTRODUCTION.format(voxels=args.voxels), *(table(b, args.voxels) for b in B_SETS)]
    files.write_text(HOME / "benchmarks/results/accuracy.md", "\n\n".join(part.strip() for part in parts) + "\n")


if __name__ == "__main__":
    main()
