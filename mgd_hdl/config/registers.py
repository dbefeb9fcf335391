"""Run-time registers: one table of what the host may change while a circuit trains.

Ports, their checks and what is written about them come from here. What fits a register's own range may still
be too much for a circuit together with another register: that is in ``RULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import SupportsIndex

from .codes import LFSR
from .derived import Derived
from .draws import scramble
from .errors import ConfigError, Problem, did_you_mean, shown
from .options import Option, owner
from .sections import CLOCKS_BITS, HIGH_PASS, MAX_AVERAGE_SHIFT, MAX_GIVE_UP, MAX_SECOND_WEIGHT, MAX_TAU_BITS

__all__ = [
    "REGISTERS",
    "RULES",
    "SEEDS",
    "Register",
    "Registers",
    "Rule",
    "as_asked",
    "followed",
    "legal",
    "register_problems",
    "rule_of",
    "seeds",
    "with_changes",
]

#: All seeds in the order in which they are drawn from a trainer's seed. What stands here is an interface:
#: append only, or the same seed trains another way.
SEEDS = (
    "seed_code",
    "seed_sample",
    "seed_initial",
    "seed_dither",
    "seed_cost_noise",
    "seed_update_noise",
    "seed_noise_code",
    "seed_sparse",
    "seed_decay",
)


def seeds(seed: int) -> dict[str, int]:
    """The seed registers of a trainer's seed."""
    found, root = {}, scramble(seed)
    for name in SEEDS:
        root = scramble(root)
        found[name] = LFSR.valid(root)
    return found


@dataclass(frozen=True, kw_only=True)
class Registers:
    """What the host may change at run time, as the integers the circuit holds."""

    tau_x: int
    tau_p: int
    tau_theta: int
    tau_layer: int
    learning_shift: int
    anneal_every: int
    last_shift: int
    halve_every: int
    weight_decay: int
    high_pass: int
    change_limit: int
    change_gate: int
    seed_code: int
    seed_sample: int
    seed_initial: int
    seed_dither: int
    cost_noise: int
    seed_cost_noise: int
    update_noise: int
    seed_update_noise: int
    seed_decay: int
    seed_noise_code: int
    seed_sparse: int
    device_settle: int
    device_pause: int
    device_time_out: int
    device_average: int
    device_repeats: int
    device_give_up: int
    device_low: int
    device_high: int
    device_spread: int
    device_stuck: int
    device_second: int


@dataclass(frozen=True)
class Register:
    """One row of the table; what depends on the configuration is a function of it."""

    name: str
    meaning: str
    read: str
    """When the circuit reads it."""
    width: Callable[[Derived], int]
    value: Callable[[Derived], int]
    """What the configuration asks for; where the circuit has no such register, what it does without."""
    legal: Callable[[Derived], range]
    bits: str = "config.learning.tau_bits"
    """The width as an expression of the configuration's properties."""

    @property
    def option(self) -> Option | None:
        """The one without which no circuit has it."""
        return owner(self.name)

    def there(self, config: Derived) -> bool:
        """Whether the circuit has it."""
        return self.option is None or self.option.on(config)

    @property
    def needs(self) -> str:
        """What to set so that the circuit has it."""
        return self.option.asked if self.option else ""


@dataclass(frozen=True)
class Rule:
    """What registers may not be together in some circuits.

    ``names`` are the registers it reads; the first one that was changed is blamed.
    """

    names: tuple[str, ...]
    on: Callable[[Derived], bool]
    broken: Callable[[Mapping[str, int]], bool]
    text: Callable[[Derived], str]
    """What must hold, and what to set where it has to be broken."""


def _tau(name: str, meaning: str) -> Register:
    return Register(
        name,
        meaning,
        "when its counter turns, and at start",
        width=lambda config: config.learning.tau_bits,
        value=lambda config: int(getattr(config.learning, name)),
        legal=lambda config: range(1, 1 << config.learning.tau_bits),
    )


def _seed(name: str, meaning: str) -> Register:
    return Register(
        name,
        f"{meaning}; bit 0 is read as one.",
        "at start",
        width=lambda _: LFSR.degree,
        value=lambda config: seeds(config.seed)[name],
        legal=lambda _: range(1 << LFSR.degree),
        bits=f"{LFSR.degree}",
    )


