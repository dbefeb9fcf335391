"""What does not fit together: limits that involve more than one key.

Each relation names the keys it reads and yields the problems it finds. One whose keys already have a
problem is not asked, so that a single mistake is reported once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from functools import partial

from .codes import LFSR, SparseCode
from .derived import Derived
from .errors import Problem, shown
from .names import SIGNALS
from .number import UQ, Rounding, power_of_two
from .registers import Registers
from .sections import HIGH_PASS

__all__ = ["relation_problems"]

MAX_WIRES = 65_000  # into one module, beside its few others; Amaranth takes 2**16 input bits
MAX_LEARNING_SHIFT = 40
MAX_CURVE_FRACTION = 16
WORD = 63  # bits of the widest signed word, so that every sum fits the 64-bit integers of the twin

_Check = Callable[["Derived"], Iterator[Problem]]


@dataclass(frozen=True)
class _Relation:
    keys: tuple[str, ...]
    check: _Check


_RELATIONS: list[_Relation] = []


def _relation(*keys: str) -> Callable[[_Check], _Check]:
    def register(check: _Check) -> _Check:
        _RELATIONS.append(_Relation(keys, check))
        return check

    return register


def relation_problems(config: Derived, bad: Iterable[str]) -> list[Problem]:
    """All problems between keys, given the keys (or sections) that are ``bad`` on their own."""
    known_bad, problems = set(bad), []
    for relation in _RELATIONS:
        sections = {key.partition(".")[0] for key in relation.keys}
        if known_bad.isdisjoint(sections) and known_bad.isdisjoint(relation.keys):
            for problem in relation.check(config):
                problems.append(problem)
                known_bad.add(problem.key.partition("[")[0])
    return problems


# ---- the name ------------------------------------------------------------------------------------


@_relation("name")
def _name(config: Derived) -> Iterator[Problem]:
    if config.name in SIGNALS or config.name in {register.name for register in fields(Registers)}:
        yield Problem("name", shown(config.name), "is a signal of trainers; must be another name")


# ---- the network ---------------------------------------------------------------------------------


@_relation("network.layers", "network.activation")
def _activations_per_layer(config: Derived) -> Iterator[Problem]:
    yield from _one_per_layer(config, "activation")


@_relation("network.layers", "network.initial")
def _initials_per_layer(config: Derived) -> Iterator[Problem]:
    yield from _one_per_layer(config, "initial")


def _one_per_layer(config: Derived, key: str) -> Iterator[Problem]:
    given, count = getattr(config.network, key), len(config.network.layers) - 1
    if isinstance(given, tuple) and len(given) != count:
        yield Problem(
            f"network.{key}",
            shown(given),
            f"must be a single one, or a list of {count}: one for each layer behind the inputs",
        )


@_relation("network.layers", "network.activation", "imperfections.activation_spread")
def _spread(config: Derived) -> Iterator[Problem]:
    """Defects are in the tables, and these have none."""
    spread = config.imperfections.activation_spread
    if not spread:
        return
    without = [layer.activation for layer in config.shape.layers if layer.table is None]
    if without:
        yield Problem(
            "imperfections.activation_spread",
            shown(spread),
            f"must be 0 with activation {shown(without[0])};"
            ' "sigmoid" and "tanh" have a table for each neuron',
        )


# ---- the task ------------------------------------------------------------------------------------


@_relation("network.layers", "task.name")
def _shape(config: Derived) -> Iterator[Problem]:
    task = config.shape.task_data
    if task.inputs is None or task.outputs is None:
        return  # whatever the network has
    if (config.inputs, config.outputs) != (task.inputs, task.outputs):
        yield Problem(
            "network.layers",
            shown(config.network.layers),
            f"task {shown(task.name)} has {_count(task.inputs, 'input')}"
            f" and {_count(task.outputs, 'output')}; must be [{task.inputs}, ..., {task.outputs}]",
        )


@_relation("task.name", "task.source")
def _source(config: Derived) -> Iterator[Problem]:
    task, source = config.shape.task_data, config.task.source
    if task.external and source != "stream":
        allowed = f'task {shown(task.name)} has no samples of its own; must be "stream"'
    elif source == "generator" and task.generator is None:
        allowed = f'task {shown(task.name)} has no on-chip generator; must be "memory" or "stream"'
    elif source == "memory" and task.stored is None:
        allowed = f'task {shown(task.name)} does not fit on-chip memory; must be "generator" or "stream"'
    else:
        return
    yield Problem("task.source", shown(source), allowed)


@_relation("task.source", "formats.input")
def _task_inputs(config: Derived) -> Iterator[Problem]:
    if config.task.source != "stream" and config.formats.input != UQ(1, 0):
        yield Problem(
            "formats.input",
            str(config.formats.input),
            f"must be UQ(1, 0): a {config.task.source} has one-bit inputs",
        )


@_relation("task.source", "formats.target")
def _task_targets(config: Derived) -> Iterator[Problem]:
    target = config.formats.target
    if config.task.source != "stream" and target.max < 1 << target.fraction_bits:
        yield Problem(
            "formats.target", str(target), f"must hold 0 and 1, the targets of a {config.task.source}"
        )


@_relation("task.accuracy", "learning.measure", "learning.algorithm")
def _accuracy(config: Derived) -> Iterator[Problem]:
    """Some algorithms make no measurement at rest."""
    other = 'measure = "two_sided"' if config.two_sided else 'algorithm = "analog"'
    if config.task.accuracy and (config.two_sided or config.analog):
        yield Problem(
            "task.accuracy",
            "true",
            f"judges the network at rest, which {other} never shows; must be false",
        )


@_relation("perturbation.family", "perturbation.order")
def _turns(config: Derived) -> Iterator[Problem]:
    families = ("sequential", "sinusoidal", "square")
    if config.perturbation.order == "shuffled" and config.perturbation.family not in families:
        yield Problem(
            "perturbation.order",
            '"shuffled"',
            'needs family = "sequential", "sinusoidal" or "square"; the others perturb all at once',
        )


@_relation(
    "perturbation.share", "perturbation.family", "perturbation.granularity", "engine.cell",
    "imperfections.update_noise",
)  # fmt: skip
def _share(config: Derived) -> Iterator[Problem]:
    """Wires for at most so many registers; noise needs cells that are all active."""
    if not config.sparse:
        return
    most = len(SparseCode.PAIRS)
    family = config.perturbation.family
    if family != "random_code":
        allowed = f"must be 1 with {family} codes"
    elif config.halvings > most:
        allowed = f"must be 2**-{most} to 1"
    elif config.layerwise or config.nodes:
        allowed = f"must be 1 with granularity = {shown(config.perturbation.granularity)}"
    elif config.serial:
        allowed = 'must be 1 with cell = "serial"'
    elif config.update_noisy:
        allowed = "must be 1 with imperfections.update_noise"
    else:
        return
    yield Problem("perturbation.share", _snapped(config.perturbation.share), allowed)


@_relation("perturbation.family", "perturbation.sign_flip")
def _sign_flip(config: Derived) -> Iterator[Problem]:
    if config.perturbation.sign_flip and config.perturbation.family != "walsh":
        yield Problem(
            "perturbation.sign_flip", "true", 'needs family = "walsh"; other codes have no period to reverse'
        )


@_relation("perturbation.family", "perturbation.resolution")
def _resolution(config: Derived) -> Iterator[Problem]:
    if config.perturbation.family == "sinusoidal" and config.perturbation.resolution == 1:
        yield Problem(
            "perturbation.resolution", "1", 'must be 2 or more for sinusoids; family = "square" is their sign'
        )


@_relation("perturbation.family", "learning.updates", "engine.cell", "engine.enables")
def _loaded(config: Derived) -> Iterator[Problem]:
    """A code word is in its cell from before the measurement until after the update."""
    family = config.perturbation.family
    if config.loaded and config.delayed:
        yield Problem(
            "learning.updates",
            '"delayed"',
            f'must be "exact" for {family} codes: a cell holds one code word at a time',
        )
    if config.loaded and config.serial:
        yield Problem("engine.cell", '"serial"', f'must be "parallel" for {family} codes')
    if config.loaded and config.early:
        yield Problem("engine.enables", '"early"', f'must be "direct" for {family} codes')


@_relation("engine.cell", "engine.leaves", "engine.leaf_cells")
def _leaf_cells(config: Derived) -> Iterator[Problem]:
    """The memory of serial cells is one for a tile of 64."""
    cells = config.leaf_cells
    kinds = {'cell = "serial"': config.serial, 'leaves = "no"': config.engine.leaves == "no"}
    found = " and ".join(text for text, so in kinds.items() if so)
    if found and cells != 64:
        yield Problem("engine.leaf_cells", shown(cells), f"must be 64 with {found}")


@_relation(
    "formats.parameter", "perturbation.family", "perturbation.granularity", "perturbation.resolution"
)  # fmt: skip
def _update_fits(config: Derived) -> Iterator[Problem]:
    """D is ``words - 1`` bits narrower than the widest word."""
    least = config.words.multiples + 2
    if config.words.parameter.width < least:
        what = "inputs" if config.nodes else "codes"
        yield Problem(
            "formats.parameter",
            str(config.words.parameter),
            f"must have {least} bits or more for {what} of {config.words.multiples} bits",
        )


@_relation("perturbation.granularity", "perturbation.family", "engine.cell")
def _granularity(config: Derived) -> Iterator[Problem]:
    granularity = config.perturbation.granularity
    if granularity != "network" and (config.sequential or config.loaded or config.serial):
        other = 'cell = "serial"' if config.serial else f"family = {shown(config.perturbation.family)}"
        yield Problem("perturbation.granularity", shown(granularity), f'must be "network" with {other}')


@_relation(
    "perturbation.granularity", "learning.updates", "learning.algorithm", "learning.follow", "engine.enables",
    "imperfections.update_noise", "imperfections.stuck",
)  # fmt: skip
def _nodes(config: Derived) -> Iterator[Problem]:
    """A weight's input is that of the last reference, and its update takes several words."""
    if not config.nodes:
        return
    others = {
        'updates = "delayed"': config.delayed,
        'algorithm = "analog"': config.analog,
        "follow above 0": config.follow > 0,
        'enables = "early"': config.early,
        "update_noise above 0": config.update_noisy,
        "stuck above 0": config.some_stuck,
    }
    for other, chosen in others.items():
        if chosen:
            yield Problem("perturbation.granularity", '"node"', f"does not go with {other}")


