"""What users have as tables becomes columns and comes back; what cannot is refused by name."""

from __future__ import annotations

import ctypes
import datetime as dt
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import lanner
from lanner import InvalidArgumentError, WrongTypeError, _core, schema
from lanner._tables import to_columns

TYPES = schema.TYPES
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INT64 = st.integers(-(2**63), 2**63 - 1)
ELEMENTS: dict[str, st.SearchStrategy[Any]] = {
    "int64": INT64,
    "float64": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "timestamp": st.datetimes(),
    "string": TEXT,
    "list[string]": st.lists(TEXT, max_size=4),
    "list[int64]": st.lists(INT64, max_size=4),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, dict[str, str], dict[str, list[Any]]]:
    rows = draw(st.integers(0, 8))
    types = draw(st.dictionaries(TEXT.filter(bool), st.sampled_from(TYPES), max_size=5))
    columns = {
        name: draw(st.lists(st.none() | ELEMENTS[kind], min_size=rows, max_size=rows))
        for name, kind in types.items()
    }
    return rows, types, columns


def values_of(columns: _core.Columns) -> dict[str, list[Any]]:
    """Give the columns as lists, None for every null."""
    kinds = dict(columns.schema)
    return {
        name: [None if _is_missing(each) else each for each in array.tolist()]
        if kinds[name] in ("float64", "timestamp")
        else array.tolist()
        for name, array in columns.to_dict().items()
    }


def _is_missing(value: object) -> bool:
    return value is None or value != value


@given(tables())
def test_lists_come_back_as_they_were(table: Any) -> None:
    rows, types, columns = table
    made = to_columns(columns, rows, types)
    assert dict(made.schema) == types
    assert made.rows == rows
    assert values_of(made) == columns


@given(tables())
def test_what_comes_back_goes_in_again(table: Any) -> None:
    rows, types, columns = table
    once = to_columns(columns, rows, types)
    again = to_columns(once.to_dict(), rows, types)
    assert values_of(again) == values_of(once)


@given(tables())
def test_records_are_read_as_columns_are(table: Any) -> None:
    rows, types, columns = table
    records = [{name: each[row] for name, each in columns.items()} for row in range(rows)]
    if records:
        assert values_of(to_columns(records, rows, types)) == columns


ARROW = {"int64": "int64", "float64": "float64", "bool": "bool_", "string": "string"}


@given(tables(), st.booleans(), st.integers(0, 3), st.integers(1, 4))
def test_arrow_is_read_as_lists_are(table: Any, large: bool, skip: int, batch: int) -> None:
    pa = pytest.importorskip("pyarrow")
    rows, types, columns = table
    assume(not any("\0" in name for name in types))  # names end there in C
    text = pa.large_string() if large else pa.string()
    make_list = pa.large_list if large else pa.list_
    arrow = {
        "timestamp": pa.timestamp("us"),
        "string": text,
        "list[string]": make_list(text),
        "list[int64]": make_list(pa.int64()),
    }
    fields = [(name, arrow.get(kind) or getattr(pa, ARROW[kind])()) for name, kind in types.items()]
    if not fields:
        return
    whole = pa.table(columns, schema=pa.schema(fields)).slice(min(skip, rows))
    for given_table in (whole, pa.Table.from_batches(whole.to_batches(batch), whole.schema)):
        made = to_columns(given_table, whole.num_rows, {})
        if given_table.num_rows:
            assert dict(made.schema) == types
        expected = {name: each[min(skip, rows) :] for name, each in columns.items()}
        assert values_of(made) == expected or not whole.num_rows
    if whole.num_rows:
        single = whole.combine_chunks().to_batches()[0]
        assert values_of(to_columns(single, whole.num_rows, types)) == expected


