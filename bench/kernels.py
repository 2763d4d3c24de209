"""The kernels by themselves: nanoseconds a distance, in cache and from memory, beside peers.

Columns: `cache`, rows that fill half of the second-level cache, one after the other; `scan`, the
same from memory, with its bytes a second and their share of the measured read bandwidth;
`scattered`, single rows from memory in random order. One thread, one query at a time.

What memory gives is measured in turns with the kernel, since a machine that others use too gives
now more and now less: `of read` is the median, turn by turn, of the scan's rate and that of reading
as many bytes without arithmetic; `of l2` that of the time of scattered rows and of the same rows
under l2 (bits: hamming).

Every figure is the slope between a call with few queries and one with more, so that what a call
costs once is not in it; in cache, what a query of a single row costs is taken off as well. Times
are processor times of the one thread. Everybody writes a number of four bytes a row (SimSIMD eight)
to places that are written again: in cache as many as there are rows, in scans those of a block, of
512 rows here, as in exact search, and of 65,536 for the peers, whose calls from Python would cost
more than small blocks. SimSIMD and FAISS do the same work through their own batch calls; FAISS has
float32 and bits alone. SimSIMD's float16 and bfloat16 queries are of the rows' type, lanner's are
float32.

    python -m bench.kernels --levels avx512_vnni avx2 --json kernels.json
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lanner
from bench import machine
from lanner import _core

Array = NDArray[Any]
Call = Callable[[int], object]

NUMBER_METRICS = ("l2", "cosine", "ip", "snr", "snr_item")
BIT_METRICS = ("hamming", "jaccard")
TYPES = ("float32", "float16", "bfloat16", "int8", "uint8", "bits")
SIMSIMD_METRICS = {"l2": "sqeuclidean", "ip": "inner", "cosine": "cosine"}
SIMSIMD_METRICS |= {"hamming": "hamming", "jaccard": "jaccard"}
SIMSIMD_TYPES = {"bfloat16": "bfloat16", "bits": "bin8"}
SCAN_ROWS = 512
PEER_SCAN_ROWS = 65_536


@dataclass
class Figures:
    """One line of the table; None is what was not measured."""

    kernels: str
    dtype: str
    metric: str
    cache_ns: float | None = None
    scan_ns: float | None = None
    scan_gb_s: float | None = None
    scan_share: float | None = None
    scattered_ns: float | None = None
    scattered_of_l2: float | None = None


def row_bytes(dtype: str, dim: int) -> int:
    per_feature = {"float32": 32, "float16": 16, "bfloat16": 16, "int8": 8, "uint8": 8, "bits": 1}
    return (dim * per_feature[dtype] + 7) // 8


def make_rows(dtype: str, count: int, dim: int) -> Array:
    """Return random rows as the core takes them; a short stretch of them repeats."""
    rng = np.random.default_rng(1)
    block = min(count, 4096)
    rows: Array
    if dtype in ("bits", "uint8"):
        rows = rng.integers(0, 256, (block, row_bytes(dtype, dim)), dtype=np.uint8)
    elif dtype == "int8":
        rows = rng.integers(-128, 128, (block, dim), dtype=np.int8)
    else:
        values = rng.standard_normal((block, dim), dtype=np.float32)
        rows = values.astype(np.float16) if dtype == "float16" else values
        if dtype == "bfloat16":
            rows = (values.view(np.uint32) >> 16).astype(np.uint16)
    # Whole cache lines from the start: NumPy aligns to 16 bytes only.
    size = count * rows.shape[1] * rows.itemsize
    buffer = np.empty(size + 64, dtype=np.uint8)
    start = -buffer.ctypes.data % 64
    whole = buffer[start : start + size].view(rows.dtype).reshape(count, rows.shape[1])
    for first in range(0, count, block):
        whole[first : first + block] = rows[: count - first]
    return whole


def make_queries(dtype: str, count: int, dim: int) -> Array:
    is_float = dtype in ("float32", "float16", "bfloat16")
    return make_rows("float32" if is_float else dtype, count, dim)


def slope(call: Call, least_seconds: float, repetitions: int) -> float:
    """Return the seconds that one more query takes: the median of several slopes."""
    few = 1
    more = 3
    call(more)
    while more < 1 << 14 and seconds(call, more) - seconds(call, few) < least_seconds:
        more = 2 * more + 1
        call(more)
    slopes = [(seconds(call, more) - seconds(call, few)) / (more - few) for _ in range(repetitions)]
    return statistics.median(slopes)


def seconds(call: Call, queries: int) -> float:
    start = time.thread_time()
    call(queries)
    return time.thread_time() - start


def row_blocks(rows: Array, scan: bool) -> list[Array]:
    step = PEER_SCAN_ROWS if scan else len(rows)
    return [rows[first : first + step] for first in range(0, len(rows), step)]


class Lanner:
    def __init__(self, level: str) -> None:
        self.name = level

    def caller(
        self, dtype: str, metric: str, dim: int, rows: Array, order: Array | None, scan: bool
    ) -> Call | None:
        query = make_queries(dtype, 1, dim)
        out = np.empty(SCAN_ROWS if scan else len(rows), dtype=np.float32)

        def call(count: int) -> None:
            _core.kernel_scan(query, rows, dim, metric, dtype, self.name, order, count, out)

        return call


class SimSimd:
    name = "simsimd"

    def __init__(self) -> None:
        self.module = importlib.import_module("simsimd")

    def caller(
        self, dtype: str, metric: str, dim: int, rows: Array, order: Array | None, scan: bool
    ) -> Call | None:
        if order is not None or metric not in SIMSIMD_METRICS:
            return None
        queries = make_rows(dtype, 1, dim)
        name = SIMSIMD_METRICS[metric]
        type_name = SIMSIMD_TYPES.get(dtype, dtype)

        blocks = row_blocks(rows, scan)

        def call(count: int) -> None:
            for _ in range(count):
                for block in blocks:
                    self.module.cdist(queries, block, metric=name, dtype=type_name, threads=1)

        try:
            call(1)
        except (TypeError, ValueError, LookupError):
            return None
        return call


class Faiss:
    name = "faiss"

    def __init__(self) -> None:
        self.module = importlib.import_module("faiss")
        self.module.omp_set_num_threads(1)

    def caller(
        self, dtype: str, metric: str, dim: int, rows: Array, order: Array | None, scan: bool
    ) -> Call | None:
        faiss = self.module
        if order is not None or (dtype, metric) not in (
            ("float32", "l2"),
            ("float32", "ip"),
            ("bits", "hamming"),
        ):
            return None
        keep = make_queries(dtype, 1, dim)
        query = faiss.swig_ptr(keep)
        arrays = row_blocks(rows, scan)
        blocks = [(faiss.swig_ptr(block), len(block)) for block in arrays]
        out = np.empty(len(arrays[0]), dtype=np.float32 if dtype == "float32" else np.int32)
        to = faiss.swig_ptr(out)

        def call(count: int, _keep: Any = (keep, arrays, out)) -> None:
            for _ in range(count):
                for base, size in blocks:
                    if metric == "l2":
                        faiss.fvec_L2sqr_ny(to, query, base, dim, size)
                    elif metric == "ip":
                        faiss.fvec_inner_products_ny(to, query, base, dim, size)
                    else:
                        faiss.hammings(query, base, 1, size, rows.shape[1], to)

        return call


@functools.cache
def reader(size: int) -> Call:
    """Return what reads so many bytes, by the best level."""
    data = np.ones(size, dtype=np.uint8)
    level = _core.available_isas()[0]

    def call(count: int) -> None:
        for _ in range(count):
            _core.read_all(data, level)

    return call


def in_turns(calls: list[Call], repetitions: int) -> Array:
    """Return the seconds of a query of each call, shape (repetitions, calls), one after another."""
    for call in calls:
        call(1)
    return np.array(
        [[(seconds(call, 3) - seconds(call, 1)) / 2 for call in calls] for _ in range(repetitions)]
    )


def measure(kernels: Any, dtype: str, metric: str, args: argparse.Namespace) -> Figures | None:
    dim = args.bits if dtype == "bits" else args.dim
    size = row_bytes(dtype, dim)
    figures = Figures(kernels.name, dtype, metric)
    near = make_rows(dtype, max(8, args.l2_bytes // 2 // size), dim)
    call = kernels.caller(dtype, metric, dim, near, None, scan=False)
    if call is None:
        return None
    alone = kernels.caller(dtype, metric, dim, near[:1], None, scan=False)
    others = slope(call, 0.01, args.repetitions) - slope(alone, 0.01, args.repetitions)
    figures.cache_ns = others / (len(near) - 1) * 1e9
    if args.no_memory:
        return figures
    far = make_rows(dtype, args.memory_bytes // size, dim)
    call = kernels.caller(dtype, metric, dim, far, None, scan=True)
    turns = in_turns([reader(args.memory_bytes), call], args.repetitions)
    scan = float(np.median(turns[:, 1])) / len(far)
    figures.scan_ns = scan * 1e9
    figures.scan_gb_s = size / scan / 1e9
    read_ns = turns[:, 0] / args.memory_bytes * size * len(far)
    figures.scan_share = float(np.median(read_ns / turns[:, 1]))
    order = np.random.default_rng(2).permutation(len(far))
    call = kernels.caller(dtype, metric, dim, far, order, scan=True)
    if call is not None:
        plain = "hamming" if dtype == "bits" else "l2"
        like = kernels.caller(dtype, plain, dim, far, order, scan=True)
        turns = in_turns([like, call], args.repetitions)
        figures.scattered_ns = float(np.median(turns[:, 1])) / len(far) * 1e9
        figures.scattered_of_l2 = float(np.median(turns[:, 1] / turns[:, 0]))
    return figures


def cache_bytes() -> int:
    """Return the size of one core's second-level cache, or 1 MiB where the system does not say."""
    for index in range(8):
        folder = Path(f"/sys/devices/system/cpu/cpu0/cache/index{index}")
        try:
            if (folder / "level").read_text().strip() == "2":
                return int((folder / "size").read_text().strip().removesuffix("K")) * 1024
        except OSError:
            break
    return 1 << 20


