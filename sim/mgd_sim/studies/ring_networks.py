"""Networks of microring weight banks in the loop: Yin-Yang, and Iris through a day of 14 kelvin.

``python -m mgd_sim.studies.ring_networks yinyang`` trains banks of 4-30-3 on the Yin-Yang task, which Guo et
al. (arXiv 2506.18041, 2025) simulated: a cost is the mean over a batch, measured before and after a random
shake of all parameters, with an update behind each.

``python -m mgd_sim.studies.ring_networks iris iris.csv`` learns Iris on banks of 4-3 at 26 C, and goes on
learning while the chip warms to 40 C and cools again, as Zhang et al. (arXiv 2412.08184, 2025) did on
silicon, without a second cost and with one, the heaters' power, that counts less or more. The table is
what ``examples/iris/write_iris.py`` writes.

The device measures its own cost, as a board with the samples in its memory does; what learns knows nothing
of rings, samples or losses.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import TrainerConfig, loads
from mgd_hdl.host import ChipInTheLoop

from ..fixed import Ints
from ..plants import Rings
from .study import command, ends_in_a_line, file, keep, say

__all__ = [
    "Batched",
    "COOLER",
    "Day",
    "Learned",
    "beginners",
    "configured",
    "day",
    "iris",
    "kinds",
    "learned",
    "yin_yang",
]

Floats = npt.NDArray[np.float64]

#: Samples of Yin-Yang to learn from, and of a batch.
SAMPLES, BATCH = 5000, 100
#: Celsius at which Iris is learned, and up to which the chip is warmed.
COLD, WARM = 26.0, 40.0
#: What the second cost, a ring's mean heater power at its bias, counts beside the cross-entropy; 0: nothing.
POWER_WEIGHTS = (0.0, 0.25, 1.0, 2.0)

_CONFIG = """
name = "ring_network"
seed = 1
[network]
layers = [1, 1]
initial = {initial}
[formats]
parameter = "SQ(2, 26)"
cost_change = "SQ(2, 20)"
[perturbation]
amplitude = {amplitude}
[learning]
rate = {rate}
anneal_every = {halve_every}
[task]
name = "external"
source = "stream"
[device]
kind = "outside"
gives = "cost"
cost_integer_bits = {cost_bits}
parameters = {parameters}
second_weight = {second}
"""


def configured(
    parameters: Sequence[int],
    *,
    amplitude: float,
    rate: float,
    initial: float,
    second: float = 0.0,
    cost_bits: int = 4,
    halve_every: int = 0,
) -> TrainerConfig:
    """Of the loop: so many parameters, of which nobody says what they are. ``halve_every``: updates after
    which the rate is half of it, again and again; 0: it stays.
    """
    return loads(
        _CONFIG.format(
            parameters=list(parameters),
            amplitude=amplitude,
            rate=rate,
            initial=initial,
            second=second,
            cost_bits=cost_bits,
            halve_every=halve_every,
        )
    )


class Batched:
    """Rings with the samples beside them: a measurement is the mean cross-entropy of a batch.

    All measurements of a step, C0 and C, are of the same batch; the next step's are of the next one. After
    all samples they come in another order.

    Parameters
    ----------
    plant : Rings
    x : ndarray
        (samples, inputs).
    answer : ndarray
        (samples,), the number of the right output.
    batch : int
    """

    vectorised = True

    def __init__(self, plant: Rings, x: Floats, answer: Ints, batch: int):
        self.plant, self.replicas = plant, plant.replicas
        self.x, self.answer, self.batch = x, answer, batch
        self.order = np.random.default_rng(len(answer))
        self.left = np.zeros(0, dtype=np.int64)

    def write(self, parameters: Floats) -> None:
        """Sets the rings' drives, (R, measurements, P)."""
        self.plant.write(parameters)

    def cost(self) -> Floats:
        """(R, measurements), of the next batch."""
        if len(self.left) < self.batch:
            self.left = self.order.permutation(len(self.answer))
        now, self.left = self.left[: self.batch], self.left[self.batch :]
        return self.judged(self.x[now], self.answer[now])[0]

    def second(self) -> Floats:
        """(R, measurements), the mean heater power of a ring."""
        return self.plant.second()

    def judged(self, x: Floats, answer: Ints) -> tuple[Floats, Floats]:
        """Mean cross-entropy of these samples and the share of right answers, (R, measurements) each."""
        y = self.plant.answers(x[None])
        y = y - y.max(axis=-1, keepdims=True)
        chosen = y[..., np.arange(len(answer)), answer]
        loss = np.log(np.exp(y).sum(axis=-1)) - chosen
        return loss.mean(axis=-1), (y.argmax(axis=-1) == answer).mean(axis=-1)


