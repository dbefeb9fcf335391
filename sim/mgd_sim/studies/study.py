"""What all studies share: a command line, a line now and then, and results that no interruption loses.

A file of results is written beside its place and then moved there, so that it is whole at every moment.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from mgd_hdl.config.errors import Refused
from mgd_hdl.files import FileRefused, locked
from mgd_hdl.process import ends_interrupt

__all__ = [
    "Kept",
    "Unusable",
    "chosen",
    "command",
    "ends_in_a_line",
    "file",
    "folder",
    "hold",
    "keep",
    "kept",
    "number",
    "replacing",
    "say",
    "watched",
]


class Unusable(Exception):
    """A file that is no file of results; one line says why."""


# ---- the command line ----------------------------------------------------------------------------


def number(text: str) -> int:
    """The type of an argument that counts something."""
    try:
        found = int(text)
    except ValueError:
        found = 0
    if found < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, not {text!r}")
    return found


def file(text: str) -> Path:
    """The type of an argument that names a file of results, refused before the work and not after it."""
    path = Path(text)
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise argparse.ArgumentTypeError(f"must be a regular file or nothing yet, not {text!r}")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"must be in a folder that exists, not {text!r}")
    try:
        hold(path)
    except FileRefused as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return path


def folder(text: str) -> Path:
    """The type of an argument that names a folder, which is made if need be."""
    path = Path(text)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"must be a folder, not {text!r}: {_reason(error)}") from None
    return path


def command(
    study: str,
    about: str | None,
    *,
    seeds: int | str | None = None,
    steps: int | str | None = None,
    every: int | str | None = None,
    models: Collection[str] = (),
    default_models: str = "twin and float_railed",
) -> argparse.ArgumentParser:
    """The command line of a study, with those of the usual arguments that it takes.

    Parameters
    ----------
    study : str
        Name of its module.
    about : str
        What ``--help`` says first.
    seeds, steps, every : int or str, optional
        The default; or what is said of it where it depends on others, and the argument is None.
    models : collection of str
        What ``--model`` may name, as often as wanted.
    default_models : str
        What is said of its default.
    """
    parser = argparse.ArgumentParser(prog=f"python -m mgd_sim.studies.{study}", description=about)
    for name, default, what in (
        ("--seeds", seeds, "replicas"),
        ("--steps", steps, "longest run"),
        ("--every", every, "steps between two looks"),
    ):
        if isinstance(default, int):
            parser.add_argument(name, type=number, default=default, help=f"{what} (default: {default:,})")
        elif default is not None:
            parser.add_argument(name, type=number, help=f"{what} (default: {default})")
    if models:
        said = f"default: {default_models}"
        parser.add_argument("--model", choices=models, action="append", help=said)
    return parser


def chosen(
    parser: argparse.ArgumentParser, argument: str, given: Sequence[str] | None, known: Collection[str]
) -> list[str]:
    """What was asked for, all that is known if nothing was; the known names depend on the task."""
    for name in given or ():
        if name not in known:
            parser.error(f"{argument} {name}: must be one of {'; '.join(known)}")
    return list(given or known)


#: What the study that runs writes to, until it ends.
_held = contextlib.ExitStack()


def hold(path: Path) -> None:
    """Keeps other runs away from a file of results; raises FileRefused where another has it."""
    if path.parent.is_dir():
        _held.enter_context(locked(path))


def ends_in_a_line(main: Callable[[Sequence[str] | None], int]) -> Callable[..., int]:
    """Status 130 after Ctrl-C, 143 after a request to end; 2 and one line for what the user can mend."""

    @functools.wraps(main)
    def ended(arguments: Sequence[str] | None = None) -> int:
        with ends_interrupt() as stop, _held:
            try:
                status = main(arguments)
            except KeyboardInterrupt:
                status = 130
            except OSError as error:
                sys.stderr.write(f"{error.filename or 'output'}: {_reason(error)}\n")
                status = 2
            except (FileRefused, Refused, Unusable) as error:
                sys.stderr.write(f"{error}\n")
                status = 2
            return stop.status if stop and status == 130 else status

    return ended


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


# ---- progress ------------------------------------------------------------------------------------


def say(line: object) -> None:
    """A line that is seen at once, in a pipe too."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class _Timed(Protocol):
    seconds: float


Progress = TypeVar("Progress", bound=_Timed)


def watched(results: Iterable[Progress], name: str = "", pause: float = 20.0) -> Progress:
    """The last of the results; while they come, one in so many seconds is told under the name."""
    shown = 0.0
    for result in results:
        if result.seconds - shown >= pause:
            shown = result.seconds
            say(f"  {name}: {result}" if name else result)
    return result


# ---- results -------------------------------------------------------------------------------------


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Gives a name beside ``path``. What is there in the end takes its place; after an error nothing does."""
    beside = path.with_name(f".{path.stem}.new{path.suffix}")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def keep(path: Path, document: Any, indent: int | None = None) -> None:
    """Write results as JSON, completely or not at all."""
    with replacing(path) as beside:
        beside.write_text(json.dumps(document, indent=indent) + "\n", encoding="utf-8")


def kept(path: Path) -> Any:
    """The document that was kept; None if there is none yet."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Unusable(f"{path}: is not JSON: {error}") from None


class _Found(Protocol):
    """One result: a dataclass of what JSON knows."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def job(self) -> tuple[object, ...]:
        """What was asked for."""


Found = TypeVar("Found", bound=_Found)


class Kept(Generic[Found]):
    """The results of a study, kept in a file whenever there is one more.

    Parameters
    ----------
    path : Path
        The file.
    kind : type
        Of the results.
    task : str, optional
        Stands in the file beside the results; without it they are the whole document, a list.

    Raises
    ------
    Unusable
        What the file holds is something else.
    FileRefused
        Another run writes it.
    """

    def __init__(self, path: Path, kind: type[Found], task: str | None = None):
        self.path, self.task = path, task
        hold(path)
        document = kept(path)
        try:
            rows = () if document is None else document if task is None else document["points"]
            found = [kind(**row) for row in rows]
        except (KeyError, TypeError):
            raise Unusable(f"{path}: holds no results of this study") from None
        self._done = {each.job: each for each in found}

    def __iter__(self) -> Iterator[Found]:
        """In the order in which they were found."""
        return iter(self._done.values())

    def get(self, job: tuple[object, ...], find: Callable[[], Found]) -> Found:
        """The result of a job, which is done if it was not yet."""
        if job not in self._done:
            self._done[job] = find()
            self.write()
        return self._done[job]

    def write(self) -> None:
        """Write all that is known."""
        rows = [asdict(each) for each in self]
        keep(self.path, rows if self.task is None else {"task": self.task, "points": rows}, indent=1)
