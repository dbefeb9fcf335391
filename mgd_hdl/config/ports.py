"""The ports of the top: one table of what each means, its width, and when it is read or changes.

The circuit gets its ports from here, and so do ``NAME.ports.json`` and the page ``docs/trainer.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from .converters import in_bytes
from .derived import Derived
from .number import Format
from .options import OPTIONS
from .registers import REGISTERS, Register

__all__ = [
    "COUNT_BITS",
    "DEVICE_FAULTS",
    "FLAGS",
    "FRONTS",
    "NUMBER_BITS",
    "PORTS",
    "Field",
    "Port",
    "device_wires",
    "fields",
    "front_ports",
    "ports",
    "there",
    "width",
]

#: Of the counters of answers.
COUNT_BITS = 24
#: Bits of the sticky flags, from bit 0 on: what was limited.
FLAGS = ("cost_change_saturated", "hold_saturated", "update_saturated")
#: Of the number that goes with each request to a device outside, and comes back with its reading.
NUMBER_BITS = 4
#: Bits of what went wrong with a device outside, from bit 0 on.
DEVICE_FAULTS = (
    "not_ready",
    "no_answer",
    "refused",
    "out_of_range",
    "glitch",
    "stuck",
    "parameters_clipped",
    "readings_clipped",
)


@dataclass(frozen=True)
class Field:
    """A part of a port's word: ``width`` bits from bit ``low`` on."""

    name: str
    low: int
    width: int
    signed: bool = False
    format: str = ""
    """Where it is a number with a fraction: ``SQ(2, 3)``."""


def _no_fields(_: Derived) -> tuple[Field, ...]:
    return ()


@dataclass(frozen=True)
class Port:
    """One row of the table; what depends on the configuration is a function of it."""

    name: str
    direction: Literal["input", "output"]
    meaning: str
    when: str
    """Of an input: when the circuit reads it. Of an output: when it changes."""
    width: Callable[[Derived], int] = lambda _: 1
    bits: str = "1"
    """The width as an expression of the configuration's properties."""
    there: Callable[[Derived], bool] = lambda _: True
    """Whether the circuit has it."""
    needs: str = ""
    """What to set so that the circuit has it."""
    register: Register | None = None
    """Of what the host may change: value and legal values."""
    fields: Callable[[Derived], tuple[Field, ...]] = _no_fields
    """The parts of a word that has some, low bits first."""
    reset: int | Callable[[Derived], int] = 0
    """What an output is after a clock with reset."""

    def after_reset(self, config: Derived) -> int:
        """The same, of this configuration's circuit."""
        return self.reset if isinstance(self.reset, int) else self.reset(config)

    def legal(self, config: Derived) -> range:
        """What an input may be, or an output can be, as an unsigned number."""
        return range(1 << self.width(config)) if self.register is None else self.register.legal(config)


def _of(register: Register) -> Port:
    return Port(
        register.name,
        "input",
        register.meaning,
        register.read,
        register.width,
        register.bits,
        register.there,
        register.needs,
        register,
    )


def _sample_fields(config: Derived) -> tuple[Field, ...]:
    """Inputs in the low bits, input 0 lowest of all, then targets."""
    parts: list[tuple[str, Format]] = [
        *((f"x[{k}]", config.formats.input) for k in range(config.inputs)),
        *((f"target[{k}]", config.formats.target) for k in range(config.outputs)),
    ]
    found, low = [], 0
    for name, number in parts:
        found.append(Field(name, low, number.width, number.signed, str(number)))
        low += number.width
    return tuple(found)


def _x_fields(config: Derived) -> tuple[Field, ...]:
    return _sample_fields(config)[: config.inputs]


def _one_by_one(config: Derived, *others: Field) -> tuple[Field, ...]:
    """One input in the low bits, then what comes with it, then whether it is input 0."""
    number = config.formats.input
    found = (Field("x", 0, number.width, number.signed, str(number)), *others)
    return (*found, Field("first", sum(each.width for each in found), 1))


def _input_fields(config: Derived) -> tuple[Field, ...]:
    """One input, targets, whether it is input 0."""
    below = (config.inputs - 1) * config.formats.input.width
    targets = (
        Field(each.name, each.low - below, each.width, each.signed, each.format)
        for each in _sample_fields(config)[config.inputs :]
    )
    return _one_by_one(config, *targets)


