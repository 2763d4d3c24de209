"""What the reader should know first: machine, versions, steadiness, how figures were made."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any

from bench.records import Record
from bench.report.document import Document
from bench.report.rounds import data_name
from bench.report.tables import Table, joined, name, number, percent
from bench.scoring import median_and_spread

# Control runs further from their median than this are told as a warning.
UNSTEADY = 0.10
# Fewer rows than these are a toy: a scan of all is fast, and graphs show little of their worth.
TOY = 20_000

MEASURES = {
    "Recall": "share of the true k nearest rows among the answers, mean over all queries; a row at "
    "the same distance as the k-th true one counts as found.",
    "Queries a second": "median of passes over all queries. One query a call: a Python loop, one "
    "thread, the way a program asks one question. Batch: one call with all queries, with so many "
    "threads as stated.",
    "Rate at a recall": "the best of a method's builds, each by the Pareto front over its search "
    "settings, interpolated between two of these along the logarithm of the rate. \u201c>\u201d: "
    "even the fastest setting exceeds that recall, the rate is that of this setting. "
    "\u201c-\u201d: no setting reaches it.",
    "Ratio": "to the best peer, the fastest method at that recall that is not lanner. The fastest "
    "of all is marked. Where one of the two rates is a bound the ratio is marked: > at least, < at "
    "most, ~ both are bounds.",
    "Latency": "of single calls, at the setting that is the fastest at or above recall 0.95; p50, "
    "p95, p99.",
    "Memory": "growth of the resident set of the process by the build, the caller's copy of the "
    "vectors not counted: its peak, and what rests after it. The multiple is of the raw vectors.",
    "Open": "from a saved file to the first answer.",
    "Distances, hops": "distance computations and visited nodes a query, where a method tells.",
}


def values(records: Iterable[Record], *path: str) -> list[str]:
    """Different values of a field of records, as text, in the order of their coming."""
    found: dict[str, None] = {}
    for record in records:
        value: object = record
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None and value != "":
            found[str(value)] = None
    return list(found)


def memory(records: Iterable[Record]) -> list[str]:
    """Sizes of the machines' memory."""
    sizes = values(records, "machine", "memory_bytes")
    return list(dict.fromkeys(f"{float(size) / 2**30:.0f} GiB" for size in sizes))


def libraries(records: Iterable[Record]) -> dict[str, list[str]]:
    """Versions of each library."""
    found: dict[str, list[str]] = {}
    for record in records:
        library = record.get("library") or {}
        if library.get("name"):
            versions = found.setdefault(str(library["name"]), [])
            version = library.get("version")
            if version is not None and str(version) not in versions:
                versions.append(str(version))
    return dict(sorted(found.items()))


def toy_words(name: str, rows: int) -> str:
    """That a data set is too small to tell of larger ones; empty where it is not."""
    if rows >= TOY:
        return ""
    return (
        f"{name} has {rows:,} rows: it shows that the methods work, not which is the fastest on "
        f"more than {TOY:,}, where caches do not hold them and graphs pay."
    )


def differs_words(differs: Sequence[str]) -> str:
    """That the installed lanner is not that of the checkout."""
    some = ", ".join(differs[:3]) + (f" and {len(differs) - 3} more" if len(differs) > 3 else "")
    return (
        f"The lanner that is installed is not that of the checkout ({some}): "
        "the revision tells nothing of it."
    )


def toys(records: Iterable[Record]) -> list[str]:
    """A warning for each data set that is one."""
    sizes = {data_name(record): (record.get("data") or {}).get("rows") for record in records}
    words = [toy_words(name, rows) for name, rows in sizes.items() if rows]
    return [each for each in words if each]


def _installed(record: Record) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (record.get("machine") or {}).get("installed")
    return found