@_relation("perturbation.granularity", "learning.tau_x", "learning.tau_p")
def _node_times(config: Derived) -> Iterator[Problem]:
    """The cost changes of one perturbation meet the inputs of one sample."""
    tau_x, tau_p = config.learning.tau_x, config.learning.tau_p
    if config.nodes and tau_x % tau_p:
        yield Problem(
            "learning.tau_x", str(tau_x), f'must be a multiple of tau_p = {tau_p} with granularity = "node"'
        )


@_relation("perturbation.granularity", "perturbation.tau_layer", "learning.tau_bits")
def _tau_layer(config: Derived) -> Iterator[Problem]:
    turns, bits = config.perturbation.tau_layer, config.learning.tau_bits
    if turns >= 1 << bits:
        allowed = f"must be below 2**{bits} (learning.tau_bits = {bits})"
        yield Problem("perturbation.tau_layer", str(turns), allowed)
    elif turns > 1 and not config.layerwise:
        yield Problem("perturbation.tau_layer", str(turns), 'needs granularity = "layer"')


# ---- the words -----------------------------------------------------------------------------------


@_relation("formats.target", "formats.activation_fraction")
def _target_fraction(config: Derived) -> Iterator[Problem]:
    target, fraction = config.formats.target, config.formats.activation_fraction
    if target.fraction_bits > fraction:
        yield Problem(
            "formats.target",
            str(target),
            f"must have at most activation_fraction = {fraction} fraction bits",
        )