def _y_fields(config: Derived) -> tuple[Field, ...]:
    number = config.shape.layers[-1].output
    return tuple(
        Field(f"y[{k}]", k * number.width, number.width, number.signed, str(number))
        for k in range(config.outputs)
    )


def _access_fields(config: Derived, last: str) -> tuple[Field, ...]:
    """The number of a parameter in the low bits, then T, then one bit."""
    number, index = config.words.parameter, config.shape.index_bits
    return (
        Field("index", 0, index),
        Field("theta", index, number.width, number.signed, str(number)),
        Field(last, index + number.width, 1),
    )


def _flag_fields(_: Derived) -> tuple[Field, ...]:
    return tuple(Field(name, bit, 1) for bit, name in enumerate(FLAGS))


def _stream(
    name: str,
    what: str,
    payload: str,
    width: Callable[[Derived], int],
    bits: str,
    fields: Callable[[Derived], tuple[Field, ...]],
    there: Callable[[Derived], bool],
    needs: str,
    *,
    leaves: bool = False,
) -> tuple[Port, ...]:
    """A stream into the trainer, or with ``leaves`` out of it."""
    both = f"in each clock in which {name}__valid and {name}__ready are high"
    none = "low in reset, until the first start, in the clock of a start and the next"
    if leaves:
        changes = "when it is there or taken; 0 after reset and after a start"
        return (
            Port(
                f"{name}__payload",
                "output",
                payload,
                f"with {name}__valid, and each time one is taken; while that is low it is anything",
                width,
                bits,
                there,
                needs,
                fields=fields,
            ),
            Port(
                f"{name}__valid",
                "output",
                f"{what} is offered; so it stays, with its payload, until it is taken or a start comes.",
                changes,
                there=there,
                needs=needs,
            ),
            Port(
                f"{name}__ready",
                "input",
                f"{what} that is offered is taken at the end of this clock.",
                "in every clock",
                there=there,
                needs=needs,
            ),
        )
    return (
        Port(f"{name}__payload", "input", payload, both, width, bits, there, needs, fields=fields),
        Port(
            f"{name}__valid",
            "input",
            f"{what} is offered; once high it stays so, and the payload as it is, until it is taken.",
            "in every clock",
            there=there,
            needs=needs,
        ),
        Port(
            f"{name}__ready",
            "output",
            f"{what} that is offered is taken at the end of this clock.",
            f"when one is taken or used; {none}",
            there=there,
            needs=needs,
        ),
    )


def _counting(
    name: str,
    direction: Literal["input", "output"],
    meaning: str,
    when: str = "once a step, when its cost is measured",
) -> Port:
    width = COUNT_BITS if direction == "output" else 1
    return Port(
        name,
        direction,
        meaning,
        when,
        lambda _: width,
        f"{width}",
        there=OPTIONS["accuracy"].on,
        needs=OPTIONS["accuracy"].asked,
    )


_CLOCKS = (
    Port("clk", "input", "All registers change at its rising edge.", "always"),
    Port(
        "rst",
        "input",
        "Synchronous reset: the trainer stops at once and waits for a start; all outputs are 0 from the"
        " next clock on.",
        "in every clock; before all others",
    ),
    Port(
        "start",
        "input",
        "All begins anew: parameters are drawn, then step 0 waits for run or step. It may come at any time,"
        " in mid-step too; held, the last clock of it counts.",
        "in every clock without rst",
    ),
)
_CONTROLS = (
    Port(
        "run",
        "input",
        "Steps follow each other; low, none begins, and those that have begun are finished.",
        "in each clock in which a step may begin",
    ),
    Port(
        "step",
        "input",
        "A pulse while run is low asks for one step; one during a step, for one more after it, however many"
        " come. It does nothing while run is high and until the parameters are set.",
        "in every clock with run low",
    ),
    Port(
        "clear_flags",
        "input",
        "flags become 0, but for what is limited in this very clock.",
        "in every clock",
    ),
)
_STATUS = (
    Port(
        "busy",
        "output",
        "Parameters are being set, or a step is under way. Low with run high: a sample is late.",
        "rises in the clock after start, or in which a step begins; falls in the clock after step_done",
    ),
    Port(
        "step_done",
        "output",
        "High for one clock a step: its update is in all parameters.",
        "once a step",
    ),
    Port(
        "flags",
        "output",
        "What was limited since the start or the last clear_flags: bit 0 a cost change, bit 1 the sum of a"
        " hold, bit 2 an update.",
        "one clock after the limit, up to a step before step_done",
        lambda _: len(FLAGS),
        "3",
        fields=_flag_fields,
    ),
    Port(
        "solved",
        "output",
        "The judge is content: the task is learned. It stays high until the next start.",
        "two clocks after the measurement that completes a window",
        there=OPTIONS["judge"].on,
        needs=OPTIONS["judge"].asked,
    ),
    Port(
        "tries",
        "output",
        "Tries since the start, the present one among them; it stops at its largest value.",
        "one clock after start, and when the trainer starts again by itself",
        lambda _: COUNT_BITS,
        f"{COUNT_BITS}",
        there=lambda config: config.retries,
        needs="judge.retry above 0",
    ),
    _counting(
        "clear_counts",
        "input",
        "Both counts become 0; an answer of this very clock is not counted.",
        "in every clock",
    ),
    _counting(
        "judged_count",
        "output",
        "Answers given with all perturbations off since the start or the last clear_counts; it stops at its"
        " largest value.",
    ),
    _counting("right_count", "output", "Right ones among them; it stops with the other."),
)


