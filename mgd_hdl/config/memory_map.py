"""The memory map: every register that a host sees over a bus, with its address, its fields and what it is.

Register bank, driver, page, C header and all other exports come from here; what can be set comes from
:data:`mgd_hdl.config.REGISTERS`. Registers have 32 bits and byte addresses, little endian. An address is an
interface: it never moves, whatever options a circuit has, and a new option only appends.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any, Literal

from .derived import Derived
from .ports import COUNT_BITS, DEVICE_FAULTS, FLAGS, there
from .registers import REGISTERS, SEEDS, Register, rule_of

__all__ = [
    "ACCESS_FLAGS",
    "ADDRESS_BITS",
    "CONTROLS",
    "FLAG_BITS",
    "IDENTIFICATION",
    "INTERRUPTS",
    "LINE_FLAGS",
    "STATUS_BITS",
    "VERSION",
    "WINDOWS",
    "BitField",
    "Mapped",
    "MemoryMap",
    "configuration_hash",
    "memory_map",
]

#: Of a byte address; what lies above is not there.
ADDRESS_BITS = 12
#: The bytes "MGD1", the M at the lowest address.
IDENTIFICATION = int.from_bytes(b"MGD1", "little")
#: Of this map: its major number in the high half, which changes where a driver of the one before fails.
VERSION = 0x0001_0000

_Access = Literal["ro", "rw", "wo", "w1c"]


@dataclass(frozen=True)
class BitField:
    """``width`` bits of a register from bit ``low`` on."""

    name: str
    low: int
    width: int
    meaning: str
    signed: bool = False

    @property
    def mask(self) -> int:
        """Its bits in the register."""
        return (1 << self.width) - 1 << self.low

    def of(self, word: int) -> int:
        """What it is in a word, as an unsigned number."""
        return (word & self.mask) >> self.low


@dataclass(frozen=True, kw_only=True)
class Mapped:
    """One register on the bus."""

    name: str
    address: int
    """In bytes, a multiple of four."""
    access: _Access
    """Read only; read and write; write only, which reads as zero; write one to clear."""
    meaning: str
    fields: tuple[BitField, ...]
    """Low bits first; the others read as zero."""
    reset: int = 0
    """What it holds after a reset, as 32 bits."""
    constant: bool = False
    """It never changes."""
    legal: range | None = None
    """What may be written, where that is a number; None: any value of its fields."""
    rule: str = ""
    """What must hold of it together with others; the circuit does not check this."""
    effect: str = ""
    """What a read or a write does beside reading and writing."""
    read_acts: bool = False
    """A read does something beside reading: who looks on, such as a debugger, should not read it."""
    moves: bool = False
    """It is written, and the circuit changes it by itself too."""
    knob: Register | None = None
    """The run-time register that it sets."""

    @property
    def writable(self) -> bool:
        return self.access != "ro"

    @property
    def readable(self) -> bool:
        return self.access != "wo"

    @property
    def volatile(self) -> bool:
        """It may be read twice and differ, without a write in between."""
        return self.moves or (self.access in ("ro", "w1c") and not self.constant)

    @property
    def description(self) -> str:
        """What it is, and what an access does."""
        return f"{self.meaning} {self.effect}".strip()

    @property
    def mask(self) -> int:
        """The bits of its fields."""
        return sum(field.mask for field in self.fields)

    @property
    def width(self) -> int:
        """Up to its highest field."""
        return self.mask.bit_length()

    @property
    def signed(self) -> bool:
        """It is one number in two's complement, whose sign fills the word."""
        return self.fields[0].signed

    def value(self, word: int) -> int:
        """The number that 32 bits stand for."""
        return word - (1 << 32) if self.signed and word >> 31 else word

    def bit(self, name: str) -> int:
        """The mask of a field."""
        return next(field for field in self.fields if field.name == name).mask


@dataclass(frozen=True)
class MemoryMap:
    """All registers of a circuit, by rising address."""

    name: str
    """Of the circuit."""
    registers: tuple[Mapped, ...]

    @cached_property
    def _by_name(self) -> dict[str, Mapped]:
        return {register.name: register for register in self.registers}

    @cached_property
    def _by_address(self) -> dict[int, Mapped]:
        return {register.address: register for register in self.registers}

    def __iter__(self) -> Iterator[Mapped]:
        return iter(self.registers)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __getitem__(self, name: str) -> Mapped:
        return self._by_name[name]

    def at(self, address: int) -> Mapped | None:
        """The register at this address, if there is one."""
        return self._by_address.get(address)

    @property
    def knobs(self) -> tuple[Mapped, ...]:
        """Those that set a run-time register."""
        return tuple(register for register in self.registers if register.knob is not None)


