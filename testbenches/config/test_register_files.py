"""The memory map in files of others, read by tools of others: does each say what the map says?"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from mgd_hdl.config import MemoryMap, memory_map, preset
from mgd_hdl.register_files import register_files

XOR = preset("xor")
MAPS = {
    "plain": memory_map(XOR),
    "much": memory_map(
        XOR.replaced(
            name="Host_2",
            task={"source": "stream", "accuracy": True},
            judge={"kind": "window"},
            network={"activation": ["sigmoid", "linear"], "inference": "yes"},
            formats={"cost_change": "SQ(2, 25)", "parameter": "SQ(3, 25)"},
            imperfections={"cost_noise": 0.125},
            host={"bus": "uart"},
        )
    ),
    "a device outside": memory_map(XOR.replaced(device={"kind": "outside"})),
}
each_map = pytest.mark.parametrize("registers", MAPS.values(), ids=MAPS)

#: A register: where, whether it is read and written, and for each field its place.
Said = dict[str, tuple[int, bool, bool, dict[str, tuple[int, int]]]]


def said_by(registers: MemoryMap) -> Said:
    return {
        register.name: (
            register.address,
            register.readable,
            register.writable,
            {field.name: (field.low, field.width) for field in register.fields},
        )
        for register in registers
    }


def written(registers: MemoryMap, end: str, folder: Path) -> Path:
    (name,) = (name for name in register_files(registers) if name.endswith(end))
    path = folder / name
    path.write_text(register_files(registers)[name], "utf-8")
    return path


def _walked(node: Any) -> Said:
    """What systemrdl-compiler has understood of an address map."""
    found: Said = {}
    for register in node.registers(unroll=True):
        fields = list(register.fields())
        found[register.inst_name] = (
            register.absolute_address,
            any(field.is_sw_readable for field in fields),
            any(field.is_sw_writable for field in fields),
            {field.inst_name: (field.low, field.width) for field in fields},
        )
    return found


@each_map
def test_system_rdl(registers, tmp_path):
    systemrdl = pytest.importorskip("systemrdl", reason="the parser is in the extra `dev`")
    compiler = systemrdl.RDLCompiler()
    compiler.compile_file(str(written(registers, ".rdl", tmp_path)))
    top = compiler.elaborate().top
    assert top.inst_name == registers.name
    assert _walked(top) == said_by(registers)
    for register in top.registers():
        wanted = registers[register.inst_name]
        resets = {field.low: field.get_property("reset") for field in register.fields()}
        assert sum(value << low for low, value in resets.items()) == wanted.reset
        assert {field.is_hw_writable for field in register.fields()} == {wanted.volatile}
        clears = {field.get_property("onwrite") for field in register.fields()}
        assert clears == {systemrdl.rdltypes.OnWriteType.woclr if wanted.access == "w1c" else None}


@each_map
def test_ip_xact(registers, tmp_path):
    """By the importer of PeakRDL, which makes SystemRDL of it."""
    systemrdl = pytest.importorskip("systemrdl", reason="the parser is in the extra `dev`")
    importer = pytest.importorskip("peakrdl_ipxact.importer", reason="the parser is in the extra `dev`")
    compiler = systemrdl.RDLCompiler()
    importer.IPXACTImporter(compiler).import_file(str(written(registers, ".ipxact.xml", tmp_path)))
    top = compiler.elaborate().top
    (block,) = top.children() if not list(top.registers()) else (top,)
    assert _walked(block) == said_by(registers)
    for register in block.registers():
        resets = {field.low: field.get_property("reset") for field in register.fields()}
        wanted = registers[register.inst_name]
        assert sum(value << low for low, value in resets.items()) == wanted.reset
        # To it the hardware writes all that is only read, and else what is volatile.
        moved = wanted.volatile or wanted.access == "ro"
        assert {field.is_hw_writable for field in register.fields()} == {moved}


@each_map
def test_svd(registers, tmp_path):
    cmsis_svd = pytest.importorskip("cmsis_svd", reason="the parser is in the extra `dev`")
    parser = cmsis_svd.SVDParser.for_xml_file(str(written(registers, ".svd", tmp_path)))
    device = parser.get_device()
    assert device.name == registers.name
    (peripheral,) = device.peripherals
    found = {}
    for register in peripheral.registers:
        access = register.access.value
        fields = {field.name: (field.bit_offset, field.bit_width) for field in register.fields}
        found[register.name] = (
            peripheral.base_address + register.address_offset,
            "read" in access,
            "write" in access,
            fields,
        )
        assert register.reset_value == registers[register.name].reset
        assert register.size == 32
        acts = None if register.read_action is None else register.read_action.value
        assert acts == ("modifyExternal" if registers[register.name].read_acts else None)
    assert found == said_by(registers)


def _literal(value: int) -> str:
    return f"{value}" if value < 0 else f"{value}u" if value < 1 << 32 else f"{value}ull"


@each_map
def test_c_header(registers, tmp_path):
    """A compiler of C evaluates every macro, with all its warnings."""
    header = written(registers, ".h", tmp_path)
    prefix = registers.name.upper()
    values = {"IDENTIFICATION": 0x3144474D}
    for register in registers:
        name = register.name.upper()
        values |= {name: register.address, f"{name}_RESET": register.reset}
        if register.legal is not None:
            values |= {f"{name}_LEAST": register.legal[0], f"{name}_MOST": register.legal[-1]}
        if len(register.fields) > 1:
            values |= {f"{name}_{field.name.upper()}": register.bit(field.name) for field in register.fields}
    values["HASH"] = registers["hash_high"].reset << 32 | registers["hash_low"].reset
    checks = "\n".join(
        f'_Static_assert({prefix}_{name} == {_literal(value)}, "{name}");' for name, value in values.items()
    )
    source = tmp_path / "all.c"
    source.write_text(
        f'#include "{header.name}"\n#include "{header.name}"\n{checks}\n'
        f"uint32_t id(void *at) {{ return {prefix}_REGISTER(at, {prefix}_ID); }}\n",
        "utf-8",
    )
    command = [
        "gcc",
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-pedantic",
        "-c",
        source,
        "-o",
        tmp_path / "o",
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


@each_map
def test_page(registers):
    text = register_files(registers)[f"{registers.name}.registers.md"]
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| 0x")]
    assert [(row[0], row[1], row[2]) for row in rows] == [
        (f"| 0x{each.address:03X}", f"`{each.name}`", each.access) for each in registers
    ]
    assert "**A read keeps the high half of the same moment in steps_high.**" in text


def test_equal_maps_give_equal_files():
    assert register_files(memory_map(XOR)) == register_files(memory_map(XOR))
