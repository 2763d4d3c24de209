"""Hash families against models in NumPy, against their theory, and against bad input."""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lanner
from lanner import FileFormatError, InvalidArgumentError, WrongTypeError, hashing
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

DIM = 24


def drawn(rows: int, dim: int = DIM, seed: int = 0) -> NDArray[np.float32]:
    """Rows whose features differ in variance, depend on one another, and are off centre."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(99).standard_normal((dim, dim)) / np.sqrt(dim)
    scales = 1 / np.sqrt(np.arange(1, dim + 1))
    return ((rng.standard_normal((rows, dim)) * scales) @ mix + 0.1).astype(np.float32)


def labelled(
    rows: int, classes: int, seed: int = 0, *, spread: float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Classes about centres of their own, beneath directions that vary more and tell less."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(5).standard_normal((classes, DIM))
    centres[:, DIM // 2 :] = 0
    noise = np.where(np.arange(DIM) < DIM // 2, spread, 4.0)
    labels = rng.integers(0, classes, rows)
    return (
        (centres[labels] + noise * rng.standard_normal((rows, DIM))).astype(np.float32),
        labels,
    )


def bits_of(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.unpackbits(codes, axis=-1, bitorder="little")


def binomial_margin(share: float, trials: int, sigmas: float = 5.0) -> float:
    return sigmas * math.sqrt(max(share * (1 - share), 1e-4) / trials)


def families() -> list[hashing.HashFamily]:
    rows, labels = labelled(400, 3)
    return [
        Hyperplanes(DIM, 64, seed=3),
        CrossPolytope(DIM, 64, seed=3),
        E2LSH(DIM, 64, width=2.0, seed=3),
        BitSampling(DIM, 64, seed=3),
        MinHash(64, seed=3),
        SimHash(64, seed=3),
        PCASign(16).fit(rows),
        ITQ(16).fit(rows, rounds=5),
        Spectral(64).fit(rows),
        SDH(40).fit(rows, labels),
        SNRHash(16).fit(rows, labels, steps=20),
    ]


def items_for(family: hashing.HashFamily, rows: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    if isinstance(family, MinHash):
        return [set(rng.integers(0, 50, rng.integers(0, 20)).tolist()) for _ in range(rows)]
    if isinstance(family, SimHash):
        return [
            {f"token {each}": float(rng.standard_normal()) for each in rng.integers(0, 50, 9)}
            for _ in range(rows)
        ]
    if isinstance(family, BitSampling):
        return rng.integers(0, 2, (rows, DIM)).astype(bool)
    return drawn(rows, DIM, seed)


@pytest.fixture(params=range(11), ids=[type(each).__name__ for each in families()])
def family(request: pytest.FixtureRequest) -> hashing.HashFamily:
    return _FAMILIES[request.param]


_FAMILIES = families()


# What all families share.


def test_codes_are_packed_rows_and_one_item_gives_one_code(family):
    items = items_for(family, 77)
    codes = family.encode(items)
    assert codes.shape == (77, family.bits // 8)
    assert codes.dtype == np.uint8
    assert (family.encode(items[5]) == codes[5]).all()
    assert family.encode(items[:0]).shape == (0, family.bits // 8)
    assert family.code_bytes == codes.shape[1]
    assert family.fitted


def test_threads_do_not_show(family):
    items = items_for(family, 333)
    assert (family.encode(items, threads=1) == family.encode(items, threads=3)).all()


def test_a_saved_family_comes_back(family, tmp_path):
    path = tmp_path / "hash.lanner"
    family.save(path)
    again = hashing.load(path)
    items = items_for(family, 50)
    assert type(again) is type(family)
    assert repr(again) == repr(family)
    assert (again.encode(items) == family.encode(items)).all()
    again.save(tmp_path / "again.lanner")
    assert (tmp_path / "again.lanner").read_bytes() == path.read_bytes()


def test_every_damaged_byte_of_a_file_is_noticed(family, tmp_path):
    path = tmp_path / "hash.lanner"
    family.save(path)
    sound = path.read_bytes()
    for place in range(0, len(sound), 7 if len(sound) < 4000 else 101):
        damaged = bytearray(sound)
        damaged[place] ^= 0x41
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"hash\.lanner"):
            hashing.load(path)
    for length in range(0, len(sound), 61 if len(sound) < 4000 else 997):
        path.write_bytes(sound[:length])
        with pytest.raises(FileFormatError):
            hashing.load(path)


def with_section_bytes(whole: bytes, place: int, value: int) -> bytes:
    """The file with one byte changed, and every checksum made to fit."""
    file = bytearray(whole)
    file[place] = value
    table, count = int.from_bytes(file[16:24], "little"), int.from_bytes(file[32:36], "little")
    for entry in range(count):
        at = table + 48 * entry
        begin, length = (int.from_bytes(file[at + o : at + o + 8], "little") for o in (24, 32))
        file[at + 40 : at + 44] = zlib.crc32(file[begin : begin + length]).to_bytes(4, "little")
    file[36:40] = zlib.crc32(file[table:]).to_bytes(4, "little")
    file[60:64] = zlib.crc32(file[:60]).to_bytes(4, "little")
    return bytes(file)


def test_a_file_that_lies_is_refused_or_harmless(family, tmp_path):
    path = tmp_path / "hash.lanner"
    family.save(path)
    sound = path.read_bytes()
    assert with_section_bytes(sound, 64, sound[64]) == sound
    items = items_for(family, 3)
    for place in range(64, min(len(sound) - 200, 64 + 160)):
        for value in (0, 1, 0x7F, 0xFF):
            path.write_bytes(with_section_bytes(sound, place, value))
            try:
                loaded = hashing.load(path)
            except lanner.Error:
                continue
            try:
                loaded.encode(items)
            except lanner.Error:
                continue


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "file.lanner"
    lanner.Index(4).save(path)
    with pytest.raises(FileFormatError, match="holds no hash: it is an index"):
        hashing.load(path)
    Hyperplanes(4, 8).save(path)
    with pytest.raises(FileFormatError, match="config"):
        lanner.open(path)
    with pytest.raises(lanner.StorageError):
        hashing.load(tmp_path / "none.lanner")


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


@pytest.mark.parametrize(
    "which", [i for i, each in enumerate(_FAMILIES) if hasattr(each, "values")]
)
def test_bits_are_the_signs_of_values(which):
    family = _FAMILIES[which]
    items = items_for(family, 60)
    values = family.values(items)
    assert values.shape == (60, family.bits)
    assert values.dtype == np.float32
    assert (bits_of(family.encode(items)) == (values > 0)).all()
    assert (family.values(items[7]) == values[7]).all()


def planes_of(family: hashing.HashFamily) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Normals and offsets, read off from the values of zero and of unit vectors."""
    at_zero = family.values(np.zeros(DIM)).astype(np.float64)
    return family.values(np.eye(DIM)).astype(np.float64) - at_zero, at_zero


