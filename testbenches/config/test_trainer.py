"""Does everything that follows from a configuration follow rightly: words, times, places, registers?"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from mgd_hdl.config import (
    COLUMNS,
    LFSR,
    PRESETS,
    ConfigError,
    Format,
    Rounding,
    TrainerConfig,
    preset,
)
from mgd_hdl.config.shape import Shape

XOR = preset("xor")


def stream(layers: list[int], **sections) -> TrainerConfig:
    """A network of any shape; only the relation to a task is not checked."""
    return TrainerConfig.model_validate({"network": {"layers": layers}, **sections})


# ---- words ---------------------------------------------------------------------------------------

ACTIVATIONS = ("sigmoid", "tanh", "relu", "linear")
TARGETS = ("UQ(1, 0)", "UQ(0, 2)", "UQ(1, 3)", "SQ(1, 0)", "SQ(1, 3)", "SQ(4, 0)")


def outputs_and_targets(activation: str, target: str, outputs: int) -> TrainerConfig:
    return stream(
        [1, outputs],
        network={"layers": [1, outputs], "activation": activation},
        formats={
            "target": target,
            "activation_fraction": 3,
            "relu_integer_bits": 1,
            "linear_integer_bits": 2,
            "cost_change": "SQ(2, 6)",
        },
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("target", TARGETS)
def test_every_error_fits_and_needs_its_width(activation, target):
    config = outputs_and_targets(activation, target, 1)
    output, wanted = config.shape.layers[-1].output, config.formats.target
    scale = output.fraction_bits - wanted.fraction_bits
    errors = [
        y - (t << scale) for y in range(output.min, output.max + 1) for t in range(wanted.min, wanted.max + 1)
    ]
    assert config.words.error.min <= min(errors)
    assert max(errors) <= config.words.error.max
    narrower = Format(True, config.words.error.integer_bits - 1, config.words.error.fraction_bits)
    assert not narrower.min <= min(errors) <= max(errors) <= narrower.max


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("outputs", [1, 2, 3, 4, 5, 7, 8, 100])
def test_the_largest_cost_fits(activation, target, outputs):
    """All outputs at the error of largest size; the cost keeps or drops fraction bits of the sum."""
    config = outputs_and_targets(activation, target, outputs)
    output, wanted = config.shape.layers[-1].output, config.formats.target
    scale = output.fraction_bits - wanted.fraction_bits
    largest = max(abs(output.min - (wanted.max << scale)), abs(output.max - (wanted.min << scale)))
    total = outputs * largest * largest  # 2 * 3 fraction bits, as cost_change has
    assert config.words.cost.fraction_bits == 2 * output.fraction_bits == 6
    assert 0 <= total <= config.words.cost.max


def test_the_cost_has_no_bit_to_spare():
    """Sigmoid outputs of zero against targets of one: the cost is exactly the number of outputs."""
    config = outputs_and_targets("sigmoid", "UQ(1, 0)", 4)
    assert 4 << config.words.cost.fraction_bits > config.words.cost.max // 2


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("outputs", [1, 2, 3, 20, 100])
@pytest.mark.parametrize("loss", ["absolute_error", "hinge", "cross_entropy"])
def test_the_largest_cost_of_every_loss_fits(loss, outputs, activation):
    """The right class at its least, the others at their most; and no cost has a bit to spare twice over."""
    if (loss == "cross_entropy" and activation != "linear") or (
        loss == "hinge" and outputs == 1 and activation in ("sigmoid", "relu")
    ):
        return
    base = outputs_and_targets(activation, "UQ(1, 0)", outputs)
    config = TrainerConfig.model_validate(
        base.model_dump(mode="json") | {"cost": {"loss": loss, "margin": 0.75, "segment_bits": 4}}
    )
    output = config.shape.layers[-1].output
    low, high = output.min / 8, output.max / 8
    if loss == "absolute_error":
        largest = outputs * max(abs(low - 1), abs(low), abs(high), abs(high - 1))
    elif outputs == 1:
        largest = max(-low, high) + 0.75 if loss == "hinge" else max(-low, high) + math.log1p(math.exp(low))
    elif loss == "hinge":
        largest = high - low + 0.75
    else:
        largest = math.log(math.exp(low) + (outputs - 1) * math.exp(high)) - low
    most = config.words.cost.value(config.words.cost.max)
    assert most / 4 < largest + (config.curves.loss_error if loss == "cross_entropy" else 0) <= most


def test_a_margin_is_snapped_to_the_outputs():
    config = XOR.replaced(network={"activation": "tanh"}, cost={"loss": "hinge", "margin": 0.7})
    assert config.words.margin == 717
    assert config.snapped == {"cost.margin": (0.7, 717 / 1024)}


@pytest.mark.parametrize("width", range(4, 10))
def test_no_parameter_ever_wraps(width):
    """Every T and every update: where the rail does not refuse, the sum fits."""
    config = XOR.replaced(
        formats={"parameter": f"SQ(2, {width - 2})"},
        perturbation={"amplitude": 0.5},
        network={"initial": 1.0},
        learning={"rounding": "floor"},
    )
    parameter, update = config.words.parameter, config.words.update
    half = 1 << (width - 2)
    assert update.max == half - 1
    for theta in range(parameter.min, parameter.max + 1):
        for word in range(-update.max, update.max + 1):
            refused = (theta >= half and word >= 0) or (theta < -half and word < 0)
            if not refused:
                assert parameter.min <= theta + word <= parameter.max


@pytest.mark.parametrize("initial", [0.25, 0.5, 1.0, 2.0])
def test_initial_parameters_are_uniform_in_their_range(initial):
    """All words of T's width, shifted: each integer in [-initial, initial) equally often."""
    config = XOR.replaced(
        formats={"parameter": "SQ(3, 5)"}, network={"initial": initial}, learning={"rounding": "floor"}
    )
    parameter, shift = config.words.parameter, config.levels.initial_shift(0)
    drawn = [word >> shift for word in range(parameter.min, parameter.max + 1)]
    limit = parameter.quantize(initial)
    counts = {integer: drawn.count(integer) for integer in drawn}
    assert sorted(counts) == list(range(-limit, limit))
    assert len(set(counts.values())) == 1
    assert limit <= 1 << (parameter.width - 2), "they start within the rails"


