"""What synthesis would say, without synthesis."""

from __future__ import annotations

from argparse import Namespace

from .common import ToolError, any_configuration, print_json

__all__ = ["estimate"]


def estimate(args: Namespace) -> int:
    """Tell it, and what fits which device."""
    config = any_configuration(args.config, args.samples)
    from mgd_synth.estimate import (
        as_json,
        check_target,
        estimate,
        fits,
        fits_table,
        notes,
        other_engine,
    )
    from mgd_synth.features import reason_against
    from mgd_synth.process import SynthError

    reason = reason_against(config)
    if reason:
        raise ToolError(reason)
    try:
        if args.target is not None:
            check_target(args.target, config)
        targets = None if args.target is None else [args.target]
        fitting, others = fits(config, targets), other_engine(config, targets)
        report = None if args.target is None else estimate(config, args.target)
    except SynthError as error:
        raise ToolError(str(error)) from None
    if args.json:
        document = {
            "design": config.name,
            **config.attached.entry,
            "parameters": config.parameters,
            "clocks_per_step": float(config.timing.clocks_per_step),
            "notes": notes(config),
            **({} if report is None else report.as_json()),
            "devices": as_json(config, fitting),
            "other_engine": others,
        }
        print_json(document)
        return 0
    if report is None:
        clocks = f"{float(config.timing.clocks_per_step):.6g} clocks per step"
        print(f"# {config.name}, estimated\n\n{config.parameters} parameters, {clocks}.\n")
        for note in notes(config):
            print(f"* {note}")
        print()
    else:
        print(report.markdown())
    print(f"## What fits\n\n{fits_table(config, fitting)}", end="")
    if others:
        print("\n## With the other engine\n")
        print("\n".join(f"* {line}" for line in others))
    return 0
