"""What the page tells of one data set and suite, and of the kernels."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from bench import scoring
from bench.records import Record
from bench.report import plots
from bench.report.document import Document
from bench.report.look import Look
from bench.report.rounds import settings
from bench.report.standing import (
    TARGETS,
    USUAL,
    Chosen,
    Rate,
    Standing,
    best_peer,
    is_own,
    ratio,
    standings,
)
from bench.report.tables import (
    NONE,
    Cell,
    Table,
    joined,
    mebibytes,
    multiple,
    name,
    number,
)
from bench.report.tables import ratio as ratio_text

Looks = Mapping[str, Look]

# A kind of filter, a method, a selectivity: the settings that were measured.
Filtered = dict[str, dict[str, dict[float, list[dict[str, Any]]]]]


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
        raw = _raw_bytes(chosen.record)
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


def filtered(document: Document, records: Sequence[Record], looks: Looks, context: str) -> None:
    """Rates of filtered queries against selectivity, one panel and one table a kind."""
    ks = sorted({line["k"] for record in records for line in record["filtered"]})
    own = {record["method"] for record in records if is_own(record)}
    for k in ks:
        found = by_kind(records, k)
        if len(ks) > 1:
            document.heading(4, f"k = {k}", context)
        panels = {
            kind: {
                method: [(share, filtered_rate(lines)) for share, lines in sorted(shares.items())]
                for method, shares in methods.items()
            }
            for kind, methods in found.items()
        }
        path = document.picture_path(context, f"k{k}", "selectivity")
        plots.rate_and_selectivity(panels, looks, path)
        caption = (
            f"Queries a second at recall@{k} of {USUAL:g} or more, one query a call, against the "
            "share of the rows that match. A gap: no setting reaches that recall."
        )
        document.pictures_beside([(path, caption)])
        overview = filtered_overview(found, own, k)
        if overview is not None:
            document.table(overview)
        for kind, methods in found.items():
            document.table(filtered_table(kind, methods, own, k))
        short = short_table(found)
        if short is not None:
            document.table(short)
        else:
            document.text("No method gave fewer answers than there are.", "soft")


def by_kind(records: Sequence[Record], k: int) -> Filtered:
    """Lines of filtered queries, by kind, method and selectivity."""
    found: Filtered = {}
    for record in records:
        for line in record["filtered"]:
            if line["k"] == k:
                methods = found.setdefault(line["kind"], {})
                shares = methods.setdefault(record["method"], {})
                shares.setdefault(line["selectivity"], []).append(line)
    return found


def filtered_rate(lines: Sequence[dict[str, Any]], target: float = USUAL) -> float | None:
    """Queries a second at a recall, over the search settings of one kind and selectivity."""
    return scoring.rate_at([(line["recall"], line["rate"]) for line in lines], target)


def filtered_table(
    kind: str,
    methods: Mapping[str, Mapping[float, Sequence[dict[str, Any]]]],
    own: set[str],
    k: int,
) -> Table:
    """Rates by selectivity, one column a method; what does not reach the recall shows its best."""
    names = sorted(methods, key=lambda method: (method not in own, method))
    shares = sorted({share for lines in methods.values() for share in lines})
    rows = []
    for share in shares:
        rates = {name: filtered_rate(methods[name].get(share, ())) for name in names}
        best = max((rate for rate in rates.values() if rate), default=None)
        row = [Cell(_share_text(share))]
        for method in names:
            lines = methods[method].get(share, ())
            rate = rates[method]
            if rate is not None or not lines:
                row.append(Cell(number(rate), best=rate is not None and rate == best))
            else:
                recall = max(line["recall"] for line in lines)
                row.append(Cell(NONE, f"at most {recall:.2f}"))
        row.append(Cell(ratio_text(_own_to_peers(rates, own)) or NONE))
        rows.append(row)
    return Table(
        f"{kind}: queries a second at recall@{k} of {USUAL:g} or more",
        ["match", *names, "lanner to best peer"],
        rows,
    )


def filtered_overviews(records: Sequence[Record]) -> list[Table]:
    """One overview for each number of answers."""
    own = {record["method"] for record in records if is_own(record)}
    ks = sorted({line["k"] for record in records for line in record["filtered"]})
    overviews = (filtered_overview(by_kind(records, k), own, k) for k in ks)
    return [overview for overview in overviews if overview is not None]


def filtered_overview(found: Filtered, own: set[str], k: int) -> Table | None:
    """The ratio of lanner to the best peer, a row a kind and a column a selectivity."""
    shares = sorted({s for methods in found.values() for lines in methods.values() for s in lines})
    rows, any_ratio = [], False
    for kind, methods in found.items():
        row = [name(kind)]
        for share in shares:
            rates = {
                method: filtered_rate(lines.get(share, ())) for method, lines in methods.items()
            }
            to_peers = _own_to_peers(rates, own)
            any_ratio |= to_peers is not None
            row.append(Cell(ratio_text(to_peers) or NONE, best=bool(to_peers and to_peers > 1)))
        rows.append(row)
    if not any_ratio:
        return None
    return Table(
        f"lanner to the best peer, queries a second at recall@{k} of {USUAL:g} or more, by the "
        "share of the rows that match",
        ["filter", *map(_share_text, shares)],
        rows,
    )


def _own_to_peers(rates: Mapping[str, float | None], own: set[str]) -> float | None:
    """Lanner's best rate to that of the best peer; None where one of the two has none."""
    ours = max((rate for method, rate in rates.items() if method in own and rate), default=None)
    theirs = max(
        (rate for method, rate in rates.items() if method not in own and rate), default=None
    )
    return ours / theirs if ours and theirs else None


