"""A device outside for tests, twice: in Verilog around a circuit, and in Python for the loop in software.

Both are integers only, and written apart from what they test. Around the circuit the device may be slow at
random; it may fail in tries of measurements that a list names; and it watches what it is told: that a stream
keeps its word, that all parameters are there and have settled when a reading is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.ports import COUNT_BITS, fields, width
from mgd_hdl.config.sections import CLOCKS_BITS
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl import Design, RtlTrainer, trainer_design
from mgd_sim.rtl.design import Port, Probe

__all__ = ["FAILS", "HARMLESS", "Failing", "Scripted", "Sums", "around", "circuit"]

#: What a device may do in place of its work.
FAILS = (
    "nothing",
    "is silent",
    "says that it is bad",
    "reads the highest",
    "reads the lowest",
    "is late",
    "reads the same for ever",
    "takes no request",
    "takes no parameter",
    "has a spike",
    "has no second cost",
    "answers another request",
    "answers twice",
    "answers without a request",
    "has a stuck bit",
    "swaps channels",
    "glitches",
    "takes no code",
)
#: Of these, what is no fault: an answer that nobody waits for; numbers that may be, whatever they are.
HARMLESS = ("nothing", "answers twice", "answers without a request", "has a stuck bit", "swaps channels")


@dataclass(frozen=True)
class Failing:
    """Which tries fail, and how: every ``period``-th measurement from number ``first`` to ``last``, its first
    ``tries`` requests; or it takes nothing for so many clocks.
    """

    how: str
    period: int = 1
    first: int = 0
    last: int = (1 << 24) - 1
    tries: int = 1

    @property
    def ports(self) -> dict[str, int]:
        """What the circuit's device is told."""
        return {
            "fail_how": FAILS.index(self.how),
            "fail_period": self.period,
            "fail_first": self.first,
            "fail_last": self.last,
            "fail_tries": self.tries,
        }


@dataclass
class Sums:
    """Sums of parameters, weighted by where they stand and by the inputs; limited, so not linear.

    Its own cost: squared distances from a target. Numbers are last bits of words, or codes.
    """

    config: TrainerConfig
    words: Any = None

    def __post_init__(self) -> None:
        config = self.config
        index = np.arange(config.parameters)
        channels = config.converters.channels
        self.column = (index[None, :] * 5 + np.arange(channels)[:, None] * 3) % 7
        self.target = index * 3 % 16 - 8
        self.number = config.converters.reading
        self.out, self.back = config.converters.out, config.converters.back
        bits = config.converters.reading_bits
        self.low, self.high = (
            (self.number.min, self.number.max) if self.back is None else (0, (1 << bits) - 1)
        )

    def write(self, parameters: np.ndarray, shake: np.ndarray | None = None) -> None:
        """Words or codes; with ``shake``, of parameters at rest, so many amplitudes are added here."""
        step = self.config.words.weight.step
        self.words = np.rint(parameters / (1 if self.out is not None else step)).astype(np.int64)
        if self.out is not None:
            half = 1 << self.out.bits - 1
            self.words = self.words - half if self.out.offset_binary else (self.words ^ half) - half
        if shake is not None:
            self.words = self.words + np.rint(shake * 2.0**-self.config.amplitude_shift / step).astype(
                np.int64
            )

    def _read(self, inputs: np.ndarray) -> np.ndarray:
        x = np.rint(inputs / self.config.formats.input.step).astype(np.int64)
        turn = int((x * (1 + np.arange(len(x)))).sum()) * 2
        weights = (self.column + turn) % 7 - 3
        total = (weights @ self.words >> 4) + (1 << self.config.converters.reading_bits - 1)
        return np.clip(total, self.low, self.high)

    def read(self, inputs: np.ndarray) -> np.ndarray:
        found = self._read(inputs)
        return found if self.back is not None else found * self.number.step

    def _cost(self) -> np.ndarray:
        return np.minimum(np.square(self.words - self.target).sum() >> 5, self.high)

    def cost(self) -> Any:
        found = self._cost()
        return float(found) if self.back is not None else found * self.number.step

    def second(self) -> float:
        total = int(np.abs(self.words).sum())
        return min(total, self.config.words.given_cost.max) * self.config.words.given_cost.step


class Broken(Exception):
    """What a device in Python raises where the one in Verilog fails."""


