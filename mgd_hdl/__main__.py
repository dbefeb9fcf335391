"""``python -m mgd_hdl`` is ``mgd-hdl``."""

from __future__ import annotations

import sys

from .process import interrupt_is_handled

__all__ = ["main"]


def main() -> int:
    """Loads the command and runs it; Ctrl-C may come while it loads."""
    try:
        from .cli import main as command
    except KeyboardInterrupt:
        sys.stderr.write("mgd-hdl: interrupted\n")
        status = 130
    else:
        status = command()
    interrupt_is_handled()
    return status


if __name__ == "__main__":
    sys.exit(main())
