"""The whole trainer under cocotb: every state of every step, through pauses, single steps and restarts."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from mgd_hdl.config import TrainerConfig, shown_states
from mgd_sim.compare import states
from mgd_sim.learn.serial import parameters
from mgd_sim.perturb.external import port_codes
from mgd_sim.rtl import bench_parameters
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples
from testbenches.support import clock, configured, pack, random_numbers, start, write


class Observer:
    """Collects states as they are strobed, by name, index and step."""

    def __init__(self, dut: Any, places: list[dict[str, Any]]):
        self.found: dict[str, list[list[int]]] = {}
        self.probes: dict[Any, list[tuple[list[int], Any, bool]]] = defaultdict(list)
        handles: dict[str, Any] = {}
        for place in places:
            columns = self.found.setdefault(place["name"], [])
            columns.append([])
            handles.setdefault(place["strobe"], _find(dut, place["strobe"]))
            self.probes[place["strobe"]].append((columns[-1], _find(dut, place["path"]), place["signed"]))
        self.strobes = {path: handles[path] for path in self.probes}

    def look(self) -> None:
        """Takes what is strobed in this clock."""
        for path, strobe in self.strobes.items():
            if strobe.value == 1:
                for column, handle, is_signed in self.probes[path]:
                    value = handle.value
                    column.append(value.to_signed() if is_signed else int(value))

    def forget(self) -> None:
        for columns in self.found.values():
            for column in columns:
                column.clear()

    @property
    def steps(self) -> int:
        return len(next(columns for name, columns in self.found.items() if name.startswith("theta"))[0])

    def check(self, expected: dict[str, np.ndarray]) -> None:
        """Everything found so far equals the twin's first steps."""
        arrays = {
            name: np.array([column[: self.steps] for column in columns], dtype=np.int64).T
            for name, columns in self.found.items()
        }
        config = configured()
        assert {state.name for state in shown_states(config)} == set(arrays)
        if "theta_bits" in arrays:
            arrays["theta"] = parameters(config, arrays.pop("theta_bits"))
        # What the circuit does not show: the sample; the flags, which are checked at their port.
        for name in expected.keys() & arrays.keys():
            wanted = expected[name]
            found, right = arrays[name], wanted[: self.steps]
            np.testing.assert_array_equal(found if wanted.ndim == 2 else found[:, 0], right, err_msg=name)


def _find(dut: Any, path: str) -> Any:
    """The handle of a signal, or of a word of a memory."""
    handle = dut
    for name in path.split("."):
        plain, _, word = name.rstrip("]").partition("[")
        handle = getattr(handle, plain)
        if word:
            handle = handle[int(word)]
    return handle


