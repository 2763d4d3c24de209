"""Codes that stand alone, against models in NumPy and against theory."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import lanner
from lanner import FileFormatError, InvalidArgumentError, WrongTypeError, quantization
from lanner.quantization import OPQ, PQ, Binary, NotFittedError, Quantizer, Reduce

METRICS = ("l2", "cosine", "ip")
pytestmark = pytest.mark.filterwarnings("ignore:vectors should have at least")


def drawn(rows: int, dim: int, seed: int = 0) -> NDArray[np.float32]:
    """Rows whose features differ in variance, depend on one another, and are off centre."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(99).standard_normal((dim, dim)) / np.sqrt(dim)
    scales = 1 / np.sqrt(np.arange(1, dim + 1))
    return ((rng.standard_normal((rows, dim)) * scales) @ mix + 0.1).astype(np.float32)


def quantizers() -> list[Quantizer]:
    return [
        PQ(8, bits=4),
        PQ(5, bits=4),
        PQ(8, bits=8),
        OPQ(8, bits=4),
        *(Binary(bits) for bits in (1, 2, 3, 4)),
        Reduce(12),
        Reduce(12, code=PQ(3, bits=4)),
        Reduce(12, code=Binary(2)),
    ]


@pytest.fixture(params=quantizers(), ids=repr, scope="module")
def fitted(request: pytest.FixtureRequest) -> Quantizer:
    return request.param.fit(drawn(600, 40))


def model(
    quantizer: Quantizer, codes: NDArray[np.uint8], queries: NDArray[np.float32], metric: str
):
    """Distances to the decoded vectors, in float64."""
    rows = quantizer.decode(codes).astype(np.float64)
    points = queries.astype(np.float64)
    if metric == "l2":
        return ((points[:, None] - rows[None]) ** 2).sum(axis=2)
    products = points @ rows.T
    if metric == "ip":
        return -products
    norms = np.linalg.norm(points, axis=1)[:, None] * np.linalg.norm(rows, axis=1)[None]
    return 1 - products / norms


# Codes, decoding, distances.


@pytest.mark.parametrize("metric", METRICS)
def test_search_is_the_order_of_the_plain_distances_bit_for_bit(fitted, metric):
    codes = fitted.encode(drawn(777, 40, 1))
    queries = drawn(9, 40, 2)
    packed = fitted.pack(codes, metric)
    plain = packed.distances(queries)
    order = np.argsort(plain, axis=1, kind="stable")
    for k in (1, 10, 100, 777):
        hits = packed.search(queries, k)
        assert (hits.ids == order[:, :k]).all()
        assert (hits.distances == np.take_along_axis(plain, order[:, :k], axis=1)).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    "quantizer", [each for each in quantizers() if "Binary" not in repr(each)], ids=repr
)
def test_distances_are_those_to_the_decoded_vectors(quantizer, metric):
    quantizer.fit(drawn(600, 40))
    codes = quantizer.encode(drawn(300, 40, 1))
    queries = drawn(9, 40, 2)
    got = quantizer.pack(codes, metric).distances(queries)
    assert np.abs(got - model(quantizer, codes, queries, metric)).max() < 2e-5


