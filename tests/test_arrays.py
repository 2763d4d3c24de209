"""Inputs: what may be given as vectors and ids, and what is refused in which words."""

from __future__ import annotations

import array
import warnings

import numpy as np
import pytest

import lanner
from lanner import InvalidArgumentError, WrongTypeError

ROWS = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 100]])


def stored(vectors, dtype="float32", dim=3, ids=None):
    index = lanner.Index(dim, "hamming" if dtype == "bits" else "l2", dtype, graph=None)
    return index.get(index.add(vectors, ids))


class Tensor:
    """What a tensor of another library offers: DLPack, a device, perhaps no NumPy at all."""

    def __init__(self, values, device=1):
        self._values = values
        self._device = device

    def __dlpack__(self, **kwargs):
        return self._values.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return (self._device, 0)


class BrainTensor:
    """A tensor of bfloat16, which NumPy cannot read through DLPack, as torch has them."""

    dtype = "torch.bfloat16"

    def __init__(self, values):
        self._values = values

    def __dlpack__(self, **kwargs):
        raise BufferError("bfloat16 is not supported")

    def float(self):
        return Tensor(self._values)


@pytest.mark.parametrize(
    "vectors",
    [
        ROWS.tolist(),
        tuple(map(tuple, ROWS.tolist())),
        [row.astype(np.float32) for row in ROWS],
        ROWS.astype(np.float64),
        ROWS.astype(np.longdouble),
        ROWS.astype(np.float16),
        ROWS.astype(">f4"),
        ROWS.astype(">f8"),
        ROWS.astype(">i2"),
        ROWS.astype(np.uint64),
        ROWS.astype(np.int8),
        np.asfortranarray(ROWS.astype(np.float32)),
        np.repeat(ROWS, 2, axis=1)[:, ::2].astype(np.float32),
        np.repeat(np.repeat(ROWS.astype(np.float32), 2, axis=0), 3, axis=1)[::2, ::3],
        ROWS[::-1, ::-1].astype(np.float32)[::-1, ::-1],
        memoryview(ROWS.astype(np.float32)),
        Tensor(ROWS.astype(np.float32)),
        Tensor(ROWS),
        BrainTensor(ROWS.astype(np.float32)),
    ],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'dtype', '')}",
)
def test_what_holds_the_same_numbers_is_the_same(vectors):
    got = stored(vectors)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, ROWS)


def test_unaligned_and_read_only_arrays():
    raw = np.zeros(4 * 9 + 1, dtype=np.uint8)
    rows = raw[1:].view(np.float32).reshape(3, 3)
    rows[:] = ROWS
    rows.flags.writeable = False
    np.testing.assert_array_equal(stored(rows), ROWS)
    index = lanner.Index(3, "l2")
    index.add(ROWS)
    assert index.search(rows[1], k=1).distances.tolist() == [0]


def test_one_vector_is_one_row():
    np.testing.assert_array_equal(stored([1, 2, 3]), [[1, 2, 3]])
    np.testing.assert_array_equal(stored(array.array("f", [1, 2, 3]), ids=7), [[1, 2, 3]])


def test_caller_s_array_is_copied():
    rows = ROWS.astype(np.float32)
    index = lanner.Index(3, "l2")
    ids = index.add(rows)
    rows[:] = 0
    np.testing.assert_array_equal(index.get(ids), ROWS)


@pytest.mark.parametrize("dtype", ["float32", "bits", "int8"])
@pytest.mark.parametrize("make", [list, lambda: np.empty((0, 3), dtype=np.uint8)[:, :3]])
def test_no_vectors(dtype, make):
    dim = 24 if dtype == "bits" else 3
    index = lanner.Index(dim, "hamming" if dtype == "bits" else "l2", dtype)
    assert index.add(make()).shape == (0,)
    assert len(index) == 0
    assert index.search(make(), k=2).ids.shape == (0, 2)