def warnings_of(records: Sequence[Record]) -> list[str]:
    """What makes these records less than comparable."""
    found = []
    for differs in {tuple((_installed(record) or {}).get("differs") or ()) for record in records}:
        if differs:
            found.append(differs_words(differs))
    for words, different in (
        ("processors", values(records, "machine", "cpu")),
        ("numbers of processors", values(records, "machine", "processors")),
        ("frequency governors", values(records, "machine", "governor")),
        ("sizes of memory", memory(records)),
        ("systems", values(records, "machine", "system")),
    ):
        if len(different) > 1:
            found.append(f"Records of different machines are mixed: {words} {joined(different)}.")
    for words, different in (
        ("revisions", values(records, "revision")),
        ("versions of lanner", values(records, "machine", "lanner")),
        ("builds of lanner", values(records, "machine", "installed", "hash")),
        ("instruction sets of lanner", values(records, "machine", "isa")),
        ("versions of Python", values(records, "machine", "python")),
        ("versions of NumPy", values(records, "machine", "numpy")),
        *((f"versions of {library}", each) for library, each in libraries(records).items()),
    ):
        if len(different) > 1:
            found.append(f"Records of different {words} are mixed: {joined(different)}.")
    changed = [each for each in values(records, "revision") if each.endswith("+")]
    if changed:
        found.append(f"Measured with changes that are not committed: {joined(changed)}.")
    control = [value for record in records for value in record.get("control") or () if value]
    if control:
        middle = statistics.median(control)
        away = sum(abs(value / middle - 1) > UNSTEADY for value in control)
        if away:
            found.append(
                f"The machine was not steady: {away} of {len(control)} runs of the control work "
                f"were more than {percent(UNSTEADY)} away from their median."
            )
    return found


def control_words(records: Iterable[Record]) -> str:
    """How steady the machine was."""
    control = [value for record in records for value in record.get("control") or () if value]
    if not control:
        return "not measured"
    middle, spread = median_and_spread(control)
    low, high = min(control) / middle - 1, max(control) / middle - 1
    return (
        f"control work ran {number(middle)} times a second in the median of {len(control)} runs; "
        f"half the distance between the quartiles {percent(spread)}, "
        f"extremes {low * 100:+.1f} % and {high * 100:+.1f} %"
    )


def write(document: Document, records: Sequence[Record]) -> None:
    """Machine, versions and dates; then warnings."""
    machine = {
        words: joined(values(records, "machine", field))
        for words, field in (
            ("Processor", "cpu"),
            ("Processors", "processors"),
            ("Governor", "governor"),
            ("System", "system"),
            ("Python", "python"),
            ("NumPy", "numpy"),
            ("lanner", "lanner"),
            ("Instruction set", "isa"),
        )
    }
    machine["Build of lanner"] = joined(values(records, "machine", "installed", "hash"))
    machine["Memory"] = joined(memory(records))
    times = sorted(values(records, "time"))
    dates = list(dict.fromkeys([each[:16].replace("T", " ") for each in (times[:1] + times[-1:])]))
    for warning in (*warnings_of(records), *toys(records)):
        document.text(warning, "warning")
    document.facts(
        {
            **{words: value or "not known" for words, value in machine.items()},
            "Revision": joined(values(records, "revision")) or "not known",
            "Measured": " to ".join(dates) or "not known",
            "Steadiness": control_words(records),
        }
    )


def write_measures(document: Document, records: Sequence[Record]) -> None:
    """What each measure means and how it was made, and the libraries that took part."""
    document.heading(2, "How it was measured")
    document.text(
        "Each method, data set and set of build parameters ran in a process of its own, one after "
        "another, warmed up, over passes of at least the seconds named below; of several rounds, "
        "figures are medians."
    )
    rounds = len(set(values(records, "round")))
    threads = joined(values(records, "build", "threads"))
    asked = joined(sorted({str(p["k"]) for r in records for p in _lines(r)}, key=int))
    document.facts(
        {
            **MEASURES,
            "Rounds": str(rounds or 1),
            "Seconds measured": joined(values(records, "seconds")) or "not told",
            "Threads of builds": threads or "not told",
            "Answers asked for": f"k = {asked}" if asked else "not told",
        }
    )
    rows = [[name(library), name(joined(each))] for library, each in libraries(records).items()]
    if rows:
        document.table(Table("Libraries", ("library", "version"), rows))


def _lines(record: Record) -> list[Record]:
    return [*(record.get("points") or ()), *(record.get("filtered") or ())]
