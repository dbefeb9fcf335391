"""Is every parameter what the words of its updates make of it, however close its visits follow each other?"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import count
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.docs.integers import (
    active,
    first,
    initial,
    node_places,
    random_bit,
    walsh_bit,
    walsh_index,
    words,
)
from testbenches.learn.rail import taken
from testbenches.network.bench_folded import back, places
from testbenches.support import configured, random_numbers, start, unpack, write

BLOCK = bench_parameters()["block"]
#: A random code takes two clocks more, in which a table is read, and then a state twice.
EVERY = 12
#: So many bits of the number of an input are drawn: kept ones are to be found again.
INPUTS = 2
SEED = 0x2545F491


def following(config: TrainerConfig) -> Iterator[int]:
    """What codes are made of, perturbation by perturbation."""
    family = config.perturbation.family
    if family == "random_code":
        yield from words(SEED)
    if family == "sequential":
        while True:
            yield from (8 * place.row + place.column for place in config.placement.places)
    yield from count()


def inputs_of(config: TrainerConfig, rng: Any) -> dict[str, int]:
    """Node by node any input of any layer, and one that may be kept."""
    if config.perturbation.granularity != "node":
        return {}
    counted, most = config.words.counted, config.words.largest_input
    return {
        "which": int(rng.integers(1 << INPUTS)),
        "counted": int(rng.integers(max(counted.min, -most), min(counted.max, most) + 1)),
        "keeps": int(rng.random() < 0.5),
    }


class Model:
    """Memories and registers of all lanes, clock by clock."""

    def __init__(self, config: TrainerConfig):
        self.config, self.family = config, config.perturbation.family
        self.tabled = self.family == "random_code"
        self.nodes = config.perturbation.granularity == "node"
        # With many stages there is a register behind the table.
        late = self.tabled and config.engine.stages == "many"
        self.lead = (2 if self.tabled or self.nodes else 0) + late
        self.memory: list[dict[int, int]] = [{} for _ in range(config.engine.lanes)]
        #: Node by node: inputs of the measurement before, and whether D counts.
        self.inputs: dict[int, int] = {}
        self.there = 0
        self.loaded: dict[str, int] = {}
        self.now = self.before = self.d = 0
        self.ahead = config.learning.updates == "delayed"
        self._start_ahead()
        #: Of either code: the states of a sparse code's further registers, whose turn it is layer by layer.
        self.pairs = config.share_shift
        self.beside, self.beside_before = (0, 0), (0, 0)
        self._start()
        self.back = back(config)
        # Addressed so many clocks ago.
        kept = self.lead + self.back + 1
        self.words: deque[dict[str, Any]] = deque([{} for _ in range(kept)], kept)
        self.places = {place: number for number, place in places(config).items()}
        #: The neuron of each parameter.
        self.neurons = [
            neuron
            for neuron, inputs in enumerate(
                layer.inputs for layer in config.shape.layers for _ in range(layer.neurons)
            )
            for _ in range(inputs + 1)
        ]

    def _start(self) -> None:
        self.steps = following(self.config)
        self.following = next(self.steps)

    def _start_ahead(self) -> None:
        """Where sweeps begin ahead: the code between both, D that wait, how many sweeps wait for theirs, in
        which of two memories inputs are; commands of a few clocks.
        """
        self.between = self.half = self.asks = 0
        self.brought = [0]
        turns = self.lead if self.tabled else 1 + self.lead
        self.gone: deque[tuple[int, int]] = deque([(0, 0)] * (turns + 1), turns + 1)
        passes = self.lead if self.nodes else 2 + self.lead
        self.passed: deque[int] = deque([0] * (passes + 1), passes + 1)

    def bit(self, word: dict[str, Any], lane: int, step: int) -> int:
        """Of a lane's parameter; where there is none, or the index is anybody's, of that index."""
        config = self.config
        index = word["index"] + lane * (1 if self.nodes else config.shape.layers[word["layer"]].inputs + 1)
        if self.tabled:
            number = self.places.get((word["at"], lane))
            if number is None:
                return 0
            if self.nodes:
                return random_bit(step, *node_places(config.neurons)[self.neurons[number]])
            place = config.placement.places[number]
            return random_bit(step, place.row, place.column, place.diagonal)
        rows = -(-config.neurons // 8) if self.nodes else config.placement.rows
        bits = (8 * rows - 1).bit_length()
        if self.family == "sequential":
            return int(index % (1 << bits) == step)
        row, column = divmod(index % (1 << bits), 8)
        return walsh_bit(walsh_index(rows, row, column, config.perturbation.sign_flip), step)

    def active(self, word: dict[str, Any], lane: int, states: int) -> int:
        """Sparse codes: whether the lane's parameter takes part."""
        number = self.places.get((word["at"], lane))
        if number is None:
            return 0
        place, mask = self.config.placement.places[number], (1 << 31) - 1
        each = (states >> 31 * pair & mask for pair in range(self.pairs))
        return int(all(active(state, place.row, place.column) for state in each))

    def clock(self, given: dict[str, int]) -> dict[str, list[int | None] | None]:
        """One clock; visible bits of the word that was addressed four clocks ago, or six, and codes of the
        word behind it.
        """
        config, lanes, lead = self.config, self.config.engine.lanes, self.lead
        adds = given["adds"]
        if config.perturbation.granularity == "layer":
            adds &= self.beside_before[1] >> given["layer"]
        self.words.appendleft({"at": given["address"], "adds": adds, "here": given["here"]})
        word, behind = self.words[4 + lead], self.words[3 + lead]
        found: dict[str, list[int | None] | None] = dict.fromkeys(("visible", "codes", "actives"))
        # The bits of codes are made a clock after the address, and D is taken two clocks after it.
        coded = self.words[1 + lead]
        if coded:
            coded["was"] = [self.bit(coded, lane, self.before) for lane in range(lanes)]
            coded["codes"] = [self.bit(coded, lane, self.now) for lane in range(lanes)]
            coded["learns"] = [self.active(coded, lane, self.beside_before[0]) for lane in range(lanes)]
            coded["actives"] = [self.active(coded, lane, self.beside[0]) for lane in range(lanes)]
        if self.nodes:
            # One word for each sign: D times the input, in two clocks, limited to a quarter of T's range.
            if self.words[lead]:
                self.words[lead]["product"] = self.d * self.words[lead]["x"]
            if self.words[1 + lead]:
                self.words[1 + lead]["d"] = self.words[1 + lead]["product"] if self.there else 0
        elif self.words[2 + lead]:
            self.words[2 + lead]["d"] = self.d
        if "theta" in word:
            if self.family == "sequential":
                word["was"] = [was or None for was in word["was"]]
            if self.pairs:
                each = zip(word["was"], word["learns"], strict=True)
                word["was"] = [was if learns else None for was, learns in each]
            theta = [
                None if each is None else taken(
                    config.words.parameter, each,
                    self.limited(word["d"] if was else 0 if was is None else -word["d"]),
                    enable=bool(word["adds"]), clear=False, clamp=config.learning.clamp,
                )
                for each, was in zip(word["theta"], word["was"], strict=True)
            ]  # fmt: skip
            word["updated"] = theta
            if word["here"]:
                found["visible"] = [
                    None if each is None else each >> config.words.guard_bits for each in theta
                ]
        for name in ("codes", "actives") if "codes" in behind and behind["here"] else ():
            found[name] = [
                code if not self.tabled or (behind["at"], lane) in self.places else None
                for lane, code in enumerate(behind[name])
            ]
        # Everything is read before anything is written.
        self.words[0] |= {"index": given["index"], "layer": given["layer"]}
        which = given["which"], self.half
        self.words[0] |= {"which": which}
        if self.nodes and (late := self.words[lead - 2]):
            late["x"] = self.inputs.get(late["which"], 0)
        if given["keeps"] and self.words[4 + lead]:
            self.inputs[self.words[4 + lead]["which"]] = given["counted"]
        read, written = self.words[lead], self.words[self.back + lead]
        # What is loaded is written in the clock behind.
        loaded, self.loaded = self.loaded, given
        loads = [loaded.get("load", 0) >> lane & 1 for lane in range(lanes)]
        if read:
            # With one port nothing is read of the half of the words in which one is loaded.
            taken_up = self.back > 4 and (read["at"] - loaded.get("place", 0)) % 2 == 0
            read["theta"] = [
                None if load and taken_up else memory.get(read["at"])
                for load, memory in zip(loads, self.memory, strict=True)
            ]
            assert self.back == 4 or not written.get("adds") or (read["at"] - written["at"]) % 2
        for lane, memory in enumerate(self.memory):
            if loads[lane]:
                memory[loaded["place"]] = loaded["theta"]
            elif written.get("adds") and written["updated"][lane] is not None:
                memory[written["at"]] = written["updated"][lane]
        self._registers(given)
        return found

    def limited(self, word: int) -> int:
        """No further than a quarter of T's range."""
        quarter = 1 << self.config.words.parameter.width - 2
        return max(-quarter, min(quarter - 1, word))

    def _registers_ahead(self, given: dict[str, int]) -> None:
        """A D for each sweep, in their order: what the sweep before the last has brought."""
        self.there = 1
        self.gone.appendleft((given["go"], given["hold_end"]))
        self.passed.appendleft(given["passed"])
        self.half ^= given["go"]
        if given["restart"]:
            self._start()
            self.brought, self.asks, self.d = [0], 0, 0
            return
        if given["nothing"] or given["i__valid"]:
            self.brought.append(0 if given["nothing"] else given["i__payload"])
        self.asks += self.passed[-1]
        if self.asks and self.brought:
            self.asks, self.d = self.asks - 1, self.brought.pop(0)
        go, hold_end = self.gone[-1]
        if go:
            self.before, self.between, self.now = self.between, self.now, self.following
            if hold_end:
                self.following = next(self.steps)

    def _registers(self, given: dict[str, int]) -> None:
        if self.ahead:
            self._registers_ahead(given)
            return
        if given["i__valid"] and self.nodes:
            self.d = given["i__payload"]
        if given["restart"]:
            self._start()
            self.there = 0
            self.d = self.d if self.nodes else 0
            return
        if given["i__valid"]:
            self.d, self.there = given["i__payload"], 1
        elif given["go"] and given["clear"]:
            self.there = 0
            self.d = self.d if self.nodes else 0
        if given["go"]:
            self.before, self.now = self.now, self.following
            self.beside_before, self.beside = self.beside, (given["states"], given["turn"])
            if given["hold_end"]:
                self.following = next(self.steps)


