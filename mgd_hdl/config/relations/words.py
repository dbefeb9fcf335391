"""What formats and the numbers in them need of each other."""

from __future__ import annotations

from collections.abc import Iterator

from ..attached import Unreadable
from ..codes import SparseCode
from ..derived import Derived
from ..errors import Problem, shown
from ..number import power_of_two
from .relation import FORWARD, GAIN, MAX_WIRES, WORD, Relations, snapped

__all__ = ["RELATIONS"]

MAX_CURVE_FRACTION = 16

RELATIONS = relation = Relations()


@relation("formats.parameter", "perturbation.amplitude")
def _amplitude(config: Derived) -> Iterator[Problem]:
    """At least the sign is visible, and the last visible bit is worth a last bit of T or more."""
    parameter = config.words.parameter
    if not 3 - parameter.integer_bits <= config.amplitude_shift <= parameter.fraction_bits + 2:
        yield Problem(
            "perturbation.amplitude",
            snapped(config.perturbation.amplitude),
            f"must be 2**-{parameter.fraction_bits + 2} to 2**{parameter.integer_bits - 3}"
            f" with formats.parameter = {parameter}",
        )


@relation(*FORWARD, "engine.cell")
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


@relation("perturbation.share", "perturbation.family")
def _share(config: Derived) -> Iterator[Problem]:
    """Wires for at most so many registers."""
    most = len(SparseCode.PAIRS)
    if config.share_shift > most:
        yield Problem("perturbation.share", snapped(config.perturbation.share), f"must be 2**-{most} to 1")


@relation("perturbation.family", "perturbation.resolution")
def _resolution(config: Derived) -> Iterator[Problem]:
    if config.perturbation.family == "sinusoidal" and config.perturbation.resolution == 1:
        yield Problem(
            "perturbation.resolution", "1", 'must be 2 or more for sinusoids; family = "square" is their sign'
        )


