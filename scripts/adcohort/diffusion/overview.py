"""All fits of a study in one table, and what was left out."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from adcohort import tables
from adcohort.diffusion.settings import STATUS
from adcohort.reasons import Decision, Reason

DESCRIPTION = {
    "Name": "adcohort ADC maps",
    "BIDSVersion": "1.10.0",
    "DatasetType": "derivative",
    "GeneratedBy": [{"Name": "adcohort", "Description": "fit_adc: apparent diffusion coefficient of every voxel"}],
    "DatasetLinks": {"raw": "../bids"},
}
BIDSIGNORE = [
    "adc.tsv",
    "adc.json",
    "exclusions.tsv",
    "exclusions.json",
    "qc",
    "qc/**",
    "**/status.json",
    "**/*_dwimap.*",
]


def gather(
    fits: Iterable[Path], motions: Iterable[Path], columns: Iterable[str]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of adc.tsv and of exclusions.tsv from the folders of the visits' fits and the motion of the participants' runs.

    Runs that ingest excluded are in ingest's own table.
    """
    moved: dict[str, Any] = {}
    for file in motions:
        moved |= json.loads(file.read_text(encoding="utf-8"))
    rows, excluded = [], []
    for folder in sorted(fits):
        status = json.loads((folder / STATUS).read_text(encoding="utf-8"))
        who = {key: status[key] for key in ("participant_id", "visit", "day")}
        for run in status["runs"]:
            record = f"acq-{run['acquisition']}_run-{run['run']:02d}"
            if run["status"] == "fitted":
                motion = [volume["displacement"] for volume in moved.get(run["stem"], {}).values()]
                rows.append(
                    who | {"motion": max(motion, default=None)} | {k: v for k, v in run.items() if k in columns}
                )
            else:
                reason = Reason(run["reason"])
                excluded.append(tables.exclusion("adc", reason, **who, record=record, detail=run["detail"]))
            for note in run["notes"]:
                excluded.append(
                    tables.exclusion(
                        "adc",
                        Reason(note["reason"]),
                        **who,
                        record=record,
                        detail=note["detail"],
                        decision=Decision(note["decision"]),
                    )
                )
    return rows, excluded
