"""Does a report say the same as JSON and as a page, and are its times the right ones?"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import pytest

from mgd_hdl.config import preset
from mgd_synth import estimate
from mgd_synth.process import SynthError
from mgd_synth.report import CriticalPath, Report, Resource, Segment, Solution, device_notes

REPORT = Report(
    design="toy",
    target="ice40-up5k",
    title="A small device",
    parameters=4,
    tools=("yosys 1", "nextpnr 2"),
    options={"seed": 7},
    resources=(
        Resource.of("logic cells", {"update": 10, "array.cell": 72, "harness": 18}, 200),
        Resource.of("DSP", {"update": 0.5}, 8),
        Resource.of("BRAM", {}, 30),
    ),
    clocks_per_step=Fraction(25, 2),
    kinds={"SB_LUT4": 1234},
    fmax=50.0,
    path=CriticalPath((Segment("update", 12.5, 2.5), Segment("array.cell", 1.0, 4.0))),
    notes=("One note.",),
    solution=Solution(goal="accuracy 100%", seeds=15, solved=8, steps=9_000, median=8_000.0),
)


def test_harness_is_beside_everything():
    cells = REPORT.resources[0]
    assert (cells.used, cells.harness, dict(cells.blocks)) == (82, 18, {"array.cell": 72, "update": 10})


def test_rates_and_times():
    """50 MHz at 12.5 clocks are four million steps a second; 8,000 steps take two milliseconds."""
    assert REPORT.path is not None
    assert REPORT.path.delay == 20.0
    assert REPORT.steps_per_second == 4e6
    assert REPORT.seconds_to_solution == pytest.approx(2e-3)


def test_json():
    found = json.loads(json.dumps(REPORT.as_json()))
    assert found["resources"]["logic cells"] == {
        "used": 82,
        "per_parameter": 20.5,
        "available": 200,
        "harness": 18,
        "unit": "",
        "blocks": {"array.cell": 72, "update": 10},
    }
    assert found["fmax"] == 50e6
    assert found["clocks_per_step"] == 12.5
    assert found["steps_per_second"] == 4e6
    assert found["critical_path"]["nanoseconds"] == 20.0
    assert found["critical_path"]["segments"][1] == {"block": "array.cell", "logic": 1.0, "wires": 4.0}
    assert found["kinds"] == {"SB_LUT4": 1234}
    # Two inferences a step, of 1 ms, 10 ns and 200 ps.
    assert found["solution"]["seconds"] == pytest.approx(2e-3)
    assert found["solution"]["paper"] == pytest.approx({"HW1": 16.0, "HW2": 160e-6, "HW3": 3.2e-6})
    assert found["notes"][0] == "One note."


def test_page():
    page = REPORT.markdown()
    for line in (
        "# toy on ice40-up5k",
        "A small device. 4 parameters. Made with yosys 1, nextpnr 2, seed 7.",
        "| logic cells | 82 | 200 | 50.0% | 20.50 | 18 |",
        "| DSP | 0.5 | 8 | 6.2% | 0.12 | 0 |",
        "| array.cell | 72 | 0 |",
        "| clock | 50.0 MHz |",
        "| clocks per step | 25/2 = 12.500 |",
        "| steps per second | 4,000,000 |",
        "| update | 12.50 | 2.50 |",
        "| all | 13.50 | 6.50 |",
        "| SB_LUT4 | 1,234 |",
        "| this trainer, ice40-up5k | 2 ms |",
        "| HW3: superconducting electronics, fast photonics | 3.2 µs |",
        "* One note.",
    ):
        assert line in page.splitlines()
    assert "until more than half of them had met it: median 8,000 steps" in page
    # The largest block comes first, and what nobody uses has no column.
    assert page.index("| array.cell | 72") < page.index("| update | 10")
    assert "| block | logic cells | DSP |" in page


def test_page_without_clock_or_solution():
    page = replace(REPORT, fmax=None, path=None, solution=None, kinds={}).markdown()
    assert "| clocks per step | 25/2 = 12.500 |" in page
    for absent in ("MHz", "steps per second", "Time to solution", "Kinds", "critical path"):
        assert absent not in page


def test_no_median_no_time():
    lost = Solution(goal="accuracy 99%", seeds=8, solved=2, steps=2_000_000, median=None)
    report = replace(REPORT, solution=lost)
    assert report.seconds_to_solution is None
    assert "2 of 8 seeds met it in 2,000,000 steps, so there is no median." in report.markdown()
    assert report.as_json()["solution"]["paper"] == {}


def test_whole_clocks_stand_alone():
    assert "| clocks per step | 22 |" in replace(REPORT, clocks_per_step=Fraction(22)).markdown()


def test_measurements_of_a_device_come_on_top():
    """12.5 clocks at 50 MHz are 0.25 us, and one and a half measurements with 0.5 us to settle are 0.75 us:
    a million steps a second, and fewer, since more than that is not known of them.
    """
    report = replace(REPORT, measurements_per_step=Fraction(3, 2), settle_per_step=0.75e-6, solution=None)
    assert report.steps_per_second == pytest.approx(1e6)
    lines = report.markdown().splitlines()
    assert "| clocks per step | 25/2 = 12.500 |" in lines
    assert "| measurements of the device per step, on top | 1.5 |" in lines
    assert "| steps per second | at most 1,000,000 |" in lines
    found = report.as_json()
    assert found["measurements_per_step"] == 1.5
    assert found["steps_per_second"] is None
    assert found["most_steps_per_second"] == pytest.approx(1e6)
    assert "most_steps_per_second" not in REPORT.as_json()


def test_notes_of_a_device():
    """In the report of a synthesis; there is no estimate of such a trainer."""
    config = preset("xor").replaced(device={"kind": "outside", "settle": 1e-6})
    assert device_notes(preset("xor")) == ()
    (note,) = device_notes(config)
    assert "come on top of clocks per step" in note
    with pytest.raises(SynthError, match="has no estimate"):
        estimate.estimate(config, "ice40-hx8k")
