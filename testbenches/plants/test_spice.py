"""A circuit in ngspice under our clock, and the transistors of a neuron, against equations on paper."""

from __future__ import annotations

import math

import pytest

from mgd_sim.plants import TransistorNetwork
from mgd_sim.plants.neurons import COLLECTOR, EMITTER, GAIN, INPUT, LOAD, NEURON, SYNAPSE, WEIGHT, netlist
from mgd_sim.plants.spice import Spice, SpiceError, spice_missing

needs_ngspice = pytest.mark.skipif(bool(spice_missing()), reason=spice_missing() or "it is here")

RC = """a capacitor of 1 nF behind 1 kohm
V1 in 0 external
R1 in out 1k
C1 out 0 1n
.save v(in) v(out)
.tran 10n 1 0 100n
.end
"""


@needs_ngspice
def test_a_capacitor():
    """1 - exp(-t / RC) after a step, and back from there; one circuit behind another."""
    for volts in (1.0, -2.0):
        spice = Spice(RC, {"v1": 0.0})
        try:
            assert spice.read()["out"] == pytest.approx(0, abs=1e-9)
            spice.wait(0.5e-6)
            spice.set(v1=volts)
            for micro in (0.7, 1.0, 2.3):
                spice.time = (0.5 + micro) * 1e-6
                found = spice.read()
                assert found["time"] == pytest.approx(spice.time, abs=1e-14)
                assert found["out"] == pytest.approx(volts * (1 - math.exp(-micro)), rel=2e-3)
            # Both jumps are solved when something is read, each at its own time.
            spice.set(v1=0.0)
            spice.wait(0.4e-6)
            spice.set(v1=1.0)
            spice.wait(0.9e-6)
            left = found["out"] * math.exp(-0.4)
            assert spice.read()["out"] == pytest.approx(1 - (1 - left) * math.exp(-0.9), rel=5e-3)
        finally:
            spice.close()


@needs_ngspice
def test_waves_are_all_points_that_are_solved():
    spice = Spice(RC, {"v1": 0.0})
    try:
        spice.wait(1e-6)
        spice.read()
        spice.waves = []
        spice.wait(1e-6)
        last = spice.read()
        times = [point["time"] for point in spice.waves]
        assert spice.waves[-1] == last
        assert times == sorted(times)
        assert times[0] > 1e-6
        assert len(times) >= 10  # steps of 100 ns at most
    finally:
        spice.close()


@needs_ngspice
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("bad\nV1 a 0 external\nQ1 a b c nomodel\n.tran 1n 1\n.end\n", "q1 a b c nomodel"),
        ("bad\nV1 a 0 external\nnothing\n.tran 1n 1\n.end\n", "on line 3 or its substitute: nothing"),
        ("bad\nV1 a 0 external\nR1 a 0 1\n.end\n", "run simulation not started"),
    ],
)
def test_a_circuit_that_is_refused(text, line):
    """One line with the reason; the next circuit is taken."""
    with pytest.raises(SpiceError, match=line) as refused:
        Spice(text, {"v1": 0.0})
    assert "\n" not in str(refused.value)
    Spice(RC, {"v1": 0.0}).close()


@needs_ngspice
def test_sources_and_circuits_are_checked():
    spice = Spice(RC, {"v1": 0.0})
    try:
        with pytest.raises(SpiceError, match="v2: is no external source; must be one of v1"):
            spice.set(v2=1.0)
        with pytest.raises(SpiceError, match="one circuit at a time"):
            Spice(RC, {"v1": 0.0})
    finally:
        spice.close()


def steered(volts: float) -> float:
    """(e1 - e2) / I of a pair with resistors in the emitters: ``v = 2 V_T artanh(d) + R I d``, by halving."""
    low, high = -1.0, 1.0
    while high - low > 1e-12:
        d = (low + high) / 2
        below = 2 * THERMAL * math.atanh(d) + EMITTER * SYNAPSE * d < volts
        low, high = (d, high) if below else (low, d)
    return low


#: kT / q at the 27 C at which ngspice simulates; what of an emitter's current is its collector's.
THERMAL, ALPHA = 1.380649e-23 * 300.15 / 1.602176634e-19, 200 / 201


@needs_ngspice
def test_a_neuron_by_hand():
    """Ideal pairs: the multiplier of Gilbert, tanh, and no base current but in alpha; 2 % for all else."""
    chip = TransistorNetwork([1, 1], spread=0.0, settle=2e-6)
    try:
        for weight, bias, x in ((0.25, 0.0, 1), (0.25, 0.0, 0), (-0.1, 0.1, 1), (0.15, -0.3, 0), (1, -1, 1)):
            turned = math.tanh((2 * x - 1) * INPUT[1] / (2 * THERMAL))
            current = SYNAPSE * (
                ALPHA**2 * steered(WEIGHT[1] * weight) * turned + ALPHA * steered(WEIGHT[1] * bias)
            )
            full = GAIN * COLLECTOR * NEURON * ALPHA
            chip.write([weight, bias])
            wanted = full * math.tanh(LOAD * current / (2 * THERMAL))
            assert chip.read([x])[0] == pytest.approx(wanted, abs=0.02 * full)
    finally:
        chip.close()


def test_no_two_chips_are_alike():
    """The same chip is always the same; an ideal one has no spread; there are nine weights."""
    assert netlist([2, 2, 1], 3) == netlist([2, 2, 1], 3)
    assert netlist([2, 2, 1], 3) != netlist([2, 2, 1], 4)
    ideal = [line.split() for line in netlist([2, 2, 1], 3, 0.0).splitlines()]
    assert {words[-1] for words in ideal if words[0].startswith("Q")} == {"1"}
    assert sum(words[-1] == "external" for words in ideal) == 9 + 2
    # Six transistors for each of six synapses, two for each of three biases; a pair and two followers.
    assert sum(words[0].startswith("Q") for words in ideal) == 6 * 6 + 3 * 2 + 3 * 2 + 2 * 2
