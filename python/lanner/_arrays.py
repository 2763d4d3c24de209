"""Turns what users have into what the core takes, or says clearly why not.

Vectors may come through the buffer protocol, through DLPack on the CPU, as nested sequences, or as
a column of Arrow or of a data frame whose rows are lists, with any strides and byte order. What the
core takes is C-contiguous, native-endian and of few types (see `_core.pyi`). Whether numbers are
finite is the core's check; what would be lost in a conversion is refused here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from lanner._arguments import to_int
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner._expressions import MISSING, id_hint, ids_of_range

Array = NDArray[Any]
Ids = NDArray[np.int64] | list[str]

INT64 = (-(2**63), 2**63 - 1)

_MOST_IDS = 2**31 - 1  # of an index

_INTEGERS = {"int8": (-128, 127), "uint8": (0, 255)}
# The least magnitudes that round to infinity: half a unit of the last place above the largest
# finite number.
_OVERFLOW = {"float16": 65520.0, "bfloat16": float(np.uint32(0x7F7F8000).view(np.float32))}
# Devices of the DLPack standard whose memory the CPU reads: CPU, and the pinned or managed memory
# of CUDA and ROCm.
_CPU_DEVICES = (1, 3, 11, 13)


def to_array(value: object, name: str) -> Array:
    """Return `value` as an array, without copying where that is possible."""
    return _read(value, name)[0]


def _read(value: object, name: str) -> tuple[Array, bool]:
    """Return `value` as an array, and whether its numbers were in lists, which say no type."""
    if isinstance(value, np.ma.MaskedArray):
        raise WrongTypeError(
            f"{name} must not be a masked array: fill or drop the masked places first"
        )
    if isinstance(value, np.ndarray):
        return _of_rows(np.asarray(value), name)
    if isinstance(value, (bytes, bytearray)):
        return np.frombuffer(value, dtype=np.uint8), False
    # Arrow's arrays have DLPack too, for numbers without nulls alone.
    if hasattr(value, "__dlpack__") and not hasattr(value, "__arrow_c_array__"):
        return _from_dlpack(value, name), False
    if isinstance(value, (str, set, frozenset, dict)) or not _is_arrayish(value):
        raise WrongTypeError(
            f"{name} must be an array or nested sequences of numbers, got {_kind(value)}"
        )
    try:
        array = np.asarray(value)
    except ValueError:
        raise InvalidArgumentError(
            f"{name} must have rows of one length, got rows of several lengths"
        ) from None
    except (TypeError, OverflowError) as error:
        raise WrongTypeError(f"{name} cannot be read as an array: {error}") from None
    return (array, True) if isinstance(value, Sequence) else _of_rows(array, name)


def _of_rows(array: Array, name: str) -> tuple[Array, bool]:
    """Return the matrix of an array whose entries are rows themselves, as in a column of lists.

    And whether they are lists.
    """
    if array.dtype.kind != "O" or array.ndim != 1 or not any(map(_is_row, array)):
        return array, False
    rows = array.tolist()
    length = next(len(each) for each in rows if _is_row(each))
    for row, each in enumerate(rows):
        if not _is_row(each):
            raise WrongTypeError(f"{name} must be rows of numbers, got {each!r:.40} in row {row}")
        if len(each) != length:
            raise InvalidArgumentError(
                f"{name} must have rows of one length, got {len(each)} in row {row} after {length}"
            )
    try:
        return np.asarray(rows), isinstance(rows[0], (list, tuple))
    except ValueError:
        raise InvalidArgumentError(f"{name} must have one axis or two, got more") from None


def _is_row(value: object) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0)


def to_vectors(value: object, name: str, dim: int, dtype: str) -> Array:
    """Return (rows, width), or (width,) for one vector, in a type that the core takes."""
    array, listed = _read(value, name)
    given = isinstance(value, np.ndarray)
    if array.ndim == 1 and array.size == 0 and not given:
        array = np.empty((0, dim), dtype=bool if dtype == "bits" else np.float32)
    if array.ndim not in (1, 2):
        raise InvalidArgumentError(f"{name} must have one axis or two, got shape {array.shape}")
    _refuse_kinds(array, name)
    if dtype == "bits":
        return _to_bits(array, name, dim, listed=listed)
    if array.shape[-1] != dim:
        raise InvalidArgumentError(f"{name} must have dim {dim}, got {array.shape[-1]}")
    if array.dtype.kind == "b":
        raise WrongTypeError(
            f"{name} must be numbers for dtype {dtype}, got bool: dtype 'bits' takes bool"
        )
    if dtype in _INTEGERS:
        return _to_integers(array, name, dtype)
    return _to_floats(array, name, dtype)


def to_elements(value: object, name: str, dim: int, dtype: str) -> Array:
    """Return vectors rounded to the element type of `dtype` itself; bfloat16 as uint16 bits."""
    array = to_vectors(value, name, dim, dtype)
    if dtype == "float16":
        return array.astype(np.float16, copy=False)
    if dtype == "bfloat16":
        return (
            array
            if array.dtype == np.uint16
            else _round_to_bfloat16(array.astype(np.float32, copy=False))
        )
    if dtype == "float32":
        return array.astype(np.float32, copy=False)
    return array


def widen_bfloat16(bits: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return the float32 numbers that bfloat16 bits stand for, exactly."""
    return (bits.astype(np.uint32) << 16).view(np.float32)


