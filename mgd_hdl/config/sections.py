"""The tables of a TOML file: every key, its default, and the limits it has on its own.

Limits between keys are in ``relations``; what follows from the keys is in ``trainer``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from .codes import LFSR, Family
from .cost import Loss
from .errors import did_you_mean
from .names import check_name
from .network import Activation
from .number import SQ, UQ, Format
from .tasks import TASKS

__all__ = [
    "AdcSection",
    "CostSection",
    "DacSection",
    "DeviceSection",
    "EngineSection",
    "FormatsSection",
    "HIGH_PASS",
    "HostSection",
    "JudgeSection",
    "ImperfectionsSection",
    "LearningSection",
    "NetworkSection",
    "PerturbationSection",
    "Section",
    "SpiSection",
    "TaskSection",
    "TrainerName",
]

MAX_TAU_BITS = 24

#: The largest seed or number of a device.
MAX_SEED = (1 << 63) - 1

#: Of a register that counts clocks of a device outside.
CLOCKS_BITS = 32
#: Readings of a measurement are 2**k, k up to this.
MAX_AVERAGE_SHIFT = 10
#: The largest of what counts steps or measurements that went wrong.
MAX_GIVE_UP = 1 << 20
#: The coefficient of the high-pass.
HIGH_PASS = UQ(0, 8)


class Section(BaseModel):
    """One table: frozen, no unknown keys, no conversions except an integer where a real is wanted."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
        serialize_by_alias=True,
    )


# ---- limits of single keys -----------------------------------------------------------------------


def _task_name(name: str) -> str:
    if name not in TASKS:
        raise ValueError(f"must be one of {', '.join(TASKS)}{did_you_mean(name, TASKS)}")
    return name


def _parameter_format(given: Format) -> Format:
    shaped = given.signed and given.integer_bits >= 2 and given.fraction_bits >= 0
    if not (shaped and 4 <= given.width <= LFSR.leap):
        raise ValueError(
            f"must be signed, with 2 or more integer bits, none below zero and a width of 4 to {LFSR.leap}"
        )
    return given


def _cost_change_format(given: Format) -> Format:
    if not (given.signed and given.integer_bits >= 1 and given.fraction_bits >= 1 and given.width <= 32):
        raise ValueError("must be signed, SQ(1, 1) or wider, at most 32 bits")
    return given


def _data_format(given: Format) -> Format:
    if given.width > 16 or given.fraction_bits < 0 or given.integer_bits < 0:
        raise ValueError("must have at most 16 bits, none below zero")
    return given


def _code_bits(bits: int) -> int:
    if 0 < bits < 4:
        raise ValueError("must be 4 to 24, or 0 for none")
    return bits


def _repeats(count: int) -> int:
    if count & (count - 1):
        raise ValueError("must be a power of two, 1 to 1024")
    return count


def _channels(count: int) -> int:
    if count & (count - 1):
        raise ValueError("must be a power of two, 1 to 64")
    return count


def _range(given: tuple[float, ...]) -> tuple[float, ...]:
    if given and (len(given) != 2 or given[0] >= given[1]):
        raise ValueError("must be [lowest, highest], or [] for any")
    return given


def _single_or_list(value: Any) -> str:
    return "list" if isinstance(value, list | tuple) else "single"


TrainerName = Annotated[
    str,
    AfterValidator(check_name),
    WithJsonSchema(
        {"type": "string", "pattern": "^(?=.*[a-z])[A-Za-z](?:_?[A-Za-z0-9])*_?$", "maxLength": 63}
    ),
]
_LayerSize = Annotated[int, Field(ge=1, le=4096)]
_Real = Annotated[float, Field(gt=0)]
_Steps = Annotated[int, Field(ge=1, le=(1 << MAX_TAU_BITS) - 1)]
_Count = Annotated[int, Field(ge=0, le=(1 << MAX_TAU_BITS) - 1)]

