"""The page, its pictures and the Markdown table, put together."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

from bench.records import Record
from bench.report import absent, costs, filtering, head, searching
from bench.report.document import Document
from bench.report.look import looks
from bench.report.rounds import data_name, merged, raw_bytes
from bench.report.standing import (
    TARGETS,
    USUAL,
    Standing,
    best_peer,
    is_own,
    ratio,
    standings,
)
from bench.report.tables import (
    Cell,
    Table,
    joined,
    markdown_escape,
    mebibytes,
    multiple,
    name,
    number,
)
from bench.report.tables import ratio as ratio_text

TITLE = "lanner and its peers"
SUITES = {
    "plain": "Approximate search",
    "exact": "Exact search",
    "hashing": "Binary codes",
    "filtered": "Filtered search",
    "build": "Building",
    "memory": "Memory",
    "kernels": "Kernels",
}
# Of the Markdown tables, which stand without the page.
LEGEND = f"""\
Queries a second, more is better; bold: the most. One query a call: a Python loop, one thread;
batch: one call with all queries. "at {USUAL:.2f}": at that recall, the best of a method's builds,
interpolated between search settings. ">": even the fastest setting exceeds that recall, the rate is
that of this setting. "-": no setting reaches it, or it was not measured. "to best peer": the rate
divided by that of the fastest method that is not lanner; ">", "<", "~": one or both are bounds.
MiB: what the process grew by, its multiple of the raw vectors in brackets. Of filters, a peer in
brackets is the faster one; "lost": it alone reaches the recall; "lanner alone": no peer does;
"none": nobody does.
"""
# Suites whose records hold points, recall against rate.
POINTS = ("plain", "exact", "hashing")


def write(records: list[Record], folder: pathlib.Path) -> list[pathlib.Path]:
    """See `bench.report.write`."""
    folder.mkdir(parents=True, exist_ok=True)
    good = merged(records)
    document = Document(folder, TITLE)
    head.write(document, records)
    glance = _glance(good)
    if glance is not None:
        document.heading(2, "At a glance")
        document.table(glance)
    company: dict[str, set[str]] = {}
    for record in good:
        company.setdefault(record["method"], set()).add(record["suite"])
    drawn = looks(company, {record["method"] for record in good if is_own(record)})
    for data in dict.fromkeys(data_name(record) for record in good if record["suite"] != "kernels"):
        here = [record for record in good if data_name(record) == data]
        document.heading(2, data or "No data set")
        document.text(_about(here[-1]), "soft")
        for suite, title in SUITES.items():
            some = [record for record in here if record["suite"] == suite]
            if suite == "kernels" or not (some or suite in ("build", "memory")):
                continue
            context = data if suite == "plain" else f"{data}, {title.lower()}"
            if suite in POINTS and any(record["points"] for record in some):
                document.heading(3, title, data)
                searching.unfiltered(document, some, drawn, context)
            elif suite == "filtered" and any(record["filtered"] for record in some):
                document.heading(3, title, data)
                filtering.filtered(document, here, drawn, context)
            elif suite in ("build", "memory"):
                # Where the suite was not run, what the search runs built tells it too.
                plain = [record for record in here if record["suite"] == "plain"]
                some = some or costs.chosen_records(plain)
                if any(record["build"] for record in some):
                    document.heading(3, title, data)
                    draw = costs.building if suite == "build" else costs.resident
                    draw(document, some, data)
    if any(record["kernels"] for record in good):
        document.heading(2, SUITES["kernels"])
        costs.kernels(document, good)
    missing = absent.table(records)
    document.heading(2, "Not measured")
    if missing is None:
        document.text("Every method gave a result wherever it took part.")
    else:
        document.table(missing)
    head.write_measures(document, records)
    page = folder / "index.html"
    page.write_text(document.html(), encoding="utf-8")
    table = folder / "table.md"
    table.write_text(markdown(records), encoding="utf-8")
    return [page, *document.pictures, table]


def markdown(records: Sequence[Record]) -> str:
    """A table a data set and suite for a README, with the machine above."""
    good = merged(records)
    parts = []
    machine = [
        *head.values(records, "machine", "cpu"),
        *(f"{each} processors" for each in head.values(records, "machine", "processors")),
        *(f"lanner {each}" for each in head.values(records, "machine", "lanner")),
    ]
    revisions = joined(head.values(records, "revision"))
    if revisions:
        machine.append(f"revision {revisions}")
    if machine:
        parts.append(markdown_escape(", ".join(machine)) + ".\n")
    warnings = (*head.warnings_of(records), *head.toys(records))
    parts.extend(f"**{markdown_escape(each)}**\n" for each in warnings)
    if good:
        parts.append(LEGEND)
    for data, suite, _, found in _compared(good):
        modes = searching.modes_of(found)
        first = modes[0] if modes else "one"
        peer = best_peer(found, first, USUAL)
        best = {
            (mode, target): max(each.rate(mode, target).value or 0.0 for each in found)
            for mode in modes
            for target in TARGETS
        }
        # Methods without search settings have one rate, whatever the recall.
        tunable = any(each.tunable for each in found)
        targets = TARGETS if tunable else (USUAL,)
        columns = [(first, target) for target in targets]
        columns += [(mode, USUAL) for mode in modes if mode != first]
        rows = []
        for each in found:
            chosen = each.chosen()
            assert chosen is not None
            build = chosen.record["build"]
            raw = raw_bytes(chosen.record)
            resting = build.get("resting_bytes")
            cells = []
            for mode, target in columns:
                rate = each.rate(mode, target)
                won = rate.value is not None and rate.value == best[mode, target]
                cells.append(Cell(searching.rate_text(rate), best=won))
            value, mark = ratio(each.rate(first, USUAL), peer[1]) if peer else (None, "")
            cells.insert(len(targets), Cell(ratio_text(value, mark)))
            rows.append(
                [
                    name(each.method),
                    Cell(number(build.get("seconds"))),
                    Cell(mebibytes(resting), multiple(resting, raw)),
                    *cells,
                ]
            )
        heads = ["method", "build s", "resting MiB"]
        names = [
            searching.mode_words(mode) + (f" at {target:.2f}" if tunable else "")
            for mode, target in columns
        ]
        names.insert(len(targets), "to best peer" + (f" at {USUAL:.2f}" if tunable else ""))
        heads += names
        about = _about(found[0].records[-1])
        parts.append(
            f"### {markdown_escape(data)}: {SUITES[suite].lower()}, recall@{found[0].depth}\n\n"
            f"{markdown_escape(about)}\n\n" + Table("", heads, rows).markdown()
        )
    for data in dict.fromkeys(data_name(record) for record in good):
        some = [each for each in good if data_name(each) == data]
        parts.extend(
            f"### {markdown_escape(data)}: {table.caption}\n\n{table.markdown()}"
            for table in filtering.filtered_overviews(some)
        )
    return "\n".join(parts)


def _glance(good: Sequence[Record]) -> Table | None:
    """Of each data set and suite, lanner beside the best peer."""
    rows = []
    for data, suite, k, found in _compared(good):
        modes = searching.modes_of(found)
        row = [name(data or "-"), name(f"{SUITES[suite].lower()}, k = {k}")]
        for mode in (modes[0], modes[-1]) if modes else ():
            ours = max(
                (each.rate(mode, USUAL) for each in found if each.own),
                key=lambda rate: rate.value or 0.0,
                default=None,
            )
            peer = best_peer(found, mode, USUAL)
            value, mark = ratio(ours, peer[1]) if ours and peer else (None, "")
            row += [
                Cell(searching.rate_text(ours) if ours else "-", best=bool(value and value > 1)),
                Cell(searching.rate_text(peer[1]) if peer else "-", peer[0] if peer else ""),
                Cell(ratio_text(value, mark) or "-", best=bool(value and value > 1)),
            ]
        if modes:
            rows.append(row)
    if not rows:
        return None
    return Table(
        f"Queries a second at recall {USUAL:g}",
        ["data", "suite", "lanner", "best peer", "ratio", "lanner", "best peer", "ratio"],
        rows,
        [("", 2), (searching.mode_words("one"), 3), ("largest batch", 3)],
    )


def _compared(good: Sequence[Record]) -> list[tuple[str, str, int, list[Standing]]]:
    """Data set, suite and k of all that has points, with its standings."""
    found = []
    for data in dict.fromkeys(data_name(record) for record in good):
        for suite in POINTS:
            some = [
                record for record in good if record["suite"] == suite and data_name(record) == data
            ]
            for k in sorted({point["k"] for record in some for point in record["points"]}):
                found.append((data, suite, k, standings(some, k)))
    return found


def _about(record: Record) -> str:
    """The size of a data set, in words."""
    data = record.get("data") or {}
    parts = []
    if data.get("rows"):
        parts.append(f"{data['rows']:,} rows")
    if data.get("dim"):
        parts.append(f"{data['dim']} {'bits' if data.get('metric') == 'hamming' else 'dimensions'}")
    if data.get("metric"):
        parts.append(f"metric {data['metric']}")
    if data.get("queries"):
        parts.append(f"{data['queries']:,} queries")
    if data.get("bytes"):
        parts.append(f"raw vectors {mebibytes(data['bytes'])} MiB")
    return ", ".join(parts) + "." if parts else ""