def to_ids(value: object, name: str = "ids") -> Ids:
    """Return int64 ids as an array or string ids as a list; a single id makes one of length 1."""
    if isinstance(value, np.ma.MaskedArray):
        raise WrongTypeError(
            f"{name} must not be a masked array: fill or drop the masked places first"
        )
    if isinstance(value, str):
        return _utf8([value], name)
    if isinstance(value, (int, np.integer, bool, np.bool_)):
        return np.array([to_int(value, name, *INT64)], dtype=np.int64)
    if id_hint(value):
        raise WrongTypeError(f"{name} must be integers or str, got {_kind(value)}{id_hint(value)}")
    if isinstance(value, range):
        return ids_of_range(value, _MOST_IDS, name)
    if not isinstance(value, Sequence):
        if hasattr(value, "__arrow_c_array__") or hasattr(value, "__arrow_c_stream__"):
            _refuse_nulls(value, name)
        if type(value).__module__.partition(".")[0] == "pandas":
            _refuse_missing(value, name)
        array = to_array(value, name)
        if array.ndim == 0:
            array = array[np.newaxis]
        if array.ndim != 1:
            raise InvalidArgumentError(f"{name} must have one axis, got shape {array.shape}")
        if array.dtype.kind in "iu":
            return _to_int64(array, name)
        if array.dtype.kind not in "UTO":
            hint = id_hint(b"") if array.dtype.kind == "S" else ""
            raise WrongTypeError(f"{name} must be integers or str, got {array.dtype.name}{hint}")
        value = array.tolist()
    return _ids_of_list(list(value), name)  # type: ignore[call-overload]


def is_single_id(value: object) -> bool:
    """Tell whether `value` is one id rather than many."""
    return isinstance(value, (int, str, np.integer, np.bool_)) or (
        isinstance(value, np.ndarray) and value.ndim == 0
    )


def _ids_of_list(values: list[Any], name: str) -> Ids:
    # The set of types is found at C speed; NumPy alone would turn [1, "a"] into strings and [1,
    # True] into integers.
    types = set(map(type, values))
    if types <= {str}:
        return _utf8(values, name) if types else np.empty(0, dtype=np.int64)
    if types == {int}:
        try:
            return np.array(values, dtype=np.int64)
        except OverflowError:
            pass
    elif all(issubclass(each, str) for each in types):
        return _utf8([str(each) for each in values], name)
    strings = isinstance(values[0], str)
    for row, each in enumerate(values):
        if id_hint(each):
            raise WrongTypeError(
                f"{name} must be integers or str, got {_kind(each)} in row {row}{id_hint(each)}"
            )
        if type(each).__name__ in MISSING or (isinstance(each, float) and each != each):
            raise _missing(each, row, name)
        if isinstance(each, str) != strings:
            raise WrongTypeError(f"{name} must be all integers or all str, got both (row {row})")
        if not strings:
            to_int(each, f"{name} row {row}", *INT64)
    return np.array([int(each) for each in values], dtype=np.int64)


