"""Cells that hold their code: words of any family are shifted in before each perturbation."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import stream
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..delay import parity
from ..fixed import shape
from ..hierarchy import Block, place
from . import layer_ports, perturbed, to_neurons, watch_ports
from .array import Tap, held, later, spread
from .follower import copy_ports, seen
from .integrator import Integrator

__all__ = ["LoadedArray", "LoadedCell", "LoadedTile"]


def _wires(config: TrainerConfig) -> dict:
    """Members that are the same for every cell of a layer."""
    members = {"shift": In(1), "minus": In(1), "word": In(shape(config.words.word)), "clear": In(1)}
    if config.code_bits > 1:
        members["rotate"] = In(1)
    if config.rests:
        members["shaken"] = In(1)
    return {**members, **copy_ports(config)}


class LoadedCell(Block):
    """One parameter with a register for its code word, a link of a chain through all cells.

    A word u of k bits stands for ``s = 2 u + 1 - 2**k``. As sign and magnitude that is ``S``, the top
    bit, and ``|s| = 1 + sum of 2**(j + 1) m_j``, where ``m_j`` is bit j of u, inverted where S is 0. So
    the homodyne product ``D s`` needs no multiplier: +D goes to all cells with S = 1, then +2 D to those of
    them with m_0 = 1, +4 D to those with m_1 = 1, and so on; then -D, -2 D ... to those with S = 0. For each
    multiple the lower bits of u turn by one place, and k - 1 turns bring them back. With k = 1 that is
    +D and -D as in :class:`mgd_hdl.learn.cell.ParameterCell`. All words that a cell takes of one update
    point the same way, so the rail works word by word.

    The perturbed value needs no adder either: below the visible bits stand ``u 1``, or ``~u 1`` on the other
    side, and ``1 0...0`` at rest.

    Words reach T, and codes the register, one clock later; the perturbed value is combinational.

    Members
    -------
    i_code : In(u); o_code : Out(u)
        The chain; ``shift`` takes what comes in.
    shift, [rotate] : In(1)
        ``rotate``: the word is a multiple, 2 D or more, for cells with this bit of the magnitude, and the
        bits turn. Never both.
    minus : In(1)
        The word is for cells with negative s; two-sided measurements shake to the other side.
    word, clear : In(config.words.word), In(1)
        See :class:`Integrator`.
    [shaken] : In(1)
        Where ``config.rests``: low at rest.
    [refresh, away] : In(1)
        Shadow only: copy the visible bits. Followers: see :class:`mgd_hdl.learn.follower.Follower`.
    weight : Out(config.words.weight)
        The perturbed parameter.
    [watched] : Out(1)
        ``engine.access`` only: the bit of T next to its sign.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(
            {
                **_wires(config),
                "i_code": In(config.code_bits),
                "o_code": Out(config.code_bits),
                "weight": Out(shape(config.words.weight)),
                **watch_ports(config),
            }
        )

    @property
    def module(self) -> str:
        return "cell"

    def elaborate(self, platform):
        m = Module()
        config = self.config

        # The code: the sign on top, below it what turns.
        sign = Signal(reset_less=True)
        lower = Signal(config.code_bits - 1, reset_less=True)
        code = Cat(lower, sign)
        m.d.comb += self.o_code.eq(code)
        with m.If(self.shift):
            m.d.sync += code.eq(self.i_code)
        if config.code_bits > 1:
            with m.Elif(self.rotate):
                m.d.sync += lower.eq(lower.rotate_right(1))

        # Homodyne.
        takes = sign ^ self.minus
        if config.code_bits > 1:
            takes = takes & (~self.rotate | (lower[0] == sign))
        integrator = place(m, platform, "integrator", Integrator(config))
        m.d.comb += [
            integrator.word.eq(self.word),
            integrator.enable.eq(takes),
            integrator.clear.eq(self.clear),
        ]

        if config.access:
            m.d.comb += self.watched.eq(integrator.theta[-2])

        # Perturb.
        visible = seen(m, platform, config, self, integrator.theta)
        side = code ^ self.minus.replicate(config.code_bits) if config.two_sided else code
        below = Cat(Const(1, 1), side)
        if config.rests:
            shaken = self.shaken.replicate(len(lower))
            below = Cat(self.shaken, side[:-1] & shaken, side[-1] | ~self.shaken)
        m.d.comb += self.weight.eq(Cat(below, visible))
        return m


class LoadedTile(Block):
    """Up to 64 loaded cells of one layer, a piece of the chain.

    With ``config.placement.leaves`` everything that goes to all cells passes ``config.placement.leaf_levels``
    registers here; the chain, which goes from cell to cell, does not.

    Members
    -------
    i_code : In(u); o_code : Out(u)
        The chain, from the first cell to the last.
    shift, minus, ... : In
        The wires of :class:`LoadedCell`.
    weights : Out
        The perturbed parameters, first cell in the low bits.
    [watched] : Out(1)
        ``engine.access`` only: see :func:`mgd_hdl.learn.watch_ports`.
    """

    def __init__(self, config: TrainerConfig, cells: int):
        self.config = config
        self.cells = cells
        super().__init__(
            {
                **_wires(config),
                "i_code": In(config.code_bits),
                "o_code": Out(config.code_bits),
                "weights": Out(cells * config.words.weight.width),
                **watch_ports(config),
            }
        )

    @property
    def module(self) -> str:
        return f"tile_{self.cells}"

    def elaborate(self, platform):
        m = Module()
        config = self.config
        wires = {name: getattr(self, name) for name in _wires(config)}
        if config.placement.leaf_levels > 1:
            wires = held(m, platform, "branch", wires)
        code = self.i_code
        weights, watched = [], []
        taps: list[dict[str, Tap]] = [{name: (name, None) for name in wires}] * self.cells
        step = config.placement.leaves * config.leaf_cells
        for index, heard in enumerate(spread(m, platform, "leaf", wires, taps, step)):
            cell = place(m, platform, f"cell_{index}", LoadedCell(config))
            m.d.comb += [
                *(getattr(cell, name).eq(wire) for name, wire in heard.items()),
                cell.i_code.eq(code),
            ]
            code = cell.o_code
            weights.append(cell.weight)
            if config.access:
                watched.append(cell.watched)
        if config.access:
            m.d.comb += self.watched.eq(parity(m, "parity", watched, config.timing.parity_levels[0]))
        m.d.comb += [self.o_code.eq(code), self.weights.eq(Cat(*weights))]
        return m


