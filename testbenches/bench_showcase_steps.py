"""The showcase with its samples in a memory: is every state of every step the twin's, try after try?"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import cocotb

from mgd_hdl.config import Tries
from mgd_hdl.config.flash import FlashInputs, FlashSamples
from mgd_hdl.config.sdram import Sdram, SdramInputs
from mgd_sim.compare import states
from mgd_sim.rtl import bench_parameters
from mgd_sim.trainer import Trainer
from testbenches.bench_trainer import Observer
from testbenches.support import clock, configured, start


def promised(given: dict[str, Any], asked: float) -> tuple[int, float, float]:
    """How many samples there are, and how many clocks there are from one to the next: at least, at most."""
    if "flash" in given:
        flash = (FlashInputs if configured().paged else FlashSamples)(**given["flash"])
        clocks = flash.clocks_between(asked)
        return flash.count, clocks, clocks
    document = given["sdram"]
    sdram = SdramInputs(**document | {"chip": Sdram(**document["chip"])})
    return sdram.count, asked, sdram.clocks_between(asked)


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def every_step_equals_the_twin(dut):
    """Every try is given up, while the next sample is read, and the next one begins at the first sample; from
    one turn of all samples to the next there are as many clocks as are promised, over two turns in the mean.
    """
    config, given = configured(), bench_parameters()
    patience = given["patience"]
    count, least, most = promised(given, float(config.timing.clocks_per_step) * config.learning.tau_x)
    trainer = dut.show.trainer
    observer = Observer(trainer, given["states"])
    await start(dut, button=0)
    taken: list[int] = []
    for number, registers in enumerate([None, *Tries(config).registers(given["tries"])]):
        turn, began = 0, False
        while not began:
            await clock(dut)
            turn += 1
            assert turn < given["most"], f"try {number} goes on after {observer.steps} steps"
            observer.look()
            source = trainer.core.samples
            if source.o__valid.value == 1 and source.o__ready.value == 1:
                taken.append(turn)
            began = bool(dut.show.start.value)
        if registers is not None:
            assert observer.steps >= patience
            twin = Trainer(config, [registers])
            observer.check(states(twin.run(observer.steps, record=True)))
            turns = taken[count::count]
            clocks = [after - before for before, after in pairwise(turns)]
            assert len(clocks) > 1
            even = clocks[len(clocks) % 2 :]
            assert count * least <= sum(even) / len(even) <= count * most
        observer.forget()
        taken.clear()
    assert dut.wrong.value == 0, "see testbenches.samples.flash_chip"
    assert dut.broken.value == 0, "see testbenches.samples.sdram_chip"
