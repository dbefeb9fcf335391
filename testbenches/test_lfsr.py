"""Does the shift register step through the sequence of its recurrence, many bits at a time?"""

from __future__ import annotations

import numpy as np
import pytest
from amaranth.hdl import Signal

from mgd_hdl.config import LFSR, Lfsr
from mgd_hdl.lfsr import ShiftRegister
from testbenches.support import run_natively


def sequence(degree: int, tap: int, state: int, length: int) -> list[int]:
    """Bits of ``b[m + degree] = b[m + tap] ^ b[m]``, one after the other, from a state on."""
    bits = [state >> place & 1 for place in range(degree)]
    while len(bits) < length:
        bits.append(bits[len(bits) - degree + tap] ^ bits[len(bits) - degree])
    return bits


def windows(lfsr: Lfsr, state: int, steps: int) -> list[int]:
    """The states: windows of the sequence, ``degree - tap`` bits further each."""
    leap = lfsr.degree - lfsr.tap
    bits = sequence(lfsr.degree, lfsr.tap, state, lfsr.degree + steps * leap)
    return [
        sum(bit << place for place, bit in enumerate(bits[step * leap : step * leap + lfsr.degree]))
        for step in range(steps)
    ]


def follow(block: ShiftRegister, lfsr: Lfsr, seeds: list[int], steps: int) -> None:
    """Load each seed, then advance, with pauses; the state is there one clock later."""
    rng = np.random.default_rng(1)

    async def testbench(context):
        assert context.get(block.state) == 1
        for seed in seeds:
            context.set(block.seed, seed)
            context.set(block.load, 1)
            context.set(block.advance, int(rng.integers(2)))  # load goes first
            await context.tick()
            context.set(block.load, 0)
            for state in windows(lfsr, seed | 1, steps):
                assert context.get(block.state) == state
                context.set(block.seed, int(rng.integers(1 << lfsr.degree)))
                if rng.random() < 0.3:
                    context.set(block.advance, 0)
                    await context.tick()
                    assert context.get(block.state) == state
                context.set(block.advance, 1)
                await context.tick()

    run_natively(block, testbench)


@pytest.mark.parametrize("lfsr", [Lfsr(7, 3), Lfsr(7, 1), Lfsr(9, 4), Lfsr(5, 2)], ids=str)
def test_small_registers_from_every_seed(lfsr):
    seeds = list(range(1 << lfsr.degree)) if lfsr.degree < 8 else [0, 1, 2, lfsr.mask]
    follow(ShiftRegister(lfsr), lfsr, seeds, 20)


def test_a_whole_period():
    """x^7 + x^3 + 1 is primitive: all states but zero, then the first again."""
    lfsr = Lfsr(7, 3)
    states = windows(lfsr, 1, 128)
    assert len(set(states)) == 127
    assert states[127] == states[0]
    follow(ShiftRegister(lfsr), lfsr, [1], 128)


def test_the_register_of_the_trainer():
    follow(ShiftRegister(LFSR), LFSR, [0, 1, 2, LFSR.mask, 0x2AAAAAAA, 0x12345678], 100)


def several(block: ShiftRegister, lfsr: Lfsr, seeds: list[int], moves: int) -> None:
    """Any number of steps at a time, none too; and what the states will be is told beforehand."""
    rng, most = np.random.default_rng(2), block.most

    async def testbench(context):
        for seed in seeds:
            context.set(block.seed, seed)
            context.set(block.load, 1)
            context.set(block.advance, int(rng.integers(most + 1)))  # load goes first
            await context.tick()
            context.set(block.load, 0)
            known, at = windows(lfsr, seed | 1, (moves + 1) * most), 0
            for _ in range(moves):
                assert [context.get(state) for state in block.states] == known[at : at + most]
                steps = int(rng.integers(most + 1))
                context.set(block.advance, steps)
                await context.tick()
                at += steps

    run_natively(block, testbench)


@pytest.mark.parametrize("most", [2, 3])
def test_several_steps_at_a_time(most):
    several(ShiftRegister(most=most), LFSR, [0, 1, LFSR.mask, 0x12345678], 60)
    several(ShiftRegister(Lfsr(7, 3), most), Lfsr(7, 3), list(range(16)), 30)


@pytest.mark.parametrize("wrong", ["one too many", "one too few"])
def test_a_wrong_number_of_steps_is_noticed(wrong):
    class Wrong(ShiftRegister):
        def elaborate(self, platform):
            m = super().elaborate(platform)
            other = self.state_2 if wrong == "one too many" else self.state
            with m.If((self.advance == 1) & ~self.load):
                m.d.sync += self.state.eq(other)
            return m

    with pytest.raises(AssertionError):
        several(Wrong(Lfsr(7, 3), 3), Lfsr(7, 3), list(range(8)), 20)


class Broken(ShiftRegister):
    """A register with one thing wrong."""

    def __init__(self, wrong: str):
        super().__init__(Lfsr(7, 3))
        self.wrong = wrong

    def elaborate(self, platform):
        m = super().elaborate(platform)
        if self.wrong == "zero is a seed":
            with m.If(self.load):
                m.d.sync += self.state.eq(self.seed)
        if self.wrong == "advance goes first":
            with m.If(self.advance & self.load):
                m.d.sync += self.state.eq(self.state)
        if self.wrong == "one bit a step":
            following = Signal(7)
            m.d.comb += following.eq((self.state >> 1) | ((self.state[0] ^ self.state[3]) << 6))
            with m.If(self.advance & ~self.load):
                m.d.sync += self.state.eq(following)
        return m


@pytest.mark.parametrize("wrong", ["zero is a seed", "advance goes first", "one bit a step"])
def test_mutations_are_noticed(wrong):
    with pytest.raises(AssertionError):
        follow(Broken(wrong), Lfsr(7, 3), list(range(8)), 20)


def test_another_tap_is_noticed():
    with pytest.raises(AssertionError):
        follow(ShiftRegister(Lfsr(7, 1)), Lfsr(7, 3), [1], 20)
