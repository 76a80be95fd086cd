"""A visit's chain in one process, nothing written in between: the functions of convert_dwi, fit_adc and measure_rois in turn.

Usage: python benchmarks/one_visit.py FOLDER, as chain_speed.py lays it out; writes the ADC map (not compressed) and the values.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from adcohort import brief  # noqa: F401 (its import is its work, before that of numpy)

# isort: split
import numpy as np
from adcohort import files, nifti
from adcohort.dicom import convert
from adcohort.diffusion import analysis, runs
from adcohort.diffusion.settings import Settings
from adcohort.errors import for_the_person_at_the_keyboard
from adcohort.roi import measure


def main(folder: Path, options: dict) -> None:
    manifest = json.loads((folder / "index/manifests/sub-01_ses-baseline.json").read_text())
    entries = json.loads((folder / "index/regions/sub-01_ses-baseline.json").read_text())["regions"]
    images = []
    for wanted in manifest["runs"]:
        array = convert.assemble(folder, wanted)
        nominal = [volume["nominal"] for volume in wanted["volumes"]]
        convert.check_decay(array, nominal)
        x, y, z, t = wanted["shape"]
        b = np.array([volume["b"] for volume in wanted["volumes"]], float)
        run = runs.Run(array.reshape(t, -1), b, np.array(nominal), (x, y, z), np.array(wanted["affine"]))
        adc = run.image(analysis.adc_alone(run, Settings.of({})))
        nifti.write(folder / "one/adc.nii", adc, run.affine)
        name = (wanted["acquisition"], wanted["run"], wanted["stem"], wanted["scanner"], "")
        images.append(measure.Image(*name, adc * np.float32(measure.PER_MM2_S), run.affine))
    drawn, _ = measure.read_regions(folder, entries, "sub-01", options)
    files.write_json(folder / "one/values.json", measure.measure(drawn, images, options)["rows"])


if __name__ == "__main__":
    with for_the_person_at_the_keyboard():
        main(Path(sys.argv[1]), json.loads(sys.argv[2])["roi"])
