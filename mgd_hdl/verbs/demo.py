"""The first minute with mgd-hdl: XOR, learned by a circuit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

__all__ = ["demo"]


def demo(run: Callable[[Sequence[str]], int]) -> int:
    """Show commands and what they do; ``run`` runs one."""
    for command, expected in (
        ("generate xor -o build/xor", 0),
        ("simulate xor -o build/xor --force", 0),
        ("compare xor --seeds 4", 0),
        ("compare xor --inject-bug minus_adds", 1),
    ):
        print(f"$ mgd-hdl {command}", flush=True)
        status = run(command.split())
        if status != expected:
            return max(status, 1)
    return 0
