"""Runs a tool that came as a wheel, says now and then what it is doing, and never leaves it behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from mgd_hdl.config.extras import missing

__all__ = ["Outcome", "Say", "SynthError", "Tool", "need", "silent"]

#: A tool that works longer says so every so many seconds.
EVERY = 10.0

Say = Callable[[str], None]


class SynthError(RuntimeError):
    """Synthesis is not possible, or failed."""


def silent(_line: str) -> None:
    """For callers that want no progress."""


def need(*packages: str) -> None:
    """Raises SynthError where one of the packages that a job takes is not installed, before it begins."""
    lack = missing(*packages)
    if lack is not None:
        raise SynthError(lack)


@dataclass(frozen=True)
class Outcome:
    """How a tool ended, and every line it wrote; a tool here can fail with status 0."""

    status: int
    lines: tuple[str, ...]

    @property
    def last_words(self) -> str:
        """The error it named, or the last thing it said."""
        for line in reversed(self.lines):
            _, error, words = line.partition("ERROR: ")
            if error:
                return words
        return next((line.strip() for line in reversed(self.lines) if line.strip()), "no output")


@dataclass(frozen=True)
class Tool:
    """A command that a Python package brings.

    Parameters
    ----------
    package : str
        Its name in the package index.
    stage : callable
        Given a line that the tool wrote: what it is doing now, or None.
    script : str
        The command, where it is not called as the package is.
    module : str
        A module of Python that runs it in place of the command.
    """

    package: str
    stage: Callable[[str], str | None]
    script: str = ""
    module: str = ""

    @property
    def version(self) -> str:
        """Package and release; raises SynthError where it is not installed."""
        try:
            return f"{self.package} {metadata.version(self.package)}"
        except metadata.PackageNotFoundError:
            raise SynthError(missing(self.package) or f"{self.package} is missing") from None

    @property
    def command(self) -> list[str]:
        """How it is called, arguments apart."""
        _ = self.version
        if self.module:
            return [sys.executable, "-P", "-m", self.module]
        scripts, name = sysconfig.get_path("scripts"), self.script or self.package
        found = shutil.which(name, path=scripts) or shutil.which(name)
        if found is None:
            raise SynthError(f"{self.package} is installed, but its command is not beside {sys.executable}")
        return [found]

    def run(
        self, arguments: Sequence[str], folder: Path, *, say: Say = silent, timeout: float | None = None
    ) -> Outcome:
        """Run in ``folder``, which is all that the tool sees: its files have names without a path.

        Whatever ends the call early, Ctrl-C too, ends the tool.
        """
        start = time.monotonic()
        stage = "starting"
        lines: list[str] = []
        # What it leaves behind when it is ended goes with the folder.
        scratch = folder / "scratch"
        scratch.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [*self.command, *arguments],
            cwd=folder,
            env={**os.environ, "TMPDIR": str(scratch)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

        def read() -> None:
            nonlocal stage
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                stage = self.stage(line) or stage

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        said = start
        try:
            # The output ends when the tool does; waiting for the thread, Ctrl-C still comes through.
            while reader.is_alive():
                reader.join(0.2)
                now = time.monotonic()
                if timeout is not None and now - start > timeout:
                    raise SynthError(f"{self.package} took longer than {timeout:.0f} s")
                if now - said >= EVERY and reader.is_alive():
                    said = now
                    say(f"{stage}, {now - start:.0f} s")
            return Outcome(process.wait(), tuple(lines))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            reader.join()
            assert process.stdout is not None
            process.stdout.close()
