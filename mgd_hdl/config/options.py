"""Options: what a trainer can have beside what every trainer has, each with all that is known of it, once.

Whether a configuration asks for an option, its registers and states, the clocks that it takes and what it
cannot be together with are declared here; relations, registers, states, timing and the circuit read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from .asked import Asked
from .errors import shown
from .number import Rounding, power_of_two

__all__ = ["OPTIONS", "Apart", "Chain", "Option", "added_clocks", "asked_for", "owner"]

#: Chains that an option lengthens: from C to what is measured, from there to C~, behind an update.
Chain = Literal["meter", "change", "tail"]


@dataclass(frozen=True)
class Apart:
    """Options that another one cannot be together with, and what is said of it.

    In the text ``{other}`` is how the other one was asked for, ``{every}`` how all of them were, ``{family}``
    that of the codes, and ``{learning.tau_p}`` what that key is.
    """

    others: tuple[str, ...]
    text: str


def _apart(*others: str, text: str) -> Apart:
    return Apart(others, text)


@dataclass(frozen=True)
class Option:
    """What a configuration may ask for."""

    name: str
    asked: str
    """How to ask for it: keys, and what they are then."""
    keys: tuple[str, ...]
    """The keys that decide whether it is on; the first one is blamed."""
    on: Callable[[Asked], bool]
    apart: tuple[Apart, ...] = ()
    """Options that it cannot be together with, each pair at one of the two: at that which is blamed."""
    registers: tuple[str, ...] = ()
    """That circuits have only with it, seeds too."""
    states: tuple[str, ...] = ()
    """That there are only with it."""
    clocks: Mapping[Chain, int] = field(default_factory=dict)
    """That it adds."""
    form: str = ""
    """What is of another form with it; an option without one is a link of the chains, in circuit and twin."""
    around: str = ""
    """What the twin has in place of a link."""

    def said(self, config: Asked) -> str:
        """How messages about other options name it."""
        if " above " in self.asked:
            return self.asked.partition(".")[2]
        return f"{self.keys[0].partition('.')[2]} = {shown(self.value(config))}"

    def value(self, config: Asked) -> object:
        """Of its first key."""
        section, _, key = self.keys[0].partition(".")
        return getattr(getattr(config, section), key)

    def blamed(self, config: Asked) -> str:
        """The value of its first key, as a message shows it; with the power of two it stands for."""
        value = self.value(config)
        if self.name == "sparse codes":
            assert isinstance(value, float)
            return f"{value} (2**{power_of_two(value)})"
        return shown(value)


_SHADOW_KEYS = (
    "engine.shadow", "learning.updates", "learning.follow", "learning.tau_p", "learning.tau_theta"
)  # fmt: skip
_NO_COPY = (
    'has no shadow copy: updates must be "exact", and tau_theta = {learning.tau_theta} must divide'
    " tau_p = {learning.tau_p}"
)


def _family(
    name: str,
    *families: str,
    on: Callable[[Asked], bool] | None = None,
    registers: tuple[str, ...] = (),
) -> Option:
    *first, last = (f'"{family}"' for family in families)
    asked = " or ".join(([", ".join(first)] if first else []) + [last])
    return Option(
        name,
        f"perturbation.family = {asked}",
        ("perturbation.family",),
        on or (lambda config: config.perturbation.family in families),
        registers=registers,
        form="the code",
    )


#: All options. Of two mistakes with one key the first one that stands here is told.
OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        # ---- forms: other cells, codes or measurements, in place of those of most trainers ---------------
        _family("random codes", "random_code"),
        _family("Walsh codes", "walsh"),
        _family("sequential codes", "sequential"),
        _family("loaded codes", "sinusoidal", "square", "external", on=lambda config: config.loaded),
        _family("external codes", "external"),
        _family("codes with a seed", "random_code", "sinusoidal", "square", registers=("seed_code",)),
        Option(
            "samples in drawn order",
            'task.source = "generator", or task.order other than "plain" with "memory"',
            ("task.source", "task.order"),
            lambda config: (
                config.task.source == "generator"
                or (config.task.source == "memory" and config.task.order != "plain")
            ),
            registers=("seed_sample",),
            form="the source of samples",
        ),
        Option(
            "drawn parameters",
            'network.parameters = ""',
            ("network.parameters",),
            lambda config: not config.network.parameters,
            registers=("seed_initial",),
            form="the initializer: a random register in place of a memory",
        ),
        Option(
            "stochastic rounding",
            'learning.rounding = "stochastic"',
            ("learning.rounding",),
            lambda config: config.rounding is Rounding.STOCHASTIC,
            registers=("seed_dither",),
            form="the block that makes updates",
        ),
        Option(
            "shuffled order",
            'perturbation.order = "shuffled"',
            ("perturbation.order",),
            lambda config: config.perturbation.order == "shuffled",
            (
                _apart(
                    "random codes",
                    "Walsh codes",
                    "external codes",
                    text='needs family = "sequential", "sinusoidal" or "square"; the others perturb all'
                    " at once",
                ),
            ),
            form="the order of turns or of frequencies, a table of the code",
        ),
        Option(
            "sign flip",
            "perturbation.sign_flip = true",
            ("perturbation.sign_flip",),
            lambda config: config.perturbation.sign_flip,
            (
                _apart(
                    "random codes",
                    "sequential codes",
                    "loaded codes",
                    text='needs family = "walsh"; other codes have no period to reverse',
                ),
            ),
            form="the code: one bit more in its counter",
        ),
        Option(
            "two-sided",
            'learning.measure = "two_sided"',
            ("learning.measure",),
            lambda config: config.two_sided,
            form="the measurements of a step, in the sequencer, and the baseline",
        ),
        Option(
            "delayed updates",
            'learning.updates = "delayed"',
            ("learning.updates",),
            lambda config: config.never_waits,
            # A code word is in its cell from before the measurement until after the update.
            (
                _apart(
                    "loaded codes",
                    text='must be "exact" for {family} codes: a cell holds one code word at a time',
                ),
            ),
            form="the schedule, and what the network sees of the parameters",
        ),
        # A bank has no copy that could lag behind: its sweeps take an older update.
        Option(
            "delayed sweeps",
            'learning.updates = "delayed" with engine.kind = "bank"',
            ("learning.updates", "engine.kind"),
            lambda config: config.sweeps_ahead,
            (
                _apart(
                    "sparse codes",
                    "layer by layer",
                    text='must be "exact" in a bank with {other}: of two steps it knows what rests',
                ),
            ),
            form="the schedule of sweeps, and whose update their words take",
        ),
        Option(
            "shadow",
            'engine.shadow = "yes"',
            _SHADOW_KEYS,
            lambda config: config.shadow,
            form="what the network sees of the parameters",
        ),
        Option(
            "no shadow",
            'engine.shadow = "no"',
            ("engine.shadow",),
            lambda config: config.engine.shadow == "no",
            (_apart("delayed updates", text="{other} need the shadow copy"),),
            form="what the network sees of the parameters",
        ),
        # Only a shadow copy can lag behind T, and only where T stands still can it come nearer.
        Option(
            "follower",
            "learning.follow above 0",
            ("learning.follow",),
            lambda config: config.follow > 0,
            (
                _apart("delayed updates", text='updates must be "exact" for a copy that follows'),
                _apart("serial cells", text='engine.cell must be "parallel" for a copy that follows'),
                _apart("no shadow", text='needs the shadow copy; engine.shadow must be "auto" or "yes"'),
            ),
            form="what the network sees of the parameters",
            states=("copy",),
        ),
        # A serial cell holds one copy of its parameter, so it changes where the network sees it.
        Option(
            "serial cells",
            'engine.cell = "serial"',
            ("engine.cell",),
            lambda config: config.serial,
            (
                _apart("loaded codes", text='must be "parallel" for {family} codes'),
                _apart("shadow", text=_NO_COPY),
            ),
            form="the engine",
        ),
        # Words pass in the order of their addresses, once a step: no other order, nothing between two steps.
        Option(
            "bank",
            'engine.kind = "bank"',
            ("engine.kind",),
            lambda config: config.bank,
            (
                _apart(
                    "loaded codes",
                    text='must be "array" for {family} codes: a bank makes a code of index and step alone',
                ),
                _apart("shadow", text="a bank " + _NO_COPY),
                _apart(
                    "serial cells",
                    "early enables",
                    "no leaves",
                    "small leaves",
                    "resets",
                    text='must be "array" with {other}, which a bank has no cells for',
                ),
                _apart(
                    "stuck parameters", text='must be "array" with {other}: all words of a lane learn alike'
                ),
                _apart(
                    "decay",
                    "noise of updates",
                    text='must be "array" with {other}: a word takes one word of an update, as it comes by',
                ),
                _apart(
                    "halving", "analog", text='must be "array" with {other}: both sides are measured at once'
                ),
            ),
            form="the engine, and the network",
        ),
        # Its memory gives one input a clock, of the sample that a sweep asks for.
        Option(
            "sample memory",
            'engine.sample = "memory"',
            ("engine.sample",),
            lambda config: config.paged,
            (
                _apart(
                    "device outside",
                    text='must be "registers" with {other}, which takes all inputs at once',
                ),
                _apart("retry", text='must be "registers" with {other}: a stream does not begin anew'),
                _apart(
                    "host",
                    text='must be "registers" with host.{other}: its registers and ports hold whole samples',
                ),
            ),
            form="what keeps a sample, and its port",
        ),
        # A word that follows another at once would meet a rail that does not know of it yet.
        Option(
            "early enables",
            'engine.enables = "early"',
            ("engine.enables",),
            lambda config: config.early,
            (
                _apart("loaded codes", text='must be "direct" for {family} codes'),
                _apart("serial cells", text='needs cell = "parallel": serial cells are always early'),
                _apart("shadow", text=_NO_COPY),
            ),
            form="the cells",
        ),
        Option(
            "no leaves",
            'engine.leaves = "no"',
            ("engine.leaves",),
            lambda c: c.engine.leaves == "no",
            form="the array: the way to the cells",
        ),
        # The memory of serial cells is one for a tile of 64.
        Option(
            "small leaves",
            "engine.leaf_cells below 64",
            ("engine.leaf_cells",),
            lambda config: config.leaf_cells < 64,
            (_apart("serial cells", "no leaves", text="must be 64 with {every}"),),
            form="the array: the way to the cells",
        ),
        Option(
            "resets",
            'engine.reset = "yes"',
            ("engine.reset",),
            lambda config: config.resets,
            (_apart("serial cells", text='must be "no" for serial cells, which a start clears anyway'),),
            form="the cells",
        ),
        # There is no network, and a measurement takes its own time.
        Option(
            "many stages",
            'engine.stages = "many"',
            ("engine.stages",),
            lambda config: config.staged,
            (_apart("device outside", text='must be "few" with a device outside'),),
            form="registers inside of blocks, and how long they take",
        ),
        Option(
            "references anew",
            'learning.reference = "every_step"',
            ("learning.reference",),
            lambda config: config.reference_each_step,
            (_apart("two-sided", "analog", text='must be "when_due" with {other}'),),
            form="the sequencer: when C0 is measured",
        ),
        # A weight's input is that of the last reference, and its update takes several words.
        Option(
            "node by node",
            'perturbation.granularity = "node"',
            ("perturbation.granularity",),
            lambda config: config.nodes,
            (
                _apart(
                    "serial cells", "sequential codes", "loaded codes", text='must be "network" with {other}'
                ),
                _apart(
                    "delayed updates",
                    "analog",
                    "follower",
                    "early enables",
                    "noise of updates",
                    "stuck parameters",
                    text="does not go with {other}",
                ),
            ),
            form="the engine",
        ),
        Option(
            "clamp",
            "learning.clamp above 0",
            ("learning.clamp",),
            lambda config: config.learning.clamp > 0,
            (_apart("serial cells", text="must be 0 with {other}"),),
            form="the cells: where their rail is",
        ),
        Option(
            "stuck parameters",
            "imperfections.stuck above 0",
            ("imperfections.stuck",),
            lambda config: config.some_stuck,
            (_apart("loaded codes", "early enables", "serial cells", text="must be 0 with {other}"),),
            form="the cells",
        ),
        # Nothing is known of what is inside, and every measurement takes its own time.
        Option(
            "device outside",
            'device.kind = "outside"',
            ("device.kind",),
            lambda config: config.outside,
            (
                _apart(
                    "delayed updates",
                    "delayed sweeps",
                    text='updates must be "exact" with a device outside',
                ),
                _apart("node by node", text='granularity must be "network" or "layer" with a device outside'),
            ),
            registers=(
                "device_settle",
                "device_pause",
                "device_time_out",
                "device_average",
                "device_repeats",
                "device_give_up",
            ),
            form="what stands in place of the network",
        ),
        Option(
            "legal readings",
            "device.legal other than []",
            ("device.legal",),
            lambda config: config.outside and bool(config.device.legal),
            registers=("device_low", "device_high"),
            form="the reader: which readings are believed",
        ),
        Option(
            "spread of readings",
            "device.spread above 0",
            ("device.spread",),
            lambda config: config.outside and config.device.spread > 0,
            registers=("device_spread",),
            form="the reader: which readings are believed",
        ),
        Option(
            "stuck readings",
            "device.stuck above 0",
            ("device.stuck",),
            lambda config: config.outside and config.device.stuck > 0,
            registers=("device_stuck",),
            form="the reader: which readings are believed",
        ),
        Option(
            "second cost",
            "device.second_weight above 0",
            ("device.second_weight",),
            lambda config: config.second_cost,
            registers=("device_second",),
            form="what stands in place of the network: a cost beside its outputs",
        ),
        Option(
            "SPI DAC",
            'dac.part other than "none"',
            ("dac.part",),
            lambda config: config.spi_dac,
            form="what parameters go out through",
        ),
        Option(
            "SPI ADC",
            'adc.part other than "none"',
            ("adc.part",),
            lambda config: config.spi_adc,
            form="what readings come in through",
        ),
        # ---- links: what is added to the chains of a step ------------------------------------------------
        # The high-pass sees one cost a step.
        Option(
            "analog",
            'learning.algorithm = "analog"',
            ("learning.algorithm",),
            lambda config: config.analog,
            (
                _apart("two-sided", text='takes one cost a step; measure must be "one_sided"'),
                _apart("delayed updates", text='updates must be "exact"'),
                _apart("serial cells", text='engine.cell must be "parallel"'),
            ),
            registers=("high_pass",),
            states=("high_passed",),
            clocks={"change": 2},
        ),
        Option(
            "annealing",
            "learning.anneal_every above 0",
            ("learning.anneal_every",),
            lambda config: config.annealed,
            registers=("last_shift", "anneal_every"),
        ),
        # An amplitude belongs to a whole hold.
        Option(
            "halving",
            "perturbation.halve_every above 0",
            ("perturbation.halve_every",),
            lambda config: config.perturbation.halve_every > 0,
            (
                _apart(
                    "analog",
                    "delayed updates",
                    "serial cells",
                    "loaded codes",
                    "sequential codes",
                    "sparse codes",
                    "node by node",
                    text="must be 0 with {other}",
                ),
            ),
            registers=("halve_every",),
        ),
        Option(
            "gate",
            "cost.limit or cost.gate above 0",
            ("cost.limit", "cost.gate"),
            lambda c: c.gated,
            registers=("change_limit", "change_gate"),
            states=("gated",),
            clocks={"change": 1},
        ),
        Option(
            "noise of costs",
            "imperfections.cost_noise above 0",
            ("imperfections.cost_noise",),
            lambda config: config.cost_noisy,
            (_apart("analog", text='must be 0 with algorithm "analog"'),),
            registers=("cost_noise", "seed_cost_noise"),
            clocks={"meter": 1},
        ),
        # Its words need clocks of their own, and cells that look at the word of the clock before.
        Option(
            "decay",
            "learning.decay above 0",
            ("learning.decay",),
            lambda config: config.decays,
            (
                _apart(
                    "delayed updates",
                    "serial cells",
                    "early enables",
                    "loaded codes",
                    "sparse codes",
                    "node by node",
                    text="must be 0 with {other}",
                ),
            ),
            registers=("weight_decay", "seed_decay"),
            clocks={"tail": 4},
        ),
        Option(
            "noise of updates",
            "imperfections.update_noise above 0",
            ("imperfections.update_noise",),
            lambda config: config.update_noisy,
            (
                _apart(
                    "delayed updates",
                    "serial cells",
                    "early enables",
                    "loaded codes",
                    text="must be 0 with {other}",
                ),
            ),
            registers=("update_noise", "seed_update_noise"),
            clocks={"tail": 1},
        ),
        Option(
            "independent noise",
            'imperfections.update_noise_kind = "independent" with update_noise above 0',
            ("imperfections.update_noise_kind", "imperfections.update_noise"),
            lambda config: config.independent_noise,
            (
                _apart(
                    "sequential codes",
                    text='must be "common" with sequential codes, whose wires cannot give each cell a sign',
                ),
            ),
            form="the noise of updates: a code of its own",
            registers=("seed_noise_code",),
            clocks={"tail": 1},
        ),
        # Noise needs cells that are all active.
        Option(
            "sparse codes",
            "perturbation.share below 1",
            ("perturbation.share",),
            lambda config: config.sparse,
            (
                _apart(
                    "Walsh codes", "sequential codes", "loaded codes", text="must be 1 with {family} codes"
                ),
                _apart("layer by layer", "node by node", "serial cells", text="must be 1 with {other}"),
                _apart("noise of updates", text="must be 1 with imperfections.update_noise"),
            ),
            registers=("seed_sparse",),
            states=("active",),
        ),
        Option(
            "layer by layer",
            'perturbation.granularity = "layer"',
            ("perturbation.granularity",),
            lambda config: config.layerwise,
            (
                _apart(
                    "serial cells", "sequential codes", "loaded codes", text='must be "network" with {other}'
                ),
            ),
            registers=("tau_layer",),
        ),
        # Some algorithms make no measurement at rest.
        Option(
            "accuracy",
            "task.accuracy = true",
            ("task.accuracy",),
            lambda config: config.task.accuracy,
            (
                _apart(
                    "two-sided",
                    "analog",
                    text="judges the network at rest, which {other} never shows; must be false",
                ),
            ),
            states=("judged_count", "right_count"),
        ),
        Option(
            "judge",
            'judge.kind = "window"',
            ("judge.kind",),
            lambda config: config.judged,
            (
                _apart(
                    "analog",
                    text='judges by C0, which algorithm "analog" never measures; must be "none"',
                ),
            ),
            states=("solved",),
        ),
        # Nobody outside knows that a try ended, so what comes from there would go on.
        Option(
            "retry",
            "judge.retry above 0",
            ("judge.retry",),
            lambda config: config.retries,
            (_apart("external codes", text="must be 0 with {other}: codes from outside do not begin anew"),),
            around="runs of trainers that do not try again, mgd_sim.retry",
        ),
        Option(
            "inference",
            'network.inference = "yes"',
            ("network.inference",),
            lambda config: config.inference,
            (_apart("device outside", text='must be "no" with {other}, which answers by itself'),),
            around="what a trainer is asked beside its steps, mgd_sim.trainer.Trainer.infer",
        ),
        Option(
            "access",
            'engine.access = "yes"',
            ("engine.access",),
            lambda config: config.access,
            around="T and what the network sees of it, at hand in every step: mgd_sim.trainer",
        ),
        Option(
            "host",
            'host.bus other than "none"',
            ("host.bus",),
            lambda config: config.on_bus,
            around="nothing: it only shows what there is",
        ),
    )
}


def asked_for(config: Asked) -> Iterator[Option]:
    """The options that a configuration has."""
    return (option for option in OPTIONS.values() if option.on(config))


def added_clocks(config: Asked, chain: Chain) -> int:
    """What all options together add to a chain."""
    return sum(option.clocks.get(chain, 0) for option in asked_for(config))


@cache
def owner(name: str) -> Option | None:
    """The option without which there is no such register or state; None: every trainer has it."""
    return next((option for option in OPTIONS.values() if name in (*option.registers, *option.states)), None)