def _clocks(name: str, meaning: str, value: Callable[[Derived], int]) -> Register:
    return Register(
        name,
        meaning,
        "at each measurement",
        width=lambda _: CLOCKS_BITS,
        value=value,
        legal=lambda _: range(1 << CLOCKS_BITS),
        bits=f"{CLOCKS_BITS}",
    )


#: In the order of the ports. What stands here is an interface too: a register's place is its address on a bus
#: (:mod:`mgd_hdl.config.memory_map`), so append only.
REGISTERS: tuple[Register, ...] = (
    Register(
        "tau_x",
        "Steps for which a sample is shown.",
        "when its counter turns, and at start",
        width=lambda config: config.learning.tau_bits,
        value=lambda config: config.learning.tau_x,
        # Analog: a step with a new sample tells nothing.
        legal=lambda config: range(1 + config.analog, 1 << config.learning.tau_bits),
    ),
    _tau("tau_p", "Steps for which a perturbation is held."),
    _tau("tau_theta", "Steps between two updates of the parameters that the network sees."),
    Register(
        "tau_layer",
        "Perturbations for which one layer has its turn.",
        "when its counter turns, and at start",
        width=lambda config: config.learning.tau_bits,
        value=lambda config: config.perturbation.tau_layer,
        legal=lambda config: range(1, 1 << config.learning.tau_bits),
    ),
    Register(
        "learning_shift",
        "The k of the learning rate 2**-k; where the rate anneals, that of the first update.",
        "at each update",
        width=lambda config: config.levels.shift_bits,
        value=lambda config: config.learning_shift,
        legal=lambda config: range(config.levels.max_learning_shift + 1),
        bits="config.levels.shift_bits",
    ),
    Register(
        "last_shift",
        "The k of the rate 2**-k at which annealing stops; below learning_shift the rate stays as it is.",
        "when the counter of anneal_every turns",
        width=lambda config: config.levels.shift_bits,
        value=lambda config: config.levels.last_shift,
        legal=lambda config: range(config.levels.max_learning_shift + 1),
        bits="config.levels.shift_bits",
    ),
    Register(
        "anneal_every",
        "The learning rate halves after so many updates.",
        "when its counter turns, and at start",
        width=lambda _: MAX_TAU_BITS,
        value=lambda config: config.learning.anneal_every,
        legal=lambda _: range(1, 1 << MAX_TAU_BITS),
        bits="24",
    ),
    Register(
        "halve_every",
        "The amplitude halves after so many updates, until its last value.",
        "when its counter turns, and at start",
        width=lambda _: MAX_TAU_BITS,
        value=lambda config: config.perturbation.halve_every,
        legal=lambda _: range(1, 1 << MAX_TAU_BITS),
        bits="24",
    ),
    Register(
        "high_pass",
        "The coefficient of the high-pass, in 1/256.",
        "at each measurement",
        width=lambda _: HIGH_PASS.width,
        value=lambda config: config.levels.high_pass,
        legal=lambda _: range(1, 1 << HIGH_PASS.width),
        bits="8",
    ),
    Register(
        "change_limit",
        "The largest cost change that counts, in its last bits; a larger one counts as this.",
        "at each cost change",
        width=lambda config: config.words.cost_change.width - 1,
        value=lambda config: config.levels.change_limit,
        legal=lambda config: range(config.words.cost_change.max + 1),
        bits="config.words.cost_change.width - 1",
    ),
    Register(
        "change_gate",
        "Cost changes up to this size count as zero, in their last bits.",
        "at each cost change",
        width=lambda config: config.words.cost_change.width - 1,
        value=lambda config: config.levels.change_gate,
        legal=lambda config: range(config.words.cost_change.max + 1),
        bits="config.words.cost_change.width - 1",
    ),
    Register(
        "cost_noise",
        "The k of noise whose standard deviation is 2**(k + 1) last bits of the cost; 0 for none.",
        "at each measurement",
        width=lambda config: config.levels.max_cost_noise.bit_length(),
        value=lambda config: config.levels.cost_noise,
        legal=lambda config: range(config.levels.max_cost_noise + 1),
        bits="config.levels.max_cost_noise.bit_length()",
    ),
    Register(
        "update_noise",
        "The k of noise whose standard deviation is 2**(k + 1) last bits of a parameter; 0 for none.",
        "at each update",
        width=lambda config: config.levels.max_update_noise.bit_length(),
        value=lambda config: config.levels.update_noise,
        legal=lambda config: range(config.levels.max_update_noise + 1),
        bits="config.levels.max_update_noise.bit_length()",
    ),
    Register(
        "weight_decay",
        "The k of what an update takes from half a parameter's range, 2**(k - 1) last bits; 0 for nothing.",
        "at each update",
        width=lambda config: config.levels.max_weight_decay.bit_length(),
        value=lambda config: config.levels.weight_decay,
        legal=lambda config: range(config.levels.max_weight_decay + 1),
        bits="config.levels.max_weight_decay.bit_length()",
    ),
    _seed("seed_initial", "Of the initial parameters"),
    _seed("seed_code", "Of the codes of the perturbation"),
    _seed("seed_sample", "Of the order of the samples"),
    _seed("seed_dither", "Of the dither of stochastic rounding"),
    _seed("seed_cost_noise", "Of the noise of the cost"),
    _seed("seed_update_noise", "Of the noise of updates"),
    _seed("seed_noise_code", "Of the signs with which parameters take the noise of updates"),
    _seed("seed_sparse", "Of which parameters are shaken"),
    _seed("seed_decay", "Of the thresholds of weight decay"),
    _clocks(
        "device_settle",
        "Clocks from the last parameter that the device took to the first reading.",
        lambda config: config.converters.settle,
    ),
    _clocks(
        "device_pause",
        "Clocks for which a measurement waits for a device that takes nothing; 0: for ever.",
        lambda config: config.converters.pause,
    ),
    _clocks(
        "device_time_out",
        "Clocks from a request that was taken to its reading; 0: any time.",
        lambda config: config.converters.time_out,
    ),
    Register(
        "device_average",
        "The k of 2**k readings of a measurement, whose mean counts.",
        "at each measurement",
        width=lambda _: MAX_AVERAGE_SHIFT.bit_length(),
        value=lambda config: config.converters.average_shift,
        legal=lambda _: range(MAX_AVERAGE_SHIFT + 1),
        bits="4",
    ),
    Register(
        "device_repeats",
        "How often a bad measurement is taken again before it is dropped.",
        "at each measurement",
        width=lambda _: 7,
        value=lambda config: config.device.repeats,
        legal=lambda _: range(101),
        bits="7",
    ),
    Register(
        "device_give_up",
        "Steps in a row with a dropped measurement, and parameters come to rest.",
        "at each step with a dropped measurement",
        width=lambda _: MAX_GIVE_UP.bit_length(),
        value=lambda config: config.device.give_up,
        legal=lambda _: range(1, MAX_GIVE_UP + 1),
        bits="21",
    ),
    Register(
        "device_low",
        "The lowest reading that is believed, in last bits of a reading, counted from the lowest there is.",
        "at each reading",
        width=lambda config: config.converters.reading.width,
        value=lambda config: config.converters.legal[0] - config.converters.reading.min,
        legal=lambda config: range(1 << config.converters.reading.width),
        bits="config.converters.reading.width",
    ),
    Register(
        "device_high",
        "The highest one, likewise.",
        "at each reading",
        width=lambda config: config.converters.reading.width,
        value=lambda config: config.converters.legal[1] - config.converters.reading.min,
        legal=lambda config: range(1 << config.converters.reading.width),
        bits="config.converters.reading.width",
    ),
    Register(
        "device_spread",
        "How far readings of one measurement may be apart, in last bits of a reading.",
        "at each measurement",
        width=lambda config: config.converters.reading.width,
        value=lambda config: config.converters.spread,
        legal=lambda config: range(1 << config.converters.reading.width),
        bits="config.converters.reading.width",
    ),
    Register(
        "device_stuck",
        "So many measurements in a row with the very same sum of readings, and the device is stuck.",
        "at each measurement",
        width=lambda _: MAX_GIVE_UP.bit_length(),
        value=lambda config: config.device.stuck,
        legal=lambda _: range(1, MAX_GIVE_UP + 1),
        bits="21",
    ),
    Register(
        "device_second",
        "What the second cost counts, in 1/4096.",
        "when it comes",
        width=lambda _: MAX_SECOND_WEIGHT.bit_length(),
        value=lambda config: config.converters.second_weight,
        legal=lambda _: range(MAX_SECOND_WEIGHT + 1),
        bits="23",
    ),
)

