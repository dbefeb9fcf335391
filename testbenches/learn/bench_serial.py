"""Do bits that pass one by one make the same parameters as whole words, and reach the network in time?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import cocotb
import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.learn.bench_array import Cell, inputs_of
from testbenches.learn.bench_cell import code_bit, wire_settings
from testbenches.learn.rail import taken
from testbenches.support import clock, configured, random_numbers, start


def bit(value: int, place: int) -> int:
    """Of a number in two's complement."""
    return value >> place & 1


# ---- one cell ---------------------------------------------------------------------------------------


async def one_cell(
    dut: Any, config: TrainerConfig, rng: np.random.Generator, idle: float, drift: float
) -> None:
    """Passes of words, passes that clear and passes of nothing; shakes and codes at random in every clock."""
    parameter, settings = config.words.parameter, wire_settings(config)
    width = parameter.width
    await start(dut, start=0, active=0, sign=0, word=0, stored=0, shake_one=0, shake_code=0)
    theta = None
    below: int | None = None  # the bit that came by in the clock before

    async def step(**inputs: int) -> tuple[int, dict[str, int]]:
        nonlocal below
        wires = settings[rng.integers(len(settings))]
        shakes = {"shake_one": int(rng.random() < 0.3), "shake_code": int(rng.random() < 0.3)}
        noise = {name: int(rng.integers(2)) for name in ("sign", "word", "stored")}
        wires = {name: value for name, value in wires.items() if name not in ("shaken", "minus")}
        given = {"start": 0, "active": 0, "rst": 0, **noise, **wires, **shakes, **inputs}
        await clock(dut, **given)
        code = code_bit(config, given)
        other = 1 - code if config.sequential else 0
        if below is not None or given["shake_one"] or given["shake_code"]:
            shown = [[below, code], [1, other]][given["shake_one"]][given["shake_code"]]
            assert shown is None or int(dut.weight.value) == shown, given
        return int(dut.sum.value), given

    async def send(word: int, picks: bool, clears: bool) -> int:
        """One pass; what came out in the place of T."""
        nonlocal below
        chosen = [each for each in settings if code_bit(config, each) == picks]
        wires = {n: v for n, v in chosen[rng.integers(len(chosen))].items() if n not in ("shaken", "minus")}
        await step(start=1, sign=int(word < 0), **wires)
        await step(word=int(clears))
        found = []
        for place in range(width):
            stored = 0 if theta is None else bit(theta, place)
            total, _ = await step(active=1, word=bit(word, place), stored=stored)
            found.append(total)
            below = total
        value = sum(each << place for place, each in enumerate(found))
        return value - (found[-1] << width)

    theta = await send(-1, picks=False, clears=True)
    assert theta == 0
    for turn in range(160):
        while rng.random() < idle:
            await step(rst=int(rng.random() < 0.3))
        size = config.words.update.max * (2 * rng.random() - 1 + drift)
        word = max(config.words.update.min, min(config.words.update.max, round(size)))
        picks, clears = bool(rng.integers(2)), turn % 40 == 39
        if clears:
            word, picks = -1, False
        found = await send(word, picks, clears)
        expected = 0 if clears else taken(parameter, theta, word, enable=picks, clear=False)
        assert found == expected, (turn, theta, word, picks)
        theta = expected


# ---- the whole array --------------------------------------------------------------------------------


@dataclass
class Script:
    """What goes into the array in every clock, and what must be seen, at which clock."""

    config: TrainerConfig
    rng: np.random.Generator
    clocks: list[dict[str, int]] = field(default_factory=list)
    words: dict[int, list[int]] = field(default_factory=dict)  # T of all parameters
    weights: dict[tuple[int, int], list[int]] = field(default_factory=dict)  # by layer and first clock

    def __post_init__(self) -> None:
        self.cells = [Cell(self.config, place) for place in self.config.placement.places]
        self.widths = {**inputs_of(self.config), "load": 1}
        self.widths |= {f"layer_{layer.index}__measure": 1 for layer in self.config.shape.layers}

    def at(self, turn: int, **inputs: int) -> None:
        """Inputs in one clock; whatever nobody says is at random, and no command."""
        while len(self.clocks) <= turn:
            given = {name: int(self.rng.integers(1 << width)) for name, width in self.widths.items()}
            given |= dict.fromkeys(["plus", "minus", "load", "address", "clear"], 0)
            given |= {name: 0 for name in given if name.endswith("__measure")}
            self.clocks.append(given)
        self.clocks[turn] |= inputs

    def learn(self, turn: int, word: int, kind: str) -> int:
        """A word from clock ``turn`` on; the clock at which the next command may come."""
        config = self.config
        until = turn + config.timing.word_clocks
        self.at(until)
        self.at(turn, word=word, **{"load" if kind == "clear" else kind: 1})
        if kind in ("load", "clear"):
            place = config.placement.places[self.rng.integers(config.parameters)]
            held = {"address": 1, "clear": int(kind == "clear"), "word": word}
            held |= {"address_rows": 1 << place.row, "address_columns": 1 << place.column}
            for held_at in range(turn, until):
                self.at(held_at, **held)
        given = self.clocks[turn]
        for cell in self.cells:
            if kind == "clear":
                cell.theta = 0
            else:
                enable = cell.takes(given)
                cell.theta = taken(config.words.parameter, cell.theta, word, enable=enable, clear=False)
        self.words[until + 1 + config.placement.leaves] = [cell.theta for cell in self.cells]
        return until

    def measure(self, turn: int, layer: int) -> int:
        """One layer's parameters pass by from clock ``turn`` on, in the middle of a word or by themselves."""
        config = self.config
        until = turn + config.timing.measure_clocks
        name = f"layer_{layer}__"
        code = {
            each: int(self.rng.integers(1 << self.widths[each]))
            for each in ("rows", "columns", "diagonals")
            if each in self.widths
        }
        if config.sequential:  # one parameter's turn, in this layer or another
            place = config.placement.places[self.rng.integers(config.parameters)]
            code = {"rows": 1 << place.row, "columns": 1 << place.column}
        for held_at in range(turn, until + 1):
            self.at(held_at, **code)
        self.at(turn, **{f"{name}measure": 1})
        given = self.clocks[turn] | {"plus": 0, "minus": 0}
        expected = []
        for cell in self.cells:
            if cell.place.layer == layer:
                weight = cell.weight(given)
                assert weight is not None
                expected.append(weight)
        self.weights[layer, turn + 4 + config.placement.leaves] = expected
        return until


