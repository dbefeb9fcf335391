"""Is every word the sample of its parameter's own sinusoid?"""

from __future__ import annotations

import math

import cocotb

from mgd_hdl.config import LFSR, TrainerConfig
from testbenches.support import clock, configured, random_numbers, start

SEEDS = (0, 1, LFSR.mask, 0x2AAAAAAA, 0x12345678)


def sample(config: TrainerConfig, turns: float) -> int:
    """u of a phase in cycles: the odd number nearest to the sinusoid, in the middle of its interval."""
    bits = config.code_bits
    if bits == 1:
        return int(turns % 1 < 0.5)
    places = 1 << config.codes.sinusoids.table_bits
    middle = (math.floor(turns % 1 * places) + 0.5) / places
    exact = 2**bits / math.sqrt(2) * math.sin(2 * math.pi * middle)
    odd = 2 * math.floor(exact / 2) + 1
    return (odd + (1 << bits) - 1) // 2


def sweep(config: TrainerConfig, seed: int, perturbation: int) -> list[int]:
    """The words of one perturbation, the last parameter first."""
    wave, state, found = config.codes.sinusoids, LFSR.valid(seed), []
    for odd in reversed(wave.odds):
        own = state % 2**wave.phase_bits / 2**wave.phase_bits
        found.append(sample(config, own + perturbation * odd / wave.period))
        state = LFSR.step(state)
    return found


@cocotb.test(timeout_time=2, timeout_unit="ms")
@cocotb.parametrize(wait=[0.0, 0.5])
async def words_are_samples(dut, wait):
    """From every seed, from the first through more than a period; two clocks after the load, one a clock."""
    config, rng = configured(), random_numbers()
    await start(dut, load=0, seed=0, o__ready=0)
    for seed in SEEDS:
        await clock(dut, load=1, seed=seed, o__ready=rng.random() < 0.5)
        perturbations = config.codes.sinusoids.period + 3 if seed == SEEDS[0] else 5
        clocks = taken = 0
        for number in range(perturbations):
            for expected in sweep(config, seed, number):
                ready = False
                while not ready:
                    ready = rng.random() >= wait
                    await clock(dut, load=0, seed=int(rng.integers(1 << 31)), o__ready=ready)
                    clocks += 1
                    assert int(dut.o__valid.value) == (clocks > 2)
                    ready &= clocks > 2
                    if clocks > 2:
                        assert int(dut.o__payload.value) == expected, (number, taken)
                taken += 1
        if not wait:
            assert clocks == taken + 2


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def a_load_in_the_middle(dut):
    """At any place of a sweep the first word is due again."""
    config, rng = configured(), random_numbers()
    await start(dut, load=0, seed=0, o__ready=1)
    for seed in SEEDS * 3:
        await clock(dut, load=1, seed=seed)
        for _ in range(int(rng.integers(3 * config.parameters))):
            await clock(dut, load=0, seed=0)
        await clock(dut, load=1, seed=seed)
        await clock(dut, load=0)
        await clock(dut)
        for expected in sweep(config, seed, 0):
            await clock(dut)
            assert int(dut.o__payload.value) == expected