def _shown(
    name: str,
    meaning: str,
    when: str,
    width: Callable[[Derived], int] = lambda _: 1,
    bits: str = "1",
    there: Callable[[Derived], bool] = lambda _: True,
) -> Port:
    """What a host's registers show."""
    host = OPTIONS["host"]
    return Port(
        name,
        "output",
        meaning,
        when,
        width,
        bits,
        lambda config: host.on(config) and there(config),
        host.asked,
    )


_MEASURED = "config.words.measured.width"
_HOST = (
    _shown("started", "All begins anew, by a start or by itself.", "one clock after it"),
    _shown("step_begins", "A step's last measurement begins; one clock.", "once a step"),
    _shown("sample_taken", "A sample is taken for this step; one clock.", "once a sample"),
    _shown(
        "last_cost",
        "C of the last step whose cost was measured, with its noise.",
        "once a step",
        lambda config: config.words.measured.width,
        _MEASURED,
    ),
    _shown(
        "last_baseline",
        "C0 of the same step.",
        "once a step",
        lambda config: config.words.measured.width,
        _MEASURED,
        lambda config: not config.analog,
    ),
)

# ---- a device outside ----------------------------------------------------------------------------------


def _value_format(config: Derived) -> Format | None:
    """Of a parameter on its way out; None for a code."""
    if config.converters.out is not None:
        return None
    return config.words.visible if config.device.sends == "apart" else config.words.weight


def _number(name: str, low: int, width: int, number: Format | None) -> Field:
    return Field(name, low, width, False) if number is None else Field(
        name, low, width, number.signed, str(number)
    )  # fmt: skip


def _parameters_fields(config: Derived) -> tuple[Field, ...]:
    """The value in whole bytes, with its sign; above it the parameter's number. Or all values, the first one
    lowest.
    """
    bits, number = config.converters.value_bits, _value_format(config)
    if config.device.sends == "parallel":
        return tuple(_number(f"value[{i}]", i * bits, bits, number) for i in range(config.parameters))
    return (
        _number("value", 0, bits, number),
        Field("index", in_bytes(bits), config.shape.index_bits),
    )


def _codes_fields(config: Derived) -> tuple[Field, ...]:
    bits = config.converters.shake_bits
    return tuple(Field(f"shake[{i}]", i * bits, bits) for i in range(config.parameters))


def _readings_fields(config: Derived) -> tuple[Field, ...]:
    bits, number = config.converters.reading_bits, config.converters.reading
    shown = number if config.converters.back is None else None
    name = "cost" if config.given_cost else "y"
    channels = config.converters.channels
    return tuple(
        _number(name if config.given_cost else f"{name}[{k}]", k * bits, bits, shown) for k in range(channels)
    )


def _second_fields(config: Derived) -> tuple[Field, ...]:
    number = config.words.given_cost
    return (_number("cost", 0, number.width, number),)