#: What a write to ``control`` asks for, from bit 0 on.
CONTROLS = {
    "start": "Begin anew with the registers as they are: parameters are drawn, step 0 waits.",
    "run": "Steps follow each other until stop, or until steps_left comes to 0.",
    "stop": "No more steps begin; those that have begun are finished. Wins over run.",
    "step": "Without run, one more step; during a step, one after it, however many are asked for.",
    "clear_counts": "Both counts of answers become 0.",
    "go_on": "Where parameters rest since the device failed, steps go on with them; device_faults become 0.",
}
#: Of ``status``, from bit 0 on.
STATUS_BITS = {
    "busy": "Parameters are being set, or a step is under way.",
    "running": "Steps follow each other: run was asked for, and not stop.",
    "solved": "The judge is content; 0 without one.",
    "pending": "A register that was written waits for the border between two steps.",
    "parameter_ready": "parameter_data may be read and written.",
    "sample_ready": "sample_data takes a number.",
    "input_ready": "input_data takes a number, and output_data holds the last answer.",
    "resting": "The device failed too often: parameters rest, and no step begins until go_on or start.",
}
#: Refused accesses, which stay in ``flags`` from bit 8 on; with each the access is answered with an error.
ACCESS_FLAGS = {
    "unmapped": "There is no register at the address.",
    "read_only": "A write to a register that is only read.",
    "unaligned": "An address that is no multiple of four.",
    "partial": "Not all four bytes of a register.",
    "illegal": "A value that is not allowed; the register keeps its own.",
    "not_ready": "A window that was not ready; nothing happened.",
    "in_reset": "An access that was offered during a reset.",
}
#: What was wrong on a serial line, from bit 16 on.
LINE_FLAGS = {
    "bad_byte": "A byte without a stop bit.",
    "bad_frame": "A frame that was too long or too short, or whose check failed.",
}
_FLAG_LOW = {"limited": 0, "access": 8, "line": 16}
#: Where each sticky flag stands in ``flags``.
FLAG_BITS = {
    name: low + bit
    for low, names in zip(_FLAG_LOW.values(), (FLAGS, ACCESS_FLAGS, LINE_FLAGS), strict=True)
    for bit, name in enumerate(names)
}
#: Of ``interrupts`` and ``interrupt_enable``, from bit 0 on.
INTERRUPTS = {
    "solved": "The judge has become content.",
    "done": "The trainer has come to rest: parameters are set, or the last step that was asked for is over.",
    "fault": "An access was refused, or something was wrong on the serial line.",
    "device_fault": "Something went wrong with the device, and stands in device_faults.",
    "resting": "The device failed too often, and parameters have come to rest.",
}
#: Of these three words what only a circuit for a device outside has.
_OF_LOOPS = ("go_on", "device_fault", "resting")
#: Of ``windows``, from bit 0 on: whether a circuit has it.
WINDOWS: dict[str, Callable[[Derived], bool]] = {
    "parameters": lambda config: there(config, "i_access"),
    "samples": lambda config: there(config, "i_sample") and config.host.samples == "window",
    "inference": lambda config: there(config, "i_infer"),
}

_LIMITED = {
    "cost_change_saturated": "A cost change was limited.",
    "hold_saturated": "The sum of a hold was limited.",
    "update_saturated": "An update was limited.",
}
_FAULTY = {
    "not_ready": "It took no parameter or no request within device_pause.",
    "no_answer": "No reading within device_time_out.",
    "refused": "It said itself that a reading is bad.",
    "out_of_range": "A reading beyond device_low or device_high.",
    "glitch": "Readings of one measurement further apart than device_spread.",
    "stuck": "The very same readings for device_stuck measurements.",
    "parameters_clipped": "A parameter beyond what its converter can give was limited.",
    "readings_clipped": "A reading beyond its format was limited, or a second cost was the highest number.",
}
#: Where blocks of registers begin.
_COUNTERS, _KNOBS, _SEEDS, _PARAMETERS, _SAMPLES, _INFERENCE = 0x080, 0x100, 0x180, 0x200, 0x240, 0x280


def configuration_hash(config: Derived) -> int:
    """64 bits of the SHA-256 of what was asked for, but for the section [host].

    Of keys only those count that differ from their defaults, so a key that a later release adds changes
    nothing; nor does another bus around the same trainer. A file counts by its ending and the SHA-256
    of its content, so that it may lie elsewhere, but not be another one.
    """
    asked = config.model_dump(mode="json", exclude_defaults=True, exclude={"host"})
    for slot, file in config.attached.files:
        section, _, key = slot.rpartition(".")
        asked[section][key] = f"{PurePath(file.name).suffix} {file.sha256}"
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def _bits(names: dict[str, str], low: int = 0) -> tuple[BitField, ...]:
    return tuple(BitField(name, low + bit, 1, text) for bit, (name, text) in enumerate(names.items()))


