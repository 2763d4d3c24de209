"""Checks of single arguments: names, counts, threads.

Messages name the argument, what was wanted and what came.
"""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from lanner import _core
from lanner._core import FileFormatError, InvalidArgumentError, WrongTypeError

DTYPES = ("float32", "float16", "bfloat16", "int8", "uint8", "bits")
METRICS = ("l2", "cosine", "ip", "snr", "snr_item", "hamming", "jaccard")
BITS_METRICS = ("hamming", "jaccard")


class _Default(int):
    """The value of a parameter that nobody gave, told from the same number by its identity."""


DEFAULT_M = _Default(16)
DEFAULT_EF_CONSTRUCTION = _Default(128)

INT32_MAX = 2**31 - 1
MAX_THREADS = 1024


def to_int(value: object, name: str, low: int, high: int = INT32_MAX) -> int:
    """Return an integer from `low` to `high`; booleans and floats are refused."""
    if isinstance(value, (bool, np.bool_)):
        raise WrongTypeError(f"{name} must be an integer, got {value}")
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise WrongTypeError(f"{name} must be an integer, got {type(value).__name__}") from None
    if number < low:
        raise InvalidArgumentError(f"{name} must be at least {low}, got {number}")
    if number > high:
        raise InvalidArgumentError(f"{name} must be at most {high}, got {number}")
    return number


def to_threads(threads: int | None) -> int:
    """Return the number of threads asked for, or the default."""
    return (
        _core.default_threads() if threads is None else to_int(threads, "threads", 1, MAX_THREADS)
    )


def to_choice(value: object, name: str, choices: tuple[str, ...]) -> str:
    """Return `value` if it is one of `choices`."""
    if not isinstance(value, str):
        raise WrongTypeError(f"{name} must be a str, got {type(value).__name__}")
    if value not in choices:
        raise InvalidArgumentError(
            f"{name} must be one of {', '.join(choices)}, got {value!r}"
            + _core.near_name_hint(value, choices)
        )
    return value


def to_space(metric: object, dtype: object) -> tuple[str, str]:
    """Return the names of a metric and a dtype that go together."""
    if not isinstance(dtype, str):
        try:
            dtype = np.dtype(dtype).name  # type: ignore[call-overload]
        except TypeError:
            raise WrongTypeError(f"dtype must be a name or a NumPy dtype, got {dtype!r}") from None
    dtype = to_choice(dtype, "dtype", DTYPES)
    metric = to_choice(metric, "metric", METRICS)
    if (metric in BITS_METRICS) != (dtype == "bits"):
        fitting = [each for each in METRICS if (each in BITS_METRICS) == (dtype == "bits")]
        raise InvalidArgumentError(
            f"metric must be one of {', '.join(fitting)} for dtype {dtype}, got {metric!r}"
            + ("; it works on dtype='bits'" if metric in BITS_METRICS else "")
        )
    return metric, dtype


def to_codec(codec: object, keep: object, dtype: str) -> tuple[str | None, str | None]:
    """Return the name of a codec, ``auto`` or None, and the dtype kept beside it, or None."""
    name = None if isinstance(codec, type) else getattr(codec, "index_codec", None)
    if name is not None:
        if getattr(codec, "fitted", False):
            raise InvalidArgumentError(
                f"codec must be a quantizer that is not fitted, as an index fits its own; "
                f"got {codec!r}, fitted"
            )
        codec = name
    if codec == "none":
        raise InvalidArgumentError("codec must be None for no codec, got 'none'")
    if codec is not None and not isinstance(codec, str):
        raise WrongTypeError(
            "codec must be a str, a PQ, OPQ or Binary of lanner.quantization, or None, got "
            + (f"the class {codec.__name__}" if isinstance(codec, type) else type(codec).__name__)
        )
    if codec is None or dtype == "bits":
        if codec not in (None, "auto"):
            raise InvalidArgumentError(f"codec must be None for dtype bits, got {codec!r}")
        if keep != "dtype":
            why = "codec=None has none" if codec is None else "dtype bits has none"
            raise InvalidArgumentError(
                f"keep says what is kept beside the codes of a codec, and {why}; got {keep!r}"
            )
        return codec, dtype
    if keep is None:
        return codec, None
    kept = ("dtype", dtype, "float16") if dtype == "float32" else ("dtype", dtype)
    if not isinstance(keep, str) or keep not in kept:
        error = InvalidArgumentError if isinstance(keep, str) else WrongTypeError
        raise error(f"keep must be one of {', '.join(kept)}, or None, got {keep!r}")
    return codec, dtype if keep == "dtype" else keep


_UNITS = {"b": 1, "byte": 1, "bytes": 1, "kb": 1000, "kib": 1024}


def to_budget(budget: object) -> int:
    """Return the bytes of a budget: an integer, or a str such as ``"64 B"``."""
    if not isinstance(budget, str):
        return to_int(budget, "memory_budget", 1)
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", budget)
    unit = _UNITS.get(match.group(2).lower() or "b") if match else None
    if match is None or unit is None or len(budget) > 30:
        raise InvalidArgumentError(
            f"memory_budget must be a number of bytes a vector, not of the whole index, such as 64 "
            f"or '64 B' (B, kB, KiB), got {budget!r}"
        )
    return to_int(round(float(match.group(1)) * unit), "memory_budget", 1)


