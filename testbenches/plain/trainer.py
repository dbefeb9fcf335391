"""A trainer in plain Python integers, written from the pages under docs/ and from nothing else.

It takes the configuration as a document, the tables of a TOML file with every key present, and says what
each state of each step is. It shares no line with circuit and twin, so where all three agree the pages
are right, and whoever follows them needs no source. Sections here follow the pages that they come from.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations, pairwise
from statistics import NormalDist
from typing import Any

#: What a step's states are called in NAME.ports.json, each with its values in order of their index.
States = dict[str, list[int]]
Sample = tuple[Sequence[int], Sequence[int]]


# ---- numbers.md -----------------------------------------------------------------------------------


def saturated(value: int, bits: int) -> int:
    """The nearest signed integer of so many bits."""
    return max(-(1 << (bits - 1)), min(value, (1 << (bits - 1)) - 1))


def shifted(value: int, right: int) -> int:
    """Floor of value / 2^right; exact where ``right`` is negative."""
    return value >> right if right >= 0 else value << -right


def signed(value: int, bits: int) -> int:
    """The low bits of a word, read in two's complement."""
    value %= 1 << bits
    return value - (1 << bits) if value >> (bits - 1) else value


def parity(word: int) -> int:
    """Whether an odd number of bits is set."""
    return word.bit_count() % 2


def power(value: float) -> int:
    """The exponent of the power of two that is nearest in the logarithm."""
    return round(math.log2(value))


def format_of(text: str) -> tuple[bool, int, int]:
    """Whether it is signed, the bits before the point, the sign among them, and those after it."""
    match = re.fullmatch(r"([SU])Q\((\d+), (\d+)\)", text)
    assert match, text
    return match[1] == "S", int(match[2]), int(match[3])


def mix(word: int) -> int:
    """The finaliser of SplitMix64."""
    word = (word + 0x9E3779B97F4A7C15) % 2**64
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % 2**64
    return word ^ (word >> 31)


SEEDS = ("code", "sample", "initial", "dither", "cost_noise", "update_noise", "noise_code", "sparse", "decay")


def seeds(seed: int) -> dict[str, int]:
    """The seed registers of a seed."""
    root, found = mix(seed), {}
    for name in SEEDS:
        root = mix(root)
        found[f"seed_{name}"] = root % 2**31 | 1
    return found


def generator(seed: int) -> Iterator[int]:
    """The states of a register, its seed with bit 0 set first."""
    state = seed | 1
    while True:
        yield state
        state = (state >> 28) | ((state ^ (state >> 3)) % 2**28) << 3


def stuck(device: int, parameters: int, count: int) -> set[int]:
    """The parameters of a device that do not learn."""
    order, word = list(range(parameters)), mix(mix(device) ^ 2)
    for place in range(count):
        word = mix(word)
        other = place + word % (parameters - place)
        order[place], order[other] = order[other], order[place]
    return set(order[:count])


def defects(device: int, neurons: int, spread: float) -> list[tuple[float, float, float, float]]:
    """x0, y0, k and L of each neuron of a device."""
    word, found = mix(mix(device) ^ 1), []
    for _ in range(4 * neurons):
        word = mix(word)
        found.append(spread * NormalDist().inv_cdf(((word >> 11) + 0.5) / 2**53))
    return [(x0, y0, 1 + k, 1 + size) for x0, y0, k, size in zip(*[iter(found)] * 4, strict=True)]


# ---- blocks/array.md, the codes ------------------------------------------------------------------------