def _bits_of(config: Derived, names: dict[str, str]) -> tuple[BitField, ...]:
    """Those that the circuit has; each in its own place."""
    return tuple(bit for bit in _bits(names) if config.outside or bit.name not in _OF_LOOPS)


def _number(width: int, meaning: str, *, signed: bool = False) -> tuple[BitField, ...]:
    return (BitField("value", 0, 32 if signed else min(32, width), meaning, signed),)


def _one(
    name: str,
    address: int,
    access: _Access,
    meaning: str,
    width: int = 32,
    *,
    signed: bool = False,
    **more: Any,
) -> Mapped:
    """A register that is one number."""
    fields = _number(width, meaning, signed=signed)
    return Mapped(name=name, address=address, access=access, meaning=meaning, fields=fields, **more)


def _constant(name: str, address: int, value: int, meaning: str) -> Mapped:
    return _one(name, address, "ro", meaning, reset=value, constant=True)


def _identification(config: Derived) -> Iterator[Mapped]:
    found = configuration_hash(config)
    yield _constant("id", 0x000, IDENTIFICATION, 'The bytes "MGD1".')
    yield _constant("version", 0x004, VERSION, "Of this map: major number in the high half, minor below.")
    yield _constant("hash_low", 0x008, found & 0xFFFF_FFFF, "Of the configuration, low half.")
    yield _constant("hash_high", 0x00C, found >> 32, "Of the configuration, high half.")
    yield _one("scratch", 0x010, "rw", "Whatever a host likes to keep.")
    yield _constant("parameters", 0x014, config.parameters, "How many parameters there are.")
    yield Mapped(
        name="shape",
        address=0x018,
        access="ro",
        meaning="The network's ends.",
        fields=(
            BitField("inputs", 0, 16, "How many inputs there are."),
            BitField("outputs", 16, 16, "How many outputs there are."),
        ),
        reset=config.inputs | config.outputs << 16,
        constant=True,
    )
    yield Mapped(
        name="windows",
        address=0x01C,
        access="ro",
        meaning="Which windows there are.",
        fields=_bits({name: f"The window onto {name}." for name in WINDOWS}),
        reset=sum(has(config) << bit for bit, has in enumerate(WINDOWS.values())),
        constant=True,
    )


def _controls(config: Derived) -> Iterator[Mapped]:
    flags = (*_bits(_LIMITED), *_bits(ACCESS_FLAGS, _FLAG_LOW["access"]))
    if config.host.bus == "uart":
        flags += _bits(LINE_FLAGS, _FLAG_LOW["line"])
    yield Mapped(
        name="control",
        address=0x040,
        access="wo",
        meaning="Pulses: a one asks, a zero does nothing. All of one write act together.",
        fields=_bits_of(config, CONTROLS),
    )
    yield Mapped(
        name="status",
        address=0x044,
        access="ro",
        meaning="What is the case now.",
        fields=_bits_of(config, STATUS_BITS),
    )
    yield Mapped(
        name="flags",
        address=0x048,
        access="w1c",
        meaning="What was limited since the start, and what was refused.",
        fields=flags,
    )
    yield Mapped(
        name="interrupts",
        address=0x04C,
        access="w1c",
        meaning="What has happened. The interrupt line is high while one that is enabled is here.",
        fields=_bits_of(config, INTERRUPTS),
    )
    yield Mapped(
        name="interrupt_enable",
        address=0x050,
        access="rw",
        meaning="Which of them raise the line.",
        fields=_bits_of(config, INTERRUPTS),
    )
    yield _one(
        "steps_left",
        0x054,
        "rw",
        "So many steps begin while running, then it stops by itself; counts down. 0: it does not stop.",
        moves=True,
    )
    if config.outside:
        yield Mapped(
            name="device_faults",
            address=0x058,
            access="w1c",
            meaning="What went wrong with the device since the start or the last go_on.",
            fields=_bits({name: _FAULTY[name] for name in DEVICE_FAULTS}),
        )


