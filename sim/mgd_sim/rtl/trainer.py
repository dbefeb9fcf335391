"""A trainer circuit in simulation: started with its registers, and asked for its states step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import FLAGS, Registers, TrainerConfig

from ..fixed import Bits
from ..learn.serial import parameters
from ..tasks import Dataset
from .design import Design
from .ends import Closes
from .verilator import VerilatorModel

__all__ = ["RtlTrainer", "payloads", "trainer_design"]

#: No step takes as many clocks, wherever its sample comes from.
_STEP_CLOCKS = 10_000


def trainer_design(files: Mapping[str, str]) -> Design:
    """The design in the files that ``mgd_hdl.emit.trainer_files`` makes."""
    return Design.from_files(files)


class RtlTrainer(Closes):
    """One trainer circuit, ready for step 0.

    Parameters
    ----------
    config : TrainerConfig
    design : Design
        Its circuit, from :func:`trainer_design`.
    registers : Registers
        From ``config.registers(seed)``.
    samples : Dataset, optional
        For ``task.source = "stream"``: what comes through the port, in this order, repeated.
    codes : Bits, optional
        For external codes: (count, P), the words that come through their port, repeated.
    build_dir : Path, optional
        Where compiled libraries are kept.
    trace : Path, optional
        Write a waveform there, ``.vcd`` or ``.fst``.
    """

    def __init__(
        self,
        config: TrainerConfig,
        design: Design,
        registers: Registers,
        *,
        samples: Dataset | None = None,
        codes: Bits | None = None,
        build_dir: Path | None = None,
        trace: Path | None = None,
    ):
        self.config = config
        self.model = VerilatorModel(design, build_dir, trace=trace)
        self.step = 0
        if samples is not None:
            self.model.feed("i_sample", payloads(config, samples), repeat=True)
        if codes is not None:  # the last parameter's word comes first
            self.model.feed("i_code", codes[:, ::-1].ravel().tolist(), repeat=True)
        self.start(registers)

    def start(self, registers: Registers) -> None:
        """Begins anew at step 0; a configuration has ports only for the registers it uses."""
        self.config.followed(registers)
        model = self.model
        inputs = {port.name for port in model.design.ports if port.direction == "input"}
        values = {name: value for name, value in asdict(registers).items() if name in inputs}
        model.set(rst=1, start=0, run=0)
        model.clock()
        model.set(rst=0, start=1, **values)
        model.clock()
        model.set(start=0, run=1)
        model.forget()
        self.step = 0
        self._flags = np.uint8(0)

    def run(self, steps: int) -> dict[str, npt.NDArray[Any]]:
        """Goes on for some steps; their states, named and shaped as in the twin's Record for one replica."""
        limit = steps * _STEP_CLOCKS + 4 * self.config.parameters
        states = self.model.run(steps, limit)
        self.step += steps
        # Where steps overlap the flags' register is ahead of the step that is done, so the sticky
        # flags of each step are put together from what saturated in it.
        happened = [np.asarray(states.pop(name), dtype=np.uint8) for name in FLAGS]
        flags = sum((event << bit for bit, event in enumerate(happened)), np.zeros(steps, np.uint8))
        if steps:
            flags[0] |= self._flags
            flags = np.bitwise_or.accumulate(flags)
            self._flags = flags[-1]
        states["flags"] = flags
        if "theta_bits" in states:
            states["theta"] = parameters(self.config, states.pop("theta_bits"))
        return states

    def close(self) -> None:
        """Ends the simulation."""
        self.model.close()


def payloads(config: TrainerConfig, samples: Dataset) -> list[int]:
    """Every sample as the word of the stream port: inputs in the low bits, the first one lowest."""
    columns = [(samples.x, config.formats.input.width), (samples.target, config.formats.target.width)]
    words = [0] * len(samples)
    at = 0
    for values, width in columns:
        masked = np.asarray(values).astype(object) & ((1 << width) - 1)
        for column in masked.T:
            words = [word | int(value) << at for word, value in zip(words, column, strict=True)]
            at += width
    return words
