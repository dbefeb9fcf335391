"""The learning cells alone, with a driver that fits beside them: how fast is an array of N cells?

An array that fills a device leaves no room for the network that reads it, nor for the shift register
of :mod:`mgd_synth.harness`. So here all data inputs share the bits of two short shift registers, each
control has a register of its own, and what the cells give ends at ports, which are cut off between
synthesis and placement: no device has that many pins. Every path of the array lies between
registers, as it does in a trainer.
"""

from __future__ import annotations

from typing import Any

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.placement import TILE_CELLS
from mgd_hdl.emit import ports, verilog
from mgd_hdl.engines import ENGINES

from .harness import INSTANCE, Harness

__all__ = ["SHAPES", "array_config", "array_design", "without_ports"]

#: Layers, inputs first, whose parameters are so many cells, 64 to a tile but for the last.
SHAPES = {
    16: (15, 1),
    64: (63, 1),
    256: (63, 4),
    272: (16, 16),
    400: (49, 8),
    1024: (63, 16),
}

_NAME = "array"
#: Data inputs: of which shift register, and from which bit on. The registers' lengths have no common factor,
#: so no two rows of the array are always told the same, and nothing of it is merged.
_DATA = {
    "rows": (0, 0), "columns": (0, 2), "diagonals": (0, 9),
    "address_rows": (1, 1), "address_columns": (1, 5), "address_tiles": (1, 8), "word": (1, 3),
}  # fmt: skip


def array_config(cells: int, **changes: dict[str, Any]) -> TrainerConfig:
    """So many parameters of 16 bits, with a random code, and with leaves from a full one on."""
    engine = {"leaf_cells": TILE_CELLS} | changes.get("engine", {})
    engine = {"leaves": "yes" if cells >= engine["leaf_cells"] else "no"} | engine
    config = preset("xor").replaced(**{**changes, "engine": engine})
    # An array alone: no task has this shape, and none is needed to build it.
    document = config.model_dump(mode="json")
    document["network"]["layers"] = list(SHAPES[cells])
    return TrainerConfig.model_validate(document)


def array_design(config: TrainerConfig) -> tuple[str, Harness]:
    """Verilog of the array, and the driver around it."""
    array = ENGINES[config.facts.name].cells(config)
    inputs: list[dict[str, Any]] = []
    outputs: list[dict[str, Any]] = []
    for port in ports(array):
        if port["name"] != "clk":
            (inputs if port["direction"] == "input" else outputs).append(port)
    controls = [port["name"] for port in inputs if port["name"] not in _DATA]
    widths = {port["name"]: port["width"] for port in inputs}
    # Some four rows hear the same bit.
    longer = max(widths["rows"] // 4, widths["word"]) + 1
    lengths = (longer - 1, longer)
    connections = {"clk": "clk"} | {port["name"]: port["name"] for port in outputs}
    for port in inputs:
        name, width = port["name"], port["width"]
        if name in _DATA:
            register, first = _DATA[name]
            turned = ((first + bit) % lengths[register] for bit in reversed(range(width)))
            bits = [f"data_{register}[{bit}]" for bit in turned]
            connections[name] = f"{{{', '.join(bits)}}}"
        else:
            connections[name] = f"controls[{controls.index(name)}]"
    heads = {
        name: f"{port['direction']} [{port['width'] - 1}:0] {name}"
        for port in (*inputs, *outputs)
        for name in (port["name"],)
    }
    # The path of a cell is then that of a trainer.
    core = f"{_NAME}_core"
    lines = [
        f"module {core}(input clk, {', '.join(heads.values())});",
        f"  {_NAME} array ({', '.join(f'.{name}({name})' for name in connections)});",
        "endmodule",
        f"module {_NAME}_harness(",
        ",\n".join(["  input clk, shift, settings", *(f"  {heads[port['name']]}" for port in outputs)]),
        ");",
        "  reg shift_pin, settings_pin;",
        f"  reg [{len(controls) - 1}:0] controls;",
        *(f"  reg [{length - 1}:0] data_{register};" for register, length in enumerate(lengths)),
        "  always @(posedge clk) begin",
        "    shift_pin <= shift;",
        "    settings_pin <= settings;",
        f"    controls <= {{controls[{len(controls) - 2}:0], settings_pin}};",
        "    if (shift_pin) begin",
        *(
            f"      data_{register} <= {{data_{register}[{length - 2}:0], settings_pin}};"
            for register, length in enumerate(lengths)
        ),
        "    end",
        "  end",
        f"  {core} {INSTANCE} (",
        ",\n".join(f"    .{port}({wire})" for port, wire in connections.items()),
        "  );",
        "endmodule",
    ]
    text = verilog(array, _NAME) + "\n".join(lines) + "\n"
    return text, Harness(f"{_NAME}_harness", "", ("clk", "shift", "settings"), ())


def without_ports(module: dict[str, Any], pins: tuple[str, ...]) -> dict[str, Any]:
    """A mapped module with those ports only that have pins."""
    return {**module, "ports": {name: port for name, port in module["ports"].items() if name in pins}}
