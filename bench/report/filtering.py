"""Filtered searches of one data set: rates against selectivity, and answers that fell short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench import scoring
from bench.records import Record
from bench.report import plots
from bench.report.document import Document
from bench.report.look import Look
from bench.report.standing import (
    USUAL,
    is_own,
)
from bench.report.tables import NONE, Cell, Table, name, number
from bench.report.tables import ratio as ratio_text

Looks = Mapping[str, Look]

# A kind of filter, a method, a selectivity: the settings that were measured.
Filtered = dict[str, dict[str, dict[float, list[dict[str, Any]]]]]


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