def arrow_cases() -> list[Any]:
    pa = pytest.importorskip("pyarrow")
    day = dt.datetime(1969, 12, 31)
    epoch = dt.datetime(1970, 1, 1)
    tick = dt.timedelta(microseconds=1)
    halves = np.array([0.5, -65504, 6e-8, np.inf], np.float16)
    codes = pa.array([0, 1, 1], pa.uint8())
    return [
        *[(pa.array([1, None, 3], kind()), "int64", [1, None, 3])
          for kind in (pa.int8, pa.uint8, pa.int16, pa.uint16,
                       pa.int32, pa.uint32, pa.int64, pa.uint64)],
        *[(pa.array(halves.astype(kind)), "float64", halves.tolist())
          for kind in ("f2", "f4", "f8")],
        (pa.array([1.5, float("nan"), None]), "float64", [1.5, None, None]),
        (pa.array([True, None, False] * 5).slice(2, 9), "bool", ([True, None, False] * 5)[2:11]),
        (pa.array([day.date(), None], pa.date32()), "timestamp", [day, None]),
        (pa.array([day.date(), None], pa.date64()), "timestamp", [day, None]),
        *[(pa.array([day, None], pa.timestamp(unit, zone)), "timestamp", [day, None])
          for unit in ("s", "ms", "us", "ns") for zone in (None, "Europe/Berlin")],
        (pa.array([-1, 1999], pa.timestamp("ns")), "timestamp", [epoch - tick, epoch + tick]),
        (pa.array(["a", None, "a long text that is not inline", ""], pa.string_view()), "string",
         ["a", None, "a long text that is not inline", ""]),
        (pa.array(["b", None, "a", "b"]).dictionary_encode(), "string", ["b", None, "a", "b"]),
        (pa.array([7, None, 8]).dictionary_encode(), "int64", [7, None, 8]),
        (pa.DictionaryArray.from_arrays(codes, pa.array(["x", None])), "string", ["x", None, None]),
        (pa.array([["a"], None, [], ["b", "c"]]).slice(1), "list[string]", [None, [], ["b", "c"]]),
        (pa.array([[1], None, [2]], pa.large_list(pa.uint16())), "list[int64]", [[1], None, [2]]),
        (pa.array([["a", "b"], ["a"]], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
         "list[string]", [["a", "b"], ["a"]]),
    ]  # fmt: skip


def test_every_arrow_type_that_is_known_is_read() -> None:
    for array, kind, expected in arrow_cases():
        made = to_columns({"x": array}, len(expected), {})
        assert (dict(made.schema)["x"], values_of(made)["x"]) == (kind, expected), array.type


def test_arrow_types_that_are_not_known_are_refused_by_name() -> None:
    pa = pytest.importorskip("pyarrow")
    for array, said in [
        (pa.array([b"x"]), "binary"),
        (pa.array([1], pa.decimal128(5, 2)), "decimal"),
        (pa.array([1], pa.time32("s")), "time of day"),
        (pa.array([1], pa.duration("s")), "duration"),
        (pa.array([{"a": 1}]), "struct"),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int8())), "map"),
        (pa.array([[[1]]]), r"'\+l'"),
        (pa.array([[1.5]]), "lists of strings or integers"),
    ]:
        with pytest.raises(WrongTypeError, match=f"column 'x'.*{said}"):
            to_columns(pa.table({"x": array}), 1, {})
    with pytest.raises(
        InvalidArgumentError, match=r"'x' must fit int64, got 9223372036854775808 in row 1"
    ):
        to_columns(pa.table({"x": pa.array([1, 2**63], pa.uint64())}), 2, {})
    with pytest.raises(InvalidArgumentError, match=r"'x' must have no null inside a list.*row 1"):
        to_columns(pa.table({"x": [["a"], ["b", None]]}), 2, {})
    with pytest.raises(InvalidArgumentError, match=r"'x'.*microseconds.*row 0"):
        to_columns(pa.table({"x": pa.array([2**62], pa.timestamp("s"))}), 1, {})


