"""Do the pages tell every bit? Formulas written from them against configuration and twin; their examples."""

from __future__ import annotations

import ast
import inspect
import json
import math
import re
from functools import partial
from itertools import chain, islice
from statistics import NormalDist
from types import MappingProxyType

import numpy as np
import pytest

from mgd_hdl.config import ConfigError, TrainerConfig, Tries, preset
from mgd_hdl.config.registers import SEEDS
from mgd_hdl.emit import trainer_files
from mgd_sim.control.access import reachable, visits
from mgd_sim.control.initializer import initial_parameters
from mgd_sim.control.judge import Judge
from mgd_sim.converters import In, Out
from mgd_sim.cost import losses
from mgd_sim.cost.gate import Gate
from mgd_sim.evaluate import right
from mgd_sim.gaussian import gaussian
from mgd_sim.learn.annealing import Annealing
from mgd_sim.learn.array import Array
from mgd_sim.learn.decay import Decay
from mgd_sim.learn.integrator import integrate
from mgd_sim.learn.loaded import multiples
from mgd_sim.learn.node import node_words, parts
from mgd_sim.learn.update_noise import UpdateNoise
from mgd_sim.perturb.random_code import masks, random_code
from mgd_sim.perturb.sinusoid import SinusoidCodes
from mgd_sim.perturb.sparse import SparseCodes
from mgd_sim.perturb.walsh import WalshCodes
from mgd_sim.samples.letters import letter_table
from mgd_sim.samples.source import source
from mgd_sim.tasks.letters import letters
from mgd_sim.trainer import Trainer

from . import integers
from .pages import PAGES, ROOT

#: Lines ``formula = value`` of the blocks called ``example``, page by page.
EXAMPLES = {
    path.relative_to(ROOT / "docs").as_posix(): [
        line
        for block in re.findall(r"(?ms)^```example\n(.*?)^```$", path.read_text("utf-8"))
        for line in block.splitlines()
    ]
    for path in sorted((ROOT / "docs").rglob("*.md"))
}
FORMULAS = MappingProxyType(vars(integers))


@pytest.mark.parametrize("page", [page for page, lines in EXAMPLES.items() if lines])
def test_examples_of_a_page(page):
    for line in EXAMPLES[page]:
        formula, _, value = line.rpartition(" = ")
        assert eval(formula, dict(FORMULAS)) == ast.literal_eval(value), line  # noqa: S307 - our own page


def test_pages_have_examples():
    """Every block whose page tells integers by a formula of its own, and what is common to all. What a host
    reads and writes is told on a page of its own.
    """
    found = {page for page, lines in EXAMPLES.items() if lines}
    without = {page.path.stem for page in PAGES} - {page.partition("/")[2][:-3] for page in found}
    assert without == {
        "accumulator", "axi4lite", "bank", "baseline", "classifier", "external", "frames",
        "fetch", "flash", "homodyne", "layer_turn", "measurement", "mlp",
        "outside_lane", "pacer", "pages", "sdram",
        "sequencer", "serial", "stream", "uart", "wishbone",
    }  # fmt: skip
    assert found > {"numbers.md", "integers.md", "boards.md"}


def test_every_formula_of_an_example_is_told():
    """Its arguments stand in the table of the page, in order and with the values they have when left out."""
    text = (ROOT / "docs/integers.md").read_text("utf-8")
    told = {}
    for names, arguments in re.findall(r"(?m)^\| ((?:`\w+`(?:, )?)+) \| ([^|]+) \| [^|]+ \|$", text):
        told |= dict.fromkeys(re.findall(r"\w+", names), arguments)
    calls = " ".join(line.rpartition(" = ")[0] for lines in EXAMPLES.values() for line in lines)
    used = {name for name in re.findall(r"(\w+)\(", calls) if name != "range"}
    assert used
    for name in used:
        parameters = inspect.signature(FORMULAS[name]).parameters.values()
        ours = [(p.name if p.default is p.empty else f"{p.name} = {p.default!r}") for p in parameters]
        assert told[name].replace('"', "'") == ", ".join(ours), name


def external(layers: list[int], **sections) -> TrainerConfig:
    """A network of any shape, whose samples come from outside."""
    return TrainerConfig.build(
        {"network": {"layers": layers}, "task": {"name": "external", "source": "stream"}, **sections}
    )


SHAPES = ([2, 2, 1], [49, 4, 4], [3, 70, 5, 2], [13, 5], [200, 3])


