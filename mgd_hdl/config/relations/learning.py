"""What the rate, annealing, the high-pass and the judge need of the rest."""

from __future__ import annotations

from collections.abc import Iterator

from ..codes import LFSR
from ..derived import Derived
from ..errors import Problem, shown
from ..number import Rounding
from ..registers import REGISTERS, SEEDS
from ..sections import HIGH_PASS
from .relation import FORWARD, GAIN, Relations, count, snapped

__all__ = ["RELATIONS"]

MAX_LEARNING_SHIFT = 40

RELATIONS = relation = Relations()


@relation("learning.rate")
def _rate(config: Derived) -> Iterator[Problem]:
    if not 0 <= config.learning_shift <= MAX_LEARNING_SHIFT:
        yield Problem(
            "learning.rate", snapped(config.learning.rate), f"must be 2**-{MAX_LEARNING_SHIFT} to 1"
        )


@relation(*GAIN, "learning.rate", "learning.rounding")
def _carry(config: Derived) -> Iterator[Problem]:
    """``carry`` never shifts right: T's last bit is worth no more than the last bit of an update."""
    more = config.learning_shift - config.levels.gain
    if config.rounding is Rounding.CARRY and more > 0:
        yield Problem(
            "learning.rate",
            snapped(config.learning.rate),
            f"must be 2**-{config.levels.gain} or more with formats.parameter = {config.words.parameter}"
            if config.sign_only
            else f'rounding "carry" needs {count(more, "more fraction bit")} in formats.parameter,'
            f" {more} fewer in formats.cost_change, or another rounding",
        )


@relation("learning.size", "learning.rounding")
def _sign(config: Derived) -> Iterator[Problem]:
    if config.sign_only and config.rounding is not Rounding.CARRY:
        yield Problem(
            "learning.rounding", shown(config.learning.rounding), 'must be "carry" with size = "sign"'
        )


@relation(*GAIN, "learning.rate", "learning.rounding", "learning.anneal_every", "learning.last_rate")
def _annealing(config: Derived) -> Iterator[Problem]:
    """From the rate down to one that the circuit offers."""
    last = config.learning.last_rate
    if not last:
        return
    if not config.annealed:
        allowed = "needs anneal_every above 0"
    elif not config.learning_shift <= config.levels.last_shift <= config.levels.max_learning_shift:
        allowed = (
            f"must be 2**-{config.levels.max_learning_shift} to learning.rate = 2**-{config.learning_shift}"
        )
    else:
        return
    yield Problem("learning.last_rate", snapped(last), allowed)


@relation(*GAIN, "formats.hold_bits", "learning.rate", "learning.rounding")
def _update_vanishes(config: Derived) -> Iterator[Problem]:
    """Updates are shifted right by k - gain; past the width of the sum nothing of it is left."""
    dropped, width = config.learning_shift - config.levels.gain, config.words.hold.width
    if dropped >= width:
        yield Problem(
            "learning.rate",
            snapped(config.learning.rate),
            f"is too small: updates would drop {dropped} bits of a sum of {width};"
            " raise it, or the fraction bits of formats.parameter",
        )
    elif (
        config.rounding is Rounding.STOCHASTIC
        and config.levels.max_learning_shift - config.levels.gain > LFSR.leap
    ):
        yield Problem(
            "learning.rate",
            snapped(config.learning.rate),
            f"must be at least 2**-{LFSR.leap + config.levels.gain - 4}: stochastic rounding has a dither of"
            f" {LFSR.leap} bits, of which 4 serve smaller rates at run time",
        )


@relation("learning.algorithm", "learning.tau_hp")
def _high_pass(config: Derived) -> Iterator[Problem]:
    """The coefficient is neither 0, which is deaf, nor 1, which forgets nothing."""
    if config.analog and not 0 < config.levels.high_pass <= HIGH_PASS.max:
        yield Problem(
            "learning.tau_hp",
            str(config.learning.tau_hp),
            f"must be 0.002 to 510: tau_hp / (tau_hp + 1) has {HIGH_PASS.width} bits",
        )


@relation(
    *FORWARD,
    "formats.target",
    "formats.cost_change",
    "cost.loss",
    "cost.margin",
    "judge.kind",
    "judge.limit",
)
def _judge_limit(config: Derived) -> Iterator[Problem]:
    """Some costs are below the limit and some are not."""
    if config.judged and config.levels.judge_limit > config.words.cost.max:
        yield Problem(
            "judge.limit",
            str(config.judge.limit),
            f"must be at most {config.words.cost.max * config.words.cost.step:g}, the largest cost",
        )


@relation("judge.kind", "judge.window", "judge.retry", "task.source")
def _judge_retry(config: Derived) -> Iterator[Problem]:
    """A try is long enough for one window, and begins with its first sample again."""
    retry, window = config.judge.retry, config.judge.window
    if not config.retries:
        return
    if not config.judged:
        yield Problem("judge.retry", str(retry), 'needs judge.kind = "window"; or must be 0')
    elif retry < window:
        yield Problem("judge.retry", str(retry), f"must be judge.window = {window} or more, or 0")
    elif config.task.source == "stream":
        yield Problem(
            "judge.retry", str(retry), 'must be 0 with source = "stream": its samples do not begin anew'
        )


@relation("judge.retry", "network.parameters", "perturbation.family", "task.order")
def _other_tries(config: Derived) -> Iterator[Problem]:
    """The next try differs in something that is drawn."""
    if config.retries and not any(each.there(config) for each in REGISTERS if each.name in SEEDS):
        yield Problem(
            "judge.retry",
            str(config.judge.retry),
            "must be 0: with network.parameters, and neither codes nor samples drawn, every try is the same",
        )


@relation("judge.window", "judge.misses")
def _judge_misses(config: Derived) -> Iterator[Problem]:
    if config.judge.misses >= config.judge.window:
        yield Problem(
            "judge.misses",
            str(config.judge.misses),
            f"must be below judge.window = {config.judge.window}",
        )


@relation("judge.kind", "judge.window", "task.name", "task.source")
def _judge_window(config: Derived) -> Iterator[Problem]:
    """A window that cannot hold all samples would judge by some of them."""
    count = config.shape.task_data.count or 0
    if config.judged and config.task.source == "memory" and count > config.judge.window:
        yield Problem(
            "judge.window", str(config.judge.window), f"must be at least {count}, the number of samples"
        )
