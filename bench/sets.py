"""Real data sets, where they are: the folder given, or ``shared/data`` beside the repository."""

from __future__ import annotations

import dataclasses
import pathlib

import numpy as np
from numpy.typing import NDArray

ROOT = pathlib.Path(__file__).resolve().parents[1]
NAMES = ("papers", "mnist", "sift250k")


@dataclasses.dataclass(frozen=True)
class DataSet:
    """Vectors as float32, queries, and the exact distances of each query's 100 nearest rows."""

    name: str
    metric: str
    base: NDArray[np.float32]
    queries: NDArray[np.float32]
    truth: NDArray[np.float32]

    def recall(self, ids: NDArray[np.int64], k: int) -> float:
        """Recall@k; a row as near as the k-th true one is a hit, whichever its number."""
        hits = self.base[np.maximum(ids[:, :k], 0)].astype(np.float64)
        queries = self.queries[: len(ids), None].astype(np.float64)
        if self.metric == "cosine":
            norms = np.linalg.norm(hits, axis=2) * np.linalg.norm(queries, axis=2)
            distances = 1.0 - (hits * queries).sum(axis=2) / norms
        else:
            distances = ((hits - queries) ** 2).sum(axis=2)
        bound = self.truth[: len(ids), k - 1 : k].astype(np.float64)
        return float(((distances <= bound * (1 + 1e-5) + 1e-6) & (ids[:, :k] >= 0)).mean())


def load(name: str, folder: pathlib.Path | None = None) -> DataSet:
    """Read a set by name; ``papers`` keeps its first 100,000 rows, with truth computed anew."""
    where = folder or ROOT.parent / "shared" / "data"
    if name == "papers":
        base = np.load(where / "papers" / "base.f16.npy")[:100_000].astype(np.float32)
        queries = np.load(where / "papers" / "query.f16.npy").astype(np.float32)
        unit_base = base / np.linalg.norm(base, axis=1, keepdims=True)
        unit_queries = queries / np.linalg.norm(queries, axis=1, keepdims=True)
        truth = np.sort(
            1.0 - np.partition(unit_queries @ unit_base.T, -100, axis=1)[:, -100:], axis=1
        )
        return DataSet(name, "cosine", base, queries, truth.astype(np.float32))
    if name in NAMES:
        arrays = np.load(where / name / f"{name}.npz")
        return DataSet(
            name,
            "l2",
            arrays["base"].astype(np.float32),
            arrays["query"].astype(np.float32),
            arrays["gt_dist"].astype(np.float32),
        )
    raise SystemExit(f"no data set {name!r}; there are {', '.join(NAMES)}")
