"""Writes ``iris.csv`` beside this script: Fisher's Iris data, as scikit-learn has them.

``pip install scikit-learn``, then ``python examples/iris/write_iris.py``. Another folder may be given.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path


def main() -> int:
    """Write the table; one line and status 2 where that cannot be."""
    try:
        from sklearn.datasets import load_iris
    except ModuleNotFoundError:
        sys.stderr.write("scikit-learn is missing; install it with: pip install scikit-learn\n")
        return 2
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    found = load_iris()
    names = [name.removesuffix(" (cm)").replace(" ", "_") for name in found.feature_names]
    try:
        with (folder / "iris.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow([*names, "kind"])
            for row, kind in zip(found.data.tolist(), found.target.tolist(), strict=True):
                table.writerow([*row, found.target_names[kind]])
    except OSError as error:
        sys.stderr.write(f"{folder / 'iris.csv'}: {(error.strerror or str(error)).lower()}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