@pytest.mark.parametrize(
    ("vectors", "error", "message"),
    [
        (np.ones((2, 2)), InvalidArgumentError, "vectors must have dim 3, got 2"),
        ([1, 2, 3, 4], InvalidArgumentError, "vectors must have dim 3, got 4"),
        (np.empty(0), InvalidArgumentError, "vectors must have dim 3, got 0"),
        (np.empty((0, 4)), InvalidArgumentError, "vectors must have dim 3, got 4"),
        (np.ones((1, 1, 3)), InvalidArgumentError, r"one axis or two, got shape \(1, 1, 3\)"),
        (5.0, WrongTypeError, "must be an array or nested sequences of numbers, got float"),
        (None, WrongTypeError, "got NoneType"),
        ("abc", WrongTypeError, "got str"),
        ({1, 2, 3}, WrongTypeError, "got set"),
        ((x for x in (1, 2, 3)), WrongTypeError, "got generator"),
        ([[1, 2, 3], [1, 2]], InvalidArgumentError, "rows of several lengths"),
        ([["a", "b", "c"]], WrongTypeError, "must be numbers, got text"),
        ([[1, None, 3]], WrongTypeError, "must be numbers, got objects"),
        (np.ones((1, 3), dtype=object), WrongTypeError, "must be numbers, got objects"),
        (np.ones((1, 3), dtype=complex), WrongTypeError, "must be numbers, got complex"),
        (np.ones((1, 3), dtype="M8[s]"), WrongTypeError, "must be numbers, got dates"),
        (np.ones((1, 3), dtype="m8[s]"), WrongTypeError, "must be numbers, got durations"),
        (np.ones((1, 3), dtype="S2"), WrongTypeError, "must be numbers, got bytes"),
        (np.ones((1, 3), dtype=bool), WrongTypeError, "got bool: dtype 'bits' takes bool"),
        (np.ma.masked_equal(np.ones((1, 3)), 2), WrongTypeError, "must not be a masked array"),
        (Tensor(np.ones((1, 3)), device=2), WrongTypeError, "the CPU's memory, got .* type 2"),
        (Tensor(np.ones((1, 3), dtype=complex)), WrongTypeError, "must be numbers, got complex"),
    ],
    ids=lambda value: None if isinstance(value, str | type) else type(value).__name__,
)
def test_what_cannot_be_vectors_is_refused(vectors, error, message):
    index = lanner.Index(3, "l2")
    with pytest.raises(error, match=message):
        index.add(vectors)
    assert len(index) == 0
    with pytest.raises(error, match=message.replace("vectors", "queries")):
        index.search(vectors)


@pytest.mark.parametrize(
    ("dtype", "value"), [("float32", 1e39), ("float16", 65520.0), ("bfloat16", 3.4e38)]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_overflow_to_infinity_is_refused_naming_the_place(dtype, value, sign):
    rows = np.ones((4, 3))
    rows[2, 1] = sign * value
    index = lanner.Index(3, "l2", dtype)
    with pytest.raises(InvalidArgumentError, match=f"must fit {dtype}, .* row 2, feature 1"):
        index.add(rows)
    with pytest.raises(InvalidArgumentError, match=f"must fit {dtype}, .* in feature 1"):
        index.search(rows[2])


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_largest_numbers_fit(dtype):
    value = 65504 if dtype == "float16" else 2.0**60
    np.testing.assert_array_equal(stored(np.full((1, 3), value), dtype), value)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_vectors_whose_distances_would_overflow_are_refused_naming_the_row(dtype):
    rows = np.ones((3, 3))
    rows[2] = 1e38
    with pytest.raises(InvalidArgumentError, match=r"vectors row 2 .* overflow"):
        stored(rows, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("given", [np.float64, np.float32, np.float16])
def test_nan_and_infinity_are_refused_naming_the_row(dtype, bad, given):
    rows = np.ones((5, 3), dtype=given)
    rows[3, 1] = bad
    index = lanner.Index(3, "l2", dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InvalidArgumentError, match=r"vectors.*\b3\b"):
            index.add(rows)
        assert len(index) == 0
        index.add(np.ones((1, 3)))
        with pytest.raises(InvalidArgumentError, match=r"quer.*\b3\b"):
            index.search(rows)
        with pytest.raises(InvalidArgumentError, match="quer"):
            index.search(rows[3])


@pytest.mark.parametrize("dtype", ["int8", "uint8"])
@pytest.mark.parametrize("given", ["i1", "u1", ">i2", "i8", "u8", "f2", "f4", "f8"])
def test_whole_numbers_in_range_fit_integers(dtype, given):
    rows = np.array([[0, 1, 127]], dtype=given)
    got = stored(rows, dtype)
    assert got.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(got, rows)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        ("int8", 128),
        ("int8", -129),
        ("int8", 0.5),
        ("int8", np.nan),
        ("int8", np.inf),
        ("uint8", 256),
        ("uint8", -1),
        ("uint8", -1.0),
        ("uint8", 254.5),
    ],
)
def test_what_does_not_fit_integers_is_refused_naming_the_row(dtype, value):
    rows = np.zeros((4, 3), dtype=type(value) if isinstance(value, int) else np.float64)
    rows[2, 0] = value
    with pytest.raises(InvalidArgumentError, match=f"vectors must be .*{dtype}, .* row 2"):
        stored(rows, dtype)