_Activations = Annotated[
    Annotated[Activation, Tag("single")]
    | Annotated[tuple[Activation, ...], Field(strict=False), Tag("list")],
    Discriminator(_single_or_list),
]
_Initials = Annotated[
    Annotated[_Real, Tag("single")] | Annotated[tuple[_Real, ...], Field(strict=False), Tag("list")],
    Discriminator(_single_or_list),
]
#: Of converters, the fraction bits of a gain's word.
GAIN_FRACTION = 12
#: The largest weight of a second cost, in units of ``2**-GAIN_FRACTION``.
MAX_SECOND_WEIGHT = 1024 << GAIN_FRACTION
_CodeBits = Annotated[int, Field(ge=0, le=24), AfterValidator(_code_bits)]
_Coding = Literal["offset_binary", "twos_complement"]
_Gain = Annotated[float, Field(ge=-1024, le=1024)]
_Gains = Annotated[
    Annotated[_Gain, Tag("single")] | Annotated[tuple[_Gain, ...], Field(strict=False), Tag("list")],
    Discriminator(_single_or_list),
]
_Seconds = Annotated[float, Field(ge=0, le=3600)]
#: Of an SPI frame.
MAX_FRAME_BITS = 64
_Place = Annotated[int, Field(ge=0, le=MAX_FRAME_BITS - 1)]
_Frame = Annotated[int, Field(ge=0, le=(1 << MAX_FRAME_BITS) - 1)]
_Channels = Annotated[int, Field(ge=1, le=64), AfterValidator(_channels)]
_Nanoseconds = Annotated[int, Field(ge=0, le=1_000_000)]
_DataFormat = Annotated[Format, AfterValidator(_data_format)]
_Texts = Annotated[
    Annotated[str, Tag("single")] | Annotated[tuple[str, ...], Field(strict=False), Tag("list")],
    Discriminator(_single_or_list),
]
_Bound = Annotated[float, Field(ge=-1e30, le=1e30)]
_Bounds = Annotated[tuple[_Bound, ...], Field(strict=False, min_length=2, max_length=2), Tag("list")]
_Scale = Annotated[
    Annotated[Literal["auto", "columns", "none"], Tag("single")] | _Bounds, Discriminator(_single_or_list)
]
_TargetScale = Annotated[
    Annotated[Literal["columns", "none"], Tag("single")] | _Bounds, Discriminator(_single_or_list)
]


# ---- the tables ----------------------------------------------------------------------------------


class NetworkSection(Section):
    """The shape of the network under training."""

    layers: Annotated[tuple[_LayerSize, ...], Field(strict=False, min_length=2, max_length=9)]
    """Neurons per layer, inputs first: [2, 2, 1]."""
    activation: _Activations = "sigmoid"
    """One for all layers, or one per layer."""
    initial: _Initials = 1.0
    """Parameters start uniform in (-initial, initial), snapped to a power of two; one for all
    layers, or one per layer."""
    inference: Literal["no", "yes"] = "no"
    """Streams i_infer and o_infer: inputs in, outputs out, while training is paused or between its steps."""
    parameters: str = ""
    """An .npz file with weights and biases, relative to this one, from which every start begins: those of
    mgd-hdl train, or of another program. "": they are drawn."""


class FormatsSection(Section):
    """The words."""

    parameter: Annotated[Format, AfterValidator(_parameter_format)] = SQ(5, 11)
    """The stored parameter, signed, 4 to 28 bits, guard bits included. It stops at half its range."""
    input: _DataFormat = UQ(1, 0)
    """UQ(1, 0) is one bit per input and needs no multiplier."""
    target: _DataFormat = UQ(1, 0)
    """One target of a sample."""
    activation_fraction: Annotated[int, Field(ge=2, le=16)] = 10
    """Fraction bits of every activation."""
    relu_integer_bits: Annotated[int, Field(ge=0, le=8)] = 2
    """Integer bits of a relu's output."""
    linear_integer_bits: Annotated[int, Field(ge=1, le=8)] = 4
    """Integer bits of a linear output, its sign among them."""
    segment_bits: Annotated[int, Field(ge=3, le=10)] = 5
    """The activation table has 2**segment_bits straight segments over [-8, 8)."""
    cost_change: Annotated[Format, AfterValidator(_cost_change_format)] = SQ(2, 12)
    """C~, saturated."""
    hold_bits: Annotated[int, Field(ge=0, le=16)] = 4
    """Integer bits on top of cost_change for the sum of C~ while one perturbation is held."""


