"""What becomes of every file and series: grouping, runs, visits, and each reason of the closed list."""

import json
import random
import shutil

import dicom_world as world
import numpy as np
import pytest
from adcohort import bvalues
from adcohort.dicom import accept, convert, grouping, tree
from adcohort.errors import StudyError
from adcohort.reasons import Reason
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TRACES = [world.Volume(b) for b in (0, 50, 400, 800)]


def split(volumes=TRACES, *, first=3000, clock="101500", **more):
    """One series a b value, as some exports make of one acquisition."""
    for number, volume in enumerate(volumes, start=1):
        yield from world.classic("siemens private", [volume], series=first + number, clock=clock, **more)


def ingest(tmp_path, *groups, **options):
    for group in groups:
        world.save(group, tmp_path / "dicom")
    out = world.Ingested(tmp_path / "dicom", **options)
    n_files = sum(path.is_file() for path in (tmp_path / "dicom").rglob("*"))
    assert sum(row["n_files"] for row in out.index.series) == n_files  # every file is accounted for
    assert all(row["reason"] for row in out.index.series if row["status"] != "accepted")
    return out


def reasons(out):
    """Reasons of the diffusion series, by the index or by the pixels."""
    headers = [row["reason"] for row in out.index.series if row["role"] == "diffusion"]
    pixels = [run["reason"] for run in out.runs.values()]
    return {str(reason) for reason in [*headers, *pixels] if reason}


# ------------------------------------------------------------------------------------------------------------- grouping


def test_series_split_by_b_value_are_one_acquisition(tmp_path):
    out = ingest(tmp_path, split())
    [(stem, run)] = out.runs.items()
    assert stem == "sub-01_ses-baseline_acq-epiB0x50x400x800_run-01"
    assert run["b_values"] == [0, 50, 400, 800]
    assert run["series"] == [1, 2, 3, 4]
    for n, volume in enumerate(TRACES):
        np.testing.assert_array_equal(out.image()[0][..., n], volume.signal.transpose(2, 1, 0)[:, ::-1, :])


@pytest.mark.parametrize("seed", range(3))
def test_repeats_are_runs_in_whatever_order_files_lie(tmp_path, seed):
    files = [*split(first=3000, clock="101500"), *split(first=6000, clock="103000")]
    for number, out in enumerate(random.Random(seed).sample(files, len(files))):
        out.InstanceNumber = number + 1  # scrambled, too
    random.Random(seed).shuffle(files)
    out = ingest(tmp_path, files)
    assert [run["series"] for run in out.runs.values()] == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert [stem[-6:] for stem in out.runs] == ["run-01", "run-02"]


def test_a_repeat_inside_one_series_is_more_volumes(tmp_path):
    volumes = [world.Volume(0), world.Volume(800, seed=1), world.Volume(800, seed=2)]
    out = ingest(tmp_path, world.classic("siemens private", volumes))
    assert out.image()[0].shape[-1] == 3
    np.testing.assert_array_equal(out.image()[2], [0, 800, 800])


def test_two_studies_on_one_day_are_two_runs(tmp_path):
    second = list(split(first=3000))
    for out in second:
        out.StudyInstanceUID += ".2"
        out.SeriesInstanceUID += ".2"
        out.SOPInstanceUID += ".2"
        out.AcquisitionTime = "150000"
    out = ingest(tmp_path, split(first=3000), second)
    assert [stem[-6:] for stem in out.runs] == ["run-01", "run-02"]


def test_b_values_scanned_as_protocols_of_their_own_are_joined(tmp_path):
    one = world.classic("siemens private", [world.Volume(0)], series=3, ProtocolName="dwi_b0")
    two = world.classic("siemens private", [world.Volume(800)], series=4, ProtocolName="dwi_b800", EchoTime=74)
    out = ingest(tmp_path, one, two)
    assert [run["b_values"] for run in out.runs.values()] == [[0, 800]]


