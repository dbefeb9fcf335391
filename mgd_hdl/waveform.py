"""Some steps of a trainer clock by clock, from Amaranth's own simulator: where its states stand, and when."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amaranth.sim import Simulator

from .config.number import Format
from .config.states import STATES
from .config.trainer import TrainerConfig
from .probes import PROBES, states
from .trainer import Trainer

__all__ = ["MAX_PARAMETERS", "Signal", "reason_against", "waveform"]

#: Larger trainers take long to prepare in this simulator.
MAX_PARAMETERS = 64
_CLOCKS = 20_000


@dataclass(frozen=True)
class Signal:
    """One signal, an integer for each clock; a word with its format where it has one.

    A word's value counts in the clocks in which its ``strobe``, another signal's name, is high.
    """

    name: str
    values: list[int]
    number: Format | None = None
    strobe: str = ""


def reason_against(config: TrainerConfig) -> str:
    """Why no waveform is made; "" where one is."""
    if config.outside:
        return "its measurements come from a device outside"
    if config.task.source == "stream" or config.perturbation.family == "external":
        return "its samples or codes come through a port"
    if config.parameters > MAX_PARAMETERS:
        return f"with more than {MAX_PARAMETERS} parameters this takes long"
    return ""


def waveform(config: TrainerConfig, steps: int = 2) -> list[Signal]:
    """The clocks of so many steps, behind the first one: ``step_done`` of one to that of another, both
    included. The states that are there once a step, and the strobes that tell when.
    """
    trainer = Trainer(config)
    simulator = Simulator(trainer)
    simulator.add_clock(1e-8)
    marks: list[int] = []

    async def bench(context: Any) -> None:
        for name, value in vars(config.registers(config.seed)).items():
            if hasattr(trainer, name):
                context.set(getattr(trainer, name), value)
        context.set(trainer.run, 1)
        context.set(trainer.start, 1)
        await context.tick()
        context.set(trainer.start, 0)
        for clock in range(1, _CLOCKS):
            if context.get(trainer.step_done):
                marks.append(clock)
                if len(marks) > steps:
                    await context.tick()
                    return
            await context.tick()

    simulator.add_testbench(bench)
    file = io.StringIO()
    with simulator.write_vcd(file):
        simulator.run()
    assert len(marks) == steps + 1, "a trainer takes a step"
    wanted = [each for each in states(config) if each["name"] in PROBES]
    paths = {"step_done", *(each[key] for each in wanted for key in ("path", "strobe"))}
    sampled = _sampled(file.getvalue(), paths)
    first, last = marks[0], marks[-1] + 1
    formats = {state.name: state.number(config) for state in STATES if state.shown(config)}
    found = [Signal("step_done", sampled["step_done"][first:last])]
    for each in wanted:
        path, strobe, number = each["path"], each["strobe"], formats[each["name"]]
        if path not in sampled or strobe not in sampled or not isinstance(number, Format):
            continue
        values = [_signed(value, number) for value in sampled[path][first:last]]
        found.append(Signal(strobe, sampled[strobe][first:last]))
        found.append(Signal(each["name"], values, number, strobe))
    return found


def _signed(value: int, number: Format) -> int:
    return value - (1 << number.width) if number.signed and value >> (number.width - 1) else value


def _sampled(text: str, paths: set[str]) -> dict[str, list[int]]:
    """The values of these paths below the top, right before each rising edge of its clock."""
    symbols, clock = _symbols(text)
    wanted = {symbol: path for path, symbol in symbols.items() if path in paths}
    now = dict.fromkeys(wanted, 0)
    found: dict[str, list[int]] = {path: [] for path in wanted.values()}
    level = "0"
    changes: dict[str, int] = {}
    for line in text.partition("$enddefinitions")[2].splitlines():
        change = re.fullmatch(r"(?:b([01xz]+) |([01xz]))(\S+)", line)
        if line.startswith("#"):
            now |= changes
            changes = {}
        elif change:
            value, symbol = (change[1] or change[2]).replace("x", "0").replace("z", "0"), change[3]
            if symbol == clock:
                if value == "1" and level == "0":
                    for each, path in wanted.items():
                        found[path].append(now[each])
                level = value
            elif symbol in now:
                changes[symbol] = int(value, 2)
    return found


def _symbols(text: str) -> tuple[dict[str, str], str]:
    """By path, the symbol that stands for a signal; and that of the clock. Amaranth numbers equal names."""
    found: dict[str, str] = {}
    clock = ""
    for path, symbol in _variables(text):
        scope, _, name = path.rpartition(".")
        plain = re.sub(r"\$\d+$", "", name)
        found.setdefault(f"{scope}.{plain}" if scope else plain, symbol)
        if not clock and path == "clk":
            clock = symbol
    return found, clock


def _variables(text: str) -> Iterator[tuple[str, str]]:
    scopes: list[str] = []
    for line in text.partition("$enddefinitions")[0].splitlines():
        words = line.split()
        if words[:1] == ["$scope"]:
            scopes.append(words[2])
        elif words[:1] == ["$upscope"]:
            scopes.pop()
        elif words[:1] == ["$var"]:
            yield ".".join([*scopes[2:], words[4]]), words[3]
