"""One configuration object for both makers: every width, depth and latency follows from here.

The TOML sections are the pydantic models in ``sections``; :class:`TrainerConfig` adds what follows
from them. ``mgd_hdl`` builds the circuit from it and ``mgd_sim`` the twin, and neither imports the
other.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import islice, pairwise, product
from typing import Annotated, Any

from pydantic import Field, ValidationError
from pydantic.json_schema import GenerateJsonSchema

from .codes import COLUMNS, LOADED, RandomCode, Sinusoids, SparseCode, WalshCode
from .cost import CurveTable, Loss
from .draws import normals, picked, scramble
from .errors import ConfigError
from .explain import explain
from .gaussian import DEVIATION, LARGEST
from .network import Activation, Defect, LayerConfig, adder_levels
from .number import SQ, UQ, Format, Rounding, power_of_two
from .registers import REGISTERS, RULES, SEEDS, Registers, register_problems, seeds
from .relations import relation_problems
from .sections import (
    HIGH_PASS,
    MAX_SEED,
    CostSection,
    EngineSection,
    FormatsSection,
    ImperfectionsSection,
    JudgeSection,
    LearningSection,
    NetworkSection,
    PerturbationSection,
    Section,
    TaskSection,
    TrainerName,
)
from .tasks import TASKS, Task

__all__ = ["Place", "Registers", "Tile", "TrainerConfig"]

TILE_CELLS = 64
_DEFECTS, _STUCK = 1, 2  # streams of a device's draws


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
        """The diagonal wire of its code; each tile has its eight wires turned one further, or cells in
        the same places of two tiles would differ in their rows only.
        """
        return (self.tile + self.tile_row + self.column) % COLUMNS


@dataclass(frozen=True)
class Tile:
    """Up to 64 cells of one layer behind a branch of the broadcast, eight columns wide; node by node, of one
    neuron, in one row.
    """

    index: int
    layer: int
    first: int  # number of its first parameter
    first_row: int
    cells: int
    columns: int = COLUMNS
    first_column: int = 0

    @property
    def rows(self) -> int:
        return -(-self.cells // self.columns)


class _SchemaGenerator(GenerateJsonSchema):
    """Shows defaults as the TOML file would spell them."""

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, Section):
            return dft.model_dump(mode="json")
        return str(dft) if isinstance(dft, Format) else super().encode_default(dft)


def _without(document: Any, error: ValidationError) -> dict[str, Any]:
    """A copy of the document without the keys in error, so that the others can still be checked."""
    kept = dict(document) if isinstance(document, dict) else {}
    for item in error.errors(include_url=False):
        section, *key = item["loc"][:2] or [None]
        if isinstance(kept.get(section), dict) and key:
            kept[section] = {name: value for name, value in kept[section].items() if name != key[0]}
        else:
            kept.pop(section, None)
    kept["network"] = {"layers": [1, 1], **kept.get("network", {})}
    return kept


class TrainerConfig(Section):
    """A whole trainer. Build one with :func:`mgd_hdl.config.load` or :func:`preset`."""

    name: TrainerName = "mgd"
    """The top module; every other module's name starts with it and two underscores."""
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    """All random streams start from it; a run-time register can change each."""
    network: NetworkSection
    formats: FormatsSection = FormatsSection()
    # The table [cost]; config.cost is the format of C.
    cost_section: CostSection = Field(default=CostSection(), alias="cost")
    perturbation: PerturbationSection = PerturbationSection()
    learning: LearningSection = LearningSection()
    task: TaskSection = TaskSection()
    engine: EngineSection = EngineSection()
    judge: JudgeSection = JudgeSection()
    imperfections: ImperfectionsSection = ImperfectionsSection()

    # ---- building ------------------------------------------------------------------------------

    @classmethod
    def build(cls, document: Any) -> TrainerConfig:
        """From the tables of a TOML file; raises ConfigError with every problem found."""
        try:
            config, problems = cls.model_validate(document), []
        except ValidationError as error:
            problems = explain(error, cls.json_schema())
            document = _without(document, error)
            config = cls.model_validate(document)
        problems += relation_problems(config, {problem.key.partition("[")[0] for problem in problems})
        if problems:
            raise ConfigError(problems)
        return config

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of a TOML file."""
        return cls.model_json_schema(schema_generator=_SchemaGenerator)

    def replaced(self, **sections: dict[str, Any] | Any) -> TrainerConfig:
        """A copy with some keys changed, checked again: ``replaced(learning={"rate": 0.25})``."""
        document = self.model_dump(mode="json")
        for key, value in sections.items():
            old = document.get(key)
            document[key] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
        return TrainerConfig.build(document)

    # ---- numbers snapped to powers of two ------------------------------------------------------

    @property
    def amplitude_shift(self) -> int:
        """The a of amplitude = 2**-a."""
        return -power_of_two(self.perturbation.amplitude)

    @property
    def learning_shift(self) -> int:
        """The k of eta = 2**-k."""
        return -power_of_two(self.learning.rate)

    @property
    def snapped(self) -> dict[str, tuple[float, float]]:
        """Keys whose number was moved to one the circuit has: what was given, what is used."""
        given = {
            "perturbation.amplitude": (self.perturbation.amplitude, 2.0**-self.amplitude_shift),
            "learning.rate": (self.learning.rate, 2.0**-self.learning_shift),
        }
        if self.perturbation.share != 1:
            given["perturbation.share"] = (self.perturbation.share, 2.0**-self.halvings)
        optional = {
            "learning.last_rate": self.learning.last_rate,
            "learning.decay": self.learning.decay,
            "learning.clamp": self.learning.clamp,
            "perturbation.last_amplitude": self.perturbation.last_amplitude,
        }
        given |= {key: (value, 2.0 ** power_of_two(value)) for key, value in optional.items() if value}
        if self.cost_noisy:
            noise = self.imperfections.cost_noise
            given["imperfections.cost_noise"] = (noise, 2.0 ** power_of_two(noise))
        if self.update_noisy:
            noise = self.imperfections.update_noise
            given["imperfections.update_noise"] = (noise, 2.0 ** power_of_two(noise))
        if self.analog:
            used = self.high_pass / ((1 << HIGH_PASS.width) - self.high_pass)
            given["learning.tau_hp"] = (self.learning.tau_hp, used)
        for index, initial in enumerate(self._initial):
            given[f"network.initial[{index}]"] = (initial, 2.0 ** power_of_two(initial))
        if self.loss == "hinge":
            margin = self.cost_section.margin
            given["cost.margin"] = (margin, self.output.value(self.margin))
        for key, register in (("limit", self.change_limit), ("gate", self.change_gate)):
            size = getattr(self.cost_section, key)
            if size:
                given[f"cost.{key}"] = (size, self.cost_change.value(register))
        return {key: pair for key, pair in given.items() if pair[0] != pair[1]}

    @property
    def high_pass(self) -> int:
        """The coefficient a = tau_hp / (tau_hp + 1) of the high-pass, in ``HIGH_PASS``."""
        return round(self.learning.tau_hp / (self.learning.tau_hp + 1) * (1 << HIGH_PASS.width))

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
    def loss(self) -> Loss:
        return self.cost_section.loss

    @property
    def analog(self) -> bool:
        """C~ is the high-pass of one cost a step."""
        return self.learning.algorithm == "analog"

    @property
    def rests(self) -> bool:
        """Parameters rest in some measurements: those of C0, or of another layer."""
        return self.layerwise or (not self.two_sided and not self.analog)

    @property
    def follow(self) -> int:
        """The m of 2**-m, by which the copy comes nearer to T; 0 where it becomes T."""
        return self.learning.follow

    @property
    def sequential(self) -> bool:
        return self.perturbation.family == "sequential"

    @property
    def loaded(self) -> bool:
        """Every cell holds its code word, which is shifted in before each perturbation."""
        return self.perturbation.family in LOADED

    @property
    def code_bits(self) -> int:
        """The k of a code word: it stands for an odd number between -2**k and 2**k."""
        return self.perturbation.resolution if self.perturbation.family in ("sinusoidal", "external") else 1

    @property
    def layerwise(self) -> bool:
        """One layer's parameters are perturbed and updated at a time."""
        return self.perturbation.granularity == "layer"

    @property
    def nodes(self) -> bool:
        """The sums of neurons are perturbed, by way of their biases, and weights learn by their inputs."""
        return self.perturbation.granularity == "node"

    @property
    def neurons(self) -> int:
        """N, of all layers."""
        return sum(self.network.layers[1:])

    @property
    def coded(self) -> int:
        """How many codes there are: one for each parameter, or for each neuron."""
        return self.neurons if self.nodes else self.parameters

    @property
    def words(self) -> int:
        """Of one sign, in an update: D and its multiples by powers of two."""
        return self.perturbation.resolution if self.nodes else self.code_bits

    @property
    def part(self) -> int:
        """D is the update for ``2**-part``, of an amplitude or, node by node, of an input."""
        return self.words - self.input_bits if self.nodes else self.code_bits - 1

    @cached_property
    def input_bits(self) -> int:
        """Node by node: integer bits of all inputs of neurons, the bias's 1 among them, in one format; with a
        sign if one of them has one.
        """
        formats = [layer.input for layer in self.layers]
        signed = any(each.signed for each in formats)
        return max(1 + signed, *(each.integer_bits + (signed and not each.signed) for each in formats))

    def input_words(self, layer: LayerConfig) -> range:
        """Node by node: which words of an update the inputs of a layer can pick; the others' bits are 0.

        Word k is ``2**k D``, for bit k of the input in parts of ``2**-part``, rounded down.
        """
        given = layer.input
        top = self.words if given.signed else min(self.words, self.part + given.integer_bits)
        return range(max(0, self.part - given.fraction_bits), top)

    def input_places(self, layer: LayerConfig) -> tuple[int, ...]:
        """Node by node: for each of these words the bit of the input that picks; above its highest is its
        sign.
        """
        below = layer.input.fraction_bits - self.part
        return tuple(min(word + below, layer.input.width - 1) for word in self.input_words(layer))

    @property
    def delayed(self) -> bool:
        return self.learning.updates == "delayed"

    @property
    def serial(self) -> bool:
        """Parameters pass through their cells one bit a clock."""
        return self.engine.cell == "serial"

    @cached_property
    def shadow(self) -> bool:
        """Cells hold a second copy of the visible bits, which changes only at the end of a window."""
        if self.engine.shadow == "auto":
            divides = self.learning.tau_p % self.learning.tau_theta == 0
            return self.delayed or self.follow > 0 or not divides
        return self.engine.shadow == "yes"

    @property
    def overlapping(self) -> bool:
        """Measurements of one window overlap: its updates do not change what the network sees, and the
        next perturbation is there without being loaded. Node by node they wait for updates of many words.
        """
        return self.shadow and not self.loaded and not self.nodes

    @cached_property
    def leaves(self) -> bool:
        if self.engine.leaves == "auto":
            return self.parameters > self.leaf_cells
        return self.engine.leaves == "yes"

    @property
    def leaf_cells(self) -> int:
        """So many cells of a tile share a leaf."""
        return self.engine.leaf_cells

    @property
    def leaf_levels(self) -> int:
        """Registers in a row on the way to a cell: at its leaf; before small ones at the branch of its tile,
        and before that, where a code comes too, at a trunk for several tiles.
        """
        coded = not self.loaded and not self.nodes
        return self.leaves * (1 + (self.leaf_cells < TILE_CELLS) * (1 + coded))

    @property
    def keeps_code(self) -> bool:
        """Cells behind small leaves hear their code one clock before all else, and keep the bits that they
        make of it. Loaded cells keep theirs anyway, and cells by node make none.
        """
        return self.leaf_levels > 2

    @property
    def early(self) -> bool:
        """Cells hear code and sign one clock before the word, and keep whether they take it."""
        return self.engine.enables == "early"

    @property
    def resets(self) -> bool:
        """Cells have a reset, which clears T whatever it holds."""
        return self.engine.reset == "yes"

    @property
    def starts_unknown(self) -> bool:
        """A start makes known all that a step depends on, even where nothing was: where all registers hold X.
        Serial cells are cleared by a pass that reads nothing of them.
        """
        return self.serial or self.resets

    @property
    def parameters(self) -> int:
        """P: weights and biases."""
        shape = self.network.layers
        return sum((i + 1) * o for i, o in pairwise(shape))

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
                serial=self.serial,
                defects=self._own_defects[index],
            )
            if self.delayed and layer.latency % 2:
                layer = replace(layer, padding=1)
            built.append(layer)
            first += layer.parameters
            incoming = layer.output
        return tuple(built)

    def defects(self, device: int | None = None) -> tuple[tuple[Defect, ...], ...]:
        """The defect of every neuron, layer by layer, of this or another device; none without spread."""
        spread = self.imperfections.activation_spread
        draw = normals(self.imperfections.device if device is None else device, _DEFECTS)
        return tuple(
            tuple(
                Defect(shift=spread * x, offset=spread * y, gain=1 + spread * k, height=1 + spread * h)
                for x, y, k, h in (islice(draw, 4) for _ in range(neurons if spread else 0))
            )
            for neurons in self.network.layers[1:]
        )

    @cached_property
    def _own_defects(self) -> tuple[tuple[Defect, ...], ...]:
        return self.defects()

    def stuck(self, device: int | None = None) -> frozenset[int]:
        """The numbers of the parameters that do not learn, of this or another device."""
        chosen = self.imperfections.device if device is None else device
        count = round(self.imperfections.stuck * self.parameters)
        return picked(chosen, _STUCK, self.parameters, count)

    @property
    def some_stuck(self) -> bool:
        """Cells can be told not to learn."""
        return self.imperfections.stuck > 0

    def _output(self, activation: Activation) -> Format:
        fraction = self.formats.activation_fraction
        spread = self.imperfections.activation_spread
        if spread and activation not in ("relu", "linear"):
            # Four standard deviations beyond one; what lies further out saturates.
            return SQ(1 + math.ceil(math.log2(1 + 4 * spread)), fraction)
        if activation == "tanh":
            return SQ(1, fraction)
        if activation == "linear":
            return SQ(self.formats.linear_integer_bits, fraction)
        return UQ(self.formats.relu_integer_bits if activation == "relu" else 0, fraction)

    @property
    def last_activation(self) -> Activation:
        return self._activations[-1]

    @property
    def output(self) -> Format:
        """Of the network, what the last layer gives."""
        return self._output(self.last_activation)

    @cached_property
    def tiles(self) -> tuple[Tile, ...]:
        built: list[Tile] = []
        first_row = 0
        if self.nodes:  # a row for each neuron
            for layer in self.layers:
                step = layer.inputs + 1
                for neuron, column in product(range(layer.neurons), range(0, step, TILE_CELLS)):
                    first = layer.first + neuron * step + column
                    cells = min(TILE_CELLS, step - column)
                    row = first_row + neuron
                    built.append(Tile(len(built), layer.index, first, row, cells, self.columns, column))
                first_row += layer.neurons
            return tuple(built)
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
            Place(
                tile.layer,
                tile.first_row + cell // tile.columns,
                tile.first_column + cell % tile.columns,
                tile.index,
                cell // tile.columns,
            )
            for tile in self.tiles
            for cell in range(tile.cells)
        )

    @property
    def columns(self) -> int:
        """Of the array: each row has so many places or fewer."""
        return max(self.network.layers[:-1]) + 1 if self.nodes else COLUMNS

    @cached_property
    def code_places(self) -> tuple[Place, ...]:
        """What makes codes differ: the places of the parameters, or of neurons as if they were cells."""
        if not self.nodes:
            return self.places
        owners = [layer.index for layer in self.layers for _ in range(layer.neurons)]
        found = []
        for number, owner in enumerate(owners):
            (row, column), (tile, cell) = divmod(number, COLUMNS), divmod(number, TILE_CELLS)
            found.append(Place(owner, row, column, tile, cell // COLUMNS))
        return tuple(found)

    @property
    def code_rows(self) -> int:
        """Of the places of codes."""
        return self.code_places[-1].row + 1

    @cached_property
    def biases(self) -> tuple[int, ...]:
        """The numbers of all biases, one for each neuron."""
        return tuple(
            layer.first + (neuron + 1) * (layer.inputs + 1) - 1
            for layer in self.layers
            for neuron in range(layer.neurons)
        )

    @cached_property
    def random_code(self) -> RandomCode:
        return RandomCode(self.code_rows)

    @property
    def halvings(self) -> int:
        """The k of the share 2**-k of all parameters that are shaken at a time."""
        return -power_of_two(self.perturbation.share)

    @property
    def sparse(self) -> bool:
        """Only some of the parameters are shaken at a time, others each time."""
        return self.halvings > 0

    @property
    def perturbation_power(self) -> Fraction | None:
        """Mean square of a parameter's perturbation, over time, in squares of the amplitude; None where
        only the outside knows. What a shift takes for the square of the amplitude is 1, or the share.
        """
        if self.perturbation.family == "external":
            return None
        if self.perturbation.family == "sinusoidal":
            return Fraction(self.sinusoids.power, 1 << 2 * (self.code_bits - 1))
        turns = len(self.layers) if self.layerwise else 1
        return Fraction(1, turns << self.halvings) / (self.parameters if self.sequential else 1)

    @cached_property
    def sparse_code(self) -> SparseCode:
        return SparseCode(self.rows, self.halvings)

    @cached_property
    def walsh_code(self) -> WalshCode:
        return WalshCode(self.code_rows, self.perturbation.sign_flip)

    @cached_property
    def sinusoids(self) -> Sinusoids:
        shuffled = self.perturbation.order == "shuffled"
        return Sinusoids(self.parameters, self.code_bits, scramble(self.seed) if shuffled else None)

    @cached_property
    def sequence(self) -> tuple[int, ...]:
        """Sequential: the numbers of the parameters in the order of their turns."""
        order = list(range(self.parameters))
        if self.perturbation.order == "shuffled":  # Fisher-Yates with a seeded stream
            state = self.seed
            for last in range(self.parameters - 1, 0, -1):
                state = scramble(state)
                pick = state % (last + 1)
                order[last], order[pick] = order[pick], order[last]
        return tuple(order)

    @cached_property
    def task_data(self) -> Task:
        return TASKS[self.task.name]

    @cached_property
    def sample_words(self) -> tuple[tuple[int, ...], int]:
        """What the sample memory holds, and its width: inputs in the low bits, then the targets."""
        target = self.formats.target
        words = []
        for x, bits in self.task_data.samples:
            word = x
            for j in range(self.outputs):
                word |= (bits >> j & 1) << target.fraction_bits + self.inputs + j * target.width
            words.append(word)
        return tuple(words), self.inputs + self.outputs * target.width

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
    def copied(self) -> Format:
        """The copy that follows T: visible bits, and below them what a follower needs to arrive."""
        return SQ(self.visible.integer_bits, self.visible.fraction_bits + self.follow)

    @property
    def weight(self) -> Format:
        """The perturbed parameter: visible bits, then ``10`` at rest, ``11`` for +, ``01`` for -.

        The last bit is worth one amplitude, so the three stand for +0, +1 and -1 amplitudes around
        the middle of the visible bit's interval, and the perturbation needs no adder. With code words u
        of k bits it is ``u 1``, at rest ``10...0``, and the last bit is worth amplitude / 2**(k - 1).
        Where the amplitude may halve the last bit is worth the smallest.
        """
        return SQ(self.parameter.integer_bits, self.amplitude_shift + self.fine_bits - 1)

    @property
    def shrinks(self) -> int:
        """How often the amplitude may halve."""
        if not self.perturbation.halve_every:
            return 0
        last = self.perturbation.last_amplitude
        return -power_of_two(last) - self.amplitude_shift if last else 1

    @property
    def halved_updates(self) -> int:
        """How often updates may double because the amplitude halves: never where only signs count."""
        return 0 if self.sign_only else self.shrinks

    @property
    def fine_bits(self) -> int:
        """Of the perturbed parameter, how many bits below the one that is alone on at rest."""
        return self.code_bits + self.shrinks

    @property
    def weight_wires(self) -> int:
        """From a cell to the network."""
        return 1 if self.serial else self.weight.width

    @property
    def guard_bits(self) -> int:
        return self.parameter.fraction_bits - self.visible.fraction_bits

    @property
    def cost_change(self) -> Format:
        return self.formats.cost_change

    @cached_property
    def error(self) -> Format:
        """Of one output, y - t, exact: as wide as its extreme values need."""
        output, target = self.layers[-1].output, self.formats.target
        scale = output.fraction_bits - target.fraction_bits
        low = output.min - (target.max << scale)
        high = output.max - (target.min << scale)
        width = 1 + max((-low - 1).bit_length(), high.bit_length())
        return SQ(width - output.fraction_bits, output.fraction_bits)

    @property
    def judges_error(self) -> bool:
        """The loss is a distance from the targets; otherwise it compares the outputs with one another, or
        with zero, and a target only says which class is right.
        """
        return self.loss in ("squared_error", "absolute_error")

    @property
    def threshold(self) -> int:
        """A single output answers one from here on, in last bits of the output."""
        return 1 << self.output.fraction_bits - 1 if self.judges_error else 0

    @property
    def target_threshold(self) -> int:
        """A single target means one from here on, in its last bits: one half, or the first above it."""
        return 1 << max(0, self.formats.target.fraction_bits - 1)

    @property
    def margin(self) -> int:
        """Of the hinge, in last bits of the outputs."""
        return round(Fraction(self.cost_section.margin) * (1 << self.output.fraction_bits))

    @property
    def high_passed(self) -> Format:
        """The state of the high-pass: C~, and below it the remainder that the coefficient leaves."""
        change = self.cost_change
        return SQ(change.integer_bits, change.fraction_bits + HIGH_PASS.width)

    @property
    def gated(self) -> bool:
        """Small cost changes may count as zero, and large ones be limited."""
        return self.cost_section.limit > 0 or self.cost_section.gate > 0

    @property
    def anew(self) -> bool:
        """C0 is measured at every step, and not only where it can have changed."""
        return self.learning.reference == "every_step"

    @property
    def change_limit(self) -> int:
        """In last bits of C~."""
        limit = self.cost_section.limit
        return self.cost_change.quantize(limit) if limit else self.cost_change.max

    @property
    def change_gate(self) -> int:
        """In last bits of C~."""
        return self.cost_change.quantize(self.cost_section.gate)

    @cached_property
    def cost(self) -> Format:
        """C, wide enough for the largest that the loss can be."""
        return UQ(self.cost_integer_bits, self.cost_change.fraction_bits)

    @property
    def cost_integer_bits(self) -> int:
        """From a whole number that C does not exceed.

        No error exceeds the least one, ``-2**(integer_bits - 1)``, and all outputs may have it. Outputs of
        i integer bits differ by less than ``2**i``, and a single signed one from zero by half of that.
        """
        output = self.output
        if self.loss == "squared_error":
            largest = self.outputs << 2 * (self.error.integer_bits - 1)
        elif self.loss == "absolute_error":
            largest = self.outputs << self.error.integer_bits - 1
        else:
            largest = 1 << max(0, output.integer_bits - (self.outputs == 1))
            if self.loss == "hinge":
                largest += math.ceil(output.value(self.margin))
            else:
                largest += math.ceil(math.log(max(2, self.outputs)))
        return largest.bit_length()

    @property
    def judged(self) -> bool:
        """The circuit says itself when it has learned."""
        return self.judge.kind != "none"

    @property
    def judge_limit(self) -> int:
        """The least cost that is a miss, in last bits of C: ``C < limit`` is ``c < judge_limit``."""
        return math.ceil(self.judge.limit * 2.0**self.cost.fraction_bits)

    @property
    def cost_noisy(self) -> bool:
        """Noise is added to every cost that is measured."""
        return self.imperfections.cost_noise > 0

    @property
    def measured(self) -> Format:
        """C as it is measured. With noise it may be negative; the largest noise is below 8."""
        cost = self.cost
        return SQ(max(cost.integer_bits, 3) + 2, cost.fraction_bits) if self.cost_noisy else cost

    @property
    def max_cost_noise(self) -> int:
        """The k of the largest noise, a deviation of ``2**(k + 1)`` last bits of the cost: 1."""
        return self.cost_change.fraction_bits - 1

    @property
    def cost_noise(self) -> int:
        """The k that the configuration asks for, 0 without noise."""
        if not self.cost_noisy:
            return 0
        return power_of_two(self.imperfections.cost_noise) + self.max_cost_noise

    @property
    def curve_fraction(self) -> int:
        """Cross-entropy: fraction bits of its curves, three more than the cost keeps."""
        return self.cost_change.fraction_bits + 3

    @cached_property
    def distance_table(self) -> CurveTable:
        """Cross-entropy: what an output adds that is d below the largest, exp(-d); of a single output
        log(1 + exp(-d)), d its size.
        """
        bits, output = self.cost_section.segment_bits, self.output
        return CurveTable(
            curve="softplus" if self.outputs == 1 else "exponential",
            segment_bits=bits,
            argument_fraction=max(output.fraction_bits, bits - 2),
            output=UQ(int(self.outputs > 1), self.curve_fraction),
        )

    @cached_property
    def logarithm_table(self) -> CurveTable | None:
        """Cross-entropy of several outputs: log(1 + d), d what follows the leading one of a sum."""
        if self.outputs == 1:
            return None
        fraction = self.curve_fraction + len(self.octaves) - 1
        bits = min(self.cost_section.segment_bits, fraction - 1)
        return CurveTable(
            curve="logarithm",
            segment_bits=bits,
            argument_fraction=fraction,
            output=UQ(0, self.curve_fraction),
        )

    @property
    def octaves(self) -> tuple[int, ...]:
        """Cross-entropy of several outputs: k log(2), for a sum whose leading one is worth 2**k; the sum
        is at most the number of outputs.
        """
        unit = UQ(4, self.curve_fraction)
        return tuple(unit.quantize(k * math.log(2)) for k in range(self.outputs.bit_length()))

    @property
    def loss_error(self) -> float:
        """How far C may be from the exact loss of the same outputs: what the last bit drops, and tables.

        Cross-entropy: the largest output adds exactly 1 to the sum, each other one what the table is wrong
        by. The sum is 1 or more, where the logarithm's slope is 1 or less; then come its own table and
        the rounding of k log(2).
        """
        error = self.cost.step
        if self.loss == "cross_entropy":
            error += max(1, self.outputs - 1) * self.distance_table.error
            if self.logarithm_table is not None:
                error += self.logarithm_table.error + self.logarithm_table.output.step / 2
        return error

    @property
    def hold(self) -> Format:
        """The sum of C~ while one perturbation is held, saturated."""
        return SQ(self.cost_change.integer_bits + self.formats.hold_bits, self.cost_change.fraction_bits)

    @property
    def update(self) -> Format:
        """D, the update for a perturbation of one last bit of ``weight``, or node by node for an input of
        ``2**-part``, saturated: see ``word``.
        """
        return SQ(self.word.integer_bits - (self.words - 1), self.parameter.fraction_bits)

    @property
    def word(self) -> Format:
        """What is broadcast to all cells, +-D to +-2**(words - 1) D: a quarter of T's range.

        T stops at half its range, so one more word never wraps it.
        """
        return SQ(self.parameter.integer_bits - 1, self.parameter.fraction_bits)

    @property
    def rail(self) -> int:
        """The p of a rail at 2**p last bits of T: half of T's range, or a narrower clamp."""
        clamp = self.learning.clamp
        half = self.parameter.width - 2
        return power_of_two(clamp) + self.parameter.fraction_bits if clamp else half

    @property
    def decays(self) -> bool:
        """Parameters lose a part of themselves at each update."""
        return self.learning.decay > 0

    @property
    def max_weight_decay(self) -> int:
        """The k of the largest decay, one half: ``2**(k - 1 - half)`` where half the range is 2**half."""
        return self.parameter.width - 2

    @property
    def weight_decay(self) -> int:
        """The k that the configuration asks for, 0 without decay."""
        if not self.decays:
            return 0
        return power_of_two(self.learning.decay) + 1 + self.max_weight_decay

    @property
    def decay_clocks(self) -> int:
        """How long the decay of an update is on the wires to the cells."""
        return 4 * self.decays

    @property
    def tail_clocks(self) -> int:
        """How long what follows the last word of an update is on the wires to the cells."""
        return self.decay_clocks + self.noise_clocks

    @property
    def sign_only(self) -> bool:
        """Of the sum of C~ only the sign makes the update."""
        return self.learning.size == "sign"

    @property
    def annealed(self) -> bool:
        """The learning shift grows while training goes on."""
        return self.learning.anneal_every > 0

    @property
    def last_shift(self) -> int:
        """The learning shift at which annealing stops."""
        last = self.learning.last_rate
        return -power_of_two(last) if last else self.max_learning_shift

    @property
    def shift_bits(self) -> int:
        """Width of the registers of learning shifts."""
        return max(1, self.max_learning_shift.bit_length())

    @property
    def update_noisy(self) -> bool:
        """Noise follows every update."""
        return self.imperfections.update_noise > 0

    @property
    def independent_noise(self) -> bool:
        """Each parameter takes the noise of an update with a sign of its own."""
        return self.update_noisy and self.imperfections.update_noise_kind == "independent"

    @property
    def max_update_noise(self) -> int:
        """The k of the largest noise, a deviation of ``2**(k + 1)`` last bits of T: none exceeds D."""
        return (self.update.max // LARGEST).bit_length()

    @property
    def update_noise(self) -> int:
        """The k that the configuration asks for, 0 without noise."""
        if not self.update_noisy:
            return 0
        least = power_of_two(DEVIATION) - self.parameter.fraction_bits
        return power_of_two(self.imperfections.update_noise) - least + 1

    @property
    def noise_clocks(self) -> int:
        """How long the noise of an update is on the wires to the cells."""
        return self.update_noisy + self.independent_noise

    @property
    def gain(self) -> int:
        """D = -hold * 2**(gain - k) in last bits of T, k the learning shift.

        From theta -= eta * C~ s / amplitude with eta = 2**-k and amplitude = 2**-a; a two-sided
        C~ is twice as large, which takes one off. A code word of several bits counts s in parts of the
        amplitude, 2**(code_bits - 1) of them, and node by node inputs are counted in parts too. A sparse code
        shakes each parameter in one of 2**halvings perturbations, so what is then learned counts as much.
        Where only the sign of the hold counts, D is -+2**(gain - k) and the rate itself.
        """
        if self.sign_only:
            return self.parameter.fraction_bits - self.part
        return (
            self.amplitude_shift
            + self.parameter.fraction_bits
            - self.cost_change.fraction_bits
            - self.two_sided
            - self.part
            + self.halvings
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

    @property
    def dropped_bits(self) -> int:
        """The most bits below T's last one that a learning shift leaves to rounding."""
        return max(0, self.max_learning_shift - self.gain)

    def initial_shift(self, layer: int) -> int:
        """A random word of T's width, shifted right by this, is uniform in (-initial, initial)."""
        return self.parameter.integer_bits - 1 - power_of_two(self._initial[layer])

    # ---- time ----------------------------------------------------------------------------------
    # Clocks are counted from the one in which the sequencer gives a command.

    @property
    def broadcast_latency(self) -> int:
        """Until the perturbed parameters of layer 0 stand at the network: wires, the tree, code bits."""
        return 1 + self.leaf_levels + self.keeps_code

    @property
    def word_clocks(self) -> int:
        """For how long a word keeps the cells busy; serial ones start, hear what is to come, and take a
        bit in every further clock.
        """
        return 2 + self.parameter.width if self.serial else 1

    @property
    def update_clocks(self) -> int:
        """For how long an update does: +D, then -D, each with its multiples by powers of two where code
        words, or inputs node by node, have several bits.
        """
        return 2 * self.words * self.word_clocks

    @property
    def measure_clocks(self) -> int:
        """For how long a measurement keeps the cells of a layer busy."""
        return 2 + self.weight.width if self.serial else 1

    @property
    def join_clocks(self) -> int:
        """Serial cells: so long after a word began to pass, a measurement may begin in the same pass,
        because the lowest bit it needs is three clocks away.
        """
        return self.guard_bits - 2

    @property
    def weight_latency(self) -> int:
        """Until the weights of layer 0 stand at the network, or the first bit of each."""
        return self.broadcast_latency + (3 if self.serial else 0)

    def layer_offset(self, layer: int) -> int:
        """Until the weights of a layer are read, or the first bit of each."""
        return self.weight_latency + sum(each.latency for each in self.layers[:layer])

    @property
    def classifier_latency(self) -> int:
        """From the outputs to the counters of answers: a comparator for each level, the counters."""
        return max(1, adder_levels(self.outputs)) + 1

    @property
    def cost_padding(self) -> int:
        """Delayed updates only: keeps the two-phase updates in step with the measurements."""
        way = self.cost_pipeline + self.noise_latency + self.change_latency + self.broadcast_latency
        return int(self.delayed and way % 2 == 0)

    @property
    def noise_latency(self) -> int:
        """From the cost to the cost with noise."""
        return int(self.cost_noisy)

    @property
    def cost_pipeline(self) -> int:
        """Errors, their squares or sizes, adder tree; or signs, comparator tree, limit. Cross-entropy:
        comparator tree, distances, three clocks of exp, adder tree, three of log, last sum; of one
        output size, look-up, interpolation, sum.
        """
        levels = adder_levels(self.outputs)
        if self.loss == "cross_entropy":
            return 4 if self.outputs == 1 else 2 * levels + 7
        return 2 + levels

    @property
    def measure_latency(self) -> int:
        """Until C is valid."""
        pipeline = self.cost_pipeline + self.cost_padding + self.noise_latency
        return self.layer_offset(len(self.layers)) + pipeline

    @property
    def change_latency(self) -> int:
        """From C to C~, and through the gate."""
        return (3 if self.analog else 1) + self.gated

    @property
    def window_clocks(self) -> int:
        """For how long it must be known of a step whether it ends a window. A delayed update is taken by the
        measurements themselves, layer by layer.
        """
        if not self.delayed:
            return self.measure_latency + self.change_latency + 4
        passed = self.layer_offset(len(self.layers) - 1) - self.weight_latency
        return max(passed, self.measure_latency + self.change_latency + 1) if self.annealed else passed

    @property
    def step_latency(self) -> int:
        """From the command of a step's last measurement until T holds its update."""
        return (
            self.measure_latency
            + self.change_latency
            + 3
            + self.update_clocks
            + self.tail_clocks
            + self.broadcast_latency
        )

    @cached_property
    def settle_moves(self) -> int:
        """Until a copy that starts from 0 has come to any T."""
        longest = 1
        for target in (self.visible.min, self.visible.max):
            copy = moves = 0
            while (nearer := copy + target - (copy >> self.follow)) != copy:
                copy, moves = nearer, moves + 1
            longest = max(longest, moves)
        return longest

    @property
    def clocks_per_step(self) -> Fraction:
        """While samples are there in time: the mean over all steps.

        A step commands its reference, where it needs one, and its perturbed cost. Then every step
        without shadow waits for its update, a window's last step with shadow waits for it and for the
        copy, and delayed updates are never waited for. A code is loaded after the last update with the
        one before; the reference of a one-sided step can pass meanwhile.
        """
        if self.delayed:
            return Fraction(2)
        wait = Fraction(self.measure_latency + self.change_latency + 3 + self.update_clocks)
        if self.loaded:
            # One of the words enters while the reference does, or the copy is made; one more while that
            # follows.
            tau_p, window = self.learning.tau_p, self.learning.tau_theta
            load = self.parameters - 1 + self.two_sided - self.shadow
            clocks = wait + 1 + self.shadow + Fraction(load, tau_p)
            if self.follow:
                clocks += Fraction(1, window) - Fraction(min(1, load), math.lcm(tau_p, window))
            return clocks
        if self.nodes:
            return wait + 1 + self.shadow
        if self.tail_clocks:
            # Without shadow tau_theta divides tau_p, and of so many steps one makes an update.
            wait += Fraction(self.tail_clocks, 1 if self.shadow else self.learning.tau_theta)
        if self.shadow:
            window = self.learning.tau_theta
            return Fraction(2 * window + wait + (self.follow > 0), window)
        # The reference of serial cells joins the pass of the update.
        return Fraction(wait if self.serial else wait + 1)

    def delay(self, layer: int) -> int:
        """Delayed updates: how many steps behind a layer's copy of the parameters is.

        The copy taken at the end of step m holds all updates up to step m - delay.
        """
        assert self.delayed
        behind = self.step_latency - self.layer_offset(layer)
        assert behind % 2 == 0
        return behind // 2

    # ---- registers -----------------------------------------------------------------------------

    @cached_property
    def _register_values(self) -> dict[str, int]:
        return {register.name: register.value(self) for register in REGISTERS}

    def registers(self, seed: int | None = None, **changes: int) -> Registers:
        """The run-time registers of this configuration, for another seed or with some changed.

        Raises ConfigError where the circuit cannot follow.
        """
        values = self._register_values | seeds(self.seed if seed is None else seed)
        problems = register_problems(self, values, changes)
        if problems:
            raise ConfigError(problems)
        return Registers(**values | {name: int(value) for name, value in changes.items()})

    def followed(self, registers: Registers) -> Registers:
        """The same registers; raises ConfigError where this circuit cannot follow them."""
        unheard = {each.name for each in REGISTERS if each.name in SEEDS and not each.there(self)}
        changes = {name: value for name, value in asdict(registers).items() if name not in unheard}
        self.registers(**changes)
        return registers

    @property
    def legal_registers(self) -> dict[str, dict[str, int | str]]:
        """For each register of this circuit the configuration's value, the least and the greatest one; and
        where others decide too, how.
        """
        found: dict[str, dict[str, int | str]] = {}
        for register in REGISTERS:
            if register.there(self):
                legal = register.legal(self)
                value = self._register_values[register.name]
                rules = [rule.text(self) for rule in RULES if register.name in rule.names and rule.on(self)]
                found[register.name] = {"value": value, "least": legal[0], "most": legal[-1]}
                if rules:
                    found[register.name]["rule"] = "; ".join(rules)
        return found
