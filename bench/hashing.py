"""Hashes: how well their codes rank, and how fast codes are searched beside FAISS.

Quality: rows whose label is that of the query are relevant; mean average precision and the
precision of the first 100, over all rows ranked by Hamming distance, ties by row. Families that
learn see the base alone, with its labels where they take labels. Random hyperplanes and
cross-polytopes are given rows less their mean.

Rates: one thread, the same codes and queries; exact answers of both are compared. Contenders take
turns; medians are printed, and ratios above 1 are in lanner's favour.

    python -m bench.hashing                      # all of it
    python -m bench.hashing quality --set mnist --bits 32
    python -m bench.hashing scans look-ups --rows 1000000
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

import lanner
from bench import scoring, sets
from bench.sets.shared import FOLDER
from lanner.hashing import (
    E2LSH,
    ITQ,
    SDH,
    Codes,
    CrossPolytope,
    Hyperplanes,
    LSHIndex,
    PCASign,
    SNRHash,
)
from lanner.hashing import Spectral as SpectralHash

Codes8 = NDArray[np.uint8]


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def labels_of(name: str, rows: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Labels of the base and of the queries."""
    if name == "mnist":
        arrays = np.load(FOLDER / "mnist" / "mnist.npz")
        return arrays["base_labels"], arrays["query_labels"]
    import pyarrow.parquet

    def column(file: str) -> NDArray[Any]:
        table = pyarrow.parquet.read_table(FOLDER / name / file, columns=["primary_category"])
        return np.array(table.column(0).to_pylist(), dtype=object)

    base, queries = column("attributes.parquet")[:rows], column("query_attributes.parquet")
    missing = np.array([each is None for each in base])
    base[missing] = ""
    values, numbers = np.unique(base.astype(str), return_inverse=True)
    known = {value: number for number, value in enumerate(values.tolist())}
    return numbers, np.array([known.get(each or "", -1) for each in queries.tolist()])


def signs(codes: Codes8) -> NDArray[np.float32]:
    return np.unpackbits(codes, axis=1, bitorder="little").astype(np.float32) * 2 - 1


def quality(
    codes: Codes8, labels: NDArray[Any], asked: Codes8, asked_labels: NDArray[Any]
) -> tuple[float, float]:
    """Mean average precision, and precision@100."""
    turned = signs(codes).T.copy()
    precisions, firsts = [], []
    for first in range(0, len(asked), 100):
        products = signs(asked[first : first + 100]) @ turned
        distances = ((len(turned) - products) / 2).astype(np.int16)
        order = np.argsort(distances, axis=1, kind="stable")
        relevant = labels[order] == asked_labels[first : first + 100, None]
        firsts.append(relevant[:, :100].mean(axis=1))
        found = relevant.cumsum(axis=1, dtype=np.int32)
        precision = found / np.arange(1, relevant.shape[1] + 1, dtype=np.float32)
        precisions.append((precision * relevant).sum(axis=1) / np.maximum(found[:, -1], 1))
    return float(np.concatenate(precisions).mean()), float(np.concatenate(firsts).mean())


def families(
    base: NDArray[np.float32], labels: NDArray[Any], bits: int
) -> dict[str, Callable[[], Any]]:
    dim = base.shape[1]
    rng = np.random.default_rng(0)
    some = base[rng.choice(len(base), 1000, replace=False)]
    near = float(np.median(np.linalg.norm(some[:500] - some[500:], axis=1)))
    return {
        "hyperplanes": lambda: Hyperplanes(dim, bits),
        "cross-polytope": lambda: CrossPolytope(dim, bits),
        "E2LSH": lambda: E2LSH(dim, bits, width=near),
        "PCA sign": lambda: PCASign(bits).fit(base, threads=1),
        "spectral": lambda: SpectralHash(bits).fit(base, threads=1),
        "ITQ": lambda: ITQ(bits).fit(base, threads=1),
        "SDH": lambda: SDH(bits).fit(base, labels, threads=1),
        "SNR": lambda: SNRHash(bits).fit(base, labels, threads=1),
    }