def test_bfloat16_rounds_to_nearest_even():
    # 1 + 2**-8 lies halfway between two bfloat16 numbers, 1 + 3 * 2**-8 too.
    got = stored([[1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-16]], "bfloat16")
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, [[1.0, 1 + 2**-6, 1 + 2**-7]])


def test_bfloat16_refuses_uint16_which_could_be_either():
    with pytest.raises(WrongTypeError, match="numbers or bfloat16 bits"):
        stored(np.ones((1, 3), dtype=np.uint16), "bfloat16")


def test_bfloat16_arrays_of_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    rows = ROWS.astype(ml_dtypes.bfloat16)
    np.testing.assert_array_equal(stored(rows, "bfloat16"), ROWS)
    np.testing.assert_array_equal(stored(rows, "float32"), ROWS)
    np.testing.assert_array_equal(stored(rows, "int8"), ROWS)


@pytest.mark.parametrize("dim", [1, 7, 8, 12, 64, 130])
def test_bits_packed_and_bool_are_the_same(dim, rng):
    rows = rng.random((5, dim)) < 0.5
    packed = np.packbits(rows, axis=1, bitorder="little")
    np.testing.assert_array_equal(stored(rows, "bits", dim), packed)
    np.testing.assert_array_equal(stored(packed, "bits", dim), packed)
    np.testing.assert_array_equal(stored(packed.tolist(), "bits", dim), packed)
    np.testing.assert_array_equal(stored(rows.tolist(), "bits", dim), packed)
    np.testing.assert_array_equal(stored(packed[0].tobytes(), "bits", dim), packed[:1])
    np.testing.assert_array_equal(stored(bytearray(packed[0]), "bits", dim), packed[:1])


@pytest.mark.parametrize(
    ("vectors", "error", "message"),
    [
        (np.zeros((1, 3), np.uint8), InvalidArgumentError, "2 bytes for dim 12 bits, got 3"),
        (np.zeros((1, 2), bool), InvalidArgumentError, "must have dim 12, got 2"),
        (np.zeros((1, 2), np.int8), WrongTypeError, "packed uint8 or bool .* got int8"),
        (np.zeros((1, 2)), WrongTypeError, "packed uint8 or bool .* got float64$"),
        (np.zeros((1, 12), np.uint8), InvalidArgumentError, "got 12; bits that are not packed"),
        (np.zeros(12, np.uint8), InvalidArgumentError, r"as bool, vectors\.astype\(bool\) or "),
        ([[0, 1] * 6], InvalidArgumentError, "got 12; .*packed ones as uint8 of 2 columns$"),
        (np.zeros((1, 12), int), WrongTypeError, "got int64; bits that are not packed are given"),
        (np.zeros((1, 12)), WrongTypeError, "got float64; .* as bool, .* or vectors > 0, and"),
        ([[1, 256]], InvalidArgumentError, "bytes from 0 to 255 .* got 256 in row 0"),
        (np.array([[0, 1], [0, 16]], np.uint8), InvalidArgumentError, "beyond dim 12.* row 1"),
    ],
)
def test_what_cannot_be_bits_is_refused(vectors, error, message):
    with pytest.raises(error, match=message):
        stored(vectors, "bits", 12)


@pytest.mark.parametrize(
    "ids",
    [
        [5, 7, 9],
        (5, 7, 9),
        range(5, 10, 2),
        np.array([5, 7, 9], dtype=np.int8),
        np.array([5, 7, 9], dtype=np.uint64),
        np.array([5, 7, 9], dtype=">i4"),
        np.array([5, 0, 7, 0, 9, 0])[::2],
        np.array([5, 7, 9], dtype=object),
        [np.int16(5), 7, np.uint64(9)],
        Tensor(np.array([5, 7, 9])),
        array.array("q", [5, 7, 9]),
    ],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'dtype', '')}",
)
def test_integer_ids(ids):
    index = lanner.Index(3, "l2")
    got = index.add(ROWS, ids)
    assert got.dtype == np.int64
    assert got.tolist() == [5, 7, 9]
    np.testing.assert_array_equal(index.get(ids), ROWS)
    assert sorted(index) == [5, 7, 9]


