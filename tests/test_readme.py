"""Every code block of the README runs; what is public is documented."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

import lanner

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(encoding="utf-8"), re.M | re.S)


def test_blocks_are_of_kinds_that_are_run():
    assert {kind for kind, _ in BLOCKS} == {"python", "sh"}


def test_python_blocks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = [code for kind, code in BLOCKS if kind == "python"]
    assert blocks
    for code in blocks:
        exec(compile(code, "README.md", "exec"), names)


COMMANDS = [
    command
    for kind, code in BLOCKS
    if kind == "sh"
    for line in code.splitlines()
    for command in line.split("#")[0].split("&&")
    if command.strip()
]


def test_shell_blocks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert COMMANDS
    for command in COMMANDS:
        program, *arguments = shlex.split(command)
        if program == "lanner":
            run_lanner(arguments)
        elif program == "pip":
            assert arguments[0] == "install"
            extras = re.search(r"\[(.*)\]", arguments[-1])
            known = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
            for extra in extras[1].split(",") if extras else []:
                assert re.search(rf"^{extra} = \[", known, re.M), f"no extra {extra}"
        elif program == "python":
            check_bench(arguments)
        else:
            assert program == "pytest", f"who runs {program}?"


def check_bench(arguments: list[str]) -> None:
    """Measurements take too long to be run here: the command is read as the harness reads it."""
    switch, module, *rest = arguments
    assert switch == "-m"
    assert importlib.util.find_spec(module) is not None, f"no module {module}"
    if module == "bench":
        from bench import cli

        cli.parser().parse_args(rest)


def run_lanner(arguments: list[str]) -> None:
    pytest.importorskip("typer")
    pytest.importorskip("rich")
    from typer.testing import CliRunner

    from lanner.commands import app

    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output


def test_links_lead_somewhere():
    text = README.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert {"cpp/README.md", "cpp/FORMAT.md", "LICENSE"} <= set(links)
    for link in links:
        assert (ROOT / link).exists(), f"README.md links to {link}"


def test_everything_public_is_documented():
    for name in lanner.__all__:
        each = getattr(lanner, name)
        if name != "__version__":
            assert each.__doc__, name
    for name in dir(lanner.Index):
        if not name.startswith("_"):
            assert getattr(lanner.Index, name).__doc__, name