_BY_NAME = {register.name: register for register in REGISTERS}


def _needs_shadow(config: Derived) -> str:
    cure = config.facts.without_shadow
    return f"tau_theta must divide tau_p in a circuit without shadow copies; {cure}"


RULES: tuple[Rule, ...] = (
    # Cells without a copy change what the network sees whenever a perturbation ends.
    Rule(
        ("tau_theta", "tau_p"),
        on=lambda config: not config.shadow,
        broken=lambda values: values["tau_p"] % values["tau_theta"] != 0,
        text=_needs_shadow,
    ),
    Rule(
        ("tau_p", "tau_x"),
        on=lambda config: config.nodes,
        broken=lambda values: values["tau_x"] % values["tau_p"] != 0,
        text=lambda _: 'tau_x must be a multiple of tau_p with granularity = "node"',
    ),
    Rule(
        ("change_gate", "change_limit"),
        on=lambda config: config.gated,
        broken=lambda values: values["change_gate"] >= values["change_limit"],
        text=lambda _: "change_gate must be below change_limit, or no cost change passes",
    ),
    Rule(
        ("seed_noise_code", "seed_code"),
        on=lambda config: config.independent_noise and config.perturbation.family == "random_code",
        broken=lambda values: LFSR.valid(values["seed_noise_code"]) == LFSR.valid(values["seed_code"]),
        text=lambda _: "seed_noise_code must differ from seed_code beyond bit 0, or noise has its signs",
    ),
)


