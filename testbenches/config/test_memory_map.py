"""The memory map: addresses that stay, fields that fit, and a hash that tells configurations apart."""

from __future__ import annotations

import hashlib
from itertools import pairwise

import pytest

from mgd_hdl.config import REGISTERS, ConfigError, TrainerConfig, load, memory_map, preset
from mgd_hdl.config.memory_map import (
    ADDRESS_BITS,
    CONTROLS,
    FLAG_BITS,
    INTERRUPTS,
    STATUS_BITS,
    configuration_hash,
)
from mgd_hdl.config.ports import DEVICE_FAULTS
from testbenches.catalogue import CATALOGUE, EXAMPLES, configuration

XOR = preset("xor")

#: An interface: what stands here never changes, and what is new stands behind it.
ADDRESSES = {
    "id": 0x000,
    "version": 0x004,
    "hash_low": 0x008,
    "hash_high": 0x00C,
    "scratch": 0x010,
    "parameters": 0x014,
    "shape": 0x018,
    "windows": 0x01C,
    "control": 0x040,
    "status": 0x044,
    "flags": 0x048,
    "interrupts": 0x04C,
    "interrupt_enable": 0x050,
    "steps_left": 0x054,
    "device_faults": 0x058,
    "steps_low": 0x080,
    "steps_high": 0x084,
    "samples": 0x088,
    "judged_count": 0x08C,
    "right_count": 0x090,
    "tries": 0x094,
    "cost": 0x098,
    "cost_high": 0x09C,
    "baseline": 0x0A0,
    "baseline_high": 0x0A4,
    "asked_count": 0x0A8,
    "taken_count": 0x0AC,
    "dropped_count": 0x0B0,
    "tau_x": 0x100,
    "tau_p": 0x104,
    "tau_theta": 0x108,
    "tau_layer": 0x10C,
    "learning_shift": 0x110,
    "last_shift": 0x114,
    "anneal_every": 0x118,
    "halve_every": 0x11C,
    "high_pass": 0x120,
    "change_limit": 0x124,
    "change_gate": 0x128,
    "cost_noise": 0x12C,
    "update_noise": 0x130,
    "weight_decay": 0x134,
    "device_settle": 0x138,
    "device_pause": 0x13C,
    "device_time_out": 0x140,
    "device_average": 0x144,
    "device_repeats": 0x148,
    "device_give_up": 0x14C,
    "device_low": 0x150,
    "device_high": 0x154,
    "device_spread": 0x158,
    "device_stuck": 0x15C,
    "device_second": 0x160,
    "seed_code": 0x180,
    "seed_sample": 0x184,
    "seed_initial": 0x188,
    "seed_dither": 0x18C,
    "seed_cost_noise": 0x190,
    "seed_update_noise": 0x194,
    "seed_noise_code": 0x198,
    "seed_sparse": 0x19C,
    "seed_decay": 0x1A0,
    "parameter_index": 0x200,
    "parameter_data": 0x204,
    "sample_place": 0x240,
    "sample_data": 0x244,
    "input_place": 0x280,
    "input_data": 0x284,
    "output_place": 0x288,
    "output_data": 0x28C,
}
#: Bits of words that have one bit for each thing, lowest first.
BITS = {
    "control": {"start": 0, "run": 1, "stop": 2, "step": 3, "clear_counts": 4, "go_on": 5},
    "status": {
        "busy": 0,
        "running": 1,
        "solved": 2,
        "pending": 3,
        "parameter_ready": 4,
        "sample_ready": 5,
        "input_ready": 6,
        "resting": 7,
    },
    "interrupts": {"solved": 0, "done": 1, "fault": 2, "device_fault": 3, "resting": 4},
    "flags": {
        "cost_change_saturated": 0,
        "hold_saturated": 1,
        "update_saturated": 2,
        "unmapped": 8,
        "read_only": 9,
        "unaligned": 10,
        "partial": 11,
        "illegal": 12,
        "not_ready": 13,
        "in_reset": 14,
        "bad_byte": 16,
        "bad_frame": 17,
    },
    "device_faults": {
        "not_ready": 0,
        "no_answer": 1,
        "refused": 2,
        "out_of_range": 3,
        "glitch": 4,
        "stuck": 5,
        "parameters_clipped": 6,
        "readings_clipped": 7,
    },
}
#: What only a circuit for a device outside has.
OF_LOOPS = {"go_on", "resting", "device_fault"}
LOOP = XOR.replaced(device={"kind": "outside"}, host={"bus": "uart"})
WIDE = XOR.replaced(
    formats={"cost_change": "SQ(2, 25)", "parameter": "SQ(3, 25)"},
    network={"activation": ["sigmoid", "linear"]},
    cost={"loss": "squared_error"},
)


