"""From twin to circuit and back, while a circuit waits between two steps.

Then nothing is under way, so what pipelines hold does not matter. What does is one table, :data:`ROWS`: a
register by its path, and what it holds as a function of the twin. A row of which a circuit has no register
says nothing. Rows of what is fetched ahead (samples, code words, random numbers) tell where that was before;
the circuit then fetches by itself in the clocks in which it waits.

What was learned goes the other way too, :func:`into_twin`; all else follows from seeds and the number of
steps, so it is prepared anew and compared with the circuit's.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mgd_hdl.config import LFSR, Format, TrainerConfig, Tries
from mgd_hdl.config.errors import Refused

from ..control.sequencer import reference_turns, references
from ..fixed import Ints
from ..learn.cell import visible
from ..learn.lanes import input_places, input_words, memory_words
from ..learn.lanes import parameters as in_lanes
from ..lfsr import after
from ..link import State
from ..moves import Within, leaves, rebuilt
from ..retry import Retrying
from ..samples.memory import epoch_order
from ..store import Store
from ..tasks import Dataset
from ..trainer import Saved, Trainer
from .registers import Held, Kept
from .trainer import KeptTrainer, RtlTrainer, payloads

__all__ = ["ROWS", "Row", "Standing", "into_circuit", "into_twin"]


class Standing:
    """One replica of a twin between two steps.

    Parameters
    ----------
    trainer : Trainer
    row : int
        The replica's.
    try_number, begun : int
        Of a trainer that tries again: which try this is, from 1, and after how many steps it began.
    retry : int
        And after how many references it stands still, to see whether it has learned.
    """

    def __init__(self, trainer: Trainer, row: int = 0, try_number: int = 1, begun: int = 0, retry: int = 1):
        self.trainer, self.row = trainer, row
        self.try_number, self._begun, self._retry = try_number, begun, retry
        self.config = trainer.config
        self.registers = trainer.each_registers[row]
        self.step = trainer.step
        self.learned, self.prepared = trainer.state

    # ---- counted steps ---------------------------------------------------------------------------

    @property
    def references(self) -> int:
        """Since the trainer stood still last."""
        return references(self.config, self.registers, self.step) % self._retry

    @property
    def has_reference(self) -> bool:
        """Whether the next step measures C0 even if no host has written parameters."""
        turns = reference_turns(self.config, self.registers)
        return any(self.step % turn.every == turn.first for turn in turns)

    @property
    def perturbation(self) -> int:
        """The number of the next step's."""
        return self.step // self.registers.tau_p

    def index(self) -> int:
        """In a bank: the step of the next perturbation's Walsh codes, or the parameter that it shakes."""
        if not self.config.sequential:
            return self.perturbation % self.config.codes.walsh_code.repeats
        place = self.config.placement.places[self.perturbation % self.config.parameters]
        return place.row * self.config.placement.columns + place.column

    def left(self, register: str, done: int) -> int:
        """What a counter shows that begins at a register and has its last turn at one."""
        every: int = getattr(self.registers, register)
        return every - done % every

    def ended(self, register: str) -> bool:
        """Whether this time has just ended; before step 0 each has."""
        return bool(self.step % getattr(self.registers, register) == 0)

    def drawn(self, seed: str, count: int) -> int:
        """The state of a random register ``count`` steps after its seed."""
        return after(LFSR.valid(getattr(self.registers, seed)), count)

    def next(self, name: str, attribute: str) -> int:
        """The state of a random register that the twin draws from next."""
        return int(self.of(self.prepared[name][attribute]))

    # ---- what the twin holds ---------------------------------------------------------------------

    def of(self, array: Any) -> Any:
        """The replica's part of an array with replicas as its first axis."""
        return array[self.row if len(array) > 1 else 0]

    @cached_property
    def _leaves(self) -> dict[str, Any]:
        return dict(leaves(self.learned))

    def leaf(self, name: str) -> int:
        """A number of what was learned, by its path."""
        return int(self.of(self._leaves[name]))

    @property
    def solved_at(self) -> int:
        """The step, of all tries together, whose C0 brought the judge's verdict, or -1."""
        at = int(self.of(self.trainer.solved_at))
        return at if at < 0 else at + self._begun

    @property
    def flags(self) -> int:
        """What was limited so far, as at the port."""
        return sum(int(self.of(met)) << bit for bit, met in enumerate(self.learned.saturated))

    @cached_property
    def code(self) -> Ints:
        """The code words of the next step, one for each parameter."""
        if self.ended("tau_p"):
            codes = copy.deepcopy(self.trainer.inputs.codes)
            return np.asarray(self.of(codes.take(1)[0]), np.int64)
        return np.asarray(self.of(self.prepared["steps"]["code"][-1]), np.int64)

    def sample(self, part: str) -> int:
        """Inputs or targets of the present sample as one word; 0 before the first."""
        shown = self.prepared["steps"]["sample"]
        if not len(shown):
            return 0
        number, samples, formats = int(self.of(shown[-1])), self.trainer.samples, self.config.formats
        word = payloads(self.config, Dataset(samples.x[[number]], samples.target[[number]]))[0]
        width = self.config.inputs * formats.input.width
        return word & ((1 << width) - 1) if part == "x" else word >> width

    @property
    def fed(self) -> dict[str, int]:
        """How many words of each stream have been used: samples, and codes up to those of the next step."""
        return {
            "i_sample": self._samples,
            "i_input": self._samples * self.config.inputs,
            "i_code": (self.perturbation + 1) * self.config.parameters,
        }

    @property
    def _samples(self) -> int:
        """So many have been used."""
        return -(-self.step // self.registers.tau_x)

    def pages(self) -> list[int]:
        """Of a memory of two pages, whichever the network reads: in either the present sample's inputs."""
        x, width = self.sample("x"), self.config.formats.input.width
        inputs = [x >> width * number & ((1 << width) - 1) for number in range(self.config.inputs)]
        page = inputs + [0] * ((1 << max(1, (len(inputs) - 1).bit_length())) - len(inputs))
        return page * 2

    def place_in_samples(self) -> int:
        """Where the counter of a sample memory stands; indices that do not exist count."""
        source = self.prepared["samples"]
        if "state" not in source:
            return int(source["position"])
        bits, count = self.config.shape.task_data.index_bits, len(self.trainer.samples)
        if not source["position"]:
            return 0
        state = np.asarray(source["state"])[[self.row]]
        there = _exist(count, bits, state)
        return int(np.flatnonzero(np.cumsum(there) == source["position"])[0]) + 1

    # ---- places ----------------------------------------------------------------------------------

    @property
    def sweeps(self) -> bool:
        """Each perturbation draws the same random numbers again."""
        return self.config.perturbation.family in ("sinusoidal", "square")

    @property
    def waves(self) -> Any:
        """Of sinusoids."""
        return self.config.codes.sinusoids

    @property
    def layer(self) -> int:
        """Whose turn it is."""
        return self.perturbation // self.registers.tau_layer % len(self.config.shape.layers)

    def place(self, number: int, wires: str) -> int:
        """Row or column of a parameter."""
        place = self.config.placement.places[number]
        return place.row if wires == "rows" else place.column

    def number(self, tile: str, cell: str) -> int:
        """Of a parameter, by its cell."""
        return int(self.config.placement.tiles[int(tile)].first) + int(cell)

    def cell(self, name: str, tile: str, cell: str) -> int:
        """What the twin's store holds of it."""
        return int(self.of(getattr(self.learned.store, name))[self.number(tile, cell)])

    def bit(self, place: int, tile: str, cell: str) -> int:
        """Of T, from the top."""
        return self.cell("theta", tile, cell) >> (self.config.words.parameter.width + place) & 1

    def columns(self, tile: int) -> list[int]:
        """T of a tile's cells, a bit of all of them in a word."""
        cells = self.config.placement.tiles[tile]
        theta = self.of(self.learned.store.theta)[cells.first : cells.first + cells.cells].tolist()
        return [
            sum((value >> bit & 1) << cell for cell, value in enumerate(theta))
            for bit in range(self.config.words.parameter.width)
        ]

    def lane(self, lane: int) -> list[int]:
        """T in a lane's memory; 0 where no parameter is."""
        words = memory_words(self.config, self.of(self.learned.store.theta))[lane].tolist()
        return [word & ((1 << self.config.words.parameter.width) - 1) for word in words]

    def block(self, lane: int, block: int) -> list[int]:
        """Of two memories with one port the words of even addresses, or of odd ones."""
        sweep = self.config.timing.sweep
        assert sweep is not None
        words = self.lane(lane)[block::2]
        return words + [0] * (sweep.block_depth - len(words))

    def input(self, layer: int, number: int) -> int:
        """Node by node: the words that an input of the last reference picks."""
        words = self.config.words.input_words(self.config.shape.layers[layer])
        counted = int(self.of(self.learned.inputs[layer])[number])
        return counted >> words.start & ((1 << len(words)) - 1)

    def inputs(self) -> list[int]:
        """Of a bank node by node: those of the last reference in their memory."""
        words = input_words(self.config, [self.of(each) for each in self.learned.inputs]).tolist()
        return [word & ((1 << self.config.words.counted.width) - 1) for word in words]


def _exist(count: int, bits: int, state: Any) -> Any:
    """Whether the index of each of the counter's values in an epoch exists."""
    return epoch_order(1 << bits, bits, state[None])[0, :, 0] < count


# ---- the table --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """Registers whose whole path matches a regular expression.

    Attributes
    ----------
    path : str
    value : callable
        What they hold, of the twin's replica and the groups of the match; of a memory a list. Negative
        numbers stand in two's complement.
    ahead : callable
        Whether the circuit goes on from there by itself while it waits.
    then : callable, optional
        What they hold in the end, where that is known.
    """

    path: str
    value: Callable[..., int | list[int]]
    ahead: Callable[[Standing], bool] = lambda _: False
    then: Callable[..., int] | None = None


def _always(_: Standing) -> bool:
    return True


def _at_first(s: Standing) -> bool:
    """Step 0 puts there what it needs."""
    return not s.step


def _swept(s: Standing) -> int:
    """Of codes that are loaded the next cells have theirs, so the source goes on with those behind."""
    return s.perturbation + 1


def _sequence(s: Standing) -> int:
    return s.perturbation % s.config.parameters


_CELL = r"core\.array\.tile_(\d+)\.cell_(\d+)"
_CODE = r"core\.(?:code(?:_\d+)?|shake_\d+)"
_SPARSE = r"core\.(?:sparse(?:_\d+)?|shake_sparse_\d+)"
_TURN = r"core\.(?:turn(?:_\d+)?|shake_turn_\d+)"

#: One number of each replica: where the twin's state has it, and the circuit.
LEARNED = {
    "baseline": "core.baseline.level",
    "hold": "core.accumulator.held",
    "links.analog.before": "core.highpass.level",
    "links.analog.high_passed": "core.highpass.state",
    **{f"links.accuracy.{name}": f"core.classifier.{name}" for name in ("judged_count", "right_count")},
    **{f"links.judge.{name}": f"core.judge.{name}" for name in ("seen", "missed", "solved")},
}

#: The same of the parameters: below their cells.
STORED = {"theta": "integrator.theta", "visible": "visible", "copy": "follower.copy"}

ROWS: tuple[Row, ...] = (
    # When: counters, and what is due in the next step.
    Row(r"core\.sequencer\.count_(x|p|theta)", lambda s, tau: s.left(f"tau_{tau}", s.step)),
    Row(r"core\.sequencer\.sample_due", lambda s: s.ended("tau_x")),
    Row(
        r"core\.sequencer\.reference_due",
        lambda s: s.has_reference or s.prepared["steps"]["due"],
    ),
    Row(r"core\.references", lambda s: s.references),
    Row(r"retry\.tries", lambda s: s.try_number),
    Row(r"retry\.register\.state", lambda s: after(Tries(s.config).first, s.try_number - 1)),
    # The present sample, and the next one.
    Row(r"core\.(?:x|network__x)", lambda s: s.sample("x"), ahead=_at_first),
    Row(r"core\.(?:target|\w+__target)", lambda s: s.sample("target"), ahead=_at_first),
    Row(r"core\.samples\.(?:o__valid|there|full_\d+|place)", lambda s: 0, ahead=_always),
    Row(r"core\.samples\.store", lambda s: s.pages(), ahead=_always),
    Row(r"core\.samples\.(?:count|index)", Standing.place_in_samples, ahead=_always),
    Row(
        r"core\.samples\.register\.state", lambda s: int(s.of(s.prepared["samples"]["state"])), ahead=_always
    ),
    # The code of the next step.
    Row(rf"{_CODE}\.scan\.(rows|columns)", lambda s, wires: 1 << s.place(_sequence(s), wires)),
    Row(rf"{_CODE}\.turn", _sequence),
    Row(rf"{_CODE}\.step", lambda s: s.perturbation % (1 << s.config.codes.walsh_code.counter_bits)),
    Row(
        r"core\.code\.(?:phase|foremost)", lambda s: _swept(s) * s.waves.first % s.waves.period, ahead=_always
    ),
    Row(r"core\.code\.stride", lambda s: _swept(s) * s.waves.stride % s.waves.period, ahead=_always),
    Row(r"core\.code\.left", lambda s: s.config.parameters - 1, ahead=_always),
    Row(r"core\.code\.(?:there|o__valid)", lambda s: 0, ahead=_always),
    Row(r"core\.code\.held_seed", lambda s: s.registers.seed_code),
    Row(
        rf"{_CODE}\.register\.state",
        lambda s: s.drawn("seed_code", 0 if s.sweeps else s.perturbation),
        ahead=lambda s: s.sweeps,
    ),
    Row(
        rf"{_SPARSE}\.register_(\d+)\.state",
        lambda s, pair: after(
            s.config.codes.sparse_code.starts(s.registers.seed_sparse, int(pair)), s.perturbation
        ),
    ),
    Row(rf"{_TURN}\.count", lambda s: s.left("tau_layer", s.perturbation)),
    Row(rf"{_TURN}\.(?:ring|active)", lambda s: 1 << s.layer),
    # What was learned.
    *(
        Row(re.escape(path), lambda s, name=name: s.leaf(name), ahead=_at_first)
        for name, path in LEARNED.items()
    ),
    Row(r"core\.flags", lambda s: s.flags),
    # Random numbers; of those that are summed two are made ahead.
    *(
        Row(
            rf"core\.{block}\.numbers\.register\.state",
            lambda s, name=name: s.next(name, "noise.state"),
            ahead=_always,
            then=lambda s, name=name: after(s.next(name, "noise.state"), 2),
        )
        for block, name in (("noise", "noise of costs"), ("update_noise", "noise of updates"))
    ),
    Row(r"core\.\w+\.numbers\.filling", lambda s: 1, ahead=_always, then=lambda s: 0),
    Row(r"core\.noise_code\.register\.state", lambda s: s.next("noise of updates", "noise.code_state")),
    Row(r"core\.decay\.numbers\.state", lambda s: s.next("decay", "decay.state")),
    Row(r"core\.update\.dither\.state", lambda s: s.next("steps", "dither")),
    # Rates.
    Row(
        r"core\.annealing\.added",
        lambda s: s.prepared["annealing"]["shift"] - s.registers.learning_shift,
    ),
    Row(r"core\.halving\.added", lambda s: s.prepared["halving"]["shift"]),
    Row(r"core\.(annealing|halving)\.count", lambda s, name: s.prepared[name]["left"]),
    # Cells.
    Row(r"core\.array\.inputs_(\d+)\.held_(\d+)", lambda s, layer, number: s.input(int(layer), int(number))),
    *(
        Row(rf"{_CELL}\.{re.escape(path)}", lambda s, *at, name=name: s.cell(name, *at))
        for name, path in STORED.items()
    ),
    Row(rf"{_CELL}\.top", lambda s, *at: s.cell("theta", *at) < 0),
    Row(rf"{_CELL}\.second", lambda s, *at: s.bit(-2, *at)),
    Row(rf"{_CELL}\.o_code", lambda s, *at: int(s.code[s.number(*at)])),
    Row(
        rf"{_CELL}\.sign",
        lambda s, *at: int(s.code[s.number(*at)]) >> (s.config.code_bits - 1),
    ),
    Row(
        rf"{_CELL}\.lower",
        lambda s, *at: int(s.code[s.number(*at)]) & ((1 << (s.config.code_bits - 1)) - 1),
    ),
    Row(r"core\.array\.tile_(\d+)\.store", lambda s, tile: s.columns(int(tile))),
    # A bank.
    Row(r"core\.array\.following", lambda s: s.index()),
    Row(r"core\.array\.register\.state", lambda s: s.drawn("seed_code", s.perturbation)),
    # Words where no parameter is go their own way.
    Row(r"core\.array\.lane_(\d+)\.store", lambda s, lane: s.lane(int(lane)), ahead=_always),
    Row(
        r"core\.array\.lane_(\d+)\.block_(\d)\.store",
        lambda s, lane, block: s.block(int(lane), int(block)),
        ahead=_always,
    ),
    Row(r"core\.array\.products\.store", lambda s: s.inputs(), ahead=_always),
)


def _wanted(standing: Standing, held: Held, *, rests: bool) -> list[int] | None:
    """What a register or memory is to hold, or when it ``rests``; None where that does not matter."""
    path = re.sub(r"\$\d+", "", held.path)  # numbers tell instances from ports of the same name
    for row in ROWS:
        found = re.fullmatch(row.path, path)
        if found:
            value = row.then if rests and row.ahead(standing) else row.value
            if value is None:
                return None
            holds = value(standing, *found.groups())
            return holds if isinstance(holds, list) else [int(holds) & ((1 << held.width) - 1)]
    return None


# ---- crossing ---------------------------------------------------------------------------------------


def _standing(twin: Trainer | Retrying, circuit: RtlTrainer) -> Standing:
    """The replica that has the circuit's registers."""
    for number, registers in enumerate(twin.each_registers):
        if registers == circuit.registers:
            if isinstance(twin, Trainer):
                return Standing(twin, number)
            group = next(group for group in twin.groups if number in group.members)
            (row,) = group.rows[group.members == number]
            retry = twin.config.judge.retry
            return Standing(group.trainer, int(row), int(twin.tries[number]), group.begun, retry)
    raise Refused(["the twin has no replica with the seeds and registers of this circuit"])


def into_circuit(twin: Trainer | Retrying, circuit: RtlTrainer) -> None:
    """The circuit waits where the twin's replica with its registers stands, until :meth:`RtlTrainer.run`.

    With delayed updates the twin must have been paused there: the circuit has no update on its way.
    """
    standing = _standing(twin, circuit)
    circuit.start(circuit.registers)
    circuit.run(1)
    circuit.stand()
    state = circuit.state
    found = dict(state.kept.registers)
    for held in circuit.model.held:
        values = _wanted(standing, held, rests=False)
        if values is not None:
            found[held.path] = held.array(values)
    fed = {stream: standing.fed[stream] for stream in circuit.digests}
    kept = Kept(found, state.kept.events, fed, 0)
    circuit.restore(KeptTrainer(twin.step, standing.flags, standing.solved_at, kept))
    circuit.stand()


def into_twin(circuit: RtlTrainer, twin: Trainer | Retrying) -> None:
    """A fresh twin of one replica, with the circuit's registers, stands where the circuit waits.

    Raises Refused where the circuit holds something that a twin would not.
    """
    values = _all_values(circuit)
    trainer, begun = twin, 0
    if isinstance(twin, Retrying):
        (tries,) = values["retry.tries"]
        most = 1 + circuit.step // twin.try_steps
        if not 1 <= tries <= most:
            raise Refused([f"retry.tries of the circuit is {tries}; must be 1 to {most}"])
        begun = twin.begin_try(tries, circuit.step)
        trainer = twin.groups[0].trainer
    assert isinstance(trainer, Trainer)
    trainer.inputs.skip(circuit.step - begun)
    if values.get("core.sequencer.reference_due") == [1]:
        # Where it is not anyway, a host wrote parameters; a bank's last updates have come in the pause.
        trainer.inputs.due = int(trainer.config.sweeps_ahead or not Standing(trainer).has_reference)
    solved_at = circuit.solved_at - begun if circuit.solved_at >= 0 else -1
    if trainer.step:  # what a circuit held in the try before does not count
        trainer.restore(Saved(_learned(trainer, circuit, values, solved_at), trainer.inputs.state))
    standing = _standing(twin, circuit)
    for held in circuit.model.held:
        wanted = _wanted(standing, held, rests=True)
        if wanted is not None and wanted != values[held.path]:
            raise Refused([f"{held.path} of the circuit is {values[held.path]}, and of the twin {wanted}"])


def _all_values(circuit: RtlTrainer) -> dict[str, list[int]]:
    found = circuit.state.kept.registers
    return {held.path: held.values(found[held.path]) for held in circuit.model.held}


def _learned(trainer: Trainer, circuit: RtlTrainer, values: dict[str, list[int]], solved_at: int) -> State:
    """What was learned by a circuit that waits and holds these values."""
    start = trainer.state.learned
    within: dict[str, Within] = dict(leaves(trainer.limits["learned"]))

    def number(path: str, name: str) -> int:
        (value,) = values[path]
        width = next(held.width for held in circuit.model.held if held.path == path)
        return value - (within[name].low < 0 and value >> (width - 1)) * (1 << width)

    def taken(name: str, here: Any) -> Any:
        if LEARNED.get(name) in values:
            return np.array([number(LEARNED[name], name)], dtype=here.dtype)
        bit = re.fullmatch(r"saturated\.(\d)", name)
        if bit:
            return np.array([values["core.flags"][0] >> int(bit[1]) & 1], dtype=here.dtype)
        return np.array([solved_at]) if name == "links.judge.solved_at" else here

    state: State = rebuilt(start, taken)
    store = _store(trainer, values)
    return state._replace(store=store, inputs=_inputs(trainer, values))


def _store(trainer: Trainer, values: dict[str, list[int]]) -> Store:
    """The parameters in a circuit's cells, and what the network sees of them."""
    config = trainer.config

    def cells(name: str, format: Format) -> Ints | None:
        """(1, P) of registers in cells; None where they have none."""
        found = []
        for tile in config.placement.tiles:
            for cell in range(tile.cells):
                path = f"core.array.tile_{tile.index}.cell_{cell}.{STORED[name]}"
                if path not in values:
                    return None
                found.append(values[path][0])
        return _signed(found, format)

    theta, lanes = cells("theta", config.words.parameter), config.engine.lanes
    if theta is None and config.bank:
        words = [_signed(_lane(config, values, lane), config.words.parameter)[0] for lane in range(lanes)]
        theta = in_lanes(config, np.array(words))[None]
    if theta is None:
        theta = _signed(
            [
                sum((word >> cell & 1) << bit for bit, word in enumerate(words))
                for tile in config.placement.tiles
                for words in [values[f"core.array.tile_{tile.index}.store"]]
                for cell in range(tile.cells)
            ],
            config.words.parameter,
        )
    seen, copy = cells("visible", config.words.visible), cells("copy", config.words.copied)
    if copy is not None:
        seen = copy >> config.follow
    if seen is None:
        seen = visible(theta, config.words.guard_bits)
    copies = trainer.take_step.copies
    theta = theta.astype(copies.type)
    kept = theta[:, :0] if copy is None else copy.astype(copies.type)
    return Store(theta, seen.astype(copies.type), kept, (theta,) * copies.depth)


def _lane(config: TrainerConfig, values: dict[str, list[int]], lane: int) -> list[int]:
    """The words of a lane, of one memory or of two by turns."""
    path = f"core.array.lane_{lane}"
    if not config.single_port:
        return values[f"{path}.store"]
    halves = [values[f"{path}.block_{block}.store"] for block in range(2)]
    return [word for pair in zip(*halves, strict=True) for word in pair]


def _inputs(trainer: Trainer, values: dict[str, list[int]]) -> tuple[Ints, ...]:
    """Node by node the inputs of the last reference."""
    found, words = [], trainer.config.words
    store = values.get("core.array.products.store")
    if store is not None:
        places = input_places(trainer.config)
        return tuple(_signed([store[at] for at in each], words.counted) for each in places)
    for layer, start in zip(trainer.config.shape.layers, trainer.state.learned.inputs, strict=False):
        picked = words.input_words(layer)
        counted = start.copy()
        for number in range(layer.inputs):
            (bits,) = values[f"core.array.inputs_{layer.index}.held_{number}"]
            negative = layer.input.signed and bits >> (len(picked) - 1)
            counted[0, number] = (bits - (negative << len(picked))) << picked.start
        counted[0, -1] = 1 << words.unit_shift
        found.append(counted)
    return tuple(found)


def _signed(values: list[int], format: Format) -> Ints:
    """Words in two's complement as (1, count); of an unsigned format as they are."""
    half = 1 << (format.width - 1) if format.signed else 0
    return np.array([[(value ^ half) - half for value in values]], dtype=np.int64)
