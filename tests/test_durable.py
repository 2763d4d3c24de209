"""Changes that outlive their process: journal and lock, and files written while things fail."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import struct
import subprocess
import sys
import sysconfig
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from conftest import points

import lanner
from lanner import FileFormatError, InvalidArgumentError, ReadOnlyError, StorageError

linux = pytest.mark.skipif(
    not sys.platform.startswith("linux") or platform.libc_ver()[0] != "glibc",
    reason="stands between a program and glibc",
)


@pytest.fixture
def path(tmp_path: Path, make_points) -> Path:
    make_points(30).save(tmp_path / "a.lanner")
    return tmp_path / "a.lanner"


def journal_of(path: Path) -> Path:
    return path.with_name(path.name + ".journal")


def changed(path: Path, **options) -> lanner.Index:
    """Open and change an index in every way that there is."""
    index = lanner.open(path, durable=True, **options)
    index.add(points(4) + 50, range(100, 104), attributes={"year": [1, 2, None, 4]})
    index.upsert(
        points(2) + 70, [3, 200], attributes={"tags": [["a", "b"], None], "name": ["ü", None]}
    )
    index.remove([5, 101])
    index.update_attributes([100, 7], {"year": [None, 9], "score": [0.5, None]})
    index.add(points(3) + 90)
    index.compact()
    index.upsert(points(2), [0, 1])
    return index


@pytest.mark.parametrize("sync", ["always", "batch"])
def test_changes_are_there_when_the_file_is_opened_again(sync, path):
    before = path.read_bytes()
    index = changed(path, sync=sync)
    whole = index.to_bytes()
    assert index.journal["changes"] == 7
    del index
    assert path.read_bytes() == before
    with lanner.open(path, durable=True) as again:
        assert again.journal["replayed"] == 7
        assert again.journal["cut_bytes"] == 0
        assert again.to_bytes() == whole
        again.validate()
    assert len(lanner.open(path)) == 30


def test_replayed_index_goes_on_as_the_first_would_have(path, tmp_path):
    copy = tmp_path / "b.lanner"
    index = changed(path)
    index.close()
    shutil.copy(path, copy)
    shutil.copy(journal_of(path), journal_of(copy))
    goes_on = lanner.open(path, durable=True)
    never_stopped = lanner.Index.from_bytes(index.to_bytes())
    rows = np.random.default_rng(3).standard_normal((60, 4))
    assert goes_on.add(rows).tolist() == never_stopped.add(rows).tolist()
    assert goes_on.to_bytes() == never_stopped.to_bytes()


def test_string_ids_codes_and_fit(tmp_path, rng):
    index = lanner.Index(16, codec="SQ8", keep=None)
    index.save(tmp_path / "a")
    with lanner.open(tmp_path / "a", durable=True) as durable:
        durable.fit(rng.standard_normal((300, 16)))
        durable.add(rng.standard_normal((50, 16)), [f"ä{row}" for row in range(50)])
        durable.remove(["ä3"])
        whole = durable.to_bytes()
    with lanner.open(tmp_path / "a", durable=True) as again:
        assert again.to_bytes() == whole


@pytest.mark.parametrize(
    ("metric", "dtype"), [("hamming", "bits"), ("ip", "bfloat16"), ("l2", "int8")]
)
def test_every_kind_of_vector_is_replayed(metric, dtype, tmp_path, rng):
    lanner.Index(24, metric, dtype).save(tmp_path / "a")
    rows = rng.integers(0, 2, (20, 24)).astype(bool if dtype == "bits" else np.float32)
    with lanner.open(tmp_path / "a", durable=True) as index:
        index.add(rows)
        whole = index.to_bytes()
    with lanner.open(tmp_path / "a", durable=True) as again:
        assert again.to_bytes() == whole


def test_saving_to_its_own_path_begins_the_journal_anew(path):
    index = changed(path)
    index.save(path)
    assert index.journal["changes"] == 0
    assert index.journal["bytes"] == 64 == journal_of(path).stat().st_size
    assert index.journal["checkpoints"] == 1
    assert path.read_bytes() == index.to_bytes()
    index.remove([100])
    whole = index.to_bytes()
    index.close()
    with lanner.open(path, durable=True) as again:
        assert again.journal["replayed"] == 1
        assert again.to_bytes() == whole


def test_saving_elsewhere_leaves_the_journal(path, tmp_path):
    with changed(path) as index:
        index.save(tmp_path / "copy")
        assert index.journal["changes"] == 7
        assert lanner.open(tmp_path / "copy", verify=True).to_bytes() == index.to_bytes()


def test_long_journal_is_folded_into_the_file_in_the_background(path):
    index = lanner.open(path, durable=True, journal_bytes=3000)
    for turn in range(200):
        index.upsert(points(5) + turn, range(5))
    whole = index.to_bytes()
    index.close()
    assert journal_of(path).stat().st_size < 200 * 5 * 16
    with lanner.open(path, durable=True, journal_bytes=3000) as again:
        assert again.journal["replayed"] < 200
        assert again.to_bytes() == whole


def test_failed_call_leaves_nothing_in_the_journal(path):
    with lanner.open(path, durable=True) as index:
        for call in (
            lambda: index.add(points(2), [1, 500]),
            lambda: index.remove([1, 999]),
            lambda: index.update_attributes([999], {"a": [1]}),
            lambda: index.add(np.full((1, 4), np.nan)),
        ):
            with pytest.raises(lanner.Error):
                call()

        def stop(done, total):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            index.add(points(500) + 100, progress=stop)
        assert index.journal["bytes"] == 64
        index.add(points(1))
    assert lanner.open(path, durable=True).journal["replayed"] == 1


def test_second_writer_is_told_of_the_first_and_readers_are_not_bothered(path, tmp_path):
    index = lanner.open(path, durable=True)
    index.remove([1])
    with pytest.raises(
        StorageError, match=f"durable=True, or being saved, in process {os.getpid()}"
    ):
        lanner.open(path, durable=True)
    program = """if True:
        import sys, lanner
        print(len(lanner.open(sys.argv[1])))
        lanner.open(sys.argv[1], durable=True)"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True
    )
    assert done.stdout.strip() == "30"
    assert (
        f"StorageError: {path} is open with durable=True, or being saved, in process {os.getpid()}"
        in done.stderr
    )
    if hasattr(os, "symlink") and sys.platform != "win32":
        (tmp_path / "link").symlink_to(path)
        with pytest.raises(StorageError, match="process"):
            lanner.open(tmp_path / "link", durable=True)
    index.close()
    lanner.open(path, durable=True).close()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills")
