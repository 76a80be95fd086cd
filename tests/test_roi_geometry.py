"""Regions on the grid of the ADC map: exact on the same voxels, honest on others."""

import itertools

import numpy as np
import pytest
from adcohort.roi import geometry
from adcohort.roi.regions import Contours, Voxels, inside
from hypothesis import given, settings
from hypothesis import strategies as st

SHAPE = (14, 12, 8)


def turn(degrees: tuple[float, float, float]) -> np.ndarray:
    a, b, c = np.deg2rad(degrees)
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return x @ y @ z


def affine(sizes=(2.0, 2.0, 5.0), degrees=(0.0, 0.0, 0.0), origin=(-9.0, 4.0, 30.0)) -> np.ndarray:
    out = np.eye(4)
    out[:3, :3] = turn(degrees) * sizes
    out[:3, 3] = origin
    return out


def blob(shape=SHAPE, centre=(6, 5, 4), radius=3.2) -> np.ndarray:
    return radius >= np.linalg.norm(np.indices(shape).T - np.array(centre), axis=-1).T


ANGLES = st.tuples(*[st.floats(-60, 60)] * 3)


@settings(max_examples=40, deadline=None)
@given(ANGLES, st.permutations(range(3)), st.tuples(*[st.booleans()] * 3))
def test_the_same_voxels_in_any_order_of_axes_are_the_same_region(degrees, order, flips):
    grid = affine(degrees=degrees)
    mask = blob()
    moved = np.eye(4)
    moved[:3, :3] = np.eye(3)[:, order]
    for axis, flip in enumerate(flips):
        if flip:
            moved[order[axis], axis] = -1
            moved[order[axis], 3] = SHAPE[order[axis]] - 1
    other = mask.transpose(order)[tuple(slice(None, None, -1) if flip else slice(None) for flip in flips)]
    placed = geometry.place(Voxels.cropped(other, grid @ moved), SHAPE, grid)
    assert placed.geometry == "same grid"
    assert np.array_equal(placed.whole(SHAPE), mask)
    assert placed.outside == 0


@settings(max_examples=20, deadline=None)
@given(ANGLES, st.tuples(*[st.floats(-1.5, 1.5)] * 3))
def test_a_region_of_another_grid_keeps_its_volume_and_place(degrees, shift):
    fine = affine((0.8, 0.8, 1.5), degrees, tuple(np.array((-9.0, 4.0, 30.0)) + shift))
    index = np.indices((34, 30, 26)).transpose(1, 2, 3, 0)
    points = index @ fine[:3, :3].T + fine[:3, 3]
    middle = (np.array([17, 15, 13]) @ fine[:3, :3].T) + fine[:3, 3]
    mask = np.linalg.norm(points - middle, axis=-1) <= 8
    grid = affine(origin=tuple(middle - np.array([13, 11, 17])))
    for resample in ("nearest", "coverage"):
        placed = geometry.place(Voxels.cropped(mask, fine), SHAPE, grid, resample)
        assert placed.geometry == resample
        whole = placed.whole(SHAPE)
        centre = np.argwhere(whole).mean(axis=0) @ grid[:3, :3].T + grid[:3, 3]
        assert np.linalg.norm(centre - middle) < 1.6
        assert whole.sum() * 20.0 == pytest.approx(mask.sum() * 0.8 * 0.8 * 1.5, rel=0.12)


def test_coverage_takes_voxels_that_are_covered_by_half():
    fine = affine((1.0, 1.0, 2.5), origin=(-9.5, 3.5, 28.75))
    mask = np.zeros((28, 24, 16), bool)
    mask[4:10, 4:8, 4:8] = True  # 3 x 2 x 2 whole voxels
    mask[10, 4:8, 4:8] = True  # half of each of the next
    placed = geometry.place(Voxels.cropped(mask, fine), SHAPE, affine(), "coverage")
    assert placed.count in (3 * 2 * 2, 4 * 2 * 2)
    assert placed.whole(SHAPE)[2:5, 2:4, 2:4].all()


def test_what_lies_outside_the_image_is_counted():
    grid = affine()
    shifted = grid.copy()
    shifted[:3, 3] += grid[:3, 0] * 9
    placed = geometry.place(Voxels.cropped(blob(), shifted), SHAPE, grid)
    assert placed.count + placed.outside == blob().sum()
    assert 0 < placed.count < blob().sum()
    far = grid.copy()
    far[:3, 3] += 500
    nowhere = geometry.place(Voxels.cropped(blob(), far), SHAPE, grid)
    assert (nowhere.count, nowhere.outside) == (0, int(blob().sum()))


def test_a_region_between_voxel_centres_is_empty_after_resampling_and_not_outside():
    tiny = affine((0.2, 0.2, 0.2), origin=(-8.0, 5.0, 32.5))
    placed = geometry.place(Voxels(np.ones((2, 2, 2), bool), tiny), SHAPE, affine())
    assert (placed.count, placed.outside) == (0, 0)


def test_erosion_takes_the_border_within_the_slice_alone():
    mask = np.zeros((7, 7, 3), bool)
    mask[1:6, 1:6, :] = True
    assert geometry.erode(mask, 1).sum() == 3 * 3 * 3
    assert geometry.erode(mask, 2).sum() == 3
    assert geometry.erode(mask, 0) is mask


def test_shifts_move_by_one_voxel_each_way():
    adc = np.zeros((5, 5, 5))
    adc += np.arange(5)[:, None, None]
    placed = geometry.Placed(np.ones((1, 1, 1), bool), (slice(2, 3),) * 3, "same grid", 0)
    assert geometry.shifted_means(adc, placed) == (1.0, 3.0)
    adc[:] = np.nan
    assert geometry.shifted_means(adc, placed) is None


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_dice(a, b, both):
    both = min(a, b, both)
    one, two = np.zeros(100, bool), np.zeros(100, bool)
    one[:a] = True
    two[a - both : a - both + b] = True
    expected = 2 * both / (a + b) if a + b else None
    assert geometry.dice(one, two) == (pytest.approx(expected) if expected is not None else None)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=3, max_size=12))
def test_points_in_rings_agree_with_matplotlib(corners):
    path = pytest.importorskip("matplotlib.path")
    ring = np.array(corners) + 0.137
    points = np.array(list(itertools.product(np.arange(0, 11), np.arange(0, 11))), float)
    found = inside(points, [ring])
    # a simple, star-shaped ring has no crossings, so that every rule agrees
    middle = ring.mean(axis=0)
    order = np.argsort(np.arctan2(*(ring - middle).T), kind="stable")
    simple = ring[order]
    found = inside(points, [simple])
    expected = path.Path(np.vstack([simple, simple[:1]])).contains_points(points)
    near = np.zeros(len(points), bool)
    for p, q in zip(simple, np.roll(simple, -1, axis=0), strict=True):
        length = max(float(((q - p) ** 2).sum()), 1e-12)
        along = np.clip(((points - p) @ (q - p)) / length, 0, 1)[:, None]
        near |= np.linalg.norm(points - p - along * (q - p), axis=1) < 0.02
    assert np.array_equal(found[~near], expected[~near])


def test_contours_of_one_slice_are_as_thick_as_the_image_slices():
    grid = affine()
    ring = np.array([[2.5, 2.5, 4], [8.5, 2.5, 4], [8.5, 8.5, 4], [2.5, 8.5, 4]]) @ grid[:3, :3].T + grid[:3, 3]
    placed = geometry.place(Contours([ring]), SHAPE, grid)
    assert placed.count == 36
    assert placed.geometry == "contours"
