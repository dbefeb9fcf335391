"""Node perturbation: the sums of neurons are shaken, and every weight learns by its input."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ..config.codes import COLUMNS
from ..config.network import LayerConfig
from ..config.trainer import TrainerConfig
from ..delay import parity
from ..fixed import shape
from ..hierarchy import Block, place
from ..scan import place_ports
from . import layer_ports, watch_ports
from .array import Tap, held, later, spread
from .cell import code_wires
from .follower import copy_ports, seen
from .integrator import Integrator

__all__ = ["NodeArray", "NodeCell", "NodeInputs", "NodeTile"]


class NodeCell(Block):
    """One parameter of a neuron that has one code for all of them.

    It takes a word where its neuron's wire and its input's wire cross. That is the outer product of
    codes and inputs, one bit of the inputs at a time. A weight always stands at rest, ``10`` below its
    visible bits; a bias is shaken, ``11`` or ``01``, which shakes the sum.

    Words reach T one clock later; the perturbed value is combinational.

    Members
    -------
    node, x : In(1)
        The word is for this neuron, and for this input. While a measurement passes ``node`` is the code.
    word, clear : In(config.words.word), In(1)
        See :class:`Integrator`.
    [shaken] : In(1)
        Biases, where ``config.rests``: low at rest.
    [refresh] : In(1)
        Shadow only: copy the visible bits.
    weight : Out(config.words.weight)
        The parameter; a bias perturbed.
    [watched] : Out(1)
        ``engine.access`` only: the bit of T next to its sign.
    """

    def __init__(self, config: TrainerConfig, bias: bool):
        self.config = config
        self.bias = bias
        members = {
            "node": In(1),
            "x": In(1),
            **_wires(config, bias),
            "weight": Out(shape(config.words.weight)),
            **watch_ports(config),
        }
        super().__init__(members)

    @property
    def module(self) -> str:
        return "bias_cell" if self.bias else "cell"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        integrator = place(m, platform, "integrator", Integrator(config))
        m.d.comb += [
            integrator.word.eq(self.word),
            integrator.enable.eq(self.node & self.x),
            integrator.clear.eq(self.clear),
        ]
        if config.access:
            m.d.comb += self.watched.eq(integrator.theta[-2])
        visible = seen(m, platform, config, self, integrator.theta)
        below = Const(0b10, 2)
        if self.bias and not config.rests:
            below = Cat(Const(1, 1), self.node)
        elif self.bias:
            below = Cat(self.shaken, self.node | ~self.shaken)
        m.d.comb += self.weight.eq(Cat(below, visible))
        return m


def _wires(config: TrainerConfig, bias: bool) -> dict:
    """Members of a cell that are the same for all cells of a layer."""
    members = {"word": In(shape(config.words.word)), "clear": In(1)}
    if bias and config.rests:
        members["shaken"] = In(1)
    return {**members, **copy_ports(config)}


class NodeTile(Block):
    """Up to 64 cells of one neuron; ``biased``, the last is its bias.

    With ``config.placement.leaves`` everything that goes to the cells passes ``config.placement.leaf_levels``
    registers here.

    Members
    -------
    node : In(1); x : In(cells)
        Of the neuron, and of each cell's input.
    word, clear, [shaken, refresh] : In
        The wires of :class:`NodeCell`.
    weights : Out
        The parameters, first cell in the low bits.
    [watched] : Out(1)
        ``engine.access`` only: see :func:`mgd_hdl.learn.watch_ports`.
    """

    def __init__(self, config: TrainerConfig, cells: int, biased: bool):
        self.config = config
        self.cells = cells
        self.biased = biased
        self.wires = {"node": In(1), "x": In(cells), **_wires(config, biased)}
        weights = {"weights": Out(cells * config.words.weight.width)}
        super().__init__({**self.wires, **weights, **watch_ports(config)})

    @property
    def module(self) -> str:
        return f"tile_{self.cells}{'_biased' if self.biased else ''}"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        wires = {name: getattr(self, name) for name in self.wires}
        if config.placement.leaf_levels > 1:
            wires = held(m, platform, "branch", wires)
        last = self.cells - 1
        cells = [
            place(m, platform, f"cell_{index}", NodeCell(config, self.biased and index == last))
            for index in range(self.cells)
        ]
        taps: list[dict[str, Tap]] = [
            {
                port: (port, [index] if port == "x" else None)
                for port in cell.signature.members
                if port not in ("weight", "watched")
            }
            for index, cell in enumerate(cells)
        ]
        leaves = spread(m, platform, "leaf", wires, taps, config.placement.leaves * config.leaf_cells)
        for cell, heard in zip(cells, leaves, strict=True):
            m.d.comb += [getattr(cell, port).eq(wire) for port, wire in heard.items()]
        m.d.comb += self.weights.eq(Cat(cell.weight for cell in cells))
        if config.access:
            bits = [cell.watched for cell in cells]
            m.d.comb += self.watched.eq(parity(m, "parity", bits, config.timing.parity_levels[0]))
        return m


class NodeInputs(Block):
    """The inputs of a layer as one measurement saw them, which give the bits of their words one by one.

    Members
    -------
    x, capture : In, In(1)
        Keep what comes in, ``config.words.input_places`` of each input.
    [turn] : In(1)
        Of several bits the next, from the clock after this one on; after the highest comes the lowest.
    bits : Out
        One bit of each input.
    """

    def __init__(self, config: TrainerConfig, layer: LayerConfig):
        self.config = config
        self.layer = layer
        self.each = len(config.words.input_places(layer))
        turn = {"turn": In(1)} if self.each > 1 else {}
        bits = {"x": In(layer.inputs * self.each), "bits": Out(layer.inputs)}
        super().__init__({**bits, "capture": In(1), **turn})

    @property
    def module(self) -> str:
        return f"inputs_{self.layer.index}"

    def elaborate(self, platform):
        m = Module()
        for i in range(self.layer.inputs):
            held = Signal(self.each, name=f"held_{i}", reset_less=True)
            m.d.comb += self.bits[i].eq(held[0])
            with m.If(self.capture):
                m.d.sync += held.eq(self.x.word_select(i, self.each))
            if self.each > 1:
                with m.Elif(self.turn):
                    m.d.sync += held.eq(held.rotate_right(1))
        return m


class NodeArray(Block):
    """All learning elements of the trainer, in a row for each neuron and a column for each input.

    A weight's estimate is ``C~ s x / amplitude``, s the code of its neuron and x its input in the reference
    measurement: the shaken sum tells the slope by the sum, and the sum's slope by the weight is x. Inputs
    are words of ``config.words.multiples`` bits. So +D goes to the cells of neurons with s = +1 whose input
    has bit 0, then +2 D to those with bit 1, and so on; then -D, -2 D ... to the rows with s = -1. The top
    bit of a signed input counts negative: its word goes to the other rows.

    Everything that comes in together reaches the cells together, ``config.timing.broadcast_latency`` clocks
    later, where T takes one more. No measurement passes while a word does.

    Members
    -------
    word : In(config.words.word)
        The word for all cells; zero when there is none.
    plus, rotate, minus : In(1)
        It is +D; a multiple; for negative codes. From +D to the last multiple of -D there is one a clock.
    rows, columns, [diagonals] : In
        The code, of neurons as if they were cells.
    address, address_rows, address_columns, clear : In
        Pick cells by place; ``clear`` picks all and sets them to zero.
    layer_k : the measurement that passes layer k
        Where ``config.rests``: ``rest``: In(1) no perturbation; two-sided: ``minus``: In(1) the other side.
        ``x``, ``capture``: In, In(1) the inputs of the layer, and that they are those to learn by.
        Shadow only: ``refresh``: In(1) copy the visible bits.
    weights_k_j : Out
        Parameters of neuron j of layer k: inputs first, the perturbed bias on top.
    [watched] : Out(1)
        ``engine.access`` only: see :func:`mgd_hdl.learn.watch_ports`.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        code = code_wires(config, cells=config.placement.code_rows * COLUMNS)
        members = {
            "word": In(shape(config.words.word)),
            "plus": In(1),
            "rotate": In(1),
            "minus": In(1),
            **{name: wire for name, wire in code.items() if name in ("columns", "diagonals")},
            "rows": In(config.placement.code_rows),
            **place_ports(config),
            "clear": In(1),
        }
        super().__init__({**members, **layer_ports(config, self._passing), **watch_ports(config)})

    def _passing(self, layer: LayerConfig) -> dict:
        return {
            **({"minus": In(1)} if self.config.two_sided else {}),
            **({"rest": In(1)} if self.config.rests else {}),
            "x": In(layer.inputs * len(self.config.words.input_places(layer))),
            "capture": In(1),
            **copy_ports(self.config),
        }

    @property
    def module(self) -> str:
        return "array"

    def elaborate(self, platform):
        m = Module()
        config = self.config

        # Which word of its sign is this?
        passes = self.plus | self.rotate | self.minus
        turn = Signal(config.words.multiples, init=1)
        with m.If(passes):
            m.d.sync += turn.eq(turn.rotate_left(1))

        word = later(m, "held_word", self.word)
        clear = later(m, "held_clear", self.clear)
        first_neuron = 0
        watched: list[Value] = []
        for layer in config.shape.layers:
            passing = getattr(self, f"layer_{layer.index}")
            wires = {"word": word, "clear": clear}
            if config.rests:
                wires["shaken"] = later(m, f"shaken_{layer.index}", ~passing.rest)
            if config.shadow:
                wires["refresh"] = later(m, f"refresh_{layer.index}", passing.refresh)

            # Columns: the bits that meet this word.
            inputs = place(m, platform, f"inputs_{layer.index}", NodeInputs(config, layer))
            words = config.words.input_words(layer)
            has_bits = (
                turn[words.start : words.stop].any() if len(words) < config.words.multiples else Const(1, 1)
            )
            m.d.comb += [
                inputs.x.eq(passing.x),
                inputs.capture.eq(passing.capture),
            ]
            if len(words) > 1:
                m.d.comb += inputs.turn.eq(passes & has_bits)
            bits = Cat(inputs.bits & has_bits.replicate(layer.inputs), turn[config.words.unit_shift])
            columns = Signal(layer.inputs + 1, name=f"columns_{layer.index}")
            m.d.sync += columns.eq(Mux(self.address, self.address_columns[: len(columns)], bits))

            # Rows: the neurons whose sign it is.
            other = self.minus ^ turn[-1] if layer.input.signed else self.minus
            if config.two_sided:
                other = other | passing.minus
            here = slice(first_neuron, first_neuron + layer.neurons)
            rows = Signal(layer.neurons, name=f"rows_{layer.index}")
            picked = Cat(*(self._code(neuron) for neuron in range(config.neurons)[here]))
            picked = picked ^ other.replicate(layer.neurons)
            m.d.sync += rows.eq(Mux(self.address, self.address_rows[here], picked))
            with m.If(self.clear):
                m.d.sync += [columns.eq(-1), rows.eq(-1)]
            watched += self._place_tiles(m, platform, layer, rows, columns, wires)
            first_neuron += layer.neurons
        if config.access:
            m.d.comb += self.watched.eq(parity(m, "parity", watched, config.timing.parity_levels[1]))
        return m

    def _code(self, neuron: int):
        """The code of a neuron."""
        at = self.config.placement.code_places[neuron]
        code = self.rows[at.row] ^ self.columns[at.column]
        return code ^ self.diagonals[at.diagonal] if "diagonals" in self.signature.members else code

    def _place_tiles(self, m, platform, layer, rows, columns, wires) -> list[Value]:
        """The cells of a layer, row by row; returns what is watched of each tile."""
        config = self.config
        watched = []
        parameters: dict[int, list] = {}
        for tile in (tile for tile in config.placement.tiles if tile.layer == layer.index):
            neuron, last = (tile.first - layer.first) // (layer.inputs + 1), tile.first_column + tile.cells
            block = NodeTile(config, tile.cells, biased=last == layer.inputs + 1)
            placed = place(m, platform, f"tile_{tile.index}", block)
            for name in block.wires:
                if name not in ("node", "x"):
                    m.d.comb += getattr(placed, name).eq(wires[name])
            m.d.comb += [placed.node.eq(rows[neuron]), placed.x.eq(columns[tile.first_column : last])]
            parameters.setdefault(neuron, []).append(placed.weights)
            if config.access:
                watched.append(placed.watched)
        for neuron, parts in parameters.items():
            m.d.comb += getattr(self, layer.weight_ports[neuron]).eq(Cat(*parts))
        return watched
