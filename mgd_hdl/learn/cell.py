"""The learning element: everything one parameter needs, in W + 2 logic cells for W bits."""

from __future__ import annotations

import itertools

from amaranth.hdl import Cat, Const, Module, Mux, Signal
from amaranth.lib.wiring import In, Out

from ..config.codes import COLUMNS
from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block, place
from . import watch_ports
from .follower import copy_ports, seen
from .integrator import Integrator

__all__ = [
    "WIRES",
    "ParameterCell",
    "code_bit",
    "code_wires",
    "loading_wires",
    "perturbation_wires",
    "wire_names",
]


class ParameterCell(Block):
    """One parameter: its code bit, its integrator, and its perturbed value.

    The code bit comes from few wires shared by all cells (:mod:`mgd_hdl.config.codes`):

        random_code   row ^ column ^ diagonal     walsh   row ^ column     sequential   row & column

    Sparse random codes have more wires, which say whether the parameter is active at all: rest and inactive
    are the same ``10``, and a word is for active cells only. One cell is addressed by its row among the wires
    of the sign and its column among those of activity, so that tables have four inputs:

        active    first_row ^ first_column, and second_row ^ second_column, and so on
        takes     active & code                below    active, code | ~active

    Otherwise in the first two families ``both`` makes another use of the wires: row AND column address one
    cell, which is how parameters are loaded, and ``diagonal`` (walsh: ``every``) picks all. Four inputs,
    one look-up table.

    The perturbed value needs no adder: below the visible bits of T stand two more, ``10`` at rest,
    ``11`` for +amplitude and ``01`` for -amplitude. The visible bits' last bit is worth four
    amplitudes, and rest is the middle of its interval. Where the amplitude may halve, which is
    ``config.amplitude_halvings`` times, there are more: ``100`` at rest, ``110`` and ``010`` for the first
    amplitude, ``101`` and ``011`` for half of it. Each of them but the last is a look-up table.

    With a shadow (``config.shadow``) the network sees a copy of the visible bits that changes only
    on ``refresh``, and a second set of code wires, ``shake_*``, perturbs it: while T integrates
    the cost change of an earlier measurement, the next ones are on their way. With ``config.follow``
    the copy is a :class:`mgd_hdl.learn.follower.Follower`.

    Words reach T one clock later; the perturbed value is combinational. With ``config.placement.keeps_code``
    the wires of the code come one clock before all else, and registers hold what the cell makes of them: then
    no more than one look-up table stands before any register of a cell, but for its adder.

    Members
    -------
    row, column, [diagonal | every, both, first_row, ...] : In(1)
        Wires of the code that the word meets, and, without shadow, that perturbs.
    shake_row, shake_column, [shake_diagonal | shake_every, shake_both] : In(1)
        Shadow only: wires of the code that perturbs.
    shaken : In(1)
        Low at rest. Random and Walsh codes where ``config.rests``: the others need no such wire.
    minus : In(1)
        Two-sided sequential only: shake to the other side.
    word, clear, [sign] : In(D), In(1), In(1)
        See :class:`Integrator`; ``sign`` and the code go one clock before the word if enables are early.
    refresh : In(1)
        Shadow only: copy the visible bits.
    away : In(1)
        Followers only: see there.
    compare : In(1)
        Weight decay only: see :class:`Integrator`.
    steps : In(amplitude_halvings + 1)
        In place of ``shaken`` where the amplitude may halve: which of them, the smallest first; none at rest.
    stuck, [loading] : In(1)
        Only where ``imperfections.stuck`` is above zero. A constant: this parameter does not learn, and
        is shaken or still; it takes a word while ``loading`` is high. Or it is dead: always zero.
    weight : Out(config.words.weight)
        The perturbed parameter.
    [watched] : Out(1)
        ``engine.access`` only: the bit of T next to its sign.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        members = {
            **code_wires(config),
            **(code_wires(config, "shake_") if config.shadow else {}),
            **perturbation_wires(config),
            **loading_wires(config),
            **({"stuck": In(1)} if config.some_stuck else {}),
            "word": In(shape(config.words.update)),
            **({"sign": In(1)} if config.early else {}),
            "clear": In(1),
            **({"compare": In(1)} if config.decays else {}),
            "weight": Out(shape(config.words.weight)),
            **copy_ports(config),
            **watch_ports(config),
        }
        super().__init__(members)

    @property
    def module(self) -> str:
        return "cell"

    def elaborate(self, platform):
        m = Module()
        config = self.config

        # Homodyne: the word is +D or -D; the code bit picks which of them this parameter takes.
        code = self._bit(m, "code", self._code(""))
        takes = code
        if config.sparse:
            active = self._bit(m, "active", self._active(""))
            takes = code & active
        integrator = place(m, platform, "integrator", Integrator(config))
        kind = config.imperfections.stuck_kind if config.some_stuck else None
        enable = takes
        if kind:
            # What is stuck still starts somewhere: at its initial value, or cleared.
            enable = takes & (~self.stuck | (self.clear if kind == "dead" else self.loading))
        m.d.comb += [
            integrator.word.eq(self.word),
            integrator.enable.eq(enable),
            integrator.clear.eq(self.clear),
        ]
        if config.early:
            m.d.comb += integrator.sign.eq(self.sign)
        if config.decays:
            m.d.comb += integrator.compare.eq(self.compare)

        if config.access:
            m.d.comb += self.watched.eq(integrator.theta[-2])

        # Perturb.
        visible = seen(m, platform, config, self, integrator.theta)
        shake = code
        if config.shadow:
            shake = self._bit(m, "shake", self._code("shake_"))
        if config.sequential:
            side = ~(shake & self.minus) if config.two_sided else Const(1, 1)
            below = Cat(shake, side)
        elif config.sparse:
            moves = self._bit(m, "moves", self._active("shake_")) if config.shadow else active
            below = Cat(moves, shake | ~moves)
        elif config.amplitude_halvings:
            # Of -amplitude the bits from that amplitude on are on, below the one of rest.
            smaller = [~shake & self.steps[:bit].any() for bit in range(1, len(self.steps))]
            below = Cat(self.steps[0], *(self.steps[1 + i] | each for i, each in enumerate(smaller)), shake)
        else:
            below = Cat(self.shaken if config.rests else Const(1, 1), shake)
        weight = Cat(below, visible)
        if kind == "still":
            weight = Cat(*(bit & ~self.stuck for bit in below[:-1]), below[-1] | self.stuck, visible)
        elif kind == "dead":
            weight = Mux(self.stuck, 0, weight)
        m.d.comb += self.weight.eq(weight)
        return m

    def _bit(self, m: Module, name: str, value) -> Signal:
        """What the cell makes of its code wires, in a register if it keeps it."""
        kept = self.config.placement.keeps_code
        bit = Signal(name=name, reset_less=kept)
        m.d["sync" if kept else "comb"] += bit.eq(value)
        return bit

    def _code(self, prefix: str):
        names = wire_names(self.config)
        return code_bit(self.config, {name: getattr(self, prefix + name) for name in names})

    def _active(self, prefix: str):
        pairs = self.config.codes.sparse_code.pairs
        first, *others = [
            getattr(self, prefix + row) ^ getattr(self, prefix + column) for row, column in pairs
        ]
        for other in others:
            first = first & other
        return first


def code_bit(config: TrainerConfig, wire: dict):
    """A cell's code bit from its wires: one look-up table."""
    row, column = wire["row"], wire["column"]
    if config.sequential:
        return row & column
    if config.sparse:
        return row ^ column ^ wire["diagonal"]
    if "diagonal" in wire:
        plain, picks = row ^ column ^ wire["diagonal"], wire["diagonal"]
    else:
        plain, picks = row ^ column, wire["every"]
    return Mux(wire["both"], (row & column) | picks, plain)


