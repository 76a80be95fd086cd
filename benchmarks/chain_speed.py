"""Speed of a visit's chain, DICOM to ADC to ROI values, against dcm2niix + dwi2adc + mrstats: benchmarks/results/chain_speed.md.

Usage: python benchmarks/chain_speed.py [--rounds 7] [--quick]

A visit of 160 classic DICOM files (40 slices of 256 x 256 at 4 b values) and a region as NIfTI label map. Ours, twice: in one
process, from files to ADC map and values as the peers make them (one_visit.py); and the three jobs of the workflow, which write
all maps with their sidecars, compressed, and the placed regions. The index is shared by all visits of a study and not counted.
Peers that are missing are named; nothing is installed here.
"""

import argparse
import compileall
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

HOME = Path(__file__).parents[1]
sys.path.insert(0, str(HOME / "scripts"))

from adcohort import files, nifti  # noqa: E402
from fit_speed import B, measured, volume  # noqa: E402

PEERS = {"dcm2niix": "dcm2niix", "dwi2adc": "mrtrix3", "mrstats": "mrtrix3"}
VISITS = {"visits": {"baseline": {"day": 0, "window": [-28, 0]}}, "ingest": {"visits": {}}}


def write_dicom(folder: Path, volumes: np.ndarray) -> None:
    """One file a slice and b value, as classic images of one series."""
    import pydicom
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

    root = "1.2.826.0.1.3680043.8.498."
    folder.mkdir()
    for rank, b in enumerate(B):
        for z in range(volumes.shape[2]):
            meta = FileMetaDataset()
            meta.TransferSyntaxUID = ExplicitVRLittleEndian
            meta.MediaStorageSOPClassUID = MRImageStorage
            meta.MediaStorageSOPInstanceUID = f"{root}{rank + 1}.{z + 1}"
            one = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
            one.SOPClassUID, one.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
            one.PatientID = one.PatientName = "BENCH"
            one.StudyDate = one.SeriesDate = one.AcquisitionDate = "20200108"
            one.StudyTime = one.SeriesTime = one.AcquisitionTime = "101500"
            one.Modality, one.Manufacturer, one.ManufacturerModelName = "MR", "Siemens Healthineers", "MAGNETOM Vida"
            one.StudyInstanceUID, one.SeriesInstanceUID = f"{root}9", f"{root}9.1"
            one.FrameOfReferenceUID = f"{root}8"
            one.SeriesNumber, one.AcquisitionNumber = 3, rank + 1
            one.InstanceNumber = rank * volumes.shape[2] + z + 1
            one.SeriesDescription = one.ProtocolName = "ep2d_diff"
            one.ImageType = ["ORIGINAL", "PRIMARY", "DIFFUSION", "NONE"]
            one.ScanningSequence, one.SequenceVariant, one.MRAcquisitionType = "EP", "SK", "2D"
            one.SequenceName, one.EchoTime, one.RepetitionTime = "ep_b", 60.0, 5000.0
            one.ImageOrientationPatient, one.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [-190, -190, 4 * z]
            one.PixelSpacing, one.SliceThickness, one.SpacingBetweenSlices = [1.5, 1.5], 4.0, 4.0
            one.Rows, one.Columns, one.SamplesPerPixel = volumes.shape[1], volumes.shape[0], 1
            one.PhotometricInterpretation, one.PixelRepresentation = "MONOCHROME2", 0
            one.BitsAllocated, one.BitsStored, one.HighBit = 16, 12, 11
            one.DiffusionBValue, one.DiffusionDirectionality = float(b), "NONE" if b == 0 else "ISOTROPIC"
            one.PixelData = np.ascontiguousarray(volumes[:, :, z, rank].T).tobytes()
            pydicom.dcmwrite(folder / f"{rank}_{z:03d}", one, enforce_file_format=True)


def study(folder: Path, quick: bool) -> None:
    """Raw files of a study of one visit, and its index."""
    shape = (64, 64, 40) if quick else (256, 256, 40)
    write_dicom(folder / "dicom", volume(shape, B))
    x, y, z = np.indices(shape)
    lesion = (np.hypot(x - 0.5 * shape[0], y - 0.5 * shape[1]) < shape[0] / 12) & (abs(z - 20) < 8)
    (folder / "rois").mkdir()
    affine = np.array([[-1.5, 0, 0, 190], [0, -1.5, 0, 190], [0, 0, 4, 0], [0, 0, 0, 1.0]])
    nifti.write(folder / "rois/BENCH_20200108.nii", lesion.astype(np.uint8), affine)
    (folder / "participants.csv").write_text("participant_id,patient_id,treatment_start\nsub-01,BENCH,2020-01-10\n")
    masks = {"roi": {"masks": ["rois/{patient_id}_{date}.nii"]}}
    command = [sys.executable, HOME / "scripts/index_dicom.py", folder / "dicom", "--data", folder]
    command += ["--participants", folder / "participants.csv", "--options", json.dumps(VISITS)]
    subprocess.run([*command, "--masks", json.dumps(masks), "--index", folder / "index"], check=True)


