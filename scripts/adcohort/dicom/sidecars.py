"""Technical facts of an acquisition for BIDS sidecars: a whitelist, nothing of the person, the place or the day."""

from typing import Any

from adcohort.dicom.series import Series

_SAME_NAME = (
    "MagneticFieldStrength",
    "MRAcquisitionType",
    "SequenceVariant",
    "ScanOptions",
    "FlipAngle",
    "NumberOfAverages",
    "EchoTrainLength",
    "PixelBandwidth",
    "SliceThickness",
    "SpacingBetweenSlices",
    "SoftwareVersions",
    "PatientPosition",
    "ImageType",
)


def of_run(members: list[Series]) -> dict[str, Any]:
    """Sidecar of a run, in BIDS names and units (times in seconds), from its first series."""
    head = members[0].head
    technical = head["technical"]
    out: dict[str, Any] = {"Manufacturer": head["vendor"], "ManufacturersModelName": head["model"]}
    out |= {name: technical[name] for name in _SAME_NAME if name in technical}
    for name in ("EchoTime", "RepetitionTime"):
        if technical.get(name):
            out[name] = technical[name] / 1000
    if "ScanningSequence" in technical:
        out["ScanningSequence"] = technical["ScanningSequence"]
    if not out.get("FlipAngle"):
        out.pop("FlipAngle", None)
    if "InPlanePhaseEncodingDirection" in technical:
        out["InPlanePhaseEncodingDirectionDICOM"] = technical["InPlanePhaseEncodingDirection"]
    return out
