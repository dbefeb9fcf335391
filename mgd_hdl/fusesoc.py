"""For FuseSoC: a core file that lists a trainer's files, and a testbench that its target `sim` runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any

from .config.names import module_name
from .config.trainer import TrainerConfig

__all__ = ["core_file", "testbench"]

#: Steps of a run of the testbench, unless it is told another number.
STEPS = 64

_TESTBENCH = """\
// Trains for some steps, makes a single one, and trains anew from the same seeds: is every step done, does
// the trainer stand still where it should, does the second run repeat the first? Ends with status 0 if so.
//
// +steps=N: how many, {default} unless given. Samples and codes that come through ports are random bits.
//
// The signature of a run is that of the words D of its steps: 0, then for each step 31 times it plus D,
// modulo 2**32.
`timescale 1ns / 1ns
module {bench};
{declarations}
  integer steps, done, clocks, limit, moved, first_done, first_clocks;
  reg [31:0] signature, first_signature;
{first_declarations}
  reg watching, failed;

  {top} dut (
{connections}
  );

  always #1 clk = ~clk;

  // What a register would see.
  always @(posedge clk) begin
    clocks <= clocks + 1;
    if (step_done) done <= done + 1;
    if (dut.{strobe}) begin
      signature <= signature * 31 + {word};
      if (dut.{path} != 0) moved <= moved + 1;
    end
    if (watching && ^{{{outputs}}} === 1'bx) begin
      $display("{top}: an output is unknown in clock %0d", clocks);
      failed = 1;
      $fatal(1);
    end
{streams}  end

  task check;
    input right;
    input [8*40-1:0] what;
    if (!right) begin
      $display("{top}: FAILED: %0s, after %0d steps and %0d clocks", what, done, clocks);
      failed = 1;
      $fatal(1);
    end
  endtask

  // From a new start to a pause after at least so many steps.
  task train;
    begin
      start = 1;
      @(negedge clk);
      start = 0;
      run = 1;
      done = 0;
      clocks = 0;
      moved = 0;
      signature = 0;
      watching = 1;
      while (done < steps && clocks < limit) @(negedge clk);
      check(done >= steps, "steps do not end");
      run = 0;
      while (busy && clocks < limit) @(negedge clk);
      check(!busy, "it does not pause");
    end
  endtask

  initial begin
    clk = 0;
    watching = 0;
    failed = 0;
    done = 0;
    clocks = 0;
{values}
    if (!$value$plusargs("steps=%d", steps)) steps = {default};
    limit = {start_clocks} + steps * {step_clocks};
    rst = 1;
    repeat (2) @(negedge clk);
    rst = 0;
    train;
    first_done = done;
    first_clocks = clocks;
    first_signature = signature;
{first_values}
    repeat ({step_clocks}) @(negedge clk);
    check(done == first_done && !busy, "it does not stand still");
    step = 1;
    @(negedge clk);
    step = 0;
    repeat ({step_clocks}) @(negedge clk);
    check(done == first_done + 1 && !busy, "a single step is not one");
    train;
    check(done == first_done && clocks == first_clocks, "a new start takes other clocks");
    check(^signature !== 1'bx, "updates are unknown");
    check(signature == first_signature, "a new start gives other updates");
{first_checks}
    if (!failed) begin
      $display("{top}: %0d steps in %0d clocks, twice the same; D was not 0 in %0d", done, clocks, moved);
      $display("{top}: signature %h, flags %b{solved_format}", signature, flags{solved});
      $finish;
    end
  end
endmodule
"""

#: Random bits of a stream: from the same state at each start, the next state with each word that is taken.
_STREAM = """\
    if (start) {bits} <= 32'h2545f491;
    else if ({stream}__ready)
      {bits} <= {{{bits}[30:0], {bits}[31] ^ {bits}[21] ^ {bits}[1] ^ {bits}[0]}};
"""


#: Where inputs come one by one, the top bit of a word is high with the first one of a sample.
_PLACE = """\
    if (start) {stream}__place <= 0;
    else if ({stream}__ready) {stream}__place <= {stream}__place == {last} ? 0 : {stream}__place + 1;
"""

#: Streams that training needs.
_FED = ("i_sample", "i_input", "i_code")


def testbench(
    config: TrainerConfig,
    top: str,
    ports: Sequence[Mapping[str, Any]],
    states: Sequence[Mapping[str, Any]],
) -> str:
    """Verilog of a module around the trainer, the module ``top`` with these ports and states, which
    :mod:`mgd_hdl.emit` lists.
    """
    inputs = [port for port in ports if port["direction"] == "input"]
    outputs = [port["name"] for port in ports if port["direction"] == "output"]
    payloads = {port["name"]: port["width"] for port in inputs if port["name"].endswith("__payload")}
    streams = [name.removesuffix("__payload") for name in payloads]
    fed = {f"{stream}__{part}" for stream in streams for part in ("payload", "valid")}
    values = {**config.registers().__dict__, "clock_enable": 1}
    if config.outside:
        fed |= {port["name"] for port in inputs if "_axis_" in port["name"]}
    held = [port["name"] for port in inputs if port["name"] not in {"clk", *fed}]
    declarations, connections = [], []
    for port in ports:
        name, width = port["name"], port["width"]
        span = f"[{width - 1}:0] " if width > 1 else ""
        kind = "reg" if port["direction"] == "input" and name not in fed else "wire"
        declarations.append(f"  {kind} {span}{name};")
        connections.append(f"    .{name}({name})")
    moves = []
    for stream in streams:
        bits = payloads[f"{stream}__payload"] - (stream == "i_input")
        random = f"{{{ceil(bits / 32)}{{{stream}__bits}}}}"
        declarations.append(f"  reg [31:0] {stream}__bits = 32'h2545f491;")
        moves.append(_STREAM.format(stream=stream, bits=f"{stream}__bits"))
        if stream == "i_input":
            declarations += [
                f"  integer {stream}__place = 0;",
                f"  wire [{bits - 1}:0] {stream}__low = {random};",
            ]
            random = f"{{{stream}__place == 0, {stream}__low}}"
            moves.append(_PLACE.format(stream=stream, last=config.inputs - 1))
        declarations += [
            f"  assign {stream}__payload = {random};",
            # Nobody is at a door, where training would have to wait.
            f"  assign {stream}__valid = 1'b{int(stream in _FED)};",
        ]
    if config.outside:
        declarations += _device(config, inputs)
    update = next(state for state in states if state["name"] == "update")
    seen = [name for name in ("flags", "solved", "judged_count", "right_count") if name in outputs]
    widths = {port["name"]: port["width"] for port in ports}
    solved = [name for name in seen if name != "flags"]
    clocks = ceil(config.timing.clocks_per_step)
    sign = f"{{{32 - update['width']}{{dut.{update['path']}[{update['width'] - 1}]}}}}"
    text = _TESTBENCH.format(
        bench=module_name(config.name, "tb"),
        top=top,
        default=STEPS,
        declarations="\n".join(declarations),
        connections=",\n".join(connections),
        strobe=update["strobe"],
        path=update["path"],
        word=f"{{{sign}, dut.{update['path']}}}" if update["width"] < 32 else f"dut.{update['path']}",
        outputs=", ".join(outputs),
        streams="".join(moves),
        values="\n".join(f"    {name} = {values.get(name, 0)};" for name in held),
        start_clocks=8 * config.parameters + 1000,
        step_clocks=4 * clocks + 1000 + 64 * config.outside * (config.parameters + 100),
        first_declarations="\n".join(f"  reg [{widths[name] - 1}:0] first_{name};" for name in seen),
        first_values="\n".join(f"    first_{name} = {name};" for name in seen),
        first_checks="\n".join(
            f'    check({name} == first_{name}, "a new start gives another {name}");' for name in seen
        ),
        solved_format="".join(f", {name} %0d" for name in solved),
        solved="".join(f", {name}" for name in solved),
    )
    return text


def _device(config: TrainerConfig, inputs: Sequence[Mapping[str, Any]]) -> list[str]:
    """A device that is always ready and answers in the next clock: with what is legal, and other low bits
    each time, the same ones after each start.
    """
    converters = config.converters
    channels, bits = converters.channels, converters.reading_bits
    middle = sum(converters.legal) >> 1
    room = converters.legal[1] - middle
    if config.device.spread:
        room = min(room, converters.spread)
    middle &= (1 << bits) - 1
    if converters.back is not None:  # the code of about the middle of what is legal
        gain = converters.back.gains[0] / 2.0**converters.back.shift
        code = round((sum(converters.legal) / 2) / gain) + converters.back.offsets[0]
        code = min(max(code, converters.back.low), converters.back.high)
        middle = code - converters.back.low if converters.back.offset_binary else code & ((1 << bits) - 1)
        room = max(0, min(round(room / abs(gain)), 1 << bits - 2))
    mask = (1 << max(0, room.bit_length() - 1)) - 1
    row = ", ".join(
        f"{bits}'d{middle} ^ (device__bits[{8 * (k % 3)} +: {min(bits, 8)}] & {bits}'d{mask})"
        for k in reversed(range(channels))
    )
    found = [
        "  reg [31:0] device__bits = 32'h2545f491;",
        "  reg device__answers = 0; reg [3:0] device__tid = 0;",
        f"  reg [{channels * bits - 1}:0] device__row = 0;",
        "  always @(posedge clk) begin",
        "    device__answers <= m_axis_inputs_tvalid && !rst;",
        "    device__tid <= m_axis_inputs_tid;",
        f"    device__row <= {{{row}}};",
        "    if (start) device__bits <= 32'h2545f491;",
        "    else if (m_axis_inputs_tvalid)",
        "      device__bits <= {device__bits[30:0],"
        " device__bits[31] ^ device__bits[21] ^ device__bits[1] ^ device__bits[0]};",
        "  end",
    ]
    found += [f"  assign {port['name']} = 1;" for port in inputs if port["name"].endswith("_tready")]
    for name, data in (("s_axis_readings", "device__row"), ("s_axis_second", "device__bits[3:0]")):
        if any(port["name"] == f"{name}_tdata" for port in inputs):
            found += [
                f"  assign {name}_tvalid = device__answers;",
                f"  assign {name}_tid = device__tid;",
                f"  assign {name}_tdata = {data};",
            ]
    return [*found, "  assign s_axis_readings_tuser = 0;"]


def _quoted(names: Iterable[str]) -> str:
    """A list of YAML whose items are text, whatever they look like: JSON is a part of YAML."""
    return json.dumps(list(names))


def core_file(config: TrainerConfig, data: Iterable[str], read: Iterable[str] = ()) -> str:
    """The core of a trainer whose other files, beside Verilog and waivers, are ``data``; of these the Verilog
    reads ``read``.

    Targets: ``default``, the Verilog; ``lint`` by Verilator; ``sim``, the testbench under Icarus.
    """
    name = config.name
    quoted = json.dumps
    images = list(read)
    others = [file for file in data if file not in images]
    # $readmemh looks in the folder where a simulator runs.
    copies = json.dumps([{image: {"copyto": image}} for image in images])
    memories = f"  memories:\n    files: {copies}\n    file_type: user\n" if images else ""
    with_memories = ", memories" if images else ""
    return (
        "CAPI=2:\n"
        f"name: {quoted(f'mgd_hdl:trainer:{name}:0')}\n"
        f"description: {quoted(f'On-chip MGD trainer with {config.parameters} parameters')}\n"
        "filesets:\n"
        "  rtl:\n"
        f"    files: {_quoted([f'{name}.v'])}\n"
        "    file_type: verilogSource\n"
        "  waivers:\n"
        f"    files: {_quoted([f'{name}.vlt'])}\n"
        "    file_type: vlt\n"
        "  testbench:\n"
        f"    files: {_quoted([f'{name}.tb.v'])}\n"
        "    file_type: verilogSource\n"
        "  data:\n"
        f"    files: {_quoted(others)}\n"
        "    file_type: user\n"
        f"{memories}"
        "targets:\n"
        "  default:\n"
        f"    filesets: [rtl{with_memories}]\n"
        f"    toplevel: {quoted(name)}\n"
        "  lint:\n"
        "    description: Verilator, every warning\n"
        f"    filesets: [waivers, rtl{with_memories}]\n"
        f"    toplevel: {quoted(name)}\n"
        "    flow: lint\n"
        "    flow_options: {tool: verilator, verilator_options: [-Wall]}\n"
        "  sim:\n"
        "    description: Trains for some steps under Icarus and checks that a new start repeats them\n"
        f"    filesets: [rtl, testbench{with_memories}]\n"
        f"    toplevel: {quoted(module_name(name, 'tb'))}\n"
        "    flow: sim\n"
        "    flow_options: {tool: icarus, iverilog_options: [-g2012]}\n"
        "    parameters: [steps]\n"
        "parameters:\n"
        "  steps:\n"
        "    datatype: int\n"
        f"    description: Steps of each of the two runs, {STEPS} unless given\n"
        "    paramtype: plusarg\n"
    )
