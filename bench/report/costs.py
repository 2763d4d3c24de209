"""Building and memory of one data set, and the kernels."""

from __future__ import annotations

from collections.abc import Sequence

from bench.records import Record
from bench.report import plots
from bench.report.document import Document
from bench.report.rounds import raw_bytes, settings
from bench.report.standing import (
    is_own,
    standings,
)
from bench.report.tables import Cell, Table, joined, mebibytes, multiple, name, number


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
    raw = next((size for each in found.values() if (size := raw_bytes(each))), None)
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


def _built(records: Sequence[Record]) -> list[Record]:
    return [record for record in records if record["build"]]


def _labels(configured: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Names for bars: the method, with its settings where it comes more than once."""
    methods = [method for method, _ in configured]
    return {
        each: each[0] if methods.count(each[0]) == 1 or not each[1] else f"{each[0]} {each[1]}"
        for each in configured
    }
