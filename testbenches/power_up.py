"""A start makes everything known: circuits without initial values, as a chip powers up and as simulators do.

The initial values of registers and of memories that are written are taken out of the Verilog. Then registers
hold anything: random bits, different in each instance, from which every circuit must go through the twin's
states; or X, under a simulator of four states, from which only those must that say so
(``config.facts.starts_unknown``). Memories that nothing writes keep their words: they are logic, or come with
a bitstream.

Neither of the two would do alone. Where X meets a condition a simulator takes one branch, and may call known
what is not; what depends on an old value differs between random ones.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace

import numpy as np

from mgd_hdl.config import Registers, TrainerConfig
from mgd_sim.compare import Difference, first_difference, states
from mgd_sim.rtl import Design, trainer_design
from mgd_sim.rtl.icarus import IcarusModel, IcarusTrainer
from mgd_sim.rtl.trainer import payloads
from mgd_sim.tasks import Dataset
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples

__all__ = ["powered_up", "random_bits", "started", "starts_from_anything", "with_resets"]

STEPS = 6

_REGISTER = re.compile(r"(?m)^(  reg (?:signed )?(?:\[(\d+):0\] )?\w+) = [^;]+;$")
_MEMORY = re.compile(
    r"(?m)^(  reg (?:\[(\d+):0\] )?(\w+) \[\d+:0\];\n)  initial begin\n((?:    \3\[\d+\] = .*\n)+)  end\n"
)


def powered_up(text: str, value: Callable[[int], str] | None = None) -> str:
    """The Verilog with ``value(bits)`` in place of each initial value; without one all begin at X."""

    def register(found: re.Match[str]) -> str:
        bits = int(found[2] or 0) + 1
        return f"{found[1]} = {value(bits)};" if value else f"{found[1]};"

    def memory(found: re.Match[str]) -> str:
        rest = text[found.end() : text.index("endmodule", found.end())]
        if not re.search(rf"(?m)^\s+{found[3]}\[[^\]]+\]\S* <= ", rest):
            return found[0]  # nothing writes it
        bits = int(found[2] or 0) + 1
        return re.sub(r"= .*;", lambda _: f"= {value(bits)};", found[0]) if value else found[1]

    stripped = _REGISTER.sub(register, _MEMORY.sub(memory, text))
    assert value or not _REGISTER.search(stripped)
    assert len(re.findall(r"\binitial\b", stripped)) == len(_MEMORY.findall(stripped))
    return stripped


def random_bits(bits: int) -> str:
    """An expression that every instance evaluates by itself."""
    return "{" + ", ".join(["$urandom"] * -(-bits // 32)) + "}"


def with_resets(text: str) -> str:
    """The Verilog of ``engine.reset = "yes"``, made of that without."""
    edited, places = re.subn(
        r"if \((\w+)\)\n      if \(clear\) (theta <= \d+'h0+;)\n      else (theta <= [^;]+;)",
        r"if (clear) \2\n    else if (\1) \3",
        text,
    )
    assert places == 1
    return edited


class _Circuit(IcarusTrainer):
    """A trainer whose ports for samples and codes offer the same word in every clock.

    ``rst`` is high in the clock before ``start``, or never.
    """

    def __init__(self, config: TrainerConfig, design: Design, rst: bool, held: dict[str, int]):
        self.config = config
        self.model = IcarusModel(design)  # type: ignore[assignment]  # the methods it uses
        self.model.set(**held)
        self.rst = rst
        self.start(config.registers(5))

    def start(self, registers: Registers) -> None:
        model = self.model
        inputs = {port.name for port in model.design.ports if port.direction == "input"}
        if self.rst:
            model.set(rst=1)
            model.clock()
        values = {name: value for name, value in asdict(registers).items() if name in inputs}
        model.set(rst=0, start=1, **values)
        model.clock()
        model.set(start=0, run=1)
        self.forget()


def started(config: TrainerConfig, design: Design, *, rst: bool) -> Difference | None:
    """The first difference between the circuit and the twin; RtlError where any state or port is X."""
    outputs = [port.name for port in design.ports if port.direction == "output"]
    design = design.watched(name for name in outputs if name not in {*design.arrays, "flags", "step_done"})
    samples, perturbations, held = port_samples(config), None, {}
    if samples is not None:
        samples = Dataset(x=samples.x[1:2], target=samples.target[1:2])
        held = {"i_sample__valid": 1, "i_sample__payload": payloads(config, samples)[0]}
    if config.perturbation.family == "external":
        perturbations = np.full((1, config.parameters), 2 * 1 + 1 - 2**config.code_bits)
        held = {"i_code__valid": 1, "i_code__payload": 1}
    twin = Trainer(config, [5], samples=samples, perturbations=perturbations)
    expected = states(twin.run(STEPS, record=True))
    circuit = _Circuit(config, design, rst, held)
    try:
        found = circuit.run(STEPS)
    finally:
        circuit.close()
    assert {"theta", "cost", "cost_change", "hold", "update", "flags"} <= set(found)
    assert ("code" in found) == (config.timing.sweep is None)  # a sweep makes codes anew for every word
    assert found["theta"].shape == (STEPS, config.parameters)
    return first_difference(expected, found)


def starts_from_anything(config: TrainerConfig, files: Mapping[str, str]) -> None:
    """From random bits after ``rst`` and ``start``; from X, with resets where needed, after ``start``."""
    design = trainer_design(files)
    assert started(config, replace(design, verilog=powered_up(design.verilog, random_bits)), rst=True) is None
    known = design.verilog if config.facts.starts_unknown else with_resets(design.verilog)
    assert started(config, replace(design, verilog=powered_up(known)), rst=False) is None