class CostSection(Section):
    """What is small when the answers are right."""

    loss: Loss = "squared_error"
    """Distance of outputs from targets, squared or absolute; or how far the right class is ahead of
    the others: the softmax cross-entropy of linear outputs, or the hinge."""
    margin: _Real = 1.0
    """Hinge only: so far ahead, and the cost is zero; snapped to a last bit of the outputs."""
    segment_bits: Annotated[int, Field(ge=3, le=10)] = 7
    """Cross-entropy only: its curves are tables of 2**segment_bits straight segments."""
    limit: Annotated[float, Field(ge=0, le=1 << 16)] = 0.0
    """Where C~ is larger it counts as this; snapped to a last bit of C~. 0: as far as its format goes."""
    gate: Annotated[float, Field(ge=0, le=1 << 16)] = 0.0
    """Where C~ is no larger it counts as zero; snapped to a last bit of C~. With limit and gate 0 there is no
    circuit for either."""


class PerturbationSection(Section):
    """How the parameters are shaken."""

    family: Family = "random_code"
    """Random codes from one shared register, orthogonal Walsh codes, one parameter at a time; or, loaded into
    the cells, a sinusoid of its own frequency for each parameter, the sign of one, codes from a port."""
    amplitude: _Real = 0.0625
    """Size of each shake, of sinusoids the root mean square; snapped to a power of two."""
    order: Literal["plain", "shuffled"] = "plain"
    """Sequential: parameters in their own order, or in a shuffled one. Sinusoidal and square: likewise
    the frequencies."""
    halve_every: Annotated[int, Field(ge=0, le=(1 << MAX_TAU_BITS) - 1)] = 0
    """Updates after which the amplitude halves, once or twice, at an equal learning rate. 0: never, and the
    circuit has no such part."""
    last_amplitude: Annotated[float, Field(ge=0)] = 0.0
    """It stops at this amplitude, half or a quarter of the first; snapped to a power of two. 0: half."""
    resolution: Annotated[int, Field(ge=1, le=8)] = 4
    """Sinusoidal, from 2, and external: bits of a parameter's code word; 1 is a sign alone. Node by node:
    bits of an input that its weight learns by."""
    granularity: Literal["network", "layer", "node"] = "network"
    """What is shaken: all parameters; or those of one layer at a time, which then learn alone; or the sums of
    all neurons, and each weight learns by its input."""
    tau_layer: _Steps = 1
    """Layer by layer only: perturbations after which it is the next layer's turn."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Random codes only: share of the parameters that are shaken at a time, chosen anew each time; snapped to
    1, 1/2, 1/4 or 1/8."""
    sign_flip: bool = False
    """Walsh only: every second period has all signs reversed, so that a cost which drifts at a constant
    rate leaves nothing in any estimate."""


class LearningSection(Section):
    """The rule. Times are counted in steps; one step is the measurements of one C~."""

    rate: _Real = 0.5
    """Learning rate eta of theta -= eta G, G = sum of C~ s / amplitude; snapped to a power of two, 2**-40
    to 1."""
    tau_x: _Steps = 1
    """Steps that one sample is held."""
    tau_p: _Steps = 1
    """Steps that one perturbation is held."""
    tau_theta: _Steps = 1
    """Steps between parameter updates."""
    tau_bits: Annotated[int, Field(ge=1, le=MAX_TAU_BITS)] = 16
    """Width of the three run-time registers."""
    measure: Literal["one_sided", "two_sided"] = "one_sided"
    """C~ = C(+) - C0, or C(+) - C(-)."""
    reference: Literal["when_due", "every_step"] = "when_due"
    """One-sided: C0 is measured where sample or parameters have changed; or at every step, so that a mean of
    repeated measurements averages its noise too."""
    rounding: Literal["floor", "nearest_even", "stochastic", "carry"] = "carry"
    """How an update meets the last bit of the parameter; carry loses nothing."""
    updates: Literal["exact", "delayed"] = "exact"
    """exact drains the pipeline before parameters change; delayed never waits."""
    size: Literal["proportional", "sign"] = "proportional"
    """How far an update goes: in proportion to the sum of C~; or always by the rate, with the sum's sign."""
    anneal_every: Annotated[int, Field(ge=0, le=(1 << MAX_TAU_BITS) - 1)] = 0
    """Updates after which the rate halves, again and again. 0: the circuit has no such part."""
    last_rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Annealing stops at this rate; snapped to a power of two. 0: the smallest that the circuit offers."""
    decay: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Weight decay: what share of itself a parameter loses at each update, in the mean; snapped to a power of
    two. 0: the circuit has no such part."""
    clamp: Annotated[float, Field(ge=0, le=1 << 16)] = 0.0
    """No update leads a parameter further out that is beyond this; snapped to a power of two. 0: half the
    range of formats.parameter, which costs nothing."""
    algorithm: Literal["discrete", "analog"] = "discrete"
    """Where C~ comes from: discrete measures C0 too, analog takes the high-pass of one cost a step."""
    tau_hp: _Real = 1.6
    """Analog only: time constant of the high-pass in steps. Its coefficient tau_hp / (tau_hp + 1) is snapped
    to a multiple of 1/256."""
    follow: Annotated[int, Field(ge=0, le=10)] = 0
    """Every tau_theta steps the network's parameters come nearer to T by 2**-follow of the way: a low-pass,
    or momentum 1 - 2**-follow. 0: they become T."""


