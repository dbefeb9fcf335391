"""Accuracy on Fashion-MNIST over evaluations of the cost: the twin, floating point, and backpropagation.

Each of them parameter by parameter and node by node, see the files in ``examples/fashion``, and on a computer
by NumPy and by PyTorch.

``python -m mgd_sim.studies.fashion 196 --folder FOLDER`` trains one seed of each model on the data in FOLDER:
the four IDX files of Fashion-MNIST as they are distributed. Without the option the environment variable
``FASHION_MNIST`` names it. 784 takes whole images, 196 each 2 x 2 pixels pooled to their mean.

Results are kept in ``docs/figures/fashion_196.json`` after every look, and with ``--checkpoint`` where the
twin is; so a run may be stopped at any time, and the same command goes on. ``--write DIR`` writes the
samples for ``examples/fashion`` instead, and ``--circuit STEPS`` lets the circuit learn beside the twin, from
the start or from the checkpoint, compares all their states, and notes that they were equal in
``bank_compared.json``.
"""

from __future__ import annotations

import io
import os
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import TrainerConfig, load
from mgd_hdl.config.attached.files import AttachedFile, Unreadable, read
from mgd_hdl.config.attached.idx import idx
from mgd_hdl.config.attached.samples import unpacked
from mgd_hdl.emit import trainer_files

from ..checkpoint import Checkpoint, Checkpoints
from ..compare import Comparison, Counted, Parts, compare
from ..float_mgd import Backpropagation, FloatMgd
from ..rtl import RtlTrainer, trainer_design
from ..rtl.crossing import into_circuit
from ..tasks import Dataset, dataset, judging
from ..trainer import Trainer
from .bank import note
from .pytorch import TorchBackpropagation, TorchMgd
from .study import Unusable, command, ends_in_a_line, file, folder, hold, keep, kept, number, replacing, say

__all__ = [
    "BY_NODES",
    "EXAMPLES",
    "MODELS",
    "VARIABLE",
    "Curve",
    "Model",
    "configuration",
    "datasets",
    "example",
    "images",
    "main",
    "packed",
    "side_by_side",
]

_ROOT = Path(__file__).parents[3]
#: Where the trainers are described.
EXAMPLES = _ROOT / "examples" / "fashion"
_FIGURES = _ROOT / "docs" / "figures"

#: Where the data are, unless an option says so.
VARIABLE = "FASHION_MNIST"

_MOST = 1 << 28
#: How files of images and of labels begin.
_PARTS = {"train": "train", "test": "t10k"}

Bytes = npt.NDArray[np.uint8]


# ---- the data ------------------------------------------------------------------------------------


def _array(place: Path, name: str, axes: int) -> Bytes:
    """An IDX file, packed by gzip or not; raises Unusable with one line."""
    path = next(
        (each for each in (place / f"{name}.gz", place / name) if each.exists()), place / f"{name}.gz"
    )
    try:
        found = idx(unpacked(read(str(path), None, _MOST).data))
        if found.dtype != np.uint8 or found.ndim != axes or found.shape[1:] != (28, 28)[: axes - 1]:
            raise Unreadable(
                f"holds {found.dtype} of shape {found.shape}; must hold bytes of images or labels"
            )
    except Unreadable as reason:
        raise Unusable(f"{path}: {reason}") from None
    given: Bytes = found
    return given


def images(place: Path, part: str) -> tuple[Bytes, Bytes]:
    """Images (count, 28, 28) and classes (count,) of a part, "train" or "test"; raises Unusable."""
    name = _PARTS[part]
    x, y = _array(place, f"{name}-images-idx3-ubyte", 3), _array(place, f"{name}-labels-idx1-ubyte", 1)
    if len(x) != len(y):
        raise Unusable(f"{place}: {len(x):,} images and {len(y):,} labels for {part}; there must be as many")
    return x, y