@pytest.mark.parametrize("layers", SHAPES, ids=str)
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize(
    ("stages", "products", "leaf_cells", "way"),
    [("few", "whole", 64, 2), ("many", "whole", 64, 2), ("few", "whole", 8, 5), ("many", "parts", 64, 2)],
)
def test_lags_of_samples_that_may_be_late(layers, gated, stages, products, leaf_cells, way):
    """The same for all layers, as the page counts it."""
    activation = ["tanh", *["relu"] * (len(layers) - 2)]
    config = external(
        layers,
        network={"layers": layers, "activation": activation, "initial": 0.5},
        learning={"updates": "delayed"},
        cost={"limit": 0.125} if gated else {},
        engine={"stages": stages, "products": products, "leaves": "yes", "leaf_cells": leaf_cells},
    )
    many, multiplied = stages == "many", 1 + (products == "parts")
    more = [(2 if each == "tanh" else 1) + multiplied * (place > 0) for place, each in enumerate(activation)]
    lags = integers.lags(
        layers,
        [each == "tanh" for each in activation],
        2 + integers.levels(layers[-1]),
        gated * (3 if many else 1),
        way,
        more if many else (),
        True,
    )
    assert [config.timing.delay(layer.index) for layer in config.shape.layers] == lags


#: Sides by turns; at once, through one curve or through two.
ONCE: list[dict[str, str]] = [
    {},
    {"sides": "at_once"},
    {"sides": "at_once", "curves": "two"},
]


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.parametrize("curves", [0, 1, 2])
@pytest.mark.parametrize("layers", [(2, 2, 1), (49, 4, 4), (13, 5, 5), (20, 7, 2), (200, 6, 6)], ids=str)
def test_steps_of_a_bank(layers, curves, delayed, loss):
    """With lanes for all; the other losses have a tree for the outputs."""
    config = external(
        list(layers),
        perturbation={"family": "walsh"},
        cost={"loss": loss},
        learning={"updates": "delayed" if delayed else "exact"},
        engine={"kind": "bank", "lanes": max(layers[1:]), **ONCE[curves]},
    )
    clocks = 2 + (loss == "absolute_error") * integers.levels(layers[-1])
    assert config.timing.clocks_per_step == integers.step_of_a_bank(*layers, delayed, clocks, curves)


@pytest.mark.parametrize("curves", [0, 1, 2])
@pytest.mark.parametrize("layers", [(2, 2, 1), (49, 4, 4), (200, 6, 6)], ids=str)
def test_answers_of_a_bank(layers, curves):
    """With a sample in a memory; the circuit keeps these clocks in testbenches/test_doors.py."""
    config = external(
        list(layers),
        perturbation={"family": "walsh"},
        network={"layers": list(layers), "inference": "yes"},
        engine={"kind": "bank", "lanes": max(layers[1:]), "sample": "memory", **ONCE[curves]},
    )
    assert config.timing.sweep is not None
    answer = config.timing.sweep.answered + 3
    assert (answer, config.timing.answer_beat) == integers.answer_of_a_bank(*layers, curves)


@pytest.mark.parametrize("curves", [1, 2])
@pytest.mark.parametrize(
    ("layers", "lanes"),
    [((196, 32, 10), 16), ((196, 32, 10), 32), ((784, 96, 10), 16), ((49, 4, 4), 4), ((30, 12, 3), 3)],
    ids=str,
)
def test_sweeps_that_make_both_sides_at_once(layers, lanes, curves):
    config = external(
        list(layers),
        perturbation={"family": "walsh"},
        learning={"updates": "delayed"},
        engine={"kind": "bank", "lanes": lanes, **ONCE[curves]},
    )
    sweep = config.timing.sweep
    assert sweep is not None
    assert (sweep.last, sweep.answered) == integers.sweep_at_once(*layers, lanes, curves)
    assert sweep.beat == sweep.last


@pytest.mark.parametrize("seed", [0, 1, 2023, (1 << 63) - 1])
def test_seeds(seed):
    registers = preset("xor").registers(seed)
    assert [getattr(registers, name) for name in SEEDS] == integers.seeds(seed)


def test_tries_of_a_board():
    config = preset("parity4").replaced(seed=9)
    names = ("code", "sample", "initial")
    theirs = [[getattr(each, f"seed_{name}") for name in names] for each in Tries(config).registers(4)]
    assert theirs == [integers.tries(9, number)[:3] for number in range(4)]


@pytest.mark.parametrize("value", [0.3, 0.35, 0.353, 0.354, 0.36, 0.7, 0.72, 1.0])
def test_powers_of_two(value):
    config = preset("xor").replaced(learning={"rate": value})
    assert -config.learning_shift == integers.power(value)


@pytest.mark.parametrize("device", [0, 7])
def test_stuck_parameters(device):
    config = preset("nist7x7").replaced(imperfections={"stuck": 0.3, "device": device})
    assert sorted(config.shape.stuck()) == integers.stuck(device, 220, 66)


