"""What all tests share: Hypothesis profiles, the demo data, small indexes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import lanner
from lanner import demo

# The harness lies beside the package: a source distribution comes without it.
if not (Path(__file__).parents[1] / "bench").is_dir():
    collect_ignore = ["bench"]

# "ci" is the default: short, and the same every time. HYPOTHESIS_PROFILE=thorough looks much longer
# and elsewhere each time.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile(
    "ci", max_examples=50, stateful_step_count=25, derandomize=True, **_COMMON
)
settings.register_profile("thorough", max_examples=1000, stateful_step_count=60, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


# They build the core, so that one process runs them all.
BUILDERS = ("tests/test_kernel_objects.py::", "tests/test_package.py::")


def _is_shared_out(config: pytest.Config) -> bool:
    # What picks tests, goes on where another run stopped, or talks to whoever started it.
    chosen = ("keyword", "markexpr", "lf", "failedfirst", "stepwise", "trace", "usepdb")
    return (
        config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and config.option.capture != "no"
        and not any(getattr(config.option, name, None) for name in chosen)
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Share a whole run out among the processors, where pytest-xdist is installed.

    Some tests alone, or any with `-n` or `--dist`, run as asked for.
    """
    if not config.pluginmanager.hasplugin("xdist") or hasattr(config, "workerinput"):
        return
    options = config.option
    if _is_shared_out(config) and options.numprocesses is None and options.dist == "no":
        options.numprocesses = "logical"
        options.dist = "loadscope"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    if not _is_shared_out(config) or config.option.dist != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        # Of what has the same scope, one process runs all; the largest scopes begin.
        def _split_scope(self, nodeid: str) -> str:
            return "core" if nodeid.startswith(BUILDERS) else nodeid

    return Scheduling(config, log)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def papers() -> demo.Papers:
    return demo.load()


@pytest.fixture(scope="session")
def core_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder where BUILDERS build the core at -O1, each what it needs of it."""
    return tmp_path_factory.mktemp("core") / "build"


@pytest.fixture(params=["hnsw", None], ids=["hnsw", "exact"])
def graph(request: pytest.FixtureRequest) -> str | None:
    return request.param


@pytest.fixture
def make_points(graph: str | None) -> Callable[[int], lanner.Index]:
    """Return a maker of indexes of `count` points (i, 0, 0, 0) under ids 0, 1, 2, ..."""

    def make(count: int = 10) -> lanner.Index:
        index = lanner.Index(4, "l2", graph=graph)
        index.add(points(count))
        return index

    return make


def points(count: int) -> np.ndarray:
    rows = np.zeros((count, 4), dtype=np.float32)
    rows[:, 0] = np.arange(count)
    return rows