@pytest.mark.parametrize("kind", [Hyperplanes, PCASign, ITQ, SDH, SNRHash])
def test_linear_values_are_linear(kind):
    family = next(each for each in _FAMILIES if type(each) is kind)
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


# Theory: collisions are as frequent as they ought to be, within five standard errors.

ANGLES = (0.2, 0.8, math.pi / 2, 2.5)


def pair_at(angle: float, dim: int, rows: int, seed: int) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((rows, dim))
    b = rng.standard_normal((rows, dim))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b -= (a * b).sum(axis=1, keepdims=True) * a
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    return a.astype(np.float32), (np.cos(angle) * a + np.sin(angle) * b).astype(np.float32)


@pytest.mark.parametrize("angle", ANGLES)
def test_hyperplanes_part_vectors_by_their_angle(angle):
    # One pair: bits are then independent draws.
    a, b = pair_at(angle, 33, 1, 1)
    family = Hyperplanes(33, 32768, seed=8)
    parted = (bits_of(family.encode(a)) != bits_of(family.encode(b))).mean()
    assert abs(parted - angle / math.pi) < binomial_margin(angle / math.pi, 32768)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0, 3.0])
def test_e2lsh_collides_as_datar_et_al_say(ratio):
    family = E2LSH(20, 32768, width=2.0, seed=9)
    step = np.zeros(20)
    step[:5] = ratio * 2.0 / math.sqrt(5)
    start = drawn(1, 20)[0]
    same = (family.symbols(start) == family.symbols(start + step)).mean()
    phi = 0.5 * (1 + math.erf(1 / ratio / math.sqrt(2)))
    tail = 2 * ratio / math.sqrt(2 * math.pi) * (1 - math.exp(-1 / (2 * ratio**2)))
    expected = 2 * phi - 1 - tail
    assert abs(same - expected) < binomial_margin(expected, 32768)


