"""Where these tests find a library of standard cells, unless ``MGD_LIBERTY`` names another one."""

from __future__ import annotations

import os
from pathlib import Path

BESIDE = Path(__file__).parents[3] / "shared" / "data" / "liberty"

if BESIDE.is_dir():
    os.environ.setdefault("MGD_LIBERTY", str(BESIDE))