class TaskSection(Section):
    """What is learned and where samples come from."""

    name: Annotated[str, AfterValidator(_task_name), WithJsonSchema({"enum": list(TASKS)})] = "xor"
    """The set of samples; "file" for your own, from a file; "external" for those that only the sender knows,
    through the stream port."""
    source: Literal["memory", "generator", "stream"] = "memory"
    """A table on the chip, a circuit that draws samples, or a port that takes them from outside."""
    order: Literal["random", "epoch", "plain"] = "epoch"
    """Memory only: a fresh draw every time; every sample once per epoch; or the stored order."""
    accuracy: bool = False
    """Counters of the answers given at rest, and of the right ones, for the host to read and clear."""
    file: str = ""
    """Name "file" only: the samples; a table of text (CSV), .npy, .npz or IDX, as it is or packed by gzip. A
    relative name is looked for beside the TOML."""
    labels: str = ""
    """A second file, with the answers to the samples of file. "": they stand in file."""
    test: str = ""
    """A file of samples that are never learned from; accuracy is told of them. "": test_share."""
    test_labels: str = ""
    """A file with the answers to the samples of test. "": they stand in test."""
    test_share: Annotated[float, Field(ge=0, le=0.9)] = 0.2
    """Without test: the share of the samples, of each class, that is set aside for it. 0: accuracy is of the
    samples that are learned."""
    split: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    """Seed of the order in which samples are stored or sent, and of which of them are set aside."""
    header: Literal["auto", "yes", "no"] = "auto"
    """Tables of text: whether the first line names the columns. auto: if one of its cells is no number, and
    the cell below it is."""
    target: _Texts = ""
    """The columns that hold the answers: names from the header, or numbers from 1 on. "": the last one."""
    skip: _Texts = ()
    """Columns of file that are neither inputs nor answers."""
    answers: Literal["auto", "classes", "values"] = "auto"
    """classes: one output for each, or a single output for two. values: a column for each output. auto:
    classes if there is one column, of text, or of whole numbers with two or more outputs or two values."""
    scale: _Scale = "auto"
    """Which numbers become the whole range of formats.input: from the least to the greatest of each column,
    by the samples to learn from; a range, [least, greatest]; "none", inputs are what they are. auto: [0, 255]
    for bytes, as of images, else "columns"."""
    target_scale: _TargetScale = "none"
    """The same for values and formats.target."""
    goal: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Name "file" only: the accuracy at which the task counts as solved."""


class EngineSection(Section):
    """The circuit that holds the learning elements."""

    kind: Literal["array", "bank"] = "array"
    """array: one cell per parameter, and all neurons at once. bank: parameters in block memories, which every
    step sweeps over once, for many more of them at fewer steps a second."""
    lanes: Annotated[int, Field(ge=1, le=64)] = 4
    """Of a bank: so many neurons are summed at a time, each with a multiplier. With a device outside 1."""
    memory: Literal["dual_port", "single_port"] = "dual_port"
    """Of a bank: a lane's words in one memory, which reads a word and writes one in every clock; or in two
    with one port each, even words and odd ones, of which one reads while the other writes. single_port: for
    the SPRAMs of an iCE40 UP5K, large memories that do one of both at a time; elsewhere block memory."""
    sides: Literal["by_turns", "at_once"] = "by_turns"
    """Of a bank: in layers behind the first each word is read for the reference and once more for the
    perturbed side; or once for both, where each lane that has a neuron there has a second multiplier."""
    curves: Literal["one", "two"] = "one"
    """With both sides at once: their sums go through one curve, a neuron's two one behind the other; or each
    side has a curve of its own, which saves clocks where lanes are as many as hidden neurons."""
    sample: Literal["registers", "memory"] = "registers"
    """Of a bank with source = "stream": where a sample is kept. memory: in a memory of two pages, one of
    which the network reads while the next sample comes into the other, an input at a time, through a port
    for one input and the targets. For many inputs, and few pins."""
    cell: Literal["parallel", "serial"] = "parallel"
    """All bits of a parameter in one clock; or one bit a clock, from memory made of look-up tables, in a
    third of the area and three times the clocks."""
    shadow: Literal["auto", "yes", "no"] = "auto"
    """A copy of the visible bits that changes only every tau_theta; auto: where tau_theta does not
    divide tau_p, updates are delayed, or the copy follows."""
    leaves: Literal["auto", "yes", "no"] = "auto"
    """Registers at the leaves of the broadcast; auto: where there are more parameters than leaf_cells."""
    leaf_cells: Literal[4, 8, 16, 32, 64] = 64
    """So many cells share a leaf. Fewer give a higher clock rate, for more registers and, below 64, up to
    three more clocks to the cells. Serial cells: 64."""
    enables: Literal["direct", "early"] = "direct"
    """Whether a cell takes a word is found in the clock of the word; or one clock early and kept in a
    register, for a higher clock rate of large arrays at the same number of clocks; early without a shadow."""
    reset: Literal["no", "yes"] = "no"
    """Whether a start clears parallel cells even where they hold X, as in simulations without initial values.
    no: from any zeros and ones, which is all that a chip can hold."""
    stages: Literal["few", "many"] = "few"
    """Registers on the way from a measurement to its update: many put more of them before multipliers,
    between sums and their limits and behind the sequencer, for a higher clock rate and more clocks of
    latency. That pays where updates are delayed."""
    products: Literal["whole", "parts"] = "whole"
    """With many stages: products as they are, between registers that a multiplier takes in; or each from
    several parts of one factor, which are added in the next clock: faster on devices without
    multipliers."""
    access: Literal["no", "yes"] = "no"
    """Whether the host can read and write every parameter, through the ports i_access and o_access, while
    training stands between two steps."""


class JudgeSection(Section):
    """When does the circuit itself say that it has learned? Its references C0 decide."""

    kind: Literal["none", "window"] = "none"
    """window: the port solved rises once a window of references has few enough misses."""
    limit: _Real = 0.125
    """A reference is a miss where C0 is not below this. A single output is right where C0 < 0.25, one of
    several where C0 < 0.5."""
    window: _Steps = 256
    """References in a window: enough for every sample to come up more than once."""
    misses: _Count = 0
    """How many of them may be misses; one more, and the window begins anew."""
    retry: _Count = 0
    """Where the task is not solved after so many references, the trainer starts again by itself with other
    seeds, again and again; the port tries counts. 0: it does not."""


class DeviceSection(Section):
    """A device under training that stands outside, in place of the network; all keys but kind need it."""

    kind: Literal["network", "outside"] = "network"
    """What is trained: the network on the chip; or a device outside, which is measured and never modelled."""
    parameters: Annotated[
        tuple[Annotated[int, Field(ge=1, le=1 << 17)], ...], Field(strict=False, max_length=64)
    ] = ()
    """How many parameters the device has, or each of its layers. []: as many as dense layers of
    network.layers; of those only inputs and outputs count otherwise."""
    gives: Literal["outputs", "cost"] = "outputs"
    """What is measured: outputs, in the format of the last activation, whose loss is taken here; or a
    cost."""
    sends: Literal["changes", "all", "parallel", "apart"] = "changes"
    """How parameters go out. apart: at rest, and beside them how each is to be shaken, for a device that
    shakes them itself. Otherwise perturbed; a circuit sends a stream of what changed, a stream of all for
    every measurement, or all side by side."""
    cost_integer_bits: Annotated[int, Field(ge=1, le=16)] = 4
    """Integer bits of a cost that the device gives, or of its second one. The highest number stands for all
    beyond it."""
    second_weight: Annotated[float, Field(ge=0, le=1024)] = 0.0
    """What a second measured cost counts, such as power, beside the first; snapped to a multiple of 2**-12.
    0: there is none."""
    dac_bits: _CodeBits = 0
    """Bits of the converters that parameters go out through, 4 to 24. 0: none; they go out as they are."""
    dac_coding: _Coding = "offset_binary"
    """What a code of all zeros means: the lowest value, or the middle one."""
    dac_gain: _Gains = 1.0
    """Full scale of a code is 1: it stands for gain x parameter + offset. One for all, or one for each."""
    dac_offset: _Gains = 0.0
    """In parts of half the full range; one for all parameters, or one for each."""
    adc_bits: _CodeBits = 0
    """Bits of the converters that readings come through, 4 to 24. 0: none; they come as numbers."""
    adc_coding: _Coding = "offset_binary"
    """As of parameters."""
    adc_gain: _Gains = 1.0
    """A reading is gain x (code - offset), full scale of a code being 1. One for all channels, or one for
    each output, or for the cost."""
    adc_offset: _Gains = 0.0
    """In parts of half the full range; one for all channels, or one for each."""
    average: Annotated[int, Field(ge=1, le=1024), AfterValidator(_repeats)] = 1
    """Readings of one measurement, a power of two; their mean counts."""
    settle: _Seconds = 0.0
    """Seconds from new parameters to the first reading."""
    time_out: _Seconds = 0.0
    """Seconds within which the device must answer whenever it is asked: to take parameters, whether it is
    ready, for a reading. 0: any time."""
    pause: _Seconds = 1.0
    """Seconds that a device may let us wait in one measurement: a pause that it asks for, or until it is
    ready."""
    legal: Annotated[
        tuple[Annotated[float, Field(ge=-(1 << 20), le=1 << 20)], ...],
        Field(strict=False, max_length=2),
        AfterValidator(_range),
    ] = ()
    """Lowest and highest reading that is believed. []: any finite one."""
    spread: Annotated[float, Field(ge=0, le=1 << 20)] = 0.0
    """Readings of one measurement that are further apart than this hold a glitch, and are repeated. 0:
    never."""
    stuck: Annotated[int, Field(ge=0, le=1 << 20)] = 0
    """So many measurements in a row with the very same reading, and the device counts as stuck. 0: never."""
    repeats: Annotated[int, Field(ge=0, le=100)] = 3
    """How often a bad measurement is taken again before it is dropped; a dropped one teaches nothing."""
    give_up: Annotated[int, Field(ge=1, le=1 << 20)] = 8
    """Steps in a row with a dropped measurement, and parameters come to rest at their last good values until
    the next start."""


class SpiSection(Section):
    """An SPI bus to converters: a part by its name, or a table of its frames.

    Bits of a frame are counted from the last one on the wires, which is bit 0; with the low bit first, from
    the first one.
    """

    part: str = "none"
    """Which one; "own": the keys from frame_bits on describe it."""
    sclk_hz: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """The clock on the wires is at most so fast; it is that of the circuit, divided by an even number. 0:
    what the part allows at 5 V; "own" has to say it."""
    command: Annotated[int, Field(ge=-1, le=(1 << MAX_FRAME_BITS) - 1)] = -1
    """The bits of each frame beside code and channel. -1: those of the part; "own": 0."""
    frame_bits: Annotated[int, Field(ge=0, le=MAX_FRAME_BITS)] = 0
    """Clocks of a frame."""
    data_low: _Place = 0
    """Where the lowest bit of the code is."""
    channels: _Channels = 1
    """Of a chip, a power of two."""
    channel_low: _Place = 0
    """Where the lowest bit of the channel's number is that a frame asks for; nowhere with one channel."""
    mode: Annotated[int, Field(ge=0, le=3)] = 0
    """0: the clock rests low, bits are taken at its rising edge. 1: low, falling. 2: high, falling. 3: high,
    rising."""
    bit_order: Literal["msb_first", "lsb_first"] = "msb_first"
    """Which bit of a frame is on the wires first."""
    select_ns: _Nanoseconds = 0
    """For how long no chip is selected between two frames, at least."""