@dataclass
class Scripted(Sums):
    """The same, failing as the device around the circuit does: a write begins a try, and what a try was is
    known here, so a bad one is followed by another of the same measurement, ``repeats`` times.
    """

    failing: Failing = Failing("nothing")
    #: The present measurement, and the number of its try.
    measurement: int = -1
    attempt: int = 0
    bad: bool = False
    reads: int = 0

    def write(self, parameters: np.ndarray, shake: np.ndarray | None = None) -> None:
        if self.bad and self.attempt < self.config.device.repeats:
            self.attempt += 1
        else:
            self.measurement, self.attempt = self.measurement + 1, 0
        script, self.reads = self.failing, 0
        turn = script.first <= self.measurement <= script.last
        turn = turn and (self.measurement - script.first) % script.period == 0
        self.fails = script.how if turn and self.attempt < script.tries else "nothing"
        self.bad = self.fails not in HARMLESS
        super().write(parameters, shake)

    def _failed(self, good: np.ndarray) -> np.ndarray:
        self.reads += 1
        zero = np.zeros_like(good)
        match self.fails:
            case "reads the highest":
                return zero + self.high
            case "has a spike" | "glitches":
                return zero + self.high if self.reads == 1 else good
            case "reads the lowest":
                return zero + self.low
            case "reads the same for ever":
                return zero + (1 << self.config.converters.reading_bits - 2)
            case "has a stuck bit":
                return good | 4
            case "swaps channels":
                return good[::-1]
            case fault if fault in HARMLESS or fault == "has no second cost":
                return good
        raise Broken(self.fails)

    def _read(self, inputs: np.ndarray) -> np.ndarray:
        return self._failed(super()._read(inputs))

    def _cost(self) -> np.ndarray:
        return self._failed(super()._cost())

    def second(self) -> float:
        if self.fails == "has no second cost":
            raise Broken(self.fails)
        return super().second()


_WATCH = """
  // A stream keeps its word.
  reg {s}_was = 0; reg [{width}:0] {s}_had = 0;
  always @(posedge clk) begin
    {s}_was <= {s}_tvalid && !{s}_tready && !rst && !start;
    {s}_had <= {{ {parts} }};
    if ({s}_was && !rst && (!{s}_tvalid || {s}_had != {{ {parts} }})) violations <= violations | {bit};
  end
"""


def around(config: TrainerConfig, files: Mapping[str, str], *, stalls: bool, delay: int = 0) -> Design:
    """The circuit, behind its bus if it has one, with a device around it; ``stalls``: both sides of each
    stream are late at random.
    """
    plain = trainer_design(files)
    streams = ("m_axis_", "s_axis_")
    own = tuple(port for port in plain.ports if not port.name.startswith(streams))
    wires = [port for port in plain.ports if port.name.startswith(streams)]
    extra = (
        *(Port(name, "input", 24) for name in Failing("nothing").ports),
        Port("violations", "output", 8),
        Port("requests", "output", 32),
        Port("readings", "output", 32),
        Port("words", "output", 32 * config.parameters),
    )
    ports = (*own, *extra)
    declared = "\n".join(
        f"  {port.direction} {'signed ' if port.signed else ''}[{port.width - 1}:0] {port.name};"
        for port in own
    )
    inner = "\n".join(f"  wire [{port.width - 1}:0] {port.name};" for port in wires)
    pins = ", ".join(f".{port.name}({port.name})" for port in plain.ports)
    text = f"""
module loop_bench({", ".join(port.name for port in ports)});
{declared}
  input [23:0] {", ".join(Failing("nothing").ports)};
  output reg [7:0] violations; output reg [31:0] requests; output reg [31:0] readings;
  output [{32 * config.parameters - 1}:0] words;
{inner}
  {plain.top} trainer({pins});
{_within(config)}  reg [31:0] random = 32'h1234567;
  always @(posedge clk) random <= {{random[30:0], random[31] ^ random[21] ^ random[1] ^ random[0]}};
  integer i, k;
  reg signed [31:0] values [0:{config.parameters - 1}];
{_parameters(config, stalls)}
{_answers(config, stalls, delay)}
endmodule
"""
    probes = tuple(
        Probe(p.name, f"trainer.{p.path}", p.width, p.signed, p.index,
              p.strobe if "." not in p.strobe and p.strobe != p.path else f"trainer.{p.strobe}")
        for p in plain.probes
    )  # fmt: skip
    return Design("loop_bench", plain.verilog + text, ports, probes)


def _within(config: TrainerConfig) -> str:
    """What the device watches of the trainer, where a bus is in place of these ports."""
    if not config.on_bus:
        return ""
    of = "trainer.trainer"
    wires = {
        "start": 1,
        "asked_count": COUNT_BITS,
        "device_settle": CLOCKS_BITS,
        "device_average": width(config, "device_average"),
    }
    reset = config.host.reset
    text = "" if reset == "rst" else f"  wire rst = {'~' * reset.endswith('_n')}{reset};\n"
    return text + "".join(f"  wire [{bits - 1}:0] {name} = {of}.{name};\n" for name, bits in wires.items())


