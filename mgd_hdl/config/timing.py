"""How long everything takes, in clocks from the one in which the sequencer gives a command."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, product

from .asked import Asked
from .curves import Curves
from .engines import BankFacts, EngineFacts, Indices, Rows, Series, Sweep
from .names import numbered
from .network import adder_levels, parity_levels
from .options import added_clocks
from .placement import Placement
from .shape import Shape
from .words import Words

__all__ = ["Timing", "steps_per_second"]


def steps_per_second(clocks: Fraction, hertz: float, seconds: float = 0.0) -> float:
    """Where a step takes so many clocks, and so many seconds beside them."""
    return 1 / (float(clocks) / hertz + seconds) if seconds else hertz / float(clocks)


@dataclass(frozen=True, eq=False)
class Timing:
    """Latencies and throughput."""

    asked: Asked
    engine: EngineFacts
    words: Words
    shape: Shape
    placement: Placement
    curves: Curves

    @cached_property
    def tail_clocks(self) -> int:
        """How long what follows the last word of an update is on the wires to the cells."""
        return added_clocks(self.asked, "tail")

    @property
    def broadcast_latency(self) -> int:
        """Until the perturbed parameters of layer 0 stand at the network: wires, the tree, code bits."""
        return 1 + self.placement.leaf_levels + self.placement.keeps_code

    @property
    def word_clocks(self) -> int:
        """For how long a word keeps the cells busy."""
        return self.engine.word_clocks(self.words.parameter.width)

    @property
    def update_clocks(self) -> int:
        """For how long an update does: +D, then -D, each with its multiples by powers of two where code
        words, or inputs node by node, have several bits.
        """
        return 2 * self.words.sent * self.word_clocks

    @property
    def measure_clocks(self) -> int:
        """For how long a measurement keeps the cells of a layer busy; a device outside is longer anyway."""
        if self.asked.outside:
            return 1
        return self.engine.measure_clocks(self.words.weight.width)

    @property
    def join_clocks(self) -> int:
        """So long after the last word of an update began to pass, a measurement may begin. That of a device
        outside, which needs many passes, does not join it.
        """
        if self.asked.outside:
            return self.word_clocks + 1
        return self.engine.join_clocks(self.words.guard_bits)

    @property
    def parity_levels(self) -> tuple[int, int]:
        """With ``engine.access``: registers in the tree of a tile, and behind it in that of the array."""
        tiles = self.placement.tiles
        return parity_levels(max(tile.cells for tile in tiles)), parity_levels(len(tiles))

    @property
    def watch_latency(self) -> int:
        """With ``engine.access``: from a visit of a parameter until the root of the tree tells of its word.
        Word and place take two clocks to the array.
        """
        way = 2 + self.broadcast_latency + self.asked.early
        return way + self.engine.watch_clocks(self.words.parameter.width) + sum(self.parity_levels)

    @property
    def access_beat(self) -> int:
        """Clocks from one visit to the next. Where codes are a chain, every visit waits for its answer."""
        return self.watch_latency + 1 if self.engine.chain else self.word_clocks

    @property
    def access_slots(self) -> int:
        """So many parameters are visited in turn, which hides the wait for what their words did."""
        return -(-(self.watch_latency + 1) // self.access_beat)

    @property
    def weight_latency(self) -> int:
        """Until the weights of layer 0 stand at the network, or the first bit of each."""
        return self.broadcast_latency + self.engine.weight_clocks

    @cached_property
    def sweep(self) -> Sweep | None:
        """Where the network is folded: its schedule."""
        return self.engine.sweep(self.shape.layers)

    @cached_property
    def series(self) -> Series | None:
        """Where parameters go out to a device from one memory: how they lie there."""
        return self.engine.series(self.shape.layers)

    @cached_property
    def indices(self) -> Indices | None:
        """And what tells the codes of its words apart."""
        return self.engine.indices(self.sweep) if isinstance(self.engine, BankFacts) and self.sweep else None

    @property
    def lane(self) -> Sweep | Series:
        """Of a bank: how the words of a lane lie, and when they are written."""
        found = self.series or self.sweep
        assert found is not None
        return found

    @property
    def lane_codes(self) -> Rows:
        """Of a bank: what tells the codes of a lane's words apart."""
        found = self.series or self.indices
        assert found is not None
        return found

    def layer_offset(self, layer: int) -> int:
        """Until the weights of a layer are read, or the first bit of each. A device outside is sent all."""
        if self.asked.outside:
            return self.weight_latency
        if self.sweep is not None:
            return next(each.start for each in self.sweep.passes if each.layer == layer)
        return self.weight_latency + sum(each.latency for each in self.shape.layers[:layer])

    def layer_passes(self, layer: int) -> int:
        """Until a measurement passes the cells of a layer, and with it what the cells are told."""
        return self.layer_offset(layer) - self.weight_latency

    @property
    def answer_latency(self) -> int:
        """Until the outputs of the network are there. Those of a device outside come when they come, of a
        folded network with the sweep: what follows is counted from the clock in which they are there.
        """
        if self.asked.outside or self.sweep is not None:
            return 0
        return self.layer_offset(len(self.shape.layers))

    @property
    def input_wait(self) -> int:
        """From the command of an answer until its input is taken: at once, but where the last bits of the one
        before are still to come.
        """
        return 0 if self.measure_clocks == 1 else self.broadcast_latency

    @property
    def answer_beat(self) -> int:
        """From an input that is to be answered to the next one; each has a sweep of its own in a bank, and
        with a sample in a memory as many clocks more as it has numbers.
        """
        if self.sweep is None:
            return self.measure_clocks
        return self.sweep.answered + (self.asked.inputs + 2 if self.asked.paged else 3)

    @property
    def answer_places(self) -> int:
        """So many answers are kept, or on their way: as many as there can be until the first of them is taken
        and its place free again, so that inputs need not wait; a power of two.
        """
        round_trip = self.answer_latency + 3
        return 1 << (-(-round_trip // self.measure_clocks) - 1).bit_length()

    @property
    def classifier_latency(self) -> int:
        """From the outputs to the counters of answers: a comparator for each level, the counters."""
        return max(1, adder_levels(self.asked.outputs)) + 1

    @property
    def cost_padding(self) -> int:
        """Delayed updates only: keeps the two-phase updates in step with the measurements."""
        way = self.cost_pipeline + self.noise_latency + self.change_latency + self.learn_latency
        if self.shape.paced:
            return 0
        return int(self.asked.never_waits and (way + self.update_clocks + self.broadcast_latency) % 2)

    @cached_property
    def noise_latency(self) -> int:
        """From the cost to the cost with noise."""
        return added_clocks(self.asked, "meter")

    @property
    def cost_pipeline(self) -> int:
        """Errors, their squares or sizes, adder tree; or signs, comparator tree, limit. Cross-entropy:
        comparator tree, distances, a curve for exp, adder tree, leading one, a curve for log, last sum; of
        one output size, a curve, sum. A second cost is added in one more. Many stages limit a distance in two
        clocks, add the integer part of log in one of its own, and take one more for what a hinge misses.
        """
        return self.asked.second_cost + (0 if self.asked.given_cost else self._loss_clocks)

    @property
    def _loss_clocks(self) -> int:
        if self.sweep is not None and self.asked.loss == "squared_error":
            return 2  # outputs come one by one, and were squared and added up as they came
        levels, staged, curve = adder_levels(self.asked.outputs), self.asked.staged, self.curves.latency
        if self.asked.loss == "cross_entropy":
            if self.asked.outputs == 1:
                return 1 + staged + curve + 1
            return levels + 1 + staged + curve + levels + 1 + curve + staged + 1
        return 2 + levels + (staged and self.asked.loss == "hinge")

    @property
    def measure_latency(self) -> int:
        """Until C is valid."""
        return self.answer_latency + self.cost_pipeline + self.cost_padding + self.noise_latency

    @cached_property
    def change_latency(self) -> int:
        """From C to C~, and through the gate. Many stages add one for a difference, and two for the gate."""
        stages = (not self.asked.analog) + 2 * self.asked.gated if self.asked.staged else 0
        return 1 + stages + added_clocks(self.asked, "change")

    @property
    def sum_latency(self) -> int:
        """From C~ to its sum, which is 0 until the end of a hold."""
        return 1 + self.asked.staged

    @property
    def learn_latency(self) -> int:
        """From C~ to D."""
        return self.sum_latency + (5 if self.asked.staged else 2)

    @property
    def command_latency(self) -> int:
        """With many stages the sequencer's commands are in registers, and come so many clocks later; and so
        where the network is folded, which has the time for it while D is made.
        """
        return int(self.asked.staged or self.sweep is not None)

    @property
    def window_clocks(self) -> int:
        """For how long it must be known of a step whether it ends a window. A delayed update is taken by the
        measurements themselves, layer by layer.
        """
        if not self.asked.never_waits:
            return self.measure_latency + self.change_latency + self.learn_latency + 1
        passed = self.layer_passes(len(self.shape.layers) - 1)
        if not self.asked.annealed:
            return passed
        return max(passed, self.measure_latency + self.change_latency + self.sum_latency)

    @property
    def word_latency(self) -> int:
        """From the command of a step's last measurement to D."""
        return self.measure_latency + self.change_latency + self.learn_latency

    @property
    def pace(self) -> int:
        """Where words wait for steps: that of a step leaves with the perturbed measurement of the step that
        is so many later. D has been written a clock before it is read, and is read with the step's reference.
        """
        return (self.word_latency + 1) // 2 + 1

    def left_at(self, layer: int) -> int:
        """Where words wait: from the clock in which a word begins to leave until it is +D for a layer."""
        return 1 + self.layer_passes(layer)

    @property
    def left_until(self) -> int:
        """And until it is in all cells."""
        passed = self.left_at(len(self.shape.layers) - 1)
        return passed + self.update_clocks + self.broadcast_latency

    @property
    def homodynes(self) -> list[str]:
        """The blocks that make words of D, by name: one for all layers, or one for each."""
        groups = len(self.shape.layers) if self.shape.paced else 1
        return [numbered("homodyne", layer) for layer in range(groups)]

    @property
    def step_latency(self) -> int:
        """From the command of a step's last measurement until T holds its update."""
        leaves = self.word_latency
        if self.shape.paced:
            leaves = 2 * self.pace + self.layer_passes(len(self.shape.layers) - 1)
        if self.sweep is not None:
            # To the outputs, and in the next sweep, or the one behind it, to the parameters.
            leaves += (2 + self.asked.sweeps_ahead) * self.sweep.answered
        return leaves + self.update_clocks + self.tail_clocks + self.broadcast_latency

    @property
    def steps_under_way(self) -> int:
        """The most steps at a time that have entered their perturbed measurement and are not done. Where a
        measurement may join the last word, two are; and behind leaves, where the word is still on its way.
        Who waits for the end of all steps counts both; other circuits keep one bit, and their ``busy`` is low
        for the clocks in which there are two. Where sweeps begin ahead, a step is done when the last but one
        sweep behind it has passed, and then the next but one may have begun.
        """
        if self.engine.overlapping:
            return self.command_latency + self.step_latency - 1
        if self.asked.sweeps_ahead:
            return 4
        behind_leaves = self.asked.holds and self.broadcast_latency > 1
        joins = self.engine.joins and not self.asked.outside
        return 2 if joins or behind_leaves else 1

    @cached_property
    def settle_moves(self) -> int:
        """Until a copy that starts from 0 has come to any T, or from anywhere where they can be written."""
        longest, visible = 1, self.words.visible
        starts = (0, visible.min << self.asked.follow, visible.max << self.asked.follow)
        for start, target in product(starts[: 3 if self.asked.access else 1], (visible.min, visible.max)):
            copy, moves = start, 0
            while (nearer := copy + target - (copy >> self.asked.follow)) != copy:
                copy, moves = nearer, moves + 1
            longest = max(longest, moves)
        return longest

    @property
    def clocks_per_step(self) -> Fraction:
        """While samples are there in time: the mean over all steps. With a device outside those in which no
        measurement is under way: these take as long as they take, :attr:`measurements_per_step`.
        """
        wait = self.asked.outside + self.command_latency + self.measure_latency + self.change_latency
        wait += self.learn_latency + self.update_clocks
        wait += self.sweep.answered if self.sweep is not None else 0
        clocks = self.engine.step_clocks(wait, self.tail_clocks)
        if self.sweep is not None and self.asked.sweeps_ahead:
            # Two steps share the clocks from a sweep to its update, and their words those of all lanes.
            return max(Fraction(self.sweep.beat), clocks / 2)
        return clocks

    @property
    def measurements_per_step(self) -> Fraction:
        """Of a device outside, the mean over all steps; 0 without one. C, and C0 where a step measures it:
        always, or where its number is a multiple of one of some periods (inclusion and exclusion).
        """
        asked, learning = self.asked, self.asked.learning
        if not asked.outside or not asked.reference_waits:
            return Fraction(asked.outside * (1 if asked.analog else 2))
        periods = (learning.tau_x, learning.tau_theta, *(() if asked.shadow else (learning.tau_p,)))
        found = Fraction(1)
        for size in range(1, len(periods) + 1):
            for some in combinations(periods, size):
                found -= Fraction((-1) ** size, math.lcm(*some))
        return found

    @property
    def settle_per_step(self) -> float:
        """Seconds that a device outside needs at least: all that is known of its measurements."""
        return float(self.measurements_per_step) * self.asked.device.settle

    def delay(self, layer: int) -> int:
        """Delayed updates: how many steps behind a layer's copy of the parameters is, or what a sweep sees.

        The copy taken at the end of step m holds all updates up to step m - delay.
        """
        assert self.asked.delayed
        if self.sweep is not None:
            return 1
        if self.shape.paced:
            return self.pace + 1
        behind = self.step_latency - self.layer_offset(layer)
        assert behind % 2 == 0
        return behind // 2
