"""What a run ran on, and how steady it was."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import hashlib
import importlib.metadata
import os
import pathlib
import platform
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]


def describe() -> dict[str, Any]:
    """The machine and what computes on it, for a record."""
    described: dict[str, Any] = {
        "cpu": _cpu(),
        "processors": os.cpu_count(),
        "governor": _first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "memory_bytes": _memory(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "lanner": version("lanner"),
        "isa": None,
        "installed": installed(),
    }
    with contextlib.suppress(ImportError):
        import lanner

        described["isa"] = lanner.isa().active
    return described


@functools.cache
def installed() -> dict[str, Any] | None:
    """The lanner that is imported here: a hash of its code, where it lies, what the checkout lacks.

    ``differs`` names what is not as in the checkout, whose revision then tells nothing of it.
    """
    try:
        import lanner
        from lanner import _core
    except ImportError:
        return None
    folder = pathlib.Path(str(lanner.__file__)).parent
    extension = pathlib.Path(_core.__file__)
    state = hashlib.sha256(extension.read_bytes())
    differs = []
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder)
        state.update(name.as_posix().encode() + path.read_bytes())
        source = ROOT / "python" / "lanner" / name
        if not source.is_file() or source.read_bytes() != path.read_bytes():
            differs.append(name.as_posix())
    stated = re.search(r'^version = "(.*)"$', _text(ROOT / "pyproject.toml"), re.MULTILINE)
    if stated and stated[1] != lanner.__version__:
        differs.append(f"version {lanner.__version__}, not {stated[1]}")
    return {"path": str(extension), "hash": state.hexdigest()[:12], "differs": differs}


def _text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def version(package: str) -> str | None:
    """Of an installed distribution; of lanner, what the module itself says."""
    if package == "lanner":
        with contextlib.suppress(ImportError):
            import lanner

            return lanner.__version__
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def revision() -> str | None:
    """The commit that is checked out, with a plus where files of it were changed."""
    git = ["git", "-C", str(ROOT)]
    try:
        commit = subprocess.run(
            [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit + ("+" if changed else "")


def _first_line(path: str) -> str | None:
    try:
        with open(path) as file:
            return file.readline().strip() or None
    except OSError:
        return None


def _cpu() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as file:
        found: dict[str, str] = {}
        for line in file:
            name, _, value = line.partition(":")
            found.setdefault(name.strip(), value.strip())
        if "model name" in found:
            family = f"family {found.get('cpu family', '?')} model {found.get('model', '?')}"
            return f"{found['model name']} ({family})"
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def control(seconds: float = 0.3) -> float:
    """Runs a second of fixed work, arithmetic and memory: the same on a steady machine."""
    generator = np.random.default_rng(0)
    square = generator.random((192, 192), dtype=np.float32)
    table = generator.random(4_000_000, dtype=np.float32)
    runs, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        np.einsum("ij,kj->ik", square, square)
        table.sum()
        runs += 1
    return runs / (time.perf_counter() - start)


def resident_bytes() -> int:
    """Resident memory of this process."""
    with contextlib.suppress(OSError), open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import psutil

    return int(psutil.Process().memory_info().rss)


def release_memory() -> None:
    """Give free memory of this process back, lest it is taken for part of an index."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def reset_peak() -> bool:
    """Make the kernel forget the greatest resident memory so far; whether it can."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        return False
    return True


def peak_bytes() -> int | None:
    """Greatest resident memory since `reset_peak`."""
    with contextlib.suppress(OSError), open("/proc/self/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return None


@contextlib.contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Run on so many processors, the last ones, where the system allows it.

    All threads of the process move, those too that a library keeps from an earlier call.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    _move(set(sorted(before)[-threads:]))
    try:
        yield
    finally:
        _move(before)


def _move(processors: set[int]) -> None:
    for thread in os.listdir("/proc/self/task"):
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread), processors)
