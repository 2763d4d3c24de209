"""The benchmark harness survives what methods do, and loses nothing of a run."""

import json
import os
import pathlib
import sys

import numpy as np
import pytest

from bench import cli, machine, records, runner, worker
from bench.dataset import DataSet

HERE = pathlib.Path(__file__).parent


@pytest.fixture
def options(tmp_path, monkeypatch):
    monkeypatch.setenv("LANNER_BENCH_METHODS", "fake_methods")
    monkeypatch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)
    monkeypatch.syspath_prepend(HERE)

    def make(*methods, **changes):
        return runner.Options(
            **{
                "suite": "plain",
                "data": ("demo",),
                "methods": methods,
                "out": tmp_path / "results.jsonl",
                "cache": tmp_path / "cache",
                "seconds": 0.01,
                "time_limit": 100.0,
                "grid": 1,
                **changes,
            }
        )

    return make


def run(options):
    said = []
    failures = runner.run(options, said.append)
    return failures, records.read([options.out]), said


@pytest.mark.skipif(not hasattr(__import__("os"), "killpg"), reason="signals of POSIX")
def test_run_records_good_and_bad_methods_alike(options):
    chosen = options(
        "fake-perfect", "fake-killed", "fake-quitter", "fake-raising", "fake-unable", "fake-missing"
    )
    failures, found, _ = run(chosen)
    by_name = {record["method"]: record for record in found}
    assert failures == 3
    assert {name: record["status"] for name, record in by_name.items()} == {
        "fake-perfect": "ok",
        "fake-killed": "crashed",
        "fake-quitter": "crashed",
        "fake-raising": "failed",
        "fake-unable": "unable",
        "fake-missing": "missing",
    }
    assert "SIGABRT" in by_name["fake-killed"]["detail"]
    assert "not on this machine" in by_name["fake-quitter"]["detail"]
    assert "no <such> thing" in by_name["fake-raising"]["detail"]
    assert "rows are too few" in by_name["fake-unable"]["detail"]
    assert "no_such_package" in by_name["fake-missing"]["detail"]

    # What was measured before the process died is kept.
    assert [point["parameters"] for point in by_name["fake-killed"]["points"]] == [{"share": 0.5}]

    perfect = by_name["fake-perfect"]
    assert [point["recall"]["10"] for point in perfect["points"]] == [0.5, 1.0]
    assert [point["recall"]["1"] for point in perfect["points"]] == [1.0, 1.0]
    for point in perfect["points"]:
        assert point["one"]["rate"] > 0
        assert 0 < point["one"]["p50_us"] <= point["one"]["p95_us"] <= point["one"]["p99_us"]
        assert point["batch"] == {}
    assert perfect["build"]["disk_bytes"] == 4
    assert perfect["build"]["open_seconds"] is None
    assert perfect["data"]["rows"] == 4000
    assert perfect["library"] == {"name": "numpy", "version": np.__version__}
    assert perfect["machine"]["python"] == sys.version.split()[0]
    assert len(perfect["control"]) == 3


def test_method_that_hangs_is_ended(options):
    failures, found, _ = run(options("fake-hanging", time_limit=4.0))
    assert failures == 1
    assert found[0]["status"] == "timeout"
    assert "ended after 4 s" in found[0]["detail"]


def test_interrupted_run_resumes(options, monkeypatch):
    chosen = options("fake-perfect", grid=None, rounds=2, suite="build", build_threads=1)
    done = []
    monkeypatch.setattr(runner, "do", lambda task, _: done.append(task) or fake_record(task))
    append = records.append
    with monkeypatch.context() as patch:
        calls = iter(range(100))

        def fail(path, record):
            if next(calls) == 2:
                raise KeyboardInterrupt
            append(path, record)

        patch.setattr(records, "append", fail)
        with pytest.raises(KeyboardInterrupt):
            run(chosen)
    assert len(done) == 3
    with open(chosen.out, "a") as file:
        file.write('{"format": 1, "key": "torn')
    _, found, said = run(chosen)
    assert len(done) == 3 + 2
    assert len({task.key for task in done}) == 4
    assert len(found) == 4
    assert sum("done before" in line for line in said) == 2


def fake_record(task):
    return {
        "format": records.FORMAT,
        "key": task.key,
        "status": "ok",
        "detail": "",
        "data": {},
        "library": {"name": "numpy", "version": np.__version__},
        "seconds": 0.01,
        "build": None,
        "points": [],
        "filtered": [],
        "kernels": [],
    }


def test_filtered_answers_are_held_against_the_filter(options):
    _, found, _ = run(options("fake-perfect", "fake-liar", suite="filtered"))
    by_name = {record["method"]: record["filtered"] for record in found}
    full = [group for group in by_name["fake-perfect"] if group["parameters"] == {"share": 1.0}]
    assert {group["recall"] for group in full} == {1.0}
    assert {group["short"] for group in full} == {0}
    half = [
        group
        for group in by_name["fake-perfect"]
        if group["parameters"] == {"share": 0.5} and group["selectivity"] >= 0.1
    ]
    assert {group["short"] == group["filters"] for group in half} == {True}
    assert {group["recall"] for group in by_name["fake-liar"]} == {0.0}