def _axis(
    name: str,
    direction: Literal["input", "output"],
    what: str,
    payload: str,
    width: Callable[[Derived], int],
    bits: str,
    fields: Callable[[Derived], tuple[Field, ...]],
    option: str,
    *signals: tuple[str, int, str],
    there: Callable[[Derived], bool] = lambda _: True,
    needs: str = "",
) -> tuple[Port, ...]:
    """An AXI-Stream of a device outside: data, what goes with them, and the handshake."""
    back: Literal["input", "output"] = "output" if direction == "input" else "input"
    both = f"in each clock in which {name}_tvalid and {name}_tready are high"
    when = f"with {name}_tvalid" if direction == "output" else both

    def has(config: Derived) -> bool:
        return OPTIONS[option].on(config) and there(config)

    def port(end: str, way: Literal["input", "output"], meaning: str, when: str, size: int = 1) -> Port:
        return Port(
            f"{name}_{end}",
            way,
            meaning,
            when,
            lambda _: size,
            str(size),
            has,
            needs or OPTIONS[option].asked,
        )

    taken = f"{what} that is offered is taken at the end of this clock."
    offered = (
        f"{what} is offered; so it stays, with all that goes with it, until it is taken or a start comes."
        if direction == "output"
        else f"{what} is offered; once high it stays so, with all that goes with it, until it is taken."
    )
    changes = "when it is there or taken; 0 after reset and after a start"
    return (
        Port(
            f"{name}_tdata",
            direction,
            payload,
            when,
            width,
            bits,
            has,
            needs or OPTIONS[option].asked,
            fields=fields,
        ),
        *(port(end, direction, meaning, when, size) for end, size, meaning in signals),
        port("tvalid", direction, offered, "in every clock" if direction == "input" else changes),
        port("tready", back, taken, "in every clock" if back == "input" else "never: it is always high"),
    )


def _wire(
    name: str,
    direction: Literal["input", "output"],
    meaning: str,
    when: str,
    *,
    chips: bool = False,
    reset: int | Callable[[Derived], int] = 0,
    there: Callable[[Derived], bool] = lambda _: True,
) -> Port:
    """A wire of an SPI bus to converters."""
    bus = name.partition("_")[0]
    option = OPTIONS[f"SPI {bus.upper()}"]
    return Port(
        name,
        direction,
        meaning,
        when,
        (lambda config: config.spi.chips) if chips else (lambda _: 1),
        "config.spi.chips" if chips else "1",
        lambda config: option.on(config) and there(config),
        option.asked,
        reset=reset,
    )


def _told(
    name: str,
    meaning: str,
    when: str,
    size: int = 1,
    fields: Callable[[Derived], tuple[Field, ...]] = _no_fields,
    direction: Literal["input", "output"] = "output",
) -> Port:
    """What the trainer says of a device outside, or is told."""
    device = OPTIONS["device outside"]
    return Port(
        name, direction, meaning, when, lambda _: size, str(size), device.on, device.asked, fields=fields
    )


