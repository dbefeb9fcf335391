"""A trainer circuit in simulation, for verbs that let it run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..config import TrainerConfig
from ..progress import Progress
from .common import trainer_files

if TYPE_CHECKING:
    from mgd_sim.rtl import RtlTrainer

__all__ = ["simulated"]


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
    from mgd_sim.perturb.external import port_codes, words
    from mgd_sim.rtl import RtlTrainer, trainer_design
    from mgd_sim.rtl.icarus import IcarusTrainer
    from mgd_sim.watch import port_samples

    registers, samples, codes = config.registers(seed), port_samples(config), port_codes(config)
    code_words = None if codes is None else words(config, codes)
    design = trainer_design(trainer_files(config.bare, progress))
    progress.stage("compiling the circuit")
    if simulator == "icarus":
        return IcarusTrainer(config, design, registers, trace=trace, holds=holds)
    return RtlTrainer(config, design, registers, samples=samples, codes=code_words, trace=trace, holds=holds)
