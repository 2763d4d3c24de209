"""The rules that keep the house in order, read from the sources themselves.

A C++ file includes its own folder or a lower floor; a Python module imports lower modules only.
Each rule is a function from a tree to complaints, so that the tests can also show it a bad tree
and see it complain.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

CPP_FLOORS = {
    "base": 1,
    "kernels": 2,
    "storage": 2,
    "attributes": 3,
    "codecs": 3,
    "hashing": 4,
    "graph": 4,
    "search": 5,
    "index": 6,
    "c_api": 7,
    "bindings": 7,
}
PUBLIC_FLOORS = {
    "types.hpp": 0,
    "error.hpp": 0,
    "vectors.hpp": 0,
    "ids.hpp": 0,
    "attributes.hpp": 0,
    "filter.hpp": 0,
    "plan.hpp": 0,
    "index.hpp": 6,
    "lanner.h": 7,
}

# What is compiled for one instruction set may see nothing that could emit a shared symbol.
LEVEL_UNIT = re.compile(r"kernels/level_\w+\.cpp")
LEVEL_INCLUDES = re.compile(
    r"kernels/\w+\.inl|kernels/(kernel_table|levels|cpu)\.hpp|lanner/types\.hpp"
    r"|cstddef|cstdint|cstring|immintrin\.h|arm_neon\.h"
)

PYTHON_FLOORS = {
    "_core": 0,
    "_arguments": 1,
    "_expressions": 1,
    "_filter_mistakes": 1,
    "progress": 1,
    "results": 1,
    "schema": 1,
    "_arrays": 2,
    "_properties": 2,
    "_tables": 2,
    "filters": 2,
    "_filtering": 3,
    "_hit_attributes": 4,
    "_learnt": 3,
    "kernels": 3,
    "quantization": 4,
    "hashing.family": 4,
    "hashing.rows": 5,
    "hashing.codes": 6,
    "hashing.files": 8,
    "hashing.embedding": 5,
    "hashing.learned": 5,
    "hashing.random": 5,
    "hashing.sets": 5,
    "hashing.tables": 7,
    "hashing.vectors": 7,
    "hashing.views": 7,
    "hashing.__init__": 9,
    "_inspection": 4,
    "_storing": 5,
    "_changing": 6,
    "index": 7,
    "files": 8,
    "__init__": 10,
    "readers": 11,
    "demo": 11,
    "_written_hits": 11,
    "commands": 12,
    "cli": 13,
    "__main__": 14,
}

CPP_SUFFIXES = {".hpp", ".h", ".cpp", ".inl"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
MAX_LINES = 600


def cpp_files(root: Path) -> list[Path]:
    return sorted(p for p in (root / "cpp").rglob("*") if p.suffix in CPP_SUFFIXES)


def python_files(root: Path) -> list[Path]:
    return sorted(p for p in (root / "python").rglob("*") if p.suffix in {".py", ".pyi"})


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def includes(path: Path) -> list[tuple[bool, str]]:
    """Give (quoted, name) for each include of a file."""
    return [(mark == '"', name) for mark, name in INCLUDE.findall(read(path))]


def include_name(root: Path, path: Path) -> str:
    """How other files spell this one: 'base/top_k.hpp', 'lanner/types.hpp'."""
    parts = path.relative_to(root / "cpp").parts
    return "/".join(parts[1:])


def floor_of(name: str) -> int | None:
    folder, _, file = name.partition("/")
    return PUBLIC_FLOORS.get(file) if folder == "lanner" else CPP_FLOORS.get(folder)


def edge_complaints(root: Path) -> Iterator[str]:
    """Find files on no floor, and includes that lead upwards or sideways."""
    known = {include_name(root, path) for path in cpp_files(root)}
    for path in cpp_files(root):
        name = include_name(root, path)
        floor = floor_of(name)
        if floor is None:
            yield f"{name}: on no floor: name its folder or header in tests/test_layers.py"
            continue
        for quoted, target in includes(path):
            if not quoted:
                continue
            target_floor = floor_of(target)
            neighbour = target.partition("/")[0] in {name.partition("/")[0], "lanner"}
            if target not in known:
                yield f"{name} includes {target}, which is not there (paths start at cpp/src)"
            elif target_floor is None:
                yield f"{name} includes {target}, which is on no floor"
            elif target_floor > floor or (target_floor == floor and not neighbour):
                yield f"{name} (floor {floor}) includes {target} (floor {target_floor})"


def cycle_complaints(root: Path) -> Iterator[str]:
    """Find files that include each other, directly or round about."""
    graph = {
        include_name(root, path): [target for quoted, target in includes(path) if quoted]
        for path in cpp_files(root)
    }
    done: set[str] = set()
    for start in graph:
        stack = [(start, (start,))]
        while stack:
            name, trail = stack.pop()
            for target in graph.get(name, []):
                if target == start:
                    yield " -> ".join((*trail, start))
                elif target not in trail and target not in done:
                    stack.append((target, (*trail, target)))
        done.add(start)


def python_header_complaints(root: Path) -> Iterator[str]:
    """Find Python seen below the bindings."""
    for path in cpp_files(root):
        name = include_name(root, path)
        if name.startswith("bindings/"):
            continue
        for _, target in includes(path):
            if target == "Python.h" or target.startswith(("pybind11/", "numpy/")):
                yield f"{name} includes {target}"


def public_header_complaints(root: Path) -> Iterator[str]:
    """Find public headers that need a header which is not installed."""
    for path in cpp_files(root):
        name = include_name(root, path)
        if not name.startswith("lanner/"):
            continue
        for quoted, target in includes(path):
            if quoted and not target.startswith("lanner/"):
                yield f"{name} includes the internal {target}"


def level_unit_complaints(root: Path) -> Iterator[str]:
    """Find what a unit compiled for one instruction set includes, at any depth, and may not."""
    by_name = {include_name(root, path): path for path in cpp_files(root)}
    for unit in filter(LEVEL_UNIT.fullmatch, by_name):
        seen: set[str] = set()
        waiting = [unit]
        while waiting:
            name = waiting.pop()
            for _, target in includes(by_name[name]):
                if target in seen:
                    continue
                seen.add(target)
                if not LEVEL_INCLUDES.fullmatch(target):
                    yield f"{unit} includes {target} by way of {name}"
                elif target in by_name:
                    waiting.append(target)


def imported_modules(path: Path, modules: set[str]) -> Iterator[str]:
    """Give the modules that a file imports, anywhere in it; '__init__' for the package's names."""
    for node in ast.walk(ast.parse(read(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                head, _, rest = alias.name.partition(".")
                if head == "lanner":
                    yield rest or "__init__"
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level == 0 and source.partition(".")[0] != "lanner":
                continue
            inner = source if node.level else source.partition(".")[2]
            if inner:
                yield inner
            else:
                for alias in node.names:
                    yield alias.name if alias.name in modules else "__init__"


def import_complaints(root: Path) -> Iterator[str]:
    """Find modules on no floor, and imports that do not lead downwards."""
    package = root / "python" / "lanner"
    files = {".".join(p.relative_to(package).with_suffix("").parts): p for p in python_files(root)}
    for name, path in files.items():
        floor = PYTHON_FLOORS.get(name)
        if floor is None:
            yield f"lanner/{name}: on no floor: name it in tests/test_layers.py"
            continue
        for target in imported_modules(path, set(files)):
            target_floor = PYTHON_FLOORS.get(
                f"{target}.__init__" if f"{target}.__init__" in files else target
            )
            if target_floor is None:
                yield f"{name} imports {target}, which is on no floor"
            elif target_floor >= floor:
                yield f"{name} (floor {floor}) imports {target} (floor {target_floor})"


def flag_complaints(root: Path) -> Iterator[str]:
    """Find flags that bind a build to this machine or let arithmetic drift."""
    named = [root / "CMakeLists.txt", root / "pyproject.toml"]
    found = [*(root / "cpp").rglob("CMakeLists.txt"), *(root / "cpp").rglob("*.cmake")]
    for path in [p for p in named if p.exists()] + found:
        for flag in re.findall(
            r"-march=native|-mtune=native|-ffast-math|-Ofast|/fp:fast", read(path)
        ):
            yield f"{path.relative_to(root)} has {flag}"


def length_complaints(root: Path) -> Iterator[str]:
    """Find files that must hold more than one noun."""
    for path in cpp_files(root) + python_files(root):
        count = len(read(path).splitlines())
        if count > MAX_LINES:
            yield f"{path.relative_to(root)} has {count} lines, at most {MAX_LINES}"


def manners_complaints(root: Path) -> Iterator[str]:
    """Find C++ that prints, aborts or exits: a library does none of these."""
    rude = re.compile(r"\bstd::(cout|cerr|clog)\b|\b(f?printf|puts|abort|exit|_Exit)\s*\(")
    for path in cpp_files(root):
        code = re.sub(r"//[^\n]*|/\*.*?\*/", "", read(path), flags=re.DOTALL)
        for match in rude.finditer(code):
            yield f"{include_name(root, path)} uses {match.group(0)}"


Rule = Callable[[Path], Iterator[str]]
RULES: list[Rule] = [
    edge_complaints,
    cycle_complaints,
    python_header_complaints,
    public_header_complaints,
    level_unit_complaints,
    import_complaints,
    flag_complaints,
    length_complaints,
    manners_complaints,
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_repository_keeps(rule: Rule) -> None:
    assert list(rule(ROOT)) == []


def test_the_rules_see_the_sources() -> None:
    names = {include_name(ROOT, path) for path in cpp_files(ROOT)}
    assert {"lanner/index.hpp", "kernels/kernel_table.hpp", "base/checksum.hpp"} <= names
    assert any(LEVEL_UNIT.fullmatch(name) for name in names)
    assert {path.name for path in python_files(ROOT)} >= {"__init__.py", "index.py", "_core.pyi"}


# A sound little tree, and for each rule one change that must be noticed.
SOUND = {
    "cpp/include/lanner/types.hpp": "#include <cstdint>\n",
    "cpp/include/lanner/index.hpp": '#include "lanner/types.hpp"\n',
    "cpp/src/base/top_k.hpp": '#include "lanner/types.hpp"\n',
    "cpp/src/kernels/kernel_table.hpp": '#include "lanner/types.hpp"\n',
    "cpp/src/kernels/bodies.inl": "#include <cstring>\n",
    "cpp/src/kernels/level_avx2.cpp": (
        '#include "kernels/kernel_table.hpp"\n#include "kernels/bodies.inl"\n'
    ),
    "cpp/src/storage/sink.hpp": '#include "base/top_k.hpp"\n',
    "cpp/src/graph/build.cpp": '#include "kernels/kernel_table.hpp"\n#include "storage/sink.hpp"\n',
    "cpp/src/graph/build.hpp": '#include "base/top_k.hpp"\n',
    "cpp/src/index/index.cpp": '#include "lanner/index.hpp"\n#include "graph/build.hpp"\n',
    "cpp/src/bindings/module.cpp": '#include <pybind11/pybind11.h>\n#include "lanner/index.hpp"\n',
    "cpp/CMakeLists.txt": "target_compile_options(lanner PRIVATE -O3)\n",
    "python/lanner/__init__.py": "from lanner.index import Index\n",
    "python/lanner/index.py": "from lanner import _core\nfrom lanner._arrays import to_ids\n",
    "python/lanner/_arrays.py": "from . import _core\n",
    "python/lanner/_core.pyi": "import numpy\n",
    "python/lanner/cli.py": "def main():\n    from lanner.commands import app\n",
    "python/lanner/commands.py": "import lanner\nfrom lanner import Index, readers\n",
    "python/lanner/readers.py": "",
}
BREACHES: list[tuple[Rule, str, str, str]] = [
    (edge_complaints, "cpp/src/base/top_k.hpp", '#include "graph/build.hpp"\n', "floor 4"),
    (
        edge_complaints,
        "cpp/src/storage/sink.hpp",
        '#include "kernels/kernel_table.hpp"\n',
        "floor 2",
    ),
    (edge_complaints, "cpp/src/base/top_k.hpp", '#  include "lanner/index.hpp"\n', "floor 6"),
    (edge_complaints, "cpp/src/graph/build.cpp", '#include "build.hpp"\n', "not there"),
    (edge_complaints, "cpp/src/attic/thing.cpp", "", "on no floor"),
    (edge_complaints, "cpp/include/lanner/extra.hpp", "", "on no floor"),
    (cycle_complaints, "cpp/include/lanner/types.hpp", '#include "lanner/index.hpp"\n', "->"),
    (python_header_complaints, "cpp/src/index/index.cpp", "#include <Python.h>\n", "Python.h"),
    (
        python_header_complaints,
        "cpp/src/base/top_k.hpp",
        "#include <pybind11/numpy.h>\n",
        "pybind11",
    ),
    (
        public_header_complaints,
        "cpp/include/lanner/types.hpp",
        '#include "base/top_k.hpp"\n',
        "internal",
    ),
    (
        level_unit_complaints,
        "cpp/src/kernels/level_avx2.cpp",
        "#include <algorithm>\n",
        "algorithm",
    ),
    (level_unit_complaints, "cpp/src/kernels/bodies.inl", "#include <vector>\n", "vector"),
    (level_unit_complaints, "cpp/src/kernels/bodies.inl", '#include "base/top_k.hpp"\n', "top_k"),
    (import_complaints, "python/lanner/_arrays.py", "from lanner.index import Index\n", "floor 7"),
    (import_complaints, "python/lanner/_arrays.py", "from .index import Index\n", "floor 7"),
    (import_complaints, "python/lanner/index.py", "def f():\n    import lanner.cli\n", "cli"),
    (import_complaints, "python/lanner/index.py", "from lanner import Index\n", "__init__"),
    (import_complaints, "python/lanner/attic.py", "", "on no floor"),
    (
        flag_complaints,
        "cpp/CMakeLists.txt",
        "add_compile_options(-march=native)\n",
        "-march=native",
    ),
    (flag_complaints, "cpp/CMakeLists.txt", "add_compile_options(-ffast-math)\n", "-ffast-math"),
    (length_complaints, "cpp/src/graph/build.cpp", "\n" * MAX_LINES + "x", str(MAX_LINES)),
    (length_complaints, "python/lanner/index.py", "\n" * MAX_LINES + "x", str(MAX_LINES)),
    (manners_complaints, "cpp/src/graph/build.cpp", "std::cerr << 1;\n", "std::cerr"),
    (manners_complaints, "cpp/src/graph/build.cpp", "void f() { std::abort (); }\n", "abort"),
]


def write_tree(root: Path) -> None:
    for name, text in SOUND.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_sound_tree_passes(rule: Rule, tmp_path: Path) -> None:
    write_tree(tmp_path)
    assert list(rule(tmp_path)) == []


@pytest.mark.parametrize(("rule", "name", "text", "said"), BREACHES)
def test_breach_is_noticed(rule: Rule, name: str, text: str, said: str, tmp_path: Path) -> None:
    write_tree(tmp_path)
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    before = read(path) if path.exists() else ""
    path.write_text(text + before, encoding="utf-8")
    complaints = list(rule(tmp_path))
    assert complaints
    assert any(said in complaint for complaint in complaints)


def test_every_rule_has_a_breach() -> None:
    assert {rule for rule, *_ in BREACHES} == set(RULES)


# What makes a header compile alone.


def unix_compiler(variable: str, names: list[str]) -> str:
    """Find a compiler that takes GCC's arguments, or skip."""
    for name in [os.environ.get(variable, ""), *names]:
        if name and Path(name).stem != "cl" and (found := shutil.which(name)):
            return found
    pytest.skip(f"none of {', '.join(names)} is here")


def syntax_errors(command: list[str], source: str) -> str:
    done = subprocess.run(
        [*command, "-fsyntax-only", "-"], input=source, capture_output=True, text=True, check=False
    )
    return done.stderr if done.returncode else ""


def test_every_header_compiles_alone() -> None:
    compiler = unix_compiler("CXX", ["c++", "g++", "clang++"])
    command = [
        compiler,
        "-x",
        "c++",
        "-std=c++20",
        f"-I{ROOT / 'cpp/include'}",
        f"-I{ROOT / 'cpp/src'}",
    ]
    headers = [path for path in cpp_files(ROOT) if path.suffix in {".hpp", ".h"}]
    python_headers = Path(sysconfig.get_path("include"))
    if any(include_name(ROOT, path).startswith("bindings/") for path in headers):
        pybind11 = pytest.importorskip("pybind11")
        if not (python_headers / "Python.h").exists():
            pytest.skip("the headers of Python are not here")
        command += [f"-isystem{pybind11.get_include()}", f"-isystem{python_headers}"]

    def errors(path: Path) -> str:
        return syntax_errors(command, f'#include "{include_name(ROOT, path)}"\n')

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = dict(
            zip([include_name(ROOT, p) for p in headers], pool.map(errors, headers), strict=True)
        )
    assert {name: text for name, text in results.items() if text} == {}


def test_a_header_that_leans_on_another_is_noticed(tmp_path: Path) -> None:
    compiler = unix_compiler("CXX", ["c++", "g++", "clang++"])
    (tmp_path / "leaning.hpp").write_text(
        "inline std::size_t f() { return 0; }\n", encoding="utf-8"
    )
    command = [compiler, "-x", "c++", "-std=c++20", f"-I{tmp_path}"]
    assert "size_t" in syntax_errors(command, '#include "leaning.hpp"\n')


def test_c_header_is_strict_c99() -> None:
    compiler = unix_compiler("CC", ["cc", "gcc", "clang"])
    command = [
        compiler,
        "-x",
        "c",
        "-std=c99",
        "-Wall",
        "-Wextra",
        "-Wpedantic",
        "-Werror",
        f"-I{ROOT / 'cpp/include'}",
    ]
    use = "int main(void) { lanner_index_options o = {sizeof o}; return (int)o.dim; }\n"
    # A structure begun with its size alone is what the header recommends.
    assert (
        syntax_errors(
            [*command, "-Wno-missing-field-initializers"], f"#include <lanner/lanner.h>\n{use}"
        )
        == ""
    )
