"""One configuration object for both makers: every width, depth and latency follows from here.

The TOML sections are the pydantic models below; :class:`TrainerConfig` adds what follows from
them. ``mgd_hdl`` builds the circuit from it and ``mgd_sim`` the twin, and neither imports the other.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .codes import COLUMNS, LFSR, Family, RandomCode, WalshCode
from .errors import ConfigError, Problem
from .network import Activation, LayerConfig, adder_levels
from .number import SQ, UQ, Format, Rounding, power_of_two
from .reserved import RESERVED_WORDS
from .tasks import TASKS, Task

__all__ = ["Place", "Registers", "Tile", "TrainerConfig"]

TILE_CELLS = 64
SEED_BITS = LFSR.degree


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


_LayerSize = Annotated[int, Field(ge=1, le=4096)]
_Real = Annotated[float, Field(gt=0)]


class NetworkSection(_Section):
    """[network]: the shape of the network under training."""

    layers: Annotated[tuple[_LayerSize, ...], Field(strict=False, min_length=2, max_length=9)]
    """Neurons per layer, inputs first: [2, 2, 1]."""
    activation: Activation | Annotated[tuple[Activation, ...], Field(strict=False)] = "sigmoid"
    """One for all layers, or one per layer."""
    initial: _Real | Annotated[tuple[_Real, ...], Field(strict=False)] = 1.0
    """Parameters start uniform in (-initial, initial); one for all layers, or one per layer."""


class FormatsSection(_Section):
    """[formats]: the words."""

    parameter: Format = SQ(5, 11)
    """The stored parameter, guard bits included. It stops at half its range."""
    input: Format = UQ(1, 0)
    """UQ(1, 0) is one bit per input and needs no multiplier."""
    target: Format = UQ(1, 0)
    activation_fraction: Annotated[int, Field(ge=2, le=16)] = 10
    """Fraction bits of every activation."""
    relu_integer_bits: Annotated[int, Field(ge=0, le=8)] = 2
    segment_bits: Annotated[int, Field(ge=3, le=10)] = 5
    """The activation table has 2**segment_bits straight segments over [-8, 8)."""
    cost_change: Format = SQ(2, 12)
    """C~, saturated."""
    hold_bits: Annotated[int, Field(ge=0, le=16)] = 4
    """Integer bits on top of cost_change for the sum of C~ while one perturbation is held."""


class PerturbationSection(_Section):
    """[perturbation]: how the parameters are shaken."""

    family: Family = "random_code"
    amplitude: _Real = 0.0625
    """Size of each shake; snapped to a power of two."""
    order: Literal["plain", "shuffled"] = "plain"
    """Sequential only: parameters in their own order, or in a shuffled one."""


class LearningSection(_Section):
    """[learning]: the rule. Times are counted in steps; one step is the measurements of one C~."""

    rate: _Real = 0.5
    """Learning rate eta of theta -= eta G, G = sum of C~ s / amplitude; snapped to a power of two."""
    tau_x: Annotated[int, Field(ge=1)] = 1
    """Steps that one sample is held."""
    tau_p: Annotated[int, Field(ge=1)] = 1
    """Steps that one perturbation is held."""
    tau_theta: Annotated[int, Field(ge=1)] = 1
    """Steps between parameter updates."""
    tau_bits: Annotated[int, Field(ge=1, le=24)] = 16
    """Width of the three run-time registers."""
    measure: Literal["one_sided", "two_sided"] = "one_sided"
    """C~ = C(+) - C0, or C(+) - C(-)."""
    rounding: Literal["floor", "nearest_even", "stochastic", "carry"] = "carry"
    """How an update meets the last bit of the parameter; carry loses nothing."""
    updates: Literal["exact", "delayed"] = "exact"
    """exact drains the pipeline before parameters change; delayed never waits."""


class TaskSection(_Section):
    """[task]: what is learned and where samples come from."""

    name: str = "xor"
    source: Literal["memory", "generator", "stream"] = "memory"
    order: Literal["random", "epoch", "plain"] = "epoch"
    """Memory only: a fresh draw every time; every sample once per epoch; or the stored order."""


class EngineSection(_Section):
    """[engine]: the circuit that holds the learning elements."""

    kind: Literal["array"] = "array"
    shadow: Literal["auto", "yes", "no"] = "auto"
    """A copy of the visible bits that changes only every tau_theta; auto: where tau_theta > tau_p
    or updates are delayed."""
    leaves: Literal["auto", "yes", "no"] = "auto"
    """Registers at the leaves of the broadcast, one set per 64 cells; auto: from 65 parameters."""


@dataclass(frozen=True)
class Place:
    """Where a parameter's cell sits: ``row`` counts over the whole array, ``tile_row`` in its tile."""

    layer: int
    row: int
    column: int
    tile: int
    tile_row: int

    @property
    def diagonal(self) -> int:
        return (self.tile_row + self.column) % COLUMNS