def short_table(found: Filtered) -> Table | None:
    """Answers with fewer hits than there are, at each method's most accurate settings."""
    kinds = list(found)
    methods = sorted({method for each in found.values() for method in each})
    rows = []
    for method in methods:
        row, total = [name(method)], 0
        for kind in kinds:
            shares = found[kind].get(method)
            if shares is None:
                row.append(Cell(""))
                continue
            accurate = [
                max(lines, key=lambda line: (line["recall"], line["rate"]))
                for lines in shares.values()
            ]
            short = round(sum(line.get("short") or 0 for line in accurate))
            of = round(sum(line.get("filters") or 0 for line in accurate))
            total += short
            row.append(Cell(f"{short}", f"of {of}" if of else ""))
        if total:
            rows.append(row)
    if not rows:
        return None
    return Table(
        "Short answers: queries that gave fewer than min(k, matching rows), at each method's most "
        "accurate settings, all selectivities together; methods not named gave none",
        ["method", *kinds],
        rows,
    )


def _share_text(share: float) -> str:
    return f"{share * 100:.6g} %"


def building(document: Document, records: Sequence[Record], context: str) -> None:
    """Build seconds by threads, as bars and as a table."""
    seconds: dict[tuple[str, str], dict[str, float | None]] = {}
    own: dict[str, bool] = {}
    for record in _built(records):
        threads = record["build"].get("threads")
        words = f"{threads:g} thread{'' if threads == 1 else 's'}" if threads else "build"
        configured = record["method"], settings(record["build_parameters"])
        seconds.setdefault(configured, {})[words] = record["build"].get("seconds")
        own[record["method"]] = is_own(record)
    if not seconds:
        return
    names = sorted({words for each in seconds.values() for words in each})
    ordered = sorted(
        seconds, key=lambda each: min((s for s in seconds[each].values() if s), default=9e9)
    )
    labels = _labels(ordered)
    bars = [
        plots.Bar(labels[each], own[each[0]], {words: seconds[each].get(words) for words in names})
        for each in ordered
    ]
    path = document.picture_path(context, "build")
    plots.bars(bars, f"{context}: build", "seconds", path)
    document.pictures_beside([(path, "Seconds to build the index; shorter is better.")])
    rows = [
        [
            name(each[0]),
            *(Cell(number(seconds[each].get(words))) for words in names),
            name(each[1] or "none to set"),
        ]
        for each in ordered
    ]
    emphasised = frozenset(at for at, each in enumerate(ordered) if own[each[0]])
    head = ["method", *names, "build settings"]
    document.table(Table("Seconds to build", head, rows, emphasised=emphasised))