def to_graph(graph: object, M: int, ef_construction: int) -> tuple[bool, int, int]:
    """Return whether there is a graph, and its parameters."""
    if graph is None:
        for name, value, default in (
            ("M", M, DEFAULT_M),
            ("ef_construction", ef_construction, DEFAULT_EF_CONSTRUCTION),
        ):
            if value is not default:
                raise InvalidArgumentError(
                    f"{name} is a parameter of the graph, and this index has graph=None"
                )
    elif graph != "hnsw":
        raise InvalidArgumentError(f"graph must be 'hnsw' or None, got {graph!r}")
    return (
        graph is not None,
        to_int(M, "M", 2),
        to_int(ef_construction, "ef_construction", 1),
    )


def to_recall(recall: float | None, ef: int | None, rerank: int | None, exact: bool) -> float:
    """Return the recall asked for; 0 for the default."""
    if recall is None:
        return 0.0
    if isinstance(recall, (bool, np.bool_)) or not isinstance(
        recall, (int, float, np.integer, np.floating)
    ):
        raise WrongTypeError(f"recall must be a number, got {type(recall).__name__}")
    if not 0 < recall <= 1:
        raise InvalidArgumentError(f"recall must be above 0 and at most 1, got {recall}")
    for name, given in (("ef", ef is not None), ("rerank", rerank is not None), ("exact", exact)):
        if given:
            raise InvalidArgumentError(
                f"recall and {name} both say how hard to try; give one of them"
            )
    return float(recall)


def to_ef(ef: int | None, exact: bool, graph: bool) -> int:
    """Return the width of a walk asked for; 0 for the default."""
    if ef is None:
        return 0
    if exact or not graph:
        why = "exact=True walks none" if exact else "this index has none"
        raise InvalidArgumentError(f"ef is the width of a walk through the graph, and {why}")
    return to_int(ef, "ef", 1)


def to_rerank(rerank: int | None, exact: bool, codec: str | None, keep: str | None) -> int | None:
    """Return how many candidates are to be looked at again; None for the default."""
    if rerank is None:
        return None
    if exact:
        why = "exact=True looks at vectors alone"
    elif codec is None:
        why = "this index has no codec"
    elif keep is None:
        why = "this index keeps none"
    else:
        return to_int(rerank, "rerank", 0)
    raise InvalidArgumentError(f"rerank looks at the vectors behind codes, and {why}")


def _to_float(value: object, name: str) -> float:
    """Return a number as a float, of either infinity where it is beyond them."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(
        value, (int, float, np.integer, np.floating)
    ):
        raise WrongTypeError(f"{name} must be a number, got {type(value).__name__}")
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def to_radius(radius: float) -> float:
    """Return the greatest float32 that is not above `radius`: distances are of float32."""
    radius = _to_float(radius, "radius")
    if np.isnan(radius):
        raise InvalidArgumentError("radius must be a number, got NaN")
    with np.errstate(over="ignore"):
        nearest = np.float32(radius)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return float(below if float(nearest) > radius else nearest)


def to_path(path: str | os.PathLike[str]) -> str:
    """Return a path as a str."""
    try:
        text = os.fsdecode(path)
    except TypeError:
        raise WrongTypeError(f"path must be a str or a path, got {type(path).__name__}") from None
    if "\0" in text or not _is_text(text):
        raise InvalidArgumentError(f"path must be text without NUL, got {text!r}")
    return text


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def to_flag(value: bool, name: str) -> bool:
    """Return a flag that is a flag, not merely something true."""
    if not isinstance(value, (bool, np.bool_)):
        raise WrongTypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


@contextmanager
def naming_file(path: str) -> Iterator[None]:
    """Put the path before what the core says of an unsound file: it may be given bytes alone."""
    try:
        yield
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from None


# Columns by name: some, one, all, or none.
Names = Sequence[str] | str | bool | None


def to_names(attributes: Names) -> list[str]:
    """Return the columns asked for; none of them for all."""
    if attributes is True:
        return []
    if isinstance(attributes, str):
        return [attributes]
    if isinstance(attributes, Sequence) and all(isinstance(each, str) for each in attributes):
        if not attributes:
            raise InvalidArgumentError("attributes must name columns, or be True for all, got none")
        return list(attributes)
    raise WrongTypeError(f"attributes must be names of columns or True, got {attributes!r}")


def to_number(value: object, name: str, low: float, high: float = float("inf")) -> float:
    """Return a finite number from `low` to `high`."""
    number = _to_float(value, name)
    if not low <= number <= high or np.isinf(number):
        most = "" if np.isinf(high) else f" and at most {high:g}"
        raise InvalidArgumentError(f"{name} must be finite, at least {low:g}{most}, got {value}")
    return number