def test_unknown_names_are_refused_before_anything_runs(options):
    with pytest.raises(SystemExit, match="no method 'hnsw'; there are"):
        run(options("hnsw"))
    with pytest.raises(SystemExit, match="no data set 'papres': there are"):
        run(options("fake-perfect", data=("papres",)))
    with pytest.raises(SystemExit, match="'lanner' takes no part in the suite 'exact'; those"):
        run(options("lanner", suite="exact"))
    with pytest.raises(SystemExit, match="binary codes, and 'demo' has metric 'cosine'"):
        run(options("lanner", suite="hashing"))
    with pytest.raises(SystemExit, match="--k must be at most 100 on 'demo', got 101"):
        run(options("fake-perfect", k=(10, 101)))


def test_all_methods_may_be_asked_for_by_that_word(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(runner, "run", lambda options, say: asked.append(options.methods) or 0)
    out = f"--out {tmp_path / 'results.jsonl'}"
    for words in ("", "--methods all", "--methods hnswlib lanner"):
        assert cli.main(f"run {words} {out}".split()) == 0
    assert asked == [(), (), ("hnswlib", "lanner")]


def test_method_without_the_metric_is_left_out_of_the_plan(options):
    assert runner.plan(options("faiss-binary-flat", suite="hashing"), {"demo": small()}) == []
    assert len(runner.plan(options("usearch", suite="hashing"), {"demo": small()})) == 1


def small(add=0.0):
    base = np.random.default_rng(1).standard_normal((300, 8)).astype(np.float32) + np.float32(add)
    return DataSet("small", "l2", base, base[:5])


def test_what_no_longer_holds_is_measured_again(options, tmp_path, monkeypatch):
    path = tmp_path / "rows.npy"
    done = []
    do = runner.do
    monkeypatch.setattr(runner, "do", lambda task, how: done.append(task) or do(task, how))

    def again(add=0.0, method="fake-perfect", **changes):
        np.save(path, small(add).base)
        done.clear()
        run(options(method, data=(str(path),), suite="build", build_threads=1, **changes))
        return len(done)

    assert again() == 1
    assert again() == 0
    assert again(add=1.0) == 1
    assert again(add=1.0, seconds=0.02) == 1
    assert again(add=1.0, seconds=0.02) == 0
    assert again(method="fake-missing") == 1
    assert again(method="fake-missing") == 1
    assert again(method="fake-raising") == 1
    assert again(method="fake-raising") == 0
    assert again(method="fake-raising", retry=True) == 1


def test_records_of_another_format_are_refused(tmp_path):
    path = tmp_path / "old.jsonl"
    path.write_text(json.dumps({"format": 0, "key": "x"}) + "\n")
    with pytest.raises(SystemExit, match=r"old\.jsonl, line 1: record of format 0, this reads 1"):
        records.read([path])
    path.write_text("{}\nnot json\n")
    with pytest.raises(SystemExit, match="line 1"):
        records.read([path])


def test_lanner_that_was_built_anew_is_measured_again(options, monkeypatch):
    chosen = options("lanner", suite="build", build_threads=1)
    done = []
    built = {"path": "x", "hash": "1", "differs": ["index.py"]}
    monkeypatch.setattr(machine, "installed", lambda: built)

    def record_of(task, _):
        done.append(task)
        library = {"name": "lanner", "version": machine.version("lanner")}
        return {**fake_record(task), "library": library, "machine": {"installed": dict(built)}}

    monkeypatch.setattr(runner, "do", record_of)
    _, _, said = run(chosen)
    assert any("not that of the checkout (index.py)" in line for line in said)
    run(chosen)
    assert len(done) == 1
    built["hash"] = "2"
    run(chosen)
    assert len(done) == 2


def test_later_record_of_a_key_replaces_the_earlier(tmp_path):
    path = tmp_path / "r.jsonl"
    for value in (1, 2):
        records.append(path, {"format": 1, "key": "a", "value": value})
    records.append(path, {"format": 1, "key": "b", "value": 3})
    assert [record["value"] for record in records.read([path])] == [2, 3]


def test_worker_says_what_it_could_not_import(capsys, tmp_path, monkeypatch, options):
    options()
    task = {"suite": "plain", "method": "fake-missing", "data": "demo", "seconds": 0.01}
    monkeypatch.setattr(sys, "argv", ["worker", json.dumps(task), str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        worker.main()
    assert ended.value.code == worker.MISSING
    assert "no_such_package" in capsys.readouterr().err


def test_command_line_lists_data_and_methods(capsys):
    assert cli.main(["list"]) == 0
    said = capsys.readouterr().out
    assert "demo " in said
    assert "symphonyqg" in said
    with pytest.raises(SystemExit, match="--k must be 1 or more, got 0"):
        cli.main(["run", "--k", "0"])
    with pytest.raises(SystemExit, match="there is no file"):
        cli.main(["report", "nowhere.jsonl"])
