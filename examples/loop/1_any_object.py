"""Any object with write and read learns: XOR by a network of analog neurons that nobody described to us."""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import preset
from mgd_hdl.host import ChipInTheLoop

CONFIG = preset("xor").replaced(
    network={"layers": [2, 1]},  # inputs and outputs; what is between them is the device's business
    device={"kind": "outside", "parameters": [9]},
)


class Bench:
    """Stands for your instruments: two hidden neurons and one output, none like the other."""

    def __init__(self, seed: int):
        self.rng = np.random.default_rng(seed)
        self.gain, self.offset = 1 + 0.2 * self.rng.normal(size=3), 0.2 * self.rng.normal(size=3)

    def write(self, parameters: np.ndarray) -> None:
        """Nine numbers: here you would set sources."""
        self.parameters = parameters

    def read(self, inputs: np.ndarray) -> list[float]:
        """Two inputs, one output: here you would read a meter."""
        first, second, last = self.parameters.reshape(3, 3)
        one, two = (self._neuron(k, row @ [*inputs, 1]) for k, row in enumerate((first, second)))
        return [self._neuron(2, last @ [one, two, 1]) + 0.002 * self.rng.normal()]

    def _neuron(self, number: int, z: float) -> float:
        return float(0.5 + 0.5 * np.tanh(self.gain[number] * (z - self.offset[number]) / 2))


def main(steps: int = 20_000, seed: int = 1) -> float:
    """The mean cost in the end."""
    loop = ChipInTheLoop(Bench(seed), CONFIG, [seed])
    loop.run(steps, say=print, stop=lambda step: step % 500 == 0 and loop.cost_and_accuracy()[0][0] < 0.04)
    cost, accuracy = loop.cost_and_accuracy()
    print(f"step {loop.step:,}: mean cost {cost[0]:.3f}, {accuracy[0]:.0%} of the answers right")
    print("parameters:", np.round(loop.parameters[0], 2))
    return float(cost[0])


if __name__ == "__main__":
    main()
