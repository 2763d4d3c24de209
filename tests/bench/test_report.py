"""The report, on records made here."""

from __future__ import annotations

import html.parser
import itertools
import pathlib
import re
from typing import Any

import pytest

from bench import records as records_module
from bench.report import absent, head, look, rounds, standing, tables

MACHINE = {
    "cpu": "Some CPU",
    "processors": 2,
    "governor": None,
    "memory_bytes": 8 * 2**30,
    "system": "Linux 6",
    "python": "3.12.1",
    "numpy": "2.0.0",
    "lanner": "1.0.0",
    "isa": "avx2",
}
DATA = {"name": "papers", "rows": 1000, "queries": 100, "dim": 8, "metric": "l2", "bytes": 2**20}
STRANGE = 'peer <b>&"quoted"</b> $x_1$ | *a*'


def point(recall: float, rate: float, ef: int | None = 10, /, **more: Any) -> dict[str, Any]:
    return {
        "k": 10,
        "parameters": {} if ef is None else {"ef": ef},
        "recall": {"1": recall, "10": recall},
        "one": {"rate": rate, "spread": 0.02, "p50_us": 1.0, "p95_us": 2.0, "p99_us": 3.0},
        "batch": {"1": {"rate": rate, "spread": 0.0}, "2": {"rate": 2 * rate, "spread": 0.0}},
        "distances": None,
        "hops": None,
        **more,
    }


def record(method: str, suite: str = "plain", round: int = 0, **fields: Any) -> dict[str, Any]:
    build = fields.get("build_parameters", {})
    data = fields.get("data", DATA)
    name = data["name"] if data else ""
    return {
        "format": 1,
        "key": records_module.key(suite, name, method, build, [10], 1, round),
        "suite": suite,
        "status": "ok",
        "detail": "",
        "time": "2026-11-24T02:40:00+00:00",
        "revision": "70cafa5",
        "machine": MACHINE,
        "control": [40.0, 40.4],
        "data": data,
        "method": method,
        "library": {"name": method, "version": "1.0"},
        "build_parameters": build,
        "threads": 1,
        "round": round,
        "build": {
            "seconds": 2.0,
            "threads": 2,
            "peak_bytes": 3 * 2**20,
            "resting_bytes": 2 * 2**20,
            "disk_bytes": None,
            "save_seconds": None,
            "open_seconds": None,
        },
        "points": [],
        **fields,
    }


def curve(scale: float) -> list[dict[str, Any]]:
    return [
        point(recall, scale * rate, ef)
        for ef, (recall, rate) in enumerate([(0.85, 4000), (0.95, 2000), (0.995, 500)], 10)
    ]


def several() -> list[dict[str, Any]]:
    lines = [
        {
            "k": 10,
            "parameters": {"ef": ef},
            "kind": kind,
            "selectivity": share,
            "filters": 20,
            "recall": recall,
            "rate": 1000.0 * share / ef,
            "p50_us": 1.0,
            "p95_us": 1.0,
            "p99_us": None,
            "short": 3 if share < 0.01 else 0,
        }
        for kind in ("equal", "<range> & more")
        for share in (0.001, 0.1, 0.99)
        for ef, recall in ((10, 0.9), (20, 0.97 if share > 0.01 else 0.91))
    ]
    nothing = dict.fromkeys(record("x")["build"])
    kernels = [{"dtype": "f32", "kernels": "avx2", "cache_ns": 8.25, "scan_ns": None}]
    return [
        record("lanner", points=curve(2)),
        record("twin a", points=curve(1)),
        record("twin b", points=curve(1)),
        record(STRANGE, points=curve(0.5), build=None),
        record("flat", points=[point(1.0, 10.0, None)], build=nothing),
        record("early", points=[point(0.86, 900.0, 1), point(0.88, 800.0, 2, one=None)]),
        record("untimed", points=[point(0.9, 1.0, one=None, batch={})]),
        record("bare", points=[]),
        record("gone", status="missing", detail="No module named 'gone'", library=None, build=None),
        record(
            "broken", status="crashed", detail="<first> line\nmiddle\nlast & line\n", build=None
        ),
        record("slow", status="timeout", detail="", build=None),
        record("lanner", "filtered", filtered=lines),
        record(
            STRANGE, "filtered", filtered=[{**each, "rate": each["rate"] / 4} for each in lines]
        ),
        record("lanner", "exact", points=[point(1.0, 30.0, None)]),
        record("flat", "exact", points=[point(1.0, 10.0, None)]),
        record("lanner", "hashing", points=[point(0.4, 30.0, 1), point(0.5, 20.0, 2)]),
        record("lanner", "build", build={**nothing, "seconds": 4.0, "threads": 1}),
        record("lanner", "kernels", data=None, build=None, kernels=kernels),
    ]