def _at_rest(loop: ChipInTheLoop, device: Batched, x: Floats, answer: Ints) -> tuple[Floats, Floats]:
    device.write(loop.parameters[:, None])
    cost, accuracy = device.judged(x, answer)
    return cost[:, 0], accuracy[:, 0]


# ---- Yin-Yang ------------------------------------------------------------------------------------------


def kinds(place: Floats) -> Ints:
    """Of points (..., 2) of the unit square: 0 yin, 1 yang, 2 a dot; 3 outside of the sign.

    Kriener et al., *The Yin-Yang dataset*, arXiv 2102.08211 (2022): a disc of radius 1/2, dots of 1/10.
    """
    x, y = place[..., 0], place[..., 1]
    right, left = np.hypot(x - 0.75, y - 0.5), np.hypot(x - 0.25, y - 0.5)
    yin = (right <= 0.1) | ((left > 0.1) & (left <= 0.25)) | ((y > 0.5) & (right > 0.25))
    kind = np.where((right < 0.1) | (left < 0.1), 2, np.where(yin, 0, 1))
    return np.where(np.hypot(x - 0.5, y - 0.5) <= 0.5, kind, 3)


def yin_yang(count: int, seed: int) -> tuple[Floats, Ints]:
    """Samples, (count, 4) and (count,): points of all three kinds in turn, as x, y, 1 - x and 1 - y."""
    rng = np.random.default_rng(seed)
    wanted = np.arange(count) % 3
    place, left = np.empty((count, 2)), np.arange(count)
    while len(left):
        found = rng.random((len(left), 2))
        good = kinds(found) == wanted[left]
        place[left[good]] = found[good]
        left = left[~good]
    return np.concatenate([place, 1 - place], axis=1), wanted


@dataclass
class Learned:
    """Accuracy on 1,000 samples that were not learned from, for each look and device."""

    epochs: list[float] = field(default_factory=list)
    accuracy: list[list[float]] = field(default_factory=list)


#: Below the bias, about what its neighbours' heat adds to a ring: drives around it have weights around zero.
COOLER = 0.12
#: Times that the rate halves while Yin-Yang is learned.
HALVINGS = 5