@_relation("formats.parameter", "perturbation.amplitude")
def _amplitude(config: Derived) -> Iterator[Problem]:
    """At least the sign is visible, and the last visible bit is worth a last bit of T or more."""
    parameter = config.words.parameter
    if not 3 - parameter.integer_bits <= config.amplitude_shift <= parameter.fraction_bits + 2:
        yield Problem(
            "perturbation.amplitude",
            _snapped(config.perturbation.amplitude),
            f"must be 2**-{parameter.fraction_bits + 2} to 2**{parameter.integer_bits - 3}"
            f" with formats.parameter = {parameter}",
        )


@_relation("network.layers")
def _parameters(config: Derived) -> Iterator[Problem]:
    most = config.facts.largest
    if config.parameters > most:
        yield Problem(
            "network.layers",
            shown(config.network.layers),
            f"has {config.parameters} parameters; the array engine takes at most {most}",
        )


_FORWARD = (
    "network.layers", "network.activation", "formats.parameter", "perturbation.amplitude", "formats.input",
    "formats.activation_fraction", "formats.relu_integer_bits", "formats.linear_integer_bits",
    "formats.segment_bits", "imperfections.activation_spread",
)  # fmt: skip


@_relation(*_FORWARD, "perturbation.granularity", "perturbation.resolution")
def _node_resolution(config: Derived) -> Iterator[Problem]:
    """At least half of the least integer bit counts, or a sigmoid's output would always be 0."""
    if not config.nodes:
        return
    least, resolution = config.words.input_bits + 1, config.perturbation.resolution
    if resolution < least:
        yield Problem(
            "perturbation.resolution",
            str(resolution),
            f'must be {least} or more with granularity = "node" and inputs of up to {config.words.input_bits}'
            " integer bits",
        )