def register_problems(config: Derived, known: Mapping[str, int], changes: Mapping[str, int]) -> list[Problem]:
    """What keeps a circuit whose registers are ``known`` from following ``changes``."""
    problems = []
    for name, value in changes.items():
        register = _BY_NAME.get(name)
        whole = not isinstance(value, bool) and isinstance(value, SupportsIndex)
        if register is None:
            there = ", ".join(each.name for each in fields(Registers))
            allowed = f"is no register{did_you_mean(name, known)}; there are {there}"
        elif not register.there(config):
            if whole and int(value) == known[name]:
                continue
            allowed = f"is no register of this circuit, which needs {register.needs}"
        elif not whole or int(value) not in register.legal(config):
            legal = register.legal(config)
            allowed = f"must be a whole number from {legal[0]} to {legal[-1]}"
        else:
            continue
        problems.append(Problem(name, shown(value), allowed))
    if problems:
        return problems
    values = {**known, **{name: int(value) for name, value in changes.items()}}
    for rule in RULES:
        if rule.on(config) and rule.broken(values):
            blamed = next((name for name in rule.names if name in changes), rule.names[0])
            others = " and ".join(f"{name} = {values[name]}" for name in rule.names if name != blamed)
            problems.append(Problem(blamed, shown(values[blamed]), f"with {others}: {rule.text(config)}"))
    return problems


def as_asked(config: Derived) -> dict[str, int]:
    """Every register as the configuration asks for it."""
    return {register.name: register.value(config) for register in REGISTERS}


def with_changes(
    config: Derived, known: Mapping[str, int], seed: int, changes: Mapping[str, int]
) -> Registers:
    """``known`` with the seeds of a trainer's seed, and some changed; ConfigError where none can follow."""
    values = {**known, **seeds(seed)}
    problems = register_problems(config, values, changes)
    if problems:
        raise ConfigError(problems)
    return Registers(**values | {name: int(value) for name, value in changes.items()})


def followed(config: Derived, registers: Registers) -> dict[str, int]:
    """Of registers those that matter to the circuit: not the seeds that it does not have."""
    unheard = {each.name for each in REGISTERS if each.name in SEEDS and not each.there(config)}
    return {name: value for name, value in asdict(registers).items() if name not in unheard}


def rule_of(config: Derived, name: str) -> str:
    """What must hold of a register together with others, in this circuit; empty where nothing must."""
    return "; ".join(rule.text(config) for rule in RULES if name in rule.names and rule.on(config))


def legal(config: Derived, known: Mapping[str, int]) -> dict[str, dict[str, int | str]]:
    """For each register of the circuit its value, the least and the greatest one, and rules with others."""
    found: dict[str, dict[str, int | str]] = {}
    for register in REGISTERS:
        if register.there(config):
            within = register.legal(config)
            found[register.name] = {"value": known[register.name], "least": within[0], "most": within[-1]}
            if rule := rule_of(config, register.name):
                found[register.name]["rule"] = rule
    return found
