"""Do the codes of two parameters ever look alike, and does the curvature of the cost leak into the gradient?

With ``s`` the signs, ``g`` the gradient, ``H`` the second derivatives and ``a`` the amplitude, a
one-sided cost change is ``C~ = a sum_j g_j s_j + a^2/2 sum_jk H_jk s_j s_k``. The estimate of
parameter i is the mean of ``C~ s_i / a`` over the steps:

    sum_j g_j <s_i s_j>  +  a sum_(j<k) H_jk <s_i s_j s_k>  +  a/2 <s_i> sum_j H_jj

The first mean is the cross-correlation of two codes: it mixes gradients. The second is the triple
bias: a false gradient, which a two-sided measurement does not have. Both are measured here by counting
bits. A code that is the exclusive or of two others has a triple bias of one for ever, so it never
averages out: that is why every code is an odd-weight combination.

Where four codes cancel, ``s_i s_j s_k s_l = 1`` in every step, no gradient is false, but the noise
of the four estimates is not independent. What that costs is seen by learning: ``--learn 1024``
trains as many seeds with each random code and gives the median of the steps they need.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import LFSR, PRESETS, TrainerConfig, preset

from ..fixed import Bits, parity
from ..float_mgd import Floats
from ..lfsr import States, states
from ..perturb.random_code import RandomCodes, masks, random_code
from ..perturb.walsh import indices, walsh
from ..trainer import Trainer
from .learning import GOALS, Goal
from .study import command, ends_in_a_line, file, keep, number, say

__all__ = [
    "CODES",
    "FOURS",
    "Figures",
    "LEARNERS",
    "biased_random_code",
    "biased_walsh",
    "cancelling_fours",
    "figures",
    "median_steps",
    "random_code_without_diagonal",
]

STEPS = 1 << 16


@dataclass(frozen=True)
class Figures:
    """How alike the codes of P parameters are over some steps.

    Attributes
    ----------
    parameters, steps : int
    mean, cross, triple : float
        The largest ``|<s_i>|``, ``|<s_i s_j>|`` and ``|<s_i s_j s_k>|`` of different parameters.
    cross_rms : float
        Root of the mean square of ``<s_i s_j>`` over all pairs.
    exact_triples : int
        Sets of three different parameters whose signs multiply to the same value in every step.
    false_gradient : float
        Root of the mean square of ``sum_(j<k) H_jk <s_i s_j s_k>`` over all parameters and over
        independent ``H_jk`` of variance one: the false gradient in units of ``|H|`` times the amplitude.
    """

    parameters: int
    steps: int
    mean: float
    cross: float
    cross_rms: float
    triple: float
    exact_triples: int
    false_gradient: float


def figures(bits: Bits) -> Figures:
    """The figures of code bits (steps, P), from exact counts of bits."""
    steps, parameters = bits.shape
    # 64 steps to a word; the last word is filled with zeros, which no count notices.
    code = np.zeros((parameters, -(-steps // 64)), dtype=np.uint64)
    code.view(np.uint8)[:, : -(-steps // 8)] = np.packbits(bits, axis=0).T

    def mean(words: npt.NDArray[np.uint64]) -> Floats:
        """1 where the words hold only zeros, -1 where only ones; words along the last axis."""
        return np.asarray(1 - 2 * np.bitwise_count(words).sum(axis=-1, dtype=np.int64) / steps)

    single = mean(code)
    square = np.zeros(parameters)  # sum over j < k of <s_i s_j s_k>^2
    cross_square = cross = triple = 0.0
    exact = 0
    for i, j in itertools.combinations(range(parameters), 2):
        differ = code[i] ^ code[j]
        pair = float(mean(differ))
        cross_square += pair * pair
        cross = max(cross, abs(pair))
        # A pair that holds i itself leaves the mean of the other code.
        square[i] += single[j] ** 2
        square[j] += single[i] ** 2
        if j + 1 == parameters:
            continue
        threes = mean(differ ^ code[j + 1 :])  # <s_i s_j s_k>, but for its sign
        square[i] += (threes**2).sum()
        square[j] += (threes**2).sum()
        square[j + 1 :] += threes**2
        triple = max(triple, float(np.abs(threes).max()))
        exact += int(np.count_nonzero(np.abs(threes) == 1))
    pairs = math.comb(parameters, 2)
    return Figures(
        parameters=parameters,
        steps=steps,
        mean=float(np.abs(single).max()),
        cross=cross,
        cross_rms=math.sqrt(cross_square / pairs) if pairs else 0.0,
        triple=triple,
        exact_triples=exact,
        false_gradient=math.sqrt(square.mean()),
    )


def cancelling_fours(combinations: Sequence[int]) -> int:
    """Sets of four codes that multiply to one in every step, from their combinations of state bits.

    Two pairs with the same exclusive or make one; each set of four is found as three pairs of pairs.
    """
    pairs = Counter(a ^ b for a, b in itertools.combinations(combinations, 2))
    return sum(math.comb(count, 2) for count in pairs.values()) // 3


# ---- the codes -----------------------------------------------------------------------------------


def _random(config: TrainerConfig, mask: Sequence[int]) -> Bits:
    seed = np.array([LFSR.valid(config.registers().seed_code)], dtype=np.uint32)
    return random_code(np.array(mask, dtype=np.uint32), states(seed, STEPS)[:, 0])


def _walsh(config: TrainerConfig) -> Bits:
    return walsh(indices(config), np.arange(config.codes.walsh_code.period))


def _random_code(config: TrainerConfig) -> Bits:
    return _random(config, masks(config).tolist())


def _without_diagonal(config: TrainerConfig) -> list[int]:
    rows = config.codes.random_code.row_taps
    return [
        (1 << place.column) | sum(1 << tap for tap in rows[place.row]) for place in config.placement.places
    ]


def random_code_without_diagonal(config: TrainerConfig) -> Bits:
    """What row and column wires alone would give: no triple cancels, but many fours do."""
    return _random(config, _without_diagonal(config))


def biased_random_code(config: TrainerConfig) -> Bits:
    """What not to build: exclusive ors of two state bits, all pairs of as few bits as will do."""
    bits = next(n for n in range(2, LFSR.degree) if math.comb(n, 2) >= config.parameters)
    pairs = itertools.islice(itertools.combinations(range(bits), 2), config.parameters)
    return _random(config, [(1 << a) | (1 << b) for a, b in pairs])


def biased_walsh(config: TrainerConfig) -> Bits:
    """What not to build: the textbook's indices 1 to P, without the bit that is always one."""
    index = np.arange(1, config.parameters + 1)
    period = 1 << config.parameters.bit_length()
    return parity(np.arange(period)[:, None] & index)


