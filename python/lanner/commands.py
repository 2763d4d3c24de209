"""The commands of the command line: info, verify, build, search, demo."""

from __future__ import annotations

import contextlib
import functools
import tempfile
import time
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

import lanner
from lanner import _core, demo
from lanner._arguments import naming_file
from lanner._written_hits import hit_table, write_hits
from lanner.readers import (
    ATTRIBUTE_SUFFIXES,
    VECTOR_SUFFIXES,
    read_attributes,
    read_ids,
    read_queries,
    read_vectors,
)

P = ParamSpec("P")

_SHOWN_QUERIES = 10
_DEMO_QUERIES = 4
_DEMO_SECONDS = 0.5
_JOURNAL_HEADER = 64  # bytes, which all journals have

app = typer.Typer(
    name="lanner",
    help="Build, search and check vector indexes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
_out = Console(highlight=False)
_err = Console(stderr=True, highlight=False)


def _reported(command: Callable[P, None]) -> Callable[P, None]:
    """Turn errors into one line on standard error and exit status 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (lanner.Error, OSError, MemoryError) as error:
            _err.print(Text(f"lanner: {str(error) or type(error).__name__}"), soft_wrap=True)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            _err.print("lanner: interrupted")
            raise typer.Exit(130) from None

    return run


def _check_output(out: Path, *inputs: Path) -> None:
    """Refuse, before any work, an output that cannot be written or is another program's file."""
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise lanner.InvalidArgumentError(
            f"{out} cannot be written: it must name a file in a folder"
        )
    if not out.exists():
        return
    if any(each.exists() and out.samefile(each) for each in inputs):
        raise lanner.InvalidArgumentError(f"{out} is an input, and would be overwritten")
    with out.open("rb") as file:
        start = file.read(8)
    if start and start != b"\x89lanner\n":
        raise lanner.InvalidArgumentError(f"{out} exists and is no lanner file; remove it first")


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and the instruction set.")
    ] = False,
) -> None:
    if version:
        _out.print(f"lanner {lanner.__version__} ({lanner.isa().active})")
        raise typer.Exit


@app.command()
@_reported
def info(file: Annotated[Path, typer.Argument(help="A file that lanner saved.")]) -> None:
    """Show what a saved index, or another file of lanner's, is and which sections it has."""
    with naming_file(str(file)):
        about = _core.file_info(str(file))
    table = Table(show_header=False, box=None)
    for name in ("kind", "version", "size", "dim", "metric", "dtype"):
        if name in about:
            table.add_row(name, str(about[name]))
    if about["kind"] == "index":
        table.add_row(
            "graph",
            f"hnsw, M={about['M']}, ef_construction={about['ef_construction']}"
            if about["graph"]
            else "none",
        )
        if about["codec"]:
            table.add_row("codec", f"{about['codec']}, beside {about['keep'] or 'nothing'}")
        table.add_row("seed", str(about["seed"]))
        table.add_row("ids", about["id_kind"] or "none yet")
        # Of a file that cannot be opened, the sections are shown all the same.
        with contextlib.suppress(lanner.FileFormatError):
            kinds = (f"{name} {kind}" for name, kind in lanner.open(file).schema.items())
            table.add_row("attributes", Text(", ".join(kinds) or "none"))
    table.add_row("bytes", f"{about['bytes']:,}")
    journal = _journal_of(file) if about["kind"] == "index" else ""
    if journal:
        table.add_row("journal", Text(journal))
    _out.print(table)
    sections = Table("section", "offset", "bytes", "crc32")
    for each in about["sections"]:
        sections.add_row(
            Text(each["name"]), f"{each['offset']:,}", f"{each['length']:,}", f"{each['crc32']:08x}"
        )
    _out.print(sections)


@app.command()
@_reported
def verify(file: Annotated[Path, typer.Argument(help="A file that lanner saved.")]) -> None:
    """Read a saved index, or another file of lanner's, and check every checksum and invariant."""
    about = lanner.verify(file)
    kind = "" if about["kind"] == "index" else f"{about['kind']}, "
    items = f"{about['size']:,} items, " if "size" in about else ""
    _out.print(
        Text(
            f"{file} is sound: {kind}{items}{len(about['sections'])} sections, "
            f"{about['bytes']:,} bytes"
        ),
        soft_wrap=True,
    )
    if about["kind"] == "index" and (journal := _journal_of(file)):
        _out.print(Text(f"journal: {journal}"), soft_wrap=True)


def _journal_of(file: Path) -> str:
    """Return what is to be said of the journal beside an index; nothing where it has no records."""
    journal = Path(f"{file.resolve()}.journal")
    try:
        length = journal.stat().st_size
    except OSError:
        return ""
    if length <= _JOURNAL_HEADER:
        return ""
    return (
        f"{journal.name}, {length:,} bytes, with changes that may not be in the file yet: "
        "lanner.open(durable=True) sees them"
    )


