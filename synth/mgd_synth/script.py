"""How modules that are run by ``python -m`` end."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from .process import SynthError

__all__ = ["one_by_one", "picked", "status_of"]

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


def picked(parser: argparse.ArgumentParser, cases: Mapping[str, _Item], words: Sequence[str]) -> list[_Item]:
    """The cases whose names begin with one of the words, in their order; without a word all.

    A word with which none begins ends the command line with status 2.
    """
    unknown = [word for word in words if not any(name.startswith(word) for name in cases)]
    if unknown:
        parser.error(f"no case begins with {unknown[0]!r}; --list names them")
    return [case for name, case in cases.items() if not words or any(name.startswith(w) for w in words)]