@pytest.mark.parametrize(
    "ids",
    [
        ["a", "ü", ""],
        ("a", "ü", ""),
        np.array(["a", "ü", ""]),
        np.array(["a", "ü", ""], dtype=object),
        [np.str_("a"), "ü", ""],
    ],
    ids=lambda value: f"{type(value).__name__}-{getattr(value, 'dtype', '')}",
)
def test_string_ids(ids):
    index = lanner.Index(3, "l2")
    got = index.add(ROWS, ids)
    assert got.dtype == object
    assert got.tolist() == ["a", "ü", ""]
    np.testing.assert_array_equal(index.get(ids), ROWS)
    assert sorted(index) == ["", "a", "ü"]


def rows_of(*rows):
    """Return an array of objects, as a column of pandas has them."""
    column = np.empty(len(rows), dtype=object)
    for row, each in enumerate(rows):
        column[row] = each
    return column


def arrow(kind, values):
    """Return a column as one array of Arrow, as chunks, or as polars or pandas have it."""
    if kind == "polars":
        return pytest.importorskip("polars").Series(values)
    if kind == "pandas":
        return pytest.importorskip("pandas").Series(values)
    pa = pytest.importorskip("pyarrow")
    if kind == "fixed":
        return pa.array(values, pa.list_(pa.float32(), 3))
    half = pa.array(values[:2]), pa.array(values[2:], pa.array(values).type)
    return pa.chunked_array(half) if kind == "chunked" else pa.array(values)


COLUMNS = ("array", "chunked", "polars", "pandas")


@pytest.mark.parametrize("kind", [*COLUMNS, "fixed"])
def test_columns_of_lists_are_vectors(kind):
    np.testing.assert_array_equal(stored(arrow(kind, ROWS.tolist())), ROWS)
    index = lanner.Index(3, "l2")
    index.add(ROWS)
    found = index.search(arrow(kind, ROWS.tolist()), k=1)
    assert found.ids.tolist() == [[0], [1], [2]]


def test_columns_of_rows_of_bits_and_of_none():
    pa = pytest.importorskip("pyarrow")
    packed = pa.array([[1, 2], [3, 4]], pa.list_(pa.uint8(), 2))
    np.testing.assert_array_equal(stored(packed, "bits", 16), [[1, 2], [3, 4]])
    assert stored(packed[:0], "bits", 16).shape == (0, 2)
    np.testing.assert_array_equal(stored(pa.array([1.0, 2.0, 3.0]), ids=4), [[1, 2, 3]])


@pytest.mark.parametrize("kind", [list, tuple])
def test_rows_that_are_lists_are_bits_in_a_column_as_in_a_list(kind):
    rows = [kind([1, 2]), kind([3, 255])]
    column = rows_of(*rows)
    for each in (rows, column):
        assert stored(each, "bits", 16).tolist() == [[1, 2], [3, 255]]
    column = rows_of(np.array([1, 2]), np.array([3, 4]))
    with pytest.raises(WrongTypeError, match=r"packed uint8 or bool .* got int64"):
        stored(column, "bits", 16)
    column = rows_of(kind([1, 2]), kind([3, 256]))
    with pytest.raises(InvalidArgumentError, match=r"bytes from 0 to 255 .* got 256 in row 1"):
        stored(column, "bits", 16)


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([[1, 2, 3], None, [4, 5, 6]], "vectors must be rows of numbers, got (None|nan) in row 1"),
        ([[1, 2, 3], [4, 5, 6], [7, 8]], "rows of one length, got 2 in row 2 after 3"),
        ([[1.0, 2.0, 3.0], [1.0, None, 3.0], [1.0, 2.0, 3.0]], "row 1 holds NaN|must be numbers"),
        ([[[1.0], [2.0]], [[1.0], [2.0, 3.0]], [[1.0], [2.0]]], "one axis or two|must be numbers"),
    ],
)
def test_columns_of_rows_that_are_no_vectors_are_refused(kind, rows, message):
    with pytest.raises((InvalidArgumentError, WrongTypeError), match=message):
        lanner.Index(3, "l2").add(arrow(kind, rows))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([np.array(1.0)] * 3, "must be numbers, got objects"),
        ([np.ones(3), np.array(1.0)], r"must be rows of numbers, got array\(1.*\) in row 1"),
    ],
)
def test_arrays_without_an_axis_are_no_rows(rows, message):
    with pytest.raises(WrongTypeError, match=message):
        stored(rows_of(*rows))


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("ids", [[5, 7, 9], ["a", "ü", ""]])
def test_columns_are_ids(kind, ids):
    index = lanner.Index(3, "l2")
    assert index.add(ROWS, arrow(kind, ids)).tolist() == ids
    np.testing.assert_array_equal(index.get(arrow(kind, ids)), ROWS)
    hits = index.search(ROWS[0], 3, filter=arrow(kind, ids)[1:])
    assert hits.ids[: hits.counts].tolist() == ids[1:]


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("ids", [[5, None, 9], ["a", None, ""]])
def test_columns_with_nulls_are_no_ids(kind, ids):
    wanted = "ids must have no nulls, got 1|integers or str, got (float|None|nan)"
    with pytest.raises((InvalidArgumentError, WrongTypeError), match=wanted):
        lanner.Index(3, "l2").add(ROWS, arrow(kind, ids))


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("others", [[5, 9], ["a", "b"]])
def test_nulls_of_pandas_are_no_ids(place, others):
    pd = pytest.importorskip("pandas")
    for null in (pd.NA, pd.NaT):
        ids = [*others[:place], null, *others[place:]]
        columns = [ids, pd.Series(ids, dtype=object)]
        if isinstance(others[0], str):
            columns.append(pd.Series(ids, dtype="string"))
        for each in columns:
            message = f"ids must be integers or str, got (<NA>|NaT|nan) in row {place}"
            with pytest.raises(WrongTypeError, match=message):
                lanner.Index(3, "l2").add(ROWS, each)