_EACH = "with each measurement"
_FRAME = "in a frame"
_ID = ("tid", NUMBER_BITS, "The number of the request.")
_DEVICE = (
    *_axis(
        "m_axis_parameters",
        "output",
        "A parameter, or all of them,",
        "What the device is to be set to: a value and its parameter's number; or all values, the first one"
        " lowest.",
        lambda config: config.converters.parameters_row,
        "config.converters.parameters_row",
        _parameters_fields,
        "device outside",
        ("tid", NUMBER_BITS, "The number of the request that follows."),
        ("tlast", 1, "After this one all parameters are what they are to be; then the request follows."),
        there=lambda config: not config.spi_dac,
    ),
    *_axis(
        "m_axis_codes",
        "output",
        "The code",
        "How each parameter is to be shaken, parameter 0 lowest: the bits of a perturbed parameter below its"
        " visible ones, 10 at rest, 11 up, 01 down.",
        lambda config: config.converters.codes_row,
        "config.converters.codes_row",
        _codes_fields,
        "device outside",
        ("tid", NUMBER_BITS, "The number of the request that follows."),
        there=lambda config: config.device.sends == "apart",
        needs='device.sends = "apart"',
    ),
    *_axis(
        "m_axis_inputs",
        "output",
        "A request",
        "One reading of the device is asked for, with these inputs, input 0 lowest; parameters have settled.",
        lambda config: config.converters.inputs_row,
        "config.converters.inputs_row",
        _x_fields,
        "device outside",
        _ID,
    ),
    *_axis(
        "s_axis_readings",
        "input",
        "A reading",
        "What was asked for: outputs, output 0 lowest, or the cost; as numbers, or as codes of a converter.",
        lambda config: config.converters.readings_row,
        "config.converters.readings_row",
        _readings_fields,
        "device outside",
        ("tid", NUMBER_BITS, "The number of the request that it answers; another one is late and forgotten."),
        ("tuser", 1, "The device itself says that this reading is bad."),
        there=lambda config: not config.spi_adc,
    ),
    *_axis(
        "s_axis_second",
        "input",
        "A second cost",
        "The second cost, one for each request; that of a measurement's last request counts.",
        lambda config: config.converters.second_row,
        "config.converters.second_row",
        _second_fields,
        "second cost",
        ("tid", NUMBER_BITS, "The number of the request that it answers; another one is late and forgotten."),
    ),
    _wire(
        "dac_sclk",
        "output",
        "The clock of the converters that parameters go to.",
        _FRAME,
        reset=lambda config: config.spi.dac_table["mode"] >> 1,
    ),
    _wire("dac_mosi", "output", "The bits that they take.", _FRAME),
    _wire(
        "dac_cs_n",
        "output",
        "Low, a chip is selected, chip 0 lowest.",
        "before and after a frame",
        chips=True,
        reset=lambda config: (1 << config.spi.chips) - 1,
    ),
    _wire(
        "dac_ldac_n",
        "output",
        "Low, all channels take what was written.",
        "when all parameters of a measurement have been written",
        reset=1,
        there=lambda config: config.dac.ldac,
    ),
    _wire(
        "adc_sclk",
        "output",
        "The clock of the converter that readings come from.",
        _FRAME,
        reset=lambda config: config.spi.adc_table["mode"] >> 1,
    ),
    _wire("adc_mosi", "output", "The bits that ask it for a channel.", _FRAME),
    _wire("adc_miso", "input", "The bits of its codes.", "at every other edge of adc_sclk"),
    _wire("adc_cs_n", "output", "Low, it is selected.", "before and after a frame", reset=1),
    _told(
        "go_on",
        "Where the device failed too often and parameters rest, steps go on with them; device_faults become"
        " 0. The device is sent all parameters next.",
        "in every clock",
        direction="input",
    ),
    _told(
        "resting",
        "The device failed too often; no step begins until go_on or start.",
        "when a step fails, and with go_on",
    ),
    _told(
        "device_faults",
        "What went wrong with the device since the start or the last go_on.",
        "when it happens",
        len(DEVICE_FAULTS),
        lambda _: tuple(Field(name, bit, 1) for bit, name in enumerate(DEVICE_FAULTS)),
    ),
    _told("asked_count", "Measurements that were begun since the start, modulo 2**24.", _EACH, COUNT_BITS),
    _told("taken_count", "Measurements that gave a cost since the start, modulo 2**24.", _EACH, COUNT_BITS),
    _told(
        "dropped_count",
        "Measurements that were bad after all repeats since the start, modulo 2**24. With those that were"
        " taken they are the ones that were begun, while none is under way.",
        _EACH,
        COUNT_BITS,
    ),
)

