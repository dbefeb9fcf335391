"""The register bank: what every access does, and what the trainer then sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mgd_hdl.config import FLAGS, SEEDS, Mapped, TrainerConfig, memory_map
from mgd_hdl.config.memory_map import FLAG_BITS, INTERRUPTS, LINE_FLAGS

from . import DONE, REFUSED, UNMAPPED, Access, Answer

__all__ = ["Bank", "Trainer"]

_WORD = (1 << 32) - 1


@dataclass
class Trainer:
    """What the trainer says in one clock; ``alive``: this clock counts for it."""

    busy: bool = False
    step_done: bool = False
    step_begins: bool = False
    sample_taken: bool = False
    started: bool = False
    flags: int = 0
    last_cost: int = 0
    last_baseline: int = 0
    solved: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
    """judged_count, right_count, tries; asked_count, taken_count, dropped_count."""
    device_faults: int = 0
    resting: bool = False
    line: int = 0
    sample_ready: bool = False
    command_ready: bool = False
    answer: int | None = None
    """T, where a command is answered."""
    input_ready: bool = False
    output: Sequence[int] | None = None
    """All outputs, where an input is answered."""
    alive: bool = True


class Bank:
    """One clock after the other: :meth:`outputs` are those of this clock, :meth:`clock` leads to the next."""

    def __init__(self, config: TrainerConfig):
        self.config, self.map = config, memory_map(config)
        self.written = {register.name: register.reset for register in self.map if register.access == "rw"}
        knobs = [knob.name for knob in self.map.knobs]
        self.seen = {name: self.written[name] for name in knobs if name not in SEEDS}
        self.waits = False
        self.pulses = dict.fromkeys(("start", "step", "clear_counts", "go_on"), False)
        self.running = self.owed = False
        self.steps = self.samples = 0
        self.kept = {"steps_high": 0, "cost_high": 0, "baseline": 0, "baseline_high": 0}
        self.flags = self.interrupts = self.device_faults = 0
        self.interrupt = self.was_active = self.was_solved = self.was_resting = False
        formats = config.formats
        inputs, targets = [formats.input] * config.inputs, [formats.target] * config.outputs
        self.numbers = {"sample": [*inputs, *targets], "input": inputs}
        self.numbers = {name: found for name, found in self.numbers.items() if f"{name}_data" in self.map}
        self.given = {name: [0] * len(found) for name, found in self.numbers.items()}
        self.offered = dict.fromkeys(self.numbers, False)
        self.output = [0] * config.outputs
        self.output_waits = False
        self.parameter = "unknown"
        """unknown; asks or waits, to read or to write; or fetched."""
        self.parameter_writes = False

    # ---- what is seen from outside --------------------------------------------------------------------

    def outputs(self) -> dict[str, int]:
        """Wires to the trainer."""
        seeds = {name: self.written[name] for name in SEEDS if name in self.written}
        return {
            "start": self.pulses["start"],
            "run": self.running and not self.waits,
            "step": self.pulses["step"] and not self.waits,
            "clear_counts": self.pulses["clear_counts"],
            "go_on": self.pulses["go_on"],
            "irq": self.interrupt,
            **self.seen,
            **seeds,
        }

    def refusal(self, access: Access) -> str:
        """Why an access is not carried out; empty where it is."""
        register = self.map.at(access.address & ~3)
        if access.late:
            return "in_reset"
        if register is None:
            return "unmapped"
        if access.address % 4:
            return "unaligned"
        if access.strobes != 0b1111:
            return "partial"
        if access.write and register.access == "ro":
            return "read_only"
        if not self.ready(register.name, writes=access.write):
            return "not_ready"
        if access.write and not self._legal(register, access.data):
            return "illegal"
        return ""

    def ready(self, name: str, *, writes: bool = True) -> bool:
        """Whether a window takes an access; what is no window does."""
        if name == "parameter_data":
            return self.parameter == "fetched"
        if name == "parameter_index":
            return not writes or self.parameter in ("unknown", "fetched")
        window = {"sample_data": "sample", "input_data": "input", "output_data": "input"}.get(name)
        if window is None:
            return True
        return not self.offered[window] and not (window == "input" and self.output_waits)

    def _legal(self, register: Mapped, data: int) -> bool:
        window = register.name.removesuffix("_data")
        if window in self.numbers:
            number = self.numbers[window][self.written[f"{window}_place"]]
            value = data - (1 << 32) if number.signed and data >> 31 else data
            return number.min <= value <= number.max
        if register.name == "parameter_data" and data >> 31:
            data -= 1 << 32
        return register.legal is None or data in register.legal

    # ---- one clock ------------------------------------------------------------------------------------

    def clock(self, trainer: Trainer, access: Access | None) -> Answer | None:
        """What the bank answers to the access of this clock."""
        answer, faults = None, 0
        asked: set[str] = set()
        cleared = {"flags": 0, "interrupts": 0, "device_faults": 0}
        active = self._active(trainer)
        started = trainer.started and trainer.alive
        writes: tuple[str, int] | None = None
        kept: dict[str, int] = {}
        register: Mapped | None = None  # that was read or written
        if access is not None:
            reason = self.refusal(access)
            if reason:
                faults |= 1 << FLAG_BITS[reason]
                answer = Answer(0, UNMAPPED if reason == "unmapped" else REFUSED)
            else:
                register = self.map.at(access.address)
                assert register is not None
                if access.write:
                    answer = Answer(0, DONE)
                    if register.name == "control":
                        asked = {each.name for each in register.fields if access.data >> each.low & 1}
                    elif register.access == "w1c":
                        cleared[register.name] = access.data
                    else:
                        writes = register.name, access.data & register.mask
                else:
                    answer = Answer(self._read(register, trainer), DONE)
                    kept = self._keeps(register.name, trainer)
        for bit in range(len(LINE_FLAGS)):
            if self.config.host.bus == "uart" and trainer.line >> bit & 1:
                faults |= 1 << FLAG_BITS[list(LINE_FLAGS)[bit]]

        self._happened(trainer, faults, cleared, active)
        commit = self.waits and trainer.alive and (not trainer.busy or self.pulses["start"])
        if commit:
            self.seen = {name: self.written[name] for name in self.seen}
        self._trains(trainer, asked)
        read = register.name if register is not None and access is not None and not access.write else ""
        offered = self.offered.get("input", False)
        self._takes_numbers(trainer, writes)
        self._visits(trainer, writes, read == "parameter_data")
        self._infers(trainer, offered, read == "output_data")
        if trainer.alive:
            self.pulses["start"] = self.pulses["clear_counts"] = self.pulses["go_on"] = False
        if trainer.alive and not self.waits:
            self.pulses["step"] = False
        for name in self.pulses:
            self.pulses[name] |= name in asked
        self.waits = (self.waits and not commit) or (writes is not None and writes[0] in self.seen)
        if writes is not None and writes[0] in self.written:
            self.written[writes[0]] = writes[1]
        self.kept |= kept
        self.steps = 0 if started else self.steps + (trainer.step_done and trainer.alive)
        self.samples = 0 if started else self.samples + (trainer.sample_taken and trainer.alive) & _WORD
        return answer

    def _active(self, trainer: Trainer) -> bool:
        return self.running or self.pulses["start"] or self.pulses["step"] or self.owed or trainer.busy

    def _happened(self, trainer: Trainer, faults: int, cleared: Mapping[str, int], active: bool) -> None:
        """Flags and interrupts; what happens wins over what is cleared."""
        limited = trainer.flags if trainer.alive else 0
        begun = (1 << len(FLAGS)) - 1 if trainer.started and trainer.alive else 0
        enabled = self.interrupts & self.written["interrupt_enable"]
        happened = {
            "solved": trainer.solved and not self.was_solved,
            "done": self.was_active and not active,
            "fault": faults != 0,
            "device_fault": trainer.alive and trainer.device_faults != 0,
            "resting": trainer.resting and not self.was_resting,
        }
        self.flags = self.flags & ~cleared["flags"] & ~begun | limited | faults
        self.interrupts &= ~cleared["interrupts"]
        for bit, name in enumerate(INTERRUPTS):
            self.interrupts |= happened[name] << bit
        self.interrupt = enabled != 0
        self.was_active, self.was_solved = active, trainer.solved
        if trainer.alive and (trainer.started or self.pulses["go_on"]):
            self.device_faults = 0
        self.device_faults &= ~cleared["device_faults"]
        self.device_faults |= trainer.device_faults * trainer.alive
        self.was_resting = trainer.resting

    def _trains(self, trainer: Trainer, asked: set[str]) -> None:
        begins = trainer.step_begins and trainer.alive
        if "step" in asked and not self.running:
            self.owed = True
        elif begins or self.pulses["start"]:
            self.owed = False
        if begins and self.running and self.written["steps_left"]:
            self.written["steps_left"] -= 1
            self.running = self.written["steps_left"] > 0
        self.running = (self.running or "run" in asked) and "stop" not in asked

    def _takes_numbers(self, trainer: Trainer, writes: tuple[str, int] | None) -> None:
        """Of samples and inputs one number after the other."""
        readies = {"sample": trainer.sample_ready, "input": trainer.input_ready}
        for window, numbers in self.numbers.items():
            place = self.written[f"{window}_place"]
            if self.offered[window] and readies[window] and trainer.alive:
                self.offered[window] = False
            if writes is not None and writes[0] == f"{window}_data":
                self.given[window][place] = writes[1]
                self.written[f"{window}_place"] = (place + 1) % len(numbers)
                self.offered[window] |= place + 1 == len(numbers)
            if self.pulses["start"]:
                self.offered[window], self.written[f"{window}_place"] = False, 0

    def _infers(self, trainer: Trainer, offered: bool, read: bool) -> None:
        """``offered``: an input was on offer in this clock; ``read``: an output was read."""
        if "input" not in self.numbers:
            return
        place = self.written["output_place"]
        if self.output_waits and trainer.output is not None and trainer.alive:
            self.output, self.output_waits = list(trainer.output), False
            place = 0
        self.output_waits |= offered
        if read:
            place = (place + 1) % len(self.output)
        self.written["output_place"] = place
        self.output_waits &= not self.pulses["start"]

    def _visits(self, trainer: Trainer, writes: tuple[str, int] | None, read: bool) -> None:
        """One parameter after the other; whatever the index becomes, that one is fetched."""
        if "parameter_data" not in self.map:
            return
        onward = (self.written["parameter_index"] + 1) % self.config.parameters
        name = writes[0] if writes is not None else ""
        if self.parameter == "asks" and trainer.command_ready and trainer.alive:
            self.parameter = "waits"
        elif self.parameter == "waits" and trainer.answer is not None and trainer.alive:
            self.written["parameter_data"] = trainer.answer
            self.parameter = "asks" if self.parameter_writes else "fetched"
            if self.parameter_writes:
                self.written["parameter_index"] = onward
            self.parameter_writes = False
        elif read or name in ("parameter_data", "parameter_index"):
            self.parameter = "asks"
            self.parameter_writes = name == "parameter_data"
            if read:
                self.written["parameter_index"] = onward
        if self.pulses["start"]:
            self.parameter, self.parameter_writes = "unknown", False

    def _read(self, register: Mapped, trainer: Trainer) -> int:
        if register.constant:
            return register.reset
        if register.access == "wo":
            return 0
        if register.name == "output_data":
            return self.output[self.written["output_place"]] & _WORD
        if register.name in self.written:
            return self.written[register.name] & _WORD
        status = (
            trainer.busy or self.pulses["start"],
            self.running,
            trainer.solved,
            self.waits,
            self.parameter == "fetched",
            "sample" in self.numbers and self.ready("sample_data"),
            "input" in self.numbers and self.ready("input_data"),
            trainer.resting,
        )
        values = {
            "status": sum(bit << place for place, bit in enumerate(status)),
            "flags": self.flags,
            "interrupts": self.interrupts,
            "device_faults": self.device_faults,
            "steps_low": self.steps,
            "samples": self.samples,
            "cost": trainer.last_cost,
            **self.kept,
            **trainer.counts,
        }
        return values[register.name] & _WORD

    def _keeps(self, name: str, trainer: Trainer) -> dict[str, int]:
        if name == "steps_low":
            return {"steps_high": self.steps >> 32}
        if name == "cost":
            cost, level = trainer.last_cost, trainer.last_baseline
            return {"cost_high": cost >> 32, "baseline": level, "baseline_high": level >> 32}
        return {}
