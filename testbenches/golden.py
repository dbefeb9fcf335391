"""Golden hashes: of what is emitted for the catalogue's trainers and for loops: no byte changes unnoticed.

``python -m testbenches.golden`` writes them anew, after a change that is meant to change what is emitted. It
prints which trainers changed. With names of trainers it writes those, beside what is recorded of the others.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from mgd_hdl.config import TrainerConfig
from mgd_hdl.emit import trainer_files
from mgd_hdl.files import write_file
from testbenches.catalogue import CATALOGUE, configuration
from testbenches.emitted import install
from testbenches.loops import GOLDEN as LOOPS

__all__ = ["FILE", "NAMES", "emitted", "hashes", "load"]

#: All of which there is one.
NAMES = (*CATALOGUE, *LOOPS)

FILE = Path(__file__).with_name("golden.json")


def hashes(config: TrainerConfig, files: dict[str, str]) -> dict[str, str]:
    """Of a trainer's files: its Verilog, its list of ports and states, its memory images."""
    images = sorted(file for file in files if file.endswith(".hex"))
    parts = {
        "verilog": files[f"{config.name}.v"],
        "ports": files[f"{config.name}.ports.json"],
        "memories": "".join(f"{file}\n{files[file]}" for file in images),
    }
    return {part: hashlib.sha256(text.encode()).hexdigest()[:16] for part, text in parts.items()}


def load() -> dict[str, dict[str, str]]:
    """What is recorded, by name."""
    found: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def emitted(name: str) -> dict[str, str]:
    """Of a trainer of the catalogue, or a loop."""
    config = LOOPS[name] if name in LOOPS else configuration(name)
    return hashes(config, trainer_files(config))


def _all(names: Iterable[str]) -> dict[str, dict[str, str]]:
    chosen = list(names)
    with ProcessPoolExecutor(initializer=install) as pool:
        return dict(zip(chosen, pool.map(emitted, chosen), strict=True))


def main() -> None:
    """Write hashes anew, all or those of some names, and say which changed."""
    before = load() if FILE.exists() else {}
    found = {**before, **_all(sys.argv[1:] or NAMES)}
    now = {name: found[name] for name in NAMES if name in found}
    write_file(FILE, json.dumps(now, indent=1) + "\n", force=True)
    for name in {**before, **now}:
        old, new = before.get(name, {}), now.get(name, {})
        changed = [part for part in {**old, **new} if old.get(part) != new.get(part)]
        if changed:
            print(f"{name}: {', '.join(changed)}")


if __name__ == "__main__":
    main()