def _counters(config: Derived) -> Iterator[Mapped]:
    at = _COUNTERS
    yield _one(
        "steps_low",
        at,
        "ro",
        "Steps done since the start, low half.",
        effect="A read keeps the high half of the same moment in steps_high.",
        read_acts=True,
    )
    yield _one("steps_high", at + 0x04, "ro", "High half, of the last read of steps_low.")
    yield _one("samples", at + 0x08, "ro", "Samples taken since the start, modulo 2**32.")
    for place, (port, meaning) in enumerate(
        {
            "judged_count": "Answers given at rest.",
            "right_count": "Right ones among them.",
            "tries": "Tries since the start, the present one among them.",
        }.items()
    ):
        if there(config, port):
            yield _one(port, at + 0x0C + 4 * place, "ro", meaning, COUNT_BITS)
    cost = config.words.measured
    keeps: dict[str, Any] = {
        "effect": "A read keeps what belongs to the same step in the registers behind it.",
        "read_acts": True,
    }
    step = "of the last step whose cost was measured"
    signed = cost.signed
    wide = cost.width > 32
    format_ = f"in {cost}"
    yield _one("cost", at + 0x18, "ro", f"C {step}, {format_}.", cost.width, signed=signed, **keeps)
    if wide:
        yield _one("cost_high", at + 0x1C, "ro", "C, its bits from 32 on.", cost.width - 32, signed=signed)
    if not config.analog:
        yield _one("baseline", at + 0x20, "ro", f"C0 of the same step, {format_}.", cost.width, signed=signed)
        if wide:
            yield _one(
                "baseline_high", at + 0x24, "ro", "C0, its bits from 32 on.", cost.width - 32, signed=signed
            )
    if config.outside:
        for place, (name, meaning) in enumerate(
            {
                "asked_count": "Measurements of the device that were begun since the start, modulo 2**24.",
                "taken_count": "Those that gave a cost.",
                "dropped_count": "Those that were bad after all repeats.",
            }.items()
        ):
            yield _one(name, at + 0x28 + 4 * place, "ro", meaning, COUNT_BITS)


def _knobs(config: Derived) -> Iterator[Mapped]:
    others = [register.name for register in REGISTERS if register.name not in SEEDS]
    addresses = {name: _KNOBS + 4 * place for place, name in enumerate(others)}
    addresses |= {name: _SEEDS + 4 * place for place, name in enumerate(SEEDS)}
    for register in REGISTERS:
        if register.there(config):
            yield _one(
                register.name,
                addresses[register.name],
                "rw",
                register.meaning,
                register.width(config),
                reset=register.value(config),
                legal=register.legal(config),
                rule=rule_of(config, register.name),
                knob=register,
            )


def _windows(config: Derived) -> Iterator[Mapped]:
    words = config.words
    if WINDOWS["parameters"](config):
        legal = range(config.parameters)
        yield _one(
            "parameter_index",
            _PARAMETERS,
            "rw",
            "Which parameter parameter_data is.",
            (config.parameters - 1).bit_length() or 1,
            legal=legal,
            effect="A write fetches the parameter.",
            moves=True,
        )
        yield _one(
            "parameter_data",
            _PARAMETERS + 4,
            "rw",
            f"T of this parameter, in {words.parameter}.",
            words.parameter.width,
            signed=True,
            legal=range(words.parameter.min, words.parameter.max + 1),
            effect="A read, and a write, goes on to the next parameter.",
            read_acts=True,
            moves=True,
        )
    if WINDOWS["samples"](config):
        count = config.inputs + config.outputs
        yield from _numbers(
            "sample",
            _SAMPLES,
            count,
            f"Inputs in {config.formats.input}, then targets in {config.formats.target}, one number each;"
            " the last one offers the sample.",
        )
    if WINDOWS["inference"](config):
        yield from _numbers(
            "input",
            _INFERENCE,
            config.inputs,
            f"Inputs in {config.formats.input}, one number each; with the last one the network answers.",
        )
        output = config.shape.layers[-1].output
        yield _one(
            "output_place",
            _INFERENCE + 8,
            "rw",
            "Which output output_data is.",
            (config.outputs - 1).bit_length() or 1,
            legal=range(config.outputs),
            moves=True,
        )
        yield _one(
            "output_data",
            _INFERENCE + 0xC,
            "ro",
            f"That output, in {output}.",
            output.width,
            signed=output.signed,
            effect="A read goes on to the next output.",
            read_acts=True,
        )


def _numbers(name: str, address: int, count: int, meaning: str) -> Iterator[Mapped]:
    """Where numbers go in one after the other."""
    yield _one(
        f"{name}_place",
        address,
        "rw",
        f"Which number {name}_data is next; only 0 may be written, and begins anew.",
        (count - 1).bit_length() or 1,
        legal=range(1),
        moves=True,
    )
    yield _one(
        f"{name}_data",
        address + 4,
        "wo",
        meaning,
        signed=True,
        effect="A write goes on to the next number.",
    )


def memory_map(config: Derived) -> MemoryMap:
    """The registers of a circuit with this configuration; on which bus they are makes no difference."""
    found = [
        register
        for part in (_identification, _controls, _counters, _knobs, _windows)
        for register in part(config)
    ]
    return MemoryMap(config.name, tuple(sorted(found, key=lambda register: register.address)))
