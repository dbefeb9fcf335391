"""Transistors that compute: synapses and neurons of bipolar differential pairs, simulated by ngspice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .plant import Floats, dense_parameters
from .spice import Spice

__all__ = ["TransistorNetwork", "netlist"]

#: Volts: of the supply, about which inputs and weights swing, and by how much for +-1.
SUPPLY, INPUT, WEIGHT = 5.0, (4.25, 0.1), (2.0, 0.5)
#: Amperes of a synapse and of a neuron; ohms of a sum's load, of an emitter, of a neuron's collector.
SYNAPSE, NEURON = 100e-6, 50e-6
LOAD, EMITTER, COLLECTOR = 2e3, 5e3, 2e3
#: Of the amplifier in front of the converter: +-1 V for a neuron that is switched over wholly.
GAIN = 10.0
#: Farads that each node carries.
NODE = 20e-12


def netlist(layers: Sequence[int], device: int = 0, spread: float = 0.05) -> str:
    """Dense layers of neurons, as text for ngspice.

    A synapse is a four-quadrant multiplier (Gilbert, *A precise four-quadrant multiplier with subnanosecond
    response*, IEEE J. Solid-State Circuits 3, 365, 1968): the weight steers a tail current between two arms
    through emitter resistors, which keep it straight up to full scale, and the input turns the arms over. All
    synapses of a neuron draw from the same two loads, so their currents add. A neuron is a differential pair
    across the loads, whose currents are ``(I / 2) (1 +- tanh(v / 2 V_T))``, with emitter followers behind it
    to drive the next layer. A bias is a synapse whose input never turns.

    Transistors of one chip are not alike: each has its own saturation current, and each resistor its own
    resistance, log-normal around the ideal one.

    Parameters
    ----------
    layers : sequence of int
        Inputs first. Sources are ``vx0``, ... of the inputs and ``vw0``, ... of the weights, neuron by neuron
        with each bias last.
    device : int
        Number of the chip: another one is drawn otherwise.
    spread : float
        Deviation of the logarithms, 0 for ideal ones.
    """
    rng = np.random.default_rng([0x737069, device])

    def about(value: float) -> str:
        return f"{value * np.exp(spread * rng.normal()):.6g}"

    def pair(
        name: str, collectors: Sequence[str], bases: Sequence[str], emitters: Sequence[str]
    ) -> Iterator[str]:
        for side, *nodes in zip("ab", collectors, bases, emitters, strict=True):
            yield f"Q{name}{side} {' '.join(nodes)} npn {about(1.0)}"

    def loads(name: str, nodes: Sequence[str], ohms: float) -> Iterator[str]:
        for node in nodes:
            yield f"R{name}{node} vcc {node} {about(ohms)}"
            yield f"C{name}{node} {node} 0 {NODE}"

    def lines() -> Iterator[str]:
        yield f"a network {'-'.join(map(str, layers))} of differential pairs"
        yield ".model npn npn(is=1e-16 bf=200 vaf=100 rb=50 cje=50f cjc=20f tf=20p)"
        yield f"Vcc vcc 0 {SUPPLY}"
        yield f"Vmid mid 0 {WEIGHT[0]}"
        before = []
        for k in range(layers[0]):
            # The two sides of an input, about their common level.
            yield f"Vx{k} x{k} 0 external"
            yield f"Ep{k} p{k} com x{k} 0 0.5"
            yield f"En{k} n{k} com x{k} 0 -0.5"
            before.append((f"p{k}", f"n{k}"))
        yield f"Vcom com 0 {INPUT[0]}"
        weight = 0
        for number, (inputs, outputs) in enumerate(pairwise(layers)):
            after = []
            for j in range(outputs):
                here = f"{number}_{j}"
                sums = f"sp{here}", f"sn{here}"
                yield from loads("l", sums, LOAD)
                for k in range(inputs + 1):
                    name = f"{here}_{k}"
                    yield f"Vw{weight} w{weight} 0 external"
                    weight += 1
                    arms = (f"a{name}", f"b{name}") if k < inputs else sums
                    ends = f"e{name}", f"f{name}"
                    yield from pair(f"w{name}", arms, (f"w{weight - 1}", "mid"), ends)
                    yield from (f"Re{end} {end} t{name} {about(EMITTER)}" for end in ends)
                    yield f"It{name} t{name} 0 {about(SYNAPSE)}"
                    if k < inputs:
                        yield from pair(f"u{name}", sums, before[k], (arms[0], arms[0]))
                        yield from pair(f"v{name}", sums[::-1], before[k], (arms[1], arms[1]))
                # What draws more from sp lowers it: the pair's other side is the one that goes up.
                curve = f"cn{here}", f"cp{here}"
                yield from pair(f"n{here}", curve, sums[::-1], (f"g{here}", f"g{here}"))
                yield f"Ig{here} g{here} 0 {about(NEURON)}"
                yield from loads("c", curve, COLLECTOR)
                if number + 2 < len(layers):
                    follow = f"yp{here}", f"yn{here}"
                    yield from pair(f"f{here}", ("vcc", "vcc"), curve[::-1], follow)
                    yield from (f"If{node} {node} 0 {about(NEURON)}" for node in follow)
                    yield from (f"Cf{node} {node} 0 {NODE}" for node in follow)
                    yield f"Eh{here} h{here} 0 {follow[0]} {follow[1]} {GAIN}"
                    after.append(follow)
                else:
                    yield f"Eo{j} o{j} 0 {curve[1]} {curve[0]} {GAIN}"
                    yield f"Ry{j} o{j} y{j} 10k"
                    yield f"Cy{j} y{j} 0 5p"
            before = after
        hidden = [f"h{number}_{j}" for number, n in enumerate(layers[1:-1]) for j in range(n)]
        nodes = [*(f"x{k}" for k in range(layers[0])), *hidden, *(f"y{j}" for j in range(layers[-1]))]
        yield ".save " + " ".join(f"v({node})" for node in nodes)
        yield ".tran 10n 1000 0 400n"
        yield ".end"

    return "\n".join(lines()) + "\n"


class TransistorNetwork:
    """The network of :func:`netlist` as a device: ``write`` weights, ``read`` what it answers.

    Weights are parts of full scale, -1 to 1, and so are outputs; an input of 0 or 1 switches the first
    synapses fully to one side or the other. Its time is that of the circuit: a reading is taken ``settle``
    seconds after the inputs are there, with what has not settled by then still in it.

    Parameters
    ----------
    layers : sequence of int
    device : int
    spread : float
        As in :func:`netlist`.
    settle : float
        Seconds.
    """

    def __init__(self, layers: Sequence[int], device: int = 0, *, spread: float = 0.05, settle: float = 1e-6):
        self.layers, self.settle = tuple(layers), settle
        self.parameters = dense_parameters(layers)
        start = {f"vw{k}": WEIGHT[0] for k in range(self.parameters)}
        start |= {f"vx{k}": -INPUT[1] for k in range(layers[0])}
        self.spice = Spice(netlist(layers, device, spread), start)

    def write(self, parameters: npt.ArrayLike) -> None:
        """Sets weights."""
        given = np.clip(np.asarray(parameters, dtype=np.float64), -1, 1)
        volts = WEIGHT[0] + WEIGHT[1] * given
        self.spice.set(**{f"vw{k}": value for k, value in enumerate(volts.tolist())})

    def apply(self, inputs: npt.ArrayLike) -> None:
        """Sets inputs."""
        volts = INPUT[1] * (2 * np.asarray(inputs, dtype=np.float64) - 1)
        self.spice.set(**{f"vx{k}": value for k, value in enumerate(volts.tolist())})

    def read(self, inputs: npt.ArrayLike) -> Floats:
        """Outputs in volts, about -1 to 1."""
        self.apply(inputs)
        self.spice.wait(self.settle)
        return self.sampled()

    def sampled(self) -> Floats:
        """Outputs as they are now."""
        found = self.spice.read()
        return np.array([found[f"y{j}"] for j in range(self.layers[-1])])

    def close(self) -> None:
        """Ends the simulation."""
        self.spice.close()
