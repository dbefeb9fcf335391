"""What the pages say, as plain Python: one function for each formula, written from its page.

Nothing here comes from the circuit or the twin; a test compares the three. Lines of the pages' ``example``
blocks call these functions by name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, combinations, count, cycle, islice, pairwise
from typing import Any

DEGREE, LEAP, COLUMNS, TILE = 31, 28, 8, 64
WORD = (1 << 64) - 1

# ---- numbers.md ----------------------------------------------------------------------------------


def mix(value: int) -> int:
    """The finaliser of SplitMix64 of the value plus the golden ratio's word."""
    value = (value + 0x9E3779B97F4A7C15) & WORD
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & WORD
    return value ^ (value >> 31)


def seeds(seed: int) -> list[int]:
    """The nine registers that a configuration's seed fills, in order."""
    found, word = [], mix(seed)
    for _ in range(9):
        word = mix(word)
        found.append(word & ((1 << DEGREE) - 1) | 1)
    return found


def lfsr(state: int) -> int:
    """28 steps of b[m + 31] = b[m + 3] ^ b[m], bit 0 of the state the oldest."""
    bits = [state >> i & 1 for i in range(DEGREE)]
    for m in range(LEAP):
        bits.append(bits[m + 3] ^ bits[m])
    return sum(bit << i for i, bit in enumerate(bits[LEAP:]))


def words(seed: int) -> Iterator[int]:
    """States of a register from its seed on, without end."""
    state = seed & ((1 << DEGREE) - 1) | 1
    while True:
        yield state
        state = lfsr(state)


def first(count: int, seed: int) -> list[int]:
    return list(islice(words(seed), count))


def power(value: float) -> int:
    """The exponent of the power of two nearest in the logarithm, ties to the even exponent."""
    return round(math.log2(value))


def draws(number: int, stream: int) -> Iterator[int]:
    """64-bit words for a device."""
    word = mix(mix(number) ^ stream)
    while True:
        word = mix(word)
        yield word


def tries(seed: int, number: int) -> list[int]:
    """The nine registers in a try of a board, from 0."""
    states = first(number + 1, mix(WORD - seed))
    return [each ^ states[0] ^ states[number] for each in seeds(seed)]


def stuck(device: int, parameters: int, count: int) -> list[int]:
    """Numbers of the parameters that do not learn, in rising order."""
    order, word = list(range(parameters)), draws(device, 2)
    for i in range(count):
        j = i + next(word) % (parameters - i)
        order[i], order[j] = order[j], order[i]
    return sorted(order[:count])


# ---- array.md, codes ------------------------------------------------------------------------------