def print_quality(name: str, sizes: list[int], most_queries: int) -> None:
    data = sets.load(name)
    labels, asked_labels = labels_of(name, len(data.base))
    queries = data.queries[:most_queries]
    # Queries of a class that the base lacks have nothing to find.
    usable = np.isin(asked_labels[: len(queries)], labels)
    queries, asked_labels = queries[usable], asked_labels[: len(usable)][usable]
    mean = data.base.mean(axis=0)
    print(
        f"\n{name}: {len(data.base)} x {data.dim}, {len(np.unique(labels))} classes, "
        f"{len(queries)} queries; mAP, precision@100, seconds to fit, microseconds a code"
    )
    for bits in sizes:
        for family, make in families(data.base, labels, bits).items():
            made: list[Any] = []
            seconds = timed(lambda make=make, made=made: made.append(make()))  # type: ignore[misc]
            hash_ = made[0]
            shift = mean if isinstance(hash_, (Hyperplanes, CrossPolytope)) else np.float32(0)
            rows = data.base - shift
            held: list[Codes8] = []
            encode = timed(lambda: held.append(hash_.encode(rows, threads=1)))  # noqa: B023
            precision, first = quality(held[0], labels, hash_.encode(queries - shift), asked_labels)
            print(
                f"{bits:>4} bits  {family:<15} {precision:.4f}  {first:.4f}  {seconds:7.2f} s"
                f"  {encode / len(rows) * 1e6:8.2f} us",
                flush=True,
            )


