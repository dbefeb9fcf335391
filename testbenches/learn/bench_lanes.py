"""Is every parameter what the words of its updates make of it, however close its visits follow each other?"""

from __future__ import annotations

from collections import deque
from typing import Any

import cocotb
from cocotb.triggers import RisingEdge

from mgd_hdl.config import TrainerConfig
from mgd_sim.rtl import bench_parameters
from testbenches.docs.integers import first, initial
from testbenches.learn.rail import taken
from testbenches.network.bench_folded import places
from testbenches.support import configured, random_numbers, start, unpack, write

BLOCK = bench_parameters()["block"]


class Model:
    """Memories and registers of all lanes, clock by clock."""

    def __init__(self, config: TrainerConfig):
        self.config, self.code = config, config.codes.walsh_code
        self.memory: list[dict[int, int]] = [{} for _ in range(config.engine.lanes)]
        self.following = self.now = self.before = self.d = 0
        self.words: deque[dict[str, Any]] = deque([{} for _ in range(5)], 5)  # addressed so many clocks ago

    def bit(self, index: int, step: int) -> int:
        always = self.code.repeats - (1 << self.code.place_bits)
        return ((always | index) & step).bit_count() % 2

    def clock(self, given: dict[str, int]) -> tuple[list[int], list[int]] | None:
        """One clock; visible bits and codes of the word that was addressed four clocks ago."""
        config, lanes = self.config, self.config.engine.lanes
        self.words.appendleft({"at": given["address"], "adds": given["adds"]})
        word, shown = self.words[4], None
        # The bits of codes are made a clock after the address, and D is taken two clocks after it.
        if self.words[1]:
            inputs = config.shape.layers[self.words[1]["layer"]].inputs + 1
            each = [
                (self.words[1]["index"] + lane * inputs) % (1 << self.code.place_bits)
                for lane in range(lanes)
            ]
            self.words[1]["was"] = [self.bit(index, self.before) for index in each]
            self.words[1]["codes"] = [self.bit(index, self.now) for index in each]
        if self.words[2]:
            self.words[2]["d"] = self.d
        if "theta" in word:
            theta = [
                None if each is None else taken(
                    config.words.parameter, each, word["d"] if was else -word["d"],
                    enable=bool(word["adds"]), clear=False, clamp=config.learning.clamp,
                )
                for each, was in zip(word["theta"], word["was"], strict=True)
            ]  # fmt: skip
            shown = (
                [None if each is None else each >> config.words.guard_bits for each in theta],
                word["codes"],
            )
        # Everything is read before anything is written.
        self.words[0] |= {
            "index": given["index"],
            "layer": given["layer"],
            "theta": [memory.get(given["address"]) for memory in self.memory],
        }
        for lane, memory in enumerate(self.memory):
            if given["load"] >> lane & 1:
                memory[given["place"]] = given["theta"]
            elif word.get("adds") and theta[lane] is not None:
                memory[word["at"]] = theta[lane]
        self._registers(given)
        return shown

    def _registers(self, given: dict[str, int]) -> None:
        if given["restart"]:
            self.following = self.d = 0
            return
        if given["i__valid"]:
            self.d = given["i__payload"]
        elif given["go"] and given["clear"]:
            self.d = 0
        if given["go"]:
            self.before, self.now = self.now, self.following
            self.following = (self.following + given["hold_end"]) % self.code.repeats


@cocotb.test(timeout_time=1, timeout_unit="ms", skip=BLOCK != "lanes")
async def words_pass_at_any_rate(dut):
    """Words of any address in any order; none is read in the very clock in which it is written."""
    config, rng = configured(), random_numbers()
    sweep, model = config.timing.sweep, Model(config)
    theta, update = config.words.parameter, config.words.update
    idle = dict.fromkeys(
        ("restart", "go", "hold_end", "clear", "i__valid", "i__payload", "address", "index", "layer", "adds",
         "load", "place", "theta"), 0,
    )  # fmt: skip
    heard = [name for name in idle if hasattr(dut, name)]  # the layer only where lanes ask for it
    await start(dut, **{name: idle[name] for name in heard})
    await RisingEdge(dut.clk)
    script = [idle | {"restart": 1}]
    for lane in range(config.engine.lanes):
        for place in range(sweep.depth):
            value = int(rng.integers(theta.min, theta.max + 1)) >> int(rng.integers(4))
            script.append(idle | {"load": 1 << lane, "place": place, "theta": value})
    touched: deque[int] = deque(maxlen=4)
    drift = 1.0
    for turn in range(bench_parameters()["turns"]):
        drift = -drift if turn % 200 == 199 else drift
        address = int(rng.integers(sweep.depth))
        adds = int(rng.random() < 0.7 and (len(touched) < 4 or address != touched[0]))
        if len(touched) == 4 and address == touched[0]:
            address = (address + 1) % sweep.depth if address != touched[0] + 1 else address
        touched.append(address)
        size = update.max * (2 * rng.random() - 1 + drift)
        script.append(
            idle
            | {
                "restart": int(rng.random() < 0.002),
                "go": int(rng.random() < 0.3),
                "hold_end": int(rng.integers(2)),
                "clear": int(rng.random() < 0.3),
                "i__valid": int(rng.random() < 0.1),
                "i__payload": max(-update.max, min(update.max, round(size))),
                "address": address,
                "index": int(rng.integers(1 << config.codes.walsh_code.place_bits)),
                "layer": int(rng.integers(len(config.shape.layers))),
                "adds": adds,
            }
        )
    width, seen = config.words.visible.width, set()
    for turn, given in enumerate(script):
        for name in heard:
            write(getattr(dut, name), given[name])
        await RisingEdge(dut.clk)
        shown = model.clock(given)
        if shown is None or any(each is None for each in shown[0]):
            continue
        visible = unpack(int(dut.visible.value), width, config.engine.lanes, signed=True)
        codes = unpack(int(dut.codes.value), 1, config.engine.lanes, signed=False)
        assert (visible, codes) == shown, turn
        seen |= set(visible)
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
