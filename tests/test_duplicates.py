"""Near-duplicates among codes against brute force in NumPy."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
from code_data import drawn, hamming
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lanner.hashing import (
    duplicate_groups,
    duplicates,
)


def model_pairs(codes: NDArray[np.uint8], radius: int) -> list[tuple[int, int, int]]:
    distances = hamming(codes, codes)
    return [
        (i, j, int(distances[i, j]))
        for i, j in itertools.combinations(range(len(codes)), 2)
        if distances[i, j] <= radius
    ]


def model_groups(codes: NDArray[np.uint8], radius: int) -> list[list[int]]:
    group = list(range(len(codes)))
    for i, j, _ in model_pairs(codes, radius):
        low, high = sorted((group[i], group[j]))
        group = [low if each == high else each for each in group]
    members: dict[int, list[int]] = {}
    for row, each in enumerate(group):
        members.setdefault(each, []).append(row)
    return [each for each in members.values() if len(each) > 1]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(0, 60),
    width=st.integers(1, 17),
    radius=st.integers(0, 9),
    flips=st.sampled_from([0.0, 0.02, 0.1]),
    seed=st.integers(0, 2**32 - 1),
)
def test_duplicates_are_all_pairs_and_groups_their_components(rows, width, radius, flips, seed):
    codes = drawn(rows, width, seed, flips=flips)
    for threads in (1, 3):
        assert list(duplicates(codes, radius, threads=threads)) == model_pairs(codes, radius)
        groups = duplicate_groups(codes, radius, threads=threads)
        assert [group.tolist() for group in groups] == model_groups(codes, radius)


def test_duplicates_among_many_codes():
    rng = np.random.default_rng(0)
    codes = drawn(60_000, 8)
    copies = rng.choice(60_000, 300, replace=False)
    targets = np.setdiff1d(rng.choice(60_000, 600, replace=False), copies)[:300]
    flipped = np.unpackbits(codes[copies], axis=1)
    for row, bits in enumerate(flipped):
        bits[rng.choice(64, row % 4, replace=False)] ^= 1
    codes[targets] = np.packbits(flipped, axis=1)
    found = duplicates(codes, 3)
    # Of random codes of 64 bits some 1.8e9 pairs have a chance of 2e-15 to lie so near.
    assert len(found) == 300
    expected = {tuple(sorted(pair)) for pair in zip(copies.tolist(), targets.tolist(), strict=True)}
    assert {tuple(pair) for pair in found.pairs.tolist()} == expected
    assert (found.distances == hamming_of_pairs(codes, found.pairs)).all()
    assert len(duplicate_groups(codes, 3)) == 300


def hamming_of_pairs(codes: NDArray[np.uint8], pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.unpackbits(codes[pairs[:, 0]] ^ codes[pairs[:, 1]], axis=1).sum(axis=1)


def test_a_million_equal_codes_are_one_group():
    codes = np.zeros((1_000_000, 8), np.uint8)
    codes[7::1000] = 255
    groups = duplicate_groups(codes, 2)
    assert [len(group) for group in groups] == [999_000, 1000]
    assert (groups[1] == np.arange(7, 1_000_000, 1000)).all()


def test_progress_of_duplicates_is_told_and_stops_it():
    codes = drawn(20_000, 8)
    told = []
    duplicates(codes, 1, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (20_000, 20_000)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        duplicate_groups(codes, 20, progress=stop)


def test_codes_that_change_meanwhile_do_no_harm():
    codes = drawn(20_000, 2, 5)
    over = threading.Event()

    def scramble() -> None:
        rng = np.random.default_rng(0)
        while not over.is_set():
            codes[rng.integers(0, len(codes), 500)] = rng.integers(0, 256, (500, 2), dtype=np.uint8)

    thread = threading.Thread(target=scramble)
    thread.start()
    try:
        for _ in range(20):
            pairs = duplicates(codes, 0)
            assert (pairs.pairs[:, 0] < pairs.pairs[:, 1]).all()
            assert (np.diff(pairs.pairs[:, 0]) >= 0).all()
            groups = duplicate_groups(codes, 0)
            assert len(set(np.concatenate(groups).tolist())) == sum(map(len, groups))
    finally:
        over.set()
        thread.join()


def test_codes_that_are_all_near_are_one_group_and_every_pair() -> None:
    # More in one call than is kept at a time.
    count = 2500
    codes = np.random.default_rng(2).integers(0, 256, (count, 8), dtype=np.uint8)
    groups = duplicate_groups(codes, 64)
    assert len(groups) == 1
    assert sorted(groups[0]) == list(range(count))
    found = duplicates(codes, 64)
    assert len(found.pairs) == count * (count - 1) // 2
    left, right = np.triu_indices(count, 1)
    np.testing.assert_array_equal(found.pairs, np.stack([left, right], axis=1))
    some = np.random.default_rng(3).integers(len(left), size=200)
    differ = np.unpackbits(codes[left[some]] ^ codes[right[some]], axis=1).sum(axis=1)
    np.testing.assert_array_equal(found.distances[some], differ)