def is_utf8(text: str) -> bool:
    """Tell whether `text` can be written as UTF-8, as ids are: lone surrogates cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_nulls(column: Any, name: str) -> None:
    # Read as an array, integers beside nulls would be floats.
    count = getattr(column, "null_count", 0)
    count = count() if callable(count) else count
    if isinstance(count, int) and count:
        raise InvalidArgumentError(f"{name} must have no nulls, got {count}")


def _refuse_missing(column: Any, name: str) -> None:
    # pandas makes floats of integers beside nulls.
    gone = np.asarray(column.isna())
    if gone.ndim == 1 and gone.any():
        row = int(gone.argmax())
        raise _missing(getattr(column, "array", column)[row], row, name)


def _missing(value: object, row: int, name: str) -> WrongTypeError:
    return WrongTypeError(
        f"{name} must be integers or str, got {value} in row {row}: no id may be missing"
    )


def _utf8(values: list[str], name: str) -> list[str]:
    if not is_utf8("".join(values)):
        row = next((row for row, each in enumerate(values) if not is_utf8(each)), 0)
        raise InvalidArgumentError(
            f"{name} must be text of UTF-8, got {values[row]!r} in row {row}"
        )
    return values


def _to_int64(array: Array, name: str) -> NDArray[np.int64]:
    if array.dtype.kind == "u" and array.dtype.itemsize == 8:
        beyond = array > np.uint64(INT64[1])
        if beyond.any():
            row = int(beyond.argmax())
            raise InvalidArgumentError(
                f"{name} row {row} must be at most {INT64[1]}, got {array[row]}"
            )
    return np.ascontiguousarray(array, dtype=np.int64)


def _from_dlpack(value: Any, name: str) -> Array:
    if "bfloat16" in str(getattr(value, "dtype", "")) and hasattr(value, "float"):
        value = value.float()  # NumPy reads no bfloat16 through DLPack; widening loses nothing
    device, _ = value.__dlpack_device__()
    if device not in _CPU_DEVICES:
        raise WrongTypeError(
            f"{name} must be in the CPU's memory, got DLPack device type {int(device)}"
        )
    try:
        return np.from_dlpack(value)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise WrongTypeError(f"{name} cannot be read through DLPack: {error}") from None


def _is_arrayish(value: object) -> bool:
    if (
        isinstance(value, Sequence)
        or hasattr(value, "__array__")
        or hasattr(value, "__array_interface__")
    ):
        return True
    try:
        memoryview(value)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def _refuse_kinds(array: Array, name: str) -> None:
    if array.dtype.kind in "biuf" or array.dtype.name == "bfloat16":
        return
    what = {
        "O": "objects",
        "c": "complex numbers",
        "M": "dates",
        "m": "durations",
        "U": "text",
        "S": "bytes",
        "T": "text",
    }
    raise WrongTypeError(
        f"{name} must be numbers, got {what.get(array.dtype.kind, array.dtype.name)}"
    )


def _to_floats(array: Array, name: str, dtype: str) -> Array:
    if array.dtype.name == "bfloat16":
        if dtype == "bfloat16":
            return np.ascontiguousarray(array).view(np.uint16)
        array = array.astype(np.float32)
    elif array.dtype.kind in "iu":
        if dtype == "bfloat16" and array.dtype == np.uint16:
            raise WrongTypeError(
                f"{name} as uint16 could be numbers or bfloat16 bits: "
                "convert to float32, or view as a bfloat16 type"
            )
        array = array.astype(np.float32)
    elif array.dtype.itemsize > 4:
        wide = array
        with np.errstate(over="ignore"):
            array = wide.astype(np.float32)
        infinite = np.isinf(array)
        if infinite.any():
            _refuse_overflow(wide, infinite & np.isfinite(wide), name, "float32")
    if dtype in _OVERFLOW and array.dtype.itemsize > 2:
        limit = _OVERFLOW[dtype]
        if array.size and max(float(np.nanmax(array)), -float(np.nanmin(array))) >= limit:
            _refuse_overflow(array, (np.abs(array) >= limit) & np.isfinite(array), name, dtype)
    return _native(array)


def _to_integers(array: Array, name: str, dtype: str) -> Array:
    if array.dtype == np.dtype(dtype):
        return _native(array)
    low, high = _INTEGERS[dtype]
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if array.dtype.kind in "iu":
        if array.size and (array.min() < low or array.max() > high):
            _refuse_value(
                array,
                (array < low) | (array > high),
                name,
                f"from {low} to {high} for dtype {dtype}",
            )
    else:
        bad = ~((array >= low) & (array <= high) & (array == np.trunc(array)))
        if bad.any():
            _refuse_value(array, bad, name, f"whole numbers from {low} to {high} for dtype {dtype}")
    return np.ascontiguousarray(array.astype(dtype))


def _to_bits(array: Array, name: str, dim: int, *, listed: bool) -> Array:
    width = (dim + 7) // 8
    if array.dtype.kind == "b":
        if array.shape[-1] != dim:
            raise InvalidArgumentError(
                f"{name} must have dim {dim}, got {array.shape[-1]} (bool, one a bit)"
            )
        return np.packbits(array, axis=-1, bitorder="little")
    if listed and array.dtype.kind in "iu":
        if array.size and (array.min() < 0 or array.max() > 255):
            _refuse_value(
                array, (array < 0) | (array > 255), name, "bytes from 0 to 255 for dtype bits"
            )
        array = array.astype(np.uint8)
    hint = ""
    if array.shape[-1] == dim:
        hint = (
            f"; bits that are not packed are given as bool, {name}.astype(bool) or {name} > 0, "
            f"and packed ones as uint8 of {width} {'columns' if width > 1 else 'column'}"
        )
    if array.dtype != np.uint8:
        raise WrongTypeError(
            f"{name} must be packed uint8 or bool for dtype bits, got {array.dtype.name}{hint}"
        )
    if array.shape[-1] != width:
        raise InvalidArgumentError(
            f"{name} must have {width} bytes for dim {dim} bits, got {array.shape[-1]}{hint}"
        )
    if dim % 8:
        beyond = array[..., -1] >> (dim % 8) != 0
        if beyond.any():
            where = f" in row {int(beyond.argmax())}" if array.ndim == 2 else ""
            raise InvalidArgumentError(
                f"{name} must have no bit set beyond dim {dim}, got one{where}: "
                "pack with bitorder='little'"
            )
    return np.ascontiguousarray(array)


def _native(array: Array) -> Array:
    return np.require(array, array.dtype.newbyteorder("="), ["C", "A"])


def _round_to_bfloat16(array: NDArray[np.float32]) -> NDArray[np.uint16]:
    # To nearest, ties to even. A NaN could round to infinity: its quiet bit is set instead.
    bits = array.view(np.uint32)
    rounded = ((bits + (((bits >> 16) & 1) + np.uint32(0x7FFF))) >> 16).astype(np.uint16)
    quiet = ((bits >> 16) | 0x40).astype(np.uint16)
    return np.where(np.isnan(array), quiet, rounded)


def _first(mask: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(int(each) for each in np.unravel_index(int(mask.argmax()), mask.shape))


def _place(place: tuple[int, ...]) -> str:
    return f"row {place[0]}, feature {place[1]}" if len(place) == 2 else f"feature {place[0]}"


def _refuse_value(array: Array, bad: NDArray[np.bool_], name: str, wanted: str) -> NoReturn:
    place = _first(bad)
    raise InvalidArgumentError(f"{name} must be {wanted}, got {array[place]} in {_place(place)}")


def _refuse_overflow(array: Array, lost: NDArray[np.bool_], name: str, dtype: str) -> None:
    if lost.any():
        place = _first(lost)
        raise InvalidArgumentError(
            f"{name} must fit {dtype}, got {array[place]} in {_place(place)}"
        )


def _kind(value: object) -> str:
    return type(value).__name__