def resident(document: Document, records: Sequence[Record], context: str) -> None:
    """Memory at rest and at its peak, as bars and as a table."""
    found: dict[tuple[str, str], Record] = {}
    for record in _built(records):
        found.setdefault((record["method"], settings(record["build_parameters"])), record)
    found = {
        each: record
        for each, record in found.items()
        if record["build"].get("resting_bytes") is not None
        or record["build"].get("peak_bytes") is not None
    }
    if not found:
        return
    raw = next((size for each in found.values() if (size := _raw_bytes(each))), None)
    ordered = sorted(found, key=lambda each: found[each]["build"].get("resting_bytes") or 0)
    labels = _labels(ordered)
    bars = []
    for each in ordered:
        build = found[each]["build"]
        resting, peak = build.get("resting_bytes"), build.get("peak_bytes")
        sizes = {
            "at rest": None if resting is None else resting / 2**20,
            "peak of the build": None if peak is None else peak / 2**20,
        }
        bars.append(
            plots.Bar(labels[each], is_own(found[each]), sizes, multiple_note(resting, raw))
        )
    path = document.picture_path(context, "memory")
    line = (raw / 2**20, "the raw vectors") if raw else None
    plots.bars(bars, f"{context}: memory", "MiB", path, line)
    caption = (
        "Growth of the resident set by the build; in brackets the multiple of the raw vectors."
    )
    document.pictures_beside([(path, caption)])
    rows = [
        [
            name(each[0]),
            *(
                Cell(
                    mebibytes(found[each]["build"].get(part)),
                    multiple(found[each]["build"].get(part), raw),
                )
                for part in ("resting_bytes", "peak_bytes", "disk_bytes")
            ),
            name(each[1] or "none to set"),
        ]
        for each in ordered
    ]
    emphasised = frozenset(at for at, each in enumerate(ordered) if is_own(found[each]))
    head = ("method", "at rest MiB", "peak MiB", "disk MiB", "build settings")
    document.table(Table("Memory, and multiples of the raw vectors", head, rows, (), emphasised))


def multiple_note(value: float | None, whole: float | None) -> str:
    """A multiple in brackets."""
    words = multiple(value, whole)
    return f"({words})" if words else ""


def chosen_records(records: Sequence[Record]) -> list[Record]:
    """Of each method the record whose build is the best at the usual recall."""
    ks = sorted({point["k"] for record in records for point in record["points"]})
    if not ks:
        return list(records)
    k = 10 if 10 in ks else ks[0]
    return [chosen.record for each in standings(records, k) if (chosen := each.chosen())]


def kernels(document: Document, records: Sequence[Record]) -> None:
    """The lines of the kernels, as they are."""
    for record in records:
        lines = record["kernels"]
        if not lines:
            continue
        columns = list(dict.fromkeys(column for line in lines for column in line))
        rows = [
            [
                Cell(number(value))
                if isinstance(value := line.get(column), (int, float)) or value is None
                else name(str(value))
                for column in columns
            ]
            for line in lines
        ]
        caption = joined((record["method"], settings(record["build_parameters"])))
        document.table(Table(caption, [column.replace("_", " ") for column in columns], rows))


def _raw_bytes(record: Record) -> int | None:
    """Size of the vectors; None where the record does not tell."""
    size: int | None = (record.get("data") or {}).get("bytes")
    return size


def _built(records: Sequence[Record]) -> list[Record]:
    return [record for record in records if record["build"]]


def _labels(configured: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Names for bars: the method, with its settings where it comes more than once."""
    methods = [method for method, _ in configured]
    return {
        each: each[0] if methods.count(each[0]) == 1 or not each[1] else f"{each[0]} {each[1]}"
        for each in configured
    }
