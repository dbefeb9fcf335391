"""The algorithm as the textbook has it, in plain Python integers, one parameter after the other.

It shares the configuration with the twin and nothing else, and it is built differently on purpose:
each parameter has a visible value and a separate integrator G. Every step adds ``-eta C~ s`` to G; an
update moves the whole visible units out of G and leaves the remainder there. The circuit instead
gathers C~ while a perturbation is held, and keeps G and the value in one register T.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from mgd_hdl.config import Registers, TrainerConfig
from mgd_hdl.config.tasks import letter_image
from testbenches.cost import bench_absolute_error, bench_cross_entropy, bench_hinge

#: C from the real numbers that outputs and targets stand for.
LOSSES = {
    "absolute_error": bench_absolute_error.cost,
    "cross_entropy": bench_cross_entropy.cost,
    "hinge": bench_hinge.cost,
}


def lfsr_states(seed: int) -> Iterator[int]:
    """Windows of 31 bits on the sequence b[m + 31] = b[m + 3] ^ b[m], 28 bits further each time."""
    bits = [1, *(seed >> place & 1 for place in range(1, 31))]  # a seed of zero would stay zero
    while True:
        yield sum(bit << place for place, bit in enumerate(bits))
        for _ in range(28):
            bits = [*bits[1:], bits[3] ^ bits[0]]


def waves(config: TrainerConfig, seed: int) -> Iterator[list[int]]:
    """The code words of sinusoids: the odd numbers nearest to them, in the middle of each phase interval."""
    wave, k = config.codes.sinusoids, config.code_bits
    states = lfsr_states(seed)
    phases = [next(states) % 2**wave.phase_bits / 2**wave.phase_bits for _ in range(config.parameters)][::-1]
    count = 0
    while True:
        words = []
        for odd, phase in zip(wave.odds, phases, strict=True):
            turns = (phase + count * odd / wave.period) % 1
            middle = (math.floor(turns * 2**wave.table_bits) + 0.5) / 2**wave.table_bits
            exact = math.sqrt(2) * 2 ** (k - 1) * math.sin(2 * math.pi * middle)
            odd_number = 2 * math.floor(exact / 2) + 1
            words.append((odd_number + 2**k - 1) // 2 if k > 1 else int(turns < 0.5))
        yield words
        count += 1


def codes(
    config: TrainerConfig, seed: int, perturbations: list[list[int]] | None = None
) -> Iterator[list[int]]:
    """The code bits or words of all parameters, perturbation after perturbation."""
    if config.perturbation.family in ("sinusoidal", "square"):
        yield from waves(config, seed)
    while perturbations is not None:
        for row in perturbations:
            yield [(s + 2**config.code_bits - 1) // 2 for s in row]
    for count, state in enumerate(lfsr_states(seed)):
        bits = []
        for number, place in enumerate(config.placement.places):
            if config.perturbation.family == "random_code":
                taps = config.codes.random_code.taps(place.row, place.column, place.diagonal)
                bits.append(sum(state >> tap & 1 for tap in taps) % 2)
            elif config.perturbation.family == "walsh":
                index = config.codes.walsh_code.index(place.row, place.column)
                bits.append((index & count).bit_count() % 2)
            else:
                bits.append(int(config.codes.sequence[count % config.parameters] == number))
        yield bits


def activity(config: TrainerConfig, seed: int) -> Iterator[list[int]]:
    """Which parameters a sparse code shakes, perturbation after perturbation; of other codes all."""
    bits = f"{seed:031b}"
    registers = [lfsr_states(seed)] * (config.share_shift == 1)
    if config.share_shift > 1:  # the lowest bits are 001, 011 and 101
        turned = [int(bits[10 * pair :] + bits[: 10 * pair], 2) for pair in range(config.share_shift)]
        keys = (0, 0x1E3779B9, 0x243F6A88)
        registers = [
            lfsr_states((start ^ key) & ~7 | 1 | 2 * pair)
            for pair, (start, key) in enumerate(zip(turned, keys, strict=False))
        ]
    taps = [config.codes.sparse_code.taps(place.row, place.column) for place in config.placement.places]
    while True:
        states = [next(register) for register in registers]
        yield [int(all(sum(s >> tap & 1 for tap in own) % 2 for s in states)) for own in taps]


def samples(config: TrainerConfig, seed: int) -> Iterator[tuple[list[int], list[int]]]:
    """Inputs and targets, sample after sample."""
    for x, target in sample_words(config, seed):
        yield (
            [x >> bit & 1 for bit in range(config.inputs)],
            [target >> bit & 1 for bit in range(config.outputs)],
        )


def sample_words(config: TrainerConfig, seed: int) -> Iterator[tuple[int, int]]:
    task = config.shape.task_data
    states = lfsr_states(seed)
    bits = task.index_bits
    if config.task.source == "generator":
        for state in states:
            letter, down, right = state & 3, state >> 2 & 3, state >> 4 & 3
            a, b = state >> 6 & 63, state >> 12 & 63
            if task.generator == "centered_letters":
                down = right = 1
            if down == 3 or right == 3 or a > 49 or b > 49 or (a == b and a not in (0, 49)):
                continue
            image = letter_image(letter, down, right)
            if a != b:
                image ^= (1 << a if a < 49 else 0) ^ (1 << b if b < 49 else 0)
            yield image, 1 << letter
    while config.task.order == "plain":
        yield from task.samples
    for state in states:
        if config.task.order == "random":
            order = [state % 2**bits]
        else:
            order = []
            for count in range(2**bits):
                place = (count + state) % 2**bits
                turned = int(f"{place:0{bits}b}"[::-1], 2)
                order.append(turned ^ (state >> bits) % 2**bits)
        yield from (task.samples[index] for index in order if index < task.count)


class Network:
    """Layer by layer, neuron by neuron."""

    def __init__(self, config: TrainerConfig):
        self.config = config
        self.knots = [self._knots(layer) for layer in config.shape.layers]

    def _knots(self, layer) -> list[int]:
        """The smooth activation at the ends of its segments, rounded to the output's last bit."""
        if layer.activation in ("relu", "linear"):
            return []
        function = math.tanh if layer.activation == "tanh" else lambda z: 1 / (1 + math.exp(-z))
        unit = 2**layer.output.fraction_bits
        segments = 2**layer.segment_bits
        return [min(round(unit * function(-8 + 16 * k / segments)), unit - 1) for k in range(segments + 1)]

    def cost(self, weight: list[int], x: list[int], target: list[int]) -> int:
        """Weights have ``weight_fraction`` fraction bits; so many as C~ has the cost."""
        config = self.config
        weight_fraction = config.amplitude_shift + config.code_bits - 1 + config.amplitude_halvings
        fraction = config.formats.input.fraction_bits
        for layer, knots in zip(config.shape.layers, self.knots, strict=True):
            y = []
            for neuron in range(layer.neurons):
                first = layer.first + neuron * (layer.inputs + 1)
                own = weight[first : first + layer.inputs + 1]
                z = sum(w * value for w, value in zip(own[:-1], x, strict=True)) + own[-1] * 2**fraction
                y.append(self._activation(layer, knots, z, weight_fraction + fraction))
            x, fraction = y, layer.output.fraction_bits
        if config.loss in LOSSES:
            return LOSSES[config.loss](config, x, target)
        scale = 2 ** (fraction - config.formats.target.fraction_bits)
        error = sum((value - t * scale) ** 2 for value, t in zip(x, target, strict=True))
        return error * 2**config.words.cost_change.fraction_bits // 4**fraction

    @staticmethod
    def _activation(layer, knots: list[int], z: int, fraction: int) -> int:
        output = layer.output.fraction_bits
        if layer.activation == "linear":
            half = 2 ** (layer.output.width - 1)
            return min(max(z * 2**output // 2**fraction, -half), half - 1)
        if layer.activation == "relu":
            return min(max(z * 2**output // 2**fraction, 0), 2**layer.output.width - 1)
        # Bits of the argument, 4 of them integer bits; a segment is so many of its last bits.
        argument_fraction = max(output, layer.segment_bits - 3)
        limit = 2 ** (3 + argument_fraction)
        argument = min(max(z * 2**argument_fraction // 2**fraction, -limit), limit - 1)
        length = 2 ** (4 + argument_fraction - layer.segment_bits)
        segment, position = divmod(argument + limit, length)
        return knots[segment] + (knots[segment + 1] - knots[segment]) * position // length


def train(
    config: TrainerConfig,
    registers: Registers,
    steps: int,
    perturbations: list[list[int]] | None = None,
) -> Iterator[dict]:
    """The states of every step. Nothing here saturates: the caller checks that nothing did."""
    network = Network(config)
    unit = 2**config.words.guard_bits  # one visible unit, in last bits of G
    draw = samples(config, registers.seed_sample)
    code = codes(config, registers.seed_code, perturbations)
    shaken = activity(config, registers.seed_sparse)
    bits_below = config.code_bits + 1 + config.amplitude_halvings  # below the visible ones
    thresholds = lfsr_states(registers.seed_decay)
    half = 2 ** (config.words.parameter.width - 2)

    value, estimate = [], []
    initial = lfsr_states(registers.seed_initial)
    for layer in config.shape.layers:
        for _ in range(layer.parameters):
            word = next(initial) % 2**config.words.parameter.width
            if word >= 2 ** (config.words.parameter.width - 1):
                word -= 2**config.words.parameter.width
            whole, remainder = divmod(word // 2 ** config.levels.initial_shift(layer.index), unit)
            value.append(whole)
            estimate.append(remainder)

    start = whole_units = list(value)
    updates = 0
    past: list[list[int]] = []  # after each step, the value with G up to the last hold's end moved in
    seen, baseline, changed, hold = list(value), 0, False, 0
    for step in range(steps):
        if step % registers.tau_x == 0:
            x, target = next(draw)
            changed = True
        if step % registers.tau_p == 0:
            bits = next(code)
            active = next(shaken)
        sign = bits if config.sequential else [2 * u + 1 - 2**config.code_bits for u in bits]
        sign = [s * a for s, a in zip(sign, active, strict=True)]
        halved = min(config.amplitude_halvings, updates // max(1, registers.halve_every))
        rate = 2 ** (config.levels.gain - registers.learning_shift + halved)
        added = [s * 2 ** (config.amplitude_halvings - halved) for s in sign]
        middle = [2**bits_below * v + 2**bits_below // 2 for v in seen]
        if config.two_sided:
            baseline = network.cost([w - s for w, s in zip(middle, added, strict=True)], x, target)
        elif changed or config.learning.reference == "every_step":
            baseline = network.cost(middle, x, target)
        cost = network.cost([w + s for w, s in zip(middle, added, strict=True)], x, target)
        change = cost - baseline
        for number, s in enumerate(sign):
            estimate[number] -= rate * change * s
        hold += change
        state = {
            "x": x,
            "target": target,
            "code": bits,
            "active": active if config.sparse else [],
            "baseline": baseline,
            "cost": cost,
            "cost_change": change,
            "hold": hold,
            "update": 0,
            "visible": list(seen),
            "total": [v * unit + g for v, g in zip(value, estimate, strict=True)],
        }
        window_ends = (step + 1) % registers.tau_theta == 0
        flushes = window_ends or (step + 1) % registers.tau_p == 0
        if flushes:
            state["update"], hold = -rate * hold, 0
        changed = window_ends if config.shadow else flushes
        if changed:
            updates += 1
        if changed and registers.weight_decay:
            # Every parameter against the same threshold; what it loses is 2**(decay - 1).
            threshold, size = next(thresholds) % half, 2 ** (registers.weight_decay - 1)
            for number, total in enumerate(state["total"]):
                total -= size * (total > threshold)
                state["total"][number] = total + size * (total < -threshold)
        yield state | {"flush": flushes}

        # What a step's update can reach: without a shadow copy every end of a hold is an update.
        if flushes:
            whole_units = [total // unit for total in state["total"]]
        past.append(whole_units)
        if changed:
            for number, total in enumerate(state["total"]):
                value[number], estimate[number] = divmod(total, unit)
            seen = list(value)
            if config.delayed:
                for layer in config.shape.layers:
                    known = step - config.timing.delay(layer.index)
                    old = past[known] if known >= 0 else start
                    part = slice(layer.first, layer.first + layer.parameters)
                    seen[part] = old[part]