def test_traces_and_directions_stand_side_by_side(tmp_path):
    directions = [world.Volume(0), *(world.Volume(800, d) for d in world.DIRECTIONS)]
    traces = ["DERIVED", "PRIMARY", "DIFFUSION", "TRACEW"]
    out = ingest(
        tmp_path,
        world.classic("siemens private", directions, series=3),
        world.classic("siemens private", [world.Volume(0), world.Volume(800)], series=4, ImageType=traces),
    )
    assert [len(run["manifest"]["volumes"]) for run in out.runs.values()] == [4, 2]


def test_a_maker_that_writes_no_b_value_at_zero(tmp_path):
    whole = ingest(tmp_path / "one", world.classic("toshiba", TRACES))
    apart = ingest(
        tmp_path / "two", *(world.classic("toshiba", [volume], series=3 + n) for n, volume in enumerate(TRACES))
    )
    for out in (whole, apart):
        np.testing.assert_array_equal(out.image()[2], [0, 50, 400, 800])


def test_a_computed_trace_beside_its_directions_is_left_out_and_traces_alone_stay(tmp_path):
    volumes = [world.Volume(0), *(world.Volume(800, d) for d in world.DIRECTIONS), world.Volume(800)]
    beside = ingest(tmp_path / "one", world.classic("philips", volumes))
    alone = ingest(tmp_path / "two", world.classic("philips", TRACES))
    assert beside.image()[0].shape[-1] == 4
    assert alone.image()[0].shape[-1] == 4


def test_a_map_appended_to_a_series_is_left_out(tmp_path):
    files = list(world.classic("siemens private", [*TRACES, world.Volume(0, seed=9)]))
    for out in files[-world.SLICES :]:
        out.ImageType = ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]
    out = ingest(tmp_path, files)
    assert out.image()[0].shape[-1] == 4
    [row] = out.index.series
    assert "5 of 25 files are maps" in row["detail"]


def test_slope_and_intercept_of_each_slice(tmp_path):
    files = list(world.classic("siemens private", TRACES))
    for n, out in enumerate(files):
        out.RescaleSlope, out.RescaleIntercept = f"{1 + 0.01 * n:.2f}", f"{n % 3}"
    array = ingest(tmp_path, files).image()[0]
    assert array.dtype == np.float32
    for n, volume in enumerate(TRACES):
        for z in range(world.SLICES):
            k = n * world.SLICES + z
            expected = volume.signal[z].T[:, ::-1] * (1 + 0.01 * k) + k % 3
            np.testing.assert_allclose(array[:, :, z, n], expected, rtol=1e-5)


def test_different_matrices_under_one_label_are_told_apart(tmp_path):
    small = [world.Volume(b) for b in (0, 50, 400, 800)]
    for volume in small:
        volume.signal = volume.signal[:, :8, :8]
    out = ingest(
        tmp_path,
        world.classic("siemens private", TRACES, series=3),
        world.classic("siemens private", small, series=4, ProtocolName="small"),
    )
    assert sorted(run["acquisition"] for run in out.runs.values()) == [
        "epiB0x50x400x800m16x12x5", "epiB0x50x400x800m8x8x5",
    ]  # fmt: skip


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=12))
def test_nominal_b_values_are_near_the_stated_ones_and_keep_their_order(stated):
    names = bvalues.named(stated)
    assert set(names) == set(stated)
    assert all(abs(name - b) <= max(5, 0.15 * b) for b, name in names.items())
    ordered = [names[b] for b in sorted(set(stated))]
    assert ordered == sorted(ordered)


@pytest.mark.parametrize(("stated", "expected"), [
    ([1002.1, 1004.6, 1007.1], [1000] * 3),
    ([0.001, 0.004, 1000.0], [0, 0, 1000]),
    ([1.25, 929.75], [0, 930]),
    ([0, 10, 20, 30, 50, 80], [0, 10, 20, 30, 50, 80]),
])  # fmt: skip
def test_nominal_b_values_of_real_scanners(stated, expected):
    names = bvalues.named(stated)
    assert [names[b] for b in stated] == expected