def peers(wanted: bool) -> tuple[list[Any], dict[str, str]]:
    """Return the peers installed, and the version of each, or "absent"."""
    found: list[Any] = []
    versions: dict[str, str] = {}
    for peer in (SimSimd, Faiss) if wanted else ():
        try:
            found.append(peer())
            versions[peer.name] = found[-1].module.__version__
        except ImportError:
            versions[peer.name] = "absent"
    return found, versions


def cell(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--levels", nargs="+", default=_core.available_isas())
    parser.add_argument("--types", nargs="+", default=list(TYPES), choices=TYPES)
    parser.add_argument("--metrics", nargs="+", default=[*NUMBER_METRICS, *BIT_METRICS])
    parser.add_argument("--dim", type=int, default=384)
    parser.add_argument("--bits", type=int, default=1024, help="dimension of the type bits")
    parser.add_argument("--memory-bytes", type=int, default=256 << 20)
    parser.add_argument("--l2-bytes", type=int, default=cache_bytes())
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--no-memory", action="store_true", help="in cache alone")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser


def measured(args: argparse.Namespace, others: list[Any]) -> Iterator[Figures]:
    """Measure all kernels asked for, one after the other."""
    for dtype in args.types:
        of_type = BIT_METRICS if dtype == "bits" else NUMBER_METRICS
        for metric in (metric for metric in args.metrics if metric in of_type):
            for kernels in [*(Lanner(level) for level in args.levels), *others]:
                figures = measure(kernels, dtype, metric, args)
                if figures is not None:
                    yield figures


def best_level_figures() -> list[dict[str, Any]]:
    """Figures of the level in use and of the peers, for a record of the harness."""
    args = _parser().parse_args(["--levels", lanner.isa().active])
    return [asdict(figures) for figures in measured(args, peers(True)[0])]


def main() -> None:
    """Measure and print."""
    args = _parser().parse_args()
    others, versions = peers(not args.no_peers)
    bandwidth = args.memory_bytes / float(
        np.median(in_turns([reader(args.memory_bytes)], args.repetitions))
    )
    about = {
        "cpu": machine.describe()["cpu"],
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "l2_bytes": args.l2_bytes,
        "read_gb_s": round(bandwidth / 1e9, 1),
        "levels": _core.available_isas(),
        "versions": {"lanner": lanner.__version__, "numpy": np.__version__, **versions},
        "dim": args.dim,
        "bits": args.bits,
        "memory_bytes": args.memory_bytes,
        "repetitions": args.repetitions,
    }
    for name, value in about.items():
        print(f"{name}: {value}")
    header = f"{'type':<9}{'metric':<9}{'kernels':<12}{'cache ns':>9}{'scan ns':>9}{'GB/s':>7}"
    print(f"\n{header}{'of read':>9}{'scattered ns':>14}{'of l2':>7}")
    results = []
    for figures in measured(args, others):
        results.append(asdict(figures))
        print(
            f"{figures.dtype:<9}{figures.metric:<9}{figures.kernels:<12}"
            f"{cell(figures.cache_ns, '.2f'):>9}{cell(figures.scan_ns, '.2f'):>9}"
            f"{cell(figures.scan_gb_s, '.1f'):>7}{cell(figures.scan_share, '.0%'):>9}"
            f"{cell(figures.scattered_ns, '.2f'):>14}{cell(figures.scattered_of_l2, '.2f'):>7}",
            flush=True,
        )
    if args.json is not None:
        args.json.write_text(json.dumps({"machine": about, "kernels": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
