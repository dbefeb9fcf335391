"""``python -m mgd_hdl`` is ``mgd-hdl``."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """Loads the command and runs it; Ctrl-C may come while it loads."""
    try:
        from .cli import main as command
    except KeyboardInterrupt:
        sys.stderr.write("mgd-hdl: interrupted\n")
        return 130
    return command()


if __name__ == "__main__":
    sys.exit(main())