@_relation(*_FORWARD, "engine.cell")
def _wires(config: Derived) -> Iterator[Problem]:
    """The parameters of a neuron, or one bit of each, and its inputs enter it at once."""
    for layer in config.shape.layers:
        each, inputs = config.words.weight_wires, layer.inputs * layer.input.width
        if (layer.inputs + 1) * each + inputs > MAX_WIRES:
            yield Problem(
                "network.layers",
                shown(config.network.layers),
                f"a neuron of layer {layer.index} has {layer.inputs} inputs of {layer.input.width} bits and"
                f" parameters of {each}; at most {(MAX_WIRES - each) // (each + layer.input.width)} inputs",
            )
            return


@_relation("network.layers", "formats.input", "formats.target")
def _sample_width(config: Derived) -> Iterator[Problem]:
    """A sample passes as one word."""
    formats = config.formats
    width = config.inputs * formats.input.width + config.outputs * formats.target.width
    if width > MAX_WIRES:
        yield Problem(
            "network.layers",
            shown(config.network.layers),
            f"a sample has {width} bits in formats.input and formats.target; at most {MAX_WIRES}",
        )


@_relation("formats.parameter", "network.layers", "network.initial")
def _initial(config: Derived) -> Iterator[Problem]:
    """Random words of T's width, shifted right by at least one bit, with at least one bit left."""
    parameter, initial = config.words.parameter, config.network.initial
    entries = enumerate(initial) if isinstance(initial, tuple) else [(None, initial)]
    for index, entry in entries:
        if not -parameter.fraction_bits <= power_of_two(entry) <= parameter.integer_bits - 2:
            yield Problem(
                "network.initial" + ("" if index is None else f"[{index}]"),
                _snapped(entry),
                f"must be 2**-{parameter.fraction_bits} to 2**{parameter.integer_bits - 2},"
                f" half the range of formats.parameter = {parameter}",
            )


@_relation("learning.rate")
def _rate(config: Derived) -> Iterator[Problem]:
    if not 0 <= config.learning_shift <= MAX_LEARNING_SHIFT:
        yield Problem(
            "learning.rate", _snapped(config.learning.rate), f"must be 2**-{MAX_LEARNING_SHIFT} to 1"
        )


_GAIN = (
    "formats.parameter", "formats.cost_change", "perturbation.amplitude", "perturbation.family",
    "perturbation.granularity", "perturbation.resolution", "perturbation.share", "learning.measure",
    "learning.size",
)  # fmt: skip


@_relation(*_GAIN, "learning.rate", "learning.rounding")
def _carry(config: Derived) -> Iterator[Problem]:
    """``carry`` never shifts right: T's last bit is worth no more than the last bit of an update."""
    more = config.learning_shift - config.levels.gain
    if config.rounding is Rounding.CARRY and more > 0:
        yield Problem(
            "learning.rate",
            _snapped(config.learning.rate),
            f"must be 2**-{config.levels.gain} or more with formats.parameter = {config.words.parameter}"
            if config.sign_only
            else f'rounding "carry" needs {_count(more, "more fraction bit")} in formats.parameter,'
            f" {more} fewer in formats.cost_change, or another rounding",
        )


@_relation("learning.size", "learning.rounding")
def _sign(config: Derived) -> Iterator[Problem]:
    if config.sign_only and config.rounding is not Rounding.CARRY:
        yield Problem(
            "learning.rounding", shown(config.learning.rounding), 'must be "carry" with size = "sign"'
        )


@_relation(*_GAIN, "learning.rate", "learning.rounding", "learning.anneal_every", "learning.last_rate")
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
    yield Problem("learning.last_rate", _snapped(last), allowed)


@_relation(*_GAIN, "formats.hold_bits", "learning.rate", "learning.rounding")
def _update_vanishes(config: Derived) -> Iterator[Problem]:
    """Updates are shifted right by k - gain; past the width of the sum nothing of it is left."""
    dropped, width = config.learning_shift - config.levels.gain, config.words.hold.width
    if dropped >= width:
        yield Problem(
            "learning.rate",
            _snapped(config.learning.rate),
            f"is too small: updates would drop {dropped} bits of a sum of {width};"
            " raise it, or the fraction bits of formats.parameter",
        )
    elif (
        config.rounding is Rounding.STOCHASTIC
        and config.levels.max_learning_shift - config.levels.gain > LFSR.leap
    ):
        yield Problem(
            "learning.rate",
            _snapped(config.learning.rate),
            f"must be at least 2**-{LFSR.leap + config.levels.gain - 4}: stochastic rounding has a dither of"
            f" {LFSR.leap} bits, of which 4 serve smaller rates at run time",
        )