@pytest.mark.parametrize("layers", SHAPES, ids=str)
def test_places_and_codes(layers):
    config = external(layers)
    places = integers.places(layers)
    assert places == [(p.tile, p.tile_row, p.row, p.column, p.diagonal) for p in config.placement.places]
    states = list(islice(integers.words(12344), 20))
    ours = [[integers.random_bit(state, *place[2:]) for place in places] for state in states]
    assert ours == random_code(masks(config), np.array(states, dtype=np.uint32)).tolist()
    for flip in (False, True):
        walsh = external(layers, perturbation={"family": "walsh", "sign_flip": flip})
        rows = places[-1][2] + 1
        index = [integers.walsh_index(rows, row, column, flip) for _, _, row, column, _ in places]
        ours = [[integers.walsh_bit(each, m) for each in index] for m in range(70)]
        assert ours == WalshCodes(walsh).take(70)[:, 0].tolist()


def test_shuffled_turns():
    order = {"family": "sequential", "order": "shuffled"}
    config = preset("xor").replaced(name="mgd", perturbation=order)
    assert list(config.replaced(seed=3).codes.sequence) == integers.shuffled(3, 9)
    turns = json.loads(trainer_files(config)["mgd.parameters.json"])["turns"]
    assert turns == integers.shuffled(config.seed, 9)


@pytest.mark.parametrize("seed", [1, 2024])
def test_initial_parameters(seed):
    config = external([3, 70, 5, 2], network={"layers": [3, 70, 5, 2], "initial": [0.5, 4.0, 0.3]})
    shifts = [5] * 280 + [2] * 355 + [6] * 12
    states = islice(integers.words(seed), config.parameters)
    ours = [integers.initial(state, 16, shift) for state, shift in zip(states, shifts, strict=True)]
    assert ours == initial_parameters(config, np.array([seed | 1], dtype=np.uint32))[0].tolist()


@pytest.mark.parametrize("order", ["epoch", "random"])
def test_samples(order):
    for config, count in ((preset("xor"), 4), (preset("parity4"), 16)):
        config = config.replaced(task={"order": order})
        theirs = source(config, np.array([2023], dtype=np.uint32), count).take(200)[:, 0].tolist()
        if order == "epoch":
            epochs = (integers.epoch(state, count) for state in islice(integers.words(2023), 60))
            ours = list(chain.from_iterable(epochs))
        else:
            ours = [integers.drawn(state, count) for state in islice(integers.words(2023), 200)]
        assert ours[:200] == theirs


# ---- block by block -------------------------------------------------------------------------------


def states_of(seed: int, count: int) -> np.ndarray:
    return np.array(integers.first(count, seed), dtype=np.uint32)


@pytest.mark.parametrize("k", [1, 2, 4, 8])
@pytest.mark.parametrize("order", ["plain", "shuffled"])
def test_sinusoids(k, order):
    family = {"family": "sinusoidal", "resolution": k} if k > 1 else {"family": "square"}
    config = preset("xor").replaced(
        seed=77,
        perturbation={"order": order, **family},
        formats={"cost_change": "SQ(2, 4)"},
    )
    m, odds = integers.sinusoids(9, 77 if order == "shuffled" else None)
    theirs = SinusoidCodes(config, np.array([2025], dtype=np.uint32)).take(90)[:, 0].tolist()
    assert theirs == [integers.sinusoid(2025, n, odds, m, k) for n in range(90)]


def test_words_of_loaded_codes():
    """Near the rail too: every odd s of four bits."""
    s = list(range(-15, 16, 2))
    for theta in (-16390, -16380, 0, 16370, 16384):
        for update in (-37, 5):
            array = np.full((1, len(s)), theta)
            for word in multiples(np.array([update]), np.array([s]), 4):
                array = integrate(14, array, word)
            assert array[0].tolist() == [integers.taken(theta, each, update, 4, 14) for each in s]


