"""The compiled core. Private: use the names that `lanner` exports."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__version__: str

class Error(Exception): ...
class InvalidArgumentError(Error, ValueError): ...
class WrongTypeError(Error, TypeError): ...
class NotFoundError(Error, KeyError): ...
class ReadOnlyError(Error, PermissionError): ...
class StorageError(Error, OSError): ...
class FileFormatError(Error, ValueError): ...

# int64 ids come as an array, string ids as a list of str.
_Ids = NDArray[np.int64] | list[str]
# int64 array, or object array of str (None where a place is empty); shaped like the distances.
_HitIds = NDArray[Any]

class Index:
    """Arrays given to the core are C-contiguous and native-endian, else TypeError.

    Vectors of a float32, float16 or bfloat16 index: float32 or float16 (rows, dim), or bfloat16 bits as uint16.
    Vectors of an int8 or uint8 index: that type. Vectors of a bits index: uint8 (rows, ceil(dim / 8)).
    Queries likewise, or one-dimensional for a single query.
    """

    def __init__(
        self,
        dim: int,
        metric: str,
        dtype: str,
        graph: bool,
        M: int,
        ef_construction: int,
        seed: int,
        codec: str | None,
        keep: str | None,
        schema: list[tuple[str, str]] | None,
        memory_budget: int | None,
    ) -> None: ...
    @staticmethod
    def open(
        path: str,
        writable: bool,
        verify: bool,
        preload: bool,
        durable: bool,
        sync: str,
        journal_bytes: int,
        progress: Callable[[int, int], object] | None,
    ) -> Index: ...
    def close(self) -> None: ...
    # None unless durable: "path", "bytes", "changes", "replayed", "cut_bytes", "checkpoints", "failure" (None or a text).
    def journal(self) -> dict[str, Any] | None: ...
    @staticmethod
    def from_bytes(data: bytes) -> Index: ...
    def to_bytes(self) -> bytes: ...
    def save(self, path: str) -> None: ...

    # ids None: generated. Returns the ids given to the rows. progress(done, total) is called on this thread, at most
    # some 20 times a second and once at the end; what it raises stops the work and leaves the index as it was.
    def add(
        self,
        vectors: NDArray[Any],
        ids: _Ids | None,
        upsert: bool,
        threads: int,
        progress: Callable[[int, int], object] | None,
        attributes: Columns | None,
    ) -> NDArray[np.int64] | list[str]: ...
    def update_attributes(self, ids: _Ids, attributes: Columns) -> None: ...
    # No names: all columns.
    def attributes(self, ids: _Ids, names: list[str]) -> Columns: ...
    @property
    def schema(self) -> list[tuple[str, str]]: ...
    @property
    def schema_given(self) -> bool: ...
    def fit(
        self,
        vectors: NDArray[Any],
        threads: int,
        progress: Callable[[int, int], object] | None,
    ) -> None: ...
    @property
    def rows_to_fit(self) -> tuple[int, int]: ...
    def remove(self, ids: _Ids, threads: int) -> None: ...
    # Returns how many there were.
    def remove_where(self, filter: Filter, threads: int) -> int: ...
    def get(self, ids: _Ids) -> NDArray[Any]: ...
    def contains(self, id: int | str) -> bool: ...
    def ids(self) -> NDArray[Any]: ...
    def ids_where(self, filter: Filter) -> NDArray[Any]: ...

    # (ids, distances, counts): shapes (q, k), (q, k), (q,) for a matrix, (k,), (k,) and an int for one query. ef 0: what `recall`
    # takes; recall 0: the default.
    # filter: one for all queries, or a list with one for each.
    # With names of columns, or none for all: a fourth, the Columns of the hits, one query behind another.
    def search(
        self,
        queries: NDArray[Any],
        k: int,
        ef: int,
        exact: bool,
        threads: int,
        rerank: int | None,
        recall: float,
        filter: Filter | list[Filter] | None,
        attributes: list[str] | None = None,
    ) -> tuple[Any, ...]: ...
    # The neighbours of stored items, themselves left out.
    def search_by_id(
        self,
        ids: _Ids,
        k: int,
        ef: int,
        exact: bool,
        threads: int,
        rerank: int | None,
        recall: float,
        filter: Filter | list[Filter] | None,
        attributes: list[str] | None = None,
    ) -> tuple[Any, ...]: ...
    # (ids, distances, offsets): the hits of query i are at offsets[i]:offsets[i + 1]. One query: two offsets.
    def search_radius(
        self,
        queries: NDArray[Any],
        radius: float,
        ef: int,
        exact: bool,
        threads: int,
        filter: Filter | list[Filter] | None,
        attributes: list[str] | None = None,
    ) -> tuple[Any, ...]: ...
    def count(self, filter: Filter) -> int: ...
    # What lanner.results.Explanation holds.
    def explain(
        self,
        query: NDArray[Any],
        filter: Filter | None,
        k: int,
        ef: int,
        exact: bool,
        rerank: int | None,
        recall: float,
    ) -> dict[str, Any]: ...

    # Checks every invariant; raises Error on the first broken one; returns figures ("nodes", "reachable", "levels", ...).
    def compact(self, threads: int, progress: Callable[[int, int], object] | None) -> None: ...
    def validate(self) -> dict[str, int]: ...
    # Bytes by part: "vectors", "graph", "ids", "scratch", "total".
    def memory(self) -> dict[str, int]: ...
    # Work done by searches since the last call of reset: "distances", "hops", "queries".
    def search_stats(self, reset: bool) -> dict[str, int]: ...
    def __len__(self) -> int: ...
    @property
    def dim(self) -> int: ...
    @property
    def metric(self) -> str: ...
    @property
    def dtype(self) -> str: ...
    @property
    def graph(self) -> bool: ...
    @property
    def codec(self) -> str | None: ...
    @property
    def codec_recall(self) -> float | None: ...
    @property
    def bytes_a_vector(self) -> int: ...
    @property
    def keep(self) -> str | None: ...  # None: codes alone
    @property
    def M(self) -> int: ...
    @property
    def ef_construction(self) -> int: ...
    @property
    def seed(self) -> int: ...
    @property
    def id_kind(self) -> str | None: ...  # None before the first add, then "int" or "str"
    @property
    def read_only(self) -> bool: ...

# A point in time, in microseconds since 1970-01-01 UTC.
class Timestamp:
    def __init__(self, microseconds: int) -> None: ...
    @property
    def microseconds(self) -> int: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

_FilterValue = bool | int | float | str | Timestamp

# Equal for equal dicts, lists and tuples of str, int, float, bool and None alone, types and order among them; None for others,
# and beyond `most` bytes.
def plain_key(value: object, most: int) -> bytes | None: ...

# A condition, immutable; at most 100 deep. op: "and", "or", "not" (operands alone), "==", "!=", "<", "<=", ">", ">=",
# "contains", "startswith" (one value), "between" (two), "in", "contains_any", "contains_all" (any number), "is_null" (none),
# "id_in" (ids alone). Each of another shape is an InvalidArgumentError.
class Filter:
    def __init__(
        self,
        op: str,
        column: str,
        values: tuple[_FilterValue, ...],
        operands: tuple[Filter, ...],
        ids: _Ids | None,
    ) -> None: ...
    # The items where a one-dimensional array of bool, in the order of Index.ids(), is true; part of no other condition.
    @staticmethod
    def of_mask(items: NDArray[np.bool_]) -> Filter: ...
    @property
    def op(self) -> str: ...
    @property
    def column(self) -> str: ...
    @property
    def values(self) -> tuple[_FilterValue, ...]: ...
    @property
    def operands(self) -> tuple[Filter, ...]: ...
    @property
    def ids(self) -> _Ids | None: ...
    def __eq__(self, other: object) -> bool: ...
    def __hash__(self) -> int: ...

# Attributes of `rows` items in memory of their own. Types are spelt as lanner.Schema spells them.
class Columns:
    def __init__(self, rows: int) -> None: ...
    # elements: int64 (timestamps too), float64 or bool array, or a list of str (None where `valid` says null); a value a
    # row, or a value for each place of row_offsets (int64, rows + 1) in list columns. valid: bool (rows,), None: no nulls.
    def add(
        self,
        name: str,
        type: str,
        elements: NDArray[Any] | list[Any],
        valid: NDArray[np.bool_] | None,
        row_offsets: NDArray[np.int64] | None,
    ) -> None: ...
    def copy_from(self, other: Columns, name: str) -> None: ...
    # int64, float64, bool and datetime64[us] arrays; nulls of float64 are NaN, of timestamps NaT. Columns of other types with
    # nulls, strings and lists are object arrays, None for a null.
    def column(self, name: str) -> NDArray[Any]: ...
    def to_dict(self) -> dict[str, NDArray[Any]]: ...
    @property
    def rows(self) -> int: ...
    @property
    def schema(self) -> list[tuple[str, str]]: ...

# Capsules of the Arrow C data interface, emptied here. A struct's fields are the columns; any other array is one column of
# the given name. Beside the columns, the names of those of Arrow's null type, which are left out unless they are lists.
def read_arrow_stream(stream: object, name: str) -> tuple[Columns, list[str]]: ...
def read_arrow_array(schema: object, array: object, name: str) -> tuple[Columns, list[str]]: ...

# The one of the names that somebody may have meant by `name`; and "; did you mean 'year'?", or "".
def near_name(name: str, names: Sequence[str]) -> str | None: ...
def near_name_hint(name: str, names: Sequence[str]) -> str: ...

# The header and the sections of a file: {"kind": str, "version": str, "bytes": int, "sections": [{"name": str,
# "offset": int, "length": int, "crc32": int}]}; of an index, codes and tables of hashes "size": int, and of an index
# {"dim": int, "metric": str, "dtype": str, "graph": bool, "M": int, "ef_construction": int, "codec": str | None, "keep": str | None, "seed": int,
# "id_kind": str | None}.
def file_info(path: str) -> dict[str, Any]: ...

# Reads a whole file of whatever kind, checks every checksum and every invariant; raises FileFormatError naming the section.
def verify_file(path: str) -> dict[str, Any]: ...

# Distances by the kernels of one level ("" for the active one), through one shape: "rows", "block" or "tile".
# Arrays as for Index. order (int64, rows to visit) is for "rows" alone. out[i, j] for query i and (ordered) row j.
def kernel_distances(
    queries: NDArray[Any],
    rows: NDArray[Any],
    dim: int,
    metric: str,
    dtype: str,
    level: str,
    shape: str,
    order: NDArray[np.int64] | None,
    out: NDArray[np.float32],
) -> None: ...

# One query against all rows (in `order`), `times` over; each block of out.size rows writes its distances to `out`.
def kernel_scan(
    query: NDArray[Any],
    rows: NDArray[Any],
    dim: int,
    metric: str,
    dtype: str,
    level: str,
    order: NDArray[np.int64] | None,
    times: int,
    out: NDArray[np.float32],
) -> None: ...

# Codes that stand alone. Vectors and queries: float32 (rows, dim); codes: uint8 (rows, code_bytes).
class Quantizer:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...  # raises: made by fit and load
    def encode(self, vectors: NDArray[np.float32], threads: int) -> NDArray[np.uint8]: ...
    def decode(self, codes: NDArray[np.uint8], threads: int) -> NDArray[np.float32]: ...
    def pack(self, codes: NDArray[np.uint8], metric: str, threads: int) -> PackedCodes: ...
    # Binary codes alone: half-widths of the estimates, (queries, codes).
    def errors(
        self,
        queries: NDArray[np.float32],
        codes: NDArray[np.uint8],
        epsilon: float,
        threads: int,
    ) -> NDArray[np.float32]: ...
    # Reductions alone.
    def project(self, vectors: NDArray[np.float32], threads: int) -> NDArray[np.float32]: ...
    def save(self, path: str) -> None: ...
    # "kind", "dim", "code_bytes", and the parameters of that kind; of a reduction "reduced" and "code".
    def figures(self) -> dict[str, Any]: ...

class PackedCodes:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...  # raises: made by pack
    # (ids, distances, counts): shapes (q, k), (q, k), (q,).
    def search(
        self, queries: NDArray[np.float32], k: int, among: RowSets | None, threads: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]: ...
    # (q, n), by the plain arithmetic.
    def distances(self, queries: NDArray[np.float32], threads: int) -> NDArray[np.float32]: ...
    def __len__(self) -> int: ...
    @property
    def nbytes(self) -> int: ...

# {"kind": "pq" | "opq", "m": int, "bits": int}, {"kind": "binary", "bits": int}, or {"kind": "reduce", "dim": int,
# "code": one of the others | None}.
def fit_quantizer(
    vectors: NDArray[np.float32],
    parameters: dict[str, Any],
    seed: int,
    threads: int,
    progress: Callable[[int, int], object] | None,
) -> Quantizer: ...
def load_quantizer(path: str) -> Quantizer: ...

# Hash families. Rows: float32 (n, dim); packed uint8 (n, ceil(dim / 8)); (offsets int64 (n + 1,), items uint64 (m,)) for
# sets; the same and weights float64 (m,) for weighted sets.
class HashFamily:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...  # raises: made or loaded
    def encode(self, rows: Any, threads: int) -> NDArray[np.uint8]: ...
    def values(self, rows: Any, threads: int) -> NDArray[np.float32]: ...
    def symbols(self, rows: Any, threads: int) -> NDArray[np.uint32]: ...
    # "e2lsh" alone.
    def positions(self, rows: Any, threads: int) -> NDArray[np.float32]: ...
    def save(self, path: str) -> None: ...
    # "kind", "dim", "bits", "has_values", "has_symbols"; of "e2lsh" also "width".
    def figures(self) -> dict[str, Any]: ...

# "hyperplanes", "cross_polytope", "e2lsh", "bit_sampling", "minhash" or "simhash".
def make_hash(kind: str, dim: int, bits: int, width: float, seed: int) -> HashFamily: ...

# {"kind": "pca" | "itq" | "spectral" | "sdh" | "snr", "bits": int} and what the kind wants to know.
def fit_hash(
    vectors: NDArray[np.float32],
    labels: NDArray[np.uint32] | None,
    classes: int,
    parameters: dict[str, Any],
    seed: int,
    threads: int,
    progress: Callable[[int, int], object] | None,
) -> HashFamily: ...

# A list of collections of str, bytes or int, or of dicts of weights by these, as rows of the kinds above.
def sets_of(sets: list[Any], weighted: bool) -> tuple[Any, ...]: ...
def integer_items(values: NDArray[np.int64]) -> NDArray[np.uint64]: ...

# Codes to be searched: uint8 (n, bytes). Searches give (ids, distances, counts) of shapes (q, k), (q, k), (q,).
class RowSets:
    """Which rows queries may find; searches take None for every row."""

    def __init__(
        self, *args: Any, **kwargs: Any
    ) -> None: ...  # raises: made by RowAttributes.matching
    def __len__(self) -> int: ...
    def counts(self) -> list[int]: ...

class RowAttributes:
    def __init__(
        self, rows: int, schema: list[tuple[str, str]] | None, columns: Columns | None
    ) -> None: ...
    # One filter for all queries, or one a query.
    def matching(self, filters: list[Filter], queries: int) -> RowSets: ...
    def ids(self) -> NDArray[np.int64]: ...
    def attributes(self, ids: _Ids, names: list[str]) -> Columns: ...
    def __len__(self) -> int: ...
    @property
    def schema(self) -> list[tuple[str, str]]: ...
    @property
    def nbytes(self) -> int: ...

class HammingCodes:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...  # raises: made by hamming_codes
    def search(
        self, queries: NDArray[np.uint8], k: int, among: RowSets | None, threads: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]: ...
    # (ids, distances, offsets).
    def search_radius(
        self, queries: NDArray[np.uint8], radius: int, among: RowSets | None, threads: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]: ...
    def save(self, path: str, attributes: RowAttributes | None) -> None: ...
    # For queries of real numbers.
    def pack_signed(self, threads: int) -> PackedCodes: ...
    def __len__(self) -> int: ...
    @property
    def code_bytes(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def tables(self) -> int: ...
    @property
    def reach(self) -> int: ...

class HashedRows:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...  # raises: made by hash_rows
    def search(
        self,
        queries: NDArray[Any],
        k: int,
        candidates: int,
        asymmetric: bool,
        among: RowSets | None,
        threads: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]: ...
    def __len__(self) -> int: ...
    @property
    def nbytes(self) -> int: ...

# "auto", "scan" or "multi_index".
def hamming_codes(codes: NDArray[np.uint8], method: str, threads: int) -> HammingCodes: ...
def hash_rows(family: HashFamily, rows: NDArray[Any], metric: str, threads: int) -> HashedRows: ...

# (pairs (p, 2), distances (p,)).
def duplicate_pairs(
    codes: NDArray[np.uint8],
    radius: int,
    threads: int,
    progress: Callable[[int, int], object] | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]: ...

# The first row of each row's group.
def duplicate_groups(
    codes: NDArray[np.uint8],
    radius: int,
    threads: int,
    progress: Callable[[int, int], object] | None,
) -> NDArray[np.int64]: ...

# Rows and queries: float32 (n, dim), or (offsets, items) for sets.
class LshIndex:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...  # raises: made by lsh_index
    # By a recall, or, where that is 0, probes; 0 of these for all rows.
    def search(
        self,
        queries: Any,
        k: int,
        recall: float,
        probes: int,
        among: RowSets | None,
        threads: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]: ...
    def search_radius(
        self,
        queries: Any,
        radius: float,
        recall: float,
        probes: int,
        among: RowSets | None,
        threads: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]: ...
    def probes_for(self, recall: float, nearest: float) -> int: ...
    def save(self, path: str, attributes: RowAttributes | None) -> None: ...
    @property
    def metric(self) -> str: ...
    def __len__(self) -> int: ...
    @property
    def dim(self) -> int: ...
    @property
    def tables(self) -> int: ...
    @property
    def hashes(self) -> int: ...
    @property
    def width(self) -> float: ...
    @property
    def nbytes(self) -> int: ...

# "l2", "cosine" or "jaccard"; 0 hashes and a width of 0 for those that suit.
def lsh_index(
    rows: Any, metric: str, tables: int, hashes: int, width: float, seed: int, threads: int
) -> LshIndex: ...

class MultiView:
    def __init__(self, views: list[HashFamily], fusion: str, weights: list[float]) -> None: ...
    # uint8 (n, bytes) a view.
    def fuse(self, codes: list[NDArray[np.uint8]], threads: int) -> NDArray[np.uint8]: ...
    def weights(self) -> list[float]: ...
    def save(self, path: str) -> None: ...

# (mean average precision, stability) of the codes of a view.
def view_figures(
    rows: NDArray[np.uint8],
    labels: NDArray[np.uint32],
    queries: NDArray[np.uint8],
    query_labels: NDArray[np.uint32],
    k: int,
    threads: int,
) -> tuple[float, float]: ...

# A hash; codes or tables with the attributes of their rows; or the hashes, the fusion and the weights of views.
def load_hashed(path: str, threads: int) -> Any: ...

# Embeddings by hashes in a caller's float32 array, whose shape does not matter. Values: int64 (n, features).
class EmbeddingTable:
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...  # raises: made by embedding_table
    def gather(
        self, memory: NDArray[np.float32], values: NDArray[np.int64], threads: int
    ) -> NDArray[np.float32]: ...
    # In place.
    def scatter_add(
        self,
        memory: NDArray[np.float32],
        values: NDArray[np.int64],
        gradients: NDArray[np.float32],
    ) -> None: ...
    # (n, features, slices).
    def places(self, values: NDArray[np.int64]) -> NDArray[np.int64]: ...
    @property
    def numbers(self) -> int: ...
    @property
    def width(self) -> int: ...

# "multiplex", "quotient_remainder" or "blocks".
def embedding_table(
    kind: str,
    features: int,
    rows: int,
    dim: int,
    lookups: int,
    block: int,
    concat: bool,
    remainders: int,
    seed: int,
) -> EmbeddingTable: ...

# Exclusive-or of all 8-byte words: the yardstick for read bandwidth.
def read_all(data: NDArray[np.uint8], level: str) -> int: ...
def active_isa() -> str: ...
def available_isas() -> list[str]: ...
def default_threads() -> int: ...
def set_default_threads(threads: int) -> None: ...