def script(config: TrainerConfig, rng: np.random.Generator, idle: float, turns: int) -> Script:
    """All cells cleared, then words, loads and measurements of one layer after the other."""
    written = Script(config, rng)
    now = written.learn(3, -1, "clear")
    drift = config.words.update.max / 2
    for turn in range(turns):
        while rng.random() < idle:
            now += 1
        centre = drift if turn % 40 < 20 else -drift
        word = round(float(rng.uniform(-1, 1)) * drift + centre)
        kind = str(rng.choice(["plus", "minus", "load", "measure", "clear"], p=[0.3, 0.25, 0.1, 0.33, 0.02]))
        first = 0
        if kind != "measure":
            began = now
            word = -word if kind == "minus" else word
            now = written.learn(now, -1 if kind == "clear" else word, kind)
            if kind in ("load", "clear") or rng.random() < 0.5:
                continue
            now = max(now, written.measure(began + config.timing.join_clocks, 0))
            first = 1
        for layer in range(first, len(config.shape.layers)):
            now = written.measure(now, layer)
    written.at(now + 6)
    return written


def stored(dut: Any, config: TrainerConfig) -> list[int]:
    """T of every parameter, from the columns of the memories."""
    width, found = config.words.parameter.width, []
    for tile in config.placement.tiles:
        memory = getattr(dut, f"tile_{tile.index}").store
        words = [int(memory[place].value) for place in range(width)]
        for cell in range(tile.cells):
            value = sum(bit(word, cell) << place for place, word in enumerate(words))
            found.append(value - (bit(words[-1], cell) << width))
    return found


async def whole_array(dut: Any, config: TrainerConfig, rng: np.random.Generator, idle: float) -> None:
    """Every word in every memory, every bit of every measurement, and first and last in no other clock."""
    written = script(config, rng, idle, bench_parameters()["turns"])
    width, quiet = config.words.weight.width, dict.fromkeys(written.widths, 0)
    await start(dut, **quiet)
    bits: dict[tuple[int, int], list[list[int]]] = {key: [] for key in written.weights}
    marks = set(bits)
    for turn, given in enumerate(written.clocks):
        await clock(dut, **given)
        if turn in written.words:
            assert stored(dut, config) == written.words[turn], turn
        for layer in config.shape.layers:
            first, last = (int(getattr(dut, f"{name}_{layer.index}").value) for name in ("first", "last"))
            assert first == ((layer.index, turn) in marks), turn
            assert last == ((layer.index, turn - width + 1) in marks), turn
            for place in range(width):
                if (layer.index, turn - place) in marks:
                    row = []
                    for neuron in range(layer.neurons):
                        word = int(getattr(dut, f"weights_{layer.index}_{neuron}").value)
                        row += [bit(word, i) for i in range(layer.inputs + 1)]
                    bits[layer.index, turn - place].append(row)
    for key, expected in written.weights.items():
        columns = zip(*bits[key], strict=True)
        found = [sum(b << place for place, b in enumerate(each)) - (each[-1] << width) for each in columns]
        assert found == expected, key
    assert len(written.weights) > bench_parameters()["turns"] / 4
    await clock(dut, rst=1)  # parameters are set when training starts; a reset leaves them alone
    await clock(dut, **{**quiet, "rst": 0})
    assert stored(dut, config) == [cell.theta for cell in written.cells]


@cocotb.test(timeout_time=1, timeout_unit="ms")
@cocotb.parametrize((("idle", "drift"), [(0.0, 0.0), (0.5, 0.6), (0.0, -0.6)]))
async def bits_make_words(dut, idle, drift):
    """One cell or the whole array, as the test says; without idle clocks one pass follows the other."""
    config, rng = configured(), random_numbers()
    if bench_parameters()["block"] == "cell":
        await one_cell(dut, config, rng, idle, drift)
    elif drift >= 0:
        await whole_array(dut, config, rng, idle)
