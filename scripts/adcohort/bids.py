"""Names of imaging files: BIDS entities, by one function."""

import re
from pathlib import PurePosixPath

SAFE_LABEL = re.compile(r"[a-zA-Z0-9]+")


def visit_name(participant_id: str, visit: str) -> str:
    """``sub-01_ses-baseline``: the name of one imaging visit, for manifests, jobs and logs."""
    return f"{participant_id}_ses-{visit}"


def parts(name: str) -> tuple[str, str]:
    """Participant and visit of `visit_name`."""
    participant_id, _, visit = name.partition("_ses-")
    return participant_id, visit


def stem(participant_id: str, visit: str, acquisition: str, run: int) -> str:
    """``sub-01_ses-baseline_acq-epi2d_run-01``: what all files of one run begin with."""
    return f"{visit_name(participant_id, visit)}_acq-{acquisition}_run-{run:02d}"


def dwi_folder(participant_id: str, visit: str) -> PurePosixPath:
    """``sub-01/ses-baseline/dwi``, inside a BIDS dataset or derivative."""
    return PurePosixPath(participant_id, f"ses-{visit}", "dwi")


def is_participant_id(text: str) -> bool:
    """Whether a pseudonym is a BIDS subject label with its prefix (``sub-`` and letters or digits), so a safe file name."""
    return text.startswith("sub-") and SAFE_LABEL.fullmatch(text.removeprefix("sub-")) is not None
