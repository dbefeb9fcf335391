"""Arguments of verbs, and what is said where they are wrong."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ..config.errors import did_you_mean, one_line
from ..config.sections import MAX_SEED
from .common import complain
from .endings import BAD_INPUT

__all__ = ["Argument", "Verb", "argument", "force", "parser_of", "whole"]

Verb = Callable[[argparse.Namespace], int]


@dataclass(frozen=True)
class Argument:
    """As :meth:`argparse.ArgumentParser.add_argument` takes it."""

    names: tuple[str, ...]
    options: dict[str, Any]


def argument(*names: str, **options: Any) -> Argument:
    """One argument of a verb."""
    return Argument(names, options)


def whole(least: int, most: int = MAX_SEED) -> Callable[[str], int]:
    """The type of an argument: a whole number from ``least`` to ``most``."""

    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]{1,19}", text) or not least <= int(text) <= most:
            allowed = f"must be a whole number from {least} to {most}"
            raise argparse.ArgumentTypeError(f"{one_line(text, 40)!r} {allowed}")
        return int(text)

    return parse


def force(what: str) -> Argument:
    """The argument that lets a verb replace something."""
    return argument("--force", action="store_true", help=f"replace {what}")


def parser_of(verbs: Mapping[str, tuple[Verb, Sequence[Argument]]]) -> argparse.ArgumentParser:
    """Of a command line that begins with one of these verbs; a verb's docstring is its help."""
    parser = _Parser(
        prog="mgd-hdl",
        description="Hardware that trains itself by multiplexed gradient descent: TOML in, Verilog out.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the release and exit")
    added = parser.add_subparsers(metavar="VERB", required=True)
    for name, (run, arguments) in verbs.items():
        text = run.__doc__ or ""
        verb = added.add_parser(name, help=text.split("\n")[0], description=text, allow_abbrev=False)
        verb.set_defaults(run=run)
        for each in arguments:
            verb.add_argument(*each.names, **each.options)
    return parser


class _Version(argparse.Action):
    """Prints the release that is installed."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib import metadata  # loads what no verb needs

        print(f"{parser.prog} {metadata.version('mgd-hdl')}")
        parser.exit()


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        found = re.search(r"invalid choice: '(.*)' \(choose from (.*)\)", message)
        hint = did_you_mean(found[1], re.findall(r"[\w-]+", found[2])) if found else ""
        complain(f"{message}{hint} (see {self.prog} --help)")
        sys.exit(BAD_INPUT)