class LoadedArray(Block):
    """All learning elements of the trainer, with their codes in a chain from cell to cell.

    What comes in together reaches the cells together, ``config.timing.broadcast_latency`` clocks later, where
    T and the code take one more. ``load`` in the clock of an update's last word starts the next code: from
    the clock after it one word is taken in each clock in which there is one, P words.

    Members
    -------
    load : In(1); loaded : Out(1)
        Take a code; all its words are on their way, so a measurement may follow.
    i : In(stream of u)
        One word a parameter, that of the last parameter first.
    fill, sign : In(1)
        While parameters are set, see :class:`mgd_hdl.control.initializer.Initializer`: shift a word of
        this sign into the chain, 1 for positive.
    word : In(config.words.word)
        The word for all cells; zero when there is none.
    minus, [rotate] : In(1)
        Which cells it is for, see :class:`LoadedCell`.
    clear : In(1)
        Those cells become zero.
    layer_k : the measurement that passes layer k
        Where ``config.rests``: ``rest``: In(1) no perturbation; two-sided: ``minus``: In(1) the other side.
        Shadow only: ``refresh``: In(1) copy the visible bits. Followers only: ``away``: In(1).
    weights_k_j : Out
        Perturbed parameters of neuron j of layer k: inputs first, the bias on top.
    pause, filling, end, watched : In(1), In(u), Out(u), Out(1), ``engine.access`` only
        No word of a code is taken from ``i``. What ``fill`` shifts in, in place of ``sign``. What leaves the
        chain with each shift, ``config.timing.broadcast_latency`` clocks after it came in here. See
        :func:`mgd_hdl.learn.watch_ports`.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        members = {
            "load": In(1),
            "loaded": Out(1),
            "i": In(stream.Signature(config.code_bits)),
            "fill": In(1),
            "sign": In(1),
            "word": In(shape(config.words.word)),
            "minus": In(1),
            "clear": In(1),
        }
        if config.code_bits > 1:
            members["rotate"] = In(1)
        if config.access:
            del members["sign"]
            members |= {"pause": In(1), "filling": In(config.code_bits), "end": Out(config.code_bits)}
            members |= watch_ports(config)
        passing = {"minus": In(1)} if config.two_sided else {}
        if config.rests:
            passing["rest"] = In(1)
        super().__init__({**members, **layer_ports(config, lambda _: {**passing, **copy_ports(config)})})

    @property
    def module(self) -> str:
        return "array"

    def elaborate(self, platform):
        m = Module()
        config = self.config

        # Load: so many words are still to come.
        left = Signal(range(config.parameters + 1))
        takes = left != 0
        if config.access:
            takes = takes & ~self.pause
        m.d.comb += [self.loaded.eq(left == 0), self.i.ready.eq(takes)]
        with m.If(self.load):
            m.d.sync += left.eq(config.parameters)
        with m.Elif(self.i.ready & self.i.valid):
            m.d.sync += left.eq(left - 1)

        # One register for what goes to all cells alike.
        everywhere = {
            "word": self.word,
            "clear": self.clear,
            "shift": self.fill | (self.i.ready & self.i.valid),
        }
        if config.code_bits > 1:
            everywhere["rotate"] = self.rotate
        wires = {name: later(m, f"held_{name}", wire) for name, wire in everywhere.items()}
        filling = self.filling if config.access else self.sign.replicate(config.code_bits)
        code = later(m, "entering", Mux(self.fill, filling, self.i.payload))
        for name in ("entering_branch", "entering_leaf")[2 - config.placement.leaf_levels :]:
            code = later(m, name, code)

        watched: list[Value] = []
        for layer in config.shape.layers:
            passing = getattr(self, f"layer_{layer.index}")
            local = {"minus": self.minus | passing.minus if config.two_sided else self.minus}
            if config.rests:
                local["shaken"] = ~passing.rest
            if config.shadow:
                local["refresh"] = passing.refresh
            if config.follow:
                local["away"] = passing.away
            local = {name: later(m, f"{name}_{layer.index}", wire) for name, wire in local.items()}
            parameters = []
            for tile in (tile for tile in config.placement.tiles if tile.layer == layer.index):
                placed = place(m, platform, f"tile_{tile.index}", LoadedTile(config, tile.cells))
                m.d.comb += [
                    *(getattr(placed, name).eq(wire) for name, wire in (wires | local).items()),
                    placed.i_code.eq(code),
                ]
                code = placed.o_code
                parameters += perturbed(placed)
                if config.access:
                    watched.append(placed.watched)
            to_neurons(m, self, layer, parameters)
        if config.access:
            m.d.comb += [
                self.end.eq(code),
                self.watched.eq(parity(m, "parity", watched, config.timing.parity_levels[1])),
            ]
            return m
        unheard_code = Signal(config.code_bits)  # the end of the chain: a name, for lint's sake
        m.d.comb += unheard_code.eq(code)
        return m
