"""Sets that are made from a seed, with attributes: the same on every machine with the same NumPy.

A name may go on with the size, the metric and the seed: ``clustered:200000x128:metric=l2:seed=1``.
"""

from __future__ import annotations

import abc
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.dataset import Array, DataSet, DataSource

QUERIES = 1000
METRICS = ("l2", "cosine", "ip")
Rows = NDArray[np.float32]


class _Synthetic(DataSource):
    metric = "l2"

    def __init__(self) -> None:
        self.rows, self.dim, self.seed = 100_000, 128, 0
        self.called = self.name

    def with_options(self, options: str) -> DataSource:
        """Return the set of another size, metric or seed: ``200000x128:metric=l2:seed=1``."""
        made = type(self)()
        for option in options.split(":"):
            size = re.fullmatch(r"(\d+)x(\d+)", option)
            name, _, value = option.partition("=")
            if size and int(size[1]) > 0 and int(size[2]) > 0:
                made.rows, made.dim = int(size[1]), int(size[2])
            elif name == "seed" and value.isdecimal():
                made.seed = int(value)
            elif name == "metric" and value in METRICS:
                made.metric = value
            else:
                raise SystemExit(
                    f"options of {self.name} must be ROWSxDIM, seed=NUMBER or "
                    f"metric={'|'.join(METRICS)}, got {option!r}"
                )
        made.called = f"{self.name}:{options}"
        return made

    def load(self) -> DataSet:
        # Vectors and attributes are drawn apart: neither changes when the other is left out.
        drawn = self.draw(np.random.default_rng([self.seed, 1]))
        return DataSet(
            self.called,
            self.metric,
            drawn[: self.rows],
            drawn[self.rows :],
            read_attributes=lambda: attributes(self.rows, np.random.default_rng([self.seed, 2])),
        )

    @abc.abstractmethod
    def draw(self, generator: np.random.Generator) -> Rows:
        """Base rows, then the queries."""


class Clustered(_Synthetic):
    """What embeddings look like: many clusters of unequal size, few directions that matter.

    Cluster sizes fall like 1 / rank, and the variance along the axes like 1 / rank too, in an order
    of axes that is each cluster's own, so that no rotation is better than another.
    """

    name = "clustered"
    about = "clusters of Gaussians, 100,000 x 128, cosine, with attributes; made from a seed"
    metric = "cosine"

    def draw(self, generator: np.random.Generator) -> Rows:
        count = self.rows + QUERIES
        clusters = max(1, round(self.rows**0.5))
        spread = np.sqrt(1 / np.arange(1, self.dim + 1)).astype(np.float32)
        centres = generator.standard_normal((clusters, self.dim), np.float32) * spread
        orders = generator.permuted(np.tile(np.arange(self.dim), (clusters, 1)), axis=1)
        of = generator.choice(clusters, count, p=zipf(clusters))
        rows = generator.standard_normal((count, self.dim), np.float32)
        rows *= np.float32(0.7) * spread[orders[of]]
        rows += centres[of]
        return rows


class Uniform(_Synthetic):
    """Numbers between 0 and 1 with no structure: hard for every graph in many dimensions."""

    name = "uniform"
    about = "uniform numbers, 100,000 x 128, l2, with attributes; made from a seed"

    def draw(self, generator: np.random.Generator) -> Rows:
        return generator.random((self.rows + QUERIES, self.dim), np.float32)


class Duplicates(_Synthetic):
    """Rows many times over: a hundredth of them are distinct, some once, some in great number.

    Half of the queries are rows of the base, so that many answers are at distance 0.
    """

    name = "duplicates"
    about = "each row about 100 times, 100,000 x 128, l2, with attributes; made from a seed"

    def draw(self, generator: np.random.Generator) -> Rows:
        distinct = max(1, self.rows // 100)
        kinds = generator.standard_normal((distinct, self.dim), np.float32)
        base = kinds[generator.choice(distinct, self.rows, p=zipf(distinct))]
        queries = base[generator.integers(self.rows, size=QUERIES)]
        queries[::2] += np.float32(0.5) * generator.standard_normal(queries[::2].shape, np.float32)
        return np.concatenate([base, queries])


def zipf(count: int) -> Array:
    """Probabilities that fall like 1 / rank."""
    weights = 1 / np.arange(1, count + 1)
    return np.asarray(weights / weights.sum())


def attributes(rows: int, generator: np.random.Generator) -> dict[str, Any]:
    """Columns of each kind that filters ask for: Nones in one of a hundred scores."""
    categories = [f"category-{rank}" for rank in range(100)]
    tags = [f"tag-{rank}" for rank in range(1000)]
    lengths = generator.integers(0, 6, size=rows)
    picks = generator.choice(len(tags), int(lengths.sum()), p=zipf(len(tags)))
    ends = np.cumsum(lengths)
    scores = generator.lognormal(size=rows)
    missing = generator.random(rows) < 0.01
    return {
        "number": generator.integers(0, 10_000, size=rows).tolist(),
        "category": [categories[each] for each in generator.choice(100, rows, p=zipf(100))],
        "tags": [
            sorted({tags[each] for each in picks[end - length : end]})
            for end, length in zip(ends, lengths, strict=True)
        ],
        "score": [
            None if gone else float(score) for score, gone in zip(scores, missing, strict=True)
        ],
    }
