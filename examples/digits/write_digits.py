"""Writes ``digits.csv`` beside this script: Alpaydin's digits of 8 x 8 pixels, as scikit-learn has them.

``pip install scikit-learn``, then ``python examples/digits/write_digits.py``. Another folder may be given.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path


def main() -> int:
    """Write the table; one line and status 2 where that cannot be."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError:
        sys.stderr.write("scikit-learn is missing; install it with: pip install scikit-learn\n")
        return 2
    path = (Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent) / "digits.csv"
    found = load_digits()
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            for pixels, digit in zip(found.data.astype(int).tolist(), found.target.tolist(), strict=True):
                table.writerow([*pixels, digit])
    except OSError as error:
        sys.stderr.write(f"{path}: {(error.strerror or str(error)).lower()}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
