"""The REML likelihood of a linear mixed model, by participant, in the parametrisation of Bates et al. 2015."""

import itertools
from typing import NamedTuple

import numpy as np


class Term(NamedTuple):
    """Random effects of one grouping: `design` (n, k) for groups numbered by `groups`; its k x k covariance is free."""

    groups: np.ndarray
    design: np.ndarray


class Blocks:
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
        self.places = [np.tril_indices(k) for k in self.sizes]
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
        for k, place in zip(self.sizes, self.places, strict=True):
            factor = np.zeros((k, k))
            factor[place] = theta[begin : begin + k * (k + 1) // 2]
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
        for design, same, factor, place in zip(self.designs, self.same, self.factors(theta), self.places, strict=True):
            inner = design.transpose(0, 2, 1) @ (weight * same) @ design
            slope = 2 * inner.sum(axis=0) @ factor
            gradient.append(slope[place])
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