def test_labels_are_short_and_safe():
    assert grouping.label("epi", [0, 500, 1000], 0) == "epiB0x500x1000"
    assert grouping.label("epi", [0, 2500], 20) == "epiB0x2500dir20"
    assert grouping.label("epi", list(range(0, 1000, 100)), 3) == "epiB0to900n10"


# -------------------------------------------------------------------------------------------------------------- reasons


def ge_map():
    """A vendor's ADC map that carries a b value."""
    files = list(world.classic("ge", [world.Volume(500)], series=9, ImageType=["DERIVED", "SECONDARY", "ADC"]))
    for out in files:
        out.private_block(0x0043, "GEMS_PARM_01").add_new(0x30, "SS", 20)
    return files


def edited(files, change, which=slice(None)):
    files = list(files)
    for out in files[which]:
        change(out)
    return files


def without_b(out):
    for tag in [element.tag for element in out if element.tag.group == 0x0019]:
        del out[tag]


HEADER_CASES = {
    Reason.NO_B_VALUE: lambda: edited(split(TRACES[:1]), without_b),
    Reason.ONE_B_VALUE: lambda: split(TRACES[1:2]),
    Reason.MISSING_SLICES: lambda: [out for n, out in enumerate(world.classic("siemens private", TRACES)) if n != 7],
    Reason.MIXED_GEOMETRY: lambda: edited(
        world.classic("siemens private", TRACES), lambda out: setattr(out, "PixelSpacing", [3, 3]), slice(10, None)
    ),
    Reason.UNKNOWN_PARTICIPANT: lambda: split(patient="9999"),
    Reason.OUTSIDE_EVERY_WINDOW: lambda: split(day=-100),
    Reason.NO_SIGNAL_DECAY: lambda: split([world.Volume(b) for b in (0, 800)]),
}


@pytest.mark.parametrize("reason", [one for one in HEADER_CASES if one != Reason.NO_SIGNAL_DECAY])
def test_refused_with_its_reason(tmp_path, reason):
    out = ingest(tmp_path, HEADER_CASES[reason]())
    assert reasons(out) == {str(reason)}
    assert not any(run["status"] == "accepted" for run in out.runs.values())
    assert {row["reason"] for row in out.index.exclusions} == {str(reason)}


def test_the_same_slice_missing_at_every_b_value(tmp_path):
    files = [out for n, out in enumerate(world.classic("siemens private", TRACES)) if n % world.SLICES != 2]
    assert reasons(ingest(tmp_path, files)) == {"missing slices"}


def test_b_values_of_different_geometry_are_not_joined(tmp_path):
    other = edited(split(TRACES[1:], first=5000), lambda out: setattr(out, "PixelSpacing", [3, 3]))
    out = ingest(tmp_path, split(TRACES[:1]), edited(other[: world.SLICES], lambda out: None))
    assert reasons(out) == {"mixed geometry"}


def test_pixels_that_are_the_same_at_every_b_value(tmp_path):
    same = [world.Volume(0), world.Volume(800)]
    same[1].signal = same[0].signal
    risen = [world.Volume(0), world.Volume(800)]
    risen[1].signal = risen[0].signal + 5
    black = [world.Volume(0), world.Volume(800)]
    black[0].signal = black[1].signal = black[0].signal * 0
    for number, volumes in enumerate((same, risen, black)):
        assert reasons(ingest(tmp_path / str(number), split(volumes))) == {"no signal decay"}


def test_a_vendors_map_with_a_b_value_is_a_map(tmp_path):
    out = ingest(tmp_path, world.classic("ge", TRACES), ge_map())
    assert sorted(out.decisions()) == [("diffusion", "accepted", None), ("map", "ignored", "vendor map")]


