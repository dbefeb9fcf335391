"""A trainer circuit under Icarus, driven clock by clock, and what its signals were in every clock."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from vcd.reader import TokenKind, tokenize

from mgd_hdl.config import TrainerConfig
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl import Design
from mgd_sim.rtl.icarus import IcarusModel

__all__ = ["Stage", "Trace", "play"]

#: More than any step of a small trainer takes.
_LIMIT = 5_000


class Trace:
    """Signals clock by clock, as a register would read them at the clock's closing edge."""

    def __init__(self, rows: Mapping[str, Sequence[int | None]], first: int, last: int):
        self._rows = {name: list(values[first:last]) for name, values in rows.items()}
        self.clocks = last - first

    def __getitem__(self, name: str) -> list[int | None]:
        return self._rows[name]

    def when(self, name: str) -> list[int]:
        """The clocks in which a signal is high."""
        return [clock for clock, value in enumerate(self[name]) if value]

    def rows(self, *names: str, since: int = 0, clocks: int | None = None) -> list[tuple[int | None, ...]]:
        """Some signals together, from one clock on."""
        end = None if clocks is None else since + clocks
        return list(zip(*(self[name][since:end] for name in names), strict=True))


class Stage:
    """Sets inputs and turns the clock; what comes of it is in the trace, once all is over."""

    def __init__(self, config: TrainerConfig, model: IcarusModel):
        self.model = model
        inputs = {port.name for port in model.design.ports if port.direction == "input"} - {"clk"}
        self.quiet = dict.fromkeys(inputs, 0)
        registers = config.registers().__dict__
        self.registers = {name: value for name, value in registers.items() if name in inputs}
        self.begun = 0

    def enter(self) -> None:
        """Resets for two clocks, all inputs low but the registers."""
        self.begun = self.model.clocks
        self.clock(2, **{**self.quiet, **self.registers, "rst": 1})
        self.model.set(rst=0)

    @property
    def now(self) -> int:
        """Clocks since the reset began: the number of the next one."""
        return self.model.clocks - self.begun

    def clock(self, clocks: int = 1, **inputs: int) -> None:
        """Sets inputs and holds them for some clocks."""
        self.model.set(**inputs)
        self.model.clock(clocks)

    def pulse(self, name: str, **inputs: int) -> int:
        """One clock with an input high; its number."""
        self.clock(**{name: 1}, **inputs)
        self.model.set(**{name: 0})
        return self.now - 1

    def done(self, steps: int) -> int:
        """On to the clock in which ``step_done`` is high for the last time of so many; its number.

        Inputs that are set now are those of this clock.
        """
        self.model.run(steps, _LIMIT)
        return self.now


def play(
    config: TrainerConfig,
    acts: Mapping[str, Callable[[Stage], None]],
    signals: Sequence[str] = (),
) -> dict[str, Trace]:
    """Every act after a reset, all in one simulation; all ports and some ``signals`` below the top."""
    design = replace(Design.from_files(trainer_files(config)), probes=())
    ends = {}
    with tempfile.TemporaryDirectory(prefix="mgd_stage_") as folder:
        waveform = Path(folder) / "stage.vcd"
        model = IcarusModel(design, trace=waveform)
        try:
            stage = Stage(config, model)
            for name, act in acts.items():
                stage.enter()
                act(stage)
                ends[name] = (stage.begun, model.clocks)
        finally:
            model.close()
        rows = sampled(waveform, [*(port.name for port in design.ports if port.name != "clk"), *signals])
    return {name: Trace(rows, *span) for name, span in ends.items()}


def sampled(waveform: Path, names: Sequence[str]) -> dict[str, list[int | None]]:
    """Signals of a VCD as they were just before each rising edge of clk; None where bits are unknown."""
    codes: dict[str, str] = {}
    scope: list[str] = []
    values: dict[str, int | str] = {}
    changes: dict[str, int | str] = {}
    rows: dict[str, list[int | None]] = {name: [] for name in names}

    def settle() -> None:
        clock = codes["clk"]
        if values.get(clock) == "0" and changes.get(clock) == "1":
            for name, row in rows.items():
                value = values[codes[name]]
                row.append(int(value) if str(value).isdecimal() else None)
        values.update(changes)
        changes.clear()

    with waveform.open("rb") as stream:
        for token in tokenize(stream):
            if token.kind is TokenKind.SCOPE:
                scope.append(token.scope.ident)
            elif token.kind is TokenKind.UPSCOPE:
                scope.pop()
            elif token.kind is TokenKind.VAR:
                path = ".".join([*scope, token.var.reference])
                codes.setdefault(path.partition("dut.")[2], token.var.id_code)
            elif token.kind is TokenKind.CHANGE_TIME:
                settle()
            elif token.kind is TokenKind.CHANGE_SCALAR:
                changes[token.scalar_change.id_code] = token.scalar_change.value
            elif token.kind is TokenKind.CHANGE_VECTOR:
                changes[token.vector_change.id_code] = token.vector_change.value
        settle()
    return rows