def beginners(devices: int, steps: int = 400_000) -> tuple[ChipInTheLoop, Batched]:
    """Banks of 4-30-3 with biases before they learn Yin-Yang for so many steps.

    At the bias a ring is warmed by its neighbours past its slope, most weights are negative, and two of three
    hidden neurons are dead from the beginning. So drives begin a little below it; then one of four is. Some
    begin with a cross-entropy of 60 and more: a cost that ends at 16 would show them no slope.
    """
    plant = Rings([4, 30, 3], range(devices), activations=["relu", "linear"], bias=True, gain=4.0)
    device = Batched(plant, *yin_yang(SAMPLES, 42), BATCH)
    config = configured(
        [150, 93],
        amplitude=2.0**-9,
        rate=2.0**-10,
        initial=0.25,
        cost_bits=8,
        halve_every=max(1, steps // (HALVINGS + 1)),
    )
    loop = ChipInTheLoop(device, config, range(devices))
    loop.load(loop.parameters - COOLER)
    return loop, device


def learned(
    devices: int, epochs: int, looks: int, watch: Callable[[str], None] = lambda line: None
) -> Learned:
    """Banks of 4-30-3 with biases learn Yin-Yang."""
    batches = SAMPLES // BATCH
    loop, device = beginners(devices, epochs * batches)
    judged, found = yin_yang(1000, 40), Learned()
    for _ in range(looks):
        loop.run(max(1, epochs // looks) * batches)
        _, accuracy = _at_rest(loop, device, *judged)
        found.epochs.append(loop.step / batches)
        found.accuracy.append(accuracy.tolist())
        watch(f"epoch {loop.step / batches:6,.0f}: {np.median(accuracy):.1%}, best {accuracy.max():.1%}")
    return found


# ---- Iris ----------------------------------------------------------------------------------------------


def iris(path: Path) -> tuple[Floats, Ints]:
    """Lengths, each from 0 to 1 between the shortest and the longest of its column, and kinds."""
    rows = np.genfromtxt(path, delimiter=",", dtype=str, encoding="utf-8")[1:]
    lengths = rows[:, :4].astype(np.float64)
    _, kind = np.unique(rows[:, 4], return_inverse=True)
    low, high = lengths.min(axis=0), lengths.max(axis=0)
    return (lengths - low) / (high - low), kind.astype(np.int64)


@dataclass
class Day:
    """Of one weight of the power, look by look: celsius, accuracies, and the mean power of a ring."""

    second_weight: float
    celsius: list[float] = field(default_factory=list)
    median: list[float] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    power: list[float] = field(default_factory=list)


def day(
    path: Path, devices: int, steps: int, weight: float, watch: Callable[[str], None] = lambda line: None
) -> Day:
    """Learn for ``steps``, then as many while the chip warms, and as many while it cools."""
    x, answer = iris(path)
    learn = np.arange(len(answer)) % 5 != 0
    plant = Rings([4, 3], range(devices), bias=True, gain=8.0, tuning=12.0, per_kelvin=0.4, read_noise=0.01)
    device = Batched(plant, x[learn], answer[learn], int(learn.sum()))
    config = configured([15], amplitude=2.0**-10, rate=2.0**-13, initial=0.25, second=weight)
    loop, found = ChipInTheLoop(device, config, range(devices)), Day(weight)
    looks = 20
    for look in range(3 * looks):
        part = np.clip(look / looks - 1, 0, 2)
        celsius = COLD + (WARM - COLD) * min(part, 2 - part)
        plant.temperature[:] = celsius - COLD
        loop.run(max(1, steps // looks))
        _, accuracy = _at_rest(loop, device, x, answer)
        found.celsius.append(float(celsius))
        found.median.append(float(np.median(accuracy)))
        found.least.append(float(accuracy.min()))
        found.power.append(float(device.second().mean()))
        watch(
            f"{celsius:4.1f} C: median {found.median[-1]:.1%}, least {found.least[-1]:.1%}; power"
            f" {found.power[-1]:.3f}"
        )
    return found


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = command("ring_networks", __doc__)
    parser.add_argument("task", choices=("yinyang", "iris"))
    parser.add_argument("table", type=Path, nargs="?", help="of Iris")
    parser.add_argument("--devices", type=int, default=8, help="default: 8")
    parser.add_argument("--epochs", type=int, default=8000, help="of Yin-Yang (default: 8,000)")
    parser.add_argument("--steps", type=int, default=20_000, help="of a third of the day (default: 20,000)")
    parser.add_argument("--out", type=file, help="JSON file for the results")
    given = parser.parse_args(arguments)
    if given.task == "yinyang":
        found = asdict(learned(given.devices, given.epochs, 40, say))
    else:
        if given.table is None:
            parser.error("iris needs a table, which examples/iris/write_iris.py writes")
        days = []
        for weight in POWER_WEIGHTS:
            say(f"power counts {weight:g}")
            days.append(asdict(day(given.table, given.devices, given.steps, weight, say)))
        found = {"days": days}
    if given.out:
        keep(given.out, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