def _ready(name: str, bit: int, stalls: bool, deaf: int = 0) -> str:
    """It is ready, always or at random; never in a fault of this kind."""
    awake = f" && !(deaf && fail_how == {deaf})" if deaf else ""
    return f"  assign {name}_tready = ({f'random[{bit}] | random[{bit + 1}]' if stalls else 1}){awake};"


def _watch(name: str, bit: int, *parts: str) -> str:
    return _WATCH.format(s=name, bit=1 << bit, width=2047, parts=", ".join(f"{name}_{p}" for p in parts))


def _parameters(config: TrainerConfig, stalls: bool) -> str:
    """Takes what the device is set to, in ``values``: words, or codes as signed numbers."""
    converters, found = config.converters, []
    name = "m_axis_parameters"
    found += [_ready(name, 0, stalls, 8), _watch(name, 0, "tdata", "tid", "tlast")]
    bits = converters.value_bits
    sign = 1 << bits - 1
    out = converters.out

    def signed(raw: str) -> str:
        if out is not None and out.offset_binary:
            return f"$signed({{1'b0, {raw}}}) - {sign}"
        return f"$signed({raw})"

    parts = {each.name: each for each in fields(config, f"{name}_tdata")}
    apart = config.device.sends == "apart"
    if config.device.sends == "parallel":
        body = "\n".join(
            f"      values[{i}] <= {signed(f'{name}_tdata[{i * bits} +: {bits}]')};"
            for i in range(config.parameters)
        )
    else:
        index = parts["index"]
        where = f"{name}_tdata[{index.low} +: {index.width}]"
        body = f"      values[{where}] <= {signed(f'{name}_tdata[{bits - 1}:0]')};"
    found.append("  reg [31:0] since = 0;  // clocks since the last parameter\n  reg whole = 0;")
    codes = ""
    if apart:
        found += [_ready("m_axis_codes", 2, stalls, 17), _watch("m_axis_codes", 1, "tdata", "tid")]
        width = converters.shake_bits
        found.append(f"  reg [{config.parameters * width - 1}:0] codes;")
        taken = "m_axis_codes_tvalid && m_axis_codes_tready"
        codes = f"    if ({taken}) begin codes <= m_axis_codes_tdata; since <= 0; end"
    found.append(f"""
  always @(posedge clk) begin
    since <= since + 1;
    if ({name}_tvalid && {name}_tready) begin
{body}
      whole <= {name}_tlast;
      since <= 0;
    end
{codes}
  end""")
    # The word that a device adds up by itself: the parameter at rest, and its own perturbation.
    width = converters.shake_bits
    for i in range(config.parameters):
        word = f"values[{i}]"
        if apart:
            word = f"(values[{i}]{f' * {1 << width}' * (out is None)}) + codes[{i * width} +: {width}]"
            word += f" - {1 << width - 1}" * (out is not None)
        found.append(f"  wire signed [31:0] word_{i} = {word};")
    words = ", ".join(f"word_{i}" for i in reversed(range(config.parameters)))
    found.append(f"  assign words = {{{words}}};")
    return "\n".join(found)