@pytest.mark.parametrize("angle", ANGLES)
def test_cross_polytope_collides_like_random_rotations(angle):
    # Against true random rotations (QR of normal matrices), over many pairs and rotations.
    dim, rotations, pairs = 64, 256, 60
    rng = np.random.default_rng(0)
    a, b = pair_at(angle, dim, pairs, 2)
    expected = 0
    for _ in range(rotations):
        turn, _ = np.linalg.qr(rng.standard_normal((dim, dim)))
        corners = [np.abs(x @ turn).argmax(axis=1) for x in (a, b)]
        signs = [
            np.take_along_axis(x @ turn, c[:, None], 1) > 0
            for x, c in zip((a, b), corners, strict=True)
        ]
        expected += ((corners[0] == corners[1]) & (signs[0] == signs[1])[:, 0]).sum()
    expected /= rotations * pairs
    family = CrossPolytope(dim, rotations, seed=10)
    same = (family.symbols(a) == family.symbols(b)).mean()
    margin = math.sqrt(2) * binomial_margin(max(expected, 0.005), rotations * pairs)
    assert abs(same - expected) < margin
    # And bits of codes are equal with probability (1 + p) / 2.
    equal = (bits_of(family.encode(a)) == bits_of(family.encode(b))).mean()
    assert abs(equal - (1 + expected) / 2) < margin + binomial_margin(0.5, rotations * pairs)


@pytest.mark.parametrize("shared", [0, 10, 50, 90, 100])
def test_minhash_collides_by_jaccard(shared):
    a, b = set(range(100)), set(range(100 - shared, 200 - shared))
    jaccard = shared / (200 - shared)
    family = MinHash(32768, seed=11)
    same = (np.equal(*family.symbols([a, b]))).mean()
    assert abs(same - jaccard) <= binomial_margin(jaccard, 32768)
    equal = np.equal(*bits_of(family.encode([a, b]))).mean()
    assert abs(equal - (1 + jaccard) / 2) <= binomial_margin((1 + jaccard) / 2, 32768)


@pytest.mark.parametrize("angle", ANGLES)
def test_simhash_parts_sets_by_the_angle_of_their_weights(angle):
    a, b = pair_at(angle, 400, 1, 3)
    family = SimHash(32768, seed=12)
    codes = family.encode([dict(enumerate(x[0].tolist())) for x in (a, b)])
    parted = np.not_equal(*bits_of(codes)).mean()
    # Sums of 400 signed weights are normal only up to some 1 / 400.
    assert abs(parted - angle / math.pi) < binomial_margin(angle / math.pi, 32768) + 0.003


@pytest.mark.parametrize("differing", [0, 1, 40, 200])
def test_bit_sampling_parts_by_hamming(differing):
    rows = np.zeros((2, 200), dtype=bool)
    rows[1, :differing] = True
    parted = np.not_equal(*bits_of(BitSampling(200, 32768, seed=13).encode(rows))).mean()
    assert abs(parted - differing / 200) <= binomial_margin(differing / 200, 32768)


# What learning finds.


def test_pca_sign_is_that_of_numpys_axes():
    rows = drawn(500)
    normals, offsets = planes_of(PCASign(8).fit(rows))
    values, vectors = np.linalg.eigh(np.cov(rows.T.astype(np.float64)))
    axes = vectors[:, np.argsort(-values)[:8]]
    assert np.abs(np.abs((normals * axes).sum(axis=0)) - 1).max() < 1e-4
    assert np.abs(offsets + rows.astype(np.float64).mean(axis=0) @ normals).max() < 1e-5


def quantization_error(values: NDArray[np.float64]) -> float:
    return float(((values - np.where(values > 0, 1, -1)) ** 2).sum())