def test_lock_dies_with_its_holder(path):
    program = """if True:
        import sys, lanner
        index = lanner.open(sys.argv[1], durable=True)
        index.remove([1, 2])
        print("open", flush=True)
        sys.stdin.read()"""
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"open\n"
    with pytest.raises(StorageError, match=f"process {holder.pid}"):
        lanner.open(path, durable=True)
    holder.kill()
    holder.communicate()
    with lanner.open(path, durable=True) as index:
        assert len(index) == 28


def test_closed_index_can_be_searched_and_not_changed(path):
    index = changed(path)
    size = len(index)
    index.close()
    index.close()
    assert index.journal is None
    assert index.search(points(1)[0], k=size).counts == size
    for call in (lambda: index.add(points(1)), lambda: index.remove([0]), index.compact):
        with pytest.raises(ReadOnlyError, match="closed"):
            call()


@pytest.mark.skipif(sys.platform == "win32", reason="files have no mode there")
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_journal_and_lock_are_for_those_for_whom_the_file_is(mode, path):
    before = os.umask(0o022)
    try:
        path.chmod(mode)
        with lanner.open(path, durable=True) as index:
            index.remove([1])
            for beside in (journal_of(path), path.with_name(path.name + ".lock")):
                assert beside.stat().st_mode & 0o777 == mode, beside
            index.save(path)
            assert journal_of(path).stat().st_mode & 0o777 == mode
        assert path.stat().st_mode & 0o777 == mode
        lanner.open(path).save(path.with_name("new"))
        assert path.with_name("new").stat().st_mode & 0o777 == 0o644
    finally:
        os.umask(before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_forked_child_searches_and_does_not_change(path):
    index = lanner.open(path, durable=True, sync="batch")
    child = os.fork()
    if child == 0:
        status = 1
        try:
            assert index.search(points(1)[0], k=3, threads=1).counts == 3
            with pytest.raises(StorageError, match="forked"):
                index.remove([1])
            with pytest.raises(StorageError, match="forked"):
                index.save(path)
            assert 1 in index
            del index
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    index.remove([1])
    index.close()
    with lanner.open(path, durable=True) as again:
        assert again.journal["replayed"] == 1


# What is wrong with a journal


def test_torn_end_is_cut_with_a_warning(path):
    index = changed(path)
    place = journal_of(path)
    index.close()
    whole = place.read_bytes()
    ends = record_ends(whole)
    assert len(ends) == 8
    for length in range(64, len(whole), 7):
        place.write_bytes(whole[:length])
        complete = sum(end <= length for end in ends) - 1
        if length in ends:
            with lanner.open(path, durable=True) as again:
                assert again.journal["replayed"] == complete
            continue
        with pytest.warns(RuntimeWarning, match="had not returned"):
            again = lanner.open(path, durable=True)
        assert again.journal["replayed"] == complete
        assert again.journal["cut_bytes"] == length - ends[complete]
        again.close()
        # It is gone for good.
        assert place.stat().st_size == ends[complete]


def test_any_changed_byte_cuts_the_end_or_is_refused(path):
    index = lanner.open(path, durable=True)
    for turn in range(4):
        index.upsert(points(1) + turn, [turn], attributes={"a": [turn], "b": [f"b{turn}"]})
    index.close()
    place = journal_of(path)
    whole = place.read_bytes()
    ends = record_ends(whole)
    refused = cut = 0
    for at in range(len(whole)):
        altered = bytearray(whole)
        altered[at] ^= 0x41
        place.write_bytes(altered)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            try:
                with lanner.open(path, durable=True) as again:
                    # Nobody can tell damage in the last record from a torn one.
                    assert at >= ends[-2]
                    assert again.journal["replayed"] == 3
                    cut += 1
            except FileFormatError:
                assert at < ends[-2]
                refused += 1
    assert cut == ends[-1] - ends[-2]
    assert refused == ends[-2]


def record_ends(journal: bytes) -> list[int]:
    ends = [64]
    while ends[-1] < len(journal):
        length = int.from_bytes(journal[ends[-1] : ends[-1] + 8], "little")
        ends.append(ends[-1] + 40 + (length + 7) // 8 * 8)
    return ends


def test_checkpoints_are_no_changes(path):
    """A file that could not be put in its place leaves a checkpoint in the journal, and no more."""
    place = journal_of(path)
    lanner.open(path, durable=True).close()
    header = place.read_bytes()
    place.write_bytes(header + record(1, 0, bytes(16)))
    other = lanner.Index(4, "l2")
    other.save(path)
    lanner.open(path, durable=True).close()
    place.write_bytes(header + record(1, 0, bytes(16)) + record(2, 6, bytes(48)))
    with pytest.raises(FileFormatError, match="holds 1 change that would be lost"):
        lanner.open(path, durable=True)


def record(number: int, kind: int, payload: bytes, synced: int = 0) -> bytes:
    """Return the record of a journal as `cpp/FORMAT.md` has it."""
    head = struct.pack("<QQQIII", len(payload), number, synced, kind, zlib.crc32(payload), 0)
    return head + struct.pack("<I", zlib.crc32(head)) + payload


NO_TABLE = (0, 0, 0)
ID_7 = struct.pack("<q", 7)


def column(text_bytes: int = 0, filling: bytes = b"\0") -> bytes:
    return struct.pack("<IIQQQ", 0, 0, 1, 1, text_bytes) + b"a".ljust(8, filling) + bytes(8)


@pytest.mark.parametrize(
    ("kind", "head", "rest", "why"),
    [
        (6, (1, 0, 0, 0, 0, *NO_TABLE), b"", "rows"),
        (6, (0, 1, 0, 0, 0, *NO_TABLE), b"", "element type"),
        (6, (0, 0, 1, 0, 0, *NO_TABLE), b"", "ids"),
        (6, (0, 0, 0, 0, 0, 1, 0, 0), b"", "columns"),
        (6, (0, 0, 0, 0, 0, 0, 1, 0), b"", "columns"),
        (3, (1, 1, 1, 0, 8, *NO_TABLE), ID_7, "element type"),
        (3, (1, 0, 1, 0, 8, 1, 0, 0), ID_7, "columns"),
        (3, (1, 0, 1, 0, 8, 2, 0, 0), ID_7, "columns"),
        (4, (1, 0, 1, 0, 8, 1, 1, 48), ID_7 + column(text_bytes=5), "text"),
        (4, (1, 0, 1, 0, 8, 1, 1, 48), ID_7 + column(filling=b"!"), "padding"),
    ],
    ids=str,
)
def test_record_with_parts_that_mean_nothing_is_refused(kind, head, rest, why, path):
    lanner.open(path, durable=True).close()
    place = journal_of(path)
    place.write_bytes(place.read_bytes() + record(1, kind, struct.pack("<QIIQQIIQ", *head) + rest))
    with pytest.raises(FileFormatError, match=f"not sound: .*{why}"):
        lanner.open(path, durable=True)


def test_journal_of_another_file_is_refused(path, tmp_path):
    changed(path).close()
    other = lanner.Index(4, "l2")
    other.add(points(5))
    other.save(tmp_path / "other.lanner")
    (tmp_path / "other.lanner").replace(path)
    with pytest.raises(FileFormatError, match="holds 7 changes that would be lost"):
        lanner.open(path, durable=True)
    journal_of(path).unlink()
    lanner.open(path, durable=True).close()
    # An empty journal holds nothing that could be lost.
    points_index = lanner.Index(4, "l2")
    points_index.add(points(6))
    points_index.save(path)
    with lanner.open(path, durable=True) as index:
        assert len(index) == 6
    journal_of(path).write_bytes(b"something else entirely" * 9)
    with pytest.raises(FileFormatError, match="does not begin"):
        lanner.open(path, durable=True)


def test_arguments(path):
    with pytest.raises(InvalidArgumentError, match="sync goes with durable=True"):
        lanner.open(path, sync="batch")
    with pytest.raises(InvalidArgumentError, match="journal_bytes goes with durable=True"):
        lanner.open(path, journal_bytes=5)
    with pytest.raises(InvalidArgumentError, match="sync must be 'always' or 'batch', got 'often'"):
        lanner.open(path, durable=True, sync="often")
    with pytest.raises(InvalidArgumentError, match="journal_bytes"):
        lanner.open(path, durable=True, journal_bytes=0)
    with pytest.raises(StorageError, match="none"):
        lanner.open(path.with_name("none"), durable=True)
    assert sorted(os.listdir(path.parent)) == ["a.lanner"]


def test_replay_reports_progress(path):
    changed(path).close()
    seen: list[tuple[int, int]] = []
    lanner.open(path, durable=True, progress=lambda done, total: seen.append((done, total))).close()
    assert seen[-1][0] == seen[-1][1] == journal_of(path).stat().st_size
    assert seen == sorted(seen)


# While system calls fail, and processes end


@pytest.fixture(scope="module")
def faults(tmp_path_factory) -> Path:
    compiler = shutil.which("cc") or shutil.which(
        (sysconfig.get_config_var("CC") or "cc").split()[0]
    )
    if compiler is None:
        pytest.skip("there is no C compiler to build what lets system calls fail")
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    source = Path(__file__).with_name("faults.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], check=True
    )
    return library


def run_faults(library: Path, folder: Path, *what: str) -> int:
    program = Path(__file__).with_name("faults.py")
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(program), str(folder), *what],
        env={**os.environ, "LD_PRELOAD": str(library)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout.split()[-2])


@linux
def test_save_leaves_the_old_file_or_the_new_one_whatever_call_fails_or_is_the_last(
    faults, tmp_path
):
    assert run_faults(faults, tmp_path, "save") >= 25


@linux
def test_journal_holds_what_was_acknowledged_whatever_call_fails_or_is_the_last(faults, tmp_path):
    assert run_faults(faults, tmp_path, "journal") >= 150


@linux
def test_journal_that_could_not_be_written_to_opens_whatever_call_is_the_last(faults, tmp_path):
    assert run_faults(faults, tmp_path, "broken") >= 150


@linux
def test_close_that_fails_says_so_and_lets_go_of_the_file(faults, tmp_path):
    assert run_faults(faults, tmp_path, "close") >= 20


@linux
def test_journal_holds_what_was_acknowledged_when_a_writer_is_killed_at_any_time(faults, tmp_path):
    assert run_faults(faults, tmp_path, "kills", "200") == 200


@linux
def test_all_that_was_acknowledged_is_there_when_threads_are_killed_or_the_power_fails(
    faults, tmp_path
):
    assert run_faults(faults, tmp_path, "threads", "60") == 60


@linux
def test_threads_share_syncs(faults, tmp_path):
    assert run_faults(faults, tmp_path, "shared") == 1


@linux
def test_sync_that_fails_fails_for_every_call_in_it_and_undoes_them(faults, tmp_path):
    assert run_faults(faults, tmp_path, "lost") == 20


@linux
def test_nothing_is_saved_whose_sync_fails_meanwhile(faults, tmp_path):
    assert run_faults(faults, tmp_path, "beside") == 3


@linux
def test_index_goes_back_to_what_is_on_the_disk_once_that_can_be_read(faults, tmp_path):
    assert run_faults(faults, tmp_path, "unread") == 1


def test_save_does_not_replace_a_file_whose_journal_has_more(tmp_path: Path) -> None:
    path = tmp_path / "a.lanner"
    index = lanner.Index(4, "l2")
    index.add(np.eye(4))
    index.save(path)
    with lanner.open(path, durable=True) as writer:
        writer.add(np.ones((2, 4)))
        with pytest.raises(
            StorageError, match="open with durable=True, or being saved, in process"
        ):
            index.save(path)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="1 of them, which would be lost"):
        index.save(path)
    assert path.read_bytes() == before
    index.save(tmp_path / "b.lanner")
    with lanner.open(path, durable=True) as writer:
        assert len(writer) == 6
        writer.save(path)
    assert len(lanner.open(path)) == 6
    index.save(path)  # now the file has them all, and may be replaced
    assert len(lanner.open(path)) == 4