#: In the order of the Verilog's ports.
PORTS: tuple[Port, ...] = (
    *_CLOCKS,
    *_CONTROLS,
    *map(_of, REGISTERS),
    *_STATUS,
    *_HOST,
    *_stream(
        "i_sample",
        "A sample",
        "Inputs and targets, x in the low bits, input 0 lowest of all.",
        lambda config: config.sample_bits,
        "config.inputs * config.formats.input.width + config.outputs * config.formats.target.width",
        _sample_fields,
        lambda config: config.task.source == "stream" and not config.paged,
        'task.source = "stream"',
    ),
    *_stream(
        "i_input",
        "An input of a sample",
        "One input in the low bits, then targets, which count with the last input of a sample, then first: 1"
        " with input 0, which begins a sample; what has come of another one is forgotten.",
        lambda config: config.input_bits,
        "config.formats.input.width + config.outputs * config.formats.target.width + 1",
        _input_fields,
        OPTIONS["sample memory"].on,
        OPTIONS["sample memory"].asked,
    ),
    *_stream(
        "i_code",
        "A code word",
        "u of one parameter, for s = 2 u + 1 - 2**code_bits: for each perturbation one word a parameter, that"
        " of the last parameter first.",
        lambda config: config.code_bits,
        "config.code_bits",
        _no_fields,
        OPTIONS["external codes"].on,
        OPTIONS["external codes"].asked,
    ),
    *_stream(
        "i_infer",
        "An input",
        "Inputs that the network is to answer, input 0 lowest.",
        lambda config: config.inputs * config.formats.input.width,
        "config.inputs * config.formats.input.width",
        _x_fields,
        lambda config: config.takes_turns,
        OPTIONS["inference"].asked,
    ),
    *_stream(
        "i_infer",
        "An input",
        "One of the inputs that the network is to answer together, in the low bits, then first: 1 with input"
        " 0, which begins them; what has come of others is forgotten.",
        lambda config: config.formats.input.width + 1,
        "config.formats.input.width + 1",
        _one_by_one,
        lambda config: config.inference and config.paged,
        f"{OPTIONS['inference'].asked} and {OPTIONS['sample memory'].asked}",
    ),
    *_stream(
        "o_infer",
        "An answer",
        "The outputs for each input in turn, output 0 lowest.",
        lambda config: config.outputs * config.shape.layers[-1].output.width,
        "config.outputs * config.shape.layers[-1].output.width",
        _y_fields,
        OPTIONS["inference"].on,
        OPTIONS["inference"].asked,
        leaves=True,
    ),
    *_stream(
        "i_access",
        "A command",
        "Reads the parameter of number index, or with write sets it to theta.",
        lambda config: config.shape.index_bits + config.words.parameter.width + 1,
        "config.shape.index_bits + config.words.parameter.width + 1",
        lambda config: _access_fields(config, "write"),
        OPTIONS["access"].on,
        OPTIONS["access"].asked,
    ),
    *_stream(
        "o_access",
        "An answer",
        "One to each command, in their order: T of parameter index, after a write the T that it then has;"
        " refused where there is no such parameter.",
        lambda config: config.shape.index_bits + config.words.parameter.width + 1,
        "config.shape.index_bits + config.words.parameter.width + 1",
        lambda config: _access_fields(config, "refused"),
        OPTIONS["access"].on,
        OPTIONS["access"].asked,
        leaves=True,
    ),
    *_DEVICE,
)


def ports(config: Derived) -> Iterator[Port]:
    """The ports that the circuit of a configuration has."""
    return (port for port in PORTS if port.there(config))


def there(config: Derived, name: str) -> bool:
    """Whether the circuit of a configuration has a port, or a stream, of this name."""
    return any(port.name in (name, f"{name}__payload") for port in ports(config))


#: What ports of converters on a bus of their own begin with.
FRONTS = ("dac_", "adc_")


def device_wires(config: Derived) -> tuple[Port, ...]:
    """Those that lead to a device outside: its streams, or the buses of its converters. They stay what they
    are whatever bus a host has.
    """
    leads = (port for port in _DEVICE if "_axis_" in port.name or port.name.startswith(FRONTS))
    return tuple(port for port in leads if port.there(config))


def front_ports(config: Derived) -> tuple[Port, ...]:
    """Of a core with a device outside: its streams that end at converters on the same chip, so that the
    trainer has no such ports.
    """
    ends = {"m_axis_parameters": config.spi_dac, "s_axis_readings": config.spi_adc}
    unread = {"m_axis_parameters_tid", "" if config.dac.ldac else "m_axis_parameters_tlast"}
    return tuple(
        port
        for stream, ended in ends.items()
        for port in _DEVICE
        if config.outside and ended and port.name.startswith(f"{stream}_") and port.name not in unread
    )


def fields(config: Derived, name: str) -> tuple[Field, ...]:
    """The parts of a port's word."""
    return _named(config, name).fields(config)


def width(config: Derived, name: str) -> int:
    """Bits of a port that the circuit of a configuration has, or its core."""
    return _named(config, name).width(config)


def _named(config: Derived, name: str) -> Port:
    """The port of this name, where there are two of them that which the circuit of a configuration has."""
    rows = [port for port in PORTS if port.name == name]
    return next((port for port in rows if port.there(config)), rows[0])