def test_anatomy_is_not_diffusion(tmp_path):
    plain = {
        "ImageType": ["ORIGINAL", "PRIMARY", "M"],
        "ProtocolName": "t2_tse",
        "SeriesDescription": "t2_tse",
        "ScanningSequence": "SE",
    }
    for kind, number in (("siemens private", 1), ("philips", 2)):
        files = world.classic(kind, [world.Volume(0)], series=number, **plain)
        if kind.startswith("siemens"):
            files = edited(files, without_b)
        world.save(files, tmp_path / "dicom")
    assert ingest(tmp_path).decisions() == [("image", "ignored", "not diffusion")] * 2


def test_a_truncated_file_spoils_its_acquisition_and_no_other(tmp_path):
    paths = world.save(split(first=3000), tmp_path / "dicom")
    paths[3].write_bytes(paths[3].read_bytes()[:-100])
    out = ingest(tmp_path, split(first=6000, clock="110000"))
    rows = out.decisions(b_values="0")
    assert ("diffusion", "excluded", "truncated") in rows
    assert [run["series"] for run in out.runs.values() if run["status"] == "accepted"] == [[5, 6, 7, 8]]


def test_stray_files_are_counted_by_their_reason(tmp_path):
    paths = world.save(split(), tmp_path / "dicom")
    (tmp_path / "dicom" / "again").mkdir()
    shutil.copy(paths[0], tmp_path / "dicom" / "again" / "copy")
    (tmp_path / "dicom" / "empty").touch()
    (tmp_path / "dicom" / "notes.txt").write_text("seen by Dr Canary")
    (tmp_path / "dicom" / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "dicom" / "loop").symlink_to(tmp_path / "dicom")
    world.save(split(), tmp_path / "other")
    for row in world.Ingested(tmp_path / "dicom").index.series:
        assert row["role"] in ("diffusion", "file")
    strays = {
        row["reason"]: row["n_files"]
        for row in world.Ingested(tmp_path / "dicom").index.series
        if row["role"] == "file"
    }
    assert strays == {"duplicate": 1, "zero-byte": 1, "not DICOM": 1, "unreadable file": 1}


def test_compressed_pixels_that_cannot_be_decoded(tmp_path):
    files = list(split())
    for out in files:
        out.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.90"
        out.PixelData = world.pydicom.encaps.encapsulate([b"no codestream"])
        out["PixelData"].VR = "OB"
        out["PixelData"].is_undefined_length = True
    assert reasons(ingest(tmp_path, files)) == {"undecodable"}


# --------------------------------------------------------------------------------------------------------------- visits


def test_the_nearest_day_of_a_window_stands_for_the_visit(tmp_path):
    out = ingest(
        tmp_path, split(day=-20), split(day=-3, first=6000), split(day=35, first=100), split(day=0, patient="0008")
    )
    assert {(m["participant_id"], m["visit"], m["day"]) for m in out.index.manifests.values()} == {
        ("sub-01", "baseline", -3), ("sub-01", "month1", 35), ("sub-02", "baseline", 0),
    }  # fmt: skip
    assert {row["reason"] for row in out.index.exclusions} == {"not nearest in window"}


def test_a_day_without_a_usable_run_leaves_the_visit_to_the_next(tmp_path):
    out = ingest(tmp_path, split(day=-20), split(TRACES[:1], day=-3, first=6000))
    assert [m["day"] for m in out.index.manifests.values()] == [-20]


def test_series_numbers_stay_when_a_day_is_added(tmp_path):
    before = ingest(tmp_path, split(day=35)).index.manifests
    after = ingest(tmp_path, split(day=-3, first=100)).index.manifests
    assert after["sub-01_ses-month1"] == before["sub-01_ses-month1"]


def status(who, visit, day, labels):
    runs = [
        {"acquisition": name, "run": n, "status": "accepted", "b_values": [0] * b, "series": [1]}
        for name, n, b in labels
    ]
    return {"participant_id": who, "visit": visit, "day": day, "runs": runs}


