"""Modules made once and placed many times, so that ten thousand cells cost one second, not minutes.

Amaranth elaborates every submodule anew, equal or not. A component placed through :func:`place`
stays an ordinary submodule wherever no :class:`Modules` platform is at hand (in Amaranth's own
simulator, in proofs). With one, it becomes an instance of a module that is elaborated once.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

from amaranth.back import rtlil
from amaranth.hdl import (
    ClockSignal,
    EnableInserter,
    Instance,
    Module,
    ResetInserter,
    ResetSignal,
    Signal,
    Value,
)
from amaranth.hdl._ir import PortDirection
from amaranth.lib import wiring

from .config.names import module_name

__all__ = ["SINGLE_PORT", "UNSET", "Block", "Modules", "joined", "place", "ports_of"]

#: Attributes of memories that begin with anything: those with one port, and others.
SINGLE_PORT, UNSET = "single_port", "unset"

#: Amaranth has 16 bits for the number of an input bit of a module, or of an output bit of an instance.
_MOST_BITS = 65_500

#: Clocks of modules below one that was placed with an enable count only while this is high.
_ENABLE = Signal(name="clock_enable")


class Block(wiring.Component):
    """A component with a module name. Two blocks of one name must be interchangeable."""

    @property
    def module(self) -> str:
        """The module's name, behind the design's own; it tells all parameters apart."""
        raise NotImplementedError


def ports_of(block: Block) -> Iterator[tuple[str, wiring.Flow, Signal]]:
    """Name, direction and signal of each port; a ready that is always high is no port."""
    for path, member, value in block.signature.flatten(block):
        signal = Value.cast(value)
        if isinstance(signal, Signal):
            yield "__".join(map(str, path)), member.flow, signal


def _fits(block: Block) -> bool:
    """Whether a block can be a module of its own."""
    bits = {wiring.In: 0, wiring.Out: 0}
    for _, flow, signal in ports_of(block):
        bits[flow] += len(signal)
    return max(bits.values()) <= _MOST_BITS


class Modules:
    """A platform that collects the RTLIL of every module placed under it, each once."""

    def __init__(self, prefix: str, placed: Callable[[str], None] | None = None):
        self.prefix = prefix
        self.placed = placed  # told the instance name of each block
        self.text: dict[str, str] = {}
        self.summary: dict[str, str] = {}
        self.signatures: dict[str, Any] = {}
        self.under_way: list[str] = []  # the modules that are being elaborated, the innermost last
        self.enabled: set[str] = set()  # those with an enable of their clock

    def add(self, block: Block, name: str | None = None, *, enabled: bool = False) -> str:
        """Elaborate ``block`` unless a module of its name is there already; return that name.

        With a name of its own it is the design's top module, which has a reset whether it needs one or not.
        ``enabled``: it and all that it places have an enable of their clock.
        """
        enabled = enabled or self.is_enabled
        top = name is not None
        name = name or module_name(self.prefix, block.module)
        if name not in self.text:
            self.signatures[name] = block.signature
            self.summary[name] = _summary(block)
            self.text[name] = ""  # holds the place: a module cannot contain itself
            self.under_way.append(name)
            directions = {wiring.In: PortDirection.Input, wiring.Out: PortDirection.Output}
            ports = {port: (signal, directions[flow]) for port, flow, signal in ports_of(block)}
            if enabled:
                self.enabled.add(name)
                ports["clock_enable"] = (_ENABLE, PortDirection.Input)
            text = rtlil.convert(
                EnableInserter(_ENABLE)(block) if enabled else block,
                name=name,
                platform=self,
                ports=ports,
                emit_src=False,
            )
            self.under_way.pop()
            del self.text[name]
            if not top:
                text = _without_idle(text, "rst")
            if enabled:
                text = _without_idle(text, "clock_enable")
            self.text[name] = _without_words(text)  # behind the modules that it places
        elif self.signatures[name] != block.signature or (name in self.enabled) != enabled:
            raise ValueError(f"two different blocks are called {name}")
        return name

    @property
    def is_enabled(self) -> bool:
        """Whether the module that is being elaborated has an enable of its clock."""
        return bool(self.under_way) and self.under_way[-1] in self.enabled

    def wires(self, name: str) -> set[str]:
        """Which of clk, rst and the enable of its clock the module has."""
        inputs = re.findall(r"(?m)^  wire .*\binput \d+ +\\(\w+)$", self.text[name])
        return {"clk", "rst", *({"clock_enable"} if name in self.enabled else ())} & set(inputs)

    def note(self, name: str, block: Block) -> None:
        """``block`` becomes a part of the text of the module that is being elaborated."""
        self.summary[f"{self.under_way[-1]}_{name}"] = _summary(block)


def _summary(block: Block) -> str:
    """The first paragraph of its docstring."""
    return inspect.cleandoc(type(block).__doc__ or "").partition("\n\n")[0]


def _without_idle(text: str, wire: str) -> str:
    """Amaranth gives every clocked module a reset, and all have the enable of their clock where some do; here
    those where nobody reads it lose it.
    """
    declaration = rf"(?m)^  wire .*\binput \d+ +\\{wire}$\n"
    return re.sub(declaration, "", text) if len(re.findall(rf"\\{wire}(?!\S)", text)) == 1 else text


def _without_words(text: str) -> str:
    """Amaranth gives every memory initial words. A large one with a single port cannot have any, and where
    there are many Yosys reads them in a time that grows with their square.
    """
    marks = rf"(?m)^  attribute \\(?:{SINGLE_PORT}|{UNSET}) 1\n(?:  attribute .*\n)*  memory .* \\(\w+)$"
    for memory in re.findall(marks, text):
        cell = rf'(?m)^  cell \$meminit_v2 .*\n    parameter \\MEMID "\\\\{memory}"\n(?:    .*\n)*  end\n'
        text, count = re.subn(cell, "", text)
        assert count == 1, memory
    return text


def joined(source: Any, sink: Any) -> list[Any]:
    """What makes one stream of two: ``sink`` is offered what ``source`` offers."""
    return [
        sink.payload.eq(source.payload),
        sink.valid.eq(source.valid),
        source.ready.eq(sink.ready),
    ]


def place(
    m: Module,
    platform: Any,
    name: str,
    block: Block,
    *,
    reset: Value | None = None,
    enable: Value | None = None,
) -> Block:
    """Put ``block`` into ``m`` under an instance name, and return it: its ports are ready to use.

    ``reset`` resets the block beside the reset of the clock domain. With ``enable`` its registers, and those
    of all that it places, stand still in clocks without it, but for a reset of the clock domain: ``reset`` of
    what is placed below counts in clocks with the enable only. A block with too many wires for a module of
    its own, such as an array of ten thousand cells, stays a submodule; what it places are modules again.
    """
    if isinstance(platform, Modules) and platform.placed is not None:
        platform.placed(name)
    if not isinstance(platform, Modules) or (reset is None and not _fits(block)):
        if isinstance(platform, Modules):
            platform.note(name, block)
        inner = block if reset is None else ResetInserter(reset)(block)
        m.submodules[name] = inner if enable is None else EnableInserter(enable)(inner)
        return block
    module = platform.add(block, enabled=enable is not None)
    block._MustUse__used = True  # only its equal was elaborated
    ports: dict[str, Any] = {}
    clocking = platform.wires(module)
    if reset is not None and platform.is_enabled:
        reset &= _ENABLE
    if enable is not None and platform.is_enabled:
        enable &= _ENABLE
    if "clk" in clocking:
        ports["i_clk"] = ClockSignal()
    if "rst" in clocking:
        ports["i_rst"] = ResetSignal() if reset is None else ResetSignal() | reset
    if "clock_enable" in clocking:
        ports["i_clock_enable"] = _ENABLE if enable is None else enable
    for port, flow, signal in ports_of(block):
        signal.name = f"{name}__{port}"
        ports[("i_" if flow == wiring.In else "o_") + port] = signal
    m.submodules[name] = Instance(module, **ports)
    return block
