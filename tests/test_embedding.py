"""Embedding tables by hashes, against the same look-ups in NumPy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanner import InvalidArgumentError, WrongTypeError
from lanner.hashing import (
    BlockEmbedding,
    EmbeddingTable,
    MultiplexedEmbedding,
    QuotientRemainderEmbedding,
)


def tables() -> list[tuple[EmbeddingTable, bool, int]]:
    """Tables with whether their slices are added up, and the numbers of a slice."""
    made = [
        (MultiplexedEmbedding(3, 50, 4), False, 4),
        (MultiplexedEmbedding(3, 50, 4, lookups=3), False, 4),
        (MultiplexedEmbedding(2, 50, 4, lookups=2, combine="sum"), True, 4),
        (MultiplexedEmbedding(1, 7, 5, lookups=2, combine="sum", seed=3), True, 5),
        (QuotientRemainderEmbedding(10, 13, 6), True, 6),
        (QuotientRemainderEmbedding(10, 13, 6, combine="concat"), False, 6),
        (BlockEmbedding(2, 103, 12, block=4), False, 4),
        (BlockEmbedding(1, 5, 12, block=12), False, 12),
    ]
    rng = np.random.default_rng(0)
    for table, _, _ in made:
        table.memory[...] = rng.integers(-50, 50, table.memory.shape)
    return made


@pytest.fixture(params=range(len(tables())))
def case(request):
    return tables()[request.param]


def model(table, summed, size, values):
    flat = table.memory.reshape(-1)
    places = table.places(values)
    slices = flat[(places[..., None] + np.arange(size)) % len(flat)]
    return slices.sum(axis=-2) if summed else slices.reshape(*slices.shape[:-2], table.width)


def test_gather_reads_the_slices_at_the_places(case):
    table, summed, size = case
    values = np.random.default_rng(1).integers(0, 129, (300, table.features))
    expected = model(table, summed, size, values)
    for threads in (1, 3):
        found = table.gather(values, threads=threads)
        assert found.dtype == np.float32
        assert found.shape == (300, table.features, table.width)
        assert (found == expected).all()
    if table.features == 1:
        assert (table.gather(values[:, 0]) == expected[:, 0]).all()
    assert table.gather(values[:0]).shape == (0, table.features, table.width)


def test_scatter_add_is_the_transpose_of_gather(case):
    # <gather(m), g> = <m, scatter(g)> for every m and g; whole numbers, so exactly.
    table, _, _ = case
    rng = np.random.default_rng(2)
    values = rng.integers(0, 129, (200, table.features))
    gradients = rng.integers(-9, 9, (200, table.features, table.width)).astype(np.float32)
    forward = float((table.gather(values) * gradients).sum(dtype=np.float64))
    before = table.memory.copy()
    table.memory[...] = 0
    table.scatter_add(values, gradients)
    assert forward == float((before * table.memory).sum(dtype=np.float64))
    table.scatter_add(values, gradients, scale=-1)
    assert (table.memory == 0).all()


def test_features_and_lookups_have_seeds_of_their_own():
    table = MultiplexedEmbedding(4, 1_000_000, 1, lookups=3)
    places = table.places(np.full((1, 4), 77)).reshape(-1)
    assert len(set(places.tolist())) == 12
    again = MultiplexedEmbedding(4, 1_000_000, 1, lookups=3).places([[77] * 4])
    assert (again.reshape(-1) == places).all()
    other = MultiplexedEmbedding(4, 1_000_000, 1, lookups=3, seed=1)
    assert (other.places([[77] * 4]).reshape(-1) != places).all()


def test_collisions_are_as_many_as_chance_makes_them():
    # Of n values in m places a value is alone with probability (1 - 1/m)^(n - 1).
    n, m = 20_000, 50_000
    table = MultiplexedEmbedding(2, m, 1, lookups=2)
    for feature in (0, 1):
        found = table.collisions(feature, np.arange(n))
        expected = 1 - (1 - 1 / m) ** (n - 1)
        assert found["values"] == n
        assert abs(found["slices"] - expected) < 5 * np.sqrt(expected / n)
        assert found["whole"] < 0.001
    single = MultiplexedEmbedding(1, m, 1).collisions(0, [3, 3, 3])
    assert single == {"values": 1, "slices": 0.0, "whole": 0.0}
    assert MultiplexedEmbedding(1, 1, 1).collisions(0, [3, 4]) == {
        "values": 2,
        "slices": 1.0,
        "whole": 1.0,
    }
    assert table.collisions(0, [])["values"] == 0


def test_quotients_and_remainders_part_all_values():
    table = QuotientRemainderEmbedding(30, 40, 2)
    found = table.collisions(0, np.arange(1200))
    assert found["whole"] == 0.0
    assert found["slices"] == 1.0
    places = table.places(np.arange(1200)) // 2
    assert (places[:, 0] == np.arange(1200) // 40).all()
    assert (places[:, 1] == 30 + np.arange(1200) % 40).all()
    assert (table.places([1200]) == table.places([0])).all()


@settings(max_examples=40, deadline=None)
@given(
    features=st.integers(1, 4),
    numbers=st.integers(1, 40),
    blocks=st.integers(1, 4),
    block=st.integers(1, 9),
    rows=st.integers(0, 20),
    seed=st.integers(0, 2**63),
)
def test_blocks_wrap_around(features, numbers, blocks, block, rows, seed):
    table = BlockEmbedding(features, numbers, blocks * block, block=block, seed=seed)
    rng = np.random.default_rng(seed)
    table.memory[...] = rng.integers(-50, 50, numbers)
    values = rng.integers(-(2**62), 2**62, (rows, features))
    assert (table.gather(values) == model(table, False, block, values)).all()


def test_a_step_of_training_lowers_a_squared_error():
    rng = np.random.default_rng(0)
    target = rng.standard_normal((500, 8)).astype(np.float32)
    values = np.arange(500)
    for table in (
        MultiplexedEmbedding(1, 300, 8, lookups=2, combine="sum"),
        QuotientRemainderEmbedding(25, 20, 8),
        BlockEmbedding(1, 2400, 8, block=4),
    ):
        errors = []
        for _ in range(30):
            off = table.gather(values) - target
            errors.append(float((off**2).mean()))
            table.scatter_add(values, off, scale=-0.02)
        assert errors[-1] < errors[0]
        assert all(b <= a + 1e-6 for a, b in itertools.pairwise(errors))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: MultiplexedEmbedding(0, 5, 2), "features must be at least 1"),
        (
            lambda: MultiplexedEmbedding(1, 5, 2, combine="mean"),
            "combine must be one of concat, sum",
        ),
        (lambda: BlockEmbedding(1, 50, 12, block=5), "block must divide dim, 12, got 5"),
        (lambda: MultiplexedEmbedding(2, 5, 2).gather([1, 2]), "must have 2 columns.*, got shape"),
        (
            lambda: MultiplexedEmbedding(2, 5, 2).collisions(2, [1]),
            "feature must be at most 1, got 2",
        ),
        (
            lambda: MultiplexedEmbedding(2, 5, 2).scatter_add([[1, 2]], np.ones((1, 2, 3))),
            r"gradients must have shape \(1, 2, 2\), as gather returns, got \(1, 2, 3\)",
        ),
        (
            lambda: QuotientRemainderEmbedding(3, 3, 2).gather([-1]),
            "values must be at least 0, got -1",
        ),
        (lambda: MultiplexedEmbedding(1, 5, 2).gather([2**64 - 1]), "values must fit int64"),
    ],
)
def test_bad_values_are_refused(call, said):
    with pytest.raises(InvalidArgumentError, match=said):
        call()


def test_bad_types_and_memories_are_refused():
    table = MultiplexedEmbedding(1, 5, 2)
    with pytest.raises(WrongTypeError, match="values must be integers, got float64"):
        table.gather([1.5])
    with pytest.raises(WrongTypeError, match="gradients must be numbers, got bool"):
        table.scatter_add([1], np.ones((1, 2), bool))
    table.memory = np.zeros((4, 2), np.float32)
    with pytest.raises(InvalidArgumentError, match=r"memory must have \d+ numbers, got"):
        table.gather([1])
    table.memory = np.zeros((5, 2))
    with pytest.raises(
        InvalidArgumentError,
        match="memory must be a contiguous, writable array of float32, got one of float64",
    ):
        table.scatter_add([1], np.ones((1, 2)))
