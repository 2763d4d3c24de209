"""What the object files of the instruction sets may hold.

A weak symbol in a unit compiled for AVX-512 can be linked into code that runs on every machine, and
a start-up initialiser runs before anybody asked the processor what it can do.

LANNER_BUILD_DIR names a build of the core; without it the units are compiled here, with the flags
of cpp/src/kernels/CMakeLists.txt.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LEVELS = {
    "x86_64": ("scalar", "sse4", "avx2", "avx512", "avx512_vnni"),
    "aarch64": ("scalar", "neon"),
}.get(platform.machine(), ("scalar",))
# What compilers call on their own for a copy or a fill, and what a hardened build adds.
MAY_CALL = {"memcpy", "memset", "memmove", "__stack_chk_fail", "_GLOBAL_OFFSET_TABLE_"}

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads ELF object files"),
    pytest.mark.skipif(
        shutil.which("nm") is None or shutil.which("objdump") is None,
        reason="nm and objdump (binutils) are not installed",
    ),
    pytest.mark.skipif(
        not (ROOT / "cpp" / "src" / "kernels").is_dir(), reason="the sources are not here"
    ),
]


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def objects(core_build: Path) -> dict[str, Path]:
    """Return the object files of the kernels by unit: level_scalar, ..., cpu, dispatch."""
    units = [f"level_{level}" for level in LEVELS] + ["cpu", "dispatch"]
    if "LANNER_BUILD_DIR" in os.environ:
        build = Path(os.environ["LANNER_BUILD_DIR"])
    else:
        build = core_build
        compile_units(build, units)
    found = {}
    for unit in units:
        matches = sorted(build.rglob(f"lanner.dir/src/kernels/{unit}.cpp.o"))
        assert matches, f"no object file of {unit} under {build}"
        found[unit] = matches[0]
    return found


def compile_units(build: Path, units: list[str]) -> None:
    if shutil.which("cmake") is None or shutil.which("ninja") is None:
        pytest.skip("cmake and ninja are not installed, and LANNER_BUILD_DIR is not set")
    # -O1 inlines less than a release does, so that more can go wrong here. The flags are those of
    # test_package, which builds the rest.
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG"]
    configured = subprocess.run(
        ["cmake", "-S", str(ROOT), "-B", str(build), "-G", "Ninja", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    if "No CMAKE_CXX_COMPILER could be found" in configured.stderr:
        pytest.skip("no C++ compiler is installed, and LANNER_BUILD_DIR is not set")
    assert configured.returncode == 0, configured.stderr
    folder = "cpp/CMakeFiles/lanner.dir/src/kernels"
    run("ninja", "-C", str(build), *(f"{folder}/{unit}.cpp.o" for unit in units))


def symbols(path: Path) -> list[tuple[str, str]]:
    """Return (kind, name) of every symbol, kinds as nm writes them."""
    lines = run("nm", "-C", str(path)).splitlines()
    return [(line[17], line[19:]) for line in lines]


@pytest.mark.parametrize("level", LEVELS)
def test_level_has_no_weak_symbol(level: str, objects: dict[str, Path]) -> None:
    found = symbols(objects[f"level_{level}"])
    assert [name for kind, name in found if kind in "wWvVu"] == []
    assert any("block_kernel" in name for kind, name in found if kind == "t")


@pytest.mark.parametrize("level", LEVELS)
def test_level_exports_its_table_and_nothing_else(level: str, objects: dict[str, Path]) -> None:
    table = f"lanner::k{level.title().replace('_', '')}Kernels"
    found = symbols(objects[f"level_{level}"])
    assert [name for kind, name in found if kind.isupper() and kind != "U"] == [table]
    assert {name for kind, name in found if kind == "U"} <= MAY_CALL


@pytest.mark.parametrize("level", LEVELS)
def test_level_runs_nothing_at_start_up(level: str, objects: dict[str, Path]) -> None:
    sections = run("objdump", "-h", str(objects[f"level_{level}"]))
    assert ".text" in sections
    assert ".init_array" not in sections
    assert ".ctors" not in sections


@pytest.mark.skipif(platform.machine() != "x86_64", reason="levels of x86")
@pytest.mark.parametrize("unit", ["level_scalar", "level_sse4", "cpu", "dispatch"])
def test_unit_for_old_machines_has_no_avx(unit: str, objects: dict[str, Path]) -> None:
    assembly = run("objdump", "-d", "--no-show-raw-insn", str(objects[unit]))
    assert "ret" in assembly
    assert re.findall(r"^.*[%][yz]mm\d.*$", assembly, re.MULTILINE) == []
    assert re.findall(r"^\s*[0-9a-f]+:\s+v\w+ .*$", assembly, re.MULTILINE) == []


@pytest.mark.skipif(platform.machine() != "x86_64", reason="levels of x86")
def test_avx2_unit_has_no_avx512(objects: dict[str, Path]) -> None:
    assembly = run("objdump", "-d", "--no-show-raw-insn", str(objects["level_avx2"]))
    assert "%ymm" in assembly
    wide = r"%zmm|%k[0-7]|%[xy]mm(?:1[6-9]|2\d|3[01])"
    assert re.findall(rf"^.*(?:{wide}).*$", assembly, re.MULTILINE) == []
