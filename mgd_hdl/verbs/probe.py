"""The gradient that a circuit gathers, beside the true one."""

from __future__ import annotations

from argparse import Namespace

from ..progress import Progress
from .common import configuration, print_json, say, tools, trainer_files

__all__ = ["probe"]


def probe(args: Namespace) -> int:
    """Gather it, and tell the angle."""
    with tools():
        from mgd_sim.perturb.external import port_codes
        from mgd_sim.probe import held, probe
        from mgd_sim.rtl import trainer_design
        from mgd_sim.watch import port_samples

        config = held(configuration(args.config, args.samples), args.steps)
        seed = config.seed if args.seed is None else args.seed
        samples, codes = port_samples(config), port_codes(config)
        with Progress(say) as progress:
            design = trainer_design(trainer_files(config.bare, progress)) if args.rtl else None

            def look(stage: str, done: int) -> None:
                if not done:
                    progress.stage(stage, args.steps)
                progress.at(done)

            found = probe(
                config, args.steps, seed, design=design, samples=samples, perturbations=codes, look=look
            )
    if args.json:
        source = "circuit" if args.rtl else "twin"
        print_json({"name": config.name, **config.attached.entry, "source": source, **found.as_json()})
        return 0
    whose = "the circuit's" if args.rtl else "the twin's"
    print(
        f"{config.name}, seed {seed}: {whose} G of {config.parameters} parameters after {args.steps:,} steps"
    )
    for name, words in (
        ("backpropagation", "backpropagated gradient"),
        ("differences", "finite differences"),
    ):
        print(f"  to {words:24} {found.angles[name]:6.2f} degrees, cosine {found.cosines[name]:.4f}")
    if found.limited:
        print("  a word was limited or a parameter is at its rail: take fewer steps")
    return 0