def turns(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            taken[name].append(timed(call))
    return {name: statistics.median(each) for name, each in taken.items()}


def print_rates(label: str, seconds: dict[str, float], queries: int) -> None:
    ours = seconds.pop("lanner")
    theirs = "; ".join(
        f"{name} {queries / each:.0f}, ratio {each / ours:.2f}" for name, each in seconds.items()
    )
    print(f"{label:<34} lanner {queries / ours:.0f} q/s; {theirs}", flush=True)


def clustered(rows: int, bits: int, queries: int) -> tuple[Codes8, Codes8]:
    """Codes of real look: bits of random projections of clustered points."""
    rng = np.random.default_rng(bits)
    centres = rng.standard_normal((1000, 64)).astype(np.float32)
    chosen = rng.integers(0, len(centres), rows + queries)
    family = Hyperplanes(64, bits)
    codes = [
        family.encode(centres[part] + rng.standard_normal((len(part), 64)).astype(np.float32) * 0.5)
        for part in np.array_split(chosen, max(1, (rows + queries) // 50_000))
    ]
    whole = np.concatenate(codes)
    return whole[:rows], whole[rows:]


def scans(bits: int, rows: int, repeats: int) -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 256, (rows, bits // 8), dtype=np.uint8)
    asked = rng.integers(0, 256, (64, bits // 8), dtype=np.uint8)
    ours = Codes(codes, method="scan")
    flat = faiss.IndexBinaryFlat(bits)
    flat.add(codes)
    same = ours.search(asked, 10, threads=1).distances == flat.search(asked, 10)[0]
    assert same.all()
    for count in (1, len(asked)):
        few = asked[:count]
        seconds = turns(
            {
                "lanner": lambda few=few: ours.search(few, 10, threads=1),  # type: ignore[misc]
                "faiss flat": lambda few=few: flat.search(few, 10),  # type: ignore[misc]
            },
            repeats * (8 if count == 1 else 1),
        )
        rate = codes.nbytes * count / seconds["lanner"] / 1e9
        print_rates(f"scan {bits} bits, k=10, {count} at once", seconds, count)
        print(f"{'':<34} {rate:.1f} GB/s of codes")
    words = codes.reshape(-1)
    level = lanner.isa().active
    read = statistics.median(timed(lambda: lanner._core.read_all(words, level)) for _ in range(5))
    print(f"{'':<34} {codes.nbytes / read / 1e9:.1f} GB/s read and nothing else")


def look_ups(bits: int, rows: int, repeats: int, kind: str) -> None:
    if kind == "uniform":
        rng = np.random.default_rng(1)
        codes = rng.integers(0, 256, (rows, bits // 8), dtype=np.uint8)
        asked = codes[rng.choice(rows, 500, replace=False)]
        flips = rng.random((500, bits)) < 2 / bits
        asked = asked ^ np.packbits(flips, axis=1)
    else:
        codes, asked = clustered(rows, bits, 500)
    ours = Codes(codes)
    print(f"{bits} bits, {kind}: {ours.tables} tables, looked up to distance {ours.reach}")
    peers: dict[str, Any] = {"faiss flat": faiss.IndexBinaryFlat(bits)}
    tables = max(ours.tables, 1)
    peers["faiss multi-hash"] = faiss.IndexBinaryMultiHash(bits, tables, bits // tables)
    for peer in peers.values():
        peer.add(codes)
    radii = (0, 2, 5) if bits == 64 else (0, 5, 11)
    for radius in radii:
        # FAISS keeps what is nearer than the radius; its tables look one bit further for each flip.
        peers["faiss multi-hash"].nflip = radius // tables
        calls: dict[str, Callable[[], object]] = {
            "lanner": lambda radius=radius: ours.search_radius(asked, radius, threads=1)  # type: ignore[misc]
        }
        found = len(ours.search_radius(asked, radius).ids)
        told = []
        for name, peer in peers.items():
            some = asked[:20] if name == "faiss flat" else asked
            calls[name] = lambda peer=peer, some=some, radius=radius: peer.range_search(  # type: ignore[misc]
                some, radius + 1
            )
            told.append(f"{name} found {len(peer.range_search(asked, radius + 1)[2])}")
        seconds = turns(calls, repeats)
        seconds["faiss flat"] *= len(asked) / 20
        print_rates(f"radius {radius}", seconds, len(asked))
        print(f"{'':<34} found {found}; {', '.join(told)}")
    few = asked[:100]
    seconds = turns(
        {
            "lanner": lambda: ours.search(few, 10, threads=1),
            "faiss flat": lambda: peers["faiss flat"].search(few, 10),
        },
        repeats,
    )
    print_rates("k=10, exact", seconds, len(few))


def print_tables(name: str, most_queries: int) -> None:
    """Recall and rate of tables of hashes, by the buckets that are looked into."""
    data = sets.load(name).with_truth()
    queries = data.queries[:most_queries]
    assert data.truth is not None
    made: list[LSHIndex] = []
    seconds = timed(lambda: made.append(LSHIndex(data.base, metric=data.metric, threads=1)))
    index = made[0]
    print(f"\n{name}: {index!r}, made in {seconds:.1f} s, {index.nbytes / 1e6:.0f} MB")
    for probes in (16, 64, 256, 1024):
        ids = index.search(queries, 10, probes=probes, threads=1).ids
        taken = timed(lambda probes=probes: index.search(queries, 10, probes=probes, threads=1))  # type: ignore[misc]
        found = scoring.recall(data, queries, data.truth[: len(queries)], ids, 10).mean()
        print(f"{probes:>5} buckets  recall@10 {found:.4f}  {len(queries) / taken:8.0f} q/s")
    for recall in (0.8, 0.9, 0.95):
        ids = index.search(queries, 10, recall=recall, threads=1).ids
        found = scoring.recall(data, queries, data.truth[: len(queries)], ids, 10).mean()
        print(f"asked {recall}: {index.probes_for(recall)} buckets, recall@10 {found:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=["quality", "tables", "scans", "look-ups"])
    parser.add_argument("--set", nargs="+", default=["mnist", "papers"])
    parser.add_argument("--bits", type=int, nargs="+", default=[32, 64, 128])
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    faiss.omp_set_num_threads(1)
    print(
        f"{platform.machine()}, lanner {lanner.__version__} ({lanner.isa().active}), "
        f"faiss {faiss.__version__}, one thread"
    )
    if "quality" in args.parts:
        for name in args.set:
            print_quality(name, args.bits, args.queries)
    if "tables" in args.parts:
        for name in args.set:
            print_tables(name, args.queries)
    if "scans" in args.parts:
        print(f"\nscans of {args.rows} codes")
        for bits in (64, 256, 1024):
            scans(bits, args.rows, args.repeats)
    if "look-ups" in args.parts:
        print(f"\nlook-ups among {args.rows} codes")
        for bits in (64, 128):
            for kind in ("uniform", "clustered"):
                look_ups(bits, args.rows, args.repeats, kind)


if __name__ == "__main__":
    main()
