"""Reads vectors, ids and attributes from the usual files; large arrays are mapped, not read."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner._core import FileFormatError, InvalidArgumentError, StorageError
from lanner._expressions import read_time
from lanner.schema import Schema

Array = NDArray[Any]

# Rows that each begin with their dimension as int32, of the TEXMEX data sets.
_ROW_DTYPES: dict[str, np.dtype[Any]] = {
    ".fvecs": np.dtype("<f4"),
    ".bvecs": np.dtype("u1"),
    ".ivecs": np.dtype("<i4"),
}
# Two uint32 (rows, dimension), then the rows, of the billion-scale challenges.
_BLOCK_DTYPES: dict[str, np.dtype[Any]] = {
    ".fbin": np.dtype("<f4"),
    ".u8bin": np.dtype("u1"),
    ".i8bin": np.dtype("i1"),
    ".ibin": np.dtype("<i4"),
}

ATTRIBUTE_SUFFIXES = (".parquet", ".csv", ".jsonl")
# As a number is written out; of leading zeros something may hang, as in codes of places.
_INTEGER = re.compile(r"-?(?:0|[1-9]\d*)", re.ASCII)
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?", re.ASCII)
# Dates of ISO 8601 in the long form, with or without a time; some are in no calendar.
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_INT64_DIGITS = 19
# A quote that is not closed takes in what follows, up to so many characters.
_LONGEST_FIELD = 1 << 24
_field_size_lock = threading.Lock()

VECTOR_SUFFIXES = (".npy", ".npz", *_ROW_DTYPES, *_BLOCK_DTYPES, ".parquet")


def read_vectors(path: str | os.PathLike[str], *, name: str | None = None) -> Array:
    """Return the vectors of a file as a matrix of rows.

    Parameters
    ----------
    path : str or path
        ``.npy``, ``.npz``, ``.fvecs``, ``.bvecs``, ``.ivecs``, ``.fbin``, ``.u8bin``, ``.i8bin``,
        ``.ibin``, or ``.parquet`` (which needs pyarrow, extra ``arrow``).
    name : str, optional
        The array of an ``.npz`` or the column of a ``.parquet``; needed only where several could be
        meant.

    Raises
    ------
    FileFormatError
        A file cut short, or whose sizes contradict each other.
    InvalidArgumentError
        A suffix that is not known, or a `name` that is missing or not in the file.
    StorageError
        The file cannot be read.
    """
    array = _read_array(Path(path), name)
    if array.ndim != 2:
        raise FileFormatError(f"{path} must hold a matrix of rows, got shape {array.shape}")
    return array


def read_queries(path: str | os.PathLike[str], *, name: str | None = None) -> Array:
    """Return the vectors of a file as `read_vectors` does, and of a single one a matrix too."""
    array = _read_array(Path(path), name)
    if array.ndim not in (1, 2):
        raise FileFormatError(
            f"{path} must hold a matrix of rows or one vector, got shape {array.shape}"
        )
    return np.atleast_2d(array)


def _read_array(path: Path, name: str | None) -> Array:
    suffix = path.suffix.lower()
    if suffix not in VECTOR_SUFFIXES:
        raise InvalidArgumentError(
            f"{path} must end in one of {', '.join(VECTOR_SUFFIXES)}, got {suffix!r}"
        )
    if name is not None and suffix not in (".npz", ".parquet"):
        raise InvalidArgumentError(
            f"a {suffix} file holds one array, without a name, got name {name!r}"
        )
    with _reading(path):
        if suffix == ".npy":
            return _read_npy(path)
        if suffix == ".npz":
            return _read_npz(path, name)
        if suffix == ".parquet":
            return _read_parquet(path, name)
        if suffix in _ROW_DTYPES:
            return _read_rows(path, _ROW_DTYPES[suffix])
        return _read_block(path, _BLOCK_DTYPES[suffix])


def read_ids(path: str | os.PathLike[str]) -> Array | list[str]:
    """Return the ids of a file: ``.npy``, or ``.txt`` with one a line.

    Lines of a text are integers if every one is, else strings.

    Raises
    ------
    FileFormatError, InvalidArgumentError, StorageError
        As for `read_vectors`.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    with _reading(path):
        if suffix == ".npy":
            return np.asarray(_read_npy(path))
        if suffix == ".txt":
            lines = path.read_text(encoding="utf-8").splitlines()
        else:
            raise InvalidArgumentError(f"{path} must end in .npy or .txt, got {suffix!r}")
    try:
        return np.array([int(line) for line in lines], dtype=np.int64)
    except (ValueError, OverflowError):
        return lines


