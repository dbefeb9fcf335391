"""Trainers behind every bus, with every reset, with and without a clock enable."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

import pytest

from mgd_hdl.config import TrainerConfig, memory_map, preset
from mgd_hdl.config.bus_ports import top_ports
from mgd_hdl.emit import trainer_files, verilog
from mgd_hdl.hosted import Hosted
from mgd_hdl.probes import states
from mgd_hdl.register_files import register_files
from mgd_sim.rtl import expanded
from mgd_sim.rtl.tools import run_tool
from testbenches.linting import lint
from testbenches.support import run

BENCH = "testbenches.bench_hosted"
#: Fast enough for a simulation.
LINE = {"bus": "uart", "clock_hz": 8_000_000, "baud": 1_000_000}

HOSTED: dict[str, dict[str, Any]] = {
    "axi4lite": {"host": {"bus": "axi4lite"}},
    "axi4lite, shadow, clock enable": {
        "host": {"bus": "axi4lite", "clock_enable": True, "reset": "rst_n"},
        "learning": {"tau_theta": 6, "tau_p": 2, "tau_x": 3},
        "engine": {"access": "yes"},
        "network": {"inference": "yes"},
    },
    "axi4lite, delayed": {"host": {"bus": "axi4lite"}, "learning": {"updates": "delayed"}},
    "wishbone, serial cells": {
        "host": {"bus": "wishbone", "reset": "async_rst_n"},
        "engine": {"cell": "serial", "access": "yes"},
        "task": {"accuracy": True},
    },
    "wishbone, pipelined, samples": {
        "host": {"bus": "wishbone", "pipelined": True, "reset": "async_rst"},
        "task": {"source": "stream"},
    },
    "wishbone, words wait": {
        "host": {"bus": "wishbone"},
        "task": {"source": "stream"},
        "learning": {"updates": "delayed"},
    },
    "wishbone, a bank": {
        "host": {"bus": "wishbone", "clock_enable": True},
        "learning": {"measure": "two_sided"},
        "engine": {"kind": "bank", "lanes": 2, "access": "yes"},
        "network": {"inference": "yes"},
    },
    "uart": {"host": LINE, "learning": {"tau_x": 2}},
}
#: A circuit for a device outside, whose streams stay ports.
LOOP: dict[str, Any] = {
    "host": {"bus": "axi4lite", "clock_enable": True, "reset": "async_rst_n"},
    "device": {"kind": "outside", "legal": [0.1, 0.9], "second_weight": 0.5, "sends": "apart"},
    "engine": {"access": "yes"},
}
#: What a plain run leaves out.
RARE = ("wishbone, words wait",)


WISHBONE = [name for name in HOSTED if name.startswith("wishbone") and name not in RARE]


def hosted(name: str) -> TrainerConfig:
    return preset("xor").replaced(**{**HOSTED, "a device outside": LOOP}[name])


def below(config: TrainerConfig) -> list[dict[str, Any]]:
    """Where states are, below the trainer's instance."""
    return [
        {**state, "path": f"trainer.{state['path']}", "strobe": f"trainer.{state['strobe']}"}
        for state in expanded(states(config))
    ]


def simulated(name: str, folder, *, others: bool = False, **parameters: Any) -> None:
    config = hosted(name)
    if config.host.bus == "axi4lite":
        pytest.importorskip("cocotbext.axi", reason="the master of AXI4-Lite is in the extra `dev`")
    resets = {port.name: port.reset for port in top_ports(config) if port.direction == "output"}
    text = verilog(Hosted(config), "dut")
    given = {"states": below(config), "resets": resets, "others": others}
    run(text, BENCH, folder, config, seconds=3600, **given, **parameters)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.only_all] * (name in RARE)) for name in HOSTED]
)
def test_hosted(name, tmp_path):
    line = name.startswith("uart")
    simulated(name, tmp_path, steps=(30, 12), accesses=25 if line else 300)


@pytest.mark.only_all
@pytest.mark.parametrize("name", HOSTED)
def test_many_accesses(name, tmp_path):
    simulated(name, tmp_path, steps=(300, 100), accesses=3_000 if name.startswith("uart") else 100_000)