class Reader(html.parser.HTMLParser):
    """Tags, addresses and texts of a page; every tag must be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: pathlib.Path) -> Reader:
    reader = Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    assert reader.open == []
    return reader


def write(found: list[dict[str, Any]], folder: pathlib.Path) -> list[pathlib.Path]:
    pytest.importorskip("matplotlib")
    from bench import report

    return report.write(found, folder)


def test_page_needs_no_network_and_every_link_in_it_leads_somewhere(tmp_path: pathlib.Path) -> None:
    paths = write(several(), tmp_path / "new" / "folder")
    assert paths[0].name == "index.html"
    assert paths[-1].name == "table.md"
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths[1:-1])
    page = paths[0].read_text(encoding="utf-8")
    assert "http" not in page
    assert "@import" not in page
    assert "url(" not in page
    reader = read(paths[0])
    anchors = re.findall(r' id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors))
    for address in reader.addresses:
        inner = address.startswith("#") and address[1:] in anchors
        assert inner or address.startswith("data:image/png;base64,")
    assert sum(each.startswith("data:") for each in reader.addresses) == len(paths) - 2


def test_names_and_details_are_escaped(tmp_path: pathlib.Path) -> None:
    paths = write(several(), tmp_path)
    reader = read(paths[0])
    assert "b" not in reader.tags
    assert "range" not in reader.tags
    assert "first" not in reader.tags
    assert STRANGE in reader.texts
    table = paths[-1].read_text(encoding="utf-8")
    assert "<b>" not in table
    line = next(line for line in table.splitlines() if "quoted" in line)
    assert len(re.findall(r"(?<!\\)\|", line)) == len(
        re.findall(r"\|", next(each for each in table.splitlines() if each.startswith("| method")))
    )


def test_every_method_that_has_no_result_is_named_with_the_reason(tmp_path: pathlib.Path) -> None:
    found = several()
    table = absent.table(found)
    assert table is not None
    rows = {(row[0].text, row[1].text): [cell.text for cell in row] for row in table.rows}
    assert "No module named 'gone'" in rows["gone", "not installed"]
    assert "<first> line \u2026 last & line" in rows["broken", "crashed"]
    assert ("slow", "timed out") in rows
    texts = read(write(found, tmp_path)[0]).texts
    assert {each["method"] for each in found} <= set(texts)


def test_method_that_one_data_set_knows_nothing_of_is_named() -> None:
    other = {**DATA, "name": "mnist"}
    found = [
        record("a", points=curve(1)),
        record("b", points=curve(1)),
        record("a", data=other, points=curve(1)),
    ]
    table = absent.table(found)
    assert table is not None
    assert [cell.text for cell in table.rows[0]][:3] == ["b", "not run", "plain mnist"]
    assert absent.table([*found, record("b", data=other, points=curve(1))]) is None


def test_searched_work_without_a_point_is_named_though_it_was_built() -> None:
    table = absent.table([record("a", points=[])])
    assert table is not None
    assert table.rows[0][1].text == "nothing measured"


@pytest.mark.parametrize(
    "found",
    [
        [],
        [record("gone", status="missing", data=None, library=None)],
        [record("lanner", points=[point(0.0, 1.0)])],
        [record("peer", points=[point(0.5, 1.0), point(0.5, 1.0, 20)])],
        [record("lanner", points=[point(1.0, 1.0, k=1, recall={"1": 1.0})])],
        [record("lanner", points=[point(0.9, 1.0, k=20)])],
        [record("lanner", machine={}, control=[], time=None, revision=None, points=curve(1))],
        [record("\u9df9 \U0001f985", points=curve(1))],
        [record(f"m{n:02}", points=curve(1 + n / 100)) for n in range(30)],
    ],
    ids=["none", "missing", "no recall", "equal", "k 1", "k 20", "unknown", "script", "thirty"],
)
def test_page_of_odd_records_is_written(
    found: list[dict[str, Any]], tmp_path: pathlib.Path
) -> None:
    read(write(found, tmp_path)[0])


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


def test_markdown_explains_itself_and_warns_of_toys(tmp_path: pathlib.Path) -> None:
    found = [record("lanner", points=curve(2)), record("peer", points=curve(1))]
    paths = write(found, tmp_path)
    text = paths[-1].read_text(encoding="utf-8")
    assert '">": even the fastest setting exceeds that recall' in text
    assert "papers has 1,000 rows" in text
    assert any("papers has 1,000 rows" in each for each in read(paths[0]).texts)
    large = {**DATA, "rows": head.TOY}
    assert head.toys([record("peer", data=large)]) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"machine": {**MACHINE, "installed": {"path": "x", "hash": "1", "differs": ["a.py"]}}},
            "not that of the checkout (a.py)",
        ),
        ({"machine": {**MACHINE, "cpu": "Another <CPU>"}}, "different machines"),
        ({"machine": {**MACHINE, "numpy": "2.1.0"}}, "versions of NumPy"),
        ({"revision": "1234567"}, "different revisions"),
        ({"revision": "70cafa5+"}, "not committed"),
        ({"library": {"name": "a", "version": "2.0"}}, "versions of a are mixed"),
        ({"control": [40.0, 60.0]}, "not steady"),
    ],
)
def test_mixed_machines_and_revisions_are_warned_of(
    change: dict[str, Any], words: str, tmp_path: pathlib.Path
) -> None:
    same = [record("a", points=curve(1)), record("b", points=curve(1))]
    assert head.warnings_of(same) == []
    mixed = [*same, record("c", points=curve(1), **change)]
    assert any(words in warning for warning in head.warnings_of(mixed))
    paths = write(mixed, tmp_path)
    assert any(words in text for text in read(paths[0]).texts)
    assert words in paths[-1].read_text(encoding="utf-8")


def test_builds_of_lanner_that_differ_are_warned_of() -> None:
    one, other = (
        record(name, machine={**MACHINE, "installed": {"path": "x", "hash": name, "differs": []}})
        for name in ("a1", "b2")
    )
    assert head.warnings_of([one, one]) == []
    assert head.warnings_of([one, other]) == [
        "Records of different builds of lanner are mixed: a1, b2."
    ]


def test_memory_that_differs_by_a_page_is_the_same_machine() -> None:
    other = {**MACHINE, "memory_bytes": 8 * 2**30 - 4096, "lanner": None}
    assert head.warnings_of([record("a"), record("b", machine=other)]) == []


def test_labels_keep_apart_keep_their_order_and_stay_within_bounds() -> None:
    labels = pytest.importorskip("bench.report.labels")
    for places in ([5.0, 5.0, 5.0], [0.0, 1.0, 99.0], [50.0, 3.0, 52.0, 51.0], [100.0] * 4, [7.0]):
        moved = labels.spread_out(places, 10.0, 0.0, 100.0)
        ordered = sorted(moved)
        gaps = [high - low for low, high in itertools.pairwise(ordered)]
        assert all(gap >= 10.0 - 1e-9 for gap in gaps)
        assert ordered[0] >= 0.0
        assert ordered[-1] <= 100.0
        order = sorted(range(len(places)), key=places.__getitem__)
        assert [moved[at] for at in order] == ordered
    assert labels.spread_out([20.0, 60.0], 10.0, 0.0, 100.0) == [20.0, 60.0]
    assert labels.spread_out([5.0] * 3, 100.0, 0.0, 100.0) == [0.0, 50.0, 100.0]
    assert labels.spread_out([], 1.0, 0.0, 1.0) == []


def test_methods_are_told_apart_by_more_than_colour() -> None:
    company = {f"m{number}": ["plain"] for number in range(24)} | {"lanner": ["plain"]}
    drawn = look.looks(company, {"lanner"})
    assert len({(each.colour, str(each.dashes)) for each in drawn.values()}) == 25
    assert drawn["lanner"].colour not in {
        each.colour for name, each in drawn.items() if name != "lanner"
    }
    assert drawn["lanner"].width > drawn["m0"].width


def test_methods_of_a_picture_with_few_have_colours_of_their_own() -> None:
    few = [f"m{number:02}" for number in range(0, 24, 4)]
    company = {
        f"m{number:02}": ["plain"] + ["filtered"] * (f"m{number:02}" in few) for number in range(24)
    } | {"alone": ["filtered"]}
    drawn = look.looks(company, set())
    assert len({drawn[name].colour for name in few}) == len(few) == len(look.COLOURS)
    company.pop(few[0])
    drawn = look.looks(company, set())
    assert len({drawn[name].colour for name in [*few[1:], "alone"]}) == len(few)


def test_methods_that_never_reach_the_recall_or_were_not_timed_are_named_at_the_picture(
    tmp_path: pathlib.Path,
) -> None:
    found = [
        record("lanner", points=curve(1)),
        record("single", points=[{**each, "batch": {}} for each in curve(1)]),
    ]
    texts = read(write(found, tmp_path)[0]).texts
    assert sum("Not timed so: single." in text for text in texts) == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0"),
        (12345.6, "12,346"),
        (99.96, "100"),
        (9.8, "9.80"),
        (12.34, "12.3"),
        (0.1234, "0.123"),
        (0.00001, "1.0e-05"),
    ],
)
def test_numbers_show_three_digits(value: float | None, text: str) -> None:
    assert tables.number(value) == text
