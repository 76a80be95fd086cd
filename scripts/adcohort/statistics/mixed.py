"""Linear mixed models by REML with Satterthwaite's degrees of freedom, for groups (participants) of few observations.

statsmodels offers z tests only, too sure of themselves for small groups; this follows Bates et al. 2015 (the model's
parametrisation) and Kuznetsova et al. 2017 (degrees of freedom), and is checked against lme4 and lmerTest.
"""

import itertools
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from adcohort.statistics import derivatives
from scipy import optimize, stats

SINGULAR = 1e-4  # a relative standard deviation below this is none (as lme4's isSingular)


class Term(NamedTuple):
    """Random effects of one grouping: `design` (n, k) for groups numbered by `groups`; its k x k covariance is free."""

    groups: np.ndarray
    design: np.ndarray


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
    """A fitted model: coefficients, their covariance, standard deviations, and what the degrees of freedom need."""

    beta: np.ndarray
    covariance: np.ndarray
    sigma: float
    theta: np.ndarray
    deviance: float
    converged: bool
    singular: bool
    _gradients: np.ndarray
    _variance: np.ndarray
    _terms: "_Blocks"

    def contrast(self, weights: np.ndarray) -> Contrast:
        """A linear combination of the coefficients."""
        weights = np.asarray(weights, dtype=float)
        variance = float(weights @ self.covariance @ weights)
        gradient = np.einsum("i,kij,j->k", weights, self._gradients, weights)
        spread = float(gradient @ self._variance @ gradient)
        df = 2 * variance**2 / spread if spread > 0 else np.inf
        estimate, se = float(weights @ self.beta), float(np.sqrt(variance))
        statistic = estimate / se
        return Contrast(estimate, se, df, statistic, float(2 * stats.t.sf(abs(statistic), df)))

    def joint(self, weights: np.ndarray) -> Joint:
        """F test that all rows of `weights` are 0 (Fai and Cornelius, as lmerTest)."""
        weights = np.atleast_2d(np.asarray(weights, dtype=float))
        values, vectors = np.linalg.eigh(weights @ self.covariance @ weights.T)
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
    blocks = _Blocks(y, x, terms)
    if blocks.residual_of_fixed_effects() <= 1e-12 * max(float(np.var(y)), 1e-300) * len(y):
        raise np.linalg.LinAlgError("no residual is left")
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
    return Fit(beta, covariance, sigma, theta, blocks.deviance(where), converged, singular, gradients, variance, blocks)


def sequential(x: np.ndarray) -> np.ndarray:
    """Rows that test each column of a design after those before it: lmerTest's type I, III basis for one factor."""
    factor = np.linalg.cholesky(x.T @ x).T
    return factor / np.diag(factor)[:, None]