@pytest.mark.parametrize(
    ("name", "accesses"),
    [(name, 300) for name in WISHBONE]
    + [pytest.param(name, 100_000, marks=pytest.mark.only_all) for name in WISHBONE],
)
def test_another_master(name, accesses, tmp_path):
    """Of Wishbone, that nobody here wrote."""
    pytest.importorskip("cocotbext.wishbone", reason="this master is in the extra `dev`")
    simulated(name, tmp_path, others=True, steps=(30, 12), accesses=accesses)


# ---- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["axi4lite, shadow, clock enable", "wishbone, pipelined, samples", "uart", "a device outside"],
)
def test_no_lint(name, tmp_path):
    """Everything that -Wall finds, but for what a trainer may have."""
    config = hosted(name)
    files = trainer_files(config)
    for end in (".v", ".vlt"):
        (tmp_path / f"{config.name}{end}").write_text(files[f"{config.name}{end}"])
    assert lint(tmp_path, config.name, f"{config.name}.vlt", f"{config.name}.v") == (0, "")


@pytest.mark.parametrize("what", ["axi4lite, shadow, clock enable", "a device outside"])
def test_files(what, tmp_path):
    """Ports are those of the module and of the table; the testbench, which is for the trainer alone, runs."""
    config = hosted(what)
    files, name = trainer_files(config), config.name
    listed = json.loads(files[f"{name}.ports.json"])["ports"]
    assert {port["name"] for port in listed if port.get("reset")} == set()
    table = {port.name: (port.direction, port.width(config)) for port in top_ports(config)}
    assert {port["name"]: (port["direction"], port["width"]) for port in listed} == table
    assert {"s_axi_awaddr", "irq", "clk", config.host.reset, "clock_enable"} <= table.keys()
    assert {"start", "tau_x", "rst", "go_on", "resting", "device_faults"}.isdisjoint(table)
    assert ("m_axis_codes_tdata" in table) == ("s_axis_second_tdata" in table) == config.outside
    header = re.search(rf"module {name}\((.*?)\);", files[f"{name}.v"], re.DOTALL)[1]
    assert set(re.split(r"[\s,]+", header.strip())) == set(table)
    assert files.keys() >= register_files(memory_map(config)).keys()
    for end in (".v", ".tb.v"):
        (tmp_path / f"{name}{end}").write_text(files[f"{name}{end}"])
    tool = partial(run_tool, folder=tmp_path, timeout=60, what="the testbench")
    tool(["iverilog", "-g2012", "-o", "tb.vvp", f"{name}.tb.v", f"{name}.v"])
    assert "twice the same" in tool(["vvp", "-n", "tb.vvp"])


@pytest.mark.parametrize(
    ("name", "high"), [("uart", "uart_tx"), ("wishbone, pipelined, samples", "wb_stall")]
)
def test_what_is_high_in_reset_is_told(name, high):
    config = hosted(name)
    listed = json.loads(trainer_files(config)[f"{config.name}.ports.json"])["ports"]
    assert {port["name"] for port in listed if port.get("reset")} == {high}


def test_without_a_host_nothing_is_around_a_trainer():
    config = preset("xor")
    assert not config.wrapped
    assert config.bare is config
    assert hosted("uart").bare == config.replaced(learning={"tau_x": 2}, host={"clock_hz": LINE["clock_hz"]})
    assert f"{config.name}.svd" not in trainer_files(config)


def test_a_bare_loop_waits_as_long():
    """Seconds of the file become clocks of the same clock, with a bus around it or without."""
    host = {"bus": "axi4lite", "clock_hz": 50_000_000}
    config = preset("xor").replaced(
        host=host, device={"kind": "outside", "settle": 2e-6, "time_out": 1e-3, "pause": 2e-3}
    )
    bare = config.bare
    assert not bare.wrapped
    assert bare.registers() == config.registers()
    assert (bare.converters.settle, bare.converters.time_out, bare.converters.pause) == (100, 50_000, 100_000)