@app.command()
@_reported
def build(
    vectors: Annotated[
        Path, typer.Argument(help=f"A file of vectors: {', '.join(VECTOR_SUFFIXES)}.")
    ],
    out: Annotated[Path, typer.Argument(help="The index to write.")],
    metric: Annotated[
        str, typer.Option(help="l2, cosine, ip, snr, snr_item, hamming or jaccard.")
    ] = "cosine",
    dtype: Annotated[
        str, typer.Option(help="float32, float16, bfloat16, int8, uint8 or bits.")
    ] = "float32",
    m: Annotated[
        int | None, typer.Option("--M", help="Links of an item (16).", show_default=False)
    ] = None,
    ef_construction: Annotated[
        int | None,
        typer.Option(help="Candidates looked at to link an item (128).", show_default=False),
    ] = None,
    graph: Annotated[
        bool, typer.Option("--graph/--no-graph", help="Without a graph, search is exact.")
    ] = True,
    codec: Annotated[
        str, typer.Option(help="auto, none, SQ8, SQ4, or as OPQ96x4: what searches look at first.")
    ] = "auto",
    keep: Annotated[
        str,
        typer.Option(help="Beside the codes: dtype (the vectors as they are), float16, or none."),
    ] = "dtype",
    memory_budget: Annotated[
        str | None,
        typer.Option(
            help="Bytes a vector, as '64 B': chooses --codec and --keep.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the graph's levels.")] = 0,
    ids: Annotated[
        Path | None, typer.Option(help="Ids, as .npy or one a line in .txt; else 0, 1, 2, ...")
    ] = None,
    attributes: Annotated[
        Path | None,
        typer.Option(
            help=f"Attributes, a row a vector: {', '.join(ATTRIBUTE_SUFFIXES)}. Columns of a .csv "
            "are integers, floats, true and false, or timestamps where all fields are written so "
            "(2024-05-06, 2024-05-06T07:08:09Z), else strings; lists need a .jsonl or .parquet."
        ),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option(
            help="A column of a .csv that is of strings whatever its fields are; give it again for "
            "more.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The array of an .npz, or the column of a .parquet.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Default: one a processor.", show_default=False)
    ] = None,
) -> None:
    """Build an index of a file of vectors and save it."""
    _check_output(out, vectors, *(each for each in (ids, attributes) if each is not None))
    rows = read_vectors(vectors, name=name)
    given = read_ids(ids) if ids is not None else None
    columns = _read_columns(attributes, text or [])
    chosen: dict[str, Any] = {"M": m, "ef_construction": ef_construction}
    index = lanner.Index(
        rows.shape[1] * (8 if dtype == "bits" and rows.dtype == np.uint8 else 1),
        metric,
        dtype,
        graph="hnsw" if graph else None,
        codec=None if codec.lower() == "none" else codec,
        keep=None if keep.lower() == "none" else keep,
        memory_budget=memory_budget,
        seed=seed,
        **{key: value for key, value in chosen.items() if value is not None},
    )
    began = time.perf_counter()
    index.add(rows, given, attributes=columns, threads=threads, progress=True)
    seconds = time.perf_counter() - began
    index.save(out)
    _out.print(Text(f"{out}: {index!r}, built in {seconds:.2f} s"), soft_wrap=True)
    left_out = [each for each in _column_names(columns) if each not in index.schema]
    if left_out:
        _out.print(
            Text(f"left out, as they hold no value: {', '.join(map(repr, left_out))}"),
            soft_wrap=True,
        )


def _read_columns(attributes: Path | None, text: list[str]) -> Any:
    """Return the columns of a file, those that are named as they are written, or None."""
    if attributes is None:
        if text:
            raise lanner.InvalidArgumentError("--text names columns of --attributes, got none")
        return None
    schema = dict.fromkeys(text, "string") if text else None
    columns = read_attributes(attributes, schema=schema)
    for name in text:
        if name not in columns:
            hint = _core.near_name_hint(name, tuple(columns))
            raise lanner.InvalidArgumentError(f"{attributes} has no column {name!r}{hint}")
    return columns


def _column_names(columns: Any) -> list[str]:
    """Return the names of what `read_attributes` returns, or of None."""
    if isinstance(columns, list):
        return list(dict.fromkeys(chain.from_iterable(columns)))
    return list(getattr(columns, "column_names", columns or ()))


