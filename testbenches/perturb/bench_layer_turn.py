"""Does every layer have its turn, each for as many perturbations as the register says?"""

from __future__ import annotations

import cocotb

from mgd_sim.rtl import bench_parameters
from testbenches.support import clock, configured, random_numbers, start


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize(stall=[0.0, 0.5])
async def layers_take_turns(dut, stall):
    """Turns of all lengths, two rounds and a bit of each, and loads in the middle."""
    config, rng = configured(), random_numbers()
    layers, only = len(config.shape.layers), bench_parameters().get("layer")
    await start(dut, load=0, advance=0, tau_layer=1)
    for tau in (1, 2, 3, 5, 7, (1 << len(dut.tau_layer)) - 1):
        await clock(dut, load=1, advance=int(rng.integers(2)), tau_layer=tau)
        perturbation = 0
        for _ in range(2 * tau * layers + 3 + int(rng.integers(tau))):
            advance = int(rng.random() >= stall)
            await clock(dut, load=0, advance=advance)
            turn = perturbation // tau % layers
            wanted = 1 << turn if only is None else int(turn == only)
            assert int(dut.active.value) == wanted, (tau, perturbation)
            perturbation += advance
