"""Counts of instructions: told apart by what rose, and the same when nothing changed."""

from __future__ import annotations

import json
import shutil

import pytest

from bench.regress import __main__ as program
from bench.regress import counting, workloads


def baseline(**counts):
    return {
        "format": counting.FORMAT,
        "conditions": {"isa": "avx2", "numpy": "2.0"},
        "lanner": "0.1.0",
        "counts": counts,
    }


@pytest.fixture
def counted(monkeypatch):
    """What the next count gives, without counting."""
    found = {}
    monkeypatch.setattr(counting, "count", lambda names, keep: baseline(**found))
    return found


def test_rise_above_the_tolerance_fails(tmp_path, counted, capsys):
    file = tmp_path / "baseline.json"
    counted |= {"search": 1000, "build": 1000}
    assert program.main(["--save", str(file)]) == 0
    counted |= {"search": 1019, "build": 500}
    assert program.main(["--against", str(file)]) == 0
    assert program.main(["--against", str(file), "--tolerance", "1.5"]) == 1
    counted["search"] = 1021
    capsys.readouterr()
    assert program.main(["--against", str(file)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["search", "1,000", "1,021", "+2.10%", "slower"],
        ["build", "1,000", "500", "-50.00%"],
    ]


def test_new_runs_and_other_conditions_are_told():
    after = baseline(search=5)
    after["conditions"]["numpy"] = "2.1"
    table, worse = counting.compare(baseline(), after, 2)
    assert not worse
    assert table.startswith("note: numpy was 2.0, is 2.1")
    assert table.endswith("new")


def test_baseline_of_another_format_is_refused(tmp_path):
    file = tmp_path / "baseline.json"
    file.write_text(json.dumps({"format": 99}))
    with pytest.raises(SystemExit, match="format 99"):
        program.main(["--against", str(file)])
    with pytest.raises(SystemExit, match="cannot read"):
        program.main(["--against", str(tmp_path / "none.json")])


def test_without_valgrind_the_status_is_2(monkeypatch, capsys):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert program.main([]) == 2
    assert "valgrind is not installed" in capsys.readouterr().err


def test_every_workload_can_be_repeated(tmp_path):
    workloads.prepare(tmp_path)
    for make in workloads.WORKLOADS.values():
        work = make(tmp_path)
        for _ in range(3):
            work()


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="needs valgrind")
def test_counts_are_the_same_when_nothing_changed():
    first, again = (counting.count(["hamming"])["counts"]["hamming"] for _ in range(2))
    # Twice 50 queries over 2,000 codes of 32 bytes: at least an instruction for 8 bytes.
    assert first > 2 * 50 * 2000 * 4 / 8
    assert again == pytest.approx(first, rel=1e-3)
