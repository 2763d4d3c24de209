"""Every kernel of every instruction set that this machine has, against NumPy in float64.

Error bounds. With e = 2**-24 (half a unit in the last place of float32) and k = dim / 8 + 8, the
kernels promise, see cpp/src/kernels/spaces.inl:

- a sum of squares or products s_i of floats lies within k * e * sum |s_i| of the exact one;
- of mean-centred vectors within k * e * sum d_i**2 + 2 * e * sum |(x_i - mean) * d_i|;
- each product that underflows adds at most 2**-149;
- integers and bits are exact, rounded once.

A metric then rounds the means and the centred query, scales by one or two numbers that are rounded
themselves, and subtracts once: SCALING = 8 roundings cover that.
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import FLOAT_DTYPES, INTEGER_DTYPES, SPACES, distances

from lanner import _core

LEVELS = _core.available_isas()
SHAPES = ("rows", "block", "tile")
E = 2.0**-24
SCALING = 8
SMALLEST = 2.0**-149

DIMS = st.one_of(
    st.integers(1, 130),
    st.integers(1, 2049),
    st.sampled_from(
        [127, 128, 129, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 2047, 2048, 2049]
    ),
)


def draw_values(
    rng: np.random.Generator, dtype: str, fill: str, count: int, dim: int
) -> np.ndarray:
    """Return values that `dtype` holds exactly: float32, integers, or bits as bool."""
    if dtype == "bits":
        share = {"ordinary": 0.5, "extreme": rng.integers(0, 2, (count, 1)), "tiny": 0.01}[fill]
        return rng.random((count, dim)) < share
    if dtype in INTEGER_DTYPES:
        limits = np.iinfo(dtype)
        if fill == "extreme":
            return rng.choice([limits.min, limits.max], (count, dim)).astype(dtype)
        top = limits.max if fill == "ordinary" else 1
        return rng.integers(limits.min if fill == "ordinary" else 0, top + 1, (count, dim)).astype(
            dtype
        )
    values = rng.standard_normal((count, dim))
    if fill == "extreme":
        if dtype == "float16":
            values = rng.uniform(-65504, 65504, (count, dim))
        else:
            values *= 1e15
    if fill == "tiny":
        values *= 1e-7 if dtype == "float16" else 1e-40
    return round_to(values.astype(np.float32), dtype)


def round_to(values: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "float16":
        return values.astype(np.float16).astype(np.float32)
    if dtype == "bfloat16":
        return (values.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    return values


def stored(values: np.ndarray, dtype: str) -> np.ndarray:
    """Return the array that the core takes for values which `dtype` holds exactly."""
    if dtype == "float16":
        return values.astype(np.float16)
    if dtype == "bfloat16":
        return (values.view(np.uint32) >> 16).astype(np.uint16)
    if dtype == "bits":
        return np.packbits(values, axis=1, bitorder="little")
    return values


def unaligned(array: np.ndarray, offset: int) -> np.ndarray:
    """Return a copy that starts `offset` bytes into a buffer and ends with it."""
    buffer = np.zeros(offset + array.nbytes, dtype=np.uint8)
    buffer[offset:] = np.ascontiguousarray(array).view(np.uint8).ravel()
    return np.frombuffer(buffer.data, array.dtype, array.size, offset).reshape(array.shape)


def kernel(
    queries: np.ndarray,
    rows: np.ndarray,
    dim: int,
    metric: str,
    dtype: str,
    level: str,
    shape: str,
    order: np.ndarray | None = None,
) -> np.ndarray:
    out = np.full((len(queries), len(rows) if order is None else len(order)), np.nan, np.float32)
    _core.kernel_distances(queries, rows, dim, metric, dtype, level, shape, order, out)
    return out


def bound(q: np.ndarray, x: np.ndarray, metric: str, dtype: str) -> np.ndarray:
    """Return how far each distance of float queries and rows may be from the exact one, (q, n)."""
    q = q.astype(np.float64)[:, None, :]
    x = x.astype(np.float64)[None, :, :]
    dim = q.shape[-1]
    k = dim / 8 + 8
    underflow = dim * SMALLEST
    if dtype in INTEGER_DTYPES:
        k = 1
    if metric == "l2":
        return k * E * ((q - x) ** 2).sum(-1) + underflow
    products = np.abs(q * x).sum(-1)
    if metric == "ip":
        return k * E * products + underflow
    if metric == "cosine":
        norms = np.sqrt((q**2).sum(-1) * (x**2).sum(-1))
        return (k + SCALING) * E * products / norms + 2 * E
    q_mean, x_mean = q.mean(-1, keepdims=True), x.mean(-1, keepdims=True)
    q, x = q - q_mean, x - x_mean
    d = x - q
    squares = (d**2).sum(-1)
    error = (k + SCALING) * E * squares
    if dtype not in INTEGER_DTYPES:
        # Rounded means move all d_i together, which the sum feels in second order alone.
        means = np.abs(q_mean[..., 0]) + np.abs(x_mean[..., 0])
        error += 2 * E * ((np.abs(x) + np.abs(q)) * np.abs(d)).sum(-1) + dim * (2 * E * means) ** 2
        error += 2 * E * means * E * k * np.abs(d).sum(-1) + underflow
    return error / ((q if metric == "snr" else x) ** 2).sum(-1)


@pytest.mark.parametrize(("metric", "dtype"), SPACES)
@given(
    dim=DIMS,
    query_count=st.integers(1, 5),
    row_count=st.integers(1, 19),
    offsets=st.tuples(st.integers(0, 8), st.integers(0, 8)),
    fill=st.sampled_from(["ordinary", "ordinary", "extreme", "tiny"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_kernels_agree_with_numpy_in_every_shape_and_level(
    metric: str,
    dtype: str,
    dim: int,
    query_count: int,
    row_count: int,
    offsets: tuple[int, int],
    fill: str,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    is_float = dtype in FLOAT_DTYPES
    if is_float and fill == "tiny" and metric not in ("l2", "ip"):
        fill = "ordinary"  # the norm of denormals has no reciprocal in float32
    if metric in ("snr", "snr_item"):
        dim = max(dim, 2)  # the variance of one number is 0
    q = draw_values(rng, "float32" if is_float else dtype, fill, query_count, dim)
    if dtype == "float16" and fill == "extreme":
        q = draw_values(rng, dtype, fill, query_count, dim)
    x = draw_values(rng, dtype, fill, row_count, dim)
    if metric in ("snr", "snr_item"):
        for vectors in (q, x):  # no constant vectors: those have tests of their own
            constant = (vectors == vectors[:, :1]).all(axis=1)
            vectors[constant, 0] = 1 - vectors[constant, 0]
    if metric == "cosine":
        for vectors in (q, x):
            vectors[~vectors.any(axis=1), 0] = 1

    expected = distances(q, x, metric)
    queries = unaligned(stored(q, "float32" if is_float else dtype), offsets[0])
    rows = unaligned(stored(x, dtype), offsets[1])
    answers = {
        (level, shape): kernel(queries, rows, dim, metric, dtype, level, shape)
        for level in LEVELS
        for shape in SHAPES
    }
    if metric in ("hamming", "jaccard") or (metric in ("l2", "ip") and not is_float):
        for got in answers.values():
            np.testing.assert_array_equal(got, expected.astype(np.float32))
        return
    slack = bound(q, x, metric, dtype)
    for (level, shape), got in answers.items():
        error = np.abs(got - expected)
        assert (error <= slack).all(), (level, shape, (error / slack).max())
        # One level gives a pair the same bits in every shape; integers are the same in every level.
        same = answers[LEVELS[0], "rows"] if not is_float else answers[level, "rows"]
        np.testing.assert_array_equal(got.view(np.uint32), same.view(np.uint32))


@pytest.mark.parametrize(("metric", "dtype"), SPACES)
@given(
    order=st.lists(st.integers(0, 22), max_size=40),
    dim=st.integers(2, 300),
    seed=st.integers(0, 2**32 - 1),
)
def test_scattered_rows_do_not_depend_on_order_or_neighbours(
    metric: str, dtype: str, order: list[int], dim: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    q = draw_values(rng, "float32" if dtype in FLOAT_DTYPES else dtype, "ordinary", 2, dim)
    x = draw_values(rng, dtype, "ordinary", 23, dim)
    q[:, 0] = q[:, 1] == 0  # neither zero nor constant, whatever was drawn
    queries = stored(q, "float32" if dtype in FLOAT_DTYPES else dtype)
    rows = stored(x, dtype)
    visited = np.array(order, dtype=np.int64)
    for level in LEVELS:
        all_rows = kernel(queries, rows, dim, metric, dtype, level, "block")
        some = kernel(queries, rows, dim, metric, dtype, level, "rows", visited)
        np.testing.assert_array_equal(some.view(np.uint32), all_rows[:, visited].view(np.uint32))


@given(data=st.binary(max_size=5000), offset=st.integers(0, 9))
def test_read_all_is_the_exclusive_or_of_all_words(data: bytes, offset: int) -> None:
    bytes_read = np.frombuffer(bytes(offset) + data, np.uint8)[offset:]
    padded = data + bytes(-len(data) % 8)
    expected = int(np.bitwise_xor.reduce(np.frombuffer(padded, np.uint64), initial=0))
    for level in LEVELS:
        assert _core.read_all(bytes_read, level) == expected


def run_with_isa(name: str) -> subprocess.CompletedProcess[str]:
    code = "from lanner import _core; print(_core.active_isa())"
    environment = {**os.environ, "LANNER_ISA": name}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("level", LEVELS)
def test_lanner_isa_forces_a_level(level: str) -> None:
    assert run_with_isa(level).stdout.strip() == level


def test_empty_lanner_isa_is_no_choice() -> None:
    assert run_with_isa("").stdout.strip() == LEVELS[0]


@pytest.mark.parametrize("name", ["avx1024", "AVX2", "neon" if "neon" not in LEVELS else "avx2"])
def test_lanner_isa_that_the_machine_lacks_is_an_error_that_says_what_it_has(name: str) -> None:
    failed = run_with_isa(name)
    assert failed.returncode != 0
    assert f'"{name}"' in failed.stderr
    assert ", ".join(LEVELS) in failed.stderr


def test_scalar_is_always_a_level_and_the_last_resort() -> None:
    assert LEVELS[-1] == "scalar"
    assert len(set(LEVELS)) == len(LEVELS)