def read_attributes(
    path: str | os.PathLike[str], *, schema: Mapping[str, str] | None = None
) -> Any:
    """Return the attributes of a file, a row an item, as `Index.add` takes them.

    Parameters
    ----------
    path : str or path
        ``.parquet`` (which needs pyarrow, extra ``arrow``), of which columns of lists of floats,
        which are vectors, are left out; ``.jsonl``, an object a line, which has each key once; or
        ``.csv`` with a head, and of at most 16,777,216 characters a field. Of a ``.csv``, an empty
        field is a null, and a column is of int64, float64, bool (``true``, ``false``) or timestamps
        (``2024-05-06``, ``2024-05-06T07:08:09Z``; without a zone of UTC) where all its fields are
        written so, and of strings otherwise: also where a number is beyond its type, as ``1e400``
        is, or one of a column of integers that do not all fit int64, or where a day is none of the
        calendar. It has no lists, whatever its fields look like: these are for ``.jsonl`` and
        ``.parquet``. Integers among fractions are rounded to float64, times down to microseconds.
        Blank lines are none, but between rows of a ``.csv`` of one column, where they are nulls.
        Times of a ``.jsonl`` stay strings.
    schema : mapping of str to str, optional
        Types of columns of a ``.csv``, as of `Index.schema`: a column that it says is of strings or
        timestamps keeps its fields as they are written, of which `Index.add` makes either. Columns
        of other types, and those that it does not name, are read as without it; it may name more
        than there are. Files of other kinds tell types themselves and take none.

    Raises
    ------
    FileFormatError
        A file that is not of the form that its suffix says; the line is named.
    InvalidArgumentError
        A suffix that is not known, or a `schema` for another one than ``.csv``.
    StorageError
        The file cannot be read.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in ATTRIBUTE_SUFFIXES:
        raise InvalidArgumentError(
            f"{path} must end in one of {', '.join(ATTRIBUTE_SUFFIXES)}, got {suffix!r}"
        )
    if schema is not None and suffix != ".csv":
        raise InvalidArgumentError(f"a {suffix} file tells the types of its values, got a schema")
    kinds = Schema(schema or {})
    texts = {name for name, kind in kinds.items() if kind in ("string", "timestamp")}
    with _reading(path):
        if suffix == ".csv":
            return _read_csv(path, texts)
        return _read_parquet_attributes(path) if suffix == ".parquet" else _read_jsonl(path)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say of a file that cannot be read, or is no text where it should be, which it is."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"{path} is not UTF-8 text: {error.reason} at byte {error.start}"
        ) from None
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def _read_csv(path: Path, texts: Set[str]) -> dict[str, list[Any]]:
    with path.open(newline="", encoding="utf-8-sig") as file, _long_fields():
        reader = csv.reader(file, strict=True)
        try:
            head = next(filter(None, reader), None)
            rows = list(reader)
        except csv.Error as error:
            raise FileFormatError(f"{path} line {reader.line_num}: {error}") from None
    if head is None:
        raise FileFormatError(f"{path} is empty: its first line would name columns")
    if len(set(head)) != len(head):
        raise FileFormatError(f"{path} must name each column once, got {', '.join(head)}")
    rows = _without_blanks(rows, len(head))
    for row, fields in enumerate(rows):
        if len(fields) != len(head):
            raise FileFormatError(
                f"{path} must have {len(head)} fields in each row, got {len(fields)} in row {row}"
            )
    columns = zip(*rows, strict=True) if rows else [()] * len(head)
    return {
        name: [each or None for each in fields] if name in texts else _typed(fields)
        for name, fields in zip(head, columns, strict=True)
    }


@contextmanager
def _long_fields() -> Iterator[None]:
    """Let fields of a CSV be long; the limit is one of the process, and is put back."""
    with _field_size_lock:
        before = csv.field_size_limit()
        csv.field_size_limit(max(before, _LONGEST_FIELD))
        try:
            yield
        finally:
            csv.field_size_limit(before)


def _without_blanks(rows: list[list[str]], columns: int) -> list[list[str]]:
    if columns > 1:
        return [fields for fields in rows if fields]
    while rows and not rows[-1]:
        rows.pop()
    return [fields or [""] for fields in rows]  # as a null of a single column is written


def _typed(fields: tuple[str, ...]) -> list[Any]:
    given = [each for each in fields if each]
    kind: Callable[[str], Any] = str
    if all(map(_INTEGER.fullmatch, given)):
        kind = int if all(map(_fits_int64, given)) else str
    elif all(map(_NUMBER.fullmatch, given)):
        kind = float if all(math.isfinite(float(each)) for each in given) else str
    elif all(each.lower() in ("true", "false") for each in given):
        kind = _is_true
    elif all(map(_TIME.fullmatch, given)):
        try:
            return [_time(each) if each else None for each in fields]
        except ValueError:
            kind = str
    return [kind(each) if each else None for each in fields]


def _fits_int64(text: str) -> bool:
    return len(text) <= _INT64_DIGITS + 1 and -(2**63) <= int(text) < 2**63


def _time(text: str) -> np.datetime64:
    return np.datetime64(read_time(text), "us")


def _is_true(text: str) -> bool:
    return text.lower() == "true"


def _read_jsonl(path: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_with_keys_once)
        except KeyError as error:
            raise FileFormatError(
                f"{path} line {number} must have each key once, got {error.args[0]!r} twice"
            ) from None
        except (ValueError, RecursionError) as error:
            raise FileFormatError(f"{path} line {number} is not JSON: {error}") from None
        if not isinstance(row, dict):
            raise FileFormatError(
                f"{path} line {number} must be an object, got {line.strip()[:40]}"
            )
        rows.append(row)
    return rows


def _with_keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of these pairs; KeyError names a key that comes again."""
    row: dict[str, Any] = {}
    for key, value in pairs:
        if key in row:
            raise KeyError(key)
        row[key] = value
    return row


