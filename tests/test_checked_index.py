"""Any sequence of operations on an index and on a dictionary with brute force beside it."""

from __future__ import annotations

import copy
import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

import lanner
from lanner import InvalidArgumentError, NotFoundError

DIM = 9
SPACES = [
    ("l2", "float32"),
    ("l2", "uint8"),
    ("cosine", "float16"),
    ("ip", "float32"),
    ("ip", "int8"),
    ("snr", "float32"),
    ("snr_item", "bfloat16"),
    ("hamming", "bits"),
    ("jaccard", "bits"),
]
seeds = st.integers(0, 2**32 - 1)


class CheckedIndex(RuleBasedStateMachine):
    """The real index and its model: a dictionary from id to vector.

    Vectors are of few small whole numbers, so that exact duplicates and ties abound. Small indexes
    are scanned unless a walk is asked for that is narrow; what a walk finds may be incomplete, but
    is alive, at its right distance and in order, and no item may be out of the graph's reach.
    """

    index: lanner.Index
    model: dict[Any, np.ndarray]

    @initialize(
        space=st.sampled_from(SPACES),
        graph=st.sampled_from(["hnsw", "hnsw", None]),
        links=st.sampled_from([2, 3, 16]),
        names=st.booleans(),
        codec=st.sampled_from([None, None, "SQ8", "SQ4", "Binary2"]),
    )
    def begin(
        self,
        space: tuple[str, str],
        graph: str | None,
        links: int,
        names: bool,
        codec: str | None,
    ) -> None:
        self.metric, self.dtype = space
        self.names = names
        options: dict[str, Any] = {"M": links, "ef_construction": 40} if graph else {}
        if self.dtype != "bits":
            options["codec"] = codec
        self.index = lanner.Index(DIM, self.metric, self.dtype, graph=graph, **options)
        self.model = {}

    def draw(self, seed: int, count: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        if self.dtype == "bits":
            return rng.random((count, DIM)) < 0.4
        low = 0 if self.dtype == "uint8" else -2
        return rng.integers(low, low + 4, (count, DIM)).astype(np.float32)

    def queries(self, seed: int) -> np.ndarray:
        rows = self.draw(seed, 3)
        if self.metric == "snr":
            rows[:, 0] = 3
            rows[:, 1] = 1  # no query without variance
        return rows

    def new_ids(self, seed: int, count: int) -> list[Any]:
        numbers = np.random.default_rng(seed).permutation(10**6)[: count + len(self.model)]
        ids = [str(each) if self.names else int(each) for each in numbers]
        return [id for id in ids if id not in self.model][:count]

    def some_ids(self, seed: int, count: int) -> list[Any]:
        ids = sorted(self.model)
        return [ids[place] for place in np.random.default_rng(seed).permutation(len(ids))[:count]]

    @rule(seed=seeds, count=st.integers(0, 40), threads=st.sampled_from([1, 2, None]))
    def add(self, seed: int, count: int, threads: int | None) -> None:
        ids = self.new_ids(seed, count)
        rows = self.draw(seed, len(ids))
        assert self.index.add(rows, ids, threads=threads).tolist() == ids
        self.model.update(zip(ids, rows, strict=True))

    @precondition(lambda self: self.model)
    @rule(seed=seeds)
    def add_of_what_is_there_fails(self, seed: int) -> None:
        ids = self.new_ids(seed, 3) + self.some_ids(seed, 1)
        with pytest.raises(InvalidArgumentError):
            self.index.add(self.draw(seed, len(ids)), ids)

    @rule(seed=seeds, count=st.integers(0, 15))
    def upsert(self, seed: int, count: int) -> None:
        ids = self.some_ids(seed, count) + self.new_ids(seed, count // 2)
        rows = self.draw(seed, len(ids))
        self.index.upsert(rows, ids)
        self.model.update(zip(ids, rows, strict=True))

    @rule(seed=seeds, count=st.integers(0, 30))
    def remove(self, seed: int, count: int) -> None:
        ids = self.some_ids(seed, count)
        self.index.remove(ids)
        for id in ids:
            del self.model[id]

    @rule(seed=seeds, count=st.integers(0, 30))
    def remove_by_a_filter(self, seed: int, count: int) -> None:
        ids = self.some_ids(seed, count)
        known = set(ids)
        listed = [id for id in self.index if id in known]
        assert self.index.ids_where(known).tolist() == listed
        assert self.index.remove(filter=known | set(self.new_ids(seed, 2))) == len(ids)
        for id in ids:
            del self.model[id]

    @precondition(lambda self: self.model)
    @rule(seed=seeds)
    def remove_of_what_is_not_there_fails(self, seed: int) -> None:
        with pytest.raises(NotFoundError):
            self.index.remove(self.some_ids(seed, 3) + self.new_ids(seed, 1))

    @rule(seed=seeds, k=st.integers(1, 60), exact=st.booleans())
    def search(self, seed: int, k: int, exact: bool) -> None:
        queries = self.queries(seed)
        # A scan over codes may rank what is nearly as near before what is near.
        complete = exact or self.index.graph is not None or self.index.codec is None
        self.check(self.index.search(queries, k, exact=exact), queries, k, complete=complete)

    @precondition(lambda self: self.index.graph)
    @rule(seed=seeds, k=st.integers(1, 4), ef=st.integers(1, 4))
    def walk(self, seed: int, k: int, ef: int) -> None:
        queries = self.queries(seed)
        self.check(self.index.search(queries, k, ef=ef), queries, k, complete=False)

    @precondition(lambda self: self.model and self.metric != "snr")
    @rule(seed=seeds, k=st.integers(1, 20))
    def search_by_id(self, seed: int, k: int) -> None:
        (id,) = self.some_ids(seed, 1)
        found = self.index.search_by_id(id, k, exact=True)
        others = {other: row for other, row in self.model.items() if other != id}
        assert len(found) == min(k, len(others))
        if others:
            batch = lanner.Hits(found.ids[None], found.distances[None], np.array([found.counts]))
            rows = np.stack(list(others.values()))
            reference.check_hits(batch, self.model[id][None], rows, list(others), self.metric, k)

    @precondition(lambda self: self.model)
    @rule(seed=seeds, share=st.floats(0, 1))
    def search_radius(self, seed: int, share: float) -> None:
        query = self.queries(seed)[:1]
        ids, rows = list(self.model), np.stack(list(self.model.values()))
        true = reference.distances(query, rows, self.metric)[0]
        slack = reference.tolerance(query, rows, self.metric)[0]
        if not np.isfinite(true).any():
            return
        radius = float(np.quantile(true[np.isfinite(true)], share))
        found = set(self.index.search_radius(query[0], radius, exact=True).ids.tolist())
        with np.errstate(invalid="ignore"):
            inside, outside = true < radius - slack, true > radius + slack
        assert {ids[row] for row in np.flatnonzero(inside)} <= found
        assert found.isdisjoint(ids[row] for row in np.flatnonzero(outside))

    @rule(how=st.sampled_from(["file", "pickle", "deepcopy"]))
    def go_through(self, how: str) -> None:
        before = self.index.to_bytes()
        if how == "file":
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "a.lanner"
                self.index.save(path)
                lanner.verify(path)
                opened = lanner.open(path, writable=True)
                # Windows removes no file that is mapped.
                self.index = copy.copy(opened)
                del opened
        elif how == "pickle":
            self.index = pickle.loads(pickle.dumps(self.index))
        else:
            self.index = copy.deepcopy(self.index)
        assert self.index.to_bytes() == before

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        assert len(self.index) == len(self.model)
        assert set(self.index) == set(self.model)
        figures = self.index.validate()
        if self.index.graph:
            assert figures["nodes"] == figures["reachable"] == len(self.model)

    @precondition(lambda self: self.model)
    @rule()
    def vectors_are_unchanged(self) -> None:
        ids = list(self.model)
        rows = np.stack(list(self.model.values()))
        if self.dtype == "bits":
            rows = np.packbits(rows, axis=1, bitorder="little")
        np.testing.assert_array_equal(self.index.get(ids), rows)

    def check(
        self, hits: lanner.Hits, queries: np.ndarray, k: int, *, complete: bool = True
    ) -> None:
        rows = np.stack(list(self.model.values())) if self.model else np.empty((0, DIM))
        ids = list(self.model)
        reference.check_hits(hits, queries, rows, ids, self.metric, k, complete=complete)


TestCheckedIndex = CheckedIndex.TestCase
