"""The report, on records made up."""

from __future__ import annotations

import itertools
import pathlib
import re
from typing import Any

import pytest
from report_records import (
    DATA,
    MACHINE,
    STRANGE,
    curve,
    point,
    read,
    record,
    several,
    write,
)

from bench.report import absent, head, look, tables


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