def test_itq_turns_principal_axes_and_lowers_the_quantization_error():
    rows = drawn(2000)
    pca, _ = planes_of(PCASign(16).fit(rows))
    errors = []
    for rounds in (0, 1, 3, 50):
        itq = ITQ(16).fit(rows, rounds=rounds)
        normals, _ = planes_of(itq)
        turn = pca.T @ normals
        assert np.abs(turn.T @ turn - np.eye(16)).max() < 1e-4
        assert np.abs(pca @ turn - normals).max() < 1e-4
        errors.append(quantization_error(itq.values(rows).astype(np.float64)))
    assert errors[0] > errors[1] > errors[2] > errors[3]


def test_itq_is_a_model_of_the_paper():
    """The same rounds in NumPy, from the same beginning, end at the same error."""
    rows = drawn(2000)
    mean = rows.astype(np.float64).mean(axis=0)
    pca, _ = planes_of(PCASign(16).fit(rows))
    first, _ = planes_of(ITQ(16).fit(rows, rounds=0))
    v, turn = (rows - mean) @ pca, pca.T @ first
    for _ in range(20):
        u, _, wt = np.linalg.svd(v.T @ np.where(v @ turn > 0, 1, -1))
        turn = u @ wt
    ours = quantization_error(ITQ(16).fit(rows, rounds=20).values(rows).astype(np.float64))
    assert abs(ours / quantization_error(v @ turn) - 1) < 1e-3


def test_spectral_bits_are_waves_along_axes_the_longest_first():
    rng = np.random.default_rng(0)
    rows = (rng.uniform(0, 1, (4000, 3)) * [8, 4, 0.5] + [3, -2, 1]).astype(np.float32)
    family = Spectral(8).fit(rows)
    # Ranges of 8 and 4: j / range of 1/8, 2/8 and 1/4, 3/8, 4/8 and 2/4, 5/8, 6/8 and 3/4, ...
    waves = {0: [1, 2, 3, 4, 5], 1: [1, 2, 3]}
    bits = bits_of(family.encode(rows)).astype(int)
    found = []
    for axis, frequencies in waves.items():
        low, high = rows[:, axis].min(), rows[:, axis].max()
        place = (rows[:, axis] - low) / (high - low)
        for j in frequencies:
            model = (np.cos(j * np.pi * place) > 0).astype(int)
            model_turned = (np.cos(j * np.pi * (1 - place)) > 0).astype(int)
            agreement = np.maximum(
                (bits == model[:, None]).mean(axis=0), (bits == model_turned[:, None]).mean(axis=0)
            )
            agreement = np.maximum(agreement, 1 - agreement)
            found.append(int(agreement.argmax()))
            assert agreement.max() > 0.93
    assert sorted(found) == list(range(8))


def average_precision(family, base, labels, queries, query_labels) -> float:
    codes, asked = (2 * bits_of(family.encode(x)).astype(int) - 1 for x in (base, queries))
    order = np.argsort(-(asked @ codes.T), axis=1, kind="stable")
    relevant = labels[order] == query_labels[:, None]
    precision = relevant.cumsum(axis=1) / np.arange(1, relevant.shape[1] + 1)
    return float(((precision * relevant).sum(axis=1) / relevant.sum(axis=1)).mean())


def test_labels_help():
    base, labels = labelled(3000, 5)
    queries, query_labels = labelled(200, 5, 1)
    figures = {
        type(family).__name__: average_precision(family, base, labels, queries, query_labels)
        for family in (
            Hyperplanes(DIM, 16),
            PCASign(16).fit(base),
            ITQ(16).fit(base),
            SDH(16).fit(base, labels),
            SNRHash(16).fit(base, labels),
        )
    }
    # Classes lie where the variance is small: without labels they are hardly found. Chance is 0.2.
    unsupervised = max(figures["Hyperplanes"], figures["PCASign"], figures["ITQ"])
    assert unsupervised < 0.4
    assert figures["SDH"] > unsupervised + 0.2
    assert figures["SNRHash"] > unsupervised + 0.2