#: Wires that make a cell's code, by family.
WIRES = {
    "random_code": ("row", "column", "diagonal", "both"),
    "walsh": ("row", "column", "every", "both"),
    "sequential": ("row", "column"),
}


def wire_names(config: TrainerConfig) -> tuple[str, ...]:
    """Wires that make a cell's code."""
    if config.sparse:
        return ("row", "column", "diagonal", *itertools.chain(*config.codes.sparse_code.pairs))
    return WIRES[config.perturbation.family]


def code_wires(config: TrainerConfig, prefix: str = "", cells: int = 0) -> dict:
    """Members for one set of code wires: one of each for a cell, all of them for an array of cells."""
    members = {}
    for name in wire_names(config):
        if cells and name.endswith(("row", "column", "diagonal")):
            rows = -(-cells // COLUMNS)
            members[f"{prefix}{name}s"] = In(rows if name.endswith("row") else min(cells, COLUMNS))
        else:
            members[prefix + name] = In(1)
    return members


def loading_wires(config: TrainerConfig) -> dict:
    """Members that tell the words of the start from all later ones, which stuck parameters must know."""
    return {"loading": In(1)} if config.some_keep else {}


def perturbation_wires(config: TrainerConfig) -> dict:
    """Members that tell a cell's perturbation from rest, where its code wires do not."""
    if config.sequential:
        return {"minus": In(1)} if config.two_sided else {}
    if config.sparse:
        return {}
    if config.amplitude_halvings:
        return {"steps": In(config.amplitude_halvings + 1)}
    return {"shaken": In(1)} if config.rests else {}
