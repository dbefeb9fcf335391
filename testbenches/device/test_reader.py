"""The reader: numbers and codes, one channel and several, with each check."""

from __future__ import annotations

import numpy as np
import pytest

from mgd_hdl.config import preset
from mgd_hdl.device.reader import Reader
from mgd_hdl.emit import verilog
from mgd_hdl.host.outside import OutsideDevices
from mgd_sim.converters import In
from mgd_sim.device.reader import Reader as Twin
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.device.bench_reader"
ADC = {"adc_bits": 8, "adc_gain": 0.75, "adc_offset": 0.125}


def outside(outputs: int = 1, **device):
    base = preset("xor")
    if outputs == 1:
        return base.replaced(device={"kind": "outside", **device})
    return preset("nist7x7").replaced(
        network={"layers": [49, outputs], "initial": 0.5},
        device={"kind": "outside", "parameters": [20], **device},
    )


#: Configurations, and what their registers say; legal ranges are counted from the lowest reading.
CASES = {
    "numbers": (outside(), {}),
    "a cost": (outside(gives="cost", legal=[0.0, 3.0]), {"low": 3, "high": 40_000}),
    "numbers, all checks": (
        outside(legal=[0.0, 0.9], spread=0.01, stuck=2),
        {"low": 20, "high": 900, "spread": 3, "stuck": 2},
    ),
    "codes": (outside(**ADC), {}),
    "codes, four channels, all checks": (
        # From 0 to 1020, so that four codes at random are mostly legal.
        outside(
            4,
            adc_bits=8,
            adc_gain=0.5,
            adc_offset=-1.0,
            adc_coding="twos_complement",
            legal=[0.0, 0.9],
            spread=0.01,
            stuck=1,
        ),
        {"low": 0, "high": 1000, "spread": 16, "stuck": 1},
    ),
    "a gain and an offset for each": (
        outside(4, adc_bits=10, adc_gain=[1.0, -1.5, 0.25, 2.0], adc_offset=[-0.5, 0.5, 0.0, 0.25]),
        {},
    ),
    "few bits of many": (outside(adc_bits=4, adc_gain=8.0), {}),
}


@pytest.mark.parametrize("name", CASES)
def test_reader(name, tmp_path):
    config, limits = CASES[name]
    run(verilog(Reader(config), "dut"), BENCH, tmp_path, config, limits=limits)


@mutations(
    ("the sum goes on", r"first_kept \? 20'h00000 : total_0", "total_0"),
    ("one shift too few", r"ends \? average", "ends ? (average - 4'h1)"),
    ("done too early", r"else done <= _\d+_;", "else done <= ends;"),
    ("stuck at once", r"same_count >= stuck_after", "1'h1"),
    ("a legal range without its top", r"> \$signed\(\{ 1'h0, high \}\)", "> 11'sh3ff"),
    ("any spread", r"> \$signed\(\{ 1'h0, spread \}\)", "> 11'sh3ff"),
    ("a repeat counts", r"has_ended & _\d+_;", "has_ended;"),
    ("what is out of range is the same", r"known <= _\d+_", "known <= 1'h1"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    config, limits = CASES["numbers, all checks"]
    text = verilog(Reader(config), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, config, limits=limits)


@pytest.mark.parametrize("shift", [0, 2])
@pytest.mark.parametrize("name", ["codes", "a gain and an offset for each", "few bits of many"])
def test_the_twin_is_what_the_software_loop_does(name, shift):
    config, _ = CASES[name]
    rng = np.random.default_rng(5)
    raw = rng.integers(0, 1 << config.device.adc_bits, (200, 1 << shift, config.converters.channels))
    wanted, _ = In(config, average_shift=shift)(raw)
    twin = Twin(config, shift)
    assert [twin(each)[0].tolist() for each in raw] == wanted.tolist()


class Few:
    """Reads numbers of which there are few, so that many are the same, or none; keeps them try by try."""

    def __init__(self, config):
        self.numbers, self.rng, self.tries = config.converters.channels, np.random.default_rng(7), []
        self.codes = config.converters.back is not None
        self.step = 1 if self.codes else config.converters.reading.step

    def write(self, parameters):
        self.tries.append([])

    def read(self, inputs):
        middle, end = (128, 255) if self.codes else (500, 1023)
        found = middle + self.rng.integers(0, 2, self.numbers) * 16 * (self.rng.random() < 0.3)
        found = np.where(self.rng.random() < 0.05, end, found)
        if self.rng.random() < 0.05:
            raise OSError
        self.tries[-1].append(found)
        return found * self.step


@pytest.mark.parametrize("average", [1, 2])
@pytest.mark.parametrize("name", ["numbers, all checks", "codes, four channels, all checks"])
def test_the_software_loop_checks_as_the_twin_does(name, average):
    """Repeats among them: the same kinds of faults in the same tries, and equal readings counted alike."""
    config = CASES[name][0].replaced(
        device={"average": average, "stuck": 3, "repeats": 2, "adc_coding": "offset_binary"}
    )
    registers = config.registers()
    device = Few(config)
    outside = OutsideDevices([device], config, 1, vectorised=False)
    twin = Twin(
        config,
        config.converters.average_shift,
        low=registers.device_low,
        high=registers.device_high,
        spread=registers.device_spread,
        stuck=registers.device_stuck,
    )
    names = {
        "": "",
        "out_of_range": "out of range",
        "glitch": "glitch",
        "stuck": "stuck",
        "exception": "exception",
    }
    seen = dict.fromkeys(names.values(), 0)
    weight, x = np.zeros((1, 1, config.parameters), dtype=np.int64), np.zeros((1, config.inputs))
    for _ in range(400):
        before, device.tries = {kind: int(count[0]) for kind, count in outside.faults.items()}, []
        found = outside(weight, x)
        kinds, wanted = [], None
        for number, readings in enumerate(device.tries):
            wanted, kind = None, "exception"
            if len(readings) == average:
                wanted, kind = twin(np.array(readings), again=number > 0)
            kinds.append(names[kind])
        assert len(kinds) == 3 or kinds[-1] == ""
        assert "" not in kinds[:-1]
        for kind in kinds:
            seen[kind] += 1
        after = {kind: int(count[0]) - before[kind] for kind, count in outside.faults.items()}
        assert after == {kind: kinds.count(kind) for kind in after}
        assert (found.valid is None) == (kinds[-1] == "")
        if wanted is not None:
            assert found.values[0, 0].tolist() == wanted.tolist()
    assert min(count for kind, count in seen.items() if kind != "glitch" or average > 1) > 5, seen


def test_the_twin_by_hand():
    config, _ = CASES["codes"]
    # (128 + 64 + 16 - 128 - 16) * 0.75 / 128 = 0.375, and with the next code half a step more.
    step = config.converters.reading.step
    assert Twin(config, 0)(np.array([[208]]))[0][0] * step == 0.375
    assert Twin(config, 1)(np.array([[208], [209]]))[0][0] == np.floor(0.375 / step + 0.5 * 0.75 / 128 / step)
