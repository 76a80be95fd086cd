"""Linear mixed models by REML with Satterthwaite's degrees of freedom, for groups (participants) of few observations.

statsmodels offers z tests only, too sure of themselves for small groups; this follows Bates et al. 2015 (the model's
parametrisation) and Kuznetsova et al. 2017 (degrees of freedom), and is checked against lme4 and lmerTest.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from adcohort.statistics import derivatives
from adcohort.statistics.likelihood import Blocks, Term
from scipy import optimize, stats

SINGULAR = 1e-4  # a relative standard deviation below this is none (as lme4's isSingular)


class Contrast(NamedTuple):
    """An estimate with standard error, Satterthwaite degrees of freedom, t and two-sided p."""

    estimate: float
    se: float
    df: float
    statistic: float
    p: float

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Two-sided t interval."""
        half = stats.t.isf((1 - level) / 2, self.df) * self.se
        return self.estimate - half, self.estimate + half


class Joint(NamedTuple):
    """F test of several contrasts."""

    statistic: float
    df: float
    df_denominator: float
    p: float


@dataclass
class Fit:
    """A fitted model; numbers with an underscore are those of y / scale, so that no unit overflows."""

    theta: np.ndarray
    scale: float
    deviance: float
    converged: bool
    singular: bool
    _beta: np.ndarray
    _covariance: np.ndarray
    _sigma: float
    _gradients: np.ndarray
    _variance: np.ndarray
    _terms: Blocks

    @property
    def beta(self) -> np.ndarray:
        """Coefficients of the fixed effects."""
        return self.scale * self._beta

    @property
    def sigma(self) -> float:
        """Residual standard deviation."""
        return self.scale * self._sigma

    def contrast(self, weights: np.ndarray) -> Contrast:
        """A linear combination of the coefficients."""
        weights = np.asarray(weights, dtype=float)
        variance = float(weights @ self._covariance @ weights)
        gradient = np.einsum("i,kij,j->k", weights, self._gradients, weights)
        spread = float(gradient @ self._variance @ gradient)
        df = 2 * variance**2 / spread if spread > 0 else np.inf
        estimate, se = float(weights @ self._beta), float(np.sqrt(variance))
        p = float(2 * stats.t.sf(abs(estimate / se), df))
        return Contrast(self.scale * estimate, self.scale * se, df, estimate / se, p)

    def joint(self, weights: np.ndarray) -> Joint:
        """F test that all rows of `weights` are 0 (Fai and Cornelius, as lmerTest)."""
        weights = np.atleast_2d(np.asarray(weights, dtype=float))
        values, vectors = np.linalg.eigh(weights @ self._covariance @ weights.T)
        keep = values > values.max() * 1e-9
        parts = [self.contrast(vector @ weights) for vector in vectors.T[keep]]
        rank = len(parts)
        statistic = float(np.mean([part.statistic**2 for part in parts]))
        dfs = np.array([part.df for part in parts])
        if rank == 1:
            df = float(dfs[0])
        elif (dfs > 2).all() and np.isfinite(dfs).all():
            expected = float(np.sum(dfs / (dfs - 2)))
            df = 2 * expected / (expected - rank)
        else:
            df = 2.0 if (dfs <= 2).any() else float("inf")
        return Joint(statistic, rank, df, float(stats.f.sf(statistic, rank, df)))

    def random_sd(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Standard deviations and correlations of each term's random effects."""
        out = []
        for factor in self._terms.factors(self.theta):
            covariance = self.sigma**2 * factor @ factor.T
            spread = np.sqrt(np.diag(covariance))
            with np.errstate(invalid="ignore", divide="ignore"):
                out.append((spread, covariance / np.outer(spread, spread)))
        return out


def fit(y: np.ndarray, x: np.ndarray, terms: list[Term]) -> Fit:
    """Fit y = x beta + random effects + error by REML.

    Parameters
    ----------
    y, x
        Observations (n) and design of the fixed effects (n, p), of full rank, n > p.
    terms
        The first term's groups are independent (participants); the groups of the others are nested in them.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the design has not full rank or no residual is left.
    """
    y, x = np.asarray(y, dtype=float), np.asarray(x, dtype=float)
    if len(y) <= x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        raise np.linalg.LinAlgError("the fixed effects are not identified")
    _check_residual(y, x, terms)
    scale = float(np.abs(y - x @ np.linalg.lstsq(x, y, rcond=None)[0]).max())
    blocks = Blocks(y / scale, x, terms)
    lower = blocks.lower_bounds()
    theta, converged = _polished(blocks, _searched(blocks, lower), lower)
    sigma = blocks.sigma(theta)
    singular = bool(np.any(theta[lower == 0] < SINGULAR))
    beta, covariance = blocks.coefficients(theta, sigma)
    where = np.r_[theta, sigma]
    gradients = np.array(
        [derivatives.slope(lambda v: blocks.coefficients(v[:-1], v[-1])[1], where, k) for k in range(len(where))]
    )
    hessian = derivatives.hessian(blocks.deviance, where)
    values, vectors = np.linalg.eigh(hessian)
    keep = values > 1e-8 * max(1.0, values.max())
    variance = 2 * (vectors[:, keep] / values[keep]) @ vectors[:, keep].T
    deviance = blocks.deviance(where) + 2 * (len(y) - x.shape[1]) * float(np.log(scale))
    return Fit(theta, scale, deviance, converged, singular, beta, covariance, sigma, gradients, variance, blocks)


def _check_residual(y: np.ndarray, x: np.ndarray, terms: list[Term]) -> None:
    """Without variation inside the groups the likelihood has no maximum; with one value a group it has a ridge."""
    size = float(np.abs(y).max())
    if len(np.unique(terms[-1].groups)) >= len(y):
        raise np.linalg.LinAlgError("no repeated values")
    inside = _inside_groups(np.column_stack([y, x]), terms)
    for values, design, what in (
        (y, x, "the values do not vary"),
        (inside[:, 0], inside[:, 1:], "no variation is left inside participants"),
    ):
        rest = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
        if np.abs(rest).max() <= 1e-9 * size:
            raise np.linalg.LinAlgError(what)


def _inside_groups(columns: np.ndarray, terms: list[Term]) -> np.ndarray:
    """What the random effects, taken as fixed ones, leave of each column: group by group, for all of them at once grow cubed."""
    out = columns.copy()
    for group in np.unique(terms[0].groups):
        rows = np.flatnonzero(terms[0].groups == group)
        effects = np.hstack([_dummies(Term(term.groups[rows], term.design[rows])) for term in terms])
        out[rows] -= effects @ np.linalg.lstsq(effects, columns[rows], rcond=None)[0]
    return out


def _dummies(term: Term) -> np.ndarray:
    _, label = np.unique(term.groups, return_inverse=True)
    columns = (label[:, None] == np.arange(label.max() + 1)).astype(float)
    return np.hstack([columns * term.design[:, [k]] for k in range(term.design.shape[1])])


def sequential(x: np.ndarray) -> np.ndarray:
    """Rows that test each column of a design after those before it: lmerTest's type I, III basis for one factor."""
    factor = np.linalg.cholesky(x.T @ x).T
    return factor / np.diag(factor)[:, None]


def _searched(blocks: Blocks, lower: np.ndarray) -> np.ndarray:
    """Best of several searches. At 0 a deviance is flat in its factor, so a search that ends there starts again off it."""

    def descend(start: np.ndarray) -> tuple[float, np.ndarray]:
        found = optimize.minimize(
            blocks.profile, start, jac=True, method="L-BFGS-B", bounds=[(low, None) for low in lower],
            options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 500},
        )  # fmt: skip
        return float(found.fun), found.x

    starts = blocks.starts()
    best, theta = min((descend(start) for start in starts), key=lambda result: result[0])
    if np.any((lower == 0) & (theta < 1e-3)):
        for share in (0.05, 0.3):
            again, off = descend(np.where((lower == 0) & (theta < 1e-3), share * starts[0], theta))
            if again < best - 1e-9:
                best, theta = again, off
    return theta


def _polished(blocks: Blocks, theta: np.ndarray, lower: np.ndarray) -> tuple[np.ndarray, bool]:
    """Newton steps on what is not at its bound, until the gradient is as small as it gets."""
    for _ in range(8):
        free = theta > lower + 1e-6
        gradient = blocks.profile(theta)[1]
        if not free.any() or np.abs(gradient[free]).max() < 1e-9:
            break
        columns = [derivatives.slope(lambda v: blocks.profile(v)[1], theta, int(k)) for k in np.flatnonzero(free)]
        hessian = np.array(columns)[:, free]
        if np.linalg.eigvalsh((hessian + hessian.T) / 2).min() <= 0:
            break
        step = np.zeros_like(theta)
        step[free] = np.linalg.solve((hessian + hessian.T) / 2, gradient[free])
        trial = np.maximum(theta - step, lower)
        if blocks.profile(trial)[0] > blocks.profile(theta)[0] + 1e-10:
            break
        theta = trial
    theta = np.where((lower == 0) & (theta < 1e-6), 0.0, theta)
    gradient = blocks.profile(theta)[1]
    inside = theta > lower
    return theta, bool(np.all(np.abs(gradient[inside]) < 2e-3) and np.all(gradient[~inside] > -2e-3))
