"""Which tests run: all of them with ``--all``.

A plain run takes one row in eight of every table of mutations, and of trainers drawn at random; of the
catalogue's trainers ``testbenches.catalogue.enough``; and leaves out what is marked ``only_all``.
"""

from __future__ import annotations

import os
import signal

import pytest

from testbenches import compiled, emitted

emitted.install()
compiled.install()

# What no test asks for is not compiled, however long a run is.
os.environ["MGD_HDL_TWIN"] = "numpy"

# The command line says in one line that it has a fault; a test wants to see where.
os.environ["MGD_HDL_DEBUG"] = "1"

# Tests interrupt themselves and others; whoever starts them in the background has them ignore that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: One in so many mutations, or drawings, is tried by a plain run. The rows are always the same ones.
EVERY = 8


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--all``."""
    parser.addoption("--all", action="store_true", help="every mutation, trainer and placement")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A mutation is a simulation of its own, and there are some hundred."""
    if config.getoption("--all"):
        return
    left_out = [item for item in items if _mutation(item) % EVERY or item.get_closest_marker("only_all")]
    config.hook.pytest_deselected(items=left_out)
    gone = set(left_out)
    items[:] = [item for item in items if item not in gone]


def _mutation(item: pytest.Item) -> int:
    """Which row of its table of mutations, or of drawings, a test tries; 0 for any other test."""
    case = getattr(item, "callspec", None)
    return 0 if case is None else max(case.indices.get(table, 0) for table in ("mutation", "drawing"))