class _Blocks:
    """Observations by participant, padded to one length, so that every step is one batched product."""

    def __init__(self, y: np.ndarray, x: np.ndarray, terms: list[Term]) -> None:
        _, block = np.unique(terms[0].groups, return_inverse=True)
        order = np.argsort(block, kind="stable")
        counts = np.bincount(block)
        place = np.arange(len(y)) - np.repeat(np.cumsum(counts) - counts, counts)
        shape = (len(counts), int(counts.max()))
        self.n, self.p = x.shape
        self.y = np.zeros((*shape, 1))
        self.x = np.zeros((*shape, self.p))
        rows = (block[order], place)
        self.y[rows] = y[order, None]
        self.x[rows] = x[order]
        self.designs, self.same = [], []
        for term in terms:
            design = np.zeros((*shape, term.design.shape[1]))
            design[rows] = term.design[order]
            _, label = np.unique(term.groups, return_inverse=True)
            labels = np.full(shape, -1)
            labels[rows] = label[order]
            self.designs.append(design)
            self.same.append((labels[:, :, None] == labels[:, None, :]) & (labels >= 0)[:, :, None])
        self.sizes = [term.design.shape[1] for term in terms]
        self.eye = np.eye(shape[1])

    def starts(self) -> list[np.ndarray]:
        """Relative factors of several sizes and correlations, each in the scale of its design's columns."""
        out = []
        for size, tilt in itertools.product((1.0, 0.3), (0.0, -0.5, 0.5)):
            parts = []
            for design in self.designs:
                k = design.shape[2]
                scale = np.sqrt(self.n / np.maximum((design**2).sum(axis=(0, 1)), 1e-300))
                factor = size * scale[:, None] * (np.eye(k) + tilt * np.tril(np.ones((k, k)), -1))
                parts.append(factor[np.tril_indices(k)])
            out.append(np.concatenate(parts))
        unique = {tuple(start): start for start in out}
        return list(unique.values())

    def lower_bounds(self) -> np.ndarray:
        return np.concatenate([np.where(np.equal(*np.tril_indices(k)), 0.0, -np.inf) for k in self.sizes])

    def factors(self, theta: np.ndarray) -> list[np.ndarray]:
        """Relative Cholesky factors, one a term."""
        out, begin = [], 0
        for k in self.sizes:
            factor = np.zeros((k, k))
            factor[np.tril_indices(k)] = theta[begin : begin + k * (k + 1) // 2]
            begin += k * (k + 1) // 2
            out.append(factor)
        return out

    def _solved(self, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        """Inverse covariance (sigma = 1) of each block, its log determinant, x'Wx, x'Wy and y'Wy."""
        v = np.broadcast_to(self.eye, (len(self.y), *self.eye.shape)).copy()
        for design, same, factor in zip(self.designs, self.same, self.factors(theta), strict=True):
            half = design @ factor
            v += (half @ half.transpose(0, 2, 1)) * same
        lower = np.linalg.cholesky(v)
        logdet = 2 * np.log(np.einsum("bii->bi", lower)).sum()
        inverse = np.linalg.inv(v)
        wx = inverse @ self.x
        xwx = np.einsum("bij,bik->jk", self.x, wx)
        xwy = np.einsum("bij,bi->j", wx, self.y[:, :, 0])
        ywy = np.einsum("bi,bij,bj->", self.y[:, :, 0], inverse, self.y[:, :, 0])
        return inverse, wx, logdet, xwx, xwy, ywy

    def profile(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """REML deviance with the residual variance profiled out, and its gradient."""
        inverse, wx, logdet, xwx, xwy, ywy = self._solved(theta)
        covariance = np.linalg.inv(xwx)
        beta = covariance @ xwy
        free = self.n - self.p
        rss = float(ywy - xwy @ beta)
        value = logdet + np.linalg.slogdet(xwx)[1] + free * (1 + np.log(2 * np.pi * rss / free))
        residual = np.einsum("bij,bj->bi", inverse, self.y[:, :, 0] - self.x @ beta)
        weight = (
            inverse - wx @ covariance @ wx.transpose(0, 2, 1) - free / rss * residual[:, :, None] * residual[:, None]
        )
        gradient = []
        for design, same, factor in zip(self.designs, self.same, self.factors(theta), strict=True):
            inner = design.transpose(0, 2, 1) @ (weight * same) @ design
            slope = 2 * inner.sum(axis=0) @ factor
            gradient.append(slope[np.tril_indices(len(factor))])
        return float(value), np.concatenate(gradient)

    def sigma(self, theta: np.ndarray) -> float:
        *_, xwx, xwy, ywy = self._solved(theta)
        return float(np.sqrt((ywy - xwy @ np.linalg.solve(xwx, xwy)) / (self.n - self.p)))

    def coefficients(self, theta: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
        *_, xwx, xwy, _ = self._solved(theta)
        return np.linalg.solve(xwx, xwy), sigma**2 * np.linalg.inv(xwx)

    def deviance(self, where: np.ndarray) -> float:
        """REML deviance at (theta, sigma)."""
        _, _, logdet, xwx, xwy, ywy = self._solved(where[:-1])
        variance = where[-1] ** 2
        rss = ywy - xwy @ np.linalg.solve(xwx, xwy)
        free = self.n - self.p
        return float(logdet + np.linalg.slogdet(xwx)[1] + free * np.log(2 * np.pi * variance) + rss / variance)

    def residual_of_fixed_effects(self) -> float:
        x, y = self.x.reshape(-1, self.p), self.y.reshape(-1)
        return float(((y - x @ np.linalg.lstsq(x, y, rcond=None)[0]) ** 2).sum())


def _searched(blocks: _Blocks, lower: np.ndarray) -> np.ndarray:
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


def _polished(blocks: _Blocks, theta: np.ndarray, lower: np.ndarray) -> tuple[np.ndarray, bool]:
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