def addresses(config: TrainerConfig) -> dict[str, int]:
    return {register.name: register.address for register in memory_map(config)}


@pytest.mark.parametrize("name", CATALOGUE)
def test_addresses_never_move(name):
    assert addresses(configuration(name)).items() <= ADDRESSES.items()


def test_addresses_of_a_loop_never_move():
    found = addresses(LOOP)
    assert found.items() <= ADDRESSES.items()
    more = {"device_faults", "asked_count", "taken_count", "dropped_count"}
    knobs = {"settle", "pause", "time_out", "average", "repeats", "give_up"}
    assert found.keys() - addresses(XOR).keys() == more | {f"device_{knob}" for knob in knobs}


def test_every_register_of_the_trainer_has_an_address():
    assert {register.name for register in REGISTERS} <= ADDRESSES.keys()
    assert len(set(ADDRESSES.values())) == len(ADDRESSES)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_registers_are_sound(path):
    config = load(path)
    found = memory_map(config)
    registers = list(found)
    assert all(low.address < high.address for low, high in pairwise(registers))
    for register in registers:
        assert register.address % 4 == 0
        assert register.address < 1 << ADDRESS_BITS
        assert found[register.name] is found.at(register.address) is register
        assert register.meaning.endswith(".")
        ends = [(field.low, field.low + field.width) for field in register.fields]
        assert all(end <= low for (_, end), (low, _) in pairwise(ends))
        assert register.reset & ~register.mask == 0
        assert register.mask < 1 << 32
    assert found.at(0xFFC) is None
    assert "tau_y" not in found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_knobs_are_the_run_time_registers(path):
    """With the values and limits that ``NAME.parameters.json`` has, which come from elsewhere."""
    config = load(path)
    knobs = {register.name: register for register in memory_map(config).knobs}
    assert {
        name: {"value": knob.reset, "least": knob.legal[0], "most": knob.legal[-1]}
        | ({"rule": knob.rule} if knob.rule else {})
        for name, knob in knobs.items()
    } == config.legal_registers


@pytest.mark.parametrize("name", BITS)
def test_bits_never_move(name):
    found = memory_map(LOOP)[name]
    assert {field.name: field.low for field in found.fields} == BITS[name]
    assert {field.name: found.bit(field.name) for field in found.fields} == {
        bit: 1 << low for bit, low in BITS[name].items()
    }


def test_bits_without_a_loop_are_the_same():
    found = memory_map(XOR.replaced(host={"bus": "uart"}))
    for name in BITS.keys() - {"device_faults"}:
        there = {field.name: field.low for field in found[name].fields}
        assert there == {bit: low for bit, low in BITS[name].items() if bit not in OF_LOOPS}, name


def test_tables_of_bits_are_those_of_the_registers():
    assert BITS["flags"] == FLAG_BITS
    assert list(BITS["device_faults"]) == list(DEVICE_FAULTS)
    for name, table in (("control", CONTROLS), ("status", STATUS_BITS), ("interrupts", INTERRUPTS)):
        assert list(table) == list(BITS[name])


