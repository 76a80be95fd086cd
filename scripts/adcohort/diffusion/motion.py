"""Motion between the b values of a run: estimated by rigid registration onto the lowest b value, and undone if that is wanted."""

from dataclasses import dataclass, replace

import numpy as np
from adcohort.diffusion.runs import Run

_ITERATIONS = 60
_VOXELS = 15_000  # that a step looks at
_SEED = 1
_POINTS = 500  # where the displacement is looked at
_BINS = 32


@dataclass(frozen=True)
class Moved:
    """A volume against the lowest b value: shift (mm; right, front, up), turn (degrees), displacement (mm).

    The displacement is the root mean square over the brighter half of the voxels.
    """

    shift: tuple[float, float, float]
    turn: tuple[float, float, float]
    displacement: float


def estimated(run: Run) -> dict[int, Moved]:
    """Motion of each nominal b value's mean volume; the lowest is the reference and has none."""
    means = {b: run.signals[run.nominal == b].astype(np.float32).mean(axis=0) for b in run.levels}
    lowest = run.levels[0]
    found = {lowest: Moved((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 0.0)}
    fixed = _image(run, means[lowest])
    for b in run.levels[1:]:
        found[b] = _described(_registration(fixed, _image(run, means[b])), fixed)
    return found


def registered(run: Run) -> Run:
    """The run with every volume moved onto the mean of the lowest b value; what moved in from outside the image is 0.

    The signals as they were stay in `unregistered`: interpolation changes the noise that is to be estimated.
    """
    import SimpleITK as sitk

    lowest = run.nominal == run.levels[0]
    fixed = _image(run, run.signals[lowest].astype(np.float32).mean(axis=0))
    signals = run.signals.astype(np.float32)
    for row in np.flatnonzero(~lowest):
        moving = _image(run, signals[row])
        moved = sitk.Resample(moving, fixed, _registration(fixed, moving), sitk.sitkBSpline, 0.0, sitk.sitkFloat32)
        signals[row] = np.maximum(sitk.GetArrayFromImage(moved).ravel(), 0)
    return replace(run, signals=signals, unregistered=run.signals)


def _image(run: Run, values: np.ndarray):  # type: ignore[no-untyped-def]
    """A SimpleITK image (LPS) of values (voxels,), x fastest."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.nan_to_num(values.astype(np.float32)).reshape(run.shape[::-1]))
    lps = np.diag([-1.0, -1.0, 1.0]) @ run.affine[:3]
    sizes = np.linalg.norm(lps[:, :3], axis=0)
    left, _, right = np.linalg.svd(lps[:, :3] / sizes)  # the nearest rotation: ITK takes no sheared axes
    image.SetSpacing(sizes.tolist())
    image.SetDirection((left @ right).ravel().tolist())
    image.SetOrigin(lps[:, 3].tolist())
    return image


def _registration(fixed, moving):  # type: ignore[no-untyped-def]
    import SimpleITK as sitk

    centre = fixed.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in fixed.GetSize()])
    start = sitk.Euler3DTransform()
    start.SetCenter(centre)
    if min(fixed.GetSize()[:2]) < 8 or np.ptp(sitk.GetArrayViewFromImage(moving)) == 0:
        return start
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricAsMattesMutualInformation(_BINS)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(min(1.0, _VOXELS / fixed.GetNumberOfPixels()), _SEED)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(1.0, 1e-3, _ITERATIONS)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(start, inPlace=True)
    if fixed.GetSize()[2] < 4:  # too few slices to tell a turn out of the plane
        method.SetOptimizerWeights([0, 0, 1, 1, 1, 0])
    try:
        method.Execute(fixed, moving)
    except RuntimeError:  # ITK's word for images that do not overlap or hold no structure
        start.SetIdentity()
        start.SetCenter(centre)
    return start


def _described(transform, fixed) -> Moved:  # type: ignore[no-untyped-def]
    import SimpleITK as sitk

    bright = sitk.GetArrayViewFromImage(fixed)
    z, y, x = np.nonzero(bright >= np.median(bright))
    some = slice(None, None, max(1, x.size // _POINTS))
    places = [
        np.array(fixed.TransformIndexToPhysicalPoint(place))
        for place in zip(x[some].tolist(), y[some].tolist(), z[some].tolist(), strict=True)
    ]
    squares = [((np.array(transform.TransformPoint(place.tolist())) - place) ** 2).sum() for place in places]
    right, front, up = transform.GetTranslation()
    turn = np.degrees([transform.GetAngleX(), transform.GetAngleY(), transform.GetAngleZ()])
    return Moved(
        (round(-right, 3), round(-front, 3), round(up, 3)),
        (round(float(-turn[0]), 3), round(float(-turn[1]), 3), round(float(turn[2]), 3)),
        round(float(np.sqrt(np.mean(squares))), 3),
    )