def places(layers: Sequence[int]) -> list[tuple[int, int, int, int, int]]:
    """For every parameter its tile, the row in the tile, row, column and diagonal."""
    found, tile, row = [], 0, 0
    for inputs, neurons in pairwise(layers):
        parameters = neurons * (inputs + 1)
        for first in range(0, parameters, TILE):
            cells = min(TILE, parameters - first)
            for cell in range(cells):
                r, c = divmod(cell, COLUMNS)
                found.append((tile, r, row + r, c, (tile + r + c) % 8))
            tile, row = tile + 1, row + -(-cells // COLUMNS)
    return found


def row_bits(row: int, lowest: int = 16) -> tuple[int, ...]:
    """State bits whose exclusive or is row wire ``row``: single bits, then pairs, ... in lexical order."""
    bits = range(lowest, DEGREE)
    every = chain.from_iterable(combinations(bits, weight) for weight in range(1, len(bits) + 1))
    return next(islice(every, row, None))


def parity(word: int) -> int:
    return word.bit_count() & 1


def random_bit(state: int, row: int, column: int, diagonal: int) -> int:
    mask = sum(1 << bit for bit in (column, 8 + diagonal, *row_bits(row)))
    return parity(state & mask)


def walsh_index(rows: int, row: int, column: int, sign_flip: bool = False) -> int:
    k = 3 + (rows - 1).bit_length()
    return (2 << k if sign_flip else 0) + (1 << k) + 8 * row + column


def walsh_bit(index: int, m: int) -> int:
    return parity(index & m)


def shuffled(seed: int, parameters: int) -> list[int]:
    """Turns of a shuffled sequential code."""
    order, word = list(range(parameters)), seed
    for last in range(parameters - 1, 0, -1):
        word = mix(word)
        pick = word % (last + 1)
        order[last], order[pick] = order[pick], order[last]
    return order


# ---- samples -------------------------------------------------------------------------------------


def epoch(state: int, count: int) -> list[int]:
    """One epoch's indices in order, from one state of the register."""
    n = max(1, (count - 1).bit_length())
    add, flip = state % (1 << n), (state >> n) % (1 << n)
    found = []
    for c in range(1 << n):
        forward = (c + add) % (1 << n)
        index = sum((forward >> i & 1) << (n - 1 - i) for i in range(n)) ^ flip
        if index < count:
            found.append(index)
    return found


def drawn(state: int, count: int) -> int | None:
    """``order = "random"``: the index a state stands for, or None."""
    n = max(1, (count - 1).bit_length())
    return state % (1 << n) if state % (1 << n) < count else None


# ---- parameters and network -----------------------------------------------------------------------


def signed(word: int, width: int) -> int:
    word %= 1 << width
    return word - (1 << width) if word >> (width - 1) else word


def initial(state: int, width: int, shift: int) -> int:
    return signed(state, width) >> shift


def weight(theta: int, guard: int, s: int, k: int = 1) -> int:
    return ((theta >> guard) << (k + 1)) + (1 << k) + s


def limit(value: int, low: int, high: int) -> int:
    return max(low, min(high, value))


def shifted(value: int, left: int) -> int:
    """value * 2**left, floored."""
    return value << left if left >= 0 else value >> -left


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


_CURVES = {"sigmoid": _sigmoid, "tanh": math.tanh}


def knots(name: str, segment_bits: int, fraction: int) -> list[int]:
    low = -(1 << fraction) if name == "tanh" else 0
    segments = 1 << segment_bits
    exact = (_CURVES[name](-8 + 16 * k / segments) for k in range(segments + 1))
    return [limit(round(value * 2**fraction), low, (1 << fraction) - 1) for value in exact]


def activation(name: str, z: int, f_z: int, fraction: int = 10, segment_bits: int = 5) -> int:
    """Of a sum with f_z fraction bits, in ``fraction`` fraction bits; tables only."""
    f_a = max(fraction, segment_bits - 3)
    top = 8 << f_a
    u = limit(shifted(z, f_a - f_z), -top, top - 1) + top
    bits = 4 + f_a - segment_bits
    segment, position = u >> bits, u % (1 << bits)
    table = knots(name, segment_bits, fraction)
    return table[segment] + ((table[segment + 1] - table[segment]) * position >> bits)


def limited(name: str, z: int, f_z: int, fraction: int = 10, integer_bits: int | None = None) -> int:
    """relu and linear: the sum within the format of the output."""
    y = shifted(z, fraction - f_z)
    if name == "relu":
        return limit(y, 0, (1 << (2 if integer_bits is None else integer_bits) + fraction) - 1)
    return saturated(y, (4 if integer_bits is None else integer_bits) + fraction)


def neuron(weights: Sequence[int], x: Sequence[int], f_x: int) -> int:
    """Weights in order, the bias last."""
    return sum(w * each for w, each in zip(weights, x, strict=False)) + (weights[-1] << f_x)


def squared_error(y: Sequence[int], t: Sequence[int], f_y: int, f_t: int, f_c: int) -> int:
    errors = [a - (b << (f_y - f_t)) for a, b in zip(y, t, strict=True)]
    return shifted(sum(e * e for e in errors), f_c - 2 * f_y)


# ---- learning ------------------------------------------------------------------------------------


def saturated(value: int, width: int) -> int:
    return limit(value, -(1 << (width - 1)), (1 << (width - 1)) - 1)


def dropped(k: int, gain: int) -> int:
    """Bits of a dither word."""
    return max(k, gain, 0) + 4 - gain


def update(a: int, left: int, most: int, rounding: str = "carry", dither: int = 0, bits: int = 0) -> int:
    """D from A: left is gain - k; dither is the register's state and bits how many of them serve."""
    wanted, right = -a, -left
    if right <= 0:
        wanted <<= left
    elif rounding == "nearest_even":
        half = 1 << (right - 1)
        floor, rest = divmod(wanted, 1 << right)
        wanted = floor + (rest > half or (rest == half and floor % 2 == 1))
    elif rounding == "stochastic":
        wanted = (wanted + ((dither % (1 << bits)) >> (bits - right))) >> right
    else:
        wanted >>= right
    return limit(wanted, -most, most)


def integrate(theta: int, word: int, rail: int) -> int:
    beyond = (theta >= 1 << rail and word > 0) or (theta < -(1 << rail) and word < 0)
    return theta if beyond else theta + word


def follow(copy: int, visible: int, m: int) -> int:
    return copy + visible - (copy >> m)


def settle(visible: int, m: int) -> int:
    copy = 0
    while (nearer := follow(copy, visible, m)) != copy:
        copy = nearer
    return copy


def high_pass(state: int, change: int, a: int, width: int) -> int:
    """The new state; C~ is state >> 8. change is C - C_before, or 0 in a blanked step."""
    return saturated((state >> 8) + change, width) * a + state % 256


# ---- delayed updates -----------------------------------------------------------------------------


def levels(terms: int) -> int:
    """Of a binary adder tree."""
    return (terms - 1).bit_length()


def lags(
    layers: Sequence[int],
    tables: Iterable[bool],
    loss: int,
    more: int = 0,
    way: int = 1,
    stages: Sequence[int] = (),
    late: bool = False,
) -> list[int]:
    """Steps that each layer's copy is behind.

    ``tables``: whether a layer's activation is a table; ``loss``: the clocks of the loss; ``more``: one for
    noise and one for a gate; ``way``: clocks of the broadcast; ``stages``: with many stages, what each layer
    has more; ``late``: whether samples may be.
    """
    clocks = []
    for inputs, table in zip(layers, tables, strict=False):
        each = 1 + levels(inputs + 1) + (3 if table else 1) + (stages[len(clocks)] if stages else 0)
        clocks.append(each if late else each + each % 2)
    back = loss + more + 1 + way + bool(stages)
    rest = 9 if stages else 5
    if late:
        return [(sum(clocks) + back + rest + 3) // 2] * len(clocks)
    back += back % 2 == 0
    return [(sum(clocks[index:]) + back + rest) // 2 for index in range(len(clocks))]


def step_of_a_bank(n: int, h: int, m: int, delayed: bool = False, loss: int = 2, curves: int = 0) -> float:
    """Clocks, with h lanes, m <= h <= 7, where no sum waits for the drain; with curves both sides come at
    once.
    """
    if curves:
        last, answered = sweep_at_once(n, h, m, h, curves)
    else:
        answered = (n + 1) + 8 + 2 * (h + 1) + 10 + m
        last = (n + 1) + 7 + 2 * (h + 1)
    step = answered + loss + 2
    return max(last, step / 2) if delayed else step


def answer_of_a_bank(n: int, h: int, m: int, curves: int = 0) -> tuple[int, int]:
    """With a sample in a memory: clocks from the last word of an input to its answer, and from one answer to
    the next; of the same banks.
    """
    answered = step_of_a_bank(n, h, m, curves=curves) - 4
    return answered + 3, n + answered + 2


def sweep_at_once(n: int, h: int, m: int, lanes: int, curves: int) -> tuple[int, int]:
    """The clocks of the last word and of all outputs, where h is a multiple of the lanes and m no more."""
    wait = max(0, 7 + (2 if curves == 1 else 1) * lanes - h)
    last = h // lanes * (n + 1) + wait + (h + 1)
    return last, last + 11 + 2 * m


# ---- other blocks ---------------------------------------------------------------------------------


def sinusoids(parameters: int, seed: int | None = None) -> tuple[int, list[int]]:
    """m of the period 2^m, and ``odd`` of every parameter; ``seed`` of the configuration, if shuffled."""
    m = (4 * parameters - 1).bit_length()
    if seed is None:
        spare = (2 ** (m - 2) - parameters) // 2
        return m, [2 * (spare + i) + 1 for i in range(parameters)]
    x = mix(seed)
    swept = [(4 * x + 1 + j * (8 * (x >> 16) + 4)) % 2**m for j in range(parameters)]
    return m, swept[::-1]


def sinusoid(seed: int, n: int, odds: Sequence[int], m: int, k: int) -> list[int]:
    """u of every parameter at perturbation n; ``seed`` is the register's."""
    t = max(8, k + 4)
    q = max(m, t)
    phases = [state % 2**q for state in first(len(odds), seed)][::-1]
    found = []
    for odd, phase in zip(odds, phases, strict=True):
        angle = ((n * odd) % 2**m * 2 ** (q - m) + phase) % 2**q
        positive, place = angle < 2 ** (q - 1), (angle >> (q - t)) % 2 ** (t - 1)
        j = min(place, 2 ** (t - 1) - 1 - place)
        size = int(math.sqrt(2) * 2 ** (k - 1) * math.sin((j + 0.5) / 2 ** (t - 2) * math.pi / 2) / 2)
        size = size if k > 1 else 0
        found.append(2 ** (k - 1) + size if positive else 2 ** (k - 1) - 1 - size)
    return found


def taken(theta: int, s: int, d: int, k: int, rail: int) -> int:
    """T after an update by a code word s of k bits: D, then 2 D, 4 D, ... each with its rail."""
    sign, size = (1 if s > 0 else -1), (abs(s) - 1) // 2
    theta = integrate(theta, sign * d, rail)
    for j in range(k - 1):
        if size >> j & 1:
            theta = integrate(theta, (sign * d) << (j + 1), rail)
    return theta


def node_places(neurons: int) -> list[tuple[int, int, int]]:
    """Row, column and diagonal of the code of every neuron."""
    return [(j // 8, j % 8, (j // 64 + j % 64 // 8 + j % 8) % 8) for j in range(neurons)]


def node_part(resolution: int, formats: Sequence[tuple[bool, int]]) -> int:
    """part, from (signed, integer bits) of the inputs of every layer."""
    some = any(sign for sign, _ in formats)
    return resolution - max(1 + some, *(bits + (some and not sign) for sign, bits in formats))


def node_taken(theta: int, s: int, x: int, d: int, k: int, signed_input: bool, rail: int) -> int:
    """T after an update by code s of its neuron and X, its input in parts: first +D 2^j, then -D 2^j."""
    for side in (1, -1):
        for j in range(k):
            own = -side if signed_input and j == k - 1 else side
            if s == own and x >> j & 1:
                theta = integrate(theta, (side * d) << j, rail)
    return theta


def product_taken(theta: int, s: int, x: int, d: int, width: int, rail: int) -> int:
    """The same in a bank: one word, limited to a quarter of T's range."""
    return integrate(theta, saturated(s * d * x, width - 1), rail)


def sparse_seed(seed: int, pair: int, pairs: int) -> int:
    if pairs == 1:
        return seed | 1
    turned = (seed << 10 * pair) % 2**31 + (seed >> (31 - 10 * pair))
    return (turned ^ (0, 0x1E3779B9, 0x243F6A88)[pair]) // 8 * 8 + (1, 3, 5)[pair]


def active(state: int, row: int, column: int) -> int:
    return parity(state & sum(1 << bit for bit in (column, *row_bits(row, 8))))


def normal(state: int) -> int:
    """N of a state, -20 to 20."""
    twice = (4, 6, 8, 9, 11, 12, 17, 26, 27, 28, 29, 30)
    inverted = (3, 6, 12, 13, 15, 17, 18, 20, 22, 23, 26, 27, 28)
    return sum(((state >> b & 1) ^ (b in inverted)) * (2 if b in twice else 1) for b in range(3, 31)) - 20


def noise_bit(state: int, row: int, column: int, diagonal: int | None) -> int:
    """The sign of independent noise of updates; Walsh codes have no diagonal."""
    bits = (column, *([] if diagonal is None else [8 + diagonal]), *row_bits(row))
    return parity(state & sum(1 << bit for bit in bits))


def decayed(theta: int, state: int, level: int, width: int) -> int:
    threshold, c = state % 2 ** (width - 2), 2 ** (level - 1) if level else 0
    theta -= c * (theta > threshold)
    return theta + c * (theta < -threshold)


GLYPHS = (
    "#...# ##..# #.#.# #..## #...#",
    "##### ..#.. ..#.. ..#.. #####",
    ".#### #.... .###. ....# ####.",
    "##### ..#.. ..#.. ..#.. ..#..",
)


def letter(state: int, centered: bool = False) -> tuple[int, int] | None:
    """The number of the letter, and the image, pixel 7 row + column as a bit; None if refused."""
    which, down, right = state & 3, state >> 2 & 3, state >> 4 & 3
    a, b = state >> 6 & 63, state >> 12 & 63
    if centered:
        down = right = 1
    if down == 3 or right == 3 or max(a, b) > 49 or (a == b and a not in (0, 49)):
        return None
    image = 0
    for row, line in enumerate(GLYPHS[which].split()):
        for column, pixel in enumerate(line):
            image |= (pixel == "#") << (7 * (row + down) + column + right)
    if a != b:
        image ^= sum(1 << pixel for pixel in (a, b) if pixel < 49)
    return which, image


def absolute_error(y: Sequence[int], t: Sequence[int], f_y: int, f_t: int, f_c: int) -> int:
    return shifted(sum(abs(a - (b << (f_y - f_t))) for a, b in zip(y, t, strict=True)), f_c - f_y)


def half(f_t: int) -> int:
    """A single target means one from here on."""
    return 2 ** max(0, f_t - 1)


def hinge(y: Sequence[int], t: Sequence[int], f_y: int, f_t: int, f_c: int, margin: int) -> int:
    if len(y) == 1:
        behind = -y[0] if t[0] >= half(f_t) else y[0]
    else:
        c = t.index(max(t))
        behind = max(value for j, value in enumerate(y) if j != c) - y[c]
    return shifted(max(0, behind + margin), f_c - f_y)


def cross_entropy(y: Sequence[int], t: Sequence[int], f_y: int, f_t: int, f_c: int, b: int = 7) -> int:
    g, f_d = f_c + 3, max(f_y, b - 2)
    n, top = len(y), 8 * 2**f_d - 1
    falls = (lambda d: math.log1p(math.exp(-d))) if n == 1 else (lambda d: math.exp(-d))
    table = [round(falls(8 * j / 2**b) * 2**g) for j in range(2**b)] + [0]
    p = 3 + f_d - b

    def power_of(d: int) -> int:
        d = min(d << (f_d - f_y), top)
        return table[d >> p] - ((table[d >> p] - table[(d >> p) + 1]) * (d % 2**p) >> p)

    if n == 1:
        behind = abs(y[0]) if (y[0] < 0) == (t[0] >= half(f_t)) else 0
        logarithm = power_of(abs(y[0]))
    else:
        behind = max(y) - y[t.index(max(t))]
        total = sum(power_of(max(y) - each) for each in y)
        most = n.bit_length() - 1
        place = min(most, max(0, total.bit_length() - 1 - g))
        rest = (total << (most - place)) % 2 ** (g + most)
        bits = min(b, g + most - 1)
        knot = [min(2**g - 1, round(math.log1p(j / 2**bits) * 2**g)) for j in range(2**bits + 1)]
        p2 = g + most - bits
        at = rest >> p2
        logarithm = knot[at] + ((knot[at + 1] - knot[at]) * (rest % 2**p2) >> p2)
        logarithm += round(place * math.log(2) * 2**g)
    fine = max(g, f_y)
    return ((logarithm << (fine - g)) + (behind << (fine - f_y))) >> (fine - f_c)


def gate(change: int, most: int, least: int) -> int:
    return 0 if abs(change) <= least else limit(change, -most, most)


def code(word: int, gain: int, offset: int, shift: int, bits: int) -> int:
    """Signed; to the nearest one, a half upwards."""
    rounded = ((word * gain << 1) + (1 << shift)) >> (shift + 1)
    return limit(rounded + offset, -(1 << bits - 1), (1 << bits - 1) - 1)


def mean(codes: Sequence[int], gain: int, offset: int, shift: int, least: int, most: int) -> int:
    """Of 2**k signed codes of one channel."""
    total = sum((each - offset) * gain for each in codes)
    return limit((total // len(codes)) >> shift, least, most)


def spi_frame(bits: int, half: int, gap: int) -> int:
    """Clocks of a frame, with those until the next one."""
    return (2 * bits + 1) * half + gap


def dac_clocks(words: int, frame: int, ldac: int) -> int:
    """Of the parameters of a measurement, of which so many changed."""
    return words * (frame + 1) + (ldac if words else 0)


def adc_clocks(channels: int, pipeline: int, frame: int, wait: int) -> int:
    """From the clock in which a device takes a request until its reading is there."""
    return 2 + wait + (channels + pipeline) * frame


def annealed(k: int, updates: int, every: int, last: int) -> int:
    return max(k, min(k + updates // every, last))


def judged(costs: Iterable[int], limit: int, window: int, misses: int) -> list[int]:
    """solved after each reference."""
    seen = missed = solved = 0
    found = []
    for cost in costs:
        seen, missed = seen + 1, missed + (cost >= limit)
        if missed > misses:
            seen = missed = 0
        elif seen == window:
            solved, seen, missed = 1, 0, 0
        found.append(solved)
    return found


def visits(theta: int, width: int, r: int, wanted: int | None = None) -> list[int]:
    """The words that read T, or set it."""
    h = 2 ** (width - 2)
    clamped = r < width - 2
    words, t = [-h] * (2 if clamped else 3), theta
    for word in words:
        if t >= -(2**r):
            t += word
    for word in [2**r] if clamped else [h // 2, h // 2]:
        words.append(word)
        t += word
    for k in range(width - 3, -1, -1):
        words.append(2**k if t < 0 else -(2**k))
        t += words[-1]
    words.append(1 if t < 0 else 0)
    to = theta if wanted is None else limit(wanted, -h - 2**r, h - 2 + 2**r)
    b = 0 if -h <= to < h else -h if to < 0 else h - 1
    return [*words, to - b, b]


def found(taken: int, above: Sequence[int], width: int, r: int) -> int:
    """T from how many words -H were taken, and whether T was 0 or more after each 2^k, k = W-3 .. 0."""
    h = 2 ** (width - 2)
    u = sum(bit << k for bit, k in zip(above, range(width - 3, -1, -1), strict=True))
    return (taken - 1) * h - 2**r + u if r < width - 2 else (taken - 2) * h + u


def right(y: Sequence[int], t: Sequence[int], threshold: int, f_t: int) -> bool:
    if len(y) == 1:
        return (y[0] >= threshold) == (t[0] >= half(f_t))
    return y.index(max(y)) == t.index(max(t))


_Code = tuple[list[int], list[int]]

# ---- integers.md, a whole step --------------------------------------------------------------------


class Numbers:
    """What ``integers.md`` derives from the tables of a file, all defaults filled in."""

    def __init__(self, given: Mapping[str, Any]):
        learning, perturbation, engine = given["learning"], given["perturbation"], given["engine"]
        self.layers = list(given["network"]["layers"])
        self.P = sum((i + 1) * o for i, o in pairwise(self.layers))
        many = len(self.layers) - 1
        act, initial = given["network"]["activation"], given["network"]["initial"]
        self.activations = [act] * many if isinstance(act, str) else list(act)
        self.initials = list(initial) if isinstance(initial, list | tuple) else [initial] * many
        self.i_T, self.f_T = _format(given["formats"]["parameter"])
        self.i_C, self.f_C = _format(given["formats"]["cost_change"])
        self.f_x0, self.f_t = _format(given["formats"]["input"])[1], _format(given["formats"]["target"])[1]
        self.f_y = given["formats"]["activation_fraction"]
        self.loss, self.limits = given["cost"]["loss"], given["formats"]
        self.margin = round(given["cost"]["margin"] * 2**self.f_y)
        self.segments = given["formats"]["segment_bits"]
        self.A_width = self.i_C + given["formats"]["hold_bits"] + self.f_C
        self.a, self.k = -power(perturbation["amplitude"]), -power(learning["rate"])
        self.two_sided = learning["measure"] == "two_sided"
        self.analog = learning["algorithm"] == "analog"
        self.family, self.rounding = perturbation["family"], learning["rounding"]
        self.W, self.guard = self.i_T + self.f_T, self.f_T - (self.a - 2)
        self.bank = given["engine"]["kind"] == "bank"
        self.nodes, self.by_layer = (
            perturbation["granularity"] == "node",
            perturbation["granularity"] == "layer",
        )
        resolution = perturbation["resolution"]
        self.words = resolution if self.nodes or self.family in ("sinusoidal", "external") else 1
        self.part = node_part(resolution, self.inputs()) if self.nodes else self.words - 1
        last = perturbation["last_amplitude"]
        self.h = (-power(last) - self.a if last else 1) if perturbation["halve_every"] else 0
        self.fine = self.h + (1 if self.nodes else self.words)
        self.pairs = -power(perturbation["share"])
        self.sign_only = learning["size"] == "sign"
        self.gain = self.a + self.f_T - self.f_C - self.two_sided - self.part + self.pairs
        if self.sign_only:
            self.gain = self.f_T - self.part
        self.most = (1 << (self.W - self.words - 1)) - 1
        self.rail = power(learning["clamp"]) + self.f_T if learning["clamp"] else self.W - 2
        self.ahead = learning["updates"] == "delayed" and engine["kind"] == "bank"
        self.delayed = learning["updates"] == "delayed" and not self.ahead
        self.follow = learning["follow"]
        self.tau = learning["tau_x"], learning["tau_p"], learning["tau_theta"]
        divides = self.tau[1] % self.tau[2] == 0
        self.shadow = engine["shadow"] == "yes" or (
            engine["shadow"] == "auto" and (self.delayed or self.follow > 0 or not divides)
        )
        leaves = engine["leaves"] == "yes" or (engine["leaves"] == "auto" and engine["leaf_cells"] < self.P)
        self.way = (2 if engine["leaf_cells"] == 64 else 5) if leaves else 1
        self.imperfect = given["imperfections"]
        self.stuck = stuck(self.imperfect["device"], self.P, round(self.imperfect["stuck"] * self.P))
        learning_shift = max(self.k, self.gain, 0) + 4 if self.rounding != "carry" else self.gain
        rate = learning["last_rate"]
        self.last = -power(rate) if rate else learning_shift

    def inputs(self) -> list[tuple[bool, int]]:
        """Of every layer whether its inputs are signed, and their integer bits."""
        known = {
            "sigmoid": (False, 0),
            "tanh": (True, 1),
            "relu": (False, self.limits["relu_integer_bits"]),
            "linear": (True, self.limits["linear_integer_bits"]),
        }
        first = self.limits["input"].startswith("S"), _format(self.limits["input"])[0]
        return [first, *(known[name] for name in self.activations[:-1])]


def _format(text: str) -> tuple[int, int]:
    integer, fraction = re.findall(r"-?\d+", text)
    return int(integer), int(fraction)


def run(
    given: Mapping[str, Any], samples: Sequence[tuple[Sequence[int], Sequence[int]]], steps: int
) -> Iterator[dict[str, Any]]:
    """States of every step of a trainer with samples in memory."""
    c = Numbers(given)
    learning, perturbation, imperfect = given["learning"], given["perturbation"], c.imperfect
    seed = seeds(given["seed"])
    tau_x, tau_p, tau_theta = c.tau
    owner = [k for k, (i, o) in enumerate(pairwise(c.layers)) for _ in range((i + 1) * o)]
    shift = [c.i_T - 1 - power(initial) for initial in c.initials]
    states = zip(words(seed[2]), owner, strict=False)
    T = [initial(state, c.W, shift[layer]) for state, layer in states]
    kind = imperfect["stuck_kind"]
    if kind == "dead":
        T = [0 if i in c.stuck else each for i, each in enumerate(T)]
    v = [each >> c.guard for each in T]
    copy = [settle(each, c.follow) for each in v] if c.follow else []
    if c.follow:
        v = [each >> c.follow for each in copy]
    codes, shown = _codes(c, given, seed), _order(given["task"]["order"], seed[1], len(samples))
    dither, noise, writing, signs, thresholds = (words(seed[place]) for place in (3, 4, 5, 6, 8))
    tables = [name in ("sigmoid", "tanh") for name in c.activations]
    loss, more = 2 + levels(c.layers[-1]), any(given["cost"][key] for key in ("limit", "gate"))
    if c.loss == "cross_entropy":
        loss = 4 if c.layers[-1] == 1 else 7 + 2 * levels(c.layers[-1])
    lag = lags(c.layers, tables, loss, more + (imperfect["cost_noise"] > 0), c.way) if c.delayed else []
    past = {}
    A = C0 = S = before = updates = halved = 0
    k, inputs = c.k, []

    def cost(side: int, reference: bool) -> tuple[int, list[Sequence[int]]]:
        weights = [
            (each << (c.fine + 1)) + (1 << c.fine) + (side * b << (c.h - halved))
            for each, b in zip(v, shaken, strict=True)
        ]
        if kind == "dead":
            weights = [0 if i in c.stuck else each for i, each in enumerate(weights)]
        x, target = samples[sample]
        passed = _forward(c, weights, x)
        C = _loss(c, passed[-1], target)
        if imperfect["cost_noise"]:
            number = normal(next(noise)) << (power(imperfect["cost_noise"]) + c.f_C - 2)
            C += number if imperfect["noisy_reference"] or not reference else 0
        return C, passed

    for n in range(steps):
        if n % tau_x == 0:
            sample = next(shown)
        if n % tau_p == 0:
            s, code = next(codes)
            if c.by_layer:
                turn = n // tau_p // perturbation["tau_layer"] % (len(c.layers) - 1)
                s = [each * (k == turn) for each, k in zip(s, owner, strict=True)]
                code = [each * (k == turn) for each, k in zip(code, owner, strict=True)]
            shaken = _biases(c, s) if c.nodes else s
            if kind == "still":
                shaken = [each * (i not in c.stuck) for i, each in enumerate(shaken)]
        changed = n - c.ahead
        new = n % tau_x == 0 or changed % tau_theta == 0 or (not c.shadow and changed % tau_p == 0)
        flush = (n + 1) % tau_p == 0 or (n + 1) % tau_theta == 0
        end = (n + 1) % tau_theta == 0 if c.shadow else flush
        if c.two_sided or (not c.analog and (new or learning["reference"] == "every_step")):
            C0, inputs = cost(-1 if c.two_sided else 0, True)
        C, _ = cost(1, False)
        if c.analog:
            a_hp = round(256 * learning["tau_hp"] / (learning["tau_hp"] + 1))
            S = high_pass(S, 0 if n % tau_x == 0 else C - before, a_hp, c.i_C + c.f_C)
            change, before = S >> 8, C
        else:
            change = saturated(C - C0, c.i_C + c.f_C)
        gated, given_gate = 0, [given["cost"][key] for key in ("limit", "gate")]
        if any(given_gate):
            most, least = (round(each * 2**c.f_C) for each in given_gate)
            gated = gate(change, most or (1 << (c.i_C + c.f_C - 1)) - 1, least)
        A = saturated(A + (gated if any(given_gate) else change), c.A_width)
        word = next(dither)
        seen, hold, D = v, A, 0
        if flush:
            left = c.gain - k + (0 if c.sign_only else halved)
            wanted = (A > 0) - (A < 0) if c.sign_only else A
            D = update(wanted, left, c.most, c.rounding, word, dropped(c.k, c.gain))
            T = _learned(c, T, s, D, inputs)
            A = 0
        free = [i not in c.stuck for i in range(c.P)]
        if end and learning["decay"]:
            level, state = power(learning["decay"]) + c.W - 1, next(thresholds)
            T = [decayed(t, state, level, c.W) if f else t for t, f in zip(T, free, strict=True)]
        if end and imperfect["update_noise"]:
            number = normal(next(writing)) << (power(imperfect["update_noise"]) + c.f_T - 2)
            r = [1] * c.P
            if imperfect["update_noise_kind"] == "independent":
                state, found = next(signs), places(c.layers)
                walsh = c.family == "walsh"
                r = [2 * noise_bit(state, *p[2:4], None if walsh else p[4]) - 1 for p in found]
            T = [integrate(t, number * b, c.rail) if f else t for t, b, f in zip(T, r, free, strict=True)]
        updates += end
        if end and learning["anneal_every"]:
            k = annealed(c.k, updates, learning["anneal_every"], c.last)
        if end and c.h:
            halved = min(updates // perturbation["halve_every"], c.h)
        past[n] = T
        if n == 0:
            start = seen
        if c.ahead:
            v = [each >> c.guard for each in past[n - 1]] if n else start
        elif end and c.delayed:
            v = [past[n - lag[k]][i] >> c.guard if n >= lag[k] else start[i] for i, k in enumerate(owner)]
        elif end and c.follow:
            copy = [follow(each, t >> c.guard, c.follow) for each, t in zip(copy, T, strict=True)]
            v = [each >> c.follow for each in copy]
        elif end:
            v = [t >> c.guard for t in T]
        yield {
            "sample": sample, "code": code, "baseline": C0, "cost": C, "high_passed": S, "gated": gated,
            "cost_change": change, "hold": hold, "update": D, "theta": T, "visible": seen,
        }  # fmt: skip


def _biases(c: Numbers, s: Sequence[int]) -> list[int]:
    shaken, left = [], iter(s)
    for inputs, neurons in pairwise(c.layers):
        for _ in range(neurons):
            shaken += [0] * inputs + [next(left)]
    return shaken


def _learned(
    c: Numbers, T: Sequence[int], s: Sequence[int], D: int, inputs: Sequence[Sequence[int]]
) -> list[int]:
    if not c.nodes:
        both = enumerate(zip(T, s, strict=True))
        return [taken(t, b, D, c.words, c.rail) if b and i not in c.stuck else t for i, (t, b) in both]
    found, left, f_x, old = [], iter(s), c.f_x0, iter(T)
    for (_, neurons), x, (signed_input, _) in zip(pairwise(c.layers), inputs, c.inputs(), strict=False):
        counted = [*(shifted(each, c.part - f_x) for each in x), 1 << c.part]
        for _ in range(neurons):
            b = next(left)
            if c.bank:
                found += [product_taken(next(old), b, X, D, c.W, c.rail) for X in counted]
                continue
            found += [node_taken(next(old), b, X, D, c.words, signed_input, c.rail) for X in counted]
        f_x = c.f_y
    return found


def _forward(c: Numbers, weights: Sequence[int], x: Sequence[int]) -> list[Sequence[int]]:
    first, f_x, passed = 0, c.f_x0, [x]
    for (inputs, neurons), name in zip(pairwise(c.layers), c.activations, strict=True):
        z = []
        for _ in range(neurons):
            z.append(neuron(weights[first : first + inputs + 1], x, f_x))
            first += inputs + 1
        f_z = c.a + c.fine - 1 + f_x
        if name in ("relu", "linear"):
            x = [limited(name, each, f_z, c.f_y, c.limits[f"{name}_integer_bits"]) for each in z]
        else:
            x = [activation(name, each, f_z, c.f_y, c.segments) for each in z]
        passed.append(x)
        f_x = c.f_y
    return passed


def _loss(c: Numbers, y: Sequence[int], t: Sequence[int]) -> int:
    words_of = (y, [each << c.f_t for each in t], c.f_y, c.f_t, c.f_C)
    if c.loss == "hinge":
        return hinge(*words_of, c.margin)
    return {"squared_error": squared_error, "absolute_error": absolute_error, "cross_entropy": cross_entropy}[
        c.loss
    ](*words_of)


def _codes(
    c: Numbers, given: Mapping[str, Any], seed: Sequence[int]
) -> Iterator[tuple[list[int], list[int]]]:
    """Of every perturbation s, and the state that the circuit shows."""
    perturbation = given["perturbation"]
    found = node_places(sum(c.layers[1:])) if c.nodes else [place[2:] for place in places(c.layers)]
    if c.family == "random_code":
        registers = [words(sparse_seed(seed[7], pair, c.pairs)) for pair in range(c.pairs)]
        for state in words(seed[0]):
            bits = [random_bit(state, *place) for place in found]
            shakes = [next(register) for register in registers]
            on = [all(active(each, row, column) for each in shakes) for row, column, _ in found]
            yield [(2 * bit - 1) * a for bit, a in zip(bits, on, strict=True)], bits
    if c.family == "walsh":
        rows = found[-1][0] + 1
        index = [walsh_index(rows, row, column, perturbation["sign_flip"]) for row, column, _ in found]
        for m in count():
            bits = [walsh_bit(each, m) for each in index]
            yield [2 * bit - 1 for bit in bits], bits
    mixed = perturbation["order"] == "shuffled"
    if c.family in ("sinusoidal", "square"):
        m, odds = sinusoids(c.P, given["seed"] if mixed else None)
        for n in count():
            u = sinusoid(seed[0], n, odds, m, c.words)
            yield [2 * each + 1 - 2**c.words for each in u], u
    for turn in cycle(shuffled(given["seed"], c.P) if mixed else range(c.P)):
        bits = [int(i == turn) for i in range(c.P)]
        yield bits, bits


def _order(order: str, seed: int, samples: int) -> Iterator[int]:
    if order == "plain":
        yield from cycle(range(samples))
    for state in words(seed):
        if order == "epoch":
            yield from epoch(state, samples)
        elif (index := drawn(state, samples)) is not None:
            yield index