@relation(
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


@relation(*FORWARD, "perturbation.granularity", "perturbation.resolution")
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


@relation("formats.target", "formats.activation_fraction")
def _target_fraction(config: Derived) -> Iterator[Problem]:
    target, fraction = config.formats.target, config.formats.activation_fraction
    if target.fraction_bits > fraction:
        yield Problem(
            "formats.target",
            str(target),
            f"must have at most activation_fraction = {fraction} fraction bits",
        )


@relation("formats.parameter", "network.layers", "network.initial")
def _initial(config: Derived) -> Iterator[Problem]:
    """Random words of T's width, shifted right by at least one bit, with at least one bit left."""
    parameter, initial = config.words.parameter, config.network.initial
    entries = enumerate(initial) if isinstance(initial, tuple) else [(None, initial)]
    for index, entry in entries:
        if not -parameter.fraction_bits <= power_of_two(entry) <= parameter.integer_bits - 2:
            yield Problem(
                "network.initial" + ("" if index is None else f"[{index}]"),
                snapped(entry),
                f"must be 2**-{parameter.fraction_bits} to 2**{parameter.integer_bits - 2},"
                f" half the range of formats.parameter = {parameter}",
            )


@relation("network.parameters", "network.layers", "formats.parameter", "learning.clamp")
def _parameters(config: Derived) -> Iterator[Problem]:
    """Of a file: whether it is one, and its shapes are those of the network."""
    if not config.given or config.attached.file("network.parameters") is None:
        return
    try:
        _ = config.given.theta
    except Unreadable as reason:
        yield Problem("network.parameters", shown(config.network.parameters), str(reason))


@relation(*FORWARD)
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


@relation(*FORWARD, "formats.target", "formats.cost_change", "cost.loss")
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


@relation(*GAIN, "formats.hold_bits", "perturbation.halve_every", "perturbation.last_amplitude")
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


@relation(
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


@relation("formats.target", "cost.loss")
def _target_class(config: Derived) -> Iterator[Problem]:
    """One and zero must be different targets."""
    target = config.formats.target
    if not config.judges_error and target.max < config.levels.target_threshold:
        yield Problem("formats.target", str(target), f"must hold one half for loss {shown(config.loss)}")


@relation("formats.cost_change", "cost.limit", "cost.gate")
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


@relation("formats.cost_change", "cost.loss")
def _curve_words(config: Derived) -> Iterator[Problem]:
    """A table's slope times a position fits the integers of the twin."""
    if config.loss == "cross_entropy" and config.words.cost_change.fraction_bits > MAX_CURVE_FRACTION:
        yield Problem(
            "formats.cost_change",
            str(config.words.cost_change),
            f'must have at most {MAX_CURVE_FRACTION} fraction bits for loss "cross_entropy"',
        )


@relation("formats.cost_change", "imperfections.cost_noise")
def _cost_noise(config: Derived) -> Iterator[Problem]:
    """Its numbers have the deviation 4, so that is the least in last bits of the cost."""
    if config.cost_noisy and config.levels.cost_noise < 1:
        fraction = config.words.cost_change.fraction_bits
        yield Problem(
            "imperfections.cost_noise",
            snapped(config.imperfections.cost_noise),
            f"must be 2**-{fraction - 2} to 1 with formats.cost_change = {config.words.cost_change}, or 0",
        )


@relation(
    "formats.parameter",
    "perturbation.family",
    "imperfections.update_noise",
    "imperfections.update_noise_kind",
)
def _update_noise(config: Derived) -> Iterator[Problem]:
    """Its numbers have the deviation 4 and reach five times as far."""
    if config.update_noisy and not 1 <= config.levels.update_noise <= config.levels.max_update_noise:
        fraction = config.words.parameter.fraction_bits
        yield Problem(
            "imperfections.update_noise",
            snapped(config.imperfections.update_noise),
            f"must be 2**{2 - fraction} to 2**{config.levels.max_update_noise + 1 - fraction} with"
            f" formats.parameter = {config.words.parameter}, or 0",
        )


@relation("formats.parameter", "learning.clamp")
def _clamp(config: Derived) -> Iterator[Problem]:
    """The rail is where the top bits of T begin to differ."""
    clamp, word = config.learning.clamp, config.words.parameter
    if clamp and not 0 <= config.levels.rail <= word.width - 2:
        yield Problem(
            "learning.clamp",
            snapped(clamp),
            f"must be 2**-{word.fraction_bits} to 2**{word.integer_bits - 2} with formats.parameter = {word},"
            " or 0",
        )


@relation("formats.parameter", "learning.decay")
def _decay(config: Derived) -> Iterator[Problem]:
    """A threshold is compared with what of a parameter is within half its range."""
    if config.decays and not 1 <= config.levels.weight_decay <= config.levels.max_weight_decay:
        yield Problem(
            "learning.decay",
            snapped(config.learning.decay),
            f"must be 2**-{config.levels.max_weight_decay} to 2**-1 with formats.parameter ="
            f" {config.words.parameter}, or 0",
        )


@relation("perturbation.amplitude", "perturbation.halve_every", "perturbation.last_amplitude")
def _shrinks(config: Derived) -> Iterator[Problem]:
    """Weights take a bit more for each time that the amplitude halves."""
    given = config.perturbation
    first = config.amplitude_shift
    if not given.halve_every:
        allowed = "needs halve_every above 0" if given.last_amplitude else ""
    elif not 1 <= config.amplitude_halvings <= 2:
        allowed = f"must be a half or a quarter of the amplitude, 2**-{first + 1} or 2**-{first + 2}; or 0"
    else:
        return
    if allowed:
        yield Problem("perturbation.last_amplitude", snapped(given.last_amplitude), allowed)


@relation("engine.cell", "formats.parameter", "perturbation.amplitude")
def _serial_guard(config: Derived) -> Iterator[Problem]:
    """The two bits of the perturbation take the place of guard bits, and the first passes before them."""
    if config.serial and config.words.guard_bits < 3:
        fraction = config.amplitude_shift + 1
        yield Problem(
            "formats.parameter",
            str(config.words.parameter),
            f"must have at least {fraction} fraction bits for serial cells and this amplitude",
        )