def test_line_flags_are_there_with_a_line():
    names = {field.name for field in memory_map(XOR)["flags"].fields}
    assert BITS["flags"].keys() - names == {"bad_byte", "bad_frame"}


def test_a_wide_cost_has_two_words():
    assert WIDE.words.measured.width > 32
    found = memory_map(WIDE)
    assert found["cost_high"].width == WIDE.words.measured.width - 32
    assert "cost_high" not in memory_map(XOR)


def test_signs():
    noisy = memory_map(XOR.replaced(imperfections={"cost_noise": 0.125}))
    assert noisy["cost"].value(0xFFFF_FFFE) == -2
    assert memory_map(XOR)["cost"].value(0xFFFF_FFFE) == 0xFFFF_FFFE


# ---- identification ------------------------------------------------------------------------------


def test_identification_reads_as_letters():
    assert memory_map(XOR)["id"].reset.to_bytes(4, "little") == b"MGD1"


def test_hash_is_of_what_was_asked_for():
    """An interface: a circuit of today is known tomorrow. Keys stand in their order."""
    text = '{"name":"tiny","network":{"layers":[2,2,1]},"seed":7}'
    config = TrainerConfig.build({"name": "tiny", "seed": 7, "network": {"layers": [2, 2, 1]}})
    assert configuration_hash(config).to_bytes(8, "little") == hashlib.sha256(text.encode()).digest()[:8]


def test_hash_tells_trainers_apart():
    found = {configuration_hash(configuration(name)) for name in CATALOGUE}
    assert len(found) == len({configuration(name).model_dump_json(exclude={"host"}) for name in CATALOGUE})


def test_hash_does_not_know_the_bus():
    assert configuration_hash(XOR.replaced(host={"bus": "uart"})) == configuration_hash(XOR)
    assert configuration_hash(XOR.replaced(seed=XOR.seed + 1)) != configuration_hash(XOR)


def test_hash_knows_files_by_their_content(tmp_path):
    """Wherever they lie; another row, and it is another circuit."""
    task, rows = {"name": "file", "target": "y"}, "a,b,y\n0,0,0\n0,1,1\n1,0,1\n1,1,0\n"
    found = []
    for name, text in (("one", rows), ("two", rows), ("three", rows + "1,1,1\n")):
        path = tmp_path / name / "rows.csv"
        path.parent.mkdir()
        path.write_text(text)
        document = {"name": "tiny", "network": {"layers": [2, 2, 1]}, "task": {**task, "file": str(path)}}
        found.append(configuration_hash(TrainerConfig.build(document)))
    assert found[0] == found[1] != found[2]


def test_hash_stands_in_two_registers():
    found = memory_map(XOR)
    assert found["hash_high"].reset << 32 | found["hash_low"].reset == configuration_hash(XOR)


# ---- the section [host] --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ({"bus": "spi"}, "host.bus"),
        ({"pipelined": True}, 'host.pipelined = true: needs host.bus = "wishbone"'),
        ({"bus": "uart", "baud": 5_000_000}, "must be at most clock_hz / 8"),
        ({"bus": "uart", "clock_hz": 1_000_000_000, "baud": 300}, "more than clock_hz / 1,048,576"),
        ({"bus": "uart", "clock_hz": 12_000_000, "baud": 1_280_000}, "within 2% of clock_hz / n"),
        ({"reset": "low"}, "host.reset"),
    ],
)
def test_what_does_not_fit_is_refused(host, message):
    with pytest.raises(ConfigError) as caught:
        XOR.replaced(host=host)
    (problem,) = caught.value.problems
    assert message in str(problem)


def test_rates_of_serial_lines():
    assert XOR.replaced(host={"bus": "uart"}).bit_clocks == 104  # 12 MHz / 115,200 = 104.2
    XOR.replaced(host={"baud": 5_000_000})  # there is no line
