"""A trainer's Verilog, and the files that go with it."""

from __future__ import annotations

from argparse import Namespace

from ..config import ConfigError, Problem
from ..files import reserved, write_files
from ..memories import memory_images
from ..progress import Progress
from .common import any_configuration, say, trainer_files

__all__ = ["generate"]


def generate(args: Namespace) -> int:
    """Write them."""
    config = any_configuration(args.config, args.samples)
    directory = config.name if args.output is None else args.output
    if args.memories == "images":
        files = memory_images(config)
        if not files:
            allowed = "this trainer has no memories; must be left out"
            raise ConfigError([Problem("--memories", "images", allowed)])
        for path in write_files(directory, files, force=args.force):
            print(f"wrote {path}")
        return 0
    with reserved(directory, [f"{config.name}.v"], force=args.force):
        with Progress(say) as progress:
            files = trainer_files(config, progress, inline=args.memories == "inline")
        written = write_files(directory, files, force=args.force)
    for path in written:
        print(f"wrote {path}")
    for key, (given, used) in config.snapped.items():
        print(f"note: {key} = {given} is used as {used}")
    return 0
