"""What is shipped: the installed package, the source distribution, and the C++ library alone."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path, PurePosixPath

import pytest

import lanner

ROOT = Path(__file__).resolve().parents[1]


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def run_python(code: str) -> str:
    """Run in an interpreter of its own: what it imports, or how it dies, is its own affair."""
    return run(sys.executable, "-c", code)


def cmake_version() -> str:
    found = re.search(r"VERSION (\d+\.\d+\.\d+)", (ROOT / "CMakeLists.txt").read_text("utf-8"))
    assert found
    return found.group(1)


# The installed package.


def distribution_files() -> list[PurePosixPath]:
    distribution = importlib.metadata.distribution("lanner")
    origin = json.loads(distribution.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        pytest.skip("lanner is installed in editable mode, which has no wheel to look into")
    return [PurePosixPath(file) for file in distribution.files or []]


def test_wheel_holds_types_data_licence_and_one_extension() -> None:
    files = distribution_files()
    names = {str(file) for file in files}
    assert {"lanner/__init__.py", "lanner/py.typed", "lanner/_core.pyi"} <= names
    data = {f"lanner/data/{path.name}" for path in (ROOT / "python/lanner/data").iterdir()}
    assert data
    assert data <= names
    assert any(file.name == "LICENSE" for file in files)
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    assert [str(f) for f in files if f.suffix in {".so", ".pyd"}] == [f"lanner/_core{suffix}"]


def test_wheel_holds_nothing_else() -> None:
    script = re.compile(r"lanner(\.exe)?")
    for file in distribution_files():
        top = file.parts[0]
        assert top == "lanner" or top.endswith(".dist-info") or script.fullmatch(file.name), file
        assert file.suffix not in {".cpp", ".hpp", ".h", ".inl", ".a", ".lib", ".cmake"}, file


def test_wheel_needs_numpy_alone() -> None:
    needs = importlib.metadata.requires("lanner") or []
    assert [re.match(r"[\w-]+", need)[0] for need in needs if "extra ==" not in need] == ["numpy"]


def test_version_is_the_same_everywhere() -> None:
    assert lanner.__version__ == importlib.metadata.version("lanner") == cmake_version()


def test_import_exposes_exactly_all() -> None:
    code = """
import types, lanner
names = {n for n, v in vars(lanner).items() if type(v) is not types.ModuleType}
public = {n for n in names if not n.startswith("_")} | {"__version__"}
print(sorted(public ^ set(lanner.__all__)), lanner.__all__ == sorted(lanner.__all__))
"""
    assert run_python(code).strip() == "[] True"


def test_import_loads_numpy_and_no_other_package() -> None:
    code = """
import sys
before = set(sys.modules)
import lanner
names = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(names - set(sys.stdlib_module_names)))
"""
    assert run_python(code).strip() == "['lanner', 'numpy']"


def test_free_threaded_interpreter_stays_free_threaded() -> None:
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("this interpreter has a GIL whatever the module declares")
    # Warnings are errors: CPython warns when it turns the GIL on for a module.
    code = "import sys, lanner; print(sys._is_gil_enabled())"
    assert run(sys.executable, "-W", "error", "-c", code).strip() == "False"


def test_module_declares_that_it_needs_no_gil_and_may_be_loaded_by_subinterpreters() -> None:
    source = (ROOT / "cpp/src/bindings/module.cpp").read_text("utf-8")
    declared = re.search(r"^PYBIND11_MODULE\(_core,[^{]*\{", source, re.MULTILINE)
    assert declared
    assert "mod_gil_not_used()" in declared[0]
    assert "multiple_interpreters::per_interpreter_gil()" in declared[0]


def test_core_works_in_subinterpreters_with_a_gil_of_their_own() -> None:
    if sys.version_info < (3, 12):
        pytest.skip("interpreters with a GIL of their own came with Python 3.12")
    # The extension in an empty package: NumPy itself refuses to be loaded by a second interpreter.
    inner = """
import os, sys, types
package = types.ModuleType("lanner")
package.__path__ = [os.path.dirname(PATH)]
sys.modules["lanner"] = package
import lanner._core as core
assert core.active_isa() in core.available_isas()
try:
    core.file_info("no_such_folder/no_such_file")
except core.StorageError as error:
    assert type(error) is core.StorageError and isinstance(error, core.Error)
else:
    raise AssertionError("no error")
"""
    outer = f"""
import lanner._core as core
inner = {inner!r}.replace("PATH", repr(core.__file__))
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
ids = [interpreters.create() for _ in range(2)]
for _ in range(2):
    for id in ids:
        failure = interpreters.run_string(id, inner)
        assert failure is None, failure
for id in ids:
    interpreters.destroy(id)