def _read_parquet_attributes(path: Path) -> Any:
    pa, pq = _pyarrow()
    try:
        names = [each.name for each in pq.read_schema(path) if not _is_vector(pa, each.type)]
        return pq.read_table(path, columns=names)
    except pa.ArrowInvalid as error:
        raise FileFormatError(f"{path} is not a sound .parquet file: {error}") from None


def _is_vector(pa: Any, kind: Any) -> bool:
    return _is_number_list(pa, kind) and bool(pa.types.is_floating(kind.value_type))


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise InvalidArgumentError(
            '.parquet files need pyarrow: pip install "lanner[arrow]"'
        ) from None
    return pa, pq


def _read_npy(path: Path) -> Array:
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except (ValueError, EOFError) as error:
        # An empty array cannot be mapped.
        if "empty file" in str(error) and path.stat().st_size:
            return np.asarray(np.load(path, allow_pickle=False))
        raise FileFormatError(f"{path} is not a sound .npy file: {error}") from None


def _read_npz(path: Path, name: str | None) -> Array:
    import zipfile
    import zlib

    try:
        with path.open("rb") as file:
            arrays = np.load(file, allow_pickle=False)
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise FileFormatError(f"{path} is not an .npz file but a single array")
            return np.asarray(arrays[_pick(path, name, list(arrays.files), "array")])
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, (InvalidArgumentError, FileFormatError)):
            raise
        raise FileFormatError(f"{path} is not a sound .npz file: {error}") from None