def pooled(x: Bytes) -> npt.NDArray[np.float64]:
    """The mean of each 2 x 2 pixels: (count, 14, 14)."""
    count, rows, columns = x.shape
    found: npt.NDArray[np.float64] = x.reshape(count, rows // 2, 2, columns // 2, 2).mean(axis=(2, 4))
    return found


def datasets(place: Path, inputs: int) -> dict[str, npt.NDArray[Any]]:
    """What the examples' files hold: x_train, y_train, x_test, y_test."""
    found: dict[str, npt.NDArray[Any]] = {}
    for part in _PARTS:
        x, y = images(place, part)
        small = pooled(x) if inputs == 196 else x
        found |= {f"x_{part}": small.reshape(len(x), inputs), f"y_{part}": y}
    return found


def packed(place: Path, inputs: int) -> bytes:
    """The examples' file; equal data give equal bytes."""
    found = io.BytesIO()
    np.savez(found, allow_pickle=False, **datasets(place, inputs))
    return found.getvalue()


def example(inputs: int, model: str) -> Path:
    """The file of a model's trainer: by nodes, or with a perturbation for each parameter."""
    return EXAMPLES / f"fashion_{inputs}{'_nodes' * model.endswith(BY_NODES)}.toml"


def configuration(inputs: int, place: Path, model: str = "twin") -> TrainerConfig:
    """The trainer of a model's example, with its samples, and with the rate that the model takes."""
    samples = AttachedFile(f"fashion_{inputs}.npz", packed(place, inputs))
    config = load(example(inputs, model), samples)
    changes = MODELS[model].changes
    return config.replaced(**changes) if changes else config


# ---- learning ------------------------------------------------------------------------------------


@dataclass
class Curve:
    """How accuracy on the samples that are never learned from grew.

    Attributes
    ----------
    model : str
        Key of :data:`MODELS`.
    shift : int
        The rate was 2**-shift at first.
    evaluations : list of int
        Costs that were measured until each look; of backpropagation samples that were shown.
    accuracy : list of float
        Of 10,000 images.
    seconds : float
        Of processor time, looks included.
    runs_on : str
        What the twin's last steps ran on.
    """

    model: str
    shift: int
    evaluations: list[int] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    seconds: float = 0.0
    runs_on: str = ""

    def __str__(self) -> str:
        last, found = self.evaluations[-1], self.accuracy[-1]
        return f"{self.model:16} {last:>12,} evaluations: {found:.2%}, {self.seconds:.0f} s"


@dataclass(frozen=True)
class Model:
    """What learns.

    Attributes
    ----------
    kind : callable
        From a configuration and seeds.
    changes : mapping
        What is other than in the example.
    measurements : int
        Of a step.
    """

    kind: Callable[..., Any]
    changes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    measurements: int = 2


#: What of a name says that neurons are shaken, not parameters.
BY_NODES = ", by nodes"
#: Backpropagation knows its gradient, so its rate may be larger.
_BY_GRADIENT = {"learning": {"rate": 2.0**-7, "anneal_every": 0, "last_rate": 0.0, "clamp": 0.0}}

MODELS: dict[str, Model] = {
    "twin": Model(Trainer),
    f"twin{BY_NODES}": Model(Trainer),
    "float": Model(FloatMgd),
    f"float{BY_NODES}": Model(FloatMgd),
    f"PyTorch{BY_NODES}": Model(TorchMgd),
    "backpropagation": Model(Backpropagation, _BY_GRADIENT, 1),
    "PyTorch, backpropagation": Model(TorchBackpropagation, _BY_GRADIENT, 1),
}


def curve(
    model: str, config: TrainerConfig, steps: int, every: int, known: Curve | None, checkpoint: Path | None
) -> Iterator[Curve]:
    """The same curve after every look, from where the checkpoint is; the others begin anew."""
    chosen = MODELS[model]
    learner = chosen.kind(config, [config.seed])
    found, done = Curve(model, config.learning_shift), 0
    if chosen.kind is not Trainer:
        checkpoint = None
    if checkpoint is not None and known is not None and checkpoint.exists():
        Checkpoints(checkpoint, config).put("twin", learner)
        found, done = known, learner.step
    test, before, began = test_samples(config), found.seconds, time.process_time()
    while done < steps:
        learner.run(min(every, steps - done))
        done += min(every, steps - done)
        found.evaluations.append(chosen.measurements * done)
        found.accuracy.append(round(float(learner.cost_and_accuracy(test)[1][0]), 4))
        found.seconds = round(before + time.process_time() - began, 1)
        found.runs_on = getattr(learner, "runs_on", "NumPy, floating point")
        if checkpoint is not None:
            here = Checkpoint(config)
            here.add("twin", learner)
            with replacing(checkpoint) as beside:
                beside.write_bytes(here.data())
        yield found


def side_by_side(config: TrainerConfig, checkpoint: Path | None, steps: int) -> Comparison:
    """Circuit and twin take so many steps, from the start or from where the twin is in a checkpoint: are all
    their states equal?
    """
    # A file that is refused is refused before anything is built.
    found = None if checkpoint is None else Checkpoints(checkpoint, config)
    design, samples = trainer_design(trainer_files(config)), dataset(config)
    if found is None:
        return compare(config, design, steps, samples=samples)
    file = found

    def resume(parts: Parts) -> Counted:
        twin, circuit = parts["twin"], parts["circuit_0"]
        assert isinstance(twin, Trainer)
        assert isinstance(circuit, RtlTrainer)
        file.put("twin", twin)
        into_circuit(twin, circuit)
        return Counted(twin.step, 0)

    end = int(file.parts["twin"]["step"]) + steps
    return compare(config, design, end, samples=samples, resume=resume)


def test_samples(config: TrainerConfig) -> Dataset:
    """Those that are never learned from."""
    samples = judging(config)
    assert samples is not None
    return samples


def plot(curves: Sequence[Curve], title: str, path: Path) -> None:
    """All curves over evaluations, on a logarithmic scale."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    for each in curves:
        axes.plot(each.evaluations, 100 * np.array(each.accuracy), marker="o", markersize=3, label=each.model)
    axes.set(
        xscale="log",
        xlabel="evaluations of the cost (backpropagation: samples)",
        ylabel="accuracy on 10,000 images, %",
        title=title,
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    with replacing(path) as beside:
        figure.savefig(beside, dpi=130)
    plt.close(figure)


# ---- the command line ----------------------------------------------------------------------------


def _place(given: Namespace) -> Path:
    if given.folder is None and not os.environ.get(VARIABLE):
        raise Unusable(f"where are the data? --folder FOLDER, or the environment variable {VARIABLE}")
    return Path(given.folder or os.environ[VARIABLE])


@ends_in_a_line
def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = command("fashion", __doc__, steps=1_000_000, every=100_000, models=MODELS, default_models="twin")
    parser.add_argument("inputs", type=int, choices=(196, 784))
    parser.add_argument("--folder", help="where the four IDX files are")
    parser.add_argument("--write", type=folder, metavar="DIR", help="write fashion_INPUTS.npz there, and end")
    parser.add_argument(
        "--out", type=folder, default=_FIGURES, help="folder for fashion_INPUTS.json and .png"
    )
    parser.add_argument("--checkpoint", type=file, help="where the twin is, to go on from there")
    parser.add_argument(
        "--circuit",
        type=number,
        metavar="STEPS",
        help="twin and circuit side by side, from the checkpoint if one is named, and end",
    )
    given = parser.parse_args(arguments)
    place, name = _place(given), f"fashion_{given.inputs}"
    if given.write:
        path = given.write / f"{name}.npz"
        with replacing(path) as beside:
            beside.write_bytes(packed(place, given.inputs))
        say(f"wrote {path}")
        return 0
    if given.circuit:
        model = (given.model or ["twin"])[0]
        if MODELS[model].kind is not Trainer:
            parser.error("--circuit learns beside a twin: --model twin, or 'twin, by nodes'")
        config = configuration(given.inputs, place, model)
        found = side_by_side(config, given.checkpoint, given.circuit)
        say(found)
        note(found, found.steps - given.circuit, given.out)
        return 0 if found.equal else 1
    results = given.out / f"{name}.json"
    hold(results)
    curves = {row["model"]: Curve(**row) for row in (kept(results) or {"curves": []})["curves"]}
    for model in given.model or ["twin"]:
        config = configuration(given.inputs, place, model)
        for latest in curve(model, config, given.steps, given.every, curves.get(model), given.checkpoint):
            say(latest)
            curves[model] = latest
            keep(results, {"curves": [asdict(curves[each]) for each in MODELS if each in curves]}, indent=1)
    plot([curves[each] for each in MODELS if each in curves], name, given.out / f"{name}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