print(core.active_isa())
"""
    assert run_python(outer).strip() == lanner.isa().active


# The source distribution.


def test_sdist_holds_every_source_and_no_build(tmp_path: Path) -> None:
    if importlib.util.find_spec("scikit_build_core") is None:
        pytest.skip("scikit-build-core is not here")
    code = f"from scikit_build_core.build import build_sdist; print(build_sdist({str(tmp_path)!r}))"
    run(sys.executable, "-c", code, cwd=ROOT)
    (archive,) = tmp_path.glob("*.tar.gz")
    assert archive.name == f"lanner-{cmake_version()}.tar.gz"
    with tarfile.open(archive) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}

    made = re.compile(r"/(__pycache__|\.\w+_cache|\.hypothesis)/")
    built = {".so", ".pyd", ".dylib", ".o", ".a", ".pyc"}
    sources = {
        path.relative_to(ROOT).as_posix()
        for folder in ("cpp", "python", "tests")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix not in built and not made.search(path.as_posix())
    }
    assert sources | {"CMakeLists.txt", "pyproject.toml", "README.md", "LICENSE"} <= names
    assert {name for name in names if PurePosixPath(name).suffix in built} == set()
    left_out = (".ci/", ".github/", "bench/", "build")
    assert [name for name in names if name.startswith(left_out)] == []


# The C++ library.


def tool(name: str) -> str:
    """Find a program, also where packages put theirs beside this interpreter."""
    path = os.pathsep.join([os.environ.get("PATH", ""), sysconfig.get_path("scripts")])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"{name} is not here")
    return found


def cmake_build(source: Path, build: Path, *arguments: str) -> None:
    cmake = tool("cmake")
    ninja = shutil.which("ninja") or shutil.which("ninja", path=sysconfig.get_path("scripts"))
    generator = (
        ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"] if ninja and os.name != "nt" else []
    )
    run(cmake, "-S", source, "-B", build, *generator, "-DCMAKE_BUILD_TYPE=Release", *arguments)
    run(cmake, "--build", build, "--config", "Release", "--parallel", str(os.cpu_count() or 1))


@pytest.fixture(scope="module")
def prefix(core_build: Path) -> Path:
    """Where the core was installed, built by a CMake that cannot find Python."""
    if os.name != "nt" and not any(map(shutil.which, ["c++", "g++", "clang++"])):
        pytest.skip("no C++ compiler is here")
    hidden = [
        f"-DCMAKE_DISABLE_FIND_PACKAGE_{name}=ON" for name in ("Python", "Python3", "pybind11")
    ]
    # What is installed is looked at here, not how fast it is.
    cmake_build(ROOT, core_build, "-DCMAKE_CXX_FLAGS_RELEASE=-O1 -DNDEBUG", *hidden)
    installed = core_build.parent / "prefix"
    run(tool("cmake"), "--install", core_build, "--config", "Release", "--prefix", installed)
    shutil.rmtree(core_build)
    return installed


def test_installed_core_serves_a_program_in_cpp_and_one_in_c(prefix: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    cmake_build(
        ROOT / "tests/cpp/consumer",
        build,
        f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_RUNTIME_OUTPUT_DIRECTORY={build / 'out'}",
        f"-DCMAKE_RUNTIME_OUTPUT_DIRECTORY_RELEASE={build / 'out'}",
    )
    env = {**os.environ, "PATH": os.pathsep.join([str(prefix / "bin"), os.environ.get("PATH", "")])}
    said = run(build / "out" / "consumer_cpp", tmp_path / "cpp.lanner", env=env)
    assert said == "size 3 nearest 20\n"
    said = run(build / "out" / "consumer_c", tmp_path / "c.lanner", env=env)
    assert said == f"size 3 nearest 20 distance 1 version {cmake_version()}\n"
    # Both wrote the file that Python reads.
    for name in ("cpp.lanner", "c.lanner"):
        index = lanner.open(tmp_path / name)
        assert sorted(index) == [10, 20, 30]


def test_installed_headers_are_the_public_ones(prefix: Path) -> None:
    public = ROOT / "cpp/include"
    installed = {
        path.relative_to(prefix / "include") for path in (prefix / "include").rglob("*.h*")
    }
    assert installed == {path.relative_to(public) for path in public.rglob("*.h*")}


def test_package_refuses_another_minor_version(prefix: Path, tmp_path: Path) -> None:
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\n"
        "project(asks LANGUAGES NONE)\n"
        "find_package(lanner 0.99 QUIET)\n"
        "if(lanner_FOUND OR NOT lanner_CONSIDERED_CONFIGS)\n"
        '    message(FATAL_ERROR "found ${lanner_DIR}")\n'
        "endif()\n",
        "utf-8",
    )
    run(tool("cmake"), "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")


def test_c_library_exports_the_functions_of_its_header_and_nothing_else(prefix: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("reads an ELF file")
    (library,) = (path for path in prefix.rglob("liblanner_c.so") if path.is_symlink())
    lines = run(tool("nm"), "--dynamic", "--defined-only", library).splitlines()
    header = (ROOT / "cpp/include/lanner/lanner.h").read_text("utf-8")
    declared = set(re.findall(r"LANNER_API [^;(]*?(lanner_\w+)\(", header))
    assert len(declared) > 15
    assert {line.split()[-1] for line in lines} == declared
