"""All runs of a visit: fitted or refused with a reason, and a status file that says so."""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from adcohort import files
from adcohort.diffusion import analysis, outputs, runs
from adcohort.diffusion.settings import STATUS, Settings
from adcohort.reasons import Decision, Reason


def fit_visit(source: Path, folder: Path, settings: Settings) -> None:
    """Fit every accepted run of a converted visit into `folder`; it always ends well, with ``status.json``.

    Parameters
    ----------
    source
        Holds status.json, and <stem>_dwi.nii[.gz] with .bval of each run that it calls accepted.
    """
    status = json.loads((source / STATUS).read_text(encoding="utf-8"))
    accepted = [run for run in status["runs"] if run["status"] == "accepted"]
    begun = [
        fit_file(image_of(source, run["stem"]), run["stem"], folder, settings, run["b_values"]) for run in accepted
    ]
    done = [
        {"acquisition": run["acquisition"], "run": run["run"]} | fitted
        for run, fitted in zip(accepted, begun, strict=True)
    ]
    who = {key: status[key] for key in ("participant_id", "visit", "day")}
    files.write_json(folder / STATUS, who | {"runs": done})


def fit_file(
    image: Path, stem: str, folder: Path, settings: Settings, known: list[int] | None = None
) -> dict[str, Any]:
    """Fit one image with its .bval beside it; write the maps, and return what became of it."""
    start = time.perf_counter()
    out: dict[str, Any] = {"stem": stem, "status": "fitted", "reason": "", "detail": "", "notes": []}
    try:
        run = read(image, settings, known)
        fitted = analysis.fit_run(run, settings)
        outputs.write_run(folder, stem, run, fitted)
        out |= fitted.summary
        out["notes"] = [_note(Reason.TOO_FEW_B_VALUES, words) for words in fitted.left_out]
        if fitted.no_noise:
            out["notes"].append(_note(Reason.NO_NOISE_LEVEL, fitted.no_noise))
    except runs.Refused as problem:
        out |= {"status": "excluded", "reason": str(problem.reason), "detail": problem.detail}
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return out | {"wall_s": round(time.perf_counter() - start, 3), "peak_mb": round(megabytes)}


def read(image: Path, settings: Settings, known: list[int] | None = None, bval: Path | None = None) -> runs.Run:
    """An image with its b values (default: its name with .bval), registered if the settings say so."""
    run = runs.read(image, bval or image.with_name(image.name.split(".nii")[0] + ".bval"), known)
    if settings.registration:
        from adcohort.diffusion import motion

        run = motion.registered(run)
    return run


def image_of(source: Path, stem: str) -> Path:
    """The run's volumes in a converted visit, compressed or not."""
    image = source / f"{stem}_dwi.nii.gz"
    return image if image.is_file() else image.with_suffix("")


def _note(reason: Reason, detail: str) -> dict[str, str]:
    return {"reason": str(reason), "decision": str(Decision.FLAGGED), "detail": detail}
