"""Hash families against models in NumPy, and against bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hash_data import (
    DIM,
    FAMILIES,
    binomial_margin,
    bits_of,
    drawn,
    each_family,
    items_for,
    planes_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from lanner import InvalidArgumentError, WrongTypeError
from lanner.hashing import (
    E2LSH,
    ITQ,
    SDH,
    BitSampling,
    CrossPolytope,
    Hyperplanes,
    MinHash,
    NotFittedError,
    PCASign,
    SimHash,
    SNRHash,
    Spectral,
)

# What all families share.


@each_family
def test_codes_are_packed_rows_and_one_item_gives_one_code(family):
    items = items_for(family, 77)
    codes = family.encode(items)
    assert codes.shape == (77, family.bits // 8)
    assert codes.dtype == np.uint8
    assert (family.encode(items[5]) == codes[5]).all()
    assert family.encode(items[:0]).shape == (0, family.bits // 8)
    assert family.code_bytes == codes.shape[1]
    assert family.fitted


@each_family
def test_threads_do_not_show(family):
    items = items_for(family, 333)
    assert (family.encode(items, threads=1) == family.encode(items, threads=3)).all()


def test_seeds_differ():
    rows = drawn(50)
    for make in (
        lambda seed: Hyperplanes(DIM, 64, seed=seed).encode(rows),
        lambda seed: CrossPolytope(DIM, 64, seed=seed).encode(rows),
        lambda seed: E2LSH(DIM, 64, width=1, seed=seed).encode(rows),
        lambda seed: BitSampling(DIM, 64, seed=seed).encode(rows > 0),
        lambda seed: MinHash(64, seed=seed).encode([{1, 2}, {3}]),
        lambda seed: SimHash(64, seed=seed).encode([{1: 2.0}]),
        lambda seed: ITQ(16).fit(drawn(300), rounds=3, seed=seed).encode(rows),
    ):
        assert (make(1) == make(1)).all()
        assert (make(1) != make(2)).any()


# Models in NumPy: a family's codes are what its numbers say.


@pytest.mark.parametrize("which", [i for i, each in enumerate(FAMILIES) if hasattr(each, "values")])
def test_bits_are_the_signs_of_values(which):
    family = FAMILIES[which]
    items = items_for(family, 60)
    values = family.values(items)
    assert values.shape == (60, family.bits)
    assert values.dtype == np.float32
    assert (bits_of(family.encode(items)) == (values > 0)).all()
    assert (family.values(items[7]) == values[7]).all()


@pytest.mark.parametrize("kind", [Hyperplanes, PCASign, ITQ, SDH, SNRHash])
def test_linear_values_are_linear(kind):
    family = next(each for each in FAMILIES if type(each) is kind)
    normals, offsets = planes_of(family)
    rows = drawn(40, seed=9)
    model = rows.astype(np.float64) @ normals + offsets
    error = np.abs(family.values(rows) - model)
    assert error.max() < 1e-4 * np.abs(normals).sum(axis=0).max()


def test_cross_polytope_symbols_are_corners_of_rotations():
    # The corner of the rotated x is that of greatest <R^T e, x>: rotations are read off from it.
    family = CrossPolytope(8, 16, seed=1)
    rows = np.random.default_rng(0).standard_normal((3000, 8)).astype(np.float32)
    symbols = family.symbols(rows)
    assert symbols.max() == 15
    assert set(np.unique(symbols)) == set(range(16))
    assert (family.symbols(-rows) == symbols ^ 1).all()
    assert (family.symbols(3 * rows) == symbols).all()
    for bit in range(16):
        # Means of the rows at a corner point the way of the corner: opposite, and at right angles.
        means = np.array([rows[symbols[:, bit] == corner].mean(axis=0) for corner in range(16)])
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        cosines = means @ means.T
        assert (np.abs(cosines[::2, 1::2].diagonal() + 1) < 0.05).all()
        assert np.abs(cosines[::2, ::2] - np.eye(8)).max() < 0.3


def test_e2lsh_symbols_are_floors_of_affine_positions():
    family = E2LSH(DIM, 64, width=0.7, seed=4)
    rows = drawn(200)
    positions = family.positions(rows)
    assert (family.symbols(rows).view(np.int32) == np.floor(positions)).all()
    start = family.positions(np.zeros(DIM)).astype(np.float64)
    assert (start >= 0).all()
    assert (start <= 1).all()
    normals = (family.positions(np.eye(DIM)).astype(np.float64) - start) * 0.7
    model = (rows.astype(np.float64) @ normals) / 0.7 + start
    assert np.abs(positions - model).max() < 1e-4
    # Normal numbers: mean 0, variance 1, within five standard errors.
    assert abs(normals.mean()) < 5 / math.sqrt(normals.size)
    assert abs(normals.var() - 1) < 5 * math.sqrt(2 / normals.size)
    far = family.symbols(np.full(DIM, 3e38, np.float32)).view(np.int32)
    assert (np.abs(far.astype(np.int64)) > 2**30).any()


def test_bit_sampling_copies_bits():
    family = BitSampling(1000, 256, seed=2)
    unit = np.eye(1000, dtype=bool)
    places = bits_of(family.encode(unit)).argmax(axis=0)
    rows = np.random.default_rng(0).integers(0, 2, (50, 1000)).astype(bool)
    assert (bits_of(family.encode(rows)) == rows[:, places]).all()
    packed = np.packbits(rows, axis=1, bitorder="little")
    assert (family.encode(packed) == family.encode(rows)).all()


def test_minhash_of_a_union_is_the_symbol_of_one_of_both():
    family = MinHash(512, seed=5)
    a, b = set(range(40)), set(range(30, 90))
    of_a, of_b, of_both = family.symbols([a, b, a | b])
    assert ((of_both == of_a) | (of_both == of_b)).all()
    assert abs((of_both == of_a).mean() - 40 / 90) < binomial_margin(40 / 90, 512)
    assert (family.symbols([[3, 1, 2, 3, 3]]) == family.symbols([{1, 2, 3}])).all()
    assert (family.symbols([set()]) == family.symbols(frozenset())).all()


def test_minhash_reads_tokens_integers_and_flat_arrays_alike():
    family = MinHash(64)
    flat = np.array([5, -7, 2**40, 5, 9])
    offsets = [0, 3, 3, 5]
    sets = [[5, -7, 2**40], [], {5, 9}]
    expected = family.symbols(sets)
    assert (family.symbols(flat, offsets=offsets) == expected).all()
    assert (family.encode(flat, offsets=offsets) == family.encode(sets)).all()
    assert (family.symbols([np.array([5, -7, 2**40]), (), [9, 5]]) == expected).all()
    assert (family.symbols([{"5"}]) != family.symbols([{5}])).all()
    assert (family.symbols([{"é"}]) == family.symbols([{"é".encode()}])).all()


def test_simhash_adds_up_signed_weights():
    family = SimHash(128, seed=6)
    tea, milk = family.values([{"tea": 1.0}, {"milk": 1}])
    assert set(np.unique(tea)) == {-1.0, 1.0}
    mixed = family.values({"tea": 2.0, "milk": -0.5})
    assert (mixed == 2 * tea - 0.5 * milk).all()
    flat = np.array([3, 4, 4])
    of_flat = family.values(flat, offsets=[0, 1, 3], weights=[2, 1, 0.5])
    assert (of_flat == family.values([{3: 2}, {4: 1.5}])).all()
    assert (family.values(flat, offsets=[0, 1, 3]) == family.values([{3: 1}, {4: 2}])).all()
    assert (family.values({}) == 0).all()


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(0, 40),
    dim=st.integers(1, 70),
    words=st.integers(1, 5),
    seed=st.integers(0, 2**32),
)
def test_any_shape(rows, dim, words, seed):
    vectors = np.random.default_rng(seed).standard_normal((rows, dim)).astype(np.float32)
    for family in (
        Hyperplanes(dim, 8 * words, seed=seed),
        CrossPolytope(dim, 8 * words, seed=seed),
        E2LSH(dim, 8 * words, width=1.0, seed=seed),
    ):
        codes = family.encode(vectors)
        assert codes.shape == (rows, words)
        for row in range(min(rows, 3)):
            assert (family.encode(vectors[row]) == codes[row]).all()


# What is refused, and how.


def test_not_fitted_is_said(tmp_path):
    for family in (PCASign(8), ITQ(8), Spectral(8), SDH(8), SNRHash(8)):
        for call in (
            lambda f=family: f.encode(drawn(2)),
            lambda f=family: f.values(drawn(2)),
            lambda f=family: f.save(tmp_path / "none"),
            lambda f=family: f.dim,
        ):
            with pytest.raises(NotFittedError, match="call fit first"):
                call()
        assert not family.fitted
        assert family.bits == 8


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Hyperplanes(4, 7), "bits must be at least 8, got 7"),
        (lambda: Hyperplanes(4, 12), "bits must be a multiple of 8, got 12"),
        (lambda: Hyperplanes(4, 65544), "bits must be at most 65536, got 65544"),
        (lambda: Hyperplanes(0, 8), "dim must be at least 1, got 0"),
        (lambda: MinHash(8, seed=-1), "seed must be at least 0, got -1"),
        (lambda: E2LSH(4, 8, width=0), "width must be above 0, got 0"),
        (lambda: E2LSH(4, 8, width=float("nan")), "width must be finite, at least 0, got nan"),
        (lambda: E2LSH(4, 8, width=5e-324), "width must be a finite number above 0"),
        (lambda: CrossPolytope(65536, 65536), "bits times dim must be at most 134217728"),
        (lambda: PCASign(32).fit(drawn(50)), "at most the dimension of the vectors for PCA, 24"),
        (lambda: ITQ(32).fit(drawn(50)), "at most the dimension of the vectors for ITQ, 24"),
        (lambda: ITQ(8).fit(drawn(1)), "at least 2 rows to learn from, got 1"),
        (lambda: ITQ(8).fit(drawn(5)[0]), "vectors must have two axes"),
        (lambda: Spectral(8).fit(np.ones((9, 4))), "must differ from one another"),
        (lambda: SDH(8).fit(drawn(5), [1, 2, 3]), r"labels must be one a vector, 5, got .*\(3,\)"),
        (lambda: SDH(8).fit(drawn(5), [1] * 5), "labels must be of at least 2 classes, got 1"),
        (lambda: SNRHash(8).fit(drawn(1), [1]), "at least 2 rows"),
        (lambda: SDH(8).fit(drawn(3), [1, 2, np.nan]), "labels must be finite"),
        (lambda: SNRHash(8).fit(drawn(3), [1, 2, 1], margin=-1), "margin must be finite, at least"),
        (lambda: MinHash(8).encode([1, 2], offsets=[0, 3]), "end at the number of items, 2, got 0"),
        (lambda: MinHash(8).encode([1, 2], offsets=[0, 2, 1, 2]), "offsets must not fall, got 1"),
        (lambda: MinHash(8).encode([{2**63}]), f"items must fit 64 bits, got {2**63} in row 0"),
        (lambda: SimHash(8).encode([{}, {1: np.inf}]), "weights must be finite.* in row 1"),
        (
            lambda: SimHash(8).encode([1, 2], offsets=[0, 2], weights=[1]),
            "weights must be as many as items, 2, got 1",
        ),
        (lambda: SimHash(8).encode([{1: 1}], weights=[1]), "weights go with offsets"),
        (lambda: BitSampling(9, 8).encode(np.ones((1, 8), bool)), "vectors must have dim 9, got 8"),
        (lambda: E2LSH(4, 8, width=10**400), "width must be finite"),
        (
            lambda: SimHash(8).encode([{1: 2}, {1: 10**400}]),
            "weights must be finite, got one beyond float64 in row 1",
        ),
        (
            lambda: SimHash(8).encode([1], offsets=[0, 1], weights=[float("inf")]),
            "weights must be finite",
        ),
    ],
)
def test_bad_values_are_refused(make, said):
    with pytest.raises(InvalidArgumentError, match=said):
        make()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Hyperplanes(4, 8.0), "bits must be an integer, got float"),
        (lambda: E2LSH(4, 8, width="wide"), "width must be a number, got str"),
        (
            lambda: MinHash(8).encode(["token"]),
            "sets must be collections of items, got str in row 0",
        ),
        (lambda: MinHash(8).encode("token"), "sets must be a sequence of sets, got str"),
        (
            lambda: MinHash(8).encode([{1}, {1.5}]),
            "must be str, bytes or integers, got float in row 1",
        ),
        (lambda: MinHash(8).encode([{True}]), "must be str, bytes or integers, got bool in row 0"),
        (lambda: MinHash(8).encode([1.5], offsets=[0, 1]), "sets must be integers, got float64"),
        (
            lambda: SimHash(8).encode([{1, 2}]),
            "features must be dicts of weights .* got set in row 0",
        ),
        (lambda: SimHash(8).encode([{1: "x"}]), "weights must be numbers, got str in row 0"),
        (lambda: SDH(8).fit(drawn(3), None), "labels must be one a vector, got None"),
        (lambda: SDH(8).fit(drawn(3), [1, "a", None]), "labels must be of one type"),
    ],
)
def test_bad_types_are_refused(make, said):
    with pytest.raises(WrongTypeError, match=said):
        make()


def test_nan_is_refused_by_row():
    rows = drawn(300)
    rows[123, 7] = np.nan
    labels = np.arange(300) % 2
    for fit in (
        lambda: PCASign(8).fit(rows),
        lambda: ITQ(8).fit(rows),
        lambda: Spectral(8).fit(rows),
        lambda: SDH(8).fit(rows, labels),
        lambda: SNRHash(8).fit(rows, labels),
        lambda: Hyperplanes(DIM, 8).encode(rows),
        lambda: E2LSH(DIM, 8, width=1).positions(rows),
    ):
        with pytest.raises(InvalidArgumentError, match=r"vectors must be finite.* in row 123"):
            fit()
