"""What an engine says of itself: without any circuit, so that twin, pages and estimates can ask too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

from ..asked import Asked
from ..codes import COLUMNS
from ..delivery import PARALLEL, Delivery
from ..network import LayerConfig
from ..options import OPTIONS
from .layout import TILE_CELLS, Place, Tile, in_blocks
from .series import Series
from .sweep import Sweep

__all__ = ["CELL", "EngineFacts", "Probe"]


@dataclass(frozen=True)
class Probe:
    """Where a state of the parameters is found in the circuit.

    Attributes
    ----------
    name : str
        Of the state.
    each
        There is one for each parameter, for each neuron, or for each bit of the parameters of a tile.
    path : str
        A hierarchical name below the top, with ``{tile}``, ``{cell}`` in it and ``{bit}`` to be filled in;
        a neuron's is its bias's.
    strobe
        When it is there: a cost is ``measured``; a code has ``met`` the first word of an update, which passes
        the same leaves; a step is ``done``.
    """

    name: str
    each: Literal["parameter", "neuron", "bit"]
    path: str
    strobe: Literal["measured", "met", "done"]


#: The path of a cell.
CELL = "core.array.tile_{tile}.cell_{cell}"


@dataclass(frozen=True, eq=False)
class EngineFacts:
    """The facts of one engine; what is said here holds for cells that take a word in one clock.

    Who asks: formats (:attr:`delivery`, :attr:`multiples`), placement (:meth:`tiles`, :attr:`leaf_levels`),
    timing (clocks), relations (:attr:`largest`), the initializer (:attr:`clears`, :attr:`chain`), the
    sequencer (:attr:`waits`, :attr:`chain`, :attr:`overlapping`), the core (:attr:`counted`), what is emitted
    of states (:attr:`probes`). None of them needs the engine's name.

    Attributes
    ----------
    name : str
    option : str
        Who asks for this one of :data:`mgd_hdl.config.options.OPTIONS` asks for the engine; "" for that of
        all others.
    delivery : Delivery
        How perturbed parameters reach the network.
    chain : bool
        Every cell holds its code word, shifted in before each perturbation, and steps wait for that.
    by_input : bool
        Codes belong to neurons, and a weight's code is made of its neuron's and its input.
    waits : bool
        Cells may be busy when a measurement is due, which then waits until they are free.
    joins : bool
        A measurement may begin while the last word of an update still passes.
    memory : bool
        Bits of parameters are in memories, one for each tile, as columns of words.
    largest : int
        So many parameters at most.
    """

    asked: Asked

    name: ClassVar[str]
    option: ClassVar[str] = ""
    delivery: ClassVar[Delivery] = PARALLEL
    chain: ClassVar[bool] = False
    by_input: ClassVar[bool] = False
    waits: ClassVar[bool] = False
    joins: ClassVar[bool] = False
    memory: ClassVar[bool] = False
    largest: ClassVar[int] = 1 << 16

    @classmethod
    def chosen(cls, asked: Asked) -> bool:
        """Whether this is the engine that is asked for, where none that stands before it in
        :data:`mgd_hdl.config.engines.ENGINES` is.
        """
        return bool(cls.option) and OPTIONS[cls.option].on(asked)

    @property
    def refuses(self) -> frozenset[str]:
        """Names of the options that it cannot have; the pairs are declared with the options."""
        pairs = (
            (option.name, other)
            for option in OPTIONS.values()
            for apart in option.apart
            for other in apart.others
        )
        return frozenset(name for pair in pairs if self.option in pair for name in pair) - {self.option}

    # ---- time ------------------------------------------------------------------------------------------

    @property
    def overlapping(self) -> bool:
        """Measurements of one window overlap, because its updates do not change what the network sees and the
        next code is there at once.
        """
        return False

    @property
    def counted(self) -> bool:
        """How long a measurement takes is a number, which what is known of it is delayed by; otherwise that
        is kept until the next step, and the latency may be an event.
        """
        return self.overlapping

    def word_clocks(self, width: int) -> int:
        """For how long a word keeps the cells busy; parameters are so many bits wide."""
        return 1

    def measure_clocks(self, width: int) -> int:
        """For how long a measurement keeps the cells of a layer busy; the network reads so many bits."""
        return 1

    @property
    def weight_clocks(self) -> int:
        """How much later than a code weights stand at the network, or the first bit of each."""
        return 0

    def join_clocks(self, guard_bits: int) -> int:
        """So long after the last word of an update began to pass, a measurement may begin."""
        return 1

    def watch_clocks(self, width: int) -> int:
        """So long after a word reaches the cells the bit of T that :class:`mgd_hdl.control.access.Access`
        watches tells of it, until the next word does.
        """
        return 1

    def step_clocks(self, wait: int, tail: int) -> Fraction:
        """The mean over all steps, while samples are there in time.

        Parameters
        ----------
        wait : int
            From the command of a step's last measurement until its last word has passed.
        tail : int
            What follows the last word of an update takes so many clocks more.
        """
        raise NotImplementedError

    def sweep(self, layers: Sequence[LayerConfig]) -> Sweep | None:
        """Where the network is folded: how its words pass. What follows a measurement is then counted from
        the clock in which its outputs are together, as nothing that is known of it need be carried along.
        """
        return None

    def series(self, layers: Sequence[LayerConfig]) -> Series | None:
        """Where parameters go out to a device from one memory: how they lie there."""
        return None

    # ---- words and places ------------------------------------------------------------------------------

    @property
    def multiples(self) -> int:
        """Words of one sign in an update: D and its multiples by powers of two."""
        return self.asked.code_bits

    @property
    def sent(self) -> int:
        """So many of them are sent to all parameters, one after the other."""
        return self.multiples

    @property
    def leaf_levels(self) -> int:
        """Registers in a row on the way to a cell, if there are any: at its leaf; before small ones at the
        branch of its tile, and before that, where a code comes too, at a trunk for several tiles.
        """
        coded = not self.chain and not self.by_input
        return 1 + (self.asked.leaf_cells < TILE_CELLS) * (1 + coded)

    def tiles(self, layers: Sequence[LayerConfig]) -> tuple[Tile, ...]:
        """All cells."""
        return tuple(in_blocks(layers))

    @property
    def columns(self) -> int:
        """Of the array: each row has so many places or fewer."""
        return COLUMNS

    def code_places(self, layers: Sequence[LayerConfig], places: tuple[Place, ...]) -> tuple[Place, ...]:
        """What makes codes differ: the places of the parameters, or of what else has a code."""
        return places

    def cell_registers(self, width: int) -> int:
        """A cell whose parameter has so many bits has so many registers, or more."""
        return width

    # ---- before the first step -------------------------------------------------------------------------

    @property
    def clears(self) -> int:
        """How many words clear all cells: one of each sign, because a cell at its rail refuses one of them;
        with early enables once more, so that the first word of a parameter finds its cell cleared.
        """
        return 2 + self.asked.early

    @property
    def starts_unknown(self) -> bool:
        """A start makes known all that a step depends on, even where nothing was: where all registers hold
        X.
        """
        return self.asked.resets

    # ---- what it shows ---------------------------------------------------------------------------------

    @property
    def probes(self) -> tuple[Probe, ...]:
        """Where its states are; for each parameter or whatever there is one of, in this order."""
        return tuple(self._in_cells())

    def _in_cells(self) -> Iterator[Probe]:
        """A register for T in each cell, beside its code."""
        asked = self.asked
        if asked.sparse:
            yield Probe("active", "parameter", f"{CELL}.active", "met")
        yield self._code()
        yield Probe("theta", "parameter", f"{CELL}.integrator.theta", "done")
        if asked.follow:
            yield Probe("copy", "parameter", f"{CELL}.follower.copy", "done")
            yield Probe("visible", "parameter", f"{CELL}.follower.visible", "done")
        elif asked.shadow and not asked.delayed:
            yield Probe("visible", "parameter", f"{CELL}.visible", "done")

    def _code(self) -> Probe:
        raise NotImplementedError

    def probed(self, words: Sweep | Series | None, parameter: int, cell: int) -> dict[str, int]:
        """What fills in a probe's path beside its tile, for a parameter that is this cell of it; ``words``
        are those of a bank.
        """
        return {"cell": cell}

    @property
    def without_shadow(self) -> str:
        """Said where a circuit without shadow copies cannot follow a register: which circuit could."""
        return 'other times need engine.shadow = "yes"'
