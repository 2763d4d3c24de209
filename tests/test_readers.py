"""Reading vectors, ids and attributes from files, sound and unsound."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import lanner
from lanner import FileFormatError, InvalidArgumentError, StorageError, WrongTypeError
from lanner.readers import VECTOR_SUFFIXES, read_attributes, read_ids, read_vectors

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


def write_rows(path, rows, dtype):
    with path.open("wb") as file:
        for row in rows:
            file.write(np.int32(len(row)).astype("<i4").tobytes())
            file.write(np.asarray(row).astype(dtype).tobytes())


def write_block(path, rows, dtype):
    head = np.array(rows.shape, dtype="<u4").tobytes()
    path.write_bytes(head + rows.astype(dtype).tobytes())


ROW_FILES = [(".fvecs", "<f4"), (".bvecs", "u1"), (".ivecs", "<i4")]
BLOCK_FILES = [(".fbin", "<f4"), (".u8bin", "u1"), (".i8bin", "i1"), (".ibin", "<i4")]


def write(path, rows=ROWS):
    suffix = path.suffix
    if suffix == ".npy":
        np.save(path, rows)
    elif suffix == ".npz":
        np.savez(path, vectors=rows)
    elif suffix == ".parquet":
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet as pq

        vectors = pa.FixedSizeListArray.from_arrays(rows.ravel(), rows.shape[1])
        pq.write_table(pa.table({"vector": vectors, "title": list("abcd")[: len(rows)]}), path)
    elif suffix in dict(ROW_FILES):
        write_rows(path, rows, dict(ROW_FILES)[suffix])
    else:
        write_block(path, rows, dict(BLOCK_FILES)[suffix])


@pytest.mark.parametrize("suffix", VECTOR_SUFFIXES)
def test_every_format_gives_the_rows(suffix, tmp_path):
    path = tmp_path / f"a{suffix}"
    write(path)
    for given in (path, str(path)):
        rows = read_vectors(given)
        assert rows.shape == (4, 3)
        np.testing.assert_array_equal(rows, ROWS)


@pytest.mark.parametrize("suffix", VECTOR_SUFFIXES)
def test_every_format_cut_short_is_refused(suffix, tmp_path):
    whole, cut = tmp_path / f"whole{suffix}", tmp_path / f"cut{suffix}"
    write(whole)
    content = whole.read_bytes()
    # A file of rows cut after a whole row is a shorter, sound file.
    sound = {each for each in range(len(content)) if suffix in dict(ROW_FILES)}
    if sound:
        row = 4 + 3 * np.dtype(dict(ROW_FILES)[suffix]).itemsize
        sound = set(range(row, len(content), row))
    for length in set(range(len(content))) - sound:
        cut.write_bytes(content[:length])
        with pytest.raises(FileFormatError, match="cut"):
            read_vectors(cut)


@pytest.mark.parametrize(("suffix", "dtype"), ROW_FILES)
def test_rows_of_several_dims_are_refused(suffix, dtype, tmp_path):
    path = tmp_path / f"a{suffix}"
    write_rows(path, [[1, 2, 3], [1, 2, 3]], dtype)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] = 9
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="dim 3 in row 0 and 9 in row 1"):
        read_vectors(path)
    write_rows(path, [[]], dtype)
    with pytest.raises(FileFormatError, match="its first row has dim 0"):
        read_vectors(path)


@pytest.mark.parametrize(("suffix", "dtype"), BLOCK_FILES)
def test_blocks_longer_than_they_say_are_refused(suffix, dtype, tmp_path):
    path = tmp_path / f"a{suffix}"
    write_block(path, ROWS, dtype)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(FileFormatError, match="says 4 rows of dim 3"):
        read_vectors(path)
    path.write_bytes(np.array([2**32 - 1, 2**32 - 1], dtype="<u4").tobytes())
    with pytest.raises(FileFormatError, match="says 4294967295 rows"):
        read_vectors(path)
    write_block(path, ROWS[:0], dtype)
    assert read_vectors(path).shape == (0, 3)


def test_npy_that_is_no_matrix(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(3))
    with pytest.raises(FileFormatError, match=r"a matrix of rows, got shape \(3,\)"):
        read_vectors(tmp_path / "a.npy")
    np.save(tmp_path / "o.npy", np.array([["a", None]], dtype=object), allow_pickle=True)
    with pytest.raises(FileFormatError, match=r"o\.npy is not a sound"):
        read_vectors(tmp_path / "o.npy")
    np.save(tmp_path / "e.npy", np.empty((0, 3)))
    assert read_vectors(tmp_path / "e.npy").shape == (0, 3)


def test_large_npy_is_mapped_not_read(tmp_path):
    np.save(tmp_path / "a.npy", ROWS)
    rows = read_vectors(tmp_path / "a.npy")
    assert isinstance(rows.base, np.memmap)
    assert not rows.flags.writeable


def test_array_of_an_npz_is_chosen_by_name(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, base=ROWS, query=ROWS[:1])
    assert read_vectors(path, name="query").shape == (1, 3)
    with pytest.raises(InvalidArgumentError, match="has no array 'none', it has base, query"):
        read_vectors(path, name="none")
    with pytest.raises(InvalidArgumentError, match="must have one array, or be given a name"):
        read_vectors(path)
    np.savez(path, vectors=ROWS, ids=np.arange(4))
    assert read_vectors(path).shape == (4, 3)


def test_npy_under_the_name_of_an_npz(tmp_path):
    with (tmp_path / "a.npz").open("wb") as file:
        np.save(file, ROWS)
    with pytest.raises(FileFormatError, match=r"not an .npz file but a single array"):
        read_vectors(tmp_path / "a.npz")


def test_columns_of_a_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    lists = pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32()))
    pq.write_table(pa.table({"a": lists, "b": pa.array([[1], [2]], pa.list_(pa.int8()))}), path)
    np.testing.assert_array_equal(read_vectors(path, name="a"), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(read_vectors(path, name="b"), [[1], [2]])
    with pytest.raises(InvalidArgumentError, match="must have one column of lists of numbers"):
        read_vectors(path)
    for name, bad, message in (
        ("ragged", [[1.0], [1.0, 2.0]], "dim 1 in row 0 and 2 in row 1"),
        ("missing", [[1.0], None], "no vector in 1 of 2 rows"),
        ("hole", [[1.0], [None]], "1 numbers missing"),
    ):
        pq.write_table(pa.table({name: pa.array(bad, pa.list_(pa.float32()))}), path)
        with pytest.raises(FileFormatError, match=message):
            read_vectors(path)
    pq.write_table(pa.table({"title": ["a"]}), path)
    with pytest.raises(InvalidArgumentError, match="it has none"):
        read_vectors(path)
    pq.write_table(pa.table({"v": pa.array([], pa.list_(pa.float32(), 3))}), path)
    assert read_vectors(path).shape == (0, 3)


def test_slice_of_several_row_groups(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    rows = np.arange(3000, dtype=np.float32).reshape(1000, 3)
    table = pa.table({"v": pa.FixedSizeListArray.from_arrays(rows.ravel(), 3)})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=77)
    np.testing.assert_array_equal(read_vectors(tmp_path / "a.parquet"), rows)


def test_files_that_are_not_there_or_of_no_known_kind(tmp_path):
    for suffix in VECTOR_SUFFIXES:
        if suffix == ".parquet":
            pytest.importorskip("pyarrow")
        with pytest.raises(StorageError, match=r"cannot read .*none"):
            read_vectors(tmp_path / f"none{suffix}")
    with pytest.raises(InvalidArgumentError, match=r"must end in one of .npy, .* got '.csv'"):
        read_vectors(tmp_path / "a.csv")
    with pytest.raises(InvalidArgumentError, match="holds one array, without a name"):
        read_vectors(tmp_path / "a.npy", name="x")


def test_ids(tmp_path):
    np.save(tmp_path / "a.npy", np.array([3, 1]))
    assert read_ids(tmp_path / "a.npy").tolist() == [3, 1]
    np.save(tmp_path / "s.npy", np.array(["x", "y"]))
    assert read_ids(tmp_path / "s.npy").tolist() == ["x", "y"]
    (tmp_path / "a.txt").write_text("5\n-7\n")
    assert read_ids(tmp_path / "a.txt").tolist() == [5, -7]
    (tmp_path / "s.txt").write_text("5\nü 7\n", encoding="utf-8")
    assert read_ids(tmp_path / "s.txt") == ["5", "ü 7"]
    (tmp_path / "b.txt").write_bytes(b"\xff\n")
    with pytest.raises(FileFormatError, match="is not UTF-8 text"):
        read_ids(tmp_path / "b.txt")
    with pytest.raises(InvalidArgumentError, match=r"must end in .npy or .txt"):
        read_ids(tmp_path / "a.csv")
    for name in ("none.txt", "none.npy"):
        with pytest.raises(StorageError, match="cannot read"):
            read_ids(tmp_path / name)


def read_column(path, fields):
    """Return the column x of a .csv that has these fields."""
    path = path / "a.csv"
    path.write_text("x\n" + "".join(f"{each}\n" for each in fields), encoding="utf-8")
    return read_attributes(path)["x"]


def test_columns_of_a_csv_are_of_one_type(tmp_path):
    path = tmp_path / "a.csv"
    fields = ["1", "-0", "0.5", "1e3", "TRUE", "false", "007", "", "nan", "9" * 19, "1_0", " 1"]
    fields.append("1٣")
    rows = [(a, b) for a in fields for b in fields]
    for pair in rows:
        path.write_text("\ufeffx\n" + "".join(f'"{each}"\n' for each in pair), encoding="utf-8")
        read = read_attributes(path)["x"]
        given = [each for each in pair if each]
        if set(given) <= {"1", "-0"}:
            wanted = [int(each) if each else None for each in pair]
        elif set(given) <= {"1", "-0", "0.5", "1e3", "9" * 19} and {"0.5", "1e3"} & set(given):
            wanted = [float(each) if each else None for each in pair]
        elif set(given) <= {"TRUE", "false"}:
            wanted = [each == "TRUE" if each else None for each in pair]
        else:
            wanted = [each or None for each in pair]
        assert read == wanted
        assert list(map(type, read)) == list(map(type, wanted))


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 10**18, -(10**18), 10**18 + 1, 0])
def test_integers_of_a_csv_stay_what_they_are(number, tmp_path):
    read = read_column(tmp_path, [number, 7, '""'])
    assert read == [number, 7, None]
    assert list(map(type, read)) == [int, int, type(None)]


@pytest.mark.parametrize(
    "fields",
    [
        [str(2**63), "1"],
        [str(-(2**63) - 1), "1"],
        ["9" * 5000, "1"],
        ["1e400", "1"],
        ["-1e400", "0.5"],
        ["9" * 400 + ".5", "1"],
        ["1٣", "1"],
        ["1.٣", "1"],
    ],
)
def test_a_column_with_a_number_beyond_its_type_stays_text(fields, tmp_path):
    assert read_column(tmp_path, [*fields, '""']) == [*fields, None]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        (["2024-05-06", "1969-12-31"], ["2024-05-06T00:00:00", "1969-12-31T00:00:00"]),
        (
            ["2024-05-06", '""', "2024-05-06T07:08", "2024-05-06 07:08:09"],
            ["2024-05-06T00:00:00", None, "2024-05-06T07:08:00", "2024-05-06T07:08:09"],
        ),
        (
            ["2024-05-06T07:08:09.1234567Z", "2024-05-06 07:08+02:30", "2024-05-06T07:08-0100"],
            ["2024-05-06T07:08:09.123456", "2024-05-06T04:38:00", "2024-05-06T08:08:00"],
        ),
    ],
)
def test_a_column_of_times_of_a_csv_is_of_timestamps(fields, wanted, tmp_path):
    read = read_column(tmp_path, fields)
    assert read == [each and np.datetime64(each, "us") for each in wanted]
    assert all(each is None or each.dtype == "M8[us]" for each in read)
    index = lanner.Index(2)
    index.add(np.eye(len(read), 2), attributes={"x": read})
    assert index.schema["x"] == "timestamp"


@pytest.mark.parametrize("year", ["0001", "1600", "1969", "2024", "9999"])
@pytest.mark.parametrize("zone", ["", "Z", "+02:00", "-00:30"])
def test_digits_beyond_microseconds_are_cut_off_in_every_year(year, zone, tmp_path):
    fields = [f"{year}-12-31T23:59:59.{'9876543210' * 2:.{count}}{zone}" for count in range(6, 21)]
    east = {"+02:00": 120, "-00:30": -30}.get(zone, 0)
    wanted = np.datetime64(f"{year}-12-31T23:59:59.987654", "us") - np.timedelta64(east, "m")
    assert read_column(tmp_path, fields) == [wanted] * 15
    zeros = [f"{year}-01-01 00:00:00.{'0' * count}" for count in range(1, 21)]
    assert read_column(tmp_path, zeros) == [np.datetime64(f"{year}-01-01", "us")] * 20


@pytest.mark.parametrize(
    "field", ["2024-02-30", "2024", "2024-05", "20240506", "07:08", "2024-05-06T25:00", "soon"]
)
def test_a_column_with_what_is_no_time_stays_text(field, tmp_path):
    if field.isdigit():
        assert read_column(tmp_path, [field, field]) == [int(field)] * 2
    assert read_column(tmp_path, ["2024-05-06", field, '""']) == ["2024-05-06", field, None]


def test_columns_of_a_csv_fit_the_schema_of_an_index(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("day,code,seen,n,open\n2024-05-06,12,2024-05,1,true\n,013,,,\n")
    schema = {"day": "string", "code": "string", "seen": "timestamp", "n": "float64"}
    columns = read_attributes(path, schema={**schema, "more": "list[string]"})
    assert columns == {
        "day": ["2024-05-06", None],
        "code": ["12", "013"],
        "seen": ["2024-05", None],
        "n": [1, None],
        "open": [True, None],
    }
    index = lanner.Index(2, graph=None, schema={**schema, "open": "bool"})
    index.add(np.eye(2), attributes=columns)
    assert index.count("day == '2024-05-06' and seen == '2024-05-01'") == 1
    message = r"attributes\['day'\] must be string, got timestamp \(2024-05-06T00:00:00 in row 0\)"
    with pytest.raises(WrongTypeError, match=message):
        index.add(np.eye(2), attributes=read_attributes(path))
    with pytest.raises(InvalidArgumentError, match=r"must be one of int64.*did you mean 'string'"):
        read_attributes(path, schema={"day": "strin"})
    with pytest.raises(InvalidArgumentError, match=r"a .jsonl file tells the types of its values"):
        read_attributes(tmp_path / "a.jsonl", schema=schema)


def test_a_long_field_of_a_csv_is_read_and_the_limit_of_the_process_stays(tmp_path):
    before = csv.field_size_limit()
    text = "lanner " * 50_000
    assert read_column(tmp_path, [text, "short"]) == [text, "short"]
    with pytest.raises(FileFormatError, match=r"line \d+: field larger than field limit"):
        read_column(tmp_path, ["a" * ((1 << 24) + 1)])
    assert csv.field_size_limit() == before
    csv.field_size_limit(1 << 25)
    try:
        assert len(read_column(tmp_path, ["a" * ((1 << 24) + 1)])[0]) == (1 << 24) + 1
        assert csv.field_size_limit() == 1 << 25
    finally:
        csv.field_size_limit(before)


def test_a_blank_line_is_a_null_of_a_single_column_and_nothing_of_several(tmp_path):
    assert read_column(tmp_path, ["1", "", "3", '""']) == [1, None, 3, None]
    assert read_column(tmp_path, ["", "a", "", "", "b", "", ""]) == [None, "a", None, None, "b"]
    assert read_column(tmp_path, ["", ""]) == []
    path = tmp_path / "b.csv"
    path.write_text("\n\na,b\n\n1,2\n\n,\n\n")
    assert read_attributes(path) == {"a": [1, None], "b": [2, None]}


def test_lines_of_json_may_begin_with_a_mark_and_have_each_key_once(tmp_path):
    path = tmp_path / "a.jsonl"
    rows = [{"a": 1, "tags": ["x"]}, {"a": 2, "tags": []}]
    text = "\n".join(map(json.dumps, rows))
    path.write_text(text, encoding="utf-8-sig")
    assert read_attributes(path) == rows
    path.write_text(text + '\n{"a": 3, "b": 4, "a": 3}\n')
    with pytest.raises(FileFormatError, match="line 3 must have each key once, got 'a' twice"):
        read_attributes(path)
