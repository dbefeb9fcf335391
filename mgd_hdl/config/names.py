"""Names that reach Verilog: what modules are called, and what a trainer may be called.

A trainer's name is that of its top module. All its other modules are behind it and two underscores, which no
trainer's name holds, so no two trainers in one circuit have a module in common.
"""

from __future__ import annotations

import re

from .reserved import RESERVED_WORDS

__all__ = ["SEPARATOR", "SIGNALS", "check_name", "module_name", "numbered", "renamed"]

#: Between the name of a design and that of a block.
SEPARATOR = "__"

#: Ports and wires of a trainer's top module beside its registers, whatever its options. A module and a signal
#: in it may have one name, but the signal hides the module, which neither lint nor Verilator's C++ takes.
SIGNALS = (
    *("clk", "rst", "start", "run", "step", "clear_flags", "clear_counts", "started"),
    *("busy", "step_done", "flags", "solved", "tries", "judged_count", "right_count"),
    *("step_begins", "sample_taken", "last_cost", "last_baseline", "rst_n", "async_rst", "async_rst_n"),
    *("clock_enable", "irq", "bank", "bus", "uart", "frames"),
    *("go_on", "resting", "device_faults", "asked_count", "taken_count", "dropped_count"),
    *(f"m_axis_parameters_{end}" for end in ("tdata", "tid", "tlast", "tvalid", "tready")),
    *(
        f"{stream}_{end}"
        for stream in ("m_axis_codes", "m_axis_inputs", "s_axis_readings", "s_axis_second")
        for end in ("tdata", "tid", "tvalid", "tready")
    ),
    "s_axis_readings_tuser",
    *(f"{bus}_{wire}" for bus in ("dac", "adc") for wire in ("sclk", "mosi", "cs_n")),
    *("dac", "adc", "dac_ldac_n", "adc_miso"),
)


def module_name(design: str, block: str) -> str:
    """The module of a block in a design; names of blocks begin with a letter."""
    return f"{design}{SEPARATOR}{block}"


def check_name(name: str) -> str:
    """The name of a trainer, as it is; raises ValueError with what is allowed."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", name) or SEPARATOR in name:
        raise ValueError("must be a letter, then up to 62 letters, digits or single underscores")
    if name.lower() in RESERVED_WORDS:
        raise ValueError("is a word of Verilog, SystemVerilog or VHDL")
    if name == name.upper():
        # LUT4, SB_DFF, DSP48E1; TOP of Verilator; NULL and EOF of C.
        raise ValueError("must have a lower-case letter: capitals alone name cells of devices")
    return name


def renamed(verilog: str, top: str, name: str) -> str:
    """A Verilog text whose module ``top``, which none of its modules places, is called ``name``."""
    text, places = re.subn(rf"(?m)^(\s*module\s+){top}\b", rf"\g<1>{name}", verilog)
    if places != 1:
        raise ValueError(f"{places} modules {top} instead of one")
    return text


def numbered(name: str, layer: int) -> str:
    """What there is of a name in each layer: the first one bears the name alone."""
    return f"{name}_{layer}" if layer else name
