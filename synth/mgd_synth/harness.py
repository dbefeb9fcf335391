"""A trainer has more ports than a package has pins: the circuit that stands between them.

Tying the run-time registers to constants would let synthesis delete what a real design has, and
hundreds of pins would fit no package. So every port wider than one bit is filled, or read, one bit a
clock through a shift register, and every single bit passes one register at its pin. Then all of the
trainer's own paths lie between registers, as on a board whose host writes its settings over a
serial line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["INSTANCE", "Harness", "harness"]

#: The instance name of the design inside.
INSTANCE = "trainer"


@dataclass(frozen=True)
class Harness:
    """Verilog of a module around the design.

    Attributes
    ----------
    top : str
        Name of the module.
    verilog : str
        Its text, to be read beside the design's.
    pins : tuple of str
        Its ports, each one bit.
    settings : tuple of (str, int)
        The wide inputs and their widths; the first ends lowest in the shift register.
    """

    top: str
    verilog: str
    pins: tuple[str, ...]
    settings: tuple[tuple[str, int], ...]


def harness(top: str, ports: Sequence[dict[str, Any]]) -> Harness:
    """The harness of module ``top`` with these ``ports``, as ``mgd_hdl.emit.ports`` lists them.

    ``settings_shift`` high moves ``settings_in`` into the wide inputs, last port first; low, the
    wide outputs are taken, and leave at ``results_out`` while it is high.
    """
    inputs = [port for port in ports if port["direction"] == "input" and port["name"] != "clk"]
    outputs = [port for port in ports if port["direction"] == "output"]
    narrow = [port["name"] for port in inputs if port["width"] == 1]
    narrow_out = [port["name"] for port in outputs if port["width"] == 1]
    settings = [port for port in inputs if port["width"] > 1]
    results = [port for port in outputs if port["width"] > 1]
    setting_bits = sum(port["width"] for port in settings)
    result_bits = sum(port["width"] for port in results)

    pins_in = ["clk", *narrow]
    declarations, clocked = [], []
    connections = {"clk": "clk"}
    for name in narrow:
        declarations.append(f"  reg {name}_pin;")
        clocked.append(f"    {name}_pin <= {name};")
        connections[name] = f"{name}_pin"
    if settings or results:
        pins_in.append("settings_shift")
        declarations.append("  reg settings_shift_pin;")
        clocked.append("    settings_shift_pin <= settings_shift;")
    if settings:
        pins_in.append("settings_in")
        declarations += ["  reg settings_in_pin;", f"  reg [{setting_bits - 1}:0] settings;"]
        clocked.append("    settings_in_pin <= settings_in;")
        clocked.append(
            f"    if (settings_shift_pin) settings <= {{settings[{setting_bits - 2}:0], settings_in_pin}};"
        )
        connections |= _slices("settings", settings)
    pins_out = list(narrow_out)
    assigns = []
    for name in narrow_out:
        declarations += [f"  wire {name}_now;", f"  reg {name}_pin;"]
        clocked.append(f"    {name}_pin <= {name}_now;")
        connections[name] = f"{name}_now"
        assigns.append(f"  assign {name} = {name}_pin;")
    if results:
        pins_out.append("results_out")
        span = f"[{result_bits - 1}:0]"
        declarations += [
            f"  wire {span} results_now;",
            f"  reg {span} results_pin;",
            f"  reg {span} results;",
        ]
        # Taken first, so that all logic before a register here is the design's.
        clocked.append("    results_pin <= results_now;")
        clocked.append(
            f"    results <= settings_shift_pin ? {{results[{result_bits - 2}:0], 1'b0}} : results_pin;"
        )
        connections |= _slices("results_now", results)
        assigns.append(f"  assign results_out = results[{result_bits - 1}];")

    module = f"{top}_harness"
    lines = [
        f"module {module}({', '.join([*pins_in, *pins_out])});",
        *(f"  input {name};" for name in pins_in),
        *(f"  output {name};" for name in pins_out),
        *declarations,
        *assigns,
        "  always @(posedge clk) begin",
        *clocked,
        "  end",
        f"  {top} {INSTANCE} (",
        ",\n".join(f"    .{port}({wire})" for port, wire in connections.items()),
        "  );",
        "endmodule",
    ]
    widths = tuple((port["name"], port["width"]) for port in settings)
    return Harness(module, "\n".join(lines) + "\n", (*pins_in, *pins_out), widths)


def _slices(register: str, ports: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Each port's share of a register, first port lowest."""
    found, low = {}, 0
    for port in ports:
        high = low + port["width"]
        found[port["name"]] = f"{register}[{high - 1}:{low}]"
        low = high
    return found