def _answers(config: TrainerConfig, stalls: bool, delay: int) -> str:
    converters = config.converters
    back, number, bits = converters.back, converters.reading, converters.reading_bits
    low, high = (number.min, number.max) if back is None else (0, (1 << bits) - 1)
    x_width = config.formats.input.width
    sign = "$signed" if config.formats.input.signed else ""
    turn = " + ".join(
        f"{k + 1} * {sign}(m_axis_inputs_tdata[{k * x_width} +: {x_width}])" for k in range(config.inputs)
    )
    lines = [_ready("m_axis_inputs", 4, stalls, 7), _watch("m_axis_inputs", 2, "tdata", "tid")]
    lines.append(f"  wire signed [31:0] turn = 2 * ({turn});")
    channels = []
    for j in range(converters.channels):
        if config.given_cost:
            total = " + ".join(
                f"(word_{i} - ({i * 3 % 16 - 8})) * (word_{i} - ({i * 3 % 16 - 8}))"
                for i in range(config.parameters)
            )
            lines.append(f"  wire signed [47:0] total_{j} = ({total}) >>> 5;")
        else:
            # The rest of a division by seven, of a number that may be negative.
            total = " + ".join(
                f"word_{i} * ((({(i * 5 + j * 3) % 7} + turn) % 7 + 7) % 7 - 3)"
                for i in range(config.parameters)
            )
            lines.append(f"  wire signed [47:0] total_{j} = (({total}) >>> 4) + {1 << bits - 1};")
        lines.append(
            f"  wire signed [47:0] y_{j} ="
            f" total_{j} < {low} ? {low} : total_{j} > {high} ? {high} : total_{j};"
        )
        channels.append(f"y_{j}[{bits - 1}:0]")
    row, turned = ", ".join(reversed(channels)), ", ".join(channels)
    second = second_line = ""
    if config.second_cost:
        most = config.words.given_cost.max
        size = " + ".join(f"(word_{i} < 0 ? -word_{i} : word_{i})" for i in range(config.parameters))
        lines.append(f"  wire signed [47:0] power = {size};")
        lines.append(
            "  reg power_valid = 0; reg [47:0] power_kept; reg [3:0] power_tid;\n"
            "  assign s_axis_second_tvalid = power_valid; assign s_axis_second_tdata = power_kept;\n"
            "  assign s_axis_second_tid = power_tid;"
        )
        second = (
            f"power_kept <= power > {most} ? {most} : power; power_tid <= m_axis_inputs_tid;"
            " power_valid <= how != 10;"
        )
        second_line = "if (s_axis_second_tready) power_valid <= 0;"
    top = f"{bits}'d{(1 << bits - (number.signed and back is None)) - 1}"
    readings_bits = converters.channels * bits
    bit = f"{readings_bits}'d{sum(4 << k * bits for k in range(len(channels)))}"
    same = f"{readings_bits}'d{sum((1 << bits - 2) << k * bits for k in range(len(channels)))}"
    wait = f"{delay} + (random[11:8] & {15 if stalls else 0})"
    lines.append(f"""
  reg working = 0, valid = 0, user = 0; reg [15:0] wait_left = 0; reg [3:0] tid = 0; reg [15:0] attempt = 0;
  reg [{readings_bits - 1}:0] reading = 0, kept = 0; reg [23:0] was = 0;
  wire [23:0] now = asked_count - 1;
  wire turn_to_fail = fail_how != 0 && now >= fail_first && now <= fail_last
    && (now - fail_first) % fail_period == 0;
  // A glitch is one reading of a try.
  wire glitch = (attempt & ((1 << device_average) - 1)) == 0 && (attempt >> device_average) < fail_tries;
  wire [4:0] how = turn_to_fail && (fail_how == 16 ? glitch : attempt < fail_tries) ? fail_how : 0;
  reg twice = 0;
  reg [23:0] deaf_left = 0;
  wire deaf = turn_to_fail && (asked_count != was || deaf_left != 0);
  assign s_axis_readings_tvalid = valid; assign s_axis_readings_tdata = reading;
  assign s_axis_readings_tid = tid; assign s_axis_readings_tuser = user;
  initial begin violations = 0; requests = 0; readings = 0; end
  always @(posedge clk) begin
    if (s_axis_readings_tready) valid <= 0;
    {second_line}
    if (valid && s_axis_readings_tready) readings <= readings + 1;
    if (asked_count != was) begin was <= asked_count; attempt <= 0; deaf_left <= fail_tries; end
    else if (deaf_left != 0) deaf_left <= deaf_left - 1;
    if (working && wait_left != 0) wait_left <= wait_left - 1;
    // A further request takes the place of one that is still being answered.
    if (m_axis_inputs_tvalid && m_axis_inputs_tready) begin
      requests <= requests + 1;
      attempt <= attempt + 1;
      if (since < device_settle) violations <= violations | 16;
      if (!whole) violations <= violations | 32;
      working <= how != 1; wait_left <= how == 5 ? 2000 : {wait};
      tid <= how == 11 ? m_axis_inputs_tid - 1 : m_axis_inputs_tid;
      user <= how == 2;
      twice <= how == 12;
      kept <= how == 3 || how == 9 || how == 16 ? {{ {", ".join([top] * len(channels))} }}
        : how == 4 ? 0 : how == 6 ? {same} : how == 14 ? {{ {row} }} | {bit}
        : how == 15 ? {{ {turned} }} : {{ {row} }};
      {second}
    end
    else if (working && wait_left == 0 && !valid) begin
      valid <= 1; reading <= kept; working <= twice; twice <= 0;
    end
    // Of the last request again, when there is none.
    if (turn_to_fail && fail_how == 13 && !working && !valid && !m_axis_inputs_tvalid && random[5]) begin
      valid <= 1; reading <= random; tid <= m_axis_inputs_tid; user <= random[6];
    end
  end""")
    return "\n".join(lines)


def circuit(
    config: TrainerConfig, *, seed: int | None = None, stalls: bool = False, delay: int = 0,
    failing: Failing | None = None, build: Any = None, **changes: int
) -> RtlTrainer:  # fmt: skip
    """A running circuit with the device around it."""
    design = around(config, trainer_files(config), stalls=stalls, delay=delay)
    found = RtlTrainer(config, design, config.registers(seed, **changes), build_dir=build)
    # Parameters are being set, so no measurement has begun.
    found.model.set(**(failing or Failing("nothing")).ports)
    return found
