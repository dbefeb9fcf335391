"""All that a circuit remembers from clock to clock: every register and memory of its Verilog, by its path.

Verilog is that of Yosys: a statement a line, plain names, one clock.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .tools import RtlError

__all__ = ["MOST_EVENTS", "Held", "Kept", "apart", "registers"]

Words = NDArray[np.unsignedinteger[Any]]

_MODULE = re.compile(r"^module (\w+)\(.*?^endmodule$", re.MULTILINE | re.DOTALL)
#: A keyword of SystemVerilog that is a name has a backslash in front of it, and a space behind.
_REGISTER = re.compile(r"^  reg (?:\[(\d+):0\] )?\\?(\w+) ?(?: \[(\d+):0\])?(?: = [^;]+)?;$", re.MULTILINE)
#: Names of any other characters, and outputs with a backslash.
_ESCAPED = re.compile(
    r"^  reg (?:\[\d+:0\] )?(\\\S*[^\w\s]\S*)|^  output (?:\[\d+:0\] )?(\\\S+) ;\n  reg", re.MULTILINE
)
_OUTPUT = re.compile(r"^  output (?:\[\d+:0\] )?(\w+);$", re.MULTILINE)
#: Where a port has the same name the instance has a number behind a dollar sign.
_INSTANCE = re.compile(r"^  (\w+) \\?([\w$]+) +\($", re.MULTILINE)
_WRITTEN_MEMORY = re.compile(r"^ *\\?(\w+) ?\[.+\] <= ", re.MULTILINE)


@dataclass(frozen=True)
class Held:
    """A register, or a memory of ``words`` words.

    ``path`` leads from the top module through instances to it, joined by dots. ``is_port``: it is an output
    of its module, and stands at ``place`` in the text that :func:`apart` makes.
    """

    path: str
    width: int
    words: int = 0
    is_port: bool = False

    @property
    def place(self) -> str:
        """Its path in the text that :func:`apart` makes."""
        return _own(self.path) if self.is_port else self.path

    # ---- its value as an array -------------------------------------------------------------------

    @property
    def type(self) -> np.dtype[np.unsignedinteger[Any]]:
        """Of the narrowest words that hold it, as Verilator keeps it; of 32 bits where it takes several."""
        return np.dtype(f"u{next((size for size in (1, 2, 4, 8) if self.width <= 8 * size), 4)}")

    @property
    def shape(self) -> tuple[int, ...]:
        """(words of a memory), (32-bit words of a wide value, the lowest first), both or none."""
        wide = (-(-self.width // 32),) if self.width > 64 else ()
        return ((self.words,) if self.words else ()) + wide

    @property
    def bytes(self) -> int:
        """Of the array."""
        return self.type.itemsize * math.prod(self.shape)

    def array(self, values: Sequence[int]) -> Words:
        """Of integers: one, or one for each word of a memory."""
        size = self.bytes // len(values)
        text = b"".join(value.to_bytes(size, "little") for value in values)
        return np.frombuffer(text, self.type).reshape(self.shape)

    def values(self, array: Words) -> list[int]:
        """The integers of an array."""
        text = np.ascontiguousarray(array).tobytes()
        size = len(text) // max(1, self.words)
        return [int.from_bytes(text[at : at + size], "little") for at in range(0, len(text), size)]

    def fits(self, array: Words) -> bool:
        """Whether it is an array of this type, shape and width."""
        if array.dtype != self.type or array.shape != self.shape:
            return False
        return all(value >> self.width == 0 for value in self.values(array))


#: So many states of steps that have not ended may wait, as in wrapper.cpp.
MOST_EVENTS = 64


class Kept(NamedTuple):
    """Where a design is.

    Attributes
    ----------
    registers : dict of str to ndarray
        By path, see :attr:`Held.shape`.
    events : dict of str to ndarray
        Of each probed array (steps, indices): what was seen of steps that have not ended.
    fed : dict of str to int
        Payloads that were taken from each stream.
    clocks : int
    """

    registers: dict[str, Words]
    events: dict[str, NDArray[Any]]
    fed: dict[str, int]
    clocks: int


def _own(name: str) -> str:
    """What a register is called that stands apart from its port."""
    return f"{name}__register"


def registers(verilog: str, top: str) -> tuple[Held, ...]:
    """What a design holds, in the order of its text; memories that nothing writes are left out.

    Raises RtlError for a name that is no word, and for an output with a backslash: what such a register has
    could be neither kept nor given back.
    """
    if escaped := _ESCAPED.search(verilog):
        name = escaped[1] or escaped[2]
        raise RtlError(f"{top}: register {name} has an escaped name, and cannot be kept")
    modules = {found[1]: _Module.of(found[0]) for found in _MODULE.finditer(verilog)}
    return tuple(_below(modules, top, ""))


@dataclass(frozen=True)
class _Module:
    """What is of one module: its own registers, and the instances in it, as (module, name)."""

    held: tuple[Held, ...]
    instances: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, text: str) -> _Module:
        written, outputs = set(_WRITTEN_MEMORY.findall(text)), set(_OUTPUT.findall(text))
        held = (
            Held(name, int(width or 0) + 1, int(words) + 1 if words else 0, name in outputs)
            for width, name, words in _REGISTER.findall(text)
            if not words or name in written
        )
        return cls(tuple(held), tuple(_INSTANCE.findall(text)))


def _below(modules: dict[str, _Module], module: str, path: str) -> Iterator[Held]:
    for held in modules[module].held:
        yield replace(held, path=path + held.path)
    for kind, name in modules[module].instances:
        if kind in modules:
            yield from _below(modules, kind, f"{path}{name}.")


def apart(verilog: str) -> str:
    """The same design with registers of their own behind outputs.

    A simulator may take an output for the wire that it leads to, keep the register there and make the output
    from it; then who writes the output writes nothing.
    """
    return _MODULE.sub(lambda found: _apart(found[0]), verilog)


def _apart(module: str) -> str:
    outputs = set(_OUTPUT.findall(module))
    moved = {name for _, name, words in _REGISTER.findall(module) if name in outputs and not words}
    if not moved:
        return module

    def declared(found: re.Match[str]) -> str:
        width, name, _ = found.groups()
        if name not in moved:
            return found[0]
        wire = f"  wire {'' if width is None else f'[{width}:0] '}{name};"
        register = found[0].replace(f" {name}", f" {_own(name)}", 1)
        return f"{wire}\n{register}\n  assign {name} = {_own(name)};"

    # What is assigned stands at the start of a line, or behind a condition.
    assigned = rf"^((?:.*\) |.*else )? *)({'|'.join(sorted(moved))})((?:\[[\d:]+\])? <= )"
    text = _REGISTER.sub(declared, module)
    return re.sub(assigned, lambda f: f"{f[1]}{_own(f[2])}{f[3]}", text, flags=re.MULTILINE)
