"""What changed between two sets of records of equal work, with the noise beside it."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from bench.changes import RATE, RECALL, SIDES, UNCLEAR, Change, changes
from bench.records import Record
from bench.report import head
from bench.report.absent import WORDS, reason
from bench.report.rounds import data_name, merged, settings, work
from bench.report.standing import is_own
from bench.report.tables import joined, number, percent

# Noise beyond this hides changes that one would want to see.
NOISY = 0.05


def compare(a: list[Record], b: list[Record]) -> str:
    """Describe what changed from the records `a` to `b`; work of one side alone is listed."""
    before = {work(record): record for record in merged(a)}
    after = {work(record): record for record in merged(b)}
    found = {
        name: list(changes(record, after[name])) for name, record in before.items() if name in after
    }
    parts = [*_head("before", a), *_head("after", b), *_warnings(a, b)]
    rows = [_cells(change) for each in found.values() for change in each]
    widths = [max(len(row[column]) for row in rows) for column in range(5)] if rows else []
    for name, each in found.items():
        parts += ["", _title(before[name])]
        parts += [_aligned(_cells(change), widths) for change in each]
        if not each:
            parts.append("  nothing to compare")
    parts += _one_sided(a, b)
    same = _unchanged_peers(before, after, found)
    parts += _summary(before, found, same)
    parts += _advice(found, same)
    return "\n".join(parts) + "\n"


def _head(side: str, records: Sequence[Record]) -> list[str]:
    """What a side ran on."""
    return [
        f"{side + ':':<8}revision {joined(head.values(records, 'revision')) or 'not known'}, "
        f"lanner {joined(head.values(records, 'machine', 'lanner')) or 'not known'}, "
        f"{joined(head.values(records, 'machine', 'isa')) or 'instruction set not known'}, "
        f"{joined(head.values(records, 'machine', 'cpu')) or 'machine not known'}",
        f"{'':<8}{head.control_words(records)}",
    ]


def _warnings(a: Sequence[Record], b: Sequence[Record]) -> list[str]:
    """What makes the two sides less than comparable."""
    found = [
        f"warning: {side}: {warning}"
        for side, records in zip(SIDES, (a, b), strict=True)
        for warning in head.warnings_of(records)
    ]
    for field in ("cpu", "processors", "governor", "system", "python", "numpy", "isa"):
        one, other = (joined(head.values(records, "machine", field)) for records in (a, b))
        if one and other and one != other:
            found.append(f"warning: {field} differs: {one} before, {other} after.")
    one_side, other_side = head.libraries(a), head.libraries(b)
    for library in one_side:
        versions = [joined(each.get(library, ())) for each in (one_side, other_side)]
        if library != "lanner" and all(versions) and versions[0] != versions[1]:
            found.append(f"warning: {library} differs: {versions[0]} before, {versions[1]} after.")
    return found


def _title(record: Record) -> str:
    # What the key tells beside the fields: the threads of the build.
    last = work(record).rpartition("|")[2]
    return " ".join(
        part
        for part in (
            record["suite"],
            data_name(record),
            record["method"],
            settings(record.get("build_parameters") or {}),
            last if last.startswith("build_threads") else "",
        )
        if part
    )


def _cells(change: Change) -> tuple[str, ...]:
    """What, before, after, change, noise, verdict, note."""
    if change.kind == RECALL:
        figures = (
            f"{change.before:.4f}",
            f"{change.after:.4f}",
            f"{change.change:+.4f}",
            f"+-{change.noise:.4f}",
        )
    else:
        figures = (
            number(change.before),
            number(change.after),
            f"x{change.change:.3f}",
            f"+-{percent(round(change.noise, 3))}",
        )
    return (change.what, *figures, change.verdict, change.note)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    figures = "  ".join(
        cell.rjust(width) for cell, width in zip(cells[1:5], widths[1:], strict=True)
    )
    note = f"  ({cells[6]})" if cells[6] else ""
    return f"  {cells[0].ljust(widths[0])}  {figures}  {cells[5]}{note}"


def _one_sided(a: Sequence[Record], b: Sequence[Record]) -> list[str]:
    """Work that only one side has, or that went well on one alone."""
    sides: list[dict[str, Record]] = []
    for records in (a, b):
        side: dict[str, Record] = {}
        for record in records:
            # Of several rounds, one that went well speaks for the work.
            if side.get(work(record), {}).get("status") != "ok":
                side[work(record)] = record
        sides.append(side)
    lines = []
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        records_of = [side.get(name) for side in sides]
        good = [record is not None and record["status"] == "ok" for record in records_of]
        if all(good) or not (any(good) or None in records_of):
            continue
        known = records_of[0] or records_of[1]
        assert known is not None
        states = ", ".join(
            f"{_state(record)} {side}" for side, record in zip(SIDES, records_of, strict=True)
        )
        lines.append(f"  {_title(known)}: {states}")
    return ["", "On one side alone:", *lines] if lines else []


def _state(record: Record | None) -> str:
    if record is None:
        return "not there"
    if record["status"] == "ok":
        return "ok"
    why = reason(str(record.get("detail") or ""))
    return WORDS.get(record["status"], str(record["status"])) + (f" ({why})" if why else "")


def _unchanged_peers(
    before: Mapping[str, Record], after: Mapping[str, Record], found: Mapping[str, list[Change]]
) -> list[float]:
    """How rates changed of peers whose version did not: that is the machine."""
    return [
        change.change
        for name, each in found.items()
        if not is_own(before[name]) and before[name].get("library") == after[name].get("library")
        for change in each
        if change.kind == RATE
    ]


def _summary(
    before: Mapping[str, Record], found: Mapping[str, list[Change]], same: Sequence[float]
) -> list[str]:
    """Verdicts counted, of lanner and of its peers; unchanged peers tell what the machine did."""
    lines = ["", "Altogether:"]
    for words, own in (("lanner", True), ("peers", False)):
        counts: dict[str, int] = {}
        for name, each in found.items():
            if is_own(before[name]) is own:
                for change in each:
                    counts[change.verdict] = counts.get(change.verdict, 0) + 1
        told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items()))
        lines.append(f"  {words}: {told or 'nothing to compare'}")
    if same:
        low, middle, high = min(same), statistics.median(same), max(same)
        lines.append(
            f"  rates of peers of equal version, which should not move: x{middle:.3f} in the "
            f"median, x{low:.3f} to x{high:.3f}"
        )
    return lines


def _advice(found: Mapping[str, list[Change]], same: Sequence[float]) -> list[str]:
    """What to do where this comparison tells too little."""
    told = [change for each in found.values() for change in each]
    lines = []
    if not told:
        lines.append(
            "both files need the same work: equal --suite, --data, --methods, --k, --threads, "
            "--build-threads and --grid"
        )
    noise = statistics.median([each.noise for each in told if each.kind == RATE] or [0.0])
    if noise > NOISY:
        lines.append(
            f"rates that change by less than {percent(round(noise, 3))} drown in noise: run both "
            "with --rounds 5 on a machine that does nothing else, or count instructions with "
            "python -m bench.regress"
        )
    if same and abs(statistics.median(same) - 1) > NOISY:
        lines.append(
            "the peers moved though they are the same: so did the machine; run both sides again, "
            "one after the other, before believing a change of this size"
        )
    if any(each.verdict == UNCLEAR for each in told):
        lines.append(
            f"'{UNCLEAR}': one side has no setting below that recall; compare at a higher one"
        )
    return ["", "Advice:", *(f"  {line}" for line in lines)] if lines else []