def test_arrow_without_types_wants_a_schema() -> None:
    pa = pytest.importorskip("pyarrow")
    table = pa.table({"a": pa.nulls(2), "b": pa.array([[], None], pa.list_(pa.null()))})
    with pytest.raises(InvalidArgumentError, match=r"Schema\({'a': 'string'}\)"):
        to_columns(table.select(["a"]), 2, {})
    with pytest.raises(InvalidArgumentError, match=r"Schema\({'b': 'list\[string\]'}\)"):
        to_columns(table, 2, {}, waiting=[])
    waiting: list[str] = []
    assert to_columns(table.select(["a"]), 2, {}, waiting=waiting).schema == []
    assert waiting == ["a"]
    made = to_columns(table, 2, {"a": "string", "b": "list[int64]"})
    assert values_of(made) == {"a": [None, None], "b": [[], None]}


class Capsules:
    """What offers Arrow's interface and is nothing else."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __arrow_c_array__(self, requested: object = None) -> tuple[object, object]:
        return self.value.__arrow_c_array__()


def test_capsules_are_taken_once() -> None:
    pa = pytest.importorskip("pyarrow")
    batch = pa.record_batch({"x": [1, 2]})
    assert values_of(to_columns(Capsules(batch), 2, {})) == {"x": [1, 2]}
    schema, array = batch.__arrow_c_array__()
    _core.read_arrow_array(schema, array, "x")
    with pytest.raises(InvalidArgumentError, match="released"):
        _core.read_arrow_array(schema, array, "x")
    with pytest.raises(ValueError, match="PyCapsule"):
        _core.read_arrow_array(array, schema, "x")


def test_arrow_memory_is_given_back_where_reading_fails() -> None:
    pa = pytest.importorskip("pyarrow")
    before = pa.total_allocated_bytes()
    table = pa.table({"x": np.arange(10**6), "y": pa.array([b"x"] * 10**6)})
    with pytest.raises(WrongTypeError):
        to_columns(table, 10**6, {})
    with pytest.raises(WrongTypeError):
        to_columns(table.combine_chunks().to_batches()[0], 10**6, {})
    del table
    assert pa.total_allocated_bytes() == before


FORMAT, SCHEMA_CHILDREN = 0, 5  # by words of eight bytes, as the interface lays them out
LENGTH, OFFSET, BUFFER_COUNT, CHILDREN = 0, 2, 3, 6


def words_of(capsule: object, name: bytes) -> Any:
    """Give the words of the structure in a capsule, to be written over."""
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return (ctypes.c_int64 * 10).from_address(pointer(capsule, name))


def words_at(address: int) -> Any:
    return (ctypes.c_int64 * 10).from_address(address)


@pytest.mark.parametrize(
    "text", [b"", b"+", b"+s", b"+l", b"x", b"ts", b"tsq:", b"u" * 1000, b"+ud:1,2", b"\xff", b"%s"]
)
def test_hostile_formats_are_refused(text: bytes) -> None:
    pa = pytest.importorskip("pyarrow")
    schema, array = pa.record_batch({"x": [1, 2]}).__arrow_c_array__()
    child = words_at(words_at(words_of(schema, b"arrow_schema")[SCHEMA_CHILDREN])[0])
    held = ctypes.create_string_buffer(text)
    child[FORMAT] = ctypes.addressof(held)
    with pytest.raises((lanner.Error, UnicodeDecodeError)):
        _core.read_arrow_array(schema, array, "table")


@pytest.mark.parametrize(
    ("word", "value"),
    [(LENGTH, -1), (LENGTH, 1), (OFFSET, -1), (OFFSET, 2**62), (BUFFER_COUNT, 1)],
)
def test_hostile_arrays_are_refused(word: int, value: int) -> None:
    pa = pytest.importorskip("pyarrow")
    schema, array = pa.record_batch({"x": [1, 2]}).__arrow_c_array__()
    child = words_at(words_at(words_of(array, b"arrow_array")[CHILDREN])[0])
    child[word] = value
    with pytest.raises(InvalidArgumentError, match="'x' comes from Arrow"):
        _core.read_arrow_array(schema, array, "table")


@pytest.mark.parametrize("offsets", [[0, 5, 3], [-1, 1, 2], [0, 1, 99]])
def test_hostile_offsets_of_lists_are_refused(offsets: list[int]) -> None:
    pa = pytest.importorskip("pyarrow")
    words = np.zeros(3, dtype=np.int32)
    buffers = [None, pa.py_buffer(words)]
    kind = pa.list_(pa.int64())
    array = pa.Array.from_buffers(kind, 2, buffers, children=[pa.array([1, 2, 3])])
    words[:] = offsets  # pyarrow looked at them already
    with pytest.raises(InvalidArgumentError, match="outside its elements"):
        to_columns({"x": array}, 2, {})


def test_hostile_indices_of_dictionaries_are_refused() -> None:
    pa = pytest.importorskip("pyarrow")
    codes = pa.array([0, 7], pa.int8())
    array = pa.DictionaryArray.from_arrays(codes, pa.array(["a"]), safe=False)
    with pytest.raises(InvalidArgumentError, match="outside its dictionary in row 1"):
        to_columns({"x": array}, 2, {})


def test_a_pyarrow_stream_that_fails_says_why() -> None:
    pa = pytest.importorskip("pyarrow")

    def batches() -> Any:
        yield pa.record_batch({"x": [1]})
        raise RuntimeError("the well ran dry")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"x": pa.int64()}), batches())
    with pytest.raises(InvalidArgumentError, match="the well ran dry"):
        to_columns(reader, 1, {})


def test_pandas_frames_are_read() -> None:
    pd = pytest.importorskip("pandas")
    day = dt.datetime(2020, 1, 1)
    frame = pd.DataFrame(
        {
            "i": [1, 2],
            "f": [0.5, np.nan],
            "n": pd.array([1, None], dtype="Int64"),
            "b": pd.array([True, None], dtype="boolean"),
            "s": ["a", None],
            "c": pd.Categorical(["x", None]),
            "t": [day, pd.NaT],
            "z": pd.Series([day, pd.NaT]).dt.tz_localize("Europe/Berlin"),
            "l": [["a"], None],
            "d": [day.date(), None],
        }
    )
    made = to_columns(frame, 2, {})
    assert dict(made.schema) == {
        "i": "int64", "f": "float64", "n": "int64", "b": "bool", "s": "string", "c": "string",
        "t": "timestamp", "z": "timestamp", "l": "list[string]", "d": "timestamp",
    }  # fmt: skip
    assert values_of(made) == {
        "i": [1, 2], "f": [0.5, None], "n": [1, None], "b": [True, None], "s": ["a", None],
        "c": ["x", None], "t": [day, None], "z": [day - dt.timedelta(hours=1), None],
        "l": [["a"], None], "d": [day, None],
    }  # fmt: skip


def test_polars_frames_are_read() -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {
            "i": pl.Series([1, None], dtype=pl.UInt8),
            "s": ["a text of more than twelve bytes", None],
            "c": pl.Series(["x", "y"], dtype=pl.Categorical),
            "l": [["a", "b"], []],
            "t": [dt.datetime(2020, 1, 1), None],
        }
    )
    expected = {name: frame[name].to_list() for name in frame.columns}
    assert values_of(to_columns(frame, 2, {})) == expected
    assert values_of(to_columns({"l": frame["l"], "s": frame["s"]}, 2, {})) == {
        name: expected[name] for name in ("l", "s")
    }


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (np.array([1, 2], dtype=">i2"), "int64", [1, 2]),
        (np.arange(4, dtype=np.uint64)[::2], "int64", [0, 2]),
        (np.array([0.5, np.nan], dtype=np.float32), "float64", [0.5, None]),
        (np.array(["a", "bc"]), "string", ["a", "bc"]),
        (np.array([1, None], dtype=object), "int64", [1, None]),
        (np.array([0, "NaT"], dtype="M8[D]"), "timestamp", [dt.datetime(1970, 1, 1), None]),
        (np.array([[1, 2], [3, 4]]), "list[int64]", [[1, 2], [3, 4]]),
        (np.ma.array([1, 2], mask=[False, True]), "int64", [1, None]),
        ([1, 2.5], "float64", [1.0, 2.5]),
        ([np.int64(1), 2], "int64", [1, 2]),
        ([float("nan"), 2], "float64", [None, 2.0]),
        ([{"b", "a"}, ("c",)], "list[string]", [["a", "b"], ["c"]]),
        ([np.array([1, 2]), None], "list[int64]", [[1, 2], None]),
        (range(2), "int64", [0, 1]),
    ],
)  # fmt: skip
def test_arrays_and_lists_of_many_kinds_are_read(values: Any, kind: str, expected: Any) -> None:
    made = to_columns({"x": values}, 2, {})
    assert dict(made.schema) == {"x": kind}
    assert values_of(made) == {"x": expected}


@pytest.mark.parametrize(
    ("values", "want", "message"),
    [
        ([1], None, "must have 2 rows, got 1"),
        (["a", 1], None, r"must be of one type, got string \('a'\) and, in row 1, int64 \(1\)"),
        ([True, 1], None, "must be of one type"),
        ([1, 2**63], None, "must fit int64, got 9223372036854775808 in row 1"),
        ([[1], [2, 2**63]], None, "must fit int64, got 9223372036854775808 in row 1"),
        (np.array([0, 2**63], dtype=np.uint64), None, "must fit int64, got 9223372036854775808"),
        ([None, None], None, r"no value to tell its type from: .*Schema\({'x': 'string'}\)"),
        ([[], []], None, r"no value to tell its type from: .*Schema\({'x': 'list\[string\]'}\)"),
        ([[], None], None, r"no value to tell its type from: .*Schema\({'x': 'list\[string\]'}\)"),
        ([["a"], [1]], None, "must have lists of str or lists of int, got 1 in row 1"),
        ([["a"], [None]], None, "lists of str or lists of int, got None inside the list in row 1"),
        ([["a"], ["b", None]], "list[string]", "got None inside the list in row 1: leave it out"),
        ([[1], [2, float("nan")]], None, "got nan inside the list in row 1: leave it out"),
        ([[1, np.float32("nan")], None], None, "got nan inside the list in row 0: leave it out"),
        ([{"a"}, {"b", None}], None, "got None inside the list in row 1: leave it out"),
        ([{"a"}, {"b", 1}], None, "lists of str or lists of int, got 1 in row 1"),
        ([object(), 1], None, "row 0 must be a bool, number"),
        (["a", "\ud800"], None, "UTF-8"),
        ("ab", None, "must be one value a row, got str"),
        (7, None, "must be one value a row, got int"),
        ([1, 2], "string", r"must be string, got int64 \(.*1.* in row 0\)"),
        ([1, 2], "timestamp", r"must be timestamp, got int64 \(1 in row 0\)"),
        ([None, dt.date(2024, 5, 6)], "string", r"timestamp \(2024-05-06T00:00:00 in row 1\)"),
        (["a", "b"], "list[string]", r"must be list\[string\], got string"),
        ([1.0, 2.5], "int64", "must be whole numbers.*got 2.5 in row 1"),
        ([1, 2**53 + 1], "float64", "must be exact as float64, got 9007199254740993 in row 1"),
        ([1, 2**63 - 1], "float64", "must be exact as float64, got 9223372036854775807 in row 1"),
        (["2020-01-01", "soon"], "timestamp", "ISO 8601, got 'soon' in row 1"),
    ],
)
def test_what_is_no_column_is_named_with_its_row(
    values: Any, want: str | None, message: str
) -> None:
    with pytest.raises(lanner.Error, match=r"attributes\['x'\].*" + message):
        to_columns({"x": values}, 2, {} if want is None else {"x": want})


def test_a_schema_converts_where_nothing_is_lost() -> None:
    made = to_columns(
        {"f": [1, -(2**63)], "i": [2.0, None], "t": ["2020-01-01T00:00:00+01:00", None]},
        2,
        {"f": "float64", "i": "int64", "t": "timestamp", "absent": "bool"},
    )
    assert values_of(made) == {
        "f": [1.0, -(2.0**63)],
        "i": [2, None],
        "t": [dt.datetime(2019, 12, 31, 23), None],
    }


@pytest.mark.parametrize("data", [3, "x", [1, 2], np.zeros((2, 2)), None])
def test_what_is_no_table_is_refused(data: object) -> None:
    with pytest.raises(WrongTypeError, match="attributes must be a dict of columns"):
        to_columns(data, 2, {})


def test_names_are_text() -> None:
    with pytest.raises(WrongTypeError, match="str names"):
        to_columns({3: [1]}, 1, {})
    with pytest.raises(InvalidArgumentError, match="name"):
        to_columns({"": [1]}, 1, {})


def test_nulls_come_back_in_the_manner_of_each_type() -> None:
    types = {f"{kind} {nulls}": kind for kind in TYPES for nulls in (False, True)}
    some = {
        "int64": 1,
        "float64": 0.5,
        "bool": True,
        "timestamp": dt.datetime(2020, 1, 1),
        "string": "a",
        "list[string]": ["a"],
        "list[int64]": [1],
    }
    data = {
        name: [some[kind], None if name.endswith("True") else some[kind]]
        for name, kind in types.items()
    }
    dtypes = {name: array.dtype for name, array in to_columns(data, 2, types).to_dict().items()}
    assert dtypes["int64 False"] == np.int64
    assert dtypes["bool False"] == np.bool_
    assert dtypes["float64 True"] == np.float64
    assert dtypes["timestamp True"] == np.dtype("M8[us]")
    assert dtypes["int64 True"] == dtypes["bool True"] == dtypes["string False"] == np.object_


@pytest.mark.parametrize(
    "arguments",
    [
        ("x", "int32", np.zeros(2, np.int64), None, None),
        ("x", "int64", np.zeros(3, np.int64), None, None),
        ("x", "int64", np.zeros(2, np.int32), None, None),
        ("x", "int64", np.zeros(4, np.int64)[::2], None, None),
        ("x", "int64", np.zeros(2, np.int64), np.ones(3, bool), None),
        ("x", "string", ["a"], None, None),
        ("x", "string", [1, 2], None, None),
        ("x", "list[int64]", np.zeros(2, np.int64), None, None),
        ("x", "list[int64]", np.zeros(2, np.int64), None, np.array([0, 2])),
        ("x", "list[int64]", np.zeros(2, np.int64), None, np.array([0, 3, 2])),
        ("x", "list[int64]", np.zeros(2, np.int64), None, np.array([0, 1, 3])),
        ("x", "list[string]", ["a"], None, np.array([-1, 0, 1])),
    ],
)
def test_the_core_takes_no_columns_that_do_not_fit(arguments: Any) -> None:
    columns = _core.Columns(2)
    with pytest.raises((lanner.Error, TypeError)):
        columns.add(*arguments)
    assert columns.schema == []


def test_a_schema_is_a_mapping_that_does_not_change() -> None:
    schema = lanner.Schema({"year": "int64", "tags": "list[string]"})
    assert dict(schema) == schema == {"tags": "list[string]", "year": "int64"}
    assert repr(schema) == "Schema({'year': 'int64', 'tags': 'list[string]'})"
    assert hash(schema) == hash(lanner.Schema({"tags": "list[string]", "year": "int64"}))
    assert pickle.loads(pickle.dumps(schema)) == schema
    with pytest.raises(TypeError):
        schema["year"] = "bool"  # type: ignore[index]


@pytest.mark.parametrize(
    "columns",
    [3, ["a"], {"a": "int32"}, {"a": int}, {"": "int64"}, {1: "int64"}, {"\ud800": "int64"}],
)
def test_what_is_no_schema_is_refused(columns: Any) -> None:
    with pytest.raises(lanner.Error, match="schema"):
        lanner.Schema(columns)


@pytest.mark.parametrize(
    "nothing",
    [[np.nan, np.nan], np.full(2, np.nan), np.array([np.nan, None], object), [None, None]],
)
def test_a_column_of_nan_alone_waits_for_its_type(nothing: Any) -> None:
    index = lanner.Index(2)
    index.add([[1, 0], [0, 1]], attributes={"text": nothing, "year": [1, 2]})
    assert index.schema == {"year": "int64"}
    index.add([[1, 1], [2, 1]], attributes={"text": [np.nan, "u"], "year": [3, 4]})
    assert index.schema == {"year": "int64", "text": "string"}
    assert index.get([0, 2, 3], attributes=["text"])[1]["text"].tolist() == [None, None, "u"]
    index.add([[1, 3], [2, 3]], attributes={"text": ["v", "w"], "year": np.full(2, np.nan)})
    assert index.get([4], attributes=["year"])[1]["year"].tolist() == [None]


def test_nan_beside_numbers_is_a_number_that_is_null() -> None:
    index = lanner.Index(2)
    index.add([[1, 0], [0, 1], [1, 1]], attributes={"a": [1, np.nan, 2], "b": [True, np.nan, None]})
    assert index.schema == {"a": "float64", "b": "bool"}
    assert index.count("a is None") == 1
    assert index.count("b is None") == 2


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (2020, "int64", 2020),
        (np.int8(3), "int64", 3),
        (np.array(3), "int64", 3),
        (0.5, "float64", 0.5),
        (True, "bool", True),
        ("cs.IR", "string", "cs.IR"),
        (dt.date(2024, 5, 6), "timestamp", dt.datetime(2024, 5, 6)),
        (np.datetime64("2024-05-06"), "timestamp", dt.datetime(2024, 5, 6)),
    ],
)
def test_one_row_may_have_values_in_place_of_columns(value: Any, kind: str, expected: Any) -> None:
    made = to_columns({"x": value, "y": [1]}, 1, {})
    assert dict(made.schema) == {"x": kind, "y": "int64"}
    assert values_of(made)["x"] == [expected]
    for rows in (0, 2):
        with pytest.raises(lanner.Error, match=r"\['x'\] must be one value a row, got "):
            to_columns({"x": value}, rows, {})


def test_one_item_comes_and_changes_with_single_values() -> None:
    kinds = {"year": "float64", "at": "timestamp", "tags": "list[string]"}
    index = lanner.Index(2, "l2", schema=kinds)
    index.add([1, 0], ["a"], attributes={"year": 2020, "at": "2024-05-06", "tags": None})
    index.upsert([[1, 0]], "b", attributes={"year": None, "tags": [["x", "y"]]})
    index.update_attributes("b", {"year": 2021})
    values = index.get(["a", "b"], attributes=True)[1]
    assert values["year"].tolist() == [2020.0, 2021.0]
    assert values["tags"].tolist() == [None, ["x", "y"]]
    with pytest.raises(
        WrongTypeError, match=r"got string \('x' .*; each row has a list of its own"
    ):
        index.update_attributes("b", {"tags": ["x"]})
    with pytest.raises(InvalidArgumentError, match="must have 1 rows, got 2; the list of one item"):
        to_columns({"tags": ["x", "y"]}, 1, {})
