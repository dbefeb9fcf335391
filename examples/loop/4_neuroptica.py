"""A photonic mesh that somebody else wrote: the phases of neuroptica's Clements layer are the parameters.

Needs ``pip install neuroptica``. The mesh learns to send the light of each of four inputs to another output.
"""

from __future__ import annotations

import numpy as np

from mgd_hdl.config import loads
from mgd_hdl.host import ChipInTheLoop
from mgd_sim.tasks import Dataset

CONFIG = loads("""
name = "mesh"
[network]
layers = [4, 4]
activation = "relu"     # powers: not negative, up to 4
initial = 2.0
[formats]
parameter = "SQ(5, 14)"
[perturbation]
amplitude = 0.03125
[learning]
rate = 0.25
measure = "two_sided"
tau_x = 1
[task]
name = "external"
source = "stream"
[device]
kind = "outside"
parameters = [16]
""")
#: Input k is to come out at output TO[k].
TO = (2, 0, 3, 1)


class NeuropticaMesh:
    """Four phases at the inputs, then two for each of six interferometers."""

    def __init__(self) -> None:
        import neuroptica

        self.layer = neuroptica.ClementsLayer(4)
        first, *columns = self.layer.mesh.layers
        self.shifters = list(first)
        self.blocks = [block for column in columns for block in column]

    def write(self, parameters: np.ndarray) -> None:
        """Phases in radians."""
        for shifter, phase in zip(self.shifters, parameters[:4], strict=True):
            shifter.phi = phase
        for block, (theta, phi) in zip(self.blocks, parameters[4:].reshape(6, 2), strict=True):
            block.theta, block.phi = theta, phi

    def read(self, inputs: np.ndarray) -> np.ndarray:
        """Powers of the outputs for powers of the inputs."""
        fields = self.layer.forward_pass(np.sqrt(inputs)[:, None].astype(complex))
        return np.square(np.abs(fields[:, 0]))


def main(steps: int = 6000, seed: int = 3) -> tuple[float, float]:
    """The mean cost before and after."""
    samples = Dataset(np.eye(4, dtype=np.int64), np.eye(4, dtype=np.int64)[list(TO)])
    loop = ChipInTheLoop(NeuropticaMesh(), CONFIG, [seed], samples=samples)
    before = loop.cost_and_accuracy()[0][0]
    loop.run(steps, say=print)
    after, right = (float(each[0]) for each in loop.cost_and_accuracy())
    print(f"mean cost {before:.3f} at first, {after:.3f} after {steps:,} steps; {right:.0%} arrive")
    return float(before), after


if __name__ == "__main__":
    main()