@dataclass(frozen=True)
class Tile:
    """Up to 64 cells of one layer behind one set of leaf registers, eight columns wide."""

    index: int
    layer: int
    first: int  # number of its first parameter
    first_row: int
    cells: int

    @property
    def rows(self) -> int:
        return -(-self.cells // COLUMNS)


@dataclass(frozen=True, kw_only=True)
class Registers:
    """What the host may change at run time, as the integers the circuit holds."""

    tau_x: int
    tau_p: int
    tau_theta: int
    learning_shift: int
    seed_code: int
    seed_sample: int
    seed_initial: int
    seed_dither: int


def _scramble(value: int) -> int:
    """The finaliser of SplitMix64: neighbouring integers become unrelated seeds."""
    mask = (1 << 64) - 1
    value = (value + 0x9E3779B97F4A7C15) & mask
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & mask
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & mask
    return value ^ (value >> 31)


class TrainerConfig(_Section):
    """A whole trainer. Build one with :func:`mgd_hdl.config.load` or :func:`preset`."""

    name: str = "mgd"
    """Every Verilog module's name starts with it."""
    seed: Annotated[int, Field(ge=0, lt=1 << 63)] = 0
    """All random streams start from it; a run-time register can change each."""
    network: NetworkSection
    formats: FormatsSection = FormatsSection()
    perturbation: PerturbationSection = PerturbationSection()
    learning: LearningSection = LearningSection()
    task: TaskSection = TaskSection()
    engine: EngineSection = EngineSection()

    # ---- building ---------------------------------------------------------------------------

    @classmethod
    def build(cls, document: dict[str, Any]) -> TrainerConfig:
        """From the tables of a TOML file; raises ConfigError with every problem found."""
        try:
            config = cls.model_validate(document)
        except ValidationError as error:
            raise ConfigError([_explain(cls, item) for item in error.errors()]) from None
        problems = list(config._problems())
        if problems:
            raise ConfigError(problems)
        return config

    def replaced(self, **sections: dict[str, Any] | Any) -> TrainerConfig:
        """A copy with some keys changed, checked again: ``replaced(learning={"rate": 0.25})``."""
        document = self.model_dump(mode="json")
        for key, value in sections.items():
            if isinstance(value, dict):
                document[key].update(value)
            else:
                document[key] = value
        return TrainerConfig.build(document)

    # ---- numbers snapped to powers of two ------------------------------------------------------

    @property
    def amplitude_shift(self) -> int:
        """a in amplitude = 2**-a."""
        return -power_of_two(self.perturbation.amplitude)

    @property
    def learning_shift(self) -> int:
        """k in eta = 2**-k."""
        return -power_of_two(self.learning.rate)

    @property
    def snapped(self) -> dict[str, tuple[float, float]]:
        """Keys whose number was moved to a power of two: what was given, what is used."""
        given = {
            "perturbation.amplitude": (self.perturbation.amplitude, 2.0**-self.amplitude_shift),
            "learning.rate": (self.learning.rate, 2.0**-self.learning_shift),
        }
        for index, initial in enumerate(self._initial):
            given[f"network.initial[{index}]"] = (initial, 2.0 ** power_of_two(initial))
        return {key: pair for key, pair in given.items() if pair[0] != pair[1]}

    # ---- structure -----------------------------------------------------------------------------

    @property
    def _initial(self) -> tuple[float, ...]:
        initial = self.network.initial
        return initial if isinstance(initial, tuple) else (initial,) * (len(self.network.layers) - 1)

    @property
    def _activations(self) -> tuple[Activation, ...]:
        activation = self.network.activation
        return activation if isinstance(activation, tuple) else (activation,) * (len(self.network.layers) - 1)

    @property
    def two_sided(self) -> bool:
        return self.learning.measure == "two_sided"

    @property
    def sequential(self) -> bool:
        return self.perturbation.family == "sequential"

    @property
    def delayed(self) -> bool:
        return self.learning.updates == "delayed"

    @cached_property
    def shadow(self) -> bool:
        """Cells hold a second copy of the visible bits, so measurements of one window overlap."""
        if self.engine.shadow == "auto":
            return self.delayed or self.learning.tau_theta > self.learning.tau_p
        return self.engine.shadow == "yes"

    @cached_property
    def leaves(self) -> bool:
        if self.engine.leaves == "auto":
            return self.parameters > TILE_CELLS
        return self.engine.leaves == "yes"

    @property
    def parameters(self) -> int:
        """P: weights and biases."""
        shape = self.network.layers
        return sum((i + 1) * o for i, o in zip(shape, shape[1:], strict=False))

    @property
    def inputs(self) -> int:
        return self.network.layers[0]

    @property
    def outputs(self) -> int:
        return self.network.layers[-1]

    @cached_property
    def layers(self) -> tuple[LayerConfig, ...]:
        shape, built, first = self.network.layers, [], 0
        incoming = self.formats.input
        for index, activation in enumerate(self._activations):
            layer = LayerConfig(
                index=index,
                inputs=shape[index],
                neurons=shape[index + 1],
                first=first,
                activation=activation,
                input=incoming,
                weight=self.weight,
                output=self._output(activation),
                segment_bits=self.formats.segment_bits,
            )
            if self.delayed and layer.latency % 2:
                layer = LayerConfig(**{**layer.__dict__, "padding": 1})
            built.append(layer)
            first += layer.parameters
            incoming = layer.output
        return tuple(built)

    def _output(self, activation: Activation) -> Format:
        fraction = self.formats.activation_fraction
        if activation == "tanh":
            return SQ(1, fraction)
        return UQ(self.formats.relu_integer_bits if activation == "relu" else 0, fraction)

    @cached_property
    def tiles(self) -> tuple[Tile, ...]:
        built: list[Tile] = []
        first_row = 0
        for layer in self.layers:
            for start in range(0, layer.parameters, TILE_CELLS):
                cells = min(TILE_CELLS, layer.parameters - start)
                tile = Tile(len(built), layer.index, layer.first + start, first_row, cells)
                built.append(tile)
                first_row += tile.rows
        return tuple(built)

    @property
    def rows(self) -> int:
        return self.tiles[-1].first_row + self.tiles[-1].rows

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The place of every parameter, in order of their numbers."""
        return tuple(
            Place(tile.layer, tile.first_row + cell // COLUMNS, cell % COLUMNS, tile.index, cell // COLUMNS)
            for tile in self.tiles
            for cell in range(tile.cells)
        )

    @cached_property
    def random_code(self) -> RandomCode:
        return RandomCode(self.rows)

    @cached_property
    def walsh_code(self) -> WalshCode:
        return WalshCode(self.rows)

    @cached_property
    def sequence(self) -> tuple[int, ...]:
        """Sequential: the numbers of the parameters in the order of their turns."""
        order = list(range(self.parameters))
        if self.perturbation.order == "shuffled":  # Fisher-Yates with a seeded stream
            state = self.seed
            for last in range(self.parameters - 1, 0, -1):
                state = _scramble(state)
                pick = state % (last + 1)
                order[last], order[pick] = order[pick], order[last]
        return tuple(order)

    @cached_property
    def task_data(self) -> Task:
        return TASKS[self.task.name]

    # ---- number formats ------------------------------------------------------------------------

    @property
    def parameter(self) -> Format:
        """T, the stored parameter: visible bits on top, guard bits below."""
        return self.formats.parameter

    @property
    def visible(self) -> Format:
        """The bits of T that the forward pass sees; their last bit is worth four amplitudes."""
        return SQ(self.parameter.integer_bits, self.amplitude_shift - 2)

    @property
    def weight(self) -> Format:
        """The perturbed parameter: visible bits, then ``10`` at rest, ``11`` for +, ``01`` for -.

        The last bit is worth one amplitude, so the three stand for +0, +1 and -1 amplitudes around
        the middle of the visible bit's interval, and the perturbation needs no adder.
        """
        return SQ(self.parameter.integer_bits, self.amplitude_shift)

    @property
    def guard_bits(self) -> int:
        return self.parameter.fraction_bits - self.visible.fraction_bits

    @property
    def cost_change(self) -> Format:
        return self.formats.cost_change

    @cached_property
    def error(self) -> Format:
        """y - t of one output, exact: as wide as its extreme values need."""
        output, target = self.layers[-1].output, self.formats.target
        scale = output.fraction_bits - target.fraction_bits
        low = output.min - (target.max << scale)
        high = output.max - (target.min << scale)
        width = 1 + max((-low - 1).bit_length(), high.bit_length())
        return SQ(width - output.fraction_bits, output.fraction_bits)

    @cached_property
    def cost(self) -> Format:
        """C, the sum of squared errors over the outputs; wide enough for the largest."""
        largest = self.outputs << 2 * (self.error.integer_bits - 1)
        return UQ(largest.bit_length(), self.cost_change.fraction_bits)

    @property
    def hold(self) -> Format:
        """The sum of C~ while one perturbation is held, saturated."""
        return SQ(self.cost_change.integer_bits + self.formats.hold_bits, self.cost_change.fraction_bits)

    @property
    def update(self) -> Format:
        """D, the update broadcast to all cells; saturated to a quarter of T's range.

        T stops at half its range, so one more update never wraps it.
        """
        return SQ(self.parameter.integer_bits - 1, self.parameter.fraction_bits)

    @property
    def gain(self) -> int:
        """D = -hold * 2**(gain - k) in last bits of T, k the learning shift.

        From theta -= eta * C~ s / amplitude with eta = 2**-k and amplitude = 2**-a; a two-sided
        C~ is twice as large, which takes one off.
        """
        return (
            self.amplitude_shift
            + self.parameter.fraction_bits
            - self.cost_change.fraction_bits
            - self.two_sided
        )

    @property
    def rounding(self) -> Rounding:
        return Rounding(self.learning.rounding)

    @property
    def max_learning_shift(self) -> int:
        """The smallest rate the circuit offers; with carry, the last one that drops no bit."""
        if self.rounding is Rounding.CARRY:
            return self.gain
        return max(self.learning_shift, self.gain, 0) + 4

    def initial_shift(self, layer: int) -> int:
        """A random word of T's width, shifted right by this, is uniform in (-initial, initial)."""
        return self.parameter.integer_bits - 1 - power_of_two(self._initial[layer])

    # ---- time ----------------------------------------------------------------------------------
    # Clocks are counted from the one in which the sequencer gives a command.

    @property
    def broadcast_latency(self) -> int:
        """Until the perturbed parameters of layer 0 stand at the network: wires, and leaves."""
        return 1 + self.leaves

    def layer_offset(self, layer: int) -> int:
        """Until the weights of a layer are read."""
        return self.broadcast_latency + sum(each.latency for each in self.layers[:layer])

    @property
    def cost_padding(self) -> int:
        """Delayed updates only: keeps the two-phase updates in step with the measurements."""
        return int(self.delayed and (self.cost_pipeline + self.leaves + 1) % 2)

    @property
    def cost_pipeline(self) -> int:
        """Errors, squares, adder tree."""
        return 2 + adder_levels(self.outputs)

    @property
    def measure_latency(self) -> int:
        """Until C is valid."""
        return self.layer_offset(len(self.layers)) + self.cost_pipeline + self.cost_padding

    @property
    def step_latency(self) -> int:
        """From the command of a step's last measurement until T holds its update."""
        return self.measure_latency + 7 + self.leaves

    def delay(self, layer: int) -> int:
        """Delayed updates: how many steps behind a layer's copy of the parameters is.

        The copy taken at the end of step m holds all updates up to step m - delay.
        """
        assert self.delayed
        behind = self.step_latency - self.layer_offset(layer)
        assert behind % 2 == 0
        return behind // 2

    # ---- registers -----------------------------------------------------------------------------

    def registers(self, seed: int | None = None, **changes: int) -> Registers:
        """The run-time registers of this configuration, for another seed or with some changed."""
        root = _scramble(self.seed if seed is None else seed)
        seeds = {}
        for name in ("seed_code", "seed_sample", "seed_initial", "seed_dither"):
            root = _scramble(root)
            seeds[name] = LFSR.valid(root)
        values = {
            "tau_x": self.learning.tau_x,
            "tau_p": self.learning.tau_p,
            "tau_theta": self.learning.tau_theta,
            "learning_shift": self.learning_shift,
            **seeds,
            **changes,
        }
        problems = [
            Problem(key, str(values[key]), f"must be 1 to {(1 << self.learning.tau_bits) - 1}")
            for key in ("tau_x", "tau_p", "tau_theta")
            if not 1 <= values[key] < 1 << self.learning.tau_bits
        ]
        if not 0 <= values["learning_shift"] <= self.max_learning_shift:
            problems.append(
                Problem(
                    "learning_shift", str(values["learning_shift"]), f"must be 0 to {self.max_learning_shift}"
                )
            )
        if problems:
            raise ConfigError(problems)
        return Registers(**values)

    # ---- what does not fit together ------------------------------------------------------------

    def _problems(self) -> Iterator[Problem]:
        network, formats, learning, task = self.network, self.formats, self.learning, self.task
        count = len(network.layers) - 1

        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", self.name) or "__" in self.name:
            yield Problem(
                "name",
                repr(self.name),
                "must be a letter, then up to 62 letters, digits or single underscores",
            )
        elif self.name.lower() in RESERVED_WORDS:
            yield Problem("name", repr(self.name), "is a word of Verilog, SystemVerilog or VHDL")

        shaped = True
        for key in ("activation", "initial"):
            given = getattr(network, key)
            if isinstance(given, tuple) and len(given) != count:
                shaped = False
                yield Problem(
                    f"network.{key}",
                    f"{len(given)} entries",
                    f"must have one entry for each of the {count} layers behind the inputs, or be a single one",
                )
        if self.parameters > 1 << 16:
            yield Problem("network.layers", str(list(network.layers)), f"has {self.parameters} parameters; the array engine takes at most 65536")
        elif self.perturbation.family == "random_code" and self.rows > RandomCode.MAX_ROWS:
            yield Problem("network.layers", str(list(network.layers)), "has more parameters than random_code has codes; use walsh")

        # The words.
        parameter = formats.parameter
        amplitude = f"{self.perturbation.amplitude} = 2**-{self.amplitude_shift}"
        if not parameter.signed or parameter.integer_bits < 2 or not 4 <= parameter.width <= LFSR.leap:
            yield Problem("formats.parameter", str(parameter), f"must be signed, with 2 or more integer bits and a width of 4 to {LFSR.leap}")
        elif not -parameter.integer_bits + 3 <= self.amplitude_shift <= parameter.fraction_bits + 2:
            yield Problem(
                "perturbation.amplitude",
                amplitude,
                f"must be 2**-{parameter.fraction_bits + 2} to 2**{parameter.integer_bits - 3} with formats.parameter = {parameter}",
            )
        else:
            for layer, initial in enumerate(self._initial if shaped else ()):
                if not 0 <= power_of_two(initial) + parameter.fraction_bits or initial > 2.0 ** (parameter.integer_bits - 2):
                    yield Problem(
                        "network.initial" + (f"[{layer}]" if isinstance(network.initial, tuple) else ""),
                        str(initial),
                        f"must be {2.0**-parameter.fraction_bits} to {2.0 ** (parameter.integer_bits - 2)}, half the range of {parameter}",
                    )
                    if not isinstance(network.initial, tuple):
                        break
            if self.learning_shift < 0 or self.learning_shift > 40:
                yield Problem("learning.rate", str(learning.rate), "must be at most 1 and at least 2**-40")
            elif self.rounding is Rounding.CARRY and self.learning_shift > self.gain:
                more = self.learning_shift - self.gain
                yield Problem(
                    "learning.rate",
                    f"{learning.rate} = 2**-{self.learning_shift}",
                    f'rounding "carry" needs {more} more fraction bit{"s" * (more > 1)} in formats.parameter,'
                    f" {more} fewer in formats.cost_change, or another rounding",
                )
        for key in ("cost_change",):
            given = getattr(formats, key)
            if not given.signed or given.integer_bits < 1 or given.fraction_bits < 1 or given.width > 32:
                yield Problem(f"formats.{key}", str(given), "must be signed, SQ(1, 1) or wider, at most 32 bits")
        for key in ("input", "target"):
            given = getattr(formats, key)
            if given.width > 16 or given.fraction_bits < 0 or given.integer_bits < 0:
                yield Problem(f"formats.{key}", str(given), "must have at most 16 bits, none below zero")
        if formats.target.fraction_bits > formats.activation_fraction:
            yield Problem("formats.target", str(formats.target), f"must have at most activation_fraction = {formats.activation_fraction} fraction bits")

        # The times.
        for key in ("tau_x", "tau_p", "tau_theta"):
            if getattr(learning, key) >= 1 << learning.tau_bits:
                yield Problem(f"learning.{key}", str(getattr(learning, key)), f"must be below 2**{learning.tau_bits} (learning.tau_bits)")
        if self.engine.shadow == "no" and self.delayed:
            yield Problem("engine.shadow", "'no'", 'updates = "delayed" need the shadow copy')
        elif self.engine.shadow == "no" and learning.tau_p % learning.tau_theta:
            yield Problem("engine.shadow", "'no'", f"tau_theta = {learning.tau_theta} must divide tau_p = {learning.tau_p} without the shadow copy")

        # The task.
        if task.name not in TASKS:
            near = difflib.get_close_matches(task.name, TASKS, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            yield Problem("task.name", repr(task.name), f"must be one of {', '.join(TASKS)}{hint}")
            return
        data = self.task_data
        if (network.layers[0], network.layers[-1]) != (data.inputs, data.outputs):
            yield Problem(
                "network.layers",
                str(list(network.layers)),
                f"task {task.name!r} has {data.inputs} inputs and {data.outputs} outputs",
            )
        if task.source == "generator" and data.generator is None:
            yield Problem("task.source", "'generator'", f"task {task.name!r} has no on-chip generator; use memory or stream")
        if task.source == "memory" and data.stored is None:
            yield Problem("task.source", "'memory'", f"task {task.name!r} does not fit on-chip memory; use generator or stream")
        if task.source != "stream":
            if formats.input != UQ(1, 0):
                yield Problem("formats.input", str(formats.input), f"task {task.name!r} has one-bit inputs: UQ(1, 0)")
            if formats.target.integer_bits + (not formats.target.signed) < 2 :
                yield Problem("formats.target", str(formats.target), "must hold 0 and 1")
        if self.delayed and (
            task.source == "stream"
            or (task.source == "memory" and task.order != "plain" and data.count & (data.count - 1))
        ):
            yield Problem(
                "learning.updates",
                "'delayed'",
                "needs a sample in every step: task.source = 'generator', or a memory of 2**n samples",
            )


def _explain(model: type[BaseModel], item: Any) -> Problem:
    """One pydantic error as one line, with the nearest key name for an unknown one."""
    path = [part for part in item["loc"] if not (isinstance(part, str) and "[" in part)]
    path = [part for part in path if part not in ("float", "int", "str", "tuple")]
    key = ""
    section: Any = model
    for part in path:
        key += f"[{part}]" if isinstance(part, int) else f".{part}" if key else str(part)
    value = repr(item["input"])
    if item["type"] == "extra_forbidden":
        for part in path[:-1]:
            field = section.model_fields.get(part)
            section = field.annotation if field else section
        near = difflib.get_close_matches(str(path[-1]), section.model_fields, 1, 0.5)
        allowed = ", ".join(section.model_fields)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return Problem(key, value, f"unknown key; {hint}allowed here: {allowed}")
    if item["type"] == "missing":
        return Problem(key, "", "is missing")
    message = str(item["msg"]).removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    return Problem(key, value, message)
