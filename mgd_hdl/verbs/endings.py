"""How a verb ends: its exit status, and a line for what went wrong.

0 all is well, 1 a comparison failed. Bad input is 2 with one line per problem, Ctrl-C 130, a fault of this
program 70.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from ..config.errors import Refused
from ..config.extras import missing_module
from ..files import FileRefused, nothing_read
from ..process import ends_unwind, open_standard_streams
from .common import Interrupted, ToolError, complain

__all__ = ["BAD_INPUT", "BUG", "status_of"]

BAD_INPUT = 2
BUG = 70  # as sysexits.h has it


def status_of(run: Callable[[], int]) -> int:
    """Run something to its end, however it ends; returns the exit status."""
    nothing_read()
    try:
        open_standard_streams()
        with ends_unwind():
            try:
                status = run()
            finally:
                sys.stdout.flush()
            return status
    except (Refused, FileRefused) as error:
        for problem in error.problems:
            complain(str(problem))
        return BAD_INPUT
    except ToolError as error:
        for line in str(error).splitlines():
            complain(line)
        return BAD_INPUT
    except BrokenPipeError:
        # The reader has left. Python flushes once more when it ends; let that go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except ModuleNotFoundError as error:
        lack = missing_module(error)
        if lack is None:
            raise
        complain(lack)
        return BAD_INPUT
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        complain(reason if error.filename is None else f"{error.filename}: {reason}")
        return BAD_INPUT
    except Interrupted as interrupted:
        complain(str(interrupted))
        return interrupted.status
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    except MemoryError:
        complain("this takes more memory than there is")
        return BAD_INPUT
    except Exception as error:
        if os.environ.get("MGD_HDL_DEBUG"):
            raise
        complain(
            f"a fault of mgd-hdl, please report it: {_place(error)}: {type(error).__name__}: {error};"
            " MGD_HDL_DEBUG=1 shows how it came there"
        )
        return BUG


def _place(error: BaseException) -> str:
    """The line of the program that raised it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "nowhere"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}"