def test_sdh_codes_tell_the_label():
    base, labels = labelled(2000, 4, spread=0.3)
    family = SDH(24).fit(base, labels)
    signs = 2.0 * bits_of(family.encode(base)) - 1
    onehot = np.eye(4)[labels]
    w = np.linalg.solve(signs.T @ signs + np.eye(24), signs.T @ onehot)
    assert ((signs @ w).argmax(axis=1) == labels).mean() > 0.97


def snr_distances(values: NDArray[np.float32]) -> NDArray[np.float64]:
    u = values.astype(np.float64)
    u -= u.mean(axis=1, keepdims=True)
    signal = (u**2).sum(axis=1)
    return (signal[:, None] + signal[None] - 2 * u @ u.T) / signal[:, None]


def test_snr_hash_lowers_its_loss():
    base, labels = labelled(1000, 4)

    def loss(family) -> float:
        values = family.values(base[:300])
        distances = snr_distances(values)
        same = labels[:300, None] == labels[None, :300]
        apart = np.maximum(0, 2 - distances)[~same].mean()
        np.fill_diagonal(same, False)
        rest = np.abs(values.mean(axis=1)).mean() + ((np.abs(values) - 1) ** 2).mean()
        return float(distances[same].mean() + apart + 0.1 * rest)

    losses = [loss(SNRHash(16).fit(base, labels, steps=steps)) for steps in (1, 50, 600)]
    assert losses[0] > losses[1] + 0.2
    assert losses[1] > losses[2]


def test_learning_does_not_depend_on_threads_or_names_of_classes(tmp_path):
    rows, labels = labelled(700, 3)
    names = np.array(["ape", "bee", "cat"])[labels]
    for fit in (
        lambda threads, _: PCASign(8).fit(rows, threads=threads),
        lambda threads, _: ITQ(8).fit(rows, threads=threads),
        lambda threads, _: Spectral(16).fit(rows, threads=threads),
        lambda threads, given: SDH(16).fit(rows, given, threads=threads),
        lambda threads, given: SNRHash(16).fit(rows, given, steps=30, threads=threads),
    ):
        files = []
        for threads, names_or_numbers in ((1, labels), (3, names), (2, names.tolist())):
            fit(threads, names_or_numbers).save(tmp_path / "one.lanner")
            files.append((tmp_path / "one.lanner").read_bytes())
        assert files[0] == files[1] == files[2]


def test_features_without_variance_and_repeated_rows_are_survived():
    rows, labels = labelled(300, 3)
    rows[:, 4:20] = 7.5
    rows[100:200] = rows[100]
    for family in (
        PCASign(16).fit(rows),
        ITQ(16).fit(rows),
        Spectral(32).fit(rows),
        SDH(32).fit(rows, labels),
        SNRHash(32).fit(rows, labels, steps=10),
    ):
        assert np.isfinite(family.values(rows)).all()
    constant = np.ones((50, DIM), np.float32)
    for family in (PCASign(8), ITQ(8)):
        assert (family.fit(constant).encode(constant) == family.encode(constant[0])).all()
    assert np.isfinite(SDH(8).fit(constant, labels[:50]).values(constant)).all()
    assert np.isfinite(SNRHash(8).fit(constant, labels[:50], steps=5).values(constant)).all()


def test_more_rows_than_are_looked_at():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((70_000, 8)).astype(np.float32)
    labels = (rows[:, 0] > 0).astype(int)
    for family in (ITQ(8).fit(rows, rounds=2), SDH(8).fit(rows, labels)):
        assert family.encode(rows[:5]).shape == (5, 1)
    sure = SDH(8).fit(rows, labels).values(rows)
    # The sign of the first feature is that of some bit; its value goes with the sign at 0.798.
    assert 0.75 < np.abs(np.corrcoef(sure.T, labels)[-1, :-1]).max() < 0.85


def test_progress_is_told_and_stopping_leaves_the_hash_as_it_was():
    rows, labels = labelled(3000, 3)
    told = []
    ITQ(16).fit(rows, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (51, 51)
    family = SNRHash(16).fit(rows, labels, steps=5)
    before = family.encode(rows)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        family.fit(rows, labels, steps=100_000, progress=stop)
    assert (family.encode(rows) == before).all()


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
        (lambda: MinHash(8).encode([1.5], offsets=[0, 1]), "sets must be integers along one axis"),
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
