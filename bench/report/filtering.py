"""Filtered searches of one data set: rates against selectivity, and answers that fell short."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bench import scoring
from bench.records import Record
from bench.report import plots
from bench.report.document import Document
from bench.report.look import Look
from bench.report.rounds import settings
from bench.report.standing import USUAL, is_own, standings
from bench.report.tables import NONE, Cell, Table, name, number
from bench.report.tables import ratio as ratio_text

# Filtered rates are told as a share of what this peer, the strongest without filters, reaches.
REFERENCE = "symphonyqg"

Looks = Mapping[str, Look]
Lines = Sequence[dict[str, Any]]

# A kind of filter, a method, a selectivity: the settings that were measured.
Filtered = dict[str, dict[str, dict[float, list[dict[str, Any]]]]]


def filtered(document: Document, records: Sequence[Record], looks: Looks, context: str) -> None:
    """Rates of filtered queries against selectivity, one panel and one table a kind.

    `records` are those of one data set; of the plain suite the unfiltered rate is taken.
    """
    some = [record for record in records if record["suite"] == "filtered"]
    ks = sorted({line["k"] for record in some for line in record["filtered"]})
    own = {record["method"] for record in some if is_own(record)}
    for k in ks:
        found = by_kind(some, k)
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
        unfiltered = unfiltered_rate(records, k)
        plots.rate_and_selectivity(panels, looks, path, (REFERENCE, unfiltered))
        caption = (
            f"Queries a second at recall@{k} of {USUAL:g} or more, one query a call, against the "
            "share of the rows that match. A gap: no setting reaches that recall."
        )
        if unfiltered is not None:
            caption += f" Dotted: {REFERENCE} without a filter."
        document.pictures_beside([(path, caption)])
        for overview in overviews(found, own, k, unfiltered):
            document.table(overview)
        for kind, methods in found.items():
            document.table(filtered_table(kind, methods, own, k))
        short = short_table(found)
        if short is not None:
            document.table(short)
        else:
            document.text("No method gave fewer answers than there are.", "soft")


def by_kind(records: Sequence[Record], k: int) -> Filtered:
    """Lines of filtered queries, by kind, method and selectivity; each names its build."""
    found: Filtered = {}
    for record in records:
        build = settings(record["build_parameters"])
        for line in record["filtered"]:
            if line["k"] == k:
                methods = found.setdefault(line["kind"], {})
                shares = methods.setdefault(record["method"], {})
                shares.setdefault(line["selectivity"], []).append({**line, "build": build})
    return found


def filtered_rate(lines: Lines, target: float = USUAL) -> float | None:
    """Queries a second at a recall, of the best build, over its search settings."""
    builds: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        builds.setdefault(line.get("build", ""), []).append((line["recall"], line["rate"]))
    rates = [scoring.rate_at(points, target) for points in builds.values()]
    return max((rate for rate in rates if rate is not None), default=None)


def unfiltered_rate(records: Sequence[Record], k: int) -> float | None:
    """Of the method that others are measured against, without a filter; None: not measured."""
    plain = [record for record in records if record["suite"] == "plain"]
    found = [each for each in standings(plain, k) if each.method == REFERENCE]
    return found[0].rate("one", USUAL).value if found else None


def filtered_table(
    kind: str,
    methods: Mapping[str, Mapping[float, Lines]],
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
                row.append(Cell(NONE, _at_most(lines)))
        row.append(_contest({name: methods[name].get(share, ()) for name in names}, own))
        rows.append(row)
    return Table(
        f"{kind}: queries a second at recall@{k} of {USUAL:g} or more",
        ["match", *names, "lanner to best peer"],
        rows,
    )


def filtered_overviews(records: Sequence[Record]) -> list[Table]:
    """The overviews for each number of answers, of the records of one data set."""
    some = [record for record in records if record["suite"] == "filtered"]
    own = {record["method"] for record in some if is_own(record)}
    ks = sorted({line["k"] for record in some for line in record["filtered"]})
    return [
        table
        for k in ks
        for table in overviews(by_kind(some, k), own, k, unfiltered_rate(records, k))
    ]


def overviews(found: Filtered, own: set[str], k: int, unfiltered: float | None) -> list[Table]:
    """Lanner to the best peer, where it took part; all as a share of an unfiltered rate."""
    tables = []
    if any(method in own for methods in found.values() for method in methods):
        tables.append(filtered_overview(found, own, k))
    if unfiltered:
        tables.append(share_table(found, own, k, unfiltered))
    return tables


def filtered_overview(found: Filtered, own: set[str], k: int) -> Table:
    """The ratio of lanner to the best peer, a row a kind and a column a selectivity."""
    shares = _shares(found)
    rows = [
        [
            name(kind),
            *(
                _contest({each: lines.get(share, ()) for each, lines in methods.items()}, own)
                for share in shares
            ),
        ]
        for kind, methods in found.items()
    ]
    return Table(
        f"lanner to the best peer, queries a second at recall@{k} of {USUAL:g} or more, by the "
        "share of the rows that match",
        ["filter", *map(_share_text, shares)],
        rows,
    )


def share_table(found: Filtered, own: set[str], k: int, unfiltered: float) -> Table:
    """Rates as a share of an unfiltered one: lanner's, and below it the best peer's."""
    shares = _shares(found)
    rows = []
    for kind, methods in found.items():
        row = [name(kind)]
        for share in shares:
            rates = {each: filtered_rate(lines.get(share, ())) for each, lines in methods.items()}
            ours, theirs = _best(rates, own, True), _best(rates, own, False)
            row.append(
                Cell(
                    ratio_text(ours[1] / unfiltered) if ours else NONE,
                    f"{theirs[0]} {ratio_text(theirs[1] / unfiltered)}" if theirs else "",
                    best=bool(ours and (not theirs or ours[1] > theirs[1])),
                )
            )
        rows.append(row)
    return Table(
        f"share of the unfiltered rate of {REFERENCE}, {number(unfiltered)} queries a second, all "
        f"at recall@{k} of {USUAL:g}: lanner, and the best peer",
        ["filter", *map(_share_text, shares)],
        rows,
    )


def _shares(found: Filtered) -> list[float]:
    return sorted({s for methods in found.values() for lines in methods.values() for s in lines})


def _best(
    rates: Mapping[str, float | None], own: set[str], is_ours: bool
) -> tuple[str, float] | None:
    """The fastest of lanner's methods, or of its peers."""
    there = [(each, rate) for each, rate in rates.items() if rate and (each in own) is is_ours]
    return max(there, key=lambda each: each[1], default=None)


def _contest(lines: Mapping[str, Lines], own: set[str]) -> Cell:
    """How lanner fares at one kind and selectivity; a loss names who wins."""
    rates = {each: filtered_rate(some) for each, some in lines.items()}
    ours, theirs = _best(rates, own, True), _best(rates, own, False)
    asked = [line for each, some in lines.items() if each in own for line in some]
    if ours and theirs:
        to_peer = ours[1] / theirs[1]
        return Cell(ratio_text(to_peer), "" if to_peer >= 1 else theirs[0], best=to_peer > 1)
    if ours:
        return Cell("lanner alone", best=True)
    if not asked:
        return Cell("not run" if theirs else NONE)
    if theirs:
        return Cell("lost", f"{theirs[0]}; lanner {_at_most(asked)}")
    return Cell("none", f"lanner {_at_most(asked)}")


def _at_most(lines: Lines) -> str:
    """The best recall, cut and not rounded, lest it reads as one that was reached."""
    return f"at most {math.floor(max(line['recall'] for line in lines) * 100 + 1e-9) / 100:.2f}"


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