@pytest.mark.parametrize("update", [-21, 12_000, -16_383])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_nodes_of_a_bank(activation, update):
    """One product for each word, limited: of unsigned inputs above 1 the larger ones are."""
    config = external(
        [2, 70, 3, 1],
        network={"layers": [2, 70, 3, 1], "activation": activation},
        perturbation={"granularity": "node", "resolution": 4},
        formats={"parameter": "SQ(5, 14)"},
        engine={"kind": "bank", "lanes": 3},
    )
    rng = np.random.default_rng(1)
    inputs = [
        rng.integers(each.input.min, each.input.max + 1, (1, each.inputs)) for each in config.shape.layers
    ]
    counted = parts(config, inputs)
    sign = 2 * rng.integers(0, 2, (1, 74)) - 1
    theta = rng.integers(-260_000, 260_000, (1, config.parameters))
    assert abs(update) <= config.words.update.max
    found = Array(config).learn(theta, np.array([update]), sign, counted)
    ours, number, neuron, limited = [], 0, 0, 0
    for layer, xs in zip(config.shape.layers, counted, strict=True):
        for _ in range(layer.neurons):
            for x in xs[0].tolist():
                s, width = int(sign[0, neuron]), config.words.parameter.width
                ours.append(integers.product_taken(int(theta[0, number]), s, x, update, width, width - 2))
                limited += abs(x * update) > 1 << width - 2
                number += 1
            neuron += 1
    assert found[0].tolist() == ours
    assert bool(limited) == (activation == "relu" and abs(update) > 10_000)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_nodes(activation):
    layers = [2, 70, 3, 1]
    config = external(
        layers,
        network={"layers": layers, "activation": activation},
        perturbation={"granularity": "node", "resolution": 4},
        formats={"parameter": "SQ(5, 14)"},
    )
    assert integers.node_places(74) == [(p.row, p.column, p.diagonal) for p in config.placement.code_places]
    formats = [(layer.input.signed, layer.input.integer_bits) for layer in config.shape.layers]
    part = integers.node_part(4, formats)
    assert part == config.words.unit_shift
    rng = np.random.default_rng(1)
    inputs = [
        rng.integers(each.input.min, each.input.max + 1, (1, each.inputs)) for each in config.shape.layers
    ]
    sign = 2 * rng.integers(0, 2, (1, 74)) - 1
    theta = rng.integers(-300_000, 300_000, (1, config.parameters))
    array = theta
    for word in node_words(config, np.array([-21]), sign, parts(config, inputs)):
        array = integrate(config.levels.rail, array, word)
    ours, number, neuron = [], 0, 0
    for layer, x in zip(config.shape.layers, inputs, strict=True):
        f_x = layer.input.fraction_bits
        counted = [*(integers.shifted(int(each), part - f_x) for each in x[0]), 1 << part]
        for _ in range(layer.neurons):
            for each in counted:
                before, s = int(theta[0, number]), int(sign[0, neuron])
                ours.append(
                    integers.node_taken(before, s, each, -21, 4, layer.input.signed, config.levels.rail)
                )
                number += 1
            neuron += 1
    assert array[0].tolist() == ours


def test_sparse_codes():
    config = external([3, 70, 5, 2], perturbation={"share": 0.125})
    seed = np.array([12345], dtype=np.uint32)
    theirs = SparseCodes(config, seed, seed).take(10)[:, 0] >> 1
    registers = [integers.first(10, integers.sparse_seed(12345, pair, 3)) for pair in range(3)]
    ours = [
        [
            int(all(integers.active(state, row, column) for state in together))
            for _, _, row, column, _ in integers.places([3, 70, 5, 2])
        ]
        for together in zip(*registers, strict=True)
    ]
    assert theirs.tolist() == ours


@pytest.mark.parametrize("family", ["random_code", "walsh"])
def test_noise(family):
    config = preset("nist7x7").replaced(
        perturbation={"family": family},
        imperfections={"cost_noise": 0.01, "update_noise": 0.01, "update_noise_kind": "independent"},
    )
    assert config.levels.cost_noise == integers.power(0.01) + config.words.cost_change.fraction_bits - 1
    level = integers.power(0.01) + config.words.parameter.fraction_bits - 1
    assert config.levels.update_noise == level
    states = integers.first(50, 99)
    assert gaussian(states_of(99, 50)).tolist() == [integers.normal(state) for state in states]
    noise = UpdateNoise(config, level, states_of(99, 1), states_of(5, 1))
    word, code = noise.draw(50)
    assert word[:, 0].tolist() == [integers.normal(state) << level - 1 for state in states]
    places = [
        (row, column, diagonal if family == "random_code" else None)
        for _, _, row, column, diagonal in integers.places([49, 4, 4])
    ]
    ours = [[2 * integers.noise_bit(state, *each) - 1 for each in places] for state in integers.first(50, 5)]
    assert noise.signs(code)[:, 0].tolist() == ours


def test_decay():
    config = preset("xor").replaced(learning={"decay": 2.0**-10})
    level = integers.power(2.0**-10) + config.words.parameter.width - 1
    assert config.levels.weight_decay == level
    theta = np.arange(-16384, 16385, 129)[None]
    array, theirs = Array(config), np.resize(theta, (1, 255))
    thresholds = Decay(config, level, states_of(3, 1)).take(20)
    ours = theirs[0].tolist()
    for threshold, state in zip(thresholds, integers.first(20, 3), strict=True):
        theirs = array.decay(theirs, threshold, 1 << level - 1, np.ones((1, 255), dtype=np.int64))
        ours = [integers.decayed(each, state, level, 16) for each in ours]
        assert theirs[0].tolist() == ours