def ours(folder: Path, options: str) -> dict[str, list[str]]:
    name, data = "sub-01_ses-baseline", str(folder)
    converted, fits = str(folder / "converted"), str(folder / "fits")
    program = {
        step: [sys.executable, str(HOME / f"scripts/{step}.py")] for step in ("convert_dwi", "fit_adc", "measure_rois")
    }
    manifest, regions = (str(folder / f"index/{kind}/{name}.json") for kind in ("manifests", "regions"))
    where = ["--values", str(folder / "values.json"), "--masks", str(folder / "masks")]
    return {
        "convert_dwi": [
            *program["convert_dwi"],
            manifest,
            "--data",
            data,
            "--volumes",
            "nii",
            "--converted",
            converted,
        ],
        "fit_adc": [*program["fit_adc"], converted, "--folder", fits],
        "measure_rois": [
            *[*program["measure_rois"], regions, "--data", data, "--converted", converted, "--adc", fits],
            *["--options", options, *where],
        ],
    }


def peers(folder: Path) -> dict[str, list[str]]:
    (folder / "peer").mkdir(exist_ok=True)
    image = str(folder / "peer/dwi.nii")
    (folder / "grad.b").write_text("".join(f"1 0 0 {b}\n" for b in B))
    quiet = ["-quiet", "-force"]
    return {
        "dcm2niix": [
            "dcm2niix",
            "-z",
            "n",
            "-f",
            "dwi",
            "-w",
            "1",
            "-m",
            "y",
            "-o",
            str(folder / "peer"),
            str(folder / "dicom"),
        ],
        "dwi2adc": ["dwi2adc", *quiet, "-grad", str(folder / "grad.b"), image, str(folder / "peer/adc.nii")],
        "mrstats": [
            "mrstats",
            "-quiet",
            "-mask",
            str(folder / "rois/BENCH_20200108.nii"),
            str(folder / "peer/adc.nii"),
        ],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="small images: whether it runs, not how fast")
    parser.add_argument("--folder", type=Path, default=HOME / "benchmarks/results")
    args = parser.parse_args()
    missing = [f"{peer} ({package})" for peer, package in PEERS.items() if not shutil.which(peer)]
    for name in missing:
        print(f"left out: {name} is not on the PATH", file=sys.stderr)

    from adcohort import study as description

    defaults = description.with_defaults({"roi": {"masks": ["x"]}}, description.schema(HOME / "config/schema"))
    compileall.compile_dir(HOME / "scripts", quiet=1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        study(folder, args.quick)
        options = json.dumps({"roi": defaults["roi"]})
        one = [sys.executable, str(HOME / "benchmarks/one_visit.py"), str(folder), options]
        chains = {"one process": {"one_visit": one}, "three jobs": ours(folder, options)}
        if not missing:
            chains["peers"] = peers(folder)
        steps = {name: command for chain in chains.values() for name, command in chain.items()}
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in steps}
        for turn in range(args.rounds + 1):
            for name, command in steps.items():
                value = measured(command)
                if turn:  # the first round warms up
                    found[name].append(value)
    lines = ["| | wall s | CPU s | peak MB |", "|---|---|---|---|"]
    totals = {}
    for label, chain in chains.items():
        totals[label] = np.array([[found[name][turn][:2] for name in chain] for turn in range(args.rounds)]).sum(axis=1)
        for name in chain:
            wall, cpu, memory = (statistics.median(column) for column in zip(*found[name], strict=True))
            lines.append(f"| {name} | {wall:.3f} | {cpu:.3f} | {memory:.0f} |")
        wall, cpu = np.median(totals[label], axis=0)
        lines.append(f"| **{label}, whole chain** | **{wall:.3f}** | **{cpu:.3f}** | |")
    if not missing:
        lines += ["", "Against the peers (median of the rounds' ratios):"]
        for label in ("one process", "three jobs"):
            wall, cpu = np.median(totals[label] / totals["peers"], axis=0)
            lines.append(f"{label} wall {wall:.2f}, CPU {cpu:.2f}.")
    text = ["# A visit's chain, 160 DICOM files to ROI values", "", *__doc__.split("\n\n")[2].strip().splitlines(), ""]
    text += [f"{args.rounds} rounds, medians; {os.cpu_count()} cores, load average {os.getloadavg()[1]:.1f}.", ""]
    text += [f"Left out: {', '.join(missing)}.", ""] if missing else []
    files.write_text(args.folder / "chain_speed.md", "\n".join([*text, *lines]) + "\n")


if __name__ == "__main__":
    main()
