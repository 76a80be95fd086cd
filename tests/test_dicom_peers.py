"""Volumes of every vendor's files against dcm2niix, and the real sets against what is known of them."""

import dicom_world as world
import numpy as np
import pytest
from adcohort.dicom import index

VOLUMES = [world.Volume(0), *(world.Volume(b, d) for b in (500, 1000) for d in world.DIRECTIONS)]
TRACES = [world.Volume(b) for b in (0, 50, 400, 800)]


def same(ours, theirs, *, vectors=True):
    """Voxels, affine, b values and directions agree."""
    assert ours[0].shape == theirs[0].shape
    np.testing.assert_allclose(ours[1], theirs[1], atol=2e-3)
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
    np.testing.assert_allclose(ours[2], theirs[2], atol=1e-3)
    if vectors:
        weighted = ours[2] > 0  # some makers state a direction at b = 0
        np.testing.assert_allclose(ours[3][:, weighted], theirs[3][:, weighted], atol=2e-3)


@pytest.mark.parametrize("turn", world.TURNS)
@pytest.mark.parametrize("kind", ["siemens public", "siemens private", "ge", "philips", "uih", "toshiba", "bruker"])
def test_classic_series_equal_the_peers(kind, turn, tmp_path):
    world.save(world.classic(kind, VOLUMES, geometry=world.Geometry(turn)), tmp_path / "dicom")
    ours = world.Ingested(tmp_path / "dicom").image()
    [theirs] = world.peer(tmp_path / "dicom", tmp_path / "peer").values()
    same(ours, theirs)


@pytest.mark.parametrize("turn", world.TURNS)
@pytest.mark.parametrize("kind", ["ge", "siemens public"])
def test_phase_along_rows_equals_the_peer(kind, turn, tmp_path):
    files = world.classic(kind, VOLUMES, geometry=world.Geometry(turn), InPlanePhaseEncodingDirection="ROW")
    world.save(files, tmp_path / "dicom")
    [theirs] = world.peer(tmp_path / "dicom", tmp_path / "peer").values()
    same(world.Ingested(tmp_path / "dicom").image(), theirs)


@pytest.mark.parametrize("turn", world.TURNS)
def test_canon_comments_equal_the_peer(turn, tmp_path):
    world.save(world.classic("canon", VOLUMES, geometry=world.Geometry(turn)), tmp_path / "dicom")
    [theirs] = world.peer(tmp_path / "dicom", tmp_path / "peer").values()
    same(world.Ingested(tmp_path / "dicom").image(), theirs)


@pytest.mark.parametrize("turn", world.TURNS)
@pytest.mark.parametrize("csa_only", [False, True])
def test_siemens_mosaics_equal_the_peer(csa_only, turn, tmp_path):
    world.save(world.mosaic(VOLUMES, geometry=world.Geometry(turn), csa_only=csa_only), tmp_path / "dicom")
    [theirs] = world.peer(tmp_path / "dicom", tmp_path / "peer").values()
    same(world.Ingested(tmp_path / "dicom").image(), theirs)


def test_siemens_csa_header_gives_what_the_private_elements_give(tmp_path):
    for kind in ("siemens csa", "siemens private"):
        world.save(world.classic(kind, VOLUMES, geometry=world.Geometry("oblique")), tmp_path / kind / "dicom")
    one, two = (world.Ingested(tmp_path / kind / "dicom").image() for kind in ("siemens csa", "siemens private"))
    same(one, two)


@pytest.mark.parametrize("turn", world.TURNS)
def test_united_imaging_mosaics_equal_the_peer(turn, tmp_path):
    world.save(world.vframe(VOLUMES, geometry=world.Geometry(turn)), tmp_path / "dicom")
    [theirs] = world.peer(tmp_path / "dicom", tmp_path / "peer").values()
    same(world.Ingested(tmp_path / "dicom").image(), theirs)


@pytest.mark.parametrize("turn", world.TURNS)
@pytest.mark.parametrize("maker", ["Philips Medical Systems", "CANON_MEC", "Bruker BioSpin MRI GmbH"])
def test_enhanced_images_equal_the_peer(maker, turn, tmp_path):
    world.save(world.enhanced(VOLUMES, geometry=world.Geometry(turn), maker=maker), tmp_path / "dicom")
    [theirs] = world.peer(tmp_path / "dicom", tmp_path / "peer").values()
    same(world.Ingested(tmp_path / "dicom").image(), theirs)


@pytest.mark.parametrize("maker", ["Siemens Healthineers", "Philips Medical Systems"])
def test_one_enhanced_file_a_volume_gives_what_one_file_gives(maker, tmp_path):
    for name, one_file in (("one", True), ("many", False)):
        files = world.enhanced(VOLUMES, geometry=world.Geometry("oblique"), maker=maker, one_file=one_file)
        world.save(files, tmp_path / name / "dicom")
    same(*(world.Ingested(tmp_path / name / "dicom").image() for name in ("one", "many")))


# ---------------------------------------------------------------------------------------------------------- the real sets


def people(patient, day):
    """One participant, scanned on the day of treatment start."""
    start = world.dt.date.fromisoformat(day)
    return {patient: index.Person("sub-01", start)}