#: Clocks of a sweep that follows another at once.
SWEEP = 24


def sweeps_ahead(rng: Any, turns: int) -> list[dict[str, int]]:
    """What is told of sweeps, clock by clock: when the last word of each is addressed, and its D behind that,
    before that of the next, and soon enough for the sweep that takes it; what a quiet one brings comes before
    the next has passed. A start begins anew.
    """
    found: list[dict[str, int]] = [{"passed": 0, "nothing": 0, "i__valid": 0} for _ in range(turns)]
    least = 0
    for sweep in range(0, turns - 3 * SWEEP, SWEEP):
        found[sweep]["passed"] = 1
        if rng.random() < 0.1 and least <= sweep:
            found[sweep + SWEEP - 1] |= {"restart": 1}
            continue
        comes = int(rng.integers(max(least, sweep + 8) + 1, sweep + 2 * SWEEP - 1))
        quiet = comes < sweep + SWEEP and rng.random() < 0.3
        found[comes]["nothing" if quiet else "i__valid"] = 1
        least = comes
    return found


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=BLOCK != "lanes")
async def words_pass_at_any_rate(dut):
    """Words of any address in any order; none is read in the very clock in which it is written."""
    config, rng = configured(), random_numbers()
    sweep, indices, model = config.timing.sweep, config.timing.indices, Model(config)
    own = {places(config)[n]: index for index, n in indices.parameters(0)}  # by address in lane 0
    theta, update = config.words.parameter, config.words.update
    idle = dict.fromkeys(
        ("restart", "go", "hold_end", "clear", "i__valid", "i__payload", "address", "index", "layer", "adds",
         "load", "place", "theta", "seed", "which", "counted", "keeps", "states", "turn", "passed",
         "nothing"), 0,
    )  # fmt: skip
    idle |= {"here": 1, "seed": SEED}
    heard = [name for name in idle if hasattr(dut, name)]  # the layer only where lanes ask for it
    await start(dut, **{name: idle[name] for name in heard})
    await RisingEdge(dut.clk)
    script = [idle | {"restart": 1}]
    for lane in range(config.engine.lanes):
        for place in range(sweep.depth):
            if model.tabled and (place, lane) not in model.places:
                continue  # such a word has no row in the table
            value = int(rng.integers(theta.min, theta.max + 1)) >> int(rng.integers(4))
            script.append(idle | {"load": 1 << lane, "place": place, "theta": value})
    script.append(idle)  # the last of them is written
    late = back(config)
    touched: deque[int] = deque(maxlen=late)
    drift = 1.0
    told = sweeps_ahead(rng, bench_parameters()["turns"]) if model.ahead else None
    for turn in range(bench_parameters()["turns"]):
        drift = -drift if turn % 200 == 199 else drift
        address = int(rng.integers(sweep.depth))
        if late > 4:  # even words and odd ones by turns
            address = min(address, sweep.depth - 2) // 2 * 2 + turn % 2
        adds = int(rng.random() < 0.7 and (len(touched) < late or address != touched[0]))
        if len(touched) == late and address == touched[0]:
            address = (address + 1) % sweep.depth if address != touched[0] + 1 else address
        touched.append(address)
        # A random state changes only where no word needs it, or only one, which is none then.
        go, here = int(rng.random() < 0.3), 1
        if model.tabled:
            go, here = int(turn % EVERY == model.lead * (not model.ahead)), int(turn % EVERY != 0)
            adds &= here
        index = int(rng.integers(1 << indices.bits))
        layer = int(rng.integers(len(config.shape.layers)))
        if model.tabled or rng.random() < 0.5:
            index = own[address, 0]
            layer = sum(address >= span.first for span in sweep.spans) - 1
        size = update.max * (2 * rng.random() - 1 + drift)
        script.append(
            idle
            | {
                "restart": int(rng.random() < 0.002),
                "go": go,
                "hold_end": int(rng.integers(2)),
                "clear": int(rng.random() < 0.3),
                "i__valid": int(rng.random() < 0.1),
                "i__payload": max(-update.max, min(update.max, round(size))),
                "address": address,
                "index": index,
                "layer": layer,
                "adds": adds,
                "here": here,
                "states": int.from_bytes(rng.bytes(12)) & ((1 << 31 * model.pairs) - 1),
                "turn": 1 << int(rng.integers(len(config.shape.layers))),
                **inputs_of(config, rng),
                **({"restart": 0, **told[turn]} if told else {}),
            }
        )
    width, seen = config.words.visible.width, set()
    for turn, given in enumerate(script):
        for name in heard:
            write(getattr(dut, name), given[name])
        await RisingEdge(dut.clk)
        if hasattr(dut, "turns_now"):
            assert int(dut.turns_now.value) == model.beside[1], turn
        for name, known in model.clock(given).items():
            if known is None or not hasattr(dut, name):
                continue
            # Memories with one port begin with X, where no parameter is too.
            value = int(str(getattr(dut, name).value).replace("X", "0"), 2)
            bits = width if name == "visible" else 1
            found = unpack(value, bits, config.engine.lanes, signed=name == "visible")
            found = [None if b is None else a for a, b in zip(found, known, strict=True)]
            assert found == known, (name, turn)
            if name == "visible":
                seen |= {each for each in known if each is not None}
    assert len(seen) > 1 << (width - 2)  # parameters went far


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=BLOCK != "loader")
async def parameters_are_drawn(dut):
    """Each parameter once, in the order of their numbers, whenever it is started."""
    config, rng = configured(), random_numbers()
    width = config.words.parameter.width
    owner = [layer for layer in config.shape.layers for _ in range(layer.parameters)]
    await start(dut, start=0, seed=0)
    await RisingEdge(dut.clk)
    for clocks in (config.parameters + 4, 4, config.parameters + 4):
        seed = int(rng.integers(1 << 31))
        write(dut.start, 1)
        write(dut.seed, seed)
        await RisingEdge(dut.clk)
        write(dut.start, 0)
        states = first(config.parameters, seed)
        where = places(config)
        for number in range(min(clocks, config.parameters)):
            await RisingEdge(dut.clk)
            address, lane = where[number]
            found = (int(dut.load.value), int(dut.place.value), int(dut.theta.value.to_signed()))
            theta = initial(states[number], width, config.levels.initial_shift(owner[number].index))
            assert found == (1 << lane, address, theta), number
            assert (int(dut.busy.value), int(dut.done.value)) == (1, 0)
        for done in (1, 0, 0) if clocks > config.parameters else ():
            await RisingEdge(dut.clk)
            assert (int(dut.load.value), int(dut.busy.value), int(dut.done.value)) == (0, done, done)