def _independent(config: TrainerConfig) -> Bits:
    rng = np.random.default_rng(config.seed)
    return rng.integers(0, 2, (STEPS, config.parameters), dtype=np.uint8)


#: Walsh codes over one period, random ones over 2**16 steps from the configuration's own seed.
CODES = {
    "walsh": _walsh,
    "random_code": _random_code,
    "independent bits": _independent,
    "random_code without diagonal": random_code_without_diagonal,
    "biased walsh": biased_walsh,
    "biased random_code": biased_random_code,
}

FOURS = {
    "random_code": lambda config: cancelling_fours(masks(config).tolist()),
    "random_code without diagonal": lambda config: cancelling_fours(_without_diagonal(config)),
}


# ---- what they are worth -------------------------------------------------------------------------


class _Independent(RandomCodes):
    """Bits from NumPy's generator: nothing a register does can be in them."""

    def __init__(self, config: TrainerConfig, seed: States):
        super().__init__(config, seed)
        self.draws = [np.random.default_rng(int(each)) for each in seed]

    def take(self, count: int) -> Bits:
        shape = (count, len(self.mask))
        return np.stack([draw.integers(0, 2, shape, dtype=np.uint8) for draw in self.draws], axis=1)


class _NoDiagonal(RandomCodes):
    def __init__(self, config: TrainerConfig, seed: States):
        super().__init__(config, seed)
        self.mask = np.array(_without_diagonal(config), dtype=np.uint32)


LEARNERS = {
    "random_code": RandomCodes,
    "independent bits": _Independent,
    "random_code without diagonal": _NoDiagonal,
}


def median_steps(config: TrainerConfig, codes: type[RandomCodes], seeds: Sequence[int], goal: Goal) -> float:
    """The step at which half of all seeds have met the goal; infinite if fewer have."""
    trainer = Trainer(config, seeds)
    # Step 0 has not been taken, so other codes can still take the place of the circuit's.
    first = [LFSR.valid(config.registers(seed).seed_code) for seed in seeds]
    trainer.inputs.codes = codes(config, np.array(first, dtype=np.uint32))
    solved_at = np.full(len(seeds), math.inf)
    while np.isinf(np.median(solved_at)) and trainer.step < goal.steps:
        trainer.run(goal.every)
        cost, accuracy = trainer.cost_and_accuracy()
        solved_at[(accuracy >= goal.accuracy) & (cost < goal.cost) & np.isinf(solved_at)] = trainer.step
    return float(np.median(solved_at))


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = command("codes", __doc__)
    parser.add_argument("task", choices=PRESETS, help="preset whose parameters are shaken")
    parser.add_argument(
        "--learn", type=number, metavar="SEEDS", help="train so many seeds with each random code"
    )
    parser.add_argument("--out", type=file, help="JSON file for the results")
    given = parser.parse_args(arguments)

    config = preset(given.task)
    found = {}
    say(
        f"{'P = ' + str(config.parameters):>30}{'steps':>8}{'|mean|':>9}{'|cross|':>9}{'rms':>9}"
        f"{'|triple|':>9}{'exact':>7}{'false g':>9}{'fours':>7}"
    )
    for name, code in CODES.items():
        each = figures(code(config))
        fours = FOURS[name](config) if name in FOURS else None
        found[name] = {**asdict(each), "cancelling_fours": fours}
        say(
            f"{name:>30}{each.steps:>8}{each.mean:9.5f}{each.cross:9.5f}{each.cross_rms:9.5f}{each.triple:9.5f}"
            f"{each.exact_triples:>7}{each.false_gradient:9.4f}{'' if fours is None else fours:>7}"
        )
    document = {"task": given.task, "parameters": config.parameters, "codes": found}
    if given.learn:
        medians = {}
        for name, codes in LEARNERS.items():
            medians[name] = median_steps(config, codes, range(given.learn), GOALS[given.task])
            say(f"{name:>30}: median {medians[name]:,.0f} steps of {given.learn} seeds")
        document["median_steps"] = medians
    if given.out:
        keep(given.out, document)
    return 0


if __name__ == "__main__":
    sys.exit(main())
