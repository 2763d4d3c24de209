"""How the report merges records and tells how methods stand, on records made up."""

from __future__ import annotations

from typing import Any

import pytest
from report_records import curve, point, record, several

from bench.report import absent, rounds, standing, tables


def standings(*found: dict[str, Any]) -> list[standing.Standing]:
    return standing.standings(rounds.merged(found), 10)


def test_ratio_is_to_the_fastest_method_that_is_not_lanner() -> None:
    pytest.importorskip("matplotlib")
    from bench.report import searching

    found = standings(
        record("fast", points=curve(3)),
        record("slow", points=curve(1)),
        record("lanner", points=curve(6)),
        record("lanner-more", library={"name": "lanner", "version": "1"}, points=curve(12)),
    )
    table = searching.rates_table(found, ["one"])
    rows = {row[0].text: row[1:] for row in table.rows}
    assert list(rows) == ["lanner-more", "lanner", "fast", "slow"]
    assert [cell.text for cell in rows["lanner"]][1] == "12,000"
    times = tables.TIMES
    assert {name: row[1].note for name, row in rows.items()} == {
        "lanner-more": f"{times}4.00",
        "lanner": f"{times}2.00",
        "fast": f"{times}1.00",
        "slow": f"{times}0.33",
    }
    assert [name for name, row in rows.items() if row[1].best] == ["lanner-more"]
    assert table.emphasised == {0, 1}
    # Halfway to the next recall along the logarithm of the rate.
    middle = standings(record("m", points=[point(0.94, 400.0, 1), point(0.96, 100.0, 2)]))[0]
    assert middle.rate("one", 0.95).value == pytest.approx(200.0)


def test_rate_beyond_a_recall_is_marked_as_a_bound_and_so_is_its_ratio() -> None:
    beyond, exact, flat = standings(
        record("beyond", points=[point(0.97, 400.0, 1), point(0.995, 100.0, 2)]),
        record("exact", points=curve(0.1)),
        record("flat", points=[point(1.0, 10.0, None)]),
    )
    assert beyond.rate("one", 0.95) == standing.Rate(400.0, True)
    assert exact.rate("one", 0.95) == standing.Rate(pytest.approx(200.0), False)
    # Without a setting to make it faster, its rate is no bound.
    assert flat.rate("one", 0.95) == standing.Rate(10.0, False)
    assert exact.rate("one", 0.999) == standing.Rate(None, False)
    bound, told = standing.Rate(400.0, True), standing.Rate(200.0)
    assert standing.ratio(bound, told) == (2.0, ">")
    assert standing.ratio(told, bound) == (0.5, "<")
    assert standing.ratio(bound, bound) == (1.0, "~")
    assert standing.ratio(told, told) == (1.0, "")
    assert standing.ratio(standing.Rate(None), told) == (None, "")


def test_setting_told_is_the_fastest_at_or_above_the_recall_over_all_builds() -> None:
    narrow = record("m", build_parameters={"M": 8}, points=[point(0.96, 100.0, 80)])
    wide = record("m", build_parameters={"M": 32}, points=curve(1))
    chosen = standings(narrow, wide)[0].chosen()
    assert chosen is not None
    assert (chosen.record["build_parameters"], chosen.point["parameters"]) == (
        {"M": 32},
        {"ef": 11},
    )
    low = standings(record("m", points=[point(0.5, 9.0, 1), point(0.6, 1.0, 2)]))[0].chosen()
    assert low is not None
    assert (low.recall, low.reached) == (0.6, False)


def test_rate_is_never_interpolated_between_builds() -> None:
    fast = record("m", build_parameters={"M": 8}, points=[point(0.90, 4000.0, 1)])
    exact = record("m", build_parameters={"M": 32}, points=[point(0.99, 100.0, 1)])
    found = standings(fast, exact)[0]
    assert found.rate("one", 0.90).value == 4000.0
    # A line between the two builds would promise 600 at 0.95.
    assert found.rate("one", 0.95) == standing.Rate(100.0, True)
    assert found.rate("one", 0.995) == standing.Rate(None, False)


def test_points_measured_before_a_crash_count_and_the_crash_is_told() -> None:
    broken = record("m", status="crashed", detail="ended by SIGABRT", points=curve(1)[:2])
    (one,) = rounds.merged([broken])
    assert [each["one"]["rate"] for each in one["points"]] == [4000, 2000]
    assert standing.standings([one], 10)[0].rate("one", 0.95).value == pytest.approx(2000)
    table = absent.table([broken])
    assert table is not None
    assert table.rows[0][1].text == "crashed; its figures up to then count"
    # Another round went well: the work is well, and both rounds' points are in the medians.
    again = record("m", round=1, points=[point(0.85, 6000.0, 10)])
    (both,) = rounds.merged([again, broken])
    assert both["status"] == "ok"
    assert [each["one"]["rate"] for each in both["points"]] == [5000, 2000]


def test_rounds_are_merged_by_median_and_their_spread_is_kept() -> None:
    found = [
        record("m", round=number, points=[point(0.95, rate)], control=[rate])
        for number, rate in enumerate((100.0, 120.0, 300.0))
    ]
    found[1]["build"] = {**found[1]["build"], "seconds": 7.0, "open_seconds": 0.5}
    (one,) = rounds.merged([*found, record("m", round=3, status="crashed", build=None)])
    assert one["points"][0]["one"]["rate"] == 120.0
    assert one["points"][0]["batch"]["2"]["rate"] == 240.0
    # Rates between 100 and 300 are far more apart than the passes of each round.
    assert one["points"][0]["one"]["spread"] == pytest.approx((210 - 110) / 2 / 120)
    assert one["build"]["seconds"] == 2.0
    assert one["build"]["open_seconds"] == 0.5
    assert one["build"]["threads"] == 2
    assert one["rounds"] == 3
    assert one["control"] == [100.0, 120.0, 300.0]


def test_builds_with_other_threads_are_other_work() -> None:
    found = [record("m", "build", turn) for turn in (0, 1) for _ in (1, 2)]
    for threads, each in zip((1, 2, 1, 2), found, strict=True):
        each["key"] += f"|build_threads={threads}"
        each["build"] = {**each["build"], "threads": threads, "seconds": 8.0 / threads}
    merged = rounds.merged(found)
    assert [(each["build"]["threads"], each["rounds"]) for each in merged] == [(1, 2), (2, 2)]
    assert [each["build"]["seconds"] for each in merged] == [8.0, 4.0]


def test_filtered_rounds_are_merged_and_the_worst_count_of_short_answers_stays() -> None:
    line = several()[11]["filtered"][0]
    found = [
        record("m", "filtered", number, filtered=[{**line, "rate": rate, "short": short}])
        for number, (rate, short) in enumerate(((1.0, 0), (3.0, 5), (2.0, 1)))
    ]
    (one,) = rounds.merged(found)
    assert [(each["rate"], each["short"]) for each in one["filtered"]] == [(2.0, 5)]


def test_points_without_recall_or_rate_do_not_count() -> None:
    points = [
        point(0.9, 1.0, 1, recall={}),
        point(0.9, 1.0, 2, recall={"10": None}),
        point(0.9, 1.0, 3, one={"rate": None}, batch={"1": None}),
        point(0.9, float("nan"), 4),
    ]
    (one,) = rounds.merged([record("m", points=points)])
    assert [each["parameters"]["ef"] for each in one["points"]] == [3, 4]
    assert [each["one"] for each in one["points"]] == [None, None]
    assert standing.standings([one], 10)[0].points("one") == []