def places(layers: Sequence[int]) -> list[tuple[int, int, int, int]]:
    """For each parameter its tile, row, column and diagonal."""
    found, tile, row = [], 0, 0
    for inputs, neurons in pairwise(layers):
        left = (inputs + 1) * neurons
        while left:
            cells = min(left, 64)
            for cell in range(cells):
                found.append((tile, row + cell // 8, cell % 8, (tile + cell // 8 + cell % 8) % 8))
            tile, row, left = tile + 1, row + -(-cells // 8), left - cells
    return found


@cache
def row_mask(row: int, lowest: int) -> int:
    """The combination of a row, of the bits from ``lowest`` to 30."""
    for size in range(1, 32):
        for number, bits in enumerate(combinations(range(lowest, 31), size)):
            if number == row:
                return sum(1 << bit for bit in bits)
        row -= math.comb(31 - lowest, size)
    raise ValueError("more rows than combinations")


def sparse_seed(seed: int, pair: int, pairs: int) -> int:
    """Where the register of a pair of wires of a sparse code starts."""
    if pairs == 1:
        return seed | 1
    turned = (seed << 10 * pair | seed >> (31 - 10 * pair)) % 2**31
    return (turned ^ (0, 0x1E3779B9, 0x243F6A88)[pair]) & ~7 | (1, 3, 5)[pair]


def shuffled(seed: int, parameters: int) -> list[int]:
    """The turns of a shuffled sequential code."""
    turns, word = list(range(parameters)), seed
    for last in range(parameters - 1, 0, -1):
        word = mix(word)
        turns[last], turns[word % (last + 1)] = turns[word % (last + 1)], turns[last]
    return turns


def sinusoids(parameters: int, seed: int | None) -> tuple[int, list[int]]:
    """m of the period 2^m, and the odd number of each parameter; ``seed`` where they are shuffled."""
    m = (4 * parameters - 1).bit_length()
    period = 1 << m
    if seed is None:
        spare = (period // 4 - parameters) // 2
        return m, [2 * (spare + i) + 1 for i in range(parameters)]
    x = mix(seed)
    return m, [(4 * x + 1 + j * (8 * (x >> 16) + 4)) % period for j in reversed(range(parameters))]


def sinusoid(angle: int, q: int, t: int, k: int) -> int:
    """The word u of k bits at a phase of q bits."""
    size = 0
    if k > 1:
        h = (angle >> (q - t)) % (1 << (t - 1))
        j = min(h, (1 << (t - 1)) - 1 - h)
        sine = math.sin((j + 0.5) / (1 << (t - 2)) * math.pi / 2)
        size = math.floor(math.sqrt(2) * (1 << (k - 1)) * sine / 2)
    return (1 << (k - 1)) + size if angle < 1 << (q - 1) else (1 << (k - 1)) - 1 - size


# ---- blocks/memory.md ---------------------------------------------------------------------------------


def stored(task: str, bits: int, fraction: int) -> list[Sample]:
    """XOR and the parities: index x, the inputs with input 0 lowest, the parity as target."""
    assert task == "xor" or task == f"parity{bits}", task
    return [([x >> bit & 1 for bit in range(bits)], [parity(x) << fraction]) for x in range(1 << bits)]


def indices(order: str, count: int, seed: int) -> Iterator[int]:
    """The indices of the samples, one after the other."""
    bits = max(1, (count - 1).bit_length())
    size = 1 << bits
    if order == "plain":
        while True:
            yield from range(count)
    for state in generator(seed):
        if order == "random":
            candidates = [state % size]
        else:
            add, flip = state % size, (state >> bits) % size
            turned = [(c + add) % size for c in range(size)]
            candidates = [int(f"{each:0{bits}b}"[::-1], 2) ^ flip for each in turned]
        yield from (index for index in candidates if index < count)


# ---- blocks/letters.md --------------------------------------------------------------------------------

GLYPHS = (
    ("#...#", "##..#", "#.#.#", "#..##", "#...#"),
    ("#####", "..#..", "..#..", "..#..", "#####"),
    (".####", "#....", ".###.", "....#", "####."),
    ("#####", "..#..", "..#..", "..#..", "..#.."),
)


def letters(centered: bool, fraction: int, seed: int) -> Iterator[Sample]:
    """Images of letters, one state a candidate."""
    for state in generator(seed):
        row, column = (1, 1) if centered else (state >> 2 & 3, state >> 4 & 3)
        a, b = state >> 6 & 63, state >> 12 & 63
        if 3 in (row, column) or max(a, b) > 49 or (a == b and a not in (0, 49)):
            continue
        image = [0] * 49
        for y, line in enumerate(GLYPHS[state & 3]):
            for x, pixel in enumerate(line):
                image[7 * (row + y) + column + x] = int(pixel == "#")
        for pixel in {a, b} - {49} if a != b else ():
            image[pixel] ^= 1
        yield image, [int(each == state & 3) << fraction for each in range(4)]


# ---- blocks/activation.md, the losses -------------------------------------------------------------------


Defect = tuple[float, float, float, float]
NONE: Defect = (0.0, 0.0, 1.0, 1.0)


@cache
def knots(name: str, segments: int, fraction: int, low: int, high: int, defect: Defect) -> list[int]:
    """The table of an activation, within its format."""
    x0, y0, k, size = defect
    found = []
    for j in range(segments + 1):
        z = k * (-8 + 16 * j / segments - x0)
        value = size * (math.tanh(z) if name == "tanh" else 1 / (1 + math.exp(-z))) + y0
        found.append(max(low, min(round(value * (1 << fraction)), high)))
    return found


def table(z: int, f_z: int, fraction: int, bits: int, curve: Sequence[int]) -> int:
    """Sigmoid or tanh."""
    f_a = max(fraction, bits - 3)
    edge = 8 << f_a
    u = max(-edge, min(shifted(z, f_z - f_a), edge - 1)) + edge
    p = 4 + f_a - bits
    segment, position = u >> p, u % (1 << p)
    return curve[segment] + ((curve[segment + 1] - curve[segment]) * position >> p)


@cache
def powers(b: int, g: int, single: bool) -> list[int]:
    """The cross-entropy's K: exp(-d), or log(1 + exp(-d)) for a single output."""
    steps = [math.exp(-8 * j / (1 << b)) for j in range(1 << b)]
    return [round((math.log1p(step) if single else step) * (1 << g)) for step in steps] + [0]


@cache
def logarithms(b: int, g: int) -> list[int]:
    """The cross-entropy's M, log(1 + f)."""
    return [min(round(math.log1p(j / (1 << b)) * (1 << g)), (1 << g) - 1) for j in range((1 << b) + 1)]


def cross_entropy(y: Sequence[int], right: int, f_y: int, f_c: int, b: int) -> int:
    """The cross-entropy; ``right`` is the class, of a single output whether its target is half or more."""
    g = f_c + 3
    f_d = max(f_y, b - 2)
    p = 3 + f_d - b
    curve = powers(b, g, len(y) == 1)

    def curved(d: int) -> int:
        e = min(shifted(d, f_y - f_d), (8 << f_d) - 1)
        j = e >> p
        return curve[j] - ((curve[j] - curve[j + 1]) * (e % (1 << p)) >> p)

    if len(y) == 1:
        log, behind = curved(abs(y[0])), abs(y[0]) if (y[0] < 0) == bool(right) else 0
    else:
        octaves = len(y).bit_length() - 1
        total = sum(curved(max(y) - each) for each in y)
        o = (total >> g).bit_length() - 1
        f = (total << (octaves - o)) % (1 << (g + octaves))
        bits = min(b, g + octaves - 1)
        q = g + octaves - bits
        j = f >> q
        steps = logarithms(bits, g)
        log = round(o * math.log(2) * (1 << g)) + steps[j]
        log += (steps[j + 1] - steps[j]) * (f % (1 << q)) >> q
        behind = max(y) - y[right]
    wide = max(g, f_y)
    return ((log << (wide - g)) + (behind << (wide - f_y))) >> (wide - f_c)


# ---- blocks/noise.md -----------------------------------------------------------------------------------

TWICE = {4, 6, 8, 9, 11, 12, 17, 26, 27, 28, 29, 30}
INVERTED = {3, 6, 12, 13, 15, 17, 18, 20, 22, 23, 26, 27, 28}


def normal(state: int) -> int:
    """A nearly normal number."""
    bits = ((b, (state >> b & 1) ^ (b in INVERTED)) for b in range(3, 31))
    return sum(bit * (2 if b in TWICE else 1) for b, bit in bits) - 20


# ---- blocks/update.md, integrator.md, decay.md ---------------------------------------------------------


def rounded(value: int, dropped: int, rounding: str, dither: int) -> int:
    """value / 2^dropped; ``dither`` has as many bits as are dropped."""
    if rounding == "stochastic":
        value += dither
    if rounding == "nearest_even":
        below, half = value % (1 << dropped), 1 << (dropped - 1)
        odd = value >> dropped & 1
        return (value >> dropped) + (below > half or (below == half and odd == 1))
    assert rounding in ("floor", "stochastic"), "carry drops nothing"
    return value >> dropped


def integrated(theta: int, word: int, rail: int) -> int:
    """T with a word, unless that leads further out from beyond the rail."""
    refused = (word > 0 and theta >= 1 << rail) or (word < 0 and theta < -(1 << rail))
    return theta if refused else theta + word


def decayed(theta: int, state: int, level: int, width: int) -> int:
    """T less its share, by chance."""
    threshold, c = state % (1 << (width - 2)), 1 << (level - 1)
    if theta > threshold:
        theta -= c
    return theta + c if theta < -threshold else theta


# ---- integers.md ----------------------------------------------------------------------------------------


def levels(terms: int) -> int:
    """Of a tree of adders."""
    return (terms - 1).bit_length()


class PlainTrainer:
    """One trainer; :meth:`step` after :meth:`step`.

    Parameters
    ----------
    document : mapping
        The configuration.
    samples : sequence of (inputs, targets), optional
        For a stream: what comes through the port, over and over. For a memory: what is stored, where that
        is not a task of the pages.
    written : mapping, optional
        Registers that the host holds at other values than the configuration's.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        samples: Sequence[Sample] | None = None,
        written: Mapping[str, int] | None = None,
    ):
        self.network, self.formats = document["network"], document["formats"]
        self.learning, self.shake = document["learning"], document["perturbation"]
        self.cost, self.engine, self.defects = document["cost"], document["engine"], document["imperfections"]
        self.task, self.judge, self.seed = document["task"], document["judge"], document["seed"]
        self.layers = self.network["layers"]
        self.places = places(self.layers)
        self.parameters = len(self.places)
        self._derive()
        self.registers = self._registers() | dict(written or {})
        self._begin(samples)

    # ---- derived numbers

    def _derive(self) -> None:
        _, self.i_t, self.f_t = format_of(self.formats["parameter"])
        self.width = self.i_t + self.f_t
        _, i_c, self.f_c = format_of(self.formats["cost_change"])
        self.change_bits = i_c + self.f_c
        self.hold_bits = self.change_bits + self.formats["hold_bits"]
        self.f_x = format_of(self.formats["input"])[2]
        self.f_target = format_of(self.formats["target"])[2]
        self.f_y = self.formats["activation_fraction"]
        self.a = -power(self.shake["amplitude"])
        self.k = -power(self.learning["rate"])
        self.two_sided = self.learning["measure"] == "two_sided"
        self.analog = self.learning["algorithm"] == "analog"
        self.delayed = self.learning["updates"] == "delayed"
        self.ahead = self.delayed and self.engine["kind"] == "bank"
        self.copied_late = self.delayed and not self.ahead
        self.follow = self.learning["follow"]
        self.family = self.shake["family"]
        assert self.family != "external", "nothing comes through a port of codes here"
        self.loaded = self.family in ("sinusoidal", "square")
        self.pairs = -power(self.shake["share"])
        self.layerwise = self.shake["granularity"] == "layer"
        self.nodes = self.shake["granularity"] == "node"
        activation = self.network["activation"]
        self.activations = (
            [activation] * (len(self.layers) - 1) if isinstance(activation, str) else activation
        )
        self.code_bits, self.words, self.part = 1, 1, 0
        if self.family == "sinusoidal":
            self.code_bits = self.words = self.shake["resolution"]
            self.part = self.code_bits - 1
        if self.nodes:
            self.words = self.shake["resolution"]
            self.part = self.words - self._integer_bits()
        self.gain = self.a + self.f_t - self.f_c - self.two_sided + self.pairs - self.part
        self.guard = self.f_t - (self.a - 2)
        clamp = self.learning["clamp"]
        self.rail = power(clamp) + self.f_t if clamp else self.width - 2
        self.most_update = (1 << (self.width - self.words - 1)) - 1
        shadow, tau_p, tau_theta = (self.engine["shadow"], self.learning["tau_p"], self.learning["tau_theta"])
        self.shadow = shadow == "yes" or (
            shadow == "auto" and (self.copied_late or self.follow > 0 or tau_p % tau_theta != 0)
        )
        self.halvings = 0
        if self.shake["halve_every"]:
            last = self.shake["last_amplitude"]
            self.halvings = -power(last) - self.a if last else 1
        self.dropped = max(self.k, self.gain, 0) + 4 - self.gain
        #: The shift of the smallest rate.
        self.slowest = self.gain + (0 if self.learning["rounding"] == "carry" else self.dropped)
        if self.learning["size"] == "sign":
            self.slowest = self.f_t - self.part
        self.layer_of = [
            layer
            for layer in range(len(self.layers) - 1)
            for _ in range((self.layers[layer] + 1) * self.layers[layer + 1])
        ]
        self.stuck = stuck(
            self.defects["device"], self.parameters, round(self.defects["stuck"] * self.parameters)
        )
        self.stuck_kind = self.defects["stuck_kind"]
        neurons, spread = sum(self.layers[1:]), self.defects["activation_spread"]
        found = defects(self.defects["device"], neurons, spread) if spread else [NONE] * neurons
        names = [
            name for name, count in zip(self.activations, self.layers[1:], strict=True) for _ in range(count)
        ]
        self.curves: list[list[int]] = []
        for name, defect in zip(names, found, strict=True):
            is_signed, whole = self._output_format(name)
            size = 1 << (whole - is_signed + self.f_y)
            segments = 1 << self.formats["segment_bits"]
            if name in ("sigmoid", "tanh"):
                low = -size if is_signed else 0
                self.curves.append(knots(name, segments, self.f_y, low, size - 1, defect))
            else:
                self.curves.append([])

    def _output_format(self, name: str) -> tuple[bool, int]:
        """Whether outputs of an activation are signed, and their integer bits."""
        spread = self.defects["activation_spread"]
        if name == "relu":
            return False, self.formats["relu_integer_bits"]
        if name == "linear":
            return True, self.formats["linear_integer_bits"]
        if spread:
            return True, 1 + math.ceil(math.log2(1 + 4 * spread))
        return (True, 1) if name == "tanh" else (False, 0)

    def _integer_bits(self) -> int:
        """Node by node: I, the integer bits that all inputs are counted with."""
        is_signed, whole, _ = format_of(self.formats["input"])
        inputs = [(is_signed, whole), *(self._output_format(name) for name in self.activations[:-1])]
        self.signed_inputs = [each for each, _ in inputs]
        if any(self.signed_inputs):
            return max([2, *(bits + (not each) for each, bits in inputs)])
        return max([1, *(bits for _, bits in inputs)])

    def _registers(self) -> dict[str, int]:
        """What the registers of the circuit hold, by the names of their ports."""
        most, tau_hp = (1 << (self.change_bits - 1)) - 1, self.learning["tau_hp"]
        limit, gate, last = self.cost["limit"], self.cost["gate"], self.learning["last_rate"]
        noise, update_noise = self.defects["cost_noise"], self.defects["update_noise"]
        decay = self.learning["decay"]
        return {
            **{name: self.learning[name] for name in ("tau_x", "tau_p", "tau_theta", "anneal_every")},
            "tau_layer": self.shake["tau_layer"],
            "halve_every": self.shake["halve_every"],
            "learning_shift": self.k,
            "last_shift": -power(last) if last else self.slowest,
            "high_pass": round(256 * tau_hp / (tau_hp + 1)),
            "change_limit": round(limit * 2**self.f_c) if limit else most,
            "change_gate": round(gate * 2**self.f_c),
            "cost_noise": power(noise) + self.f_c - 1 if noise else 0,
            "update_noise": power(update_noise) + self.f_t - 1 if update_noise else 0,
            "weight_decay": power(decay) + self.width - 1 if decay else 0,
            **seeds(self.seed),
        }

    # ---- before step 0

    def _begin(self, samples: Sequence[Sample] | None) -> None:
        self.n = 0
        self.states = {name: generator(self.registers[f"seed_{name}"]) for name in SEEDS}
        initial = self.network["initial"]
        initials = initial if isinstance(initial, list) else [initial] * (len(self.layers) - 1)
        self.theta = [
            signed(next(self.states["initial"]), self.width) >> (self.i_t - 1 - power(initials[layer]))
            for layer in self.layer_of
        ]
        if self.stuck_kind == "dead":
            self.theta = [0 if i in self.stuck else t for i, t in enumerate(self.theta)]
        visible = [t >> self.guard for t in self.theta]
        self.visible = visible
        self.copy = [v * 2**self.follow + ((1 << self.follow) - 1 if v < 0 else 0) for v in visible]
        self.before = [list(self.theta)]  # T before step 0, then after each step
        self.hold = self.baseline = self.high_pass = self.cost_before = self.flags = 0
        self.updates = self.judged_count = self.right_count = self.solved = 0
        self.window = self.missed = 0
        self.late = self.task["source"] != "memory"
        if self.task["source"] == "generator":
            centered = self.task["name"] == "nist7x7_centered"
            self.samples = letters(centered, self.f_target, self.registers["seed_sample"])
        elif self.task["source"] == "memory":
            data = samples or stored(self.task["name"], self.layers[0], self.f_target)
            order = indices(self.task["order"], len(data), self.registers["seed_sample"])
            bits = max(1, (len(data) - 1).bit_length())
            self.late = self.task["order"] == "random" and len(data) < 1 << bits
            self.samples = (data[index] for index in order)
        else:
            self.samples = (samples[n % len(samples)] for n in iter(int, -1) for n in range(len(samples)))
        if self.shake["order"] == "shuffled":
            self.turns = shuffled(self.seed, self.parameters)
        else:
            self.turns = list(range(self.parameters))
        self.sparse = []
        for pair in range(self.pairs):
            self.sparse.append(generator(sparse_seed(self.registers["seed_sparse"], pair, self.pairs)))
        self.lag = self._lags()
        self._sweep()

    def _sweep(self) -> None:
        """Frequencies and phases of sinusoids; where the codes of neurons stand."""
        if self.loaded:
            seed = self.seed if self.shake["order"] == "shuffled" else None
            self.m, self.odds = sinusoids(self.parameters, seed)
            self.t = max(8, self.code_bits + 4)
            self.q = max(self.m, self.t)
            self.phases = [next(self.states["code"]) % (1 << self.q) for _ in self.odds][::-1]
        self.code_places = self.places
        if self.nodes:
            self.code_places = [
                (0, j // 8, j % 8, (j // 64 + j % 64 // 8 + j % 8) % 8) for j in range(sum(self.layers[1:]))
            ]

    def _lags(self) -> list[int]:
        """Steps that each layer lags behind with delayed updates."""
        outputs = self.layers[-1]
        loss = 2 + levels(outputs)
        if self.cost["loss"] == "cross_entropy":
            loss = 4 if outputs == 1 else 7 + 2 * levels(outputs)
        many = self.engine["stages"] == "many"
        if many and self.cost["loss"] == "hinge":
            loss += 1
        if many and self.cost["loss"] == "cross_entropy":
            large = self.cost["segment_bits"] > 5
            loss += 2 + large if outputs == 1 else 4 + 2 * large
        cells = self.engine["leaf_cells"]
        leaves = self.engine["leaves"] == "yes" or (
            self.engine["leaves"] == "auto" and self.parameters > cells
        )
        way = (2 if cells == 64 else 5) if leaves else 1
        noisy = self.defects["cost_noise"] > 0
        gated = self.cost["limit"] > 0 or self.cost["gate"] > 0
        back = loss + 1 + way + noisy + gated + many * (1 + 2 * gated)
        waits = self.late
        back += back % 2 == 0 and not waits
        found = []
        for layer in range(len(self.layers) - 1, 0, -1):
            own = 1 + levels(self.layers[layer - 1] + 1)
            table = self.activations[layer - 1] in ("sigmoid", "tanh")
            own += 3 if table else 1
            if many:
                multiplies = layer > 1 or self.formats["input"] != "UQ(1, 0)"
                own += multiplies * (2 if self.engine["products"] == "parts" else 1)
                own += 2 + (self.formats["segment_bits"] > 5) if table else 1
            found.append(own if waits else own + own % 2)
        more = 9 if many else 5
        if waits:
            return [(sum(found) + back + more + 3) // 2] * len(found)
        return [(sum(found[: len(found) - layer]) + back + more) // 2 for layer in range(len(found))]

    # ---- codes

    def _perturb(self, m: int) -> None:
        """Code bits, and s, of perturbation m."""
        if self.family == "sequential":
            self.code = [int(i == self.turns[m % self.parameters]) for i in range(self.parameters)]
            self.active = [1] * self.parameters
            self.s = list(self.code)
        elif self.loaded:
            steps = [(m * odd % (1 << self.m)) << (self.q - self.m) for odd in self.odds]
            angles = [(step + p) % (1 << self.q) for step, p in zip(steps, self.phases, strict=True)]
            self.code = [sinusoid(angle, self.q, self.t, self.code_bits) for angle in angles]
            self.active = [1] * self.parameters
            self.s = [2 * u + 1 - (1 << self.code_bits) for u in self.code]
        else:
            if self.family == "walsh":
                rows = max(row for _, row, _, _ in self.code_places) + 1
                bits = 3 + (rows - 1).bit_length()
                high = (3 if self.shake["sign_flip"] else 1) << bits
                self.code = [parity((high + 8 * row + column) & m) for _, row, column, _ in self.code_places]
            else:
                state = next(self.states["code"])
                self.code = [
                    parity(state & (1 << column | 1 << (8 + diagonal) | row_mask(row, 16)))
                    for _, row, column, diagonal in self.code_places
                ]
            states = [next(each) for each in self.sparse]
            self.active = [
                int(all(parity(state & (1 << column | row_mask(row, 8))) for state in states))
                for _, row, column, _ in self.code_places
            ]
            if self.layerwise:
                turn = m // self.registers["tau_layer"] % (len(self.layers) - 1)
                self.active = [int(layer == turn) for layer in self.layer_of]
                self.code = [c & on for c, on in zip(self.code, self.active, strict=True)]
            self.s = [(2 * c - 1) * on for c, on in zip(self.code, self.active, strict=True)]
        self.shaken = self.s
        if self.nodes:
            signs = iter(self.s)
            self.shaken = []
            for inputs, neurons in pairwise(self.layers):
                for _ in range(neurons):
                    self.shaken += [0] * inputs + [next(signs)]

    # ---- one measurement

    def _outputs(self, sign: int) -> list[int]:
        """What the network answers with perturbation ``sign`` s; 0 is at rest."""
        halved, h = self._halved(), self.halvings
        fine = h + self.code_bits - 1
        weights = []
        for i, (v, s) in enumerate(zip(self.visible, self.shaken, strict=True)):
            if i in self.stuck and self.stuck_kind == "dead":
                weights.append(0)
                continue
            still = i in self.stuck and self.stuck_kind == "still"
            weights.append((v << (2 + fine)) + (2 << fine) + (0 if still else (sign * s) << (h - halved)))
        x, f_x, at, neuron = list(self.x), self.f_x, 0, 0
        self.inputs = []
        for layer, neurons in enumerate(self.layers[1:]):
            y = []
            self.inputs.append((x, f_x))
            for _ in range(neurons):
                own = weights[at : at + len(x) + 1]
                at += len(own)
                z = sum(w * each for w, each in zip(own, x, strict=False)) + (own[-1] << f_x)
                y.append(
                    self._activated(self.activations[layer], z, self.a + fine + f_x, self.curves[neuron])
                )
                neuron += 1
            x, f_x = y, self.f_y
        return x

    def _activated(self, name: str, z: int, f_z: int, curve: Sequence[int]) -> int:
        if name in ("sigmoid", "tanh"):
            return table(z, f_z, self.f_y, self.formats["segment_bits"], curve)
        y = shifted(z, f_z - self.f_y)
        if name == "relu":
            return max(0, min(y, (1 << (self.formats["relu_integer_bits"] + self.f_y)) - 1))
        return saturated(y, self.formats["linear_integer_bits"] + self.f_y)

    def _cost_of(self, y: Sequence[int]) -> int:
        loss, f_y, f_c = self.cost["loss"], self.f_y, self.f_c
        errors = [each - (t << (f_y - self.f_target)) for each, t in zip(y, self.target, strict=True)]
        if loss == "squared_error":
            return shifted(sum(e * e for e in errors), 2 * f_y - f_c)
        if loss == "absolute_error":
            return shifted(sum(abs(e) for e in errors), f_y - f_c)
        right = int(self.target[0] >= self._half()) if len(y) == 1 else self.target.index(max(self.target))
        if loss == "cross_entropy":
            return cross_entropy(y, right, f_y, f_c, self.cost["segment_bits"])
        assert loss == "hinge", loss
        margin = round(self.cost["margin"] * 2**f_y)
        if len(y) == 1:
            return shifted(max(0, margin - y[0] if right else margin + y[0]), f_y - f_c)
        rival = max(each for j, each in enumerate(y) if j != right)
        return shifted(max(0, margin + rival - y[right]), f_y - f_c)

    def _half(self) -> int:
        """One half of a target."""
        return 1 << (self.f_target - 1) if self.f_target else 1

    def _measured(self, sign: int, noisy: bool = True) -> int:
        self.y = self._outputs(sign)
        cost = self._cost_of(self.y)
        level = self.registers["cost_noise"]
        if level:
            noise = normal(next(self.states["cost_noise"])) << (level - 1)
            cost += noise if noisy else 0
        return cost

    def _judge(self) -> None:
        """Counts a reference."""
        if self.task["accuracy"]:
            if len(self.y) == 1:
                zero = self.cost["loss"] in ("hinge", "cross_entropy")
                answer = self.y[0] >= (0 if zero else 1 << (self.f_y - 1))
                right = answer == (self.target[0] >= self._half())
            else:
                right = self.y.index(max(self.y)) == self.target.index(max(self.target))
            self.judged_count += 1
            self.right_count += right
        if self.judge["kind"] == "window":
            self.window += 1
            self.missed += self.baseline >= math.ceil(self.judge["limit"] * 2**self.f_c)
            if self.missed > self.judge["misses"]:
                self.window = self.missed = 0
            elif self.window == self.judge["window"]:
                self.solved, self.window, self.missed = 1, 0, 0

    # ---- one step

    def step(self) -> States:
        """The states of the next step."""
        n, registers = self.n, self.registers
        tau_x, tau_p, tau_theta = (registers[name] for name in ("tau_x", "tau_p", "tau_theta"))
        if n % tau_x == 0:
            x, target = next(self.samples)
            self.x, self.target = list(x), list(target)
        if n % tau_p == 0:
            self._perturb(n // tau_p)
        dither = next(self.states["dither"])
        m = n - self.ahead
        new = n % tau_x == 0 or m % tau_theta == 0 or (not self.shadow and m % tau_p == 0)
        flush = (n + 1) % tau_p == 0 or (n + 1) % tau_theta == 0
        end = (n + 1) % tau_theta == 0 if self.shadow else flush
        found: States = {"code": self.code, "active": self.active}
        found["visible"], found["copy"] = list(self.visible), list(self.copy)

        # References, cost, change.
        if not self.analog and (self.two_sided or new or self.learning["reference"] == "every_step"):
            noisy = self.defects["noisy_reference"]
            self.baseline = self._measured(-1 if self.two_sided else 0, noisy)
            self._judge()
            self.kept = self.inputs
        cost = self._measured(1)
        if self.analog:
            wanted = (self.high_pass >> 8) + (0 if n % tau_x == 0 else cost - self.cost_before)
            change = saturated(wanted, self.change_bits)
            limited = change != wanted
            self.high_pass = change * registers["high_pass"] + self.high_pass % 256
            self.cost_before, change = cost, self.high_pass >> 8
        else:
            change = saturated(cost - self.baseline, self.change_bits)
            limited = change != cost - self.baseline
        gated = change
        if self.cost["limit"] or self.cost["gate"]:
            most = registers["change_limit"]
            gated = 0 if abs(change) <= registers["change_gate"] else max(-most, min(change, most))

        # Sum, update.
        wanted = self.hold + gated
        self.hold = saturated(wanted, self.hold_bits)
        overflowed = self.hold != wanted
        found |= {"cost": [cost], "baseline": [self.baseline], "high_passed": [self.high_pass]}
        found |= {"cost_change": [change], "gated": [gated], "hold": [self.hold]}
        word, clipped = 0, False
        if flush:
            wanted = self._update(self.hold, dither)
            word = max(-self.most_update, min(wanted, self.most_update))
            clipped = word != wanted
            self.hold = 0
            self.theta = [
                t if i in self.stuck else self._taken(t, words)
                for i, (t, words) in enumerate(zip(self.theta, self._words(word), strict=True))
            ]
        if end:
            self._end()
        self.flags |= limited | overflowed << 1 | clipped << 2
        found |= {"update": [word], "theta": list(self.theta)}
        found |= {"cost_change_saturated": [int(limited)], "hold_saturated": [int(overflowed)]}
        found |= {"update_saturated": [int(clipped)], "theta_bits": self._bits()}
        found |= {"judged_count": [self.judged_count], "right_count": [self.right_count]}
        found["solved"] = [self.solved]

        # What the next step sees.
        self.before.append(list(self.theta))
        if self.ahead:
            self.visible = [t >> self.guard for t in self.before[n]]
        elif end and self.delayed:
            past = [self.before[max(0, n - lag + 1)] for lag in self.lag]
            self.visible = [past[layer][i] >> self.guard for i, layer in enumerate(self.layer_of)]
        elif end:
            goal = [t >> self.guard for t in self.theta]
            m = self.follow
            self.copy = [c + v - (c >> m) for c, v in zip(self.copy, goal, strict=True)]
            self.visible = [c >> m for c in self.copy]
        self.n += 1
        return found

    def _words(self, word: int) -> Iterator[list[int]]:
        """The words of one update for each parameter, in their order."""
        if not self.nodes:
            for s in self.s:
                sign = -1 if s < 0 else 1
                yield [sign * word << bit for bit in range(self.words) if abs(s) >> bit & 1]
            return
        signs = iter(self.s)
        for (inputs, f_x), is_signed, neurons in zip(
            self.kept, self.signed_inputs, self.layers[1:], strict=True
        ):
            seen = [*(shifted(x, f_x - self.part) for x in inputs), 1 << self.part]
            for s in (next(signs) for _ in range(neurons)):
                for x in seen:
                    if self.engine["kind"] == "bank":
                        yield [saturated(s * word * x, self.width - 1)]
                        continue
                    bits = [bit for bit in range(self.words) if x >> bit & 1]
                    top = self.words - 1 if is_signed else self.words
                    along = [s * word << bit for bit in bits if bit != top]
                    against = [-s * word << bit for bit in bits if bit == top]
                    yield along + against if s > 0 else against + along

    def _taken(self, theta: int, words: Iterable[int]) -> int:
        for word in words:
            theta = integrated(theta, word, self.rail)
        return theta

    def _halved(self) -> int:
        every = self.registers["halve_every"]
        return min(self.updates // every, self.halvings) if every else 0

    def _shift(self) -> int:
        """k of this update."""
        every, first, last = (
            self.registers[name] for name in ("anneal_every", "learning_shift", "last_shift")
        )
        return min(first + self.updates // every, max(first, last)) if every else first

    def _update(self, a: int, dither: int) -> int:
        """D before its limit."""
        k = self._shift()
        if self.learning["size"] == "sign":
            return ((a < 0) - (a > 0)) << (self.f_t - self.part - k)
        left = self.gain - k + self._halved()
        if left >= 0:
            return -a << left
        return rounded(
            -a, -left, self.learning["rounding"], dither % (1 << self.dropped) >> (self.dropped + left)
        )

    def _end(self) -> None:
        """What comes behind the update at the end of a window."""
        registers = self.registers
        if registers["weight_decay"]:
            state = next(self.states["decay"])
            self.theta = [
                t if i in self.stuck else decayed(t, state, registers["weight_decay"], self.width)
                for i, t in enumerate(self.theta)
            ]
        if registers["update_noise"]:
            word = normal(next(self.states["update_noise"])) << (registers["update_noise"] - 1)
            signs = [1] * self.parameters
            if self.defects["update_noise_kind"] == "independent":
                state, with_diagonal = next(self.states["noise_code"]), self.family != "walsh"
                for i, (_, row, column, diagonal) in enumerate(self.places):
                    mask = 1 << column | row_mask(row, 16) | with_diagonal << (8 + diagonal)
                    signs[i] = 2 * parity(state & mask) - 1
            self.theta = [
                t if i in self.stuck else integrated(t, word * signs[i], self.rail)
                for i, t in enumerate(self.theta)
            ]
        self.updates += 1

    def _bits(self) -> list[int]:
        """T as serial cells keep it: word W t + b is bit b of all parameters of tile t."""
        found = []
        for tile in range(self.places[-1][0] + 1):
            own = [t for t, place in zip(self.theta, self.places, strict=True) if place[0] == tile]
            found += [sum((t >> b & 1) << i for i, t in enumerate(own)) for b in range(self.width)]
        return found

    def run(self, steps: int) -> dict[str, list[list[int]]]:
        """States by name, then step, then index."""
        rows: Iterable[States] = [self.step() for _ in range(steps)]
        return {name: [row[name] for row in rows] for name in next(iter(rows))} if steps else {}