@pytest.mark.parametrize("centered", [False, True])
def test_letters(centered):
    whole = letters(centered=centered)
    table = letter_table(centered=centered)
    ours = [integers.letter(state, centered) for state in range(0, 1 << 18, 97)]
    for found, index in zip(ours, table[::97], strict=True):
        assert (found is None) == (index < 0)
        if found is not None:
            pixels = [found[1] >> i & 1 for i in range(49)]
            assert pixels == whole.x[index].tolist()
            assert whole.target[index].tolist() == [int(k == found[0]) for k in range(4)]


@pytest.mark.parametrize("outputs", [1, 2, 4, 5])
@pytest.mark.parametrize(
    ("loss", "formula"),
    [
        ("squared_error", integers.squared_error),
        ("absolute_error", integers.absolute_error),
        ("hinge", partial(integers.hinge, margin=768)),
        ("cross_entropy", integers.cross_entropy),
    ],
)
def test_losses_and_answers(loss, formula, outputs):
    config = external(
        [2, outputs],
        network={"layers": [2, outputs], "activation": "linear"},
        cost={"loss": loss, "margin": 0.75},
        formats={"target": "UQ(1, 2)", "cost_change": "SQ(4, 9)"},
    )
    rng = np.random.default_rng(outputs)
    y = rng.integers(-3000, 3000, (outputs, 300))
    y[:, ::7] = y[0, ::7]  # ties
    target = rng.integers(0, 5, (outputs, 300))
    theirs = losses.loss(config)(y, target).tolist()
    columns = list(zip(y.T.tolist(), target.T.tolist(), strict=True))
    assert theirs == [formula(a, b, f_y=10, f_t=2, f_c=9) for a, b in columns]
    threshold = 512 if loss in ("squared_error", "absolute_error") else 0
    answers = right(
        y[None], target, half=config.levels.threshold, target_half=config.levels.target_threshold
    )[0]
    assert answers.tolist() == [integers.right(a, b, threshold, 2) for a, b in columns]


@pytest.mark.parametrize("clamp", [0, 0.5])
def test_access(clamp):
    """For every T there can be: the words of the twin, and T from what they did."""
    config = preset("xor").replaced(
        formats={"parameter": "SQ(3, 3)"},
        engine={"access": "yes"},
        learning={"clamp": clamp, "rounding": "floor", "rate": 1.0},
        network={"initial": 0.5},
    )
    width, r = config.words.parameter.width, config.levels.rail
    least, most = reachable(config)
    for theta in range(least, most + 1):
        for wanted in (None, *range(-32, 32, 3)):
            ours = visits(config, theta, wanted)
            assert integers.visits(theta, width, r, wanted) == list(ours.words)
        t, marks = theta, []
        for word in integers.visits(theta, width, r)[:-2]:
            before = t >> width - 2 & 1
            t += 0 if word < 0 and t < -(2**r) else word
            marks.append((t >= 0, (t >> width - 2 & 1) != before))
        drops = 2 if clamp else 3
        taken, above = sum(flip for _, flip in marks[:drops]), [sign for sign, _ in marks[-width + 1 : -1]]
        assert integers.found(taken, above, width, r) == theta
        assert t == 0


@pytest.mark.parametrize("gain", [0.125, 0.13, 0.75, -1.5])  # 0.13 has codes to round
@pytest.mark.parametrize("offset", [0.0, 0.125, -0.5])
def test_codes_of_a_device(gain, offset):
    """Every word out, and means of random codes back, with the converter's own G, O and s."""
    ways = {
        f"{way}_{name}": value
        for way in ("dac", "adc")
        for name, value in (("gain", gain), ("offset", offset))
    }
    config = preset("xor").replaced(
        device={"kind": "outside", "dac_bits": 8, "adc_bits": 8, "dac_coding": "twos_complement", **ways}
    )
    out, back, weight = config.converters.out, config.converters.back, config.words.weight
    words = np.arange(weight.min, weight.max + 1)
    (theirs,), _ = Out(config)(words[:, None])
    ours = [integers.code(word, out.gains[0], out.offsets[0], out.shift, 8) & 255 for word in words.tolist()]
    assert theirs[:, 0].tolist() == ours
    assert len(set(ours)) > 10
    codes = np.random.default_rng(2).integers(0, 256, (200, 4, 1))  # offset binary
    found, _ = In(config, average_shift=2)(codes)
    limits = (
        back.gains[0],
        back.offsets[0],
        back.shift,
        config.converters.reading.min,
        config.converters.reading.max,
    )
    assert found[:, 0].tolist() == [
        integers.mean([c - 128 for c in four], *limits) for four in codes[:, :, 0].tolist()
    ]


