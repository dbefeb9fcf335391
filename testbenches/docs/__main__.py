"""``make docs``: writes everything in the pages that a machine knows better than a person."""

from __future__ import annotations

import sys

from mgd_hdl.files import write_file

from .pages import ROOT, markdown_files
from .sizes import refresh
from .tables import filled
from .waves import refresh as draw


def main() -> None:
    """Measure what has changed, draw what the circuit does otherwise now, then fill every page."""
    refresh()
    for name in draw():
        sys.stdout.write(f"wrote {name}\n")
    for path in markdown_files():
        text = filled(path)
        if text != path.read_text("utf-8"):
            write_file(path, text, force=True)
            sys.stdout.write(f"wrote {path.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
