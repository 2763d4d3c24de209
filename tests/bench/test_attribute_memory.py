"""The comparison of attributes' memory, on columns whose other design can be counted by hand."""

from __future__ import annotations

import datetime

import pytest

from bench import attributes


def test_numbers_and_truths_take_what_is_stated():
    pytest.importorskip("pyroaring")
    assert attributes.other_bytes([3, None, 5, 7]) == 4 * 8 + 3 * 12
    assert attributes.other_bytes([2.5] * 10) == 10 * 20
    assert attributes.other_bytes([datetime.date(2024, 1, 1)] * 3) == 3 * 20
    assert attributes.other_bytes([True, None, False]) == 2


def test_strings_and_lists_take_a_bitmap_a_value():
    pytest.importorskip("pyroaring")
    value = attributes.BITMAP_BYTES + attributes.CONTAINER_BYTES
    # Two rows of one value, one of another: 16-bit numbers, or a run where that is smaller.
    strings = attributes.other_bytes(["ab", "ab", None, "c"])
    assert strings == 4 * 4 + (2 + 8 + value + 4) + (1 + 8 + value + 2)
    lists = attributes.other_bytes([["ab", "c"], ["ab"], [], None])
    assert lists == 4 * 4 + 3 * 4 + (2 + 8 + value + 4) + (1 + 8 + value + 2)


@pytest.mark.parametrize("values", [[1, 2, None] * 50, ["a", "b"] * 50, [["x"], []] * 50])
def test_lanner_counts_what_filters_make(values):
    assert attributes.lanner_bytes("column", values) > 0


def test_all_columns_of_the_demo_are_compared(capsys):
    pytest.importorskip("pyroaring")
    attributes.main(["--set", "demo"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith("all ")
    sums = [
        sum(int(line[18:].split()[at].replace(",", "")) for line in lines[1:-1]) for at in (0, 1)
    ]
    assert [int(each.replace(",", "")) for each in lines[-1].split()[1:3]] == sums
