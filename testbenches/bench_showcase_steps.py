"""The showcase with its samples in a flash memory: is every state of every step the twin's, try after try?"""

from __future__ import annotations

from itertools import pairwise

import cocotb

from mgd_hdl.config import Tries
from mgd_hdl.config.flash import FlashInputs, FlashSamples
from mgd_sim.compare import states
from mgd_sim.rtl import bench_parameters
from mgd_sim.samples.flash import held
from mgd_sim.trainer import Trainer
from testbenches.bench_trainer import Observer
from testbenches.support import clock, configured, start


@cocotb.test(timeout_time=4, timeout_unit="ms")
async def every_step_equals_the_twin(dut):
    """Every try is given up, while the next sample is read, and the next one begins at the first sample; from
    one turn of all samples to the next there are as many clocks as are promised, over two turns in the mean.
    """
    config, given = configured(), bench_parameters()
    flash = (FlashInputs if config.paged else FlashSamples)(**given["flash"])
    patience = given["patience"]
    samples = held(config, flash, bytes(flash.first) + bytes.fromhex(given["content"]))
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
            twin = Trainer(config, [registers], samples=samples)
            observer.check(states(twin.run(observer.steps, record=True)))
            asked = float(config.timing.clocks_per_step) * config.learning.tau_x
            turns = taken[flash.count :: flash.count]
            clocks = [after - before for before, after in pairwise(turns)]
            assert len(clocks) > 1
            even = clocks[len(clocks) % 2 :]
            assert sum(even) / len(even) == flash.count * flash.clocks_between(asked)
        observer.forget()
        taken.clear()
    assert dut.wrong.value == 0, "see testbenches.samples.flash_chip"
