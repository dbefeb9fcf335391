"""What was learned, as other programs take it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable

from ..config.attached import Unreadable
from ..config.attached.arrays import npz
from ..config.attached.files import read_for
from ..config.errors import Refused
from ..files import fill, new_file, was_read

__all__ = ["export"]


def export(args: Namespace) -> int:
    """Write it."""
    from mgd_sim.export.network import PlainNetwork

    was_read(args.file)
    with new_file(args.output, force=args.force) as path:
        write = _writer(args.to)
        try:
            network = PlainNetwork.of(npz(read_for("network.parameters", args.file).data), args.seed)
        except Unreadable as reason:
            raise Refused([f"{args.file}: {reason}"]) from None
        fill(path, write(network))
    print(f"wrote {args.output}: {network.about}")
    if args.to == "npz" and any(layer.defects for layer in network.layers):
        print("note: its neurons have curves of their own, which a file of weights does not hold")
    return 0


def _writer(kind: str) -> Callable[..., bytes]:
    """What makes a file of this kind; a package that is missing is told before anything is read."""
    if kind == "c":
        from mgd_sim.export.c import header

        return header
    if kind == "npz":
        from mgd_sim.export.state_dict import npz as arrays

        return arrays
    from mgd_sim.export.onnx import model

    return model