def test_clocks_of_converters_on_a_bus():
    """Those that circuits take are counted in the benches of both blocks."""
    for clock_hz in (12_000_000, 100_000_000):
        config = preset("xor").replaced(
            device={"kind": "outside", "dac_bits": 12, "adc_bits": 12},
            dac={"part": "MCP4922"},
            adc={"part": "ADS7953", "wait": 1e-6, "sclk_hz": 5_000_000},
            host={"clock_hz": clock_hz},
        )
        dac, adc = config.spi.dac, config.spi.adc
        for frames in (dac.frames, adc.frames):
            assert integers.spi_frame(frames.bits, frames.half, frames.gap) == frames.clocks
        for words in (0, 1, 9):
            assert integers.dac_clocks(words, dac.frames.clocks, dac.ldac) == dac.clocks(words)
        assert integers.adc_clocks(1, 2, adc.frames.clocks, clock_hz // 1_000_000) == adc.clocks


def test_judge_gate_and_annealing():
    rng = np.random.default_rng(3)
    config = preset("xor").replaced(judge={"kind": "window", "window": 5, "misses": 1})
    judge, costs, theirs = Judge(config), rng.integers(0, 1000, 200).tolist(), []
    judged = judge.start(1)
    for cost in costs:
        judged = judge(judged, np.array([cost]))
        theirs.append(int(judged.solved[0]))
    assert theirs == integers.judged(costs, 512, 5, 1)
    assert 0 < sum(theirs) < 200
    changes = list(range(-120, 121, 7))
    assert Gate(100, 14)(np.array(changes)).tolist() == [integers.gate(each, 100, 14) for each in changes]
    for last in (1, 3, 6):
        annealing, shifts = Annealing(3, 4, last), []
        for _ in range(20):
            shifts.append(annealing.shift)
            annealing.updated()
        assert shifts == [integers.annealed(3, updates, 4, last) for updates in range(20)]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_defects(activation):
    """Draws of a device, and the width that their outputs have."""
    spread = 0.25
    config = preset("xor").replaced(
        network={"activation": activation}, imperfections={"activation_spread": spread, "device": 5}
    )
    assert (config.words.output.integer_bits, config.words.output.signed) == (
        1 + math.ceil(math.log2(1 + 4 * spread)),
        True,
    )
    normal = NormalDist()
    draws = [normal.inv_cdf(((word >> 11) + 0.5) / 2**53) for word in islice(integers.draws(5, 1), 12)]
    found = [defect for layer in config.shape.defects() for defect in layer]
    for number, defect in enumerate(found):
        x0, y0, k, height = (spread * each for each in draws[4 * number : 4 * number + 4])
        assert (defect.shift, defect.offset, defect.gain, defect.height) == (x0, y0, 1 + k, 1 + height)
    assert len(found) == 3


# ---- whole steps ---------------------------------------------------------------------------------

WHOLE = {
    "xor": {},
    "walsh, two-sided, a period in a window": {
        "perturbation": {"family": "walsh", "sign_flip": True},
        "learning": {"measure": "two_sided", "tau_x": 32, "tau_theta": 32, "rate": 0.25},
    },
    "sequential, shuffled, P steps": {
        "seed": 5,
        "perturbation": {"family": "sequential", "order": "shuffled"},
        "learning": {"tau_x": 9, "tau_theta": 9, "rate": 1.0},
    },
    "sequential, two-sided": {
        "perturbation": {"family": "sequential"},
        "learning": {"measure": "two_sided", "tau_p": 3, "tau_x": 2},
    },
    "hold, no shadow": {"learning": {"tau_p": 4, "tau_theta": 2, "tau_x": 3}, "task": {"order": "random"}},
    "hold and shadow": {"learning": {"tau_p": 4, "tau_theta": 6, "tau_x": 5}, "task": {"order": "plain"}},
    "anew, clamp, stochastic": {
        "learning": {"reference": "every_step", "rounding": "stochastic", "rate": 0.01, "clamp": 0.5},
        "formats": {"parameter": "SQ(3, 6)", "cost_change": "SQ(1, 12)", "hold_bits": 0},
    },
    "nearest even, tanh": {
        "network": {"activation": ["relu", "tanh"], "layers": [2, 3, 1]},
        "learning": {"rounding": "nearest_even", "rate": 0.0625},
        "formats": {"parameter": "SQ(4, 6)", "segment_bits": 7},
    },
    "floor, large amplitude, narrow": {
        "network": {"activation": "linear", "initial": 2.0},
        "perturbation": {"amplitude": 0.5},
        "learning": {"rounding": "floor", "rate": 1.0},
        "formats": {"parameter": "SQ(4, 5)", "cost_change": "SQ(1, 6)", "hold_bits": 0, "segment_bits": 3},
    },
    "analog, momentum": {
        "learning": {"algorithm": "analog", "tau_x": 16, "follow": 3, "tau_theta": 2, "rate": 1.0},
    },
    "delayed": {"learning": {"updates": "delayed"}},
    "delayed windows behind leaves": {
        "network": {"layers": [2, 5, 4, 1], "activation": ["relu", "sigmoid", "sigmoid"]},
        "learning": {"updates": "delayed", "tau_theta": 3, "tau_x": 2, "tau_p": 2},
        "engine": {"leaf_cells": 16},
    },
    "delayed, cross-entropy, noise and gate": {
        "network": {"activation": ["relu", "linear"]},
        "learning": {"updates": "delayed", "tau_x": 2},
        "cost": {"loss": "cross_entropy", "limit": 0.1},
        "imperfections": {"cost_noise": 2.0**-8},
    },
    "gate, noise of costs and updates, decay, annealing": {
        "cost": {"gate": 0.002, "limit": 0.05},
        "perturbation": {"family": "walsh", "halve_every": 20, "last_amplitude": 1 / 64},
        "learning": {"decay": 2.0**-8, "rate": 0.25, "anneal_every": 7, "last_rate": 1 / 32, "tau_p": 2},
        "formats": {"parameter": "SQ(5, 13)"},
        "imperfections": {"cost_noise": 2**-9, "update_noise": 2**-10, "update_noise_kind": "independent"},
    },
    "noise of C only and of all parameters alike, by sign": {
        "imperfections": {"cost_noise": 2.0**-6, "noisy_reference": False, "update_noise": 2.0**-8},
        "learning": {"size": "sign", "rate": 1 / 64, "tau_theta": 3, "decay": 2.0**-9},
        "perturbation": {"halve_every": 5},
    },
    "sparse, some stuck": {
        "perturbation": {"share": 0.25},
        "imperfections": {"stuck": 0.4, "device": 3},
        "learning": {"tau_theta": 4},
        "formats": {"parameter": "SQ(5, 12)"},
    },
    "stuck, still": {"imperfections": {"stuck": 0.3, "stuck_kind": "still"}},
    "stuck, dead, layer by layer": {
        "imperfections": {"stuck": 0.3, "stuck_kind": "dead"},
        "perturbation": {"granularity": "layer", "tau_layer": 3},
    },
    "sinusoids, shuffled, two-sided": {
        "seed": 77,
        "perturbation": {"family": "sinusoidal", "order": "shuffled"},
        "formats": {"cost_change": "SQ(2, 8)"},
        "learning": {"measure": "two_sided", "tau_theta": 3, "tau_p": 2},
    },
    "square, analog, absolute error": {
        "perturbation": {"family": "square", "amplitude": 0.25},
        "learning": {"algorithm": "analog", "tau_x": 8, "follow": 2},
        "formats": {"cost_change": "SQ(2, 9)"},
        "cost": {"loss": "absolute_error"},
    },
    "node by node, hinge": {
        "network": {"layers": [2, 3, 1], "activation": ["sigmoid", "tanh"]},
        "perturbation": {"granularity": "node"},
        "formats": {"parameter": "SQ(5, 14)"},
        "learning": {"tau_x": 4, "tau_theta": 4},
        "cost": {"loss": "hinge"},
    },
    "node by node, signed inputs, Walsh, two-sided, cross-entropy": {
        "network": {"layers": [2, 3, 1], "activation": ["tanh", "linear"]},
        "perturbation": {"granularity": "node", "family": "walsh", "resolution": 3},
        "formats": {"parameter": "SQ(5, 14)"},
        "learning": {"measure": "two_sided"},
        "cost": {"loss": "cross_entropy"},
    },
    "delayed in a bank, windows of a held sample": {
        "perturbation": {"family": "walsh"},
        "learning": {"updates": "delayed", "tau_x": 8, "tau_p": 4, "tau_theta": 2, "rate": 1.0},
        "engine": {"kind": "bank", "lanes": 2},
    },
    "node by node in a bank, a clamp": {
        "network": {"layers": [2, 3, 1], "activation": ["sigmoid", "tanh"]},
        "perturbation": {"granularity": "node", "amplitude": 0.125},
        "formats": {"parameter": "SQ(5, 14)"},
        "learning": {"clamp": 0.5, "rate": 1.0},
        "engine": {"kind": "bank", "lanes": 2},
    },
}  # fmt: skip


@pytest.mark.parametrize("changes", WHOLE.values(), ids=WHOLE)
def test_whole_steps(changes):
    config = TrainerConfig.build({"network": {"layers": [2, 2, 1]}}).replaced(**changes)
    samples = [((x & 1, x >> 1), ((x & 1) ^ (x >> 1),)) for x in range(4)]
    record = Trainer(config, [config.seed]).run(120, record=True)
    moved = 0
    for n, ours in enumerate(integers.run(config.model_dump(mode="json"), samples, 120)):
        theirs = {name: getattr(record, name)[n, 0].tolist() for name in ours}
        assert ours == theirs, n
        moved += ours["update"] != 0
    assert moved


def test_first_steps_of_xor():
    """The table of the page."""
    text = (ROOT / "docs/integers.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| (\d+(?: \| [-\d ]+){7}) \|$", text)
    record = Trainer(TrainerConfig.build({"network": {"layers": [2, 2, 1]}}), [0]).run(len(rows), record=True)
    names = ("sample", "code", "baseline", "cost", "cost_change", "update", "theta")
    assert len(rows) == 4
    for n, row in enumerate(rows):
        cells = [[int(each) for each in cell.split()] for cell in row.split(" | ")]
        assert cells == [[n], *(np.ravel(getattr(record, name)[n, 0]).tolist() for name in names)]


# ---- options.md ----------------------------------------------------------------------------------

_SERIAL, _LOADED = {"engine.cell": "serial"}, {"perturbation.family": "square"}
_FLOOR, _ANALOG = {"learning.rounding": "floor"}, {"learning.algorithm": "analog", "learning.tau_x": 2}
_HALVING = {"perturbation.halve_every": 9}
#: Of the page's second table: other keys, the key, values that it says are taken, values that are refused.
EDGES = [
    ({}, "network.initial", [2.0**-11, 8.0], [2.0**-12, 16.0]),
    (_FLOOR, "formats.parameter", ["SQ(3, 2)", "SQ(5, 23)"], ["SQ(2, 1)", "SQ(5, 24)"]),
    (_FLOOR, "perturbation.amplitude", [2.0**-13, 4.0], [2.0**-14, 8.0]),
    ({**_SERIAL, "formats.cost_change": "SQ(2, 8)"}, "formats.parameter", ["SQ(5, 5)"], ["SQ(5, 4)"]),
    (_FLOOR, "learning.rate", [1.0, 2.0**-20], [2.0, 2.0**-21]),
    ({"learning.rounding": "stochastic", "formats.hold_bits": 16}, "learning.rate", [2.0**-27], [2.0**-28]),
    ({}, "learning.rate", [1.0, 2.0**-3], [2.0, 2.0**-4]),
    (_ANALOG, "learning.tau_hp", [0.002, 510.0], [0.001, 520.0]),
    ({}, "learning.decay", [2.0**-14, 0.5], [2.0**-15, 1.0]),
    ({}, "learning.clamp", [2.0**-11, 8.0], [2.0**-12, 16.0]),
    ({}, "imperfections.cost_noise", [2.0**-10, 1.0], [2.0**-11]),
    ({"engine.enables": "early"}, "engine.shadow", ["auto", "no"], ["yes"]),
    (_SERIAL, "engine.shadow", ["no"], ["yes"]),
    (_LOADED, "engine.enables", ["direct"], ["early"]),
    (_HALVING, "perturbation.family", ["random_code", "walsh"], ["sequential", "square"]),
    ({"learning.decay": 0.5}, "perturbation.family", ["random_code", "walsh", "sequential"], ["square"]),
    ({"engine.leaf_cells": 16}, "engine.leaves", ["auto", "yes"], ["no"]),
    ({"learning.updates": "delayed"}, "engine.shadow", ["auto", "yes"], ["no"]),
    ({"perturbation.granularity": "node", "learning.rounding": "floor"}, "learning.tau_x", [6], [4]),
]  # fmt: skip


def test_edges_of_the_table_of_options():
    for others, key, taken, refused in EDGES:
        document = {"network": {"layers": [2, 2, 1]}}
        if key == "learning.tau_x":
            others = {**others, "learning.tau_p": 3}
        for each, value in others.items():
            section, name = each.split(".")
            document.setdefault(section, {})[name] = value
        section, name = key.split(".")
        for value in taken:
            TrainerConfig.build({**document, section: {**document.get(section, {}), name: value}})
        for value in refused:
            with pytest.raises(ConfigError):
                TrainerConfig.build({**document, section: {**document.get(section, {}), name: value}})