def test_the_primary_acquisition_is_the_one_of_most_visits_or_the_declared_one():
    statuses = [
        status("sub-01", "baseline", -3, [("a", 1, 2), ("b", 1, 4)]),
        status("sub-01", "month1", 30, [("a", 1, 2), ("a", 2, 2)]),
        status("sub-02", "baseline", 0, [("c", 1, 3)]),
    ]
    found = [{run["acquisition"] for run in v["runs"] if run["primary"]} for v in accept.visits(statuses, None)]
    assert found == [{"a"}, {"a"}, {"c"}]
    declared = [{run["acquisition"] for run in v["runs"] if run["primary"]} for v in accept.visits(statuses, "b")]
    assert declared == [{"b"}, set(), set()]


# ---------------------------------------------------------------------------------------------------- index over time


def test_only_new_and_changed_files_are_read_again(tmp_path, monkeypatch):
    paths = world.save(split(), tmp_path / "dicom")
    first = world.Ingested(tmp_path / "dicom")
    seen = []
    real = tree.read_file
    monkeypatch.setattr(tree, "read_file", lambda name, path: seen.append(name) or real(name, path))
    assert world.Ingested(tmp_path / "dicom").index == first.index
    assert seen == []
    paths[0].write_bytes(paths[0].read_bytes())  # touched
    world.save(world.classic("siemens private", [world.Volume(0)], series=99, day=35), tmp_path / "dicom" / "new")
    paths[1].unlink()
    again = world.Ingested(tmp_path / "dicom")
    assert len(seen) == 1 + world.SLICES
    assert len(again.files) == len(first.files) - 1 + world.SLICES
    (tmp_path / ".converted" / "cache.sqlite").write_bytes(b"damaged")
    assert world.Ingested(tmp_path / "dicom").index == again.index


def test_a_moved_study_has_the_same_manifests(tmp_path):
    one = ingest(tmp_path / "here", split())
    shutil.copytree(tmp_path / "here", tmp_path / "over there 数据")
    shutil.rmtree(tmp_path / "over there 数据" / ".converted")
    assert world.Ingested(tmp_path / "over there 数据" / "dicom").index.manifests == one.index.manifests


def test_a_file_that_changed_after_the_index_stops_the_study(tmp_path):
    paths = world.save(split(), tmp_path / "dicom")
    out = world.Ingested(tmp_path / "dicom")
    paths[2].write_bytes(paths[2].read_bytes()[:-1] + b"!")
    [manifest] = out.index.manifests.values()
    with pytest.raises(StudyError, match="Run the workflow again"):
        convert.run(tmp_path, manifest["runs"][0], tmp_path / "out")


def test_names_that_are_no_utf8_are_found_again(tmp_path):
    world.save(split(), tmp_path / "dicom")
    odd = tmp_path / "dicom" / world.tree.os.fsdecode("图像".encode("gb18030"))
    odd.mkdir()
    for path in list((tmp_path / "dicom").glob("I*")):
        path.rename(odd / path.name)
    out = ingest(tmp_path)
    json.dumps(out.index.manifests, ensure_ascii=False).encode()
    assert [run["status"] for run in out.runs.values()] == ["accepted"]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(
    damage=st.lists(st.tuples(st.integers(0, 19), st.floats(0, 1), st.integers(0, 255)), max_size=12),
    seed=st.integers(0, 2),
)
def test_a_tree_of_damaged_files_is_decided_and_never_stops_the_study(tmp_path_factory, damage, seed):
    folder = tmp_path_factory.mktemp("damaged")
    kind = ("siemens private", "philips", "ge")[seed]
    paths = world.save(world.classic(kind, TRACES), folder / "dicom")
    for which, where, value in damage:
        data = bytearray(paths[which].read_bytes())
        data[132 + int(where * (len(data) - 133))] = value
        paths[which].write_bytes(bytes(data))
    out = world.Ingested(folder / "dicom")
    assert sum(row["n_files"] for row in out.index.series) == len(paths)
    json.dumps([out.index.manifests, out.index.series, out.index.exclusions], allow_nan=False)
