"""Recall against rate, rates at a recall and what they cost, of one data set and suite."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence

from bench import scoring
from bench.records import Record
from bench.report import plots
from bench.report.document import Document
from bench.report.look import Look
from bench.report.rounds import raw_bytes, settings
from bench.report.standing import (
    TARGETS,
    USUAL,
    Chosen,
    Rate,
    Standing,
    best_peer,
    ratio,
    standings,
)
from bench.report.tables import NONE, Cell, Table, joined, mebibytes, multiple, name, number
from bench.report.tables import ratio as ratio_text

Looks = Mapping[str, Look]


def mode_words(mode: str) -> str:
    """How the queries were asked."""
    if mode == "one":
        return "one query a call"
    return f"batch, {mode} thread{'' if mode == '1' else 's'}"


def unfiltered(document: Document, records: Sequence[Record], looks: Looks, context: str) -> None:
    """Recall against rate, rates at a recall, and what they cost."""
    ks = sorted({point["k"] for record in records for point in record["points"]})
    for k in ks:
        found = standings(records, k)
        if len(ks) > 1:
            document.heading(4, f"k = {k}", context)
        modes = modes_of(found)
        _pictures(document, found, modes, looks, context, k)
        document.table(rates_table(found, modes))
        document.table(_latency_table(found))
        document.table(_cost_table(found))


def modes_of(found: Sequence[Standing]) -> list[str]:
    """What was timed of any method."""
    threads = {mode for each in found for mode in each.modes()} - {"one"}
    return [
        mode
        for mode in ("one", *sorted(threads, key=int))
        if any(each.points(mode) for each in found)
    ]


def _pictures(
    document: Document,
    found: Sequence[Standing],
    modes: Sequence[str],
    looks: Looks,
    context: str,
    k: int,
) -> None:
    if all(len(scoring.front(each.points(mode))) <= 1 for each in found for mode in modes):
        rows = [
            plots.Bar(
                each.method,
                each.own,
                {mode_words(mode): _fastest(each, mode) for mode in modes},
            )
            for each in found
        ]
        path = document.picture_path(context, f"k{k}", "rates")
        plots.bars(rows, f"{context}, k = {k}", "queries a second", path)
        document.pictures_beside([(path, f"Queries a second, k = {k}.")])
        return
    drawn: list[tuple[pathlib.Path, str]] = []
    for mode in modes:
        curves = {each.method: each.points(mode) for each in found if each.points(mode)}
        path = document.picture_path(context, f"k{k}", "one" if mode == "one" else f"batch{mode}")
        title = f"{context}: {mode_words(mode)}"
        depth = found[0].depth
        without = joined(each.method for each in found if each.method not in curves)
        plots.recall_and_rate(curves, looks, title, depth, path, wide=mode == "one")
        drawn.append(
            (
                path,
                f"Recall@{depth} against queries a second, {mode_words(mode)}. "
                "Up and to the right is better."
                + (f" Not timed so: {without}." if without else ""),
            )
        )
    document.pictures_beside(drawn[:1])
    if drawn[1:]:
        document.pictures_beside(drawn[1:])


def _fastest(standing: Standing, mode: str) -> float | None:
    return max((rate for _, rate in standing.points(mode)), default=None)


def rates_table(found: Sequence[Standing], modes: Sequence[str]) -> Table:
    """Rates at each recall, with the ratio to the best peer and the winner marked."""
    if not any(each.tunable for each in found):
        return _plain_rates_table(found, modes)
    columns = [(mode, target) for mode in modes for target in TARGETS]
    rates = {column: {each.method: each.rate(*column) for each in found} for column in columns}
    peers = {column: best_peer(found, *column) for column in columns}
    rows = []
    for each in found:
        row = [name(each.method)]
        for column in columns:
            rate = rates[column][each.method]
            best = max(other.value or 0.0 for other in rates[column].values())
            peer = peers[column]
            value, mark = ratio(rate, peer[1]) if peer else (None, "")
            row.append(Cell(rate_text(rate), ratio_text(value, mark), best == rate.value))
        rows.append(row)
    names = ", ".join(
        f"{mode_words(mode)}: {peer[0]}" for mode in modes if (peer := peers[mode, USUAL])
    )
    return Table(
        "Queries a second at a recall; below each the ratio to the best peer"
        + (f" (at {USUAL:g}: {names})" if names else ""),
        ["method", *(f"{target:.2f}" for _, target in columns)],
        rows,
        [("", 1), *((mode_words(mode), len(TARGETS)) for mode in modes)],
        _own(found),
    )


def _plain_rates_table(found: Sequence[Standing], modes: Sequence[str]) -> Table:
    """Rates of methods without search settings, all of which are as exact as they get."""
    rates = {mode: {each.method: _fastest(each, mode) for each in found} for mode in modes}
    peers = {
        mode: max((rates[mode][each.method] or 0.0 for each in found if not each.own), default=0.0)
        for mode in modes
    }
    rows = []
    for each in found:
        recall = each.best_recall()
        row = [name(each.method), Cell("-" if recall is None else f"{recall:.4f}")]
        for mode in modes:
            rate = rates[mode][each.method]
            to_peer = rate / peers[mode] if rate and peers[mode] else None
            best = rate is not None and rate == max(other or 0.0 for other in rates[mode].values())
            row.append(Cell(number(rate), ratio_text(to_peer), best))
        rows.append(row)
    return Table(
        "Queries a second; below each the ratio to the best peer",
        ["method", "recall", *map(mode_words, modes)],
        rows,
        emphasised=_own(found),
    )


def rate_text(rate: Rate) -> str:
    """A rate, with the sign of a bound."""
    return NONE if rate.value is None else f"{'>' if rate.bound else ''}{number(rate.value)}"


def _latency_table(found: Sequence[Standing]) -> Table:
    rows = []
    for each in found:
        chosen = each.chosen()
        assert chosen is not None
        one = chosen.point["one"] or {}
        words = settings({**chosen.record["build_parameters"], **chosen.point["parameters"]})
        rows.append(
            [
                name(each.method),
                Cell(recall_text(chosen)),
                *(Cell(number(one.get(f"{part}_us"))) for part in ("p50", "p95", "p99")),
                Cell(number(chosen.point.get("distances"))),
                Cell(number(chosen.point.get("hops"))),
                name(words or "none to set"),
            ]
        )
    return Table(
        f"At the fastest setting of recall {USUAL:g} or more (\u201cat most\u201d: none reaches "
        "it, this is the most accurate one): latency in \u00b5s, work a query",
        ("method", "recall", "p50", "p95", "p99", "distances", "hops", "settings"),
        rows,
        emphasised=_own(found),
    )


def recall_text(chosen: Chosen) -> str:
    """The recall of a setting, and whether it is all there is."""
    return f"{'' if chosen.reached else 'at most '}{chosen.recall:.4f}"


def _cost_table(found: Sequence[Standing]) -> Table:
    rows = []
    for each in found:
        chosen = each.chosen()
        assert chosen is not None
        build = chosen.record["build"]
        raw = raw_bytes(chosen.record)
        opened = build.get("open_seconds")
        rows.append(
            [
                name(each.method),
                Cell(number(build.get("seconds"))),
                Cell(f"{build['threads']:g}" if build.get("threads") else NONE),
                *(
                    Cell(mebibytes(build.get(part)), multiple(build.get(part), raw))
                    for part in ("peak_bytes", "resting_bytes", "disk_bytes")
                ),
                Cell(number(None if opened is None else opened * 1000)),
                name(settings(chosen.record["build_parameters"]) or "none to set"),
            ]
        )
    head = (
        "method",
        "build s",
        "threads",
        "peak MiB",
        "resting MiB",
        "disk MiB",
        "open ms",
        "build settings",
    )
    return Table(
        "What that setting costs; below each size the multiple of the raw vectors",
        head,
        rows,
        emphasised=_own(found),
    )


def _own(found: Sequence[Standing]) -> frozenset[int]:
    return frozenset(at for at, each in enumerate(found) if each.own)