def test_hold_sums_two_to_the_hold_bits_extremes():
    config = XOR.replaced(formats={"hold_bits": 3})
    assert 8 * config.words.cost_change.min == config.words.hold.min
    assert 8 * config.words.cost_change.max <= config.words.hold.max


@pytest.mark.parametrize("amplitude", [4.0, 1.0, 0.0625, 2.0**-13])
def test_visible_and_perturbed_bits(amplitude):
    """The last bit of a weight is one amplitude; two below the last visible bit; guards are the rest."""
    config = XOR.replaced(perturbation={"amplitude": amplitude}, learning={"rounding": "floor"})
    assert config.words.weight.step == amplitude
    assert config.words.visible.step == 4 * amplitude
    assert config.words.visible.width + 2 == config.words.weight.width
    assert config.words.visible.width + config.words.guard_bits == config.words.parameter.width
    assert config.words.guard_bits >= 0
    assert config.words.visible.width >= 1


@pytest.mark.parametrize("measure", ["one_sided", "two_sided"])
@pytest.mark.parametrize("rate", [1.0, 0.5, 2.0**-3])
@pytest.mark.parametrize("amplitude", [1.0, 2.0**-4, 2.0**-6])
def test_gain_is_the_learning_rule(measure, rate, amplitude):
    """One last bit of C~ moves a parameter by rate * C~ / amplitude; C(+) - C(-) is twice C~."""
    config = XOR.replaced(
        learning={"measure": measure, "rate": rate, "rounding": "floor"},
        perturbation={"amplitude": amplitude},
    )
    change = config.words.cost_change.step / (2 if measure == "two_sided" else 1)
    moved = 2.0 ** (config.levels.gain - config.learning_shift) * config.words.parameter.step
    assert moved == rate * change / amplitude


@pytest.mark.parametrize("rounding", [each.value for each in Rounding])
def test_smallest_rate(rounding):
    """With carry no bit is dropped down to the smallest rate; otherwise sixteen times less than given."""
    config = XOR.replaced(learning={"rounding": rounding, "rate": 0.25})
    assert config.rounding.value == rounding
    assert config.levels.max_learning_shift == (config.levels.gain if rounding == "carry" else 7)
    assert config.levels.max_learning_shift >= config.learning_shift


