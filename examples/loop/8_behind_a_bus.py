"""A circuit behind a serial line trains a device outside; the host hears why it rests, and lets it go on.

Here the circuit is one in software, with the device in Python behind it. With a board there is nothing to
write for the device, whose streams are on the circuit's pins; the port's name stands in place of ``line``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mgd_hdl.config import load
from mgd_hdl.host import CircuitAtRest, DirectLine, FramedLine, connect
from mgd_hdl.host.software import SoftwareCircuit

CONFIG = load(Path(__file__).with_suffix(".toml"))


class Bench:
    """Three neurons, none like the other, and a supply that can fail."""

    gain = np.array([1.2, 0.8, 1.1])
    supply = True

    def write(self, parameters: np.ndarray) -> None:
        """Nine weights."""
        self.first, self.second, self.last = parameters.reshape(3, 3)

    def read(self, inputs: np.ndarray) -> list[float]:
        """Two inputs, one output."""
        if not self.supply:
            raise OSError("the supply has failed")
        one, two = (self._neuron(k, row @ [*inputs, 1]) for k, row in enumerate((self.first, self.second)))
        return [self._neuron(2, self.last @ [one, two, 1])]

    def _neuron(self, number: int, z: float) -> float:
        return float(1 / (1 + np.exp(-self.gain[number] * z)))


def main(steps: int = 5_000) -> tuple[int, str]:
    """The step at which the circuit was seen to have learned, and why it rested on its way there."""
    bench = Bench()
    line = FramedLine(DirectLine(SoftwareCircuit(CONFIG, device=bench)))
    with connect(CONFIG, line) as circuit:
        circuit.start()
        circuit.train(300)
        print("the device's registers:", circuit.device)
        bench.supply = False
        try:
            circuit.train(steps)
        except CircuitAtRest as error:
            told = str(error)
        print(told)
        bench.supply = True
        circuit.go_on()
        circuit.set_device(give_up=20)  # more patience from now on
        end = circuit.train(steps, until_solved=True)
        print(f"step {end.steps:,}: solved {end.solved}, {end.asked:,} measurements, {end.dropped} dropped")
        print("parameters:", np.round(circuit.parameters() * CONFIG.words.parameter.step, 2))
        return end.steps, told


if __name__ == "__main__":
    main()