class Bench:
    """A trainer, its registers, and a sample port that is sometimes late."""

    def __init__(self, dut: Any, config: TrainerConfig):
        self.dut, self.config = dut, config
        self.rng = random_numbers()
        self.observer = Observer(dut, bench_parameters()["states"])
        self.samples = port_samples(config)
        # Whole samples, or one input at a time, which are as many times more.
        self.port, self.often = ("i_input", 0.4) if config.paged else ("i_sample", 0.1)
        self.perturbations = port_codes(config)
        self.words = iter(())
        self.codes = iter(())

    async def begin(self, seed: int, **inputs: int) -> None:
        """Registers of ``seed``, one start pulse; ``inputs`` are held from there on."""
        registers = self.config.registers(seed).__dict__
        values = {name: value for name, value in registers.items() if hasattr(self.dut, name)}
        self.words = self._stream()
        self.codes = self._code_stream()
        await self.clock(start=1, **values, **inputs)
        self.observer.forget()
        await self.clock(start=0)

    async def clock(self, **inputs: int) -> None:
        """One clock, with the sample port served."""
        if self.samples is not None:
            valid, ready = (getattr(self.dut, f"{self.port}__{name}").value for name in ("valid", "ready"))
            taken = valid == 1 and ready == 1
            if taken or inputs.get("start"):
                self.word = next(self.words)
            offered = int(self.rng.random() < self.often) if taken or not valid else 1
            inputs |= {f"{self.port}__payload": self.word, f"{self.port}__valid": offered}
        if self.perturbations is not None:
            taken = self.dut.i_code__valid.value == 1 and self.dut.i_code__ready.value == 1
            if taken or inputs.get("start"):
                self.code = next(self.codes)
            offered = int(self.rng.random() < 0.8) if taken or not self.dut.i_code__valid.value else 1
            inputs |= {"i_code__payload": self.code, "i_code__valid": offered}
        await clock(self.dut, **inputs)
        self.observer.look()

    def _stream(self) -> Any:
        formats = self.config.formats
        while self.samples is not None:
            for x, target in zip(self.samples.x.tolist(), self.samples.target.tolist(), strict=True):
                targets = pack(target, formats.target.width)
                if not self.config.paged:
                    yield pack(x, formats.input.width) | targets << (formats.input.width * len(x))
                    continue
                for place, value in enumerate(x):
                    parts = pack([value], formats.input.width) | targets << formats.input.width
                    yield parts | (place == 0) << (self.config.input_bits - 1)

    def _code_stream(self) -> Any:
        """Code words in the order of the port, the last parameter's first, over and over."""
        while self.perturbations is not None:
            for row in self.perturbations.tolist():
                yield from ((s + 2**self.config.code_bits - 1) // 2 for s in reversed(row))

    async def until(self, steps: int) -> None:
        """Clocks until so many steps are done."""
        for _ in range(steps * 400 + 1000):
            if self.observer.steps >= steps:
                return
            await self.clock()
        raise AssertionError(f"only {self.observer.steps} of {steps} steps are done")

    def twin(self, seed: int, steps: int) -> dict[str, np.ndarray]:
        twin = Trainer(self.config, [seed], samples=self.samples, perturbations=self.perturbations)
        return states(twin.run(steps, record=True))


async def _bench(dut: Any) -> Bench:
    config = configured()
    await start(dut, start=0, run=0, step=0, clear_flags=0)
    bench = Bench(dut, config)
    if bench.samples is not None:
        write(getattr(dut, f"{bench.port}__valid"), 0)
    if bench.perturbations is not None:
        write(dut.i_code__valid, 0)
    await ClockCycles(dut.clk, 2)
    return bench


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def every_state_equals_the_twin(dut):
    """Without a pause, and the flags at the end are the twin's."""
    bench = await _bench(dut)
    steps = bench_parameters()["steps"]
    expected = bench.twin(3, steps)
    await bench.begin(3, run=1)
    await bench.until(steps)
    bench.observer.check(expected)
    if not bench.config.facts.overlapping:  # where steps overlap the port is ahead of the step
        assert int(dut.flags.value) == expected["flags"][steps - 1]


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def a_start_in_mid_run_forgets_everything(dut):
    """At any clock, with another seed."""
    bench = await _bench(dut)
    for seed in (5, 6, 7):
        await bench.begin(seed, run=1)
        await bench.until(int(bench.rng.integers(3, 8)))
        for _ in range(int(bench.rng.integers(0, 30))):
            await bench.clock()
    await bench.begin(8, run=1)
    await bench.until(20)
    bench.observer.check(bench.twin(8, 25))


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def pauses_change_nothing(dut):
    """``run`` low at random, single steps between; busy falls once all is still, and nothing moves then."""
    bench = await _bench(dut)
    await bench.begin(4, run=0)
    assert dut.busy.value == 1
    for _ in range(12):
        while dut.busy.value == 1:
            await bench.clock(run=0, step=0)
        before = bench.observer.steps
        for _ in range(int(bench.rng.integers(1, 60))):
            await bench.clock()
        assert bench.observer.steps == before
        if bench.rng.random() < 0.5:
            await bench.clock(step=1)
            await bench.clock(step=0)
            late = 0
            while bench.observer.steps == before:
                await bench.clock()
                late += 1
                assert late < 400, "a single step was not made"
            assert bench.observer.steps == before + 1
        else:
            for _ in range(int(bench.rng.integers(1, 4 * bench.config.timing.clocks_per_step + 2))):
                await bench.clock(run=1)
            await bench.clock(run=0)
    while dut.busy.value == 1:
        await bench.clock()
    assert bench.observer.steps > 12
    bench.observer.check(bench.twin(4, bench.observer.steps))


@cocotb.test(timeout_time=20, timeout_unit="ms")
async def flags_stay_until_cleared(dut):
    """The port's flags hold all that happened, until clear_flags."""
    bench = await _bench(dut)
    await bench.begin(3, run=1)
    await bench.until(40)
    await bench.clock(run=0)
    while dut.busy.value == 1:
        await bench.clock()
    steps = bench.observer.steps
    assert int(dut.flags.value) == bench.twin(3, steps)["flags"][-1]
    await bench.clock(clear_flags=1)
    await bench.clock(clear_flags=0)
    assert int(dut.flags.value) == 0