class DacSection(SpiSection):
    """Converters of parameters on an SPI bus, in place of the stream of parameters; all keys need part."""

    part: Literal["none", "own", "MCP4822", "MCP4922", "AD5628", "AD5668", "DAC8568"] = "none"
    """Chips that parameters are written to, as many as it takes, each selected by a wire of its own; "own":
    the keys from frame_bits on describe one. none: parameters go out as a stream."""
    ldac: bool = True
    """Whether a wire lets all channels change at once when the last one of a measurement has been written;
    false: each as soon as it is written."""
    ldac_ns: _Nanoseconds = 0
    """For how long that wire is low, at least."""
    setup: Annotated[tuple[_Frame, ...], Field(strict=False, max_length=8)] = ()
    """Frames that every chip is sent first of all, such as one that switches its reference on."""


class AdcSection(SpiSection):
    """A converter of readings on an SPI bus, in place of the stream of readings; all keys need part."""

    part: Literal["none", "own", "MCP3008", "MCP3208", "AD7928", "ADS7953"] = "none"
    """The chip that outputs are read from, output k from channel k, or the cost from channel 0; "own": the
    keys from frame_bits on describe it. none: readings come as a stream."""
    wait: _Seconds = 0.0
    """Seconds from new inputs to the first frame."""
    pipeline: Annotated[int, Field(ge=0, le=4)] = 0
    """So many frames later a frame brings what one asked for; 0: in the same frame."""
    zeros: _Frame = 0
    """A one where a bit that comes back must be 0, or the reading is bad."""
    echo_low: Annotated[int, Field(ge=-1, le=MAX_FRAME_BITS - 1)] = -1
    """Where the lowest bit of the channel's number comes back, or the reading is bad. -1: it does not."""


