"""How modules that are run by ``python -m`` end."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TypeVar

from .process import SynthError

__all__ = ["one_by_one", "status_of"]

_Item = TypeVar("_Item")


def status_of(main: Callable[[], int]) -> int:
    """Run a command line; its exit status, or 2 where a tool failed or is not there."""
    try:
        return main()
    except SynthError as error:
        sys.stderr.write(f"mgd_synth: {error}\n")
        return 2
    except KeyboardInterrupt:
        return 130


def one_by_one(items: Iterable[_Item], name: Callable[[_Item], str], work: Callable[[_Item], str]) -> int:
    """Work on each, and show the line that comes of it; status 1 where one failed, which stops no other."""
    failed = 0
    for item in items:
        try:
            sys.stdout.write(work(item) + "\n")
            sys.stdout.flush()
        except SynthError as error:
            sys.stderr.write(f"mgd_synth: {name(item)}: {error}\n")
            failed = 1
        except KeyboardInterrupt:
            return 130
    return failed
