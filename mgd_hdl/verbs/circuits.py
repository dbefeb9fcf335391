"""A trainer circuit in simulation, for verbs that let it run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import TrainerConfig
from ..progress import Progress
from .common import trainer_files

if TYPE_CHECKING:
    from mgd_sim.rtl import RtlTrainer

__all__ = ["simulated", "through_ports"]


def through_ports(config: TrainerConfig) -> dict[str, Any]:
    """What comes through a trainer's ports, samples and codes, as a twin takes them by name."""
    from mgd_sim.perturb.external import port_codes
    from mgd_sim.watch import port_samples

    return {"samples": port_samples(config), "perturbations": port_codes(config)}


def simulated(
    config: TrainerConfig,
    seed: int,
    progress: Progress,
    *,
    simulator: str = "verilator",
    trace: Path | None = None,
    holds: bool = False,
) -> RtlTrainer:
    """The circuit at step 0, with what comes through its ports; arguments as of ``RtlTrainer``."""
    from mgd_sim.perturb.external import words
    from mgd_sim.rtl import RtlTrainer, trainer_design
    from mgd_sim.rtl.icarus import IcarusTrainer

    registers, ports = config.registers(seed), through_ports(config)
    codes = ports["perturbations"]
    design = trainer_design(trainer_files(config.bare, progress))
    progress.stage("compiling the circuit")
    if simulator == "icarus":
        return IcarusTrainer(config, design, registers, trace=trace, holds=holds)
    return RtlTrainer(
        config,
        design,
        registers,
        samples=ports["samples"],
        codes=None if codes is None else words(config, codes),
        trace=trace,
        holds=holds,
    )
