"""The maps of a run as a BIDS derivative: NIfTI files, each with a sidecar that says how it was made."""

from pathlib import Path
from typing import Any

import numpy as np
from adcohort import files, nifti
from adcohort.diffusion.analysis import HIGHEST_ADC, Fitted
from adcohort.diffusion.fit import REWEIGHTS
from adcohort.diffusion.guard import FLOOR
from adcohort.diffusion.runs import Run

FIT_CODES = {  # DICOM CID 7274
    "two": {"code": "113260", "scheme": "DCM", "meaning": "Log of ratio of two samples"},
    "wls": {"code": "113261", "scheme": "DCM", "meaning": "Least squares fit of multiple samples"},
    "ols": {"code": "113261", "scheme": "DCM", "meaning": "Least squares fit of multiple samples"},
    "nlls": {"code": "113261", "scheme": "DCM", "meaning": "Least squares fit of multiple samples"},
}
ESTIMATOR_WORDS = {
    "wls": f"straight line through ln S, fitted anew {REWEIGHTS} times with weights of the predicted signal squared",
    "ols": "straight line through ln S, equal weights",
    "nlls": "least squares in S, Gauss-Newton with S0 projected out",
}
MODEL_MAPS = {
    ("ivim", "d"): ("mm2/s", "Diffusion coefficient of the tissue, from b values of at least 200 s/mm2"),
    ("ivim", "f"): ("1", "Perfusion fraction: share of the signal at b = 0 that the tissue's line does not explain"),
    ("kurtosis", "d"): ("mm2/s", "Diffusion coefficient, corrected for kurtosis"),
    ("kurtosis", "k"): ("1", "Kurtosis"),
}


def write_run(folder: Path, stem: str, run: Run, fitted: Fitted) -> None:
    """Write every map of a run as `<stem>_….nii.gz` with its `.json`."""
    maps, about = fitted.maps, _about(stem, fitted)
    adc = {"Description": "Apparent diffusion coefficient (ADC)", "Units": "mm2/s"}
    table: list[tuple[str, np.ndarray | None, dict[str, Any]]] = [
        ("ADC", maps.adc, adc | about),
        ("S0map", maps.s0, {"Description": "Signal at b = 0 of the fitted model", "Units": "arbitrary"}),
        ("desc-rsquared_ADC", maps.r2, {"Description": "R squared with the weights of the fit; NaN with two samples"}),
        ("desc-stderr_ADC", maps.stderr, {"Description": "Standard error of the ADC; NaN with two", "Units": "mm2/s"}),
        (
            "desc-samples_ADC",
            maps.n_used,
            {"Description": "Number of volumes that the fit used; 0 where there is no ADC"},
        ),
        ("desc-foreground_mask", fitted.foreground, {"Description": "Voxels with signal"}),
        (
            "desc-perfusionfree_ADC",
            fitted.perfusion_free,
            adc
            | {
                "Description": "ADC of b values of at least 200 s/mm2, free of perfusion",
                "Estimator": about["Estimator"],
            },
        ),
    ]
    for model, found in fitted.models.items():
        for name, found_values in found.items():
            units, words = MODEL_MAPS[model, name]
            label = {"kurtosis": "dki"}.get(model, model)
            table.append((f"model-{label}_param-{name}_dwimap", found_values, {"Description": words, "Units": units}))
    for suffix, values, sidecar in table:
        if values is not None:
            common = {"Sources": about["Sources"], "SkullStripped": False}
            files.write_json(folder / f"{stem}_{suffix}.json", sidecar | common)
            nifti.write(folder / f"{stem}_{suffix}.nii.gz", run.image(values), run.affine, description=suffix)


def _about(stem: str, fitted: Fitted) -> dict[str, Any]:
    """The sidecar of the ADC map: everything that the value depends on, and how good the fit was."""
    summary = fitted.summary
    two = summary["n_volumes"] == 2 or (summary["n_b"] == 2 and summary["directions"] == "geometric_mean")
    return {
        "Sources": [f"bids:raw:{'/'.join(_folder(stem))}/{stem}_dwi.nii.gz"],
        "Model": {"code": "113250", "scheme": "DCM", "meaning": "Mono-exponential model"},
        "Quantity": {"code": "113041", "scheme": "DCM", "meaning": "Apparent Diffusion Coefficient"},
        "UnitsCode": {"code": "mm2/s", "scheme": "UCUM", "meaning": "mm2/s"},
        "FitMethod": FIT_CODES["two" if two else summary["estimator"]],
        "Estimator": summary["estimator"],
        "EstimatorDescription": ESTIMATOR_WORDS[summary["estimator"]],
        "BValuesFitted": [int(b) for b in summary["b_values"].split()],
        "BValuesLeftOut": [int(b) for b in summary["b_left_out"].split()],
        "Volumes": summary["n_volumes"],
        "Directions": summary["directions"],
        "NoiseLevel": summary["noise"],
        "NoiseLevelSource": summary["noise_source"],
        "NoiseFloorGuard": {
            "On": summary["guard"] == "on",
            "FloorInNoiseLevels": FLOOR,
            "SamplesDropped": bool(summary["fraction_guarded"]),
            "FractionOfForegroundWithDroppedSamples": summary["fraction_guarded"],
            "OffBecause": fitted.no_noise or None,
        },
        "Registered": summary["registered"],
        "MedianSNR": summary["snr"],
        "ForegroundVoxels": summary["n_foreground"],
        "FractionNaN": summary["fraction_nan"],
        "FractionOutside": summary["fraction_outside"],
        "OutsideRange": [0.0, HIGHEST_ADC],
        "MedianADC": summary["median_adc"],
        "MedianR2": summary["median_r2"],
        "Flags": [flag for flag in summary["flags"].split("; ") if flag],
    }


def _folder(stem: str) -> list[str]:
    """``sub-01``, ``ses-baseline``, ``dwi`` from a file's entities."""
    return [part for part in stem.split("_") if part.startswith(("sub-", "ses-"))] + ["dwi"]
