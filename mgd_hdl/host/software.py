"""A circuit in software: its registers answer as the page says, and behind them the twin learns.

It needs no simulator, so a driver or a script can be tried where there is nothing but Python.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mgd_sim.bus import Access, Answer
from mgd_sim.bus.bank import Bank
from mgd_sim.bus.bank import Trainer as Says
from mgd_sim.bus.frames import Frames
from mgd_sim.loop import LoopTrainer
from mgd_sim.tasks import Dataset
from mgd_sim.trainer import Record, Trainer

from ..config import Registers, TrainerConfig, memory_map
from ..config.device_knobs import device_settings
from ..config.errors import Refused
from ..config.ports import DEVICE_FAULTS
from .loop import ChipInTheLoop
from .outside import OutsideDevices

__all__ = ["SoftwareCircuit"]

#: Clocks of an access; a step takes two.
_ACCESS = 8
#: Steps that the twin makes at a time, which is quicker; a device outside can't go back.
_BLOCK = 64
#: What a circuit calls that kind of fault which software tells apart.
_FAULTS = {
    "exception": "refused",
    "no answer in time": "no_answer",
    "not ready": "not_ready",
    "wrong shape": "refused",
    "not a number": "refused",
    "out of range": "out_of_range",
    "glitch": "glitch",
    "stuck": "stuck",
}


class _Learner:
    """The twin, one step after the other; it works ahead, and goes back where somebody asks in between."""

    def __init__(
        self, config: TrainerConfig, registers: Registers, sample: Dataset | None, device: Any = None
    ):
        self.config, self.registers, self._sample, self._device = config, registers, sample, device
        self._outside: OutsideDevices | None = None
        self._told = dict.fromkeys(_FAULTS, 0)
        self._twin = self._made()
        self._saved, self._record, self._row = self._twin.state, Record({}, ()), 0

    def _made(self) -> Trainer:
        """A twin with these registers; with a device it counts on."""
        if not self.config.outside:
            return Trainer(self.config, [self.registers], samples=self._sample)
        knobs = {each.name: getattr(self.registers, each.name) for each in memory_map(self.config).knobs}
        there = device_settings(self.config, knobs)
        there.pop("second_weight", None)  # which the registers carry
        loop = ChipInTheLoop(
            self._device, self.config.replaced(device=there), [self.registers], samples=self._sample
        )
        if (before := self._outside) is not None:
            loop.outside.measurements, loop.outside.dropped = before.measurements, before.dropped
            loop.outside.faults = before.faults
        self._outside = loop.outside
        assert isinstance(loop.trainer, LoopTrainer)
        return loop.trainer

    @property
    def steps(self) -> int:
        """That are done."""
        return self.twin.step

    @property
    def twin(self) -> Trainer:
        """As it is after the steps that were asked for."""
        if self._row < self._ahead:
            self._twin.restore(self._saved)
            self._twin.run(self._row)
        self._saved, self._record, self._row = self._twin.state, Record({}, ()), 0
        return self._twin

    @property
    def _ahead(self) -> int:
        return len(self._record.arrays.get("flags", ()))

    def follow(self, registers: Registers, sample: Dataset | None) -> None:
        """Other registers, or another sample, from the next step on."""
        if registers != self.registers or sample is not self._sample:
            state = self.twin.state
            self.registers, self._sample = registers, sample
            self._twin = self._made()
            self._twin.restore(state)

    def takes_sample(self) -> bool:
        """Whether the next step does."""
        step = self._saved.prepared["steps"]["step"] + self._row
        return bool(step % self.registers.tau_x == 0)

    def step(self) -> dict[str, int]:
        """Makes a step; some of its states."""
        if self._row == self._ahead:
            self._saved = self._twin.state
            alone = self._sample is not None or self._outside is not None
            found = self._twin.run(1 if alone else _BLOCK, record=True)
            assert found is not None
            self._record, self._row = found, 0
        row, self._row = self._row, self._row + 1
        arrays = self._record.arrays
        return {name: int(arrays[name][row, 0]) for name in _STATES if name in arrays}

    # ---- a device outside ----------------------------------------------------------------------------

    @property
    def resting(self) -> bool:
        """The device failed too often."""
        return isinstance(self._twin, LoopTrainer) and bool(self._twin.resting[0])

    def go_on(self) -> None:
        """It rests no longer."""
        if isinstance(self._twin, LoopTrainer):
            self._twin.start()

    def counts(self) -> dict[str, int]:
        """What became of measurements."""
        if (outside := self._outside) is None:
            return {}
        asked, dropped = int(outside.measurements[0]), int(outside.dropped[0])
        return {"asked_count": asked, "taken_count": asked - dropped, "dropped_count": dropped}

    def faults(self) -> int:
        """Of the device since this was asked last, as bits of ``device_faults``."""
        if (outside := self._outside) is None:
            return 0
        now = {kind: int(count[0]) for kind, count in outside.faults.items()}
        raised = {_FAULTS[kind] for kind, count in now.items() if count > self._told[kind]}
        raised |= {f"{what}_clipped" for what, there in outside.clipped.items() if there[0]}
        for there in outside.clipped.values():
            there[:] = False
        self._told = now
        return sum(1 << DEVICE_FAULTS.index(name) for name in raised)


#: Of a step, that registers tell of.
_STATES = ("cost", "baseline", "flags", "solved", "judged_count", "right_count")


class SoftwareCircuit:
    """A trainer behind a register bank, clock by clock; each step takes two, which no circuit can.

    It is a :class:`mgd_hdl.host.wire.Wire`, and an object with ``read(offset)`` and ``write(offset, value)``
    as :class:`mgd_hdl.host.mapped.PynqMemory` wants it. Where time constants change in mid-run
    it counts from step 0, which is what a circuit does where old and new counters turn together.

    Parameters
    ----------
    config : TrainerConfig
        Not with ``judge.retry``, nor with external codes.
    clocks : int
        A second, as it tells time; a computer makes about as many.
    device : object
        With ``device.kind = "outside"``: one as for :class:`mgd_hdl.host.ChipInTheLoop`, which is behind it.
        What differs from a circuit there does so here, and whatever the device raises is ``refused``.
    """

    name = "circuit in software"

    def __init__(self, config: TrainerConfig, clocks: int = 10_000, *, device: Any = None):
        if config.outside != (device is not None):
            needs = "needs its device" if config.outside else "has no device outside"
            raise Refused([f'a circuit in software with device.kind = "{config.device.kind}" {needs}'])
        if config.retries or config.perturbation.family == "external":
            raise Refused(["a circuit in software has neither judge.retry nor external codes"])
        self.config, self._device = config, device
        self.byte_seconds = 1 / clocks
        self._clocks, self._per_second = 0, clocks
        self.bank = Bank(config)
        self._frames = Frames(self.access)
        self._learner: _Learner | None = None
        self._drawing = self._stepping = False
        self._wanted = False  # a step by a pulse
        self._sample: Dataset | None = None  # taken, and not yet used
        self._shown: Dataset | None = None
        self._states = dict.fromkeys(_STATES, 0)
        self._answer: int | None = None  # of a parameter, for the next clock
        self._outputs: list[int] | None = None

    # ---- from outside --------------------------------------------------------------------------------

    def access(self, access: Access) -> Answer:
        """One access, and some clocks."""
        answer = self._clock(access)
        assert answer is not None, "every access is answered"
        for _ in range(_ACCESS - 1):
            self._clock()
        return answer

    def read(self, offset: int) -> int:
        return self.access(Access(offset)).data

    def write(self, offset: int, value: int) -> None:
        self.access(Access(offset, True, value))

    def exchange(self, data: bytes, seconds: float = 0.0) -> bytes:
        said = b""
        for byte in data:
            self._clock()
            said += self._frames.byte(byte)
        self.let_pass(seconds)
        return said

    def seconds(self) -> float:
        return self._clocks / self._per_second

    def let_pass(self, seconds: float) -> None:
        for _ in range(round(seconds * self._per_second)):
            self._clock()

    def close(self) -> None:
        pass

    # ---- one clock -----------------------------------------------------------------------------------

    def _clock(self, access: Access | None = None) -> Answer | None:
        self._clocks += 1
        wires = self.bank.outputs()
        says = Says(started=self._drawing)
        if wires["start"]:
            self._learner = self._sample = None
            self._drawing, self._stepping, self._wanted = True, False, False
            self._answer = self._outputs = None
            self._states = dict.fromkeys(_STATES, 0)
        elif self._drawing:
            self._drawing, says.busy = False, True
            self._learner = self._drawn(wires)
        elif self._learner is not None:
            self._train(self._learner, wires, says)
        states = self._states
        says.last_cost, says.last_baseline = states["cost"], states["baseline"]
        says.solved = bool(states["solved"])
        says.counts = {name: states[name] for name in ("judged_count", "right_count")}
        if self.config.outside:
            self._tell(wires, says)
        says.sample_ready = self._learner is not None and self._sample is None
        if says.sample_ready and self.bank.offered.get("sample"):
            self._sample = self._offered()
        return self.bank.clock(says, access)

    def _tell(self, wires: dict[str, int], says: Says) -> None:
        """What a circuit tells of its device, and is told."""
        counts = dict.fromkeys(("asked_count", "taken_count", "dropped_count"), 0)
        learner = self._learner
        if learner is not None:
            if wires["go_on"]:
                learner.go_on()
            counts |= learner.counts()
            says.resting, says.device_faults = learner.resting, learner.faults()
        says.counts = {**says.counts, **counts}

    def _train(self, learner: _Learner, wires: dict[str, int], says: Says) -> None:
        """A clock of the learner: a step begins, or ends."""
        self._wanted |= bool(wires["step"]) and not wires["run"]
        if self._stepping:
            self._stepping, says.busy, says.step_done = False, True, True
            before = self._states["flags"]
            self._states |= learner.step()
            says.flags = self._states["flags"] & ~before
        elif self._is_open(learner, says) or learner.resting:
            pass
        elif wires["run"] or self._wanted:
            streams = self.config.task.source == "stream"
            fresh = learner.takes_sample()
            if fresh and streams and self._sample is None:
                return
            if fresh and streams:
                self._shown, self._sample = self._sample, None
            learner.follow(self._registers(wires), self._shown)
            self._stepping, self._wanted = True, False
            says.busy, says.step_begins, says.sample_taken = True, True, fresh

    def _is_open(self, learner: _Learner, says: Says) -> bool:
        """Whether the host is at the network or its parameters, so that no step begins."""
        bank = self.bank
        if self._answer is not None:
            says.answer, self._answer = self._answer, None
        elif self._outputs is not None:
            says.output, self._outputs = self._outputs, None
        elif bank.parameter == "asks":
            says.command_ready = True
            self._answer = self._visit(learner.twin)
        elif bank.offered.get("input"):
            says.input_ready = True
            given = np.array([self._given("input")], np.int64)
            self._outputs = learner.twin.infer(given)[0, 0].tolist()
        else:
            return False
        return True

    def _visit(self, twin: Trainer) -> int:
        """A parameter is written, or not; what it is then."""
        index = self.bank.written["parameter_index"]
        if self.bank.parameter_writes:
            register = self.bank.map["parameter_data"]
            theta = twin.theta
            theta[:, index] = register.value(self.bank.written["parameter_data"])
            twin.write(theta)
        return int(twin.theta[0, index])

    def _drawn(self, wires: dict[str, int]) -> _Learner:
        self._shown = None
        if self.config.task.source == "stream":  # until the first one is there
            self._shown = _one(
                [0] * self.config.inputs, [self.config.formats.target.min] * self.config.outputs
            )
        return _Learner(self.config, self._registers(wires), self._shown, self._device)

    def _registers(self, wires: dict[str, int]) -> Registers:
        return self.config.registers(**{name: wires[name] for name in self._names})

    @property
    def _names(self) -> list[str]:
        return [knob.name for knob in self.bank.map.knobs]

    def _offered(self) -> Dataset:
        numbers = self._given("sample")
        return _one(numbers[: self.config.inputs], numbers[self.config.inputs :])

    def _given(self, window: str) -> list[int]:
        """What was written to a window, as numbers."""
        formats, words = self.bank.numbers[window], self.bank.given[window]
        return [
            word - (1 << 32) if format.signed and word >> 31 else word
            for format, word in zip(formats, words, strict=True)
        ]


def _one(x: list[int], target: list[int]) -> Dataset:
    return Dataset(np.array([x], np.int64), np.array([target], np.int64))
