"""A digital reference object after QIBA's design: known ADC and SNR, Rician noise of standard deviation 10."""

import numpy as np

SIGMA = 10.0
ADC = (0.1e-3, 0.3e-3, 0.5e-3, 0.7e-3, 1.1e-3, 1.5e-3, 2.0e-3, 2.5e-3, 3.1e-3, 3.5e-3)  # mm2/s
SNR = (5, 10, 20, 50, 100)


def signals(b: np.ndarray, adc: float, snr: float, voxels: int, seed: int = 1) -> np.ndarray:
    """Magnitudes (n_b, voxels) of one ADC (mm2/s) and one SNR at b = 0."""
    rng = np.random.default_rng([seed, round(adc * 1e7), round(snr * 10)])
    truth = SIGMA * snr * np.exp(-np.asarray(b, dtype=float)[:, None] * adc)
    noise = rng.normal(0.0, SIGMA, (2, len(truth), voxels))
    return np.hypot(truth + noise[0], noise[1]).astype(np.float32)