# ---- snapping ------------------------------------------------------------------------------------


def test_nothing_is_snapped_silently():
    config = XOR.replaced(
        learning={"rate": 0.3},
        perturbation={"amplitude": 0.07},
        network={"initial": [0.7, 2.0]},
    )
    assert config.snapped == {
        "learning.rate": (0.3, 0.25),
        "perturbation.amplitude": (0.07, 0.0625),
        "network.initial[0]": (0.7, 0.5),
    }
    assert (config.learning_shift, config.amplitude_shift) == (2, 4)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_need_no_snapping(name):
    assert preset(name).snapped == {}


# ---- times ---------------------------------------------------------------------------------------

#: By how many registers a code passes on its way: wires, leaves; for small ones trunks, branches, code bits.
LEAVES = {1: {"leaves": "no"}, 2: {"leaves": "yes"}, 5: {"leaves": "yes", "leaf_cells": 16}}

SHAPES = ([2, 1], [2, 2, 1], [4, 4, 1], [49, 4, 4], [3, 5, 7, 2], [63, 1], [64, 9])


@pytest.mark.parametrize("layers", SHAPES, ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("registers", LEAVES)
@pytest.mark.parametrize("late", [False, True])
def test_delayed_updates_meet_their_measurements(layers, activation, registers, late, monkeypatch):
    """Two clocks a step: the delay in steps is exact, for every layer, and never negative. Where samples may
    be late it is the same for all layers: +D is for a layer when the perturbed measurement of a step passes
    it, and in T two clocks and the way to the cells later, when the next one finds it.
    """
    monkeypatch.setattr(Shape, "paced", late)
    config = stream(
        layers,
        network={"layers": layers, "activation": activation},
        learning={"updates": "delayed"},
        engine=LEAVES[registers],
    )
    timing = config.timing
    for layer in config.shape.layers:
        if late:
            assert (timing.delay(layer.index), layer.padding) == (timing.pace + 1, 0)
            plus = 2 * timing.pace + timing.left_at(layer.index) - 1
            assert plus + 2 + timing.broadcast_latency == 2 * timing.delay(layer.index) + timing.layer_offset(
                layer.index
            )
            continue
        assert layer.latency % 2 == 0
        assert layer.padding <= 1
        assert 2 * config.timing.delay(
            layer.index
        ) == config.timing.step_latency - config.timing.layer_offset(layer.index)
        assert config.timing.delay(layer.index) >= 1


@pytest.mark.parametrize("layers", SHAPES, ids=str)
@pytest.mark.parametrize("registers", LEAVES)
def test_latencies_add_up(layers, registers):
    config = stream(layers, engine=LEAVES[registers])
    assert all(layer.padding == 0 for layer in config.shape.layers)
    assert config.timing.cost_padding == 0
    clocks = registers
    for layer in config.shape.layers:
        assert config.timing.layer_offset(layer.index) == clocks
        clocks += layer.latency
    assert config.timing.measure_latency == clocks + config.timing.cost_pipeline
    assert config.timing.step_latency > config.timing.measure_latency


@pytest.mark.parametrize(
    ("tau_p", "tau_theta", "shadow"),
    [(1, 1, False), (4, 2, False), (4, 4, False), (1, 4, True), (3, 2, True), (4, 6, True)],
)
def test_shadow_where_a_window_can_be_open_when_a_perturbation_ends(tau_p, tau_theta, shadow):
    config = XOR.replaced(learning={"tau_p": tau_p, "tau_theta": tau_theta})
    assert config.shadow is shadow
    open_windows = [n for n in range(1, 25) if n % tau_p == 0 and n % tau_theta]
    assert bool(open_windows) is shadow


@pytest.mark.parametrize(("cells", "leaves"), [([6, 9], False), ([7, 8], False), ([64, 1], True)])
def test_leaves_from_65_parameters(cells, leaves):
    config = stream(cells)
    assert (config.parameters > 64) is leaves
    assert config.placement.leaves is leaves


@pytest.mark.parametrize(("layers", "leaves"), [([7, 1], False), ([8, 1], True), ([2, 2, 1], True)])
def test_small_leaves_where_there_is_more_than_one(layers, leaves):
    config = stream(layers, engine={"leaf_cells": 8})
    assert (config.parameters > 8) is leaves
    assert config.placement.leaf_levels == 3 * leaves


@pytest.mark.parametrize(
    ("engine", "what"),
    [
        ({"cell": "serial"}, 'cell = "serial"'),
        ({"leaves": "no"}, 'leaves = "no"'),
        ({"cell": "serial", "leaves": "no"}, 'cell = "serial" and leaves = "no"'),
    ],
)
def test_small_leaves_are_for_parallel_cells_with_leaves(engine, what):
    with pytest.raises(ConfigError, match=f"engine.leaf_cells = 16: must be 64 with {what}"):
        XOR.replaced(engine={**engine, "leaf_cells": 16})


# ---- places --------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [*SHAPES, [10, 100, 30, 5]], ids=str)
def test_every_parameter_has_its_own_place(layers):
    config = stream(layers)
    assert (
        len(config.placement.places)
        == config.parameters
        == sum((i + 1) * o for i, o in itertools.pairwise(layers))
    )
    assert len({(place.row, place.column) for place in config.placement.places}) == config.parameters
    assert all(
        place.row < config.placement.rows and place.column < COLUMNS for place in config.placement.places
    )
    for number, place in enumerate(config.placement.places):
        tile, layer = config.placement.tiles[place.tile], config.shape.layers[place.layer]
        assert tile.layer == place.layer
        assert tile.first <= number < tile.first + tile.cells
        assert layer.first <= number < layer.first + layer.parameters
        assert tile.first_row + place.tile_row == place.row
        assert place.tile_row < tile.rows <= 8
        assert place.diagonal == (place.tile + place.tile_row + place.column) % COLUMNS


# ---- registers -----------------------------------------------------------------------------------


def test_registers_follow_the_configuration():
    config = XOR.replaced(learning={"tau_x": 7, "tau_p": 4, "tau_theta": 2, "rate": 0.25})
    registers = config.registers()
    assert (registers.tau_x, registers.tau_p, registers.tau_theta) == (7, 4, 2)
    assert registers.learning_shift == 2
    assert registers == config.registers(config.seed)


def test_every_seed_gives_other_streams():
    names = ("seed_code", "seed_sample", "seed_initial", "seed_dither")
    seeds = [getattr(XOR.registers(seed), name) for seed in range(200) for name in names]
    assert len(set(seeds)) == len(seeds)
    assert all(LFSR.valid(seed) == seed for seed in seeds)


def test_registers_take_changes_of_any_integer_type():
    registers = XOR.registers(3, tau_p=np.int64(5), seed_code=0)
    assert (registers.tau_p, registers.seed_code) == (5, 0)
    assert type(registers.tau_p) is int


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tau_x": 0}, "tau_x = 0: must be a whole number from 1 to 65535"),
        ({"tau_theta": 1 << 16}, "tau_theta = 65536: must be a whole number from 1 to 65535"),
        ({"tau_p": True}, "tau_p = true: must be"),
        ({"tau_p": 1.0}, "tau_p = 1.0: must be"),
        ({"learning_shift": 4}, "learning_shift = 4: must be a whole number from 0 to 3"),
        ({"learning_shift": -1}, "learning_shift = -1: must be"),
        ({"seed_code": 1 << 31}, "seed_code = 2147483648: must be a whole number from 0 to 2147483647"),
        ({"tau_z": 1}, 'tau_z = 1: is no register (did you mean "tau_x"?); there are tau_x, tau_p'),
        ({"tau_p": 10**5000}, "tau_p = an integer of 16610 bits: must be"),
    ],
)
def test_registers_out_of_range(changes, message):
    with pytest.raises(ConfigError) as caught:
        XOR.registers(0, **changes)
    assert str(caught.value).startswith(message)
    assert len(caught.value.problems) == 1


# ---- copies --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_replaced_by_nothing_is_equal(name):
    config = preset(name)
    assert config.replaced() == config
    assert hash(config.replaced()) == hash(config)


def test_replaced_is_checked():
    with pytest.raises(ConfigError, match=r"learning\.rate = 2\.0"):
        XOR.replaced(learning={"rate": 2.0})
    with pytest.raises(ConfigError, match=r'lerning = .*did you mean "learning"'):
        XOR.replaced(lerning={"rate": 0.5})


def test_configurations_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        XOR.seed = 3