@_relation(*_GAIN, "formats.hold_bits", "perturbation.halve_every", "perturbation.last_amplitude")
def _update_width(config: Derived) -> Iterator[Problem]:
    """-A is one bit wider than A, and the rate 1 shifts it left by the whole gain, and once more each time
    that the amplitude halves.
    """
    width = config.words.hold.width + 1 + max(config.levels.gain + config.halved_updates, 0)
    if width > WORD:
        yield Problem(
            "formats.hold_bits",
            str(config.formats.hold_bits),
            f"updates at rate 1 have {width} bits, at most {WORD}; lower it, or the width of"
            " formats.cost_change or formats.parameter",
        )


@_relation(*_FORWARD)
def _sum_width(config: Derived) -> Iterator[Problem]:
    """The exact sum of a layer, and the sum aligned with the argument of its activation."""
    for layer in config.shape.layers:
        argument = layer.output if layer.table is None else layer.table.argument
        width = layer.sum_integer_bits + max(layer.product.fraction_bits, argument.fraction_bits)
        if width > WORD:
            yield Problem(
                "formats.parameter",
                str(config.words.parameter),
                f"sums of layer {layer.index} need {width} bits, at most {WORD}; use fewer bits in"
                f" {'formats.input' if layer.index == 0 else 'relu_integer_bits or activation_fraction'},"
                " formats.parameter, or a smaller layer",
            )
            return


@_relation(*_FORWARD, "formats.target", "formats.cost_change", "cost.loss")
def _cost_width(config: Derived) -> Iterator[Problem]:
    """The sum of squared errors, each square as wide as two errors, and the cost with a sign."""
    if config.loss != "squared_error":
        return  # far fewer bits than there are
    squares = 2 * config.words.error.width + config.outputs.bit_length()
    width = max(squares, config.words.cost_integer_bits + config.words.cost_change.fraction_bits + 1)
    if width > WORD:
        yield Problem(
            "formats.target",
            str(config.formats.target),
            f"the sum of squared errors needs {width} bits, at most {WORD}; use fewer integer bits in"
            " formats.target or relu_integer_bits, or fewer in activation_fraction",
        )


# ---- the judge -----------------------------------------------------------------------------------


