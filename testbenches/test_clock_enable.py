"""A trainer that stands still in some clocks: seen in the others alone, is it the one without an enable?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl.design import Design, Port
from mgd_sim.rtl.verilator import VerilatorModel

XOR = preset("xor")
TRAINERS: dict[str, dict[str, Any]] = {
    # A limit that no try meets, so each gives up after 40 steps or some more.
    "tries": {"judge": {"kind": "window", "limit": 0.001, "window": 16, "retry": 40}},
    "streams": {
        "engine": {"access": "yes"},
        "network": {"inference": "yes"},
        "task": {"source": "stream"},
    },
}


def model(config: TrainerConfig) -> VerilatorModel:
    """Its circuit, after a reset."""
    found = VerilatorModel(Design.from_files(trainer_files(config)))
    registers = config.registers().__dict__
    inputs = {port.name for port in found.design.ports if port.direction == "input"}
    found.set(**{name: value for name, value in registers.items() if name in inputs}, rst=1)
    found.clock(2)
    found.set(rst=0)
    return found


class Outside:
    """What is at the streams: what it offers stays; steps are made in between."""

    def __init__(self, ports: list[Port]):
        self.ports, self.rng = ports, np.random.default_rng(3)
        self.drives = {port.name: 0 for port in ports}

    def next(self, before: dict[str, int]) -> dict[str, int]:
        """What it drives in a clock; outputs of the circuit in the clock before."""
        for port in self.ports:
            stream, _, part = port.name.partition("__")
            if part == "ready":
                self.drives[port.name] = int(self.rng.random() < 0.5)
            elif not self.drives[f"{stream}__valid"] or before.get(f"{stream}__ready"):
                anything = int(self.rng.integers(min(1 << port.width, 1 << 62)))
                often = 0.5 if stream == "i_sample" else 0.01
                self.drives[port.name] = int(self.rng.random() < often) if part == "valid" else anything
        return self.drives


@pytest.mark.parametrize("name", TRAINERS)
def test_disabled_clocks_make_no_difference(name):
    """Every output in every clock that counts; a stream's word goes over in none that does not."""
    config, rng = XOR.replaced(**TRAINERS[name]), np.random.default_rng(3)
    plain, gated = model(config), model(config.replaced(host={"clock_enable": True}))
    ports = [port for port in plain.design.ports if port.name not in ("clk", "rst")]
    outputs = [port.name for port in ports if port.direction == "output"]
    handshakes = [out for out in outputs if out.endswith(("__ready", "__valid"))]
    outside = Outside([port for port in ports if port.direction == "input" and "__" in port.name])
    seen: dict[str, set[int]] = {out: set() for out in outputs}
    values: dict[str, int] = {}
    for clock in range(4000):
        drives = {"start": int(clock % 1500 == 3), "run": int(clock > 20), **outside.next(values)}
        while rng.random() < 0.4:
            gated.set(**drives | {"start": int(rng.integers(2))}, clock_enable=0)
            gated.settle()
            assert not any(gated.get(out) for out in handshakes)
            gated.clock()
        plain.set(**drives)
        gated.set(**drives, clock_enable=1)
        for each in (plain, gated):
            each.settle()
        values = {out: plain.get(out) for out in outputs}
        assert {out: gated.get(out) for out in outputs} == values, clock
        for out, value in values.items():
            seen[out].add(value)
        for each in (plain, gated):
            each.clock()
    assert {out for out in ("busy", "step_done", *handshakes) if seen[out] != {0, 1}} == set()
    assert name != "tries" or seen["tries"] >= {1, 2}
