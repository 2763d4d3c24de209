"""What the report tells of filtered searches, on records made up."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from report_records import STRANGE, curve, record, several, write

from bench.report import rounds, tables


def test_filtered_table_tells_what_is_not_reached_and_who_fell_short() -> None:
    pytest.importorskip("matplotlib")
    from bench.report import filtering

    found = rounds.merged(each for each in several() if each["suite"] == "filtered")
    by_kind = filtering.by_kind(found, 10)
    table = filtering.filtered_table("equal", by_kind["equal"], {"lanner"}, 10)
    assert table.head == ["match", "lanner", STRANGE, "lanner to best peer"]
    first, second = table.rows[0], table.rows[1]
    assert [cell.text for cell in first] == ["0.1 %", "-", "-", "none"]
    assert first[1].note == "at most 0.91"
    # Recall 0.95 lies at 5/7 of the way from 0.90 (rate 10) to 0.97 (rate 5).
    rate = 10.0 * 0.5 ** (5 / 7)
    assert second[1].text == tables.number(rate)
    assert second[-1].text == f"{tables.TIMES}4.00"
    assert second[1].best
    assert not second[2].best
    short = filtering.short_table(by_kind)
    assert short is not None
    assert {row[0].text: (row[1].text, row[1].note) for row in short.rows} == {
        "lanner": ("3", "of 60"),
        STRANGE: ("3", "of 60"),
    }


def filtered_record(method: str, *rates: tuple[float, float, float], **more: Any) -> dict[str, Any]:
    """A record with a line for each (selectivity, recall, rate)."""
    lines = [
        {
            "k": 10,
            "parameters": {"ef": ef},
            "kind": "equal",
            "selectivity": share,
            "filters": 20,
            "recall": recall,
            "rate": rate,
            "short": 0,
        }
        for ef, (share, recall, rate) in enumerate(rates)
    ]
    return record(method, "filtered", filtered=lines, **more)


def test_losses_under_filters_are_shown_as_plainly_as_wins(tmp_path: pathlib.Path) -> None:
    pytest.importorskip("matplotlib")
    from bench.report import filtering

    found = [
        filtered_record("lanner", (0.001, 1, 200.0), (0.01, 1, 50.0), (0.1, 0.9, 9.0), (0.5, 1, 8)),
        filtered_record("peer", (0.001, 1, 100.0), (0.01, 1, 100.0), (0.1, 1, 7.0), (0.5, 0.2, 9)),
        filtered_record("peer", (0.9, 1, 5.0), round=1),
    ]
    (table,) = filtering.filtered_overviews(rounds.merged(found))
    cells = {head: (cell.text, cell.note, cell.best) for head, cell in zip(
        table.head[1:], table.rows[0][1:], strict=True
    )}  # fmt: skip
    times = tables.TIMES
    assert cells == {
        "0.1 %": (f"{times}2.00", "", True),
        "1 %": (f"{times}0.50", "peer", False),
        "10 %": ("lost", "peer; lanner at most 0.90", False),
        "50 %": ("lanner alone", "", True),
        "90 %": ("not run", "", False),
    }
    text = write(found, tmp_path)[-1].read_text(encoding="utf-8")
    assert "lost (peer; lanner at most 0.90)" in text


def test_filtered_rates_are_shares_of_the_unfiltered_rate_of_the_strongest_peer(
    tmp_path: pathlib.Path,
) -> None:
    pytest.importorskip("matplotlib")
    from bench.report import filtering

    found = [
        filtered_record("lanner", (0.01, 1, 1000.0), (0.1, 1, 500.0)),
        filtered_record("peer", (0.01, 1, 100.0), (0.1, 1, 3000.0)),
        record("symphonyqg", points=curve(1)),
    ]
    _, table = filtering.filtered_overviews(rounds.merged(found))
    assert "2,000 queries a second" in table.caption
    times = tables.TIMES
    assert [(cell.text, cell.note, cell.best) for cell in table.rows[0][1:]] == [
        (f"{times}0.50", f"peer {times}0.050", True),
        (f"{times}0.25", f"peer {times}1.50", False),
    ]
    text = write(found, tmp_path)[-1].read_text(encoding="utf-8")
    assert "share of the unfiltered rate of symphonyqg" in text
    # Without the plain suite there is nothing to be a share of.
    assert len(filtering.filtered_overviews(rounds.merged(found[:2]))) == 1


def test_filtered_rate_is_never_interpolated_between_builds() -> None:
    pytest.importorskip("matplotlib")
    from bench.report import filtering

    found = [
        filtered_record("peer", (0.01, 0.9, 1000.0), build_parameters={"M": 8}),
        filtered_record("peer", (0.01, 0.99, 10.0), build_parameters={"M": 16}),
    ]
    lines = filtering.by_kind(rounds.merged(found), 10)["equal"]["peer"][0.01]
    assert filtering.filtered_rate(lines) == 10.0
    assert filtering.filtered_rate(lines[:1]) is None