@_relation(
    *_FORWARD,
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


@_relation("judge.kind", "learning.algorithm")
def _judge_costs(config: Derived) -> Iterator[Problem]:
    if config.judged and config.analog:
        yield Problem(
            "judge.kind",
            shown(config.judge.kind),
            'judges by C0, which algorithm "analog" never measures; must be "none"',
        )


@_relation("judge.window", "judge.misses")
def _judge_misses(config: Derived) -> Iterator[Problem]:
    if config.judge.misses >= config.judge.window:
        yield Problem(
            "judge.misses",
            str(config.judge.misses),
            f"must be below judge.window = {config.judge.window}",
        )


@_relation("judge.kind", "judge.window", "task.name", "task.source")
def _judge_window(config: Derived) -> Iterator[Problem]:
    """A window that cannot hold all samples would judge by some of them."""
    count = config.shape.task_data.count or 0
    if config.judged and config.task.source == "memory" and count > config.judge.window:
        yield Problem(
            "judge.window", str(config.judge.window), f"must be at least {count}, the number of samples"
        )


@_relation("learning.algorithm", "imperfections.cost_noise")
def _analog_noise(config: Derived) -> Iterator[Problem]:
    if config.cost_noisy and config.analog:
        yield Problem(
            "imperfections.cost_noise",
            str(config.imperfections.cost_noise),
            'must be 0 with algorithm "analog"',
        )


@_relation("formats.cost_change", "imperfections.cost_noise")
def _cost_noise(config: Derived) -> Iterator[Problem]:
    """Its numbers have the deviation 4, so that is the least in last bits of the cost."""
    if config.cost_noisy and config.levels.cost_noise < 1:
        fraction = config.words.cost_change.fraction_bits
        yield Problem(
            "imperfections.cost_noise",
            _snapped(config.imperfections.cost_noise),
            f"must be 2**-{fraction - 2} to 1 with formats.cost_change = {config.words.cost_change}, or 0",
        )


@_relation(
    "formats.parameter", "perturbation.family", "learning.updates", "engine.cell", "engine.enables",
    "imperfections.update_noise", "imperfections.update_noise_kind",
)  # fmt: skip
def _update_noise(config: Derived) -> Iterator[Problem]:
    """Its numbers have the deviation 4 and reach five times as far; its words need clocks of their own."""
    given = config.imperfections
    if not config.update_noisy:
        return
    kinds = {'updates = "delayed"': config.delayed, 'cell = "serial"': config.serial}
    kinds['enables = "early"'] = config.early
    kinds[f'family = "{config.perturbation.family}"'] = config.loaded
    others = [key for key, chosen in kinds.items() if chosen]
    if others:
        other = others[0]
        yield Problem("imperfections.update_noise", shown(given.update_noise), f"must be 0 with {other}")
    elif config.independent_noise and config.sequential:
        yield Problem(
            "imperfections.update_noise_kind",
            '"independent"',
            'must be "common" with sequential codes, whose wires cannot give each cell a sign',
        )
    elif not 1 <= config.levels.update_noise <= config.levels.max_update_noise:
        fraction = config.words.parameter.fraction_bits
        yield Problem(
            "imperfections.update_noise",
            _snapped(given.update_noise),
            f"must be 2**{2 - fraction} to 2**{config.levels.max_update_noise + 1 - fraction} with"
            f" formats.parameter = {config.words.parameter}, or 0",
        )


@_relation("formats.parameter", "learning.clamp", "engine.cell")
def _clamp(config: Derived) -> Iterator[Problem]:
    """The rail is where the top bits of T begin to differ."""
    clamp, word = config.learning.clamp, config.words.parameter
    if clamp and config.serial:
        yield Problem("learning.clamp", shown(clamp), 'must be 0 with cell = "serial"')
    elif clamp and not 0 <= config.levels.rail <= word.width - 2:
        yield Problem(
            "learning.clamp",
            _snapped(clamp),
            f"must be 2**-{word.fraction_bits} to 2**{word.integer_bits - 2} with formats.parameter = {word},"
            " or 0",
        )


@_relation(
    "formats.parameter", "perturbation.family", "perturbation.share", "perturbation.granularity",
    "learning.updates", "learning.decay", "engine.cell", "engine.enables",
)  # fmt: skip
def _decay(config: Derived) -> Iterator[Problem]:
    """Its words need clocks of their own, and cells that look at the word of the clock before."""
    kinds = {'updates = "delayed"': config.delayed, 'cell = "serial"': config.serial}
    kinds['enables = "early"'] = config.early
    kinds[f'family = "{config.perturbation.family}"'] = config.loaded
    kinds[f"share = {config.perturbation.share}"] = config.sparse
    kinds['granularity = "node"'] = config.nodes
    others = [key for key, chosen in kinds.items() if chosen]
    if config.decays and others:
        yield Problem("learning.decay", shown(config.learning.decay), f"must be 0 with {others[0]}")
    elif config.decays and not 1 <= config.levels.weight_decay <= config.levels.max_weight_decay:
        yield Problem(
            "learning.decay",
            _snapped(config.learning.decay),
            f"must be 2**-{config.levels.max_weight_decay} to 2**-1 with formats.parameter ="
            f" {config.words.parameter}, or 0",
        )


@_relation(
    "perturbation.family", "perturbation.share", "perturbation.granularity", "perturbation.amplitude",
    "perturbation.halve_every",
    "perturbation.last_amplitude", "learning.algorithm", "learning.updates", "engine.cell",
    "learning.size",
)  # fmt: skip
def _shrinks(config: Derived) -> Iterator[Problem]:
    """An amplitude belongs to a whole hold, and takes a bit of the weights for each time that it halves."""
    given = config.perturbation
    if not given.halve_every:
        if given.last_amplitude:
            yield Problem(
                "perturbation.last_amplitude", _snapped(given.last_amplitude), "needs halve_every above 0"
            )
        return
    kinds = {'algorithm = "analog"': config.analog, 'updates = "delayed"': config.delayed}
    kinds['cell = "serial"'] = config.serial
    kinds[f'family = "{given.family}"'] = config.loaded or config.sequential
    kinds[f"share = {given.share}"] = config.sparse
    kinds['granularity = "node"'] = config.nodes
    others = [key for key, chosen in kinds.items() if chosen]
    if others:
        yield Problem("perturbation.halve_every", shown(given.halve_every), f"must be 0 with {others[0]}")
    elif not 1 <= config.shrinks <= 2:
        first = config.amplitude_shift
        yield Problem(
            "perturbation.last_amplitude",
            _snapped(given.last_amplitude),
            f"must be a half or a quarter of the amplitude, 2**-{first + 1} or 2**-{first + 2}; or 0",
        )


@_relation("engine.cell", "engine.enables", "perturbation.family", "imperfections.stuck")
def _stuck(config: Derived) -> Iterator[Problem]:
    if config.some_stuck and (config.serial or config.early or config.loaded):
        other = 'enables = "early"' if config.early else 'cell = "serial"'
        if config.loaded:
            other = f'family = "{config.perturbation.family}"'
        stuck = config.imperfections.stuck
        yield Problem("imperfections.stuck", shown(stuck), f"must be 0 with {other}")


# ---- the loss ------------------------------------------------------------------------------------


@_relation("network.layers", "network.activation", "cost.loss")
def _outputs_of_loss(config: Derived) -> Iterator[Problem]:
    """Logits have any size and either sign; a single output needs a sign to be on the wrong side."""
    last = config.last_activation
    if config.loss == "cross_entropy" and last != "linear":
        yield Problem(
            "cost.loss",
            '"cross_entropy"',
            f'takes logits: network.activation must end in "linear", not {shown(last)}',
        )
    elif config.loss == "hinge" and config.outputs == 1 and last not in ("linear", "tanh"):
        yield Problem(
            "cost.loss",
            '"hinge"',
            f"compares a single output with zero: network.activation must end in"
            f' "linear" or "tanh", not {shown(last)}',
        )


@_relation(
    "network.layers", "network.activation", "formats.activation_fraction", "formats.relu_integer_bits",
    "formats.linear_integer_bits", "cost.loss", "cost.margin",
)  # fmt: skip
def _margin(config: Derived) -> Iterator[Problem]:
    output = config.words.output
    if config.loss == "hinge" and not 0 < config.words.margin <= 1 << output.width:
        yield Problem(
            "cost.margin",
            str(config.cost_section.margin),
            f"must be from one last bit of the outputs, 2**-{output.fraction_bits}, to their range,"
            f" 2**{output.integer_bits}",
        )


@_relation("formats.target", "cost.loss")
def _target_class(config: Derived) -> Iterator[Problem]:
    """One and zero must be different targets."""
    target = config.formats.target
    if not config.judges_error and target.max < config.levels.target_threshold:
        yield Problem("formats.target", str(target), f"must hold one half for loss {shown(config.loss)}")


@_relation("formats.cost_change", "cost.limit", "cost.gate")
def _gate(config: Derived) -> Iterator[Problem]:
    """Some changes are let through, and each of the two does something."""
    word, given = config.words.cost_change, config.cost_section
    if given.limit and not 1 <= round(given.limit * 2**word.fraction_bits) <= word.max:
        yield Problem(
            "cost.limit",
            str(given.limit),
            f"must be 2**-{word.fraction_bits} to {word.value(word.max):g} with formats.cost_change = {word},"
            " or 0",
        )
    elif given.gate and not 1 <= round(given.gate * 2**word.fraction_bits) < config.levels.change_limit:
        limit = word.value(config.levels.change_limit)
        yield Problem(
            "cost.gate",
            str(given.gate),
            f"must be from a last bit of C~, 2**-{word.fraction_bits}, to below its limit, {limit:g}; or 0",
        )


@_relation("formats.cost_change", "cost.loss")
def _curve_words(config: Derived) -> Iterator[Problem]:
    """A table's slope times a position fits the integers of the twin."""
    if config.loss == "cross_entropy" and config.words.cost_change.fraction_bits > MAX_CURVE_FRACTION:
        yield Problem(
            "formats.cost_change",
            str(config.words.cost_change),
            f'must have at most {MAX_CURVE_FRACTION} fraction bits for loss "cross_entropy"',
        )


# ---- the times -----------------------------------------------------------------------------------


def _fits_register(key: str, config: Derived) -> Iterator[Problem]:
    steps, bits = getattr(config.learning, key), config.learning.tau_bits
    if steps >= 1 << bits:
        yield Problem(f"learning.{key}", str(steps), f"must be below 2**{bits} (learning.tau_bits = {bits})")


for _key in ("tau_x", "tau_p", "tau_theta"):
    _relation(f"learning.{_key}", "learning.tau_bits")(partial(_fits_register, _key))


@_relation("engine.shadow", "learning.updates", "learning.tau_p", "learning.tau_theta")
def _shadow(config: Derived) -> Iterator[Problem]:
    learning = config.learning
    if config.shadow:
        return
    if config.delayed:
        yield Problem("engine.shadow", '"no"', 'updates = "delayed" need the shadow copy')
    elif learning.tau_p % learning.tau_theta:
        yield Problem(
            "engine.shadow",
            '"no"',
            f"tau_theta = {learning.tau_theta} must divide tau_p = {learning.tau_p} without the shadow copy",
        )


@_relation("learning.algorithm", "learning.measure", "learning.updates", "engine.cell", "learning.tau_x")
def _analog(config: Derived) -> Iterator[Problem]:
    """The high-pass sees one cost a step, and only what changes while a sample stays."""
    if not config.analog:
        return
    if config.two_sided:
        allowed = 'takes one cost a step; measure must be "one_sided"'
    elif config.delayed:
        allowed = 'updates must be "exact"'
    elif config.serial:
        allowed = 'engine.cell must be "parallel"'
    elif config.learning.tau_x == 1:
        yield Problem(
            "learning.tau_x",
            "1",
            'algorithm "analog" blanks every step with a new sample, here all of them; must be 2 or more',
        )
        return
    else:
        return
    yield Problem("learning.algorithm", '"analog"', allowed)


@_relation("learning.reference", "learning.measure", "learning.algorithm")
def _reference(config: Derived) -> Iterator[Problem]:
    if config.anew and (config.two_sided or config.analog):
        other = 'measure = "two_sided"' if config.two_sided else 'algorithm = "analog"'
        yield Problem("learning.reference", '"every_step"', f'must be "when_due" with {other}')


@_relation("learning.algorithm", "learning.tau_hp")
def _high_pass(config: Derived) -> Iterator[Problem]:
    """The coefficient is neither 0, which is deaf, nor 1, which forgets nothing."""
    if config.analog and not 0 < config.levels.high_pass <= HIGH_PASS.max:
        yield Problem(
            "learning.tau_hp",
            str(config.learning.tau_hp),
            f"must be 0.002 to 510: tau_hp / (tau_hp + 1) has {HIGH_PASS.width} bits",
        )


@_relation("learning.follow", "learning.updates", "engine.cell", "engine.shadow")
def _follow(config: Derived) -> Iterator[Problem]:
    """Only a shadow copy can lag behind T, and only where T stands still can it come nearer."""
    if not config.follow:
        return
    if config.delayed:
        allowed = 'updates must be "exact" for a copy that follows'
    elif config.serial:
        allowed = 'engine.cell must be "parallel" for a copy that follows'
    elif config.engine.shadow == "no":
        allowed = 'needs the shadow copy; engine.shadow must be "auto" or "yes"'
    else:
        return
    yield Problem("learning.follow", str(config.follow), allowed)


@_relation(
    "engine.cell", "engine.shadow", "learning.updates", "learning.follow", "learning.tau_p",
    "learning.tau_theta",
)  # fmt: skip
def _serial(config: Derived) -> Iterator[Problem]:
    """A serial cell holds one copy of its parameter, so it changes where the network sees it."""
    if config.serial and config.shadow:
        learning = config.learning
        yield Problem(
            "engine.cell",
            '"serial"',
            f'has no shadow copy: updates must be "exact", and tau_theta = {learning.tau_theta}'
            f" must divide tau_p = {learning.tau_p}",
        )


@_relation(
    "engine.enables",
    "engine.cell",
    "engine.shadow",
    "learning.updates",
    "learning.tau_p",
    "learning.tau_theta",
)
def _enables(config: Derived) -> Iterator[Problem]:
    """A word that follows another at once would meet a rail that does not know of it yet."""
    if not config.early:
        return
    if config.serial:
        yield Problem("engine.enables", '"early"', 'needs cell = "parallel": serial cells are always early')
    elif config.shadow:
        learning = config.learning
        yield Problem(
            "engine.enables",
            '"early"',
            f'has no shadow copy: updates must be "exact", and tau_theta = {learning.tau_theta}'
            f" must divide tau_p = {learning.tau_p}",
        )


@_relation("engine.reset", "engine.cell")
def _reset(config: Derived) -> Iterator[Problem]:
    if config.resets and config.serial:
        yield Problem("engine.reset", '"yes"', 'must be "no" for serial cells, which a start clears anyway')


@_relation("engine.cell", "formats.parameter", "perturbation.amplitude")
def _serial_guard(config: Derived) -> Iterator[Problem]:
    """The two bits of the perturbation take the place of guard bits, and the first passes before them."""
    if config.serial and config.words.guard_bits < 3:
        fraction = config.amplitude_shift + 1
        yield Problem(
            "formats.parameter",
            str(config.words.parameter),
            f"must have at least {fraction} fraction bits for serial cells and this amplitude",
        )


@_relation("learning.updates", "task.name", "task.source", "task.order")
def _sample_every_step(config: Derived) -> Iterator[Problem]:
    """Delayed updates never wait, so a source must never need a second try."""
    task, data = config.task, config.shape.task_data
    tireless = task.source == "memory" and (task.order == "plain" or data.count == 1 << data.index_bits)
    if config.delayed and not tireless:
        yield Problem(
            "learning.updates",
            '"delayed"',
            'needs a sample in every step: task.source = "memory", with 2**n samples or order = "plain"',
        )


def _snapped(value: float) -> str:
    """A number, and the power of two it stands for."""
    return f"{value} (2**{power_of_two(value)})"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)