class ImperfectionsSection(Section):
    """What a real device does wrong; all of it is off by default."""

    device: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0
    """Number of the device: another one has other defects."""
    activation_spread: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Each neuron has its own curve y0 + L f(k (z - x0)): x0 and y0 are drawn with this standard deviation
    around 0, k and L around 1."""
    cost_noise: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Standard deviation of what is added to every measured cost, nearly normal; snapped to a power of two.
    0: the circuit has no such part."""
    noisy_reference: bool = True
    """Whether C0 has noise too, as in a real meter, or none."""
    update_noise: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Standard deviation of what is added to every parameter at each update, nearly normal; snapped to a
    power of two. 0: the circuit has no such part."""
    update_noise_kind: Literal["common", "independent"] = "common"
    """One number for all parameters, or uncorrelated ones: the same number with signs of their own."""
    stuck: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of the parameters that do not learn."""
    stuck_kind: Literal["shaken", "still", "dead"] = "shaken"
    """What these do: keep their initial value, shaken like all others; keep it unshaken; or be zero."""


class HostSection(Section):
    """What joins the trainer with a host, and how its top is reset and clocked."""

    bus: Literal["none", "axi4lite", "wishbone", "uart"] = "none"
    """A bus with a register map in place of loose wires: AXI4-Lite, Wishbone B4, or frames over a serial
    line. none: the wires."""
    pipelined: bool = False
    """Wishbone only: pipelined transfers instead of classic ones."""
    clock_hz: Annotated[int, Field(ge=1_000, le=1_000_000_000)] = 12_000_000
    """The clock of the circuit, in which bits of a serial line and times of a device outside are counted."""
    baud: Annotated[int, Field(ge=300, le=12_000_000)] = 115_200
    """Serial line only: bits a second."""
    samples: Literal["window", "stream"] = "window"
    """Where samples from outside enter, with a bus: through its registers, or through an AXI-Stream port."""
    reset: Literal["rst", "rst_n", "async_rst", "async_rst_n"] = "rst"
    """The reset port: active high or, with _n, low; in step with the clock, or asserted at any time and let
    go two clocks later."""
    clock_enable: bool = False
    """Whether there is a port clock_enable; low, the trainer stands still, and the bus goes on."""
