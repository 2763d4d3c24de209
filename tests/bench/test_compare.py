"""What `bench.compare` says of two sets of records made here."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import report_records

from bench.changes import RATE, RECALL, SIZE, TIME, Change, changes
from bench.compare import compare
from bench.report.rounds import merged

MACHINE = {"cpu": "Some CPU", "processors": 2, "python": "3.12.1", "numpy": "2.0.0", "isa": "avx2"}
DATA = {"name": "papers", "rows": 1000, "queries": 1000, "dim": 8, "metric": "l2", "bytes": 2**20}


def record(method: str, suite: str = "plain", round: int = 0, **fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "machine": MACHINE,
        "data": DATA,
        "control": [40.0, 40.2],
        "build_parameters": {"M": 16},
        "build": {
            "seconds": 10.0,
            "threads": 2,
            "peak_bytes": 3 * 2**20,
            "resting_bytes": 2 * 2**20,
            "disk_bytes": None,
            "save_seconds": None,
            "open_seconds": 0.01,
        },
        "points": [
            {
                "k": 10,
                "parameters": {"ef": ef},
                "recall": {"1": recall, "10": recall},
                "one": {"rate": rate, "spread": 0.005, "p50_us": 1, "p95_us": 2, "p99_us": 3},
                "batch": {
                    "1": {"rate": rate, "spread": 0.005},
                    "2": {"rate": 2 * rate, "spread": 0.005},
                },
            }
            for ef, recall, rate in ((10, 0.85, 4000.0), (20, 0.95, 2000.0), (40, 0.995, 500.0))
        ],
    }
    return report_records.record(method, suite, round, **{**given, **fields})


def scaled(found: dict[str, Any], factor: float, spread: float = 0.005) -> dict[str, Any]:
    """The same work, its rates one query a call multiplied."""
    other = copy.deepcopy(found)
    for point in other["points"]:
        point["one"]["rate"] *= factor
        point["one"]["spread"] = spread
    return other


def between(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Change]:
    """Changes by what changed."""
    (one,), (other,) = merged([a]), merged([b])
    return {change.what: change for change in changes(one, other)}


ONE = "rate, one query a call, recall@10 "
TWO = "rate, batch, threads 2, recall@10 "


@pytest.mark.parametrize(
    ("factor", "verdict"), [(1.2, "faster"), (0.8, "slower"), (1.01, "within noise")]
)
def test_rates_at_a_recall_are_judged_against_the_noise(factor: float, verdict: str) -> None:
    before = record("lanner")
    found = between(before, scaled(before, factor))
    for target in ("0.90", "0.95", "0.99"):
        assert found[ONE + target].change == pytest.approx(factor)
        assert found[ONE + target].verdict == verdict
        assert found[TWO + target].verdict == "within noise"
    assert found[ONE + "0.95"].before == pytest.approx(2000.0)


def test_rates_that_scatter_are_noise_where_steady_ones_are_a_change() -> None:
    before = record("lanner")
    assert between(before, scaled(before, 1.1))[ONE + "0.95"].verdict == "faster"
    assert between(before, scaled(before, 1.1, 0.05))[ONE + "0.95"].verdict == "within noise"


def test_machine_that_was_faster_is_no_faster_code() -> None:
    before = record("lanner")
    after = {**scaled(before, 1.1), "control": [44.0, 44.3]}
    found = between(before, after)
    assert found[ONE + "0.95"].verdict == "within noise"
    assert found[ONE + "0.95"].noise > 0.1


def test_builds_with_other_threads_are_compared_apart() -> None:
    found = [record("lanner", "build", points=[]) for _ in (1, 2)]
    for threads, each in enumerate(found, 1):
        each["key"] += f"|build_threads={threads}"
        each["build"]["seconds"] = 8.0 / threads
    text = compare(found, found)
    assert "build papers lanner M=16 build_threads=1" in text
    assert "build papers lanner M=16 build_threads=2" in text
    assert "slower" not in text
    assert "faster" not in text


def test_rounds_that_differ_are_noise() -> None:
    before = [record("lanner")]
    after = [
        {**scaled(record("lanner"), factor), "key": record("lanner", round=n)["key"], "round": n}
        for n, factor in enumerate((0.9, 1.1, 1.5))
    ]
    (one,), (other,) = merged(before), merged(after)
    found = {change.what: change for change in changes(one, other)}
    assert found[ONE + "0.95"].change == pytest.approx(1.1)
    assert found[ONE + "0.95"].verdict == "within noise"


def test_cost_is_judged_the_other_way_round() -> None:
    before = record("lanner")
    after = copy.deepcopy(before)
    after["build"] |= {"seconds": 5.0, "resting_bytes": 4 * 2**20, "disk_bytes": 7}
    found = between(before, after)
    assert (found["build s"].change, found["build s"].verdict) == (0.5, "faster")
    assert (found["resting MiB"].change, found["resting MiB"].verdict) == (2.0, "larger")
    assert found["peak MiB"].verdict == "within noise"
    # One side does not tell it: there is nothing to compare.
    assert "disk MiB" not in found


def test_recall_is_compared_at_equal_settings() -> None:
    before = record("lanner")
    after = copy.deepcopy(before)
    assert between(before, after)["recall@10"].verdict == "within noise"
    for point in after["points"]:
        point["recall"]["10"] -= 0.02
    after["points"][0]["parameters"] = {"ef": 11}
    change = between(before, after)["recall@10"]
    assert change.verdict == "lower"
    assert change.change == pytest.approx(-0.02)
    assert change.note.startswith("mean of 2 equal settings; most -0.0200 at ef=")


def test_rate_that_may_be_higher_still_is_not_called_slower() -> None:
    before = record("lanner")
    after = copy.deepcopy(before)
    # All points lie beyond 0.90, so the rate there is not known, save that it is no lower.
    after["points"] = after["points"][1:]
    found = between(before, after)
    assert found[ONE + "0.90"].verdict == "unclear"
    assert found[ONE + "0.90"].note == "at a higher recall after"
    assert between(after, before)[ONE + "0.90"].verdict == "unclear"
    assert found[ONE + "0.95"].verdict == "within noise"


def test_one_rate_for_all_recalls_is_told_once() -> None:
    point = {**record("flat")["points"][0], "recall": {"10": 1.0}, "parameters": {}}
    before = record("flat", "exact", points=[point])
    found = between(before, scaled(before, 2.0))
    rates = [what for what in found if what.startswith("rate, one")]
    assert rates == [ONE + "0.90"]
    assert found[ONE + "0.90"].verdict == "faster"
    assert found[ONE + "0.90"].note == ""


def test_filtered_rates_are_compared_by_kind() -> None:
    lines = [
        {
            "k": 10,
            "parameters": {"ef": 10},
            "kind": kind,
            "selectivity": share,
            "recall": recall,
            "rate": 100.0,
            "short": 0,
        }
        for kind in ("equal", "tag")
        for share, recall in ((0.01, 0.97), (0.1, 0.97), (0.5, 0.9))
    ]
    before = record("lanner", "filtered", points=[], filtered=lines)
    after = copy.deepcopy(before)
    after["filtered"][0]["rate"] = 400.0
    found = between(before, after)
    assert found["filtered, equal, recall@10 0.95"].change == pytest.approx(2.0)
    assert found["filtered, equal, recall@10 0.95"].verdict == "faster"
    assert found["filtered, equal, recall@10 0.95"].note == "2 selectivities, 1.00 to 4.00"
    assert found["filtered, tag, recall@10 0.95"].verdict == "within noise"


def test_kernels_are_compared_line_by_line() -> None:
    lines = [
        {"dtype": "f32", "kernels": each, "cache_ns": 8.0, "scan_ns": None}
        for each in ("avx2", "avx512")
    ]
    before = record("lanner", "kernels", points=[], build=None, kernels=lines)
    after = copy.deepcopy(before)
    after["kernels"][1]["cache_ns"] = 16.0
    after["kernels"].reverse()
    found = between(before, after)
    assert {what: change.verdict for what, change in found.items()} == {
        "dtype=f32 kernels=avx2 cache_ns": "within noise",
        "dtype=f32 kernels=avx512 cache_ns": "slower",
    }


@pytest.mark.parametrize("kind", [RATE, TIME, SIZE])
def test_verdicts_are_turned_about_with_the_sides(kind: str) -> None:
    more, less = Change("x", kind, 1.0, 1.2, 0.1), Change("x", kind, 1.2, 1.0, 0.1)
    assert more.verdict != less.verdict
    assert "within noise" not in (more.verdict, less.verdict)
    for before, after in ((1.0, 1.09), (1.09, 1.0)):
        assert Change("x", kind, before, after, 0.1).verdict == "within noise"


def test_verdicts_of_recall_are_of_the_difference() -> None:
    assert Change("x", RECALL, 0.0, 0.02, 0.01).verdict == "higher"
    assert Change("x", RECALL, 0.02, 0.0, 0.01).verdict == "lower"
    assert Change("x", RECALL, 0.0, 0.005, 0.01).verdict == "within noise"


def test_text_tells_changes_and_what_is_on_one_side_alone() -> None:
    a = [
        record("lanner"),
        record("peer"),
        record("old"),
        record("breaks"),
        record("never", status="missing", detail="not installed", build=None, points=[]),
    ]
    b = [
        {**scaled(record("lanner"), 1.5), "revision": "1234567"},
        record("peer"),
        record("new", build_parameters={"M": 8}),
        record("breaks", status="crashed", detail="first\nx\nlast", build=None, points=[]),
        record("never", status="missing", detail="not installed", build=None, points=[]),
    ]
    text = compare(a, b)
    lines = text.splitlines()
    assert "revision 70cafa5" in lines[0]
    at = lines.index("plain papers lanner M=16")
    figures = next(line for line in lines[at:] if ONE + "0.95" in line)
    assert figures.split()[7:12] == ["2,000", "3,000", "x1.500", "+-2.4", "%"]
    assert figures.endswith("faster")
    assert "  plain papers old M=16: ok before, not there after" in lines
    assert "  plain papers new M=8: not there before, ok after" in lines
    assert "  plain papers breaks M=16: ok before, crashed (first \u2026 last) after" in lines
    assert "never" not in text
    assert "x1.000 in the median, x1.000 to x1.000" in text
    assert lines[-3].startswith("  lanner: 3 faster, ")


def test_round_that_went_well_speaks_for_the_work() -> None:
    crashed = record("peer", round=1, status="crashed", build=None, points=[])
    assert "On one side" not in compare([record("peer"), crashed], [crashed, record("peer")])


def test_other_machine_or_library_is_warned_of() -> None:
    a, b = record("peer"), record("peer")
    assert "warning" not in compare([a], [b])
    b["machine"] = {**MACHINE, "cpu": "Another"}
    b["library"] = {"name": "peer", "version": "2.0"}
    text = compare([a], [b])
    assert "warning: cpu differs: Some CPU before, Another after." in text
    assert "warning: peer differs: 1.0 before, 2.0 after." in text
    assert "should not move" not in text
    text = compare([a, record("other", machine={**MACHINE, "cpu": "Third"})], [a])
    assert "warning: before: Records of different machines are mixed" in text


def test_nothing_gives_a_text_too() -> None:
    assert "nothing to compare" in compare([], [])
    missing = record("gone", status="missing", build=None, points=[], data=None, library=None)
    assert "not there before, not installed after" in compare([], [missing])


def test_advice_is_given_where_the_comparison_tells_too_little() -> None:
    a = record("peer")
    assert "Advice" not in compare([a], [a])
    noisy = copy.deepcopy(a)
    for point in noisy["points"]:
        for timed in (point["one"], *point["batch"].values()):
            timed["spread"] = 0.2
    text = compare([noisy], [noisy])
    assert "rates that change by less than" in text
    assert "--rounds 5" in text
    moved = copy.deepcopy(a)
    for point in moved["points"]:
        for timed in (point["one"], *point["batch"].values()):
            timed["rate"] *= 1.3
    assert "so did the machine" in compare([a], [moved])
    assert "equal --suite, --data" in compare([], [])
    beyond = {**a, "points": a["points"][1:]}
    assert "has no setting below that recall" in compare([a], [beyond])
