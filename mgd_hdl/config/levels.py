"""Levels: integers that registers start with, or that the circuit has as constants."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .asked import Asked
from .gaussian import DEVIATION, LARGEST
from .number import Rounding, power_of_two
from .sections import HIGH_PASS
from .words import Words

__all__ = ["Levels"]


@dataclass(frozen=True, eq=False)
class Levels:
    """Integers that stand for numbers of the configuration, in the formats of :class:`Words`."""

    asked: Asked
    words: Words

    @property
    def high_pass(self) -> int:
        """The coefficient a = tau_hp / (tau_hp + 1) of the high-pass, in ``HIGH_PASS``."""
        return round(self.asked.learning.tau_hp / (self.asked.learning.tau_hp + 1) * (1 << HIGH_PASS.width))

    @property
    def threshold(self) -> int:
        """A single output answers one from here on, in last bits of the output."""
        return 1 << self.words.output.fraction_bits - 1 if self.asked.judges_error else 0

    @property
    def target_threshold(self) -> int:
        """A single target means one from here on, in its last bits: one half, or the first above it."""
        return 1 << max(0, self.asked.formats.target.fraction_bits - 1)

    @property
    def change_limit(self) -> int:
        """In last bits of C~."""
        limit = self.asked.cost_section.limit
        return self.words.cost_change.quantize(limit) if limit else self.words.cost_change.max

    @property
    def change_gate(self) -> int:
        """In last bits of C~."""
        return self.words.cost_change.quantize(self.asked.cost_section.gate)

    @property
    def judge_limit(self) -> int:
        """The least cost that is a miss, in last bits of C: ``C < limit`` is ``c < judge_limit``."""
        return math.ceil(self.asked.judge.limit * 2.0**self.words.cost.fraction_bits)

    @property
    def max_cost_noise(self) -> int:
        """The k of the largest noise, a deviation of ``2**(k + 1)`` last bits of the cost: 1."""
        return self.words.cost_change.fraction_bits - 1

    @property
    def cost_noise(self) -> int:
        """The k that the configuration asks for, 0 without noise."""
        if not self.asked.cost_noisy:
            return 0
        return power_of_two(self.asked.imperfections.cost_noise) + self.max_cost_noise

    @property
    def rail(self) -> int:
        """The p of a rail at 2**p last bits of T: half of T's range, or a narrower clamp."""
        clamp = self.asked.learning.clamp
        half = self.words.parameter.width - 2
        return power_of_two(clamp) + self.words.parameter.fraction_bits if clamp else half

    @property
    def max_weight_decay(self) -> int:
        """The k of the largest decay, one half: ``2**(k - 1 - half)`` where half the range is 2**half."""
        return self.words.parameter.width - 2

    @property
    def weight_decay(self) -> int:
        """The k that the configuration asks for, 0 without decay."""
        if not self.asked.decays:
            return 0
        return power_of_two(self.asked.learning.decay) + 1 + self.max_weight_decay

    @property
    def last_shift(self) -> int:
        """The learning shift at which annealing stops."""
        last = self.asked.learning.last_rate
        return -power_of_two(last) if last else self.max_learning_shift

    @property
    def shift_bits(self) -> int:
        """Width of the registers of learning shifts."""
        return max(1, self.max_learning_shift.bit_length())

    @property
    def max_update_noise(self) -> int:
        """The k of the largest noise, a deviation of ``2**(k + 1)`` last bits of T: none exceeds D."""
        return (self.words.update.max // LARGEST).bit_length()

    @property
    def update_noise(self) -> int:
        """The k that the configuration asks for, 0 without noise."""
        if not self.asked.update_noisy:
            return 0
        least = power_of_two(DEVIATION) - self.words.parameter.fraction_bits
        return power_of_two(self.asked.imperfections.update_noise) - least + 1

    @property
    def gain(self) -> int:
        """D = -hold * 2**(gain - k) in last bits of T, k the learning shift.

        From theta -= eta * C~ s / amplitude with eta = 2**-k and amplitude = 2**-a; a two-sided
        C~ is twice as large, which takes one off. A code word of several bits counts s in parts of the
        amplitude, 2**(code_bits - 1) of them, and node by node inputs are counted in parts too. A sparse code
        shakes each parameter in one of 2**share_shift perturbations, so what is then learned counts as much.
        Where only the sign of the hold counts, D is -+2**(gain - k) and the rate itself.
        """
        if self.asked.sign_only:
            return self.words.parameter.fraction_bits - self.words.unit_shift
        return (
            self.asked.amplitude_shift
            + self.words.parameter.fraction_bits
            - self.words.cost_change.fraction_bits
            - self.asked.two_sided
            - self.words.unit_shift
            + self.asked.share_shift
        )

    @property
    def max_learning_shift(self) -> int:
        """The smallest rate the circuit offers; with carry, the last one that drops no bit."""
        if self.asked.rounding is Rounding.CARRY:
            return self.gain
        return max(self.asked.learning_shift, self.gain, 0) + 4

    @property
    def dropped_bits(self) -> int:
        """The most bits below T's last one that a learning shift leaves to rounding."""
        return max(0, self.max_learning_shift - self.gain)

    def initial_shift(self, layer: int) -> int:
        """A random word of T's width, shifted right by this, is uniform in (-initial, initial)."""
        return self.words.parameter.integer_bits - 1 - power_of_two(self.asked.initials[layer])