@pytest.fixture(scope="session")
def real(real_data, tmp_path_factory):
    """Each real set, ingested, and dcm2niix's images of it."""
    made = {}

    def one(name, patient, day):
        if name not in made:
            out = tmp_path_factory.mktemp(name)
            ours = world.Ingested(real_data / name / "dicom", people(patient, day), data=real_data, out=out)
            made[name] = ours, world.peer(real_data / name / "dicom", out / "peer")
        return made[name]

    return one


def test_enhanced_siemens_set(real, real_data):
    ours, theirs = real("brain_siemens_xa30_enhanced", "12343@hucheng", "2022-07-11")
    stem = "sub-01_ses-baseline_acq-epiB0x2500dir20_run-01"
    image = ours.image(stem)
    assert image[0].shape == (72, 72, 39, 21)
    same(image, theirs["10"])
    np.testing.assert_array_equal(
        image[2], np.loadtxt(real_data / "brain_siemens_xa30_enhanced/ref/10_DWI_dir80_PA.bval")
    )
    assert sorted(ours.decisions()) == [
        ("diffusion", "accepted", None),
        ("diffusion", "excluded", "one b value"),  # trace-weighted images computed by the scanner, without their b0
        *[("map", "ignored", "vendor map")] * 3,
    ]


def test_geometric_mean_of_the_enhanced_set_is_the_vendors_adc(real):
    ours, theirs = real("brain_siemens_xa30_enhanced", "12343@hucheng", "2022-07-11")
    array, _, b, _ = ours.image("sub-01_ses-baseline_acq-epiB0x2500dir20_run-01")
    vendor = theirs["11"][0]
    signal = np.maximum(array.astype(float), 1)  # the peer's fit takes 0 as 1, too
    adc = (np.log(signal[..., 0]) - np.log(signal[..., b > 0]).mean(axis=-1)) / 2500 * 1e6
    where = (array[..., 0] > 200) & (vendor > 0)
    assert where.sum() == 63_888
    assert adc[where].mean() == pytest.approx(807.1, abs=1)
    assert np.median(np.abs(adc - vendor)[where]) <= 1


@pytest.mark.parametrize(("series", "affine"), [
    ("2", [[-3, 0, 0, 108], [0, 3, 0, -84.4189], [0, 0, 3, -56.132], [0, 0, 0, 1]]),
    ("3", [[-2.7796, 0, 1.1287, 80.3133], [0, 3, 0, -84.4189], [1.1287, 0, 2.7796, -92.9069], [0, 0, 0, 1]]),
])  # fmt: skip
def test_siemens_mosaic_set(real, real_data, series, affine):
    ours, theirs = real("brain_siemens_d13_mosaic", "crlab", "2018-04-23")
    images = {run["manifest"]["series"][0]: stem for stem, run in ours.runs.items()}
    image = ours.image(images[int(series) - 1])
    assert image[0].shape == (72, 72, 36, 21)
    same(image, theirs[series])
    np.testing.assert_allclose(image[1], affine, atol=1e-3)
    name = {"2": "dti_nopf_x2_ortho_2", "3": "dti_nopf_x2_roll_3"}[series]
    np.testing.assert_allclose(image[2], np.loadtxt(real_data / f"brain_siemens_d13_mosaic/ref/{name}.bval"))
    np.testing.assert_allclose(image[3], np.loadtxt(real_data / f"brain_siemens_d13_mosaic/ref/{name}.bvec"), atol=1e-3)


def test_philips_set(real, real_data):
    ours, theirs = real("brain_philips_elition_classic", "Research", "2021-10-05")
    image = ours.image()
    assert image[0].shape == (112, 112, 32, 17)
    same(image, theirs["701"])
    [reference] = (real_data / "brain_philips_elition_classic/ref").glob("*.bval")
    np.testing.assert_allclose(image[2], np.loadtxt(reference), atol=1e-6)
    [run] = ours.runs.values()
    assert run["b_values"] == [0, 1000]
    assert ours.decisions(role="object") == [("object", "ignored", "non-image object")] * 2


def test_phantom_set(real):
    ours, theirs = real("phantom_nist_skyra", "10102024$$$10021230", "2024-10-10")
    stems = {stem.partition("acq-")[2]: stem for stem in ours.runs}
    assert set(stems) == {
        "epiB0x500x1000x1500x2000_run-01", "epiB0x500x1000x1500x2000_run-02", "resolveB0x1000_run-01",
    }  # fmt: skip
    for name, series, n in (
        ("epiB0x500x1000x1500x2000_run-01", "3001", 5),
        ("epiB0x500x1000x1500x2000_run-02", "5001", 5),
        ("resolveB0x1000_run-01", "11001", 2),
    ):
        array, affine, b, vectors = ours.image(stems[name])
        peers = theirs[series]  # with the vendor's ADC map as a last "b = 0" volume: its mistake
        same((array, affine, b, vectors), (peers[0][..., :n], peers[1], peers[2][:n], peers[3][:, :n]))
        assert len(peers[2]) == n + 1
    assert sorted(ours.decisions(status="ignored")) == [
        ("image", "ignored", "not diffusion"),
        *[("map", "ignored", "vendor map")] * 3,
    ]