@app.command()
@_reported
def search(
    index: Annotated[Path, typer.Argument(help="A saved index.")],
    queries: Annotated[
        Path, typer.Argument(help="A file of vectors, as for build; an array of one vector too.")
    ],
    k: Annotated[int, typer.Option("--k", help="Neighbours of each query.")] = 10,
    recall: Annotated[
        float | None,
        typer.Option(help="Share of the true neighbours to find (0.95).", show_default=False),
    ] = None,
    ef: Annotated[
        int | None, typer.Option(help="Width of the walk through the graph.", show_default=False)
    ] = None,
    exact: Annotated[bool, typer.Option("--exact", help="Compare with every item.")] = False,
    filter: Annotated[
        str | None,
        typer.Option(
            help="What hits must satisfy, as 'year >= 2020 and \"cs.IR\" in tags'.",
            show_default=False,
        ),
    ] = None,
    attributes: Annotated[
        list[str] | None,
        typer.Option(
            help="A column of attributes to tell of each hit; give it again for more.",
            metavar="NAME",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write all hits to an .npz or a .csv.", show_default=False)
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The array of an .npz, or the column of a .parquet.")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Default: one a processor.", show_default=False)
    ] = None,
) -> None:
    """Search a saved index with a file of queries; show the first ones or write all to a file.

    An .npz has ids, distances and counts, and of each column of attributes attributes.NAME and
    nulls.NAME, which tells what is null there or no hit; lists are text of JSON. A .csv has a row a
    hit, with an empty field for a null.
    """
    if out is not None and out.suffix.lower() not in (".npz", ".csv"):
        raise lanner.InvalidArgumentError(f"--out must end in .npz or .csv, got {out}")
    opened = lanner.open(index)
    rows = read_queries(queries, name=name)
    names = list(dict.fromkeys(attributes or ()))
    hits = opened.search(
        rows,
        k,
        filter=filter,
        recall=recall,
        ef=ef,
        exact=exact,
        attributes=names or None,
        threads=threads,
    )
    if out is None:
        _out.print(hit_table(hits, names, _SHOWN_QUERIES))
        return
    write_hits(out, hits, names, opened.schema)
    _out.print(
        Text(f"{out}: {int(np.sum(hits.counts)):,} hits of {len(hits):,} queries"), soft_wrap=True
    )


@app.command(name="demo")
@_reported
def demo_command(
    out: Annotated[
        Path | None,
        typer.Option(help="Keep the index here; else it is thrown away.", show_default=False),
    ] = None,
) -> None:
    """Index 4,000 papers of arXiv, search them, measure, save, open and verify."""
    if out is not None:
        _check_output(out)
    papers = demo.load()
    count, dim = papers.vectors.shape
    _out.print(f"lanner {lanner.__version__}, instruction set {lanner.isa().active}")
    _out.print(
        f"{count:,} papers of arXiv, embedded in {dim} dimensions; "
        f"{len(papers.queries)} more are the queries"
    )

    index = lanner.Index(dim=dim, metric="cosine")
    began = time.perf_counter()
    index.add(papers.vectors, progress=True)
    _out.print(f"\n[bold]built[/bold] in {time.perf_counter() - began:.2f} s: ", end="")
    _out.print(Text(repr(index)), soft_wrap=True)

    hits = index.search(papers.queries[:_DEMO_QUERIES], k=5)
    for title, found in zip(papers.query_attributes["title"], hits, strict=False):
        table = Table(
            "distance",
            "nearest papers",
            "category",
            "year",
            title=Text(title),
            title_justify="left",
        )
        for id, distance in found:
            paper = {
                name: papers.attributes[name][id] for name in ("title", "primary_category", "year")
            }
            table.add_row(
                f"{distance:.3f}",
                Text(paper["title"]),
                paper["primary_category"],
                str(paper["year"]),
            )
        _out.print()
        _out.print(table)

    _show_speed(index, papers)

    with tempfile.TemporaryDirectory() as folder:
        path = out or Path(folder) / "papers.lanner"
        index.save(path)
        _out.print(Text(f"\nsaved {path.stat().st_size:,} bytes to {path}"), soft_wrap=True)
        began = time.perf_counter()
        opened = lanner.open(path)
        _out.print(f"opened in {(time.perf_counter() - began) * 1e3:.2f} ms")
        again = opened.search(papers.queries, k=10)
        if not np.array_equal(again.ids, index.search(papers.queries, k=10).ids):
            raise lanner.Error("the opened index answers otherwise than the one that was saved")
        _out.print(
            f"verified {len(lanner.verify(path)['sections'])} sections; it answers as before"
        )
        # A mapped file cannot be removed on Windows.
        del opened


def _show_speed(index: lanner.Index, papers: demo.Papers) -> None:
    queries = papers.queries.astype(np.float32)
    recall = index.measure_recall(queries, k=10)
    table = Table(
        "one thread, k=10", "recall@10", "queries per second", title="speed", title_justify="left"
    )
    for name, exact in (("graph", False), ("exact search", True)):
        rate = _queries_per_second(index, queries, exact)
        table.add_row(name, f"{1.0 if exact else recall:.4f}", f"{rate:,.0f}")
    _out.print()
    _out.print(table)
    _out.print(f"{len(index):,} items are few: the graph pays from some tens of thousands on")


def _queries_per_second(index: lanner.Index, queries: NDArray[np.float32], exact: bool) -> float:
    """Search all queries again and again for a while, and return the rate of the fastest round."""
    best = float("inf")
    end = time.perf_counter() + _DEMO_SECONDS
    while True:
        began = time.perf_counter()
        index.search(queries, k=10, exact=exact, threads=1)
        now = time.perf_counter()
        best = min(best, now - began)
        if now >= end:
            return len(queries) / best