@settings(max_examples=30)
@given(
    rows=st.integers(1, 200),
    queries=st.integers(1, 5),
    k=st.integers(1, 250),
    which=st.integers(0, 3),
    metric=st.sampled_from(METRICS),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_shape_and_ties_by_row(rows, queries, k, which, metric, seed):
    quantizer = _FITTED[which]
    # Few different rows, so that ties are common.
    vectors = drawn(7, 24, seed)[np.random.default_rng(seed).integers(0, 7, rows)]
    asked = drawn(queries, 24, seed + 1)
    packed = quantizer.pack(quantizer.encode(vectors), metric)
    plain = packed.distances(asked)
    hits = packed.search(asked, k)
    found = min(k, rows)
    order = np.argsort(plain, axis=1, kind="stable")[:, :found]
    assert (hits.counts == found).all()
    assert (hits.ids[:, :found] == order).all()
    assert (hits.ids[:, found:] == -1).all()
    assert np.isinf(hits.distances[:, found:]).all()


_FITTED = [
    PQ(24, bits=4).fit(drawn(700, 24)),
    PQ(3, bits=8).fit(drawn(10_000, 24)),
    Binary(1).fit(drawn(100, 24)),
    Binary(3).fit(drawn(100, 24)),
]


def test_enough_rows_for_several_tiles_and_threads():
    vectors = drawn(70_000, 16)
    quantizer = PQ(8, bits=4).fit(vectors[:5000])
    packed = quantizer.pack(quantizer.encode(vectors))
    queries = drawn(40, 16, 3)
    plain = packed.distances(queries)
    order = np.argsort(plain, axis=1, kind="stable")[:, :50]
    for threads, asked in itertools.product((1, 2, 3), (queries, queries[:1])):
        hits = packed.search(asked, 50, threads=threads)
        assert (hits.ids == order[: len(asked)]).all()


def test_product_codes_are_the_nearest_centroids():
    vectors = drawn(900, 12)
    for quantizer in (PQ(4, bits=4).fit(vectors), PQ(4, bits=8).fit(vectors)):
        size = 2**quantizer.bits
        # Every centroid of every part, by decoding each number.
        numbers = np.arange(size, dtype=np.uint8)
        if quantizer.bits == 8:
            books = quantizer.decode(np.repeat(numbers[:, None], 4, axis=1))
        else:
            books = quantizer.decode(np.repeat((numbers | numbers << 4)[:, None], 2, axis=1))
        codes = quantizer.encode(vectors)
        for part in range(4):
            own = vectors[:, 3 * part : 3 * part + 3].astype(np.float64)
            errors = ((own[:, None] - books[None, :, 3 * part : 3 * part + 3]) ** 2).sum(axis=2)
            if quantizer.bits == 8:
                chosen = codes[:, part]
            else:
                chosen = (codes[:, part // 2] >> (part % 2 * 4)) & 15
            taken = errors[np.arange(len(own)), chosen]
            assert (taken <= errors.min(axis=1) * (1 + 1e-5) + 1e-9).all()


def test_more_bits_and_rotation_lower_the_error():
    vectors = drawn(12_000, 32)

    def error(quantizer: Quantizer) -> float:
        return float(((vectors - quantizer.decode(quantizer.encode(vectors))) ** 2).sum())

    coarse, fine = error(PQ(8, bits=4).fit(vectors)), error(PQ(8, bits=8).fit(vectors))
    # Halving the step twice over four features a part: 4 bits more are worth a factor 2^(-8/4).
    assert fine < 0.4 * coarse
    assert error(OPQ(8, bits=4).fit(vectors)) < 0.9 * coarse


def test_product_error_of_normal_data_is_near_that_of_the_best_scalar_code():
    vectors = np.random.default_rng(5).standard_normal((20_000, 8)).astype(np.float32)
    quantizer = PQ(8, bits=4).fit(vectors)
    error = ((vectors - quantizer.decode(quantizer.encode(vectors))) ** 2).mean()
    # Lloyd-Max with 16 levels on a unit normal: 0.009497 (Max 1960).
    assert 0.0090 < error < 0.0103


# Binary codes.


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_binary_estimates_are_unbiased_and_keep_their_bound(bits):
    dim = 128
    vectors, queries = drawn(2000, dim, 1), drawn(30, dim, 2)
    true = ((queries[:, None].astype(np.float64) - vectors[None]) ** 2).sum(axis=2)
    errors, inside = [], {1.0: [], 1.9: [], 3.0: []}
    for seed in range(3):
        binary = Binary(bits).fit(vectors, seed=seed)
        codes = binary.encode(vectors)
        error = binary.pack(codes).distances(queries) - true
        errors.append(error)
        for epsilon, shares in inside.items():
            shares.append(
                (np.abs(error) <= binary.error_bounds(codes, queries, epsilon=epsilon)).mean()
            )
    spread = np.std(errors)
    # Errors of one query and of one row go together: count 30 queries of 3 rotations.
    assert abs(np.mean(errors)) < 4 * spread / np.sqrt(90)
    for epsilon, normal in ((1.0, 0.683), (1.9, 0.943), (3.0, 0.9973)):
        assert abs(np.mean(inside[epsilon]) - normal) < 0.02


@pytest.mark.parametrize(("bits", "published"), [(1, 0.363), (2, 0.119), (3, 0.0374), (4, 0.0115)])
def test_binary_error_is_at_most_that_of_the_best_uniform_code(bits, published):
    # Uniform codes of a unit normal (Max 1960): a scale for each vector does at least as well.
    vectors = np.random.default_rng(3).standard_normal((3000, 256)).astype(np.float32)
    binary = Binary(bits).fit(vectors)
    error = ((vectors - binary.decode(binary.encode(vectors))) ** 2).mean()
    assert 0.85 * published < error < 1.01 * published


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_binary_scale_is_near_the_best_of_all(bits):
    vectors = drawn(20, 48, 4)
    binary = Binary(bits).fit(vectors)
    centred = vectors.astype(np.float64) - vectors.astype(np.float64).mean(axis=0)
    rest = centred - (
        binary.decode(binary.encode(vectors)) - vectors.astype(np.float64).mean(axis=0)
    )
    sine = np.linalg.norm(rest, axis=1) / np.linalg.norm(centred, axis=1)
    # cos(v, r) of the codes = f |v| / |r|; decoding is along v, so sin^2 is the relative error.
    best = best_cosines(rotated(binary, vectors), bits)
    assert (np.sqrt(1 - sine**2) > best - 2e-3).all()


def rotated(binary: Binary, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Magnitudes that the code saw, up to their order: the rotation is orthogonal and linear."""
    dim = binary.dim
    centroid = vectors.astype(np.float64).mean(axis=0)
    axes = []
    # A code with one highest bit set differs from that with none along one rotated axis alone.
    plane = (dim + 7) // 8
    tail = np.array([1.0, 1.0], dtype=np.float32).view(np.uint8)
    for feature in range(dim):
        codes = np.zeros((2, plane * binary.bits), dtype=np.uint8)
        codes[1, feature // 8] = 1 << (feature % 8)
        full = np.hstack([codes, np.repeat(tail[None], 2, axis=0)])
        pair = binary.decode(full).astype(np.float64) - centroid
        levels = np.full((2, dim), -(2**binary.bits - 1) / 2)
        levels[1, feature] += 2 ** (binary.bits - 1)
        pair *= (levels**2).sum(axis=1, keepdims=True)
        axes.append((pair[1] - pair[0]) / 2 ** (binary.bits - 1))
    return (vectors - centroid) @ np.array(axes).T


def best_cosines(rows: NDArray[np.float64], bits: int) -> NDArray[np.float64]:
    """The greatest cosine over every scale at which a level changes."""
    top = 2 ** (bits - 1) - 1
    best = []
    for row in np.abs(rows):
        scales = np.sort((np.arange(1, top + 1)[None] / row[:, None]).ravel()) * (1 + 1e-9)
        levels = np.minimum(np.floor(row[None] * scales[:, None]), top) + 0.5
        cosines = (levels @ row) / np.linalg.norm(levels, axis=1) / np.linalg.norm(row)
        best.append(cosines.max())
    return np.array(best)


def test_binary_codes_of_the_centroid_and_of_equal_rows():
    same = np.full((5, 9), 2.5, dtype=np.float32)
    binary = Binary(3).fit(same)
    codes = binary.encode(same)
    assert (binary.decode(codes) == same).all()
    hits = binary.search(codes, same[0], k=5)
    assert hits.ids.tolist() == [0, 1, 2, 3, 4]
    assert np.allclose(hits.distances, 0)


# Reductions.


def test_reduction_is_principal_component_analysis():
    vectors = drawn(3000, 20)
    reduce = Reduce(6).fit(vectors)
    rows = vectors.astype(np.float64)
    centred = rows - rows.mean(axis=0)
    values, axes = np.linalg.eigh(centred.T @ centred / len(rows))
    expected = centred @ axes[:, ::-1][:, :6]
    got = reduce.transform(vectors)
    signs = np.sign((got * expected).sum(axis=0))
    assert np.abs(got * signs - expected).max() < 1e-4
    error = ((rows - reduce.decode(reduce.encode(vectors))) ** 2).sum(axis=1).mean()
    assert error == pytest.approx(values[:-6].sum(), rel=1e-4)


def test_reduction_to_all_dimensions_loses_nothing():
    vectors = drawn(200, 10)
    reduce = Reduce(10).fit(vectors)
    assert np.abs(reduce.decode(reduce.encode(vectors)) - vectors).max() < 1e-5


# The same for any number of threads; saved and loaded.


def test_codes_do_not_depend_on_threads(tmp_path):
    vectors = drawn(3000, 24)
    for make in (
        lambda: PQ(6, bits=8),
        lambda: OPQ(6, bits=4),
        lambda: Reduce(8, code=PQ(2, bits=4)),
    ):
        files = []
        for threads in (1, 3):
            quantizer = make().fit(vectors, seed=7, threads=threads)
            codes = quantizer.encode(vectors, threads=threads)
            quantizer.save(tmp_path / "one.lanner")
            files.append((codes.tobytes(), (tmp_path / "one.lanner").read_bytes()))
        assert files[0] == files[1]
    assert (
        PQ(6, bits=4).fit(vectors, seed=1).encode(vectors)
        != PQ(6, bits=4).fit(vectors, seed=2).encode(vectors)
    ).any()


def test_a_saved_quantizer_comes_back(fitted, tmp_path):
    path = tmp_path / "codes.lanner"
    fitted.save(path)
    again = quantization.load(path)
    vectors = drawn(50, 40, 8)
    assert type(again) is type(fitted)
    assert repr(again) == repr(fitted)
    assert lanner.verify(path)["kind"] == "quantizer"
    assert (again.encode(vectors) == fitted.encode(vectors)).all()
    assert (again.decode(fitted.encode(vectors)) == fitted.decode(fitted.encode(vectors))).all()


def test_every_damaged_byte_of_a_file_is_noticed(tmp_path):
    path = tmp_path / "codes.lanner"
    for quantizer in (OPQ(2, bits=4), Binary(2), Reduce(2, code=Binary(1))):
        quantizer.fit(drawn(100, 4)).save(path)
        sound = path.read_bytes()
        for place in range(0, len(sound), 3):
            damaged = bytearray(sound)
            damaged[place] ^= 0x41
            path.write_bytes(damaged)
            for read in (quantization.load, lanner.verify):
                with pytest.raises(FileFormatError, match=r"codes\.lanner"):
                    read(path)
        for length in range(0, len(sound), 61):
            path.write_bytes(sound[:length])
            with pytest.raises(FileFormatError):
                quantization.load(path)


def test_an_index_is_no_quantizer_and_the_other_way_round(tmp_path):
    path = tmp_path / "file.lanner"
    lanner.Index(4).save(path)
    with pytest.raises(FileFormatError, match="it is an index"):
        quantization.load(path)
    Binary(1).fit(drawn(10, 4)).save(path)
    with pytest.raises(FileFormatError, match="holds no index"):
        lanner.open(path)


def test_codes_of_any_bytes_are_decoded_and_searched_without_harm(fitted):
    codes = np.random.default_rng(1).integers(0, 256, (200, fitted.code_bytes), dtype=np.uint8)
    with np.errstate(all="ignore"):
        fitted.decode(codes)
    for metric in METRICS:
        hits = fitted.search(codes, drawn(3, 40), k=200, metric=metric)
        assert (hits.counts <= 200).all()


# What is refused, and how.


def test_not_fitted_is_said(tmp_path):
    for quantizer in quantizers():
        for call in (
            lambda q=quantizer: q.encode(drawn(2, 40)),
            lambda q=quantizer: q.decode(np.zeros((1, 4), np.uint8)),
            lambda q=quantizer: q.search(np.zeros((1, 4), np.uint8), drawn(2, 40)),
            lambda q=quantizer: q.save(tmp_path / "none"),
            lambda q=quantizer: q.dim,
        ):
            with pytest.raises(NotFittedError, match=r"call fit first"):
                call()
        assert not quantizer.fitted


@pytest.mark.parametrize(
    ("make", "vectors", "said"),
    [
        (lambda: PQ(7), drawn(300, 40), "m must divide the dimension of the vectors, 40, got 7"),
        (lambda: PQ(4), drawn(255, 40), "at least 256 rows to fit codes of 8 bits, got 255"),
        (lambda: OPQ(4, bits=4), drawn(15, 40), "at least 16 rows"),
        (lambda: PQ(4, bits=5), None, "bits must be 4 or 8, got 5"),
        (lambda: PQ(0), None, "m must be at least 1, got 0"),
        (lambda: Binary(5), None, "bits must be at most 4, got 5"),
        (lambda: Binary(1), np.empty((0, 4), np.float32), "at least 1 row, got 0"),
        (lambda: Reduce(41), drawn(300, 40), "1 to the dimension of the vectors, 40, got 41"),
        (lambda: Reduce(3), drawn(1, 40), "at least 2 rows"),
        (lambda: Reduce(9, code=PQ(2)), drawn(300, 40), "m must divide"),
        (lambda: PQ(4, bits=4), drawn(300, 40)[0], "vectors must have two axes"),
    ],
)
def test_fit_refuses(make, vectors, said):
    with pytest.raises(InvalidArgumentError, match=said):
        make().fit(vectors)


def test_nan_is_refused_by_row(fitted):
    rows = drawn(300, 40)
    rows[123, 7] = np.nan
    for quantizer in (PQ(4, bits=4), OPQ(4, bits=4), Binary(1), Reduce(3)):
        with pytest.raises(InvalidArgumentError, match=r"vectors must be finite.* in row 123"):
            quantizer.fit(rows)
        assert not quantizer.fitted
    with pytest.raises(InvalidArgumentError, match=r"vectors must be finite.* in row 123"):
        fitted.encode(rows)
    with pytest.raises(InvalidArgumentError, match=r"queries must be finite.* in row 123"):
        fitted.search(fitted.encode(drawn(3, 40)), rows)


def test_shapes_and_types_are_checked(fitted):
    codes = fitted.encode(drawn(3, 40))
    with pytest.raises(InvalidArgumentError, match="vectors must have dim 40, got 39"):
        fitted.encode(drawn(3, 39))
    with pytest.raises(InvalidArgumentError, match="queries must have dim 40, got 39"):
        fitted.search(codes, drawn(3, 39))
    with pytest.raises(InvalidArgumentError, match=f"{fitted.code_bytes} bytes a row, got 1"):
        fitted.decode(codes[:, :1])
    with pytest.raises(WrongTypeError, match="codes must be uint8, got int64"):
        fitted.decode(codes.astype(np.int64))
    with pytest.raises(InvalidArgumentError, match="metric must be one of l2, cosine, ip"):
        fitted.search(codes, drawn(3, 40), metric="snr")
    with pytest.raises(InvalidArgumentError, match="k must be at least 1"):
        fitted.search(codes, drawn(3, 40), k=0)
    with pytest.raises(WrongTypeError, match="code must be a PQ, OPQ or Binary"):
        Reduce(3, code=Reduce(2))


def test_single_vectors_and_empty_batches(fitted):
    codes = fitted.encode(drawn(20, 40))
    assert (fitted.encode(drawn(20, 40)[3]) == codes[3]).all()
    assert fitted.decode(codes[3]).shape == (40,)
    hits = fitted.search(codes, drawn(1, 40)[0], k=4)
    assert hits.ids.shape == (4,)
    assert fitted.encode(np.empty((0, 40), np.float32)).shape == (0, fitted.code_bytes)
    assert fitted.decode(codes[:0]).shape == (0, 40)
    assert fitted.search(codes, np.empty((0, 40), np.float32), k=4).ids.shape == (0, 4)
    assert fitted.search(codes[:0], drawn(2, 40), k=4).counts.tolist() == [0, 0]


@pytest.mark.filterwarnings("default")
def test_few_rows_are_warned_of():
    with pytest.warns(UserWarning, match=r"at least 624 rows to fit PQ\(m=4, bits=4\), got 623"):
        PQ(4, bits=4).fit(drawn(623, 8))
    Binary(1).fit(drawn(3, 8))


def test_progress_is_told_and_stops_the_fit():
    vectors = drawn(20_000, 32)
    for quantizer in (PQ(4, bits=8), OPQ(4, bits=4)):
        calls: list[tuple[int, int]] = []
        quantizer.fit(vectors[:1000], progress=lambda *call, calls=calls: calls.append(call))
        done, total = calls[-1]
        assert done == total > 1
        before = quantizer.encode(vectors[:10])

        def stop(done: int, total: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            quantizer.fit(drawn(20_000, 32, 3), progress=stop)
        assert (quantizer.encode(vectors[:10]) == before).all()
