"""Turn one visit's diffusion runs into volumes; always writes status.json, which says what became of each run."""

import argparse
import json
import resource
import time
from pathlib import Path

from adcohort import brief, files  # noqa: F401 (the import of brief is its work)
from adcohort.dicom import convert
from adcohort.errors import for_the_person_at_the_keyboard


def main() -> None:
    """Parse arguments, convert each run, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path, help="manifest of the visit, from index_dicom")
    parser.add_argument("--data", type=Path, required=True, help="the study's data folder")
    parser.add_argument("--volumes", choices=("nii.gz", "nii"), default="nii.gz", help="compressed or not")
    parser.add_argument("--converted", type=Path, required=True, help="folder to write")
    args = parser.parse_args()

    start = time.perf_counter()
    manifest = json.loads(args.manifest.read_text(encoding="utf-8"))
    args.converted.mkdir(parents=True, exist_ok=True)
    files.keep_only(args.converted, "*", [])
    runs = [convert.run(args.data, run, args.converted, args.volumes) for run in manifest["runs"]]
    status = {name: manifest[name] for name in ("participant_id", "visit", "day")} | {"runs": runs}
    files.write_json(args.converted / "status.json", status)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    used = {"wall_s": round(time.perf_counter() - start, 3), "peak_mb": round(peak, 1)}
    files.write_json(args.converted / "performance.json", used)


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main()