def _read_rows(path: Path, dtype: np.dtype[Any]) -> Array:
    length = path.stat().st_size
    if length == 0:
        raise FileFormatError(f"{path} is empty: its first row would say the dimension")
    if length < 4:
        raise FileFormatError(f"{path} is cut short: {length} bytes, a row begins with 4")
    dim = int(np.fromfile(path, dtype="<i4", count=1)[0])
    if dim < 1:
        raise FileFormatError(f"{path} says that its first row has dim {dim}")
    row_bytes = 4 + dim * dtype.itemsize
    if length % row_bytes:
        raise FileFormatError(
            f"{path} has {length} bytes, not a whole number of rows of {row_bytes} (dim {dim}): "
            "it is cut short, or its rows differ in dim"
        )
    table = np.memmap(path, dtype=np.dtype([("dim", "<i4"), ("row", dtype, (dim,))]), mode="r")
    other = table["dim"] != dim
    if other.any():
        row = int(other.argmax())
        raise FileFormatError(
            f"{path} has dim {dim} in row 0 and {int(table['dim'][row])} in row {row}"
        )
    return np.asarray(table["row"])


def _read_block(path: Path, dtype: np.dtype[Any]) -> Array:
    length = path.stat().st_size
    if length < 8:
        raise FileFormatError(f"{path} is cut short: {length} bytes, its head has 8")
    count, dim = (int(each) for each in np.fromfile(path, dtype="<u4", count=2))
    wanted = 8 + count * dim * dtype.itemsize
    if dim == 0 or length != wanted:
        raise FileFormatError(
            f"{path} says {count} rows of dim {dim}, {wanted} bytes in all, and has {length}"
        )
    if count == 0:
        return np.empty((0, dim), dtype=dtype)
    return np.asarray(np.memmap(path, dtype=dtype, mode="r", offset=8, shape=(count, dim)))


def _read_parquet(path: Path, name: str | None) -> Array:
    pa, pq = _pyarrow()
    try:
        schema = pq.read_schema(path)
        lists = [each.name for each in schema if _is_number_list(pa, each.type)]
        column = pq.read_table(
            path, columns=[_pick(path, name, lists, "column of lists of numbers")]
        ).column(0)
    except pa.ArrowInvalid as error:
        raise FileFormatError(f"{path} is not a sound .parquet file: {error}") from None
    chunk = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if chunk.null_count:
        raise FileFormatError(f"{path} has no vector in {chunk.null_count} of {len(chunk)} rows")
    if len(chunk) == 0:
        return np.empty((0, getattr(chunk.type, "list_size", 0)), dtype=np.float32)
    lengths = np.asarray(chunk.value_lengths())
    odd = lengths != lengths[0]
    if odd.any():
        row = int(odd.argmax())
        raise FileFormatError(
            f"{path} has dim {lengths[0]} in row 0 and {lengths[row]} in row {row}"
        )
    values = chunk.flatten()
    if values.null_count:
        raise FileFormatError(f"{path} has {values.null_count} numbers missing from its vectors")
    return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(len(chunk), int(lengths[0]))


def _is_number_list(pa: Any, kind: Any) -> bool:
    if not (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    ):
        return False
    return bool(pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))


def _pick(path: Path, name: str | None, names: list[str], what: str) -> str:
    if name is not None:
        if name not in names:
            raise InvalidArgumentError(
                f"{path} has no {what} {name!r}, it has {', '.join(names) or 'none'}"
            )
        return name
    if len(names) == 1:
        return names[0]
    if "vectors" in names:
        return "vectors"
    raise InvalidArgumentError(
        f"{path} must have one {what}, or be given a name; it has {', '.join(names) or 'none'}"
    )
