"""The command line."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("typer")
pytest.importorskip("rich")

from typer.testing import CliRunner

import lanner
from lanner import cli, hashing
from lanner.commands import app

ROWS = np.random.default_rng(3).standard_normal((200, 16)).astype(np.float32)


def run(*arguments, code=0):
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == code, result.output
    if code == 1:
        assert result.stdout == "" or "lanner:" not in result.stdout
        assert "Traceback" not in result.stderr
        # Progress may stand before it.
        assert result.stderr.splitlines()[-1].startswith("lanner: ")
    return result


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.npy"
    np.save(path, ROWS)
    return path


@pytest.fixture
def built(vectors, tmp_path):
    path = tmp_path / "built.lanner"
    run("build", vectors, path, "--metric", "l2")
    return path


def test_build_makes_the_index_that_the_library_makes(vectors, tmp_path):
    out = tmp_path / "a.lanner"
    ids = tmp_path / "ids.txt"
    ids.write_text("".join(f"row {row}\n" for row in range(200)))
    result = run(
        *("build", vectors, out, "--metric", "ip", "--dtype", "float16", "--M", 5),
        *("--ef-construction", 33, "--seed", 9, "--ids", ids, "--threads", 2),
    )
    index = lanner.Index(16, "ip", "float16", M=5, ef_construction=33, seed=9)
    index.add(ROWS, [f"row {row}" for row in range(200)])
    assert out.read_bytes() == index.to_bytes()
    assert "size=200" in result.stdout
    assert "200/200" in result.stderr


def test_build_overwrites_no_file_but_an_index(vectors, built, tmp_path):
    for out in (vectors, tmp_path, tmp_path / "no" / "folder.lanner"):
        run("build", vectors, out, code=1)
    assert np.array_equal(np.load(vectors), ROWS)
    run("demo", "--out", vectors, code=1)
    assert np.array_equal(np.load(vectors), ROWS)
    run("build", vectors, built, "--metric", "cosine")
    assert lanner.open(built).metric == "cosine"


def test_build_without_a_graph_and_of_bits(tmp_path):
    out = tmp_path / "a.lanner"
    np.save(tmp_path / "a.npy", np.arange(40, dtype=np.uint8).reshape(10, 4))
    run("build", tmp_path / "a.npy", out, "--metric", "hamming", "--dtype", "bits", "--no-graph")
    index = lanner.open(out)
    assert (index.dim, index.graph, len(index)) == (32, None, 10)


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["--codec", "SQ8", "--keep", "None"], {"codec": "SQ8", "keep": None}),
        (["--codec", "SQ8", "--keep", "float16"], {"codec": "SQ8", "keep": "float16"}),
        (["--codec", "SQ8"], {"codec": "SQ8"}),
        (["--keep", "none"], {"codec": "SQ8", "keep": None}),
        (["--memory-budget", "20 B", "--no-graph"], {"memory_budget": "20 B", "graph": None}),
        (["--memory-budget", "20", "--no-graph"], {"memory_budget": 20, "graph": None}),
    ],
)
def test_build_keeps_what_it_is_told(arguments, options, tmp_path):
    rows = np.random.default_rng(4).standard_normal((700, 16)).astype(np.float32)
    np.save(tmp_path / "a.npy", rows)
    run("build", tmp_path / "a.npy", tmp_path / "a.lanner", *arguments)
    index = lanner.Index(16, **options)
    index.add(rows)
    assert (tmp_path / "a.lanner").read_bytes() == index.to_bytes()


COLUMNS = {
    "year": [2000 + row if row % 7 else None for row in range(200)],
    "score": [row / 4 for row in range(200)],
    "open": [row % 2 == 0 for row in range(200)],
    "place": [f"{row:05}" for row in range(200)],
    "note": ['a, "b"\nü' if row % 3 else None for row in range(200)],
}


def write_attributes(path, columns):
    rows = [dict(zip(columns, each, strict=True)) for each in zip(*columns.values(), strict=True)]
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
    else:
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet as pq

        pq.write_table(pa.table(columns), path)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_build_reads_attributes(suffix, vectors, tmp_path):
    columns = dict(COLUMNS)
    if suffix != "csv":
        columns["tags"] = [["x", "y"][: row % 3] for row in range(200)]
    path = tmp_path / f"columns.{suffix}"
    write_attributes(path, columns)
    run("build", vectors, tmp_path / "a.lanner", "--attributes", path)
    index = lanner.Index(16)
    index.add(ROWS, attributes=columns)
    assert (tmp_path / "a.lanner").read_bytes() == index.to_bytes()


def test_build_keeps_columns_text_that_are_said_to_be(vectors, tmp_path):
    path, out = tmp_path / "a.csv", tmp_path / "a.lanner"
    write_attributes(path, {name: ["2024-05-06"] * 200 for name in ("day", "seen", "was")})
    run("build", vectors, out, "--attributes", path, "--text", "day", "--text", "was")
    assert lanner.open(out).schema == {"day": "string", "seen": "timestamp", "was": "string"}
    for arguments, message in [
        (["--attributes", path, "--text", "seem"], "has no column 'seem'; did you mean 'seen'?"),
        (["--text", "day"], "--text names columns of --attributes, got none"),
        (["--attributes", path.with_suffix(".jsonl"), "--text", "day"], "a .jsonl file tells"),
    ]:
        assert message in run("build", vectors, out, *arguments, code=1).stderr


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_build_names_the_columns_that_it_leaves_out(suffix, vectors, tmp_path):
    path, nulls = tmp_path / f"a.{suffix}", [None] * 200
    write_attributes(path, {"empty": nulls, **COLUMNS, "void": nulls})
    lines = run("build", vectors, tmp_path / "a.lanner", "--attributes", path).stdout.splitlines()
    assert lines[-1] == "left out, as they hold no value: 'empty', 'void'"
    assert list(lanner.open(tmp_path / "a.lanner").schema) == list(COLUMNS)
    write_attributes(path, COLUMNS)
    for more in ([], ["--attributes", path]):
        assert "left out" not in run("build", vectors, tmp_path / "a.lanner", *more).stdout


def test_attributes_are_told_and_filtered_by(built, vectors, tmp_path):
    assert re.search(r"attributes +none *$", run("info", built).stdout, re.MULTILINE)
    write_attributes(tmp_path / "a.jsonl", {"year": list(range(200)), "tags": [["x"], ["y"]] * 100})
    index = tmp_path / "a.lanner"
    run("build", vectors, index, "--attributes", tmp_path / "a.jsonl")
    told = run("info", index).stdout
    assert re.search(r"attributes +year int64, tags list\[string\] *$", told, re.MULTILINE)
    filter = "year < 9 and 'y' in tags"
    run("search", index, vectors, "--filter", filter, "--out", tmp_path / "hits.npz")
    with np.load(tmp_path / "hits.npz") as written:
        assert written["counts"].tolist() == [4] * 200
        assert np.sort(written["ids"][:, :4]).tolist() == [[1, 3, 5, 7]] * 200
    run("search", index, vectors, "--filter", "yaer < 9", code=1)


def test_build_reads_vectors_and_attributes_of_one_file(tmp_path):
    write_attributes(tmp_path / "all.parquet", {**COLUMNS, "vectors": ROWS.tolist()})
    run(
        *("build", tmp_path / "all.parquet", tmp_path / "a.lanner"),
        *("--attributes", tmp_path / "all.parquet"),
    )
    assert list(lanner.open(tmp_path / "a.lanner").schema) == list(COLUMNS)
    run(
        *("build", tmp_path / "all.parquet", tmp_path / "all.parquet"),
        *("--attributes", tmp_path / "all.parquet"),
        code=1,
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "", "is empty: its first line would name columns"),
        ("a.csv", "a,a\n1,2\n", "must name each column once, got a, a"),
        ("a.csv", "a,b\n1,2\n3\n", "must have 2 fields in each row, got 1 in row 1"),
        ("a.csv", 'a\n"1', "line 2: unexpected end"),
        ("a.csv", "\n", "is empty: its first line would name columns"),
        ("a.csv", "\na\n1\n\n2\n\n", "attributes['a'] must have 200 rows, got 3"),
        ("a.csv", "\na,b\n1,\n\n2,\n\n", "attributes['a'] must have 200 rows, got 2"),
        ("a.csv", b"a\n\xff\n", "is not UTF-8 text"),
        ("a.jsonl", '{"a": 1}\n{"a": \n', "line 2 is not JSON"),
        ("a.jsonl", '{"a": 1}\n\n[1]\n', "line 3 must be an object, got [1]"),
        ("a.jsonl", '{"a": 1}\n{"b": 1, "b": 2}\n', "line 2 must have each key once, got 'b'"),
        ("a.jsonl", '{"a": 1}\n', "attributes['a'] must have 200 rows, got 1"),
        ("a.parquet", "PAR1", "is not a sound .parquet file"),
        ("a.json", "{}", "must end in one of .parquet, .csv, .jsonl, got '.json'"),
        ("none/a.csv", None, "cannot read"),
    ],
)
def test_attributes_that_cannot_be_read_are_named(name, text, message, vectors, tmp_path):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    if text is not None:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    out = tmp_path / "a.lanner"
    result = run("build", vectors, out, "--attributes", tmp_path / name, code=1)
    assert message in result.stderr.splitlines()[-1]
    assert not out.exists()


def test_info_shows_parameters_and_sections(built):
    output = run("info", built).stdout
    for part in ("l2", "float32", "200", "M=16, ef_construction=128", "int", "section", "crc32"):
        assert part in output
    for each in lanner.verify(built)["sections"]:
        assert each["name"] in output


def test_verify(built):
    assert "is sound: 200 items" in run("verify", built).stdout
    content = bytearray(built.read_bytes())
    content[len(content) // 2] ^= 1
    built.write_bytes(content)
    run("verify", built, code=1)


def test_info_and_verify_tell_of_a_journal(built, tmp_path):
    link = built
    if sys.platform != "win32":
        link = tmp_path / "link.lanner"
        link.symlink_to(built)
    with lanner.open(built, durable=True) as index:
        for command in ("info", "verify"):
            assert "journal" not in run(command, built).stdout
        index.remove([3])
        size = index.journal["bytes"]
    for path in (built, link):
        told = f"built.lanner.journal, {size:,} bytes, with changes that may not be in the file yet"
        assert f"journal: {told}: lanner.open(durable=True)" in run("verify", path).stdout
        shown = re.sub(r"\s+", " ", run("info", path).stdout)
        assert f"journal {told}" in shown
    with lanner.open(built, durable=True) as index:
        index.save(built)
    assert "journal" not in run("info", built).stdout + run("verify", built).stdout


def test_info_and_verify_know_what_hashing_saves(tmp_path):
    path = tmp_path / "codes.lanner"
    hashing.Codes(np.zeros((300, 2), np.uint8), attributes={"n": range(300)}).save(path)
    output = run("info", path).stdout
    for part in ("kind", "codes", "300", "bits.rows", "attr.schema", "crc32"):
        assert part in output
    assert "metric" not in output
    output = run("verify", path).stdout
    assert output.startswith(f"{path} is sound: codes, 300 items, ")
    hashing.Hyperplanes(4, 8).save(path)
    assert run("verify", path).stdout.startswith(f"{path} is sound: hash, 4 sections, ")
    path.write_bytes(path.read_bytes()[:-1])
    run("verify", path, code=1)


def test_search_shows_the_first_hits(built, vectors):
    output = run("search", built, vectors, "--k", 3).stdout
    assert "the first 10 of 200" in output
    hits = lanner.open(built).search(ROWS[:1], k=3)
    assert " ".join(map(str, hits.ids[0].tolist())) in output


@pytest.mark.parametrize("names", [False, True])
def test_search_writes_all_hits(names, vectors, tmp_path):
    built, ids = tmp_path / "a.lanner", tmp_path / "ids.npy"
    np.save(ids, [f"n{row}" for row in range(200)] if names else np.arange(200))
    run("build", vectors, built, "--ids", ids)
    hits = lanner.open(built).search(ROWS, k=201)
    run("search", built, vectors, "--k", 201, "--ef", 300, "--out", tmp_path / "hits.npz")
    with np.load(tmp_path / "hits.npz") as written:
        wanted = np.where(hits.ids == None, "", hits.ids).astype(str) if names else hits.ids  # noqa: E711
        assert written["ids"].tolist() == wanted.tolist()
        assert written["distances"].tobytes() == hits.distances.tobytes()
        assert written["counts"].tolist() == [200] * 200
    run("search", built, vectors, "--k", 3, "--exact", "--out", tmp_path / "hits.csv")
    with (tmp_path / "hits.csv").open(newline="", encoding="utf-8") as file:
        head, *lines = csv.reader(file)
    assert head == ["query", "rank", "id", "distance"]
    assert len(lines) == 600
    nearest = lanner.open(built).search(ROWS, k=3, exact=True)
    pairs = [(str(id), distance) for one in nearest for id, distance in one]
    assert [(line[2], float(line[3])) for line in lines] == pairs


HIT_COLUMNS = {
    "year": [2000 + row if row % 7 else None for row in range(200)],
    "score": [row / 4 if row % 3 else None for row in range(200)],
    "open": [row % 2 == 0 if row % 5 else None for row in range(200)],
    "note": ['a, "b"\nü' if row % 3 else None for row in range(200)],
    "tags": [["x", "é"] if row % 4 else None for row in range(200)],
    "pages": [[row, 2] if row % 4 else [] for row in range(200)],
    "when": [np.datetime64("2024-05-06T07:08", "us") + row for row in range(200)],
    "rank": list(range(200)),
}


def as_text(value):
    if value is None:
        return ""
    if isinstance(value, bool | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


WRITTEN = {
    "year": "<i8",
    "score": "<f8",
    "open": "|b1",
    "note": "<U",
    "tags": "<U",
    "pages": "<U",
    "when": "<M8[us]",
    "rank": "<i8",
}


@pytest.mark.parametrize("hit", ["id == 0", "id == 1", "rank < 0", "id in [0, 1]"])
def test_arrays_of_attributes_are_of_the_columns_types_whatever_is_hit(
    hit, vectors, tmp_path, monkeypatch
):
    path, out = tmp_path / "a.lanner", tmp_path / "hits.NPZ"
    index = lanner.Index(16, "l2")
    index.add(ROWS, attributes={name: [None, *each[1:]] for name, each in HIT_COLUMNS.items()})
    index.save(path)
    named = [part for name in HIT_COLUMNS for part in ("--attributes", name)]

    def save(file, **arrays):  # of NumPy 1.23, which has no other parameter and pickles objects
        assert all(type(each) is np.ndarray and each.dtype != object for each in arrays.values())
        savez(file, **arrays)

    savez = np.savez
    monkeypatch.setattr(np, "savez", save)
    run("search", path, vectors, "--k", 2, "--filter", hit, *named, "--out", out)
    with np.load(out, allow_pickle=False) as written:
        for name, kind in WRITTEN.items():
            assert written[f"attributes.{name}"].dtype.str.startswith(kind)
            assert written[f"nulls.{name}"].dtype == bool
            if "0" in hit:
                assert written[f"nulls.{name}"][0, written["ids"][0] < 1].all()


def test_heads_of_written_columns_are_told_apart(vectors, tmp_path):
    path, out = tmp_path / "a.lanner", tmp_path / "hits.csv"
    names = ["attributes.rank", "rank", "attributes.id", "attributes.attributes.rank", "year"]
    index = lanner.Index(16, "l2")
    index.add(ROWS, attributes={name: [place] * 200 for place, name in enumerate(names)})
    index.save(path)
    run(
        *("search", path, vectors, "--out", out),
        *(part for name in names for part in ("--attributes", name)),
    )
    with out.open(newline="", encoding="utf-8") as file:
        head, line, *_ = csv.reader(file)
    names[1] = "attributes.attributes.attributes.rank"
    assert head == ["query", "rank", "id", "distance", *names]
    assert line[4:] == ["0", "1", "2", "3", "4"]


def test_search_tells_attributes_of_hits(vectors, tmp_path):
    path, out = tmp_path / "a.lanner", tmp_path / "hits.csv"
    index = lanner.Index(16, "l2")
    index.add(ROWS, attributes=HIT_COLUMNS)
    index.save(path)
    named = [part for name in HIT_COLUMNS for part in ("--attributes", name)]
    run("search", path, vectors, "--k", 3, "--exact", *named, "--out", out)
    with out.open(newline="", encoding="utf-8") as file:
        head, *lines = csv.reader(file)
    heads = [*list(HIT_COLUMNS)[:-1], "attributes.rank"]
    assert head == ["query", "rank", "id", "distance", *heads]
    assert len(lines) == 600
    for line in lines:
        assert line[4:] == [as_text(values[int(line[2])]) for values in HIT_COLUMNS.values()]

    few = ["--filter", "id in [1, 3, 20, 21]"]
    run("search", path, vectors, "--k", 5, *few, *named, "--out", tmp_path / "hits.npz")
    with np.load(tmp_path / "hits.npz") as written:
        assert set(written) == {"ids", "distances", "counts"} | {
            f"{kind}.{name}" for kind in ("attributes", "nulls") for name in HIT_COLUMNS
        }
        assert written["counts"].tolist() == [4] * 200
        for name, values in HIT_COLUMNS.items():
            got, nulls = written[f"attributes.{name}"], written[f"nulls.{name}"]
            for place, id in np.ndenumerate(written["ids"]):
                wanted = None if id < 0 else values[id]
                assert nulls[place] == (wanted is None)
                if name in ("note", "tags", "pages"):
                    assert got[place] == as_text(wanted)
                elif wanted is not None:
                    assert got[place] == wanted

    output = run("search", path, vectors, "--k", 2, "--attributes", "year").stdout
    assert "year" in output
    assert "; 2" in output
    wrong = run("search", path, vectors, "--attributes", "yaer", code=1).stderr
    assert "did you mean 'year'" in wrong


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "none.lanner"], "none.lanner"),
        (["verify", "{vectors}"], "vectors.npy"),
        (["build", "none.npy", "{out}"], "cannot read none.npy"),
        (["build", "{vectors}.csv", "{out}"], "must end in one of .npy"),
        (["build", "{vectors}", "{out}", "--metric", "x"], "metric must be one of"),
        (
            ["build", "{vectors}", "{out}", "--no-graph", "--M", "8"],
            "M is a parameter of the graph",
        ),
        (["build", "{vectors}", "{out}", "--threads", "0"], "threads must be at least 1, got 0"),
        (["build", "{vectors}", "{out}", "--name", "x"], "holds one array"),
        (
            ["build", "{vectors}", "{out}", "--keep", "none", "--codec", "none"],
            "keep says what is kept beside",
        ),
        (["build", "{vectors}", "{out}", "--memory-budget", "1 MB"], "memory_budget must be a"),
        (
            ["build", "{vectors}", "{out}", "--memory-budget", "9", "--codec", "SQ8"],
            "memory_budget chooses codec and keep",
        ),
        (["build", "{vectors}", "none/none/{out}"], "none"),
        (["search", "{built}", "{vectors}", "--k", "0"], "k must be at least 1, got 0"),
        (["search", "{built}", "{vectors}", "--out", "a.txt"], "--out must end in .npz or .csv"),
        (["search", "{built}", "{vectors}", "--exact", "--ef", "9"], "exact=True walks none"),
    ],
)
def test_errors_are_one_line_and_status_1(
    arguments, message, vectors, built, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "40")
    names = {"vectors": vectors, "built": built, "out": "out.lanner"}
    result = run(*(each.format(**names) for each in arguments), code=1)
    assert message in result.stderr.splitlines()[-1]
    assert not (tmp_path / "out.lanner").exists()


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_search_takes_an_array_of_one_vector(suffix, built, tmp_path):
    path = tmp_path / f"q{suffix}"
    save = np.save if suffix == ".npy" else np.savez
    save(path, ROWS[7])
    run("search", built, path, "--k", 3, "--out", tmp_path / "hits.npz")
    with np.load(tmp_path / "hits.npz") as hits:
        assert hits["ids"].tolist() == lanner.open(built).search(ROWS[7:8], 3).ids.tolist()
    assert "0" in run("search", built, path, "--k", 1).stdout
    save(path, ROWS[:2, :, np.newaxis])
    message = "must hold a matrix of rows or one vector, got shape (2, 16, 1)"
    assert message in run("search", built, path, code=1).stderr
    save(path, ROWS[7])
    message = "must hold a matrix of rows, got shape (16,)"
    assert message in run("build", path, tmp_path / "out.lanner", code=1).stderr


def test_wrong_dim_of_queries(built, tmp_path):
    np.save(tmp_path / "q.npy", np.ones((2, 5)))
    result = run("search", built, tmp_path / "q.npy", code=1)
    assert "queries must have dim 16, got 5" in result.stderr


def test_usage_errors_are_status_2():
    run("build", code=2)
    run("nonsense", code=2)


def test_version():
    assert lanner.__version__ in run("--version").stdout


def test_demo(tmp_path):
    out = tmp_path / "papers.lanner"
    result = run("demo", "--out", out)
    for part in (
        "built",
        "nearest papers",
        "recall@10",
        "exact search",
        "saved",
        "opened",
        "verified",
    ):
        assert part in result.stdout
    assert len(lanner.open(out, verify=True)) == 4000


def test_demo_leaves_nothing_behind_unless_asked(tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    run("demo")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_the_extra_the_command_says_how_to_get_it(missing, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, missing, None)
    assert cli.main() == 2
    captured = capsys.readouterr()
    assert 'pip install "lanner[cli]"' in captured.err
    assert missing in captured.err
    assert captured.out == ""


def test_command_as_a_process(tmp_path):
    command = [sys.executable, "-c", "import sys; from lanner.cli import main; sys.exit(main())"]
    done = subprocess.run(
        [*command, "info", str(tmp_path / "none.lanner")], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("lanner: ")
    assert len(done.stderr.splitlines()) == 1
    done = subprocess.run([*command, "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    for name in ("info", "verify", "build", "search", "demo"):
        assert name in done.stdout