@pytest.mark.parametrize("dtype", ["Int64", "UInt8", "float64", "object", "int64[pyarrow]"])
def test_missing_ids_of_pandas_are_named_by_their_row(dtype):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    column = pd.Series([5, None, None], dtype=dtype, index=[1, 0, 7])
    message = "ids must be integers or str, got (<NA>|nan|None) in row 1: no id may be missing"
    for each in (column, pd.Index(column), column.array):
        with pytest.raises((WrongTypeError, InvalidArgumentError), match=message):
            lanner.Index(3, "l2").add(ROWS, each)
    whole = pd.Series([5, 7, 9], dtype="Int64")
    assert lanner.Index(3, "l2").add(ROWS, whole).tolist() == [5, 7, 9]


@pytest.mark.parametrize(
    ("ids", "error", "message"),
    [
        ([1, 2], InvalidArgumentError, "ids must have one entry a vector, 3, got 2"),
        (4, InvalidArgumentError, "ids must have one entry a vector, 3, got 1"),
        ([True, False, True], WrongTypeError, "row 0 must be an integer, got True"),
        ([1, 2, True], WrongTypeError, "row 2 must be an integer, got True"),
        ([1, 2, 3.0], WrongTypeError, "row 2 must be an integer, got float"),
        ([1, "2", 3], WrongTypeError, r"all integers or all str, got both \(row 1\)"),
        (["1", 2, "3"], WrongTypeError, r"all integers or all str, got both \(row 1\)"),
        ([1, 2, None], WrongTypeError, "integers or str, got None in row 2"),
        ([None, "a", "b"], WrongTypeError, "integers or str, got None in row 0"),
        ([1, 2, 2**63], InvalidArgumentError, "row 2 must be at most 9223372036854775807"),
        ([1, -(2**63) - 1, 2], InvalidArgumentError, "row 1 must be at least -9223372036854775808"),
        (np.array([1, 2, 2**63], np.uint64), InvalidArgumentError, "row 2 must be at most"),
        (np.array([True, False, True]), WrongTypeError, "integers or str, got bool"),
        (np.array([1.0, 2, 3]), WrongTypeError, "integers or str, got float64"),
        (np.array([b"a", b"b", b"c"]), WrongTypeError, "integers or str, got"),
        (np.array([[1, 2, 3]]), InvalidArgumentError, r"one axis, got shape \(1, 3\)"),
        (np.ma.masked_equal([1, 2, 3], 2), WrongTypeError, "must not be a masked array"),
        (["a", "\ud800", "b"], InvalidArgumentError, r"text of UTF-8, got '\\ud800' in row 1"),
        ({1, 2, 3}, WrongTypeError, "got set"),
        (b"abc", WrongTypeError, "integers or str, got bytes"),
    ],
    ids=lambda value: None if isinstance(value, str | type) else type(value).__name__,
)
def test_what_cannot_be_ids_is_refused(ids, error, message):
    index = lanner.Index(3, "l2")
    with pytest.raises(error, match=message):
        index.add(ROWS, ids)
    assert len(index) == 0
