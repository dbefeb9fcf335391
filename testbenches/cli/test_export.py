"""Does a learned network answer outside as it does here: in C, in NumPy, in ONNX, in PyTorch?

The judge is the float model, whose code has nothing in common with what is exported; the bound that is told
for the circuit is held against the twin.
"""

from __future__ import annotations

import io
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl import cli
from mgd_hdl.config import TrainerConfig, preset
from mgd_sim.export.network import PlainNetwork
from mgd_sim.float_mgd import FloatNetwork
from mgd_sim.learned import Learned
from mgd_sim.network.activation import Activation, departure
from mgd_sim.tasks import Dataset
from mgd_sim.trainer import Trainer

CONFIGS = {
    "xor": preset("xor"),
    "letters": preset("nist7x7_centered"),
    "curves": preset("xor").replaced(
        network={"layers": [3, 4, 3, 2, 2], "activation": ["tanh", "relu", "sigmoid", "linear"]},
        formats={"input": "SQ(2, 6)", "target": "UQ(1, 4)"},
        task={"name": "external", "source": "stream"},
    ),
    "device": preset("xor").replaced(
        network={"layers": [2, 3, 2, 1], "activation": ["sigmoid", "tanh", "sigmoid"]},
        imperfections={"activation_spread": 0.25, "stuck": 0.2, "stuck_kind": "dead", "device": 3},
    ),
}


FUNCTIONS = {
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: z * (z > 0),
    "linear": lambda z: z,
}


@dataclass
class Case:
    """A network with parameters at random, its file, and inputs with the answers that are right."""

    config: TrainerConfig
    learned: Learned
    file: Path
    x: np.ndarray  # (samples, inputs)
    float_y: np.ndarray  # (samples, outputs)
    twin_y: np.ndarray


@pytest.fixture(scope="module", params=CONFIGS)
def case(request, tmp_path_factory) -> Case:
    config = CONFIGS[request.param]
    rng = np.random.default_rng(7)
    nothing = Dataset(np.zeros((1, config.inputs), int), np.zeros((1, config.outputs), int))
    samples = nothing if config.task.source == "stream" else None
    trainer = Trainer(config, [5, 6, 7], samples=samples)
    # Not too large: relu and linear have limits in the circuit.
    most = config.words.parameter.max // 16
    trainer.hold(rng.integers(-most, most, (3, config.parameters)))
    learned = Learned.of(config, trainer, 12, [5, 6, 7], [None, 8, None])
    file = tmp_path_factory.mktemp("learned") / f"{config.name}.parameters.npz"
    file.write_bytes(learned.npz())
    form = config.formats.input
    integers = rng.integers(form.min, form.max + 1, (config.inputs, 40))
    return Case(
        config,
        learned,
        file,
        integers.T * form.step,
        FloatNetwork(config)(learned.weights[learned.best][None], integers * form.step)[0].T,
        trainer.mlp(trainer.take_step.rest(trainer.visible), integers)[learned.best].T
        * config.words.output.step,
    )


def exported(case: Case, kind: str, folder: Path, *more: str) -> Path:
    out = folder / f"out.{kind}"
    assert cli.main(["export", str(case.file), "--to", kind, "-o", str(out), *more]) == 0
    return out


def equal(y: np.ndarray, expected: np.ndarray) -> None:
    """To the accuracy of single precision, which some layers have made a little worse."""
    assert y.shape == expected.shape
    assert np.abs(y - expected).max() <= 4e-6 * max(1.0, np.abs(expected).max())


# ---- what an export answers ------------------------------------------------------------------------


MAIN = """
#include <stdio.h>
#include "out.c"
#include "out.c" /* a header may come twice */

int main(void)
{
  float x[NAME_inputs], y[NAME_outputs];
  long i, sum = 0;
  for (;;) {
    for (i = 0; i < NAME_inputs; i++)
      if (scanf("%f", &x[i]) != 1) {
        for (i = 0; i < (long)(sizeof NAME_T / sizeof NAME_T[0]); i++)
          sum += (i + 1) * NAME_T[i];
        printf("%ld\\n", sum);
        return 0;
      }
    NAME_answer(x, y);
    for (i = 0; i < NAME_outputs; i++)
      printf("%.9g ", (double)y[i]);
    printf("\\n");
  }
}
"""

WARNINGS = ("-Wall", "-Wextra", "-pedantic", "-Wconversion", "-Wdouble-promotion", "-Wshadow", "-Werror")


@pytest.mark.parametrize(
    "compiler",
    [["gcc", "-std=c99"], pytest.param(["g++", "-std=c++11", "-x", "c++"], marks=pytest.mark.only_all)],
    ids=" ".join,
)
def test_c(case, compiler, tmp_path):
    """Compiles without a warning, answers as the float model, and holds every T."""
    exported(case, "c", tmp_path)
    (tmp_path / "main.c").write_text(MAIN.replace("NAME", case.config.name))
    subprocess.run(
        [*compiler, *WARNINGS, "-o", "main", "main.c", "-lm"], cwd=tmp_path, check=True, timeout=60
    )
    inputs = "\n".join(" ".join(map(repr, row)) for row in case.x.tolist())
    run = subprocess.run(
        [tmp_path / "main"], input=inputs, capture_output=True, text=True, check=True, timeout=60
    )
    *rows, sum_of_words = run.stdout.splitlines()
    equal(np.array([list(map(float, row.split())) for row in rows]), case.float_y)
    words = case.learned.theta[case.learned.best].tolist()
    assert int(sum_of_words) == sum((i + 1) * word for i, word in enumerate(words))


def test_npz(case, tmp_path, capsys):
    """Names as in a chain of layers; answers by the textbook's formulas where no neuron has its own curve."""
    with np.load(exported(case, "npz", tmp_path), allow_pickle=False) as file:
        found = dict(file)
    layers = case.config.shape.layers
    assert list(found) == [f"{2 * layer.index}.{kind}" for layer in layers for kind in ("weight", "bias")]
    has_defects = bool(layers[0].defects)
    assert ("note: its neurons have curves of their own" in capsys.readouterr().out) == has_defects
    if has_defects:
        return
    y = case.x
    for layer in layers:
        y = FUNCTIONS[layer.activation](
            y @ found[f"{2 * layer.index}.weight"].T + found[f"{2 * layer.index}.bias"]
        )
    equal(y, case.float_y)


def test_onnx(case, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    session = onnxruntime.InferenceSession(
        exported(case, "onnx", tmp_path).read_bytes(), providers=["CPUExecutionProvider"]
    )
    (y,) = session.run(["y"], {"x": case.x.astype(np.float32)})
    equal(y, case.float_y)


def test_pytorch(case, tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if case.config.shape.layers[0].defects:
        pytest.skip("a chain of layers knows no curves of single neurons")
    kinds = {
        "sigmoid": torch.nn.Sigmoid,
        "tanh": torch.nn.Tanh,
        "relu": torch.nn.ReLU,
        "linear": torch.nn.Identity,
    }
    chain = [
        module
        for layer in case.config.shape.layers
        for module in (torch.nn.Linear(layer.inputs, layer.neurons), kinds[layer.activation]())
    ]
    network = torch.nn.Sequential(*chain)
    with np.load(exported(case, "npz", tmp_path)) as found:
        network.load_state_dict({name: torch.from_numpy(found[name]) for name in found.files})
    with torch.no_grad():
        equal(network(torch.tensor(case.x, dtype=torch.float32)).numpy(), case.float_y)


# ---- what is told of the circuit ---------------------------------------------------------------------


def test_the_circuit_is_as_near_as_is_told(case):
    """And not nearer by far: the bound is one, no guess."""
    network = PlainNetwork.of(case.learned.arrays())
    off = np.abs(case.float_y - case.twin_y).max()
    assert 0 < off <= network.departure
    assert off > network.departure / 100


@pytest.mark.parametrize("name", ["xor", "curves", "device"])
def test_a_curve_is_as_near_as_is_told(name):
    """Sums on a grid much finer than the table's, and far beyond it."""
    config = CONFIGS[name]
    for layer in config.shape.layers:
        z = np.concatenate([np.arange(-40_000, 40_000, 7), [-(1 << 24), 1 << 24]])
        z = np.unique(np.clip(z << max(0, layer.sum.fraction_bits - 12), layer.sum.min, layer.sum.max))
        if not layer.tables:
            z = z[np.abs(z * layer.sum.step) < 1]
        y = Activation(layer)(np.broadcast_to(z, (1, layer.neurons, len(z))))[0] * layer.output.step
        real = z * layer.sum.step
        function = FUNCTIONS[layer.activation]
        exact = [function(real)] * layer.neurons
        if layer.defects:
            exact = [
                own.offset + own.height * function(own.gain * (real - own.shift)) for own in layer.defects
            ]
        off = [np.abs(mine - theirs).max() for mine, theirs in zip(y, exact, strict=True)]
        assert departure(layer) / 2 < max(off) <= departure(layer)


def test_another_seed(case, tmp_path, capsys):
    """Its numbers are made of its integers, those of the best one stand in the file: the same formula."""
    arrays = case.learned.arrays()
    for row, seed in enumerate(case.learned.seeds):
        network = PlainNetwork.of(arrays, seed)
        numbers = np.concatenate(
            [np.concatenate([each.weight, each.bias[:, None]], axis=1).ravel() for each in network.layers]
        )
        assert (numbers == case.learned.weights[row]).all()
        assert (network.theta == case.learned.theta[row]).all()
        assert network.seed == seed
    exported(case, "c", tmp_path, "--seed", "6")
    assert f"{case.config.name}, seed 6, step 12, " in capsys.readouterr().out
    assert cli.main(["export", str(case.file), "--to", "c", "-o", str(tmp_path / "x"), "--seed", "4"]) == 2
    assert capsys.readouterr().err == f"mgd-hdl: {case.file}: holds no seed 4; it has 3, from 5 to 7\n"
    assert not (tmp_path / "x").exists()


# ---- files that are none -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def good() -> dict[str, np.ndarray]:
    trainer = Trainer(preset("xor"), [1, 2])
    return Learned.of(preset("xor"), trainer, 0, [1, 2], [None, None]).arrays()


def without(arrays: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    return {each: array for each, array in arrays.items() if each != name}


def packed(arrays: dict[str, np.ndarray], **options) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **options, **arrays)
    return file.getvalue()


def twice(data: bytes) -> bytes:
    """With an array that stands there twice."""
    file = io.BytesIO(data)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(file, "a") as archive:
        archive.writestr("T.npy", archive.read("T.npy"))
    return file.getvalue()


def bomb(data: bytes) -> bytes:
    """A gigabyte of zeros in a megabyte."""
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("more.npy", "w") as entry:
        for _ in range(1 << 10):
            entry.write(bytes(1 << 20))
    return file.getvalue()


BROKEN = {
    "empty": (lambda good: b"", "is empty"),
    "text": (lambda good: b"weights: 1, 2, 3", "is not an .npz file, or is damaged"),
    "truncated": (lambda good: packed(good)[:-40], "is not an .npz file, or is damaged"),
    "cut in half": (
        lambda good: packed(good)[: len(packed(good)) // 2],
        "is not an .npz file, or is damaged",
    ),
    "one byte spoiled": (
        lambda good: (lambda data: data[:900] + bytes([data[900] ^ 255]) + data[901:])(packed(good)),
        "damaged",
    ),
    "twice": (lambda good: twice(packed(good)), "holds the array 'T' twice"),
    "pickle": (
        lambda good: packed(good | {"T": np.array([{"a": 1}], dtype=object)}, allow_pickle=True),
        "Python objects",
    ),
    "foreign": (lambda good: packed({"0.weight": np.zeros((2, 2))}), "is no NAME.parameters.npz"),
    "kind is a number": (lambda good: packed(good | {"kind": np.array(7)}), "is no NAME.parameters.npz"),
    "no layer": (lambda good: packed(without(good, "layer_1.bias")), "has no array layer_1.bias"),
    "shape": (
        lambda good: packed(good | {"layer_0.weight": np.zeros((2, 3))}),
        "layer_0.weight: has the shape (2, 3); must be (2, 2)",
    ),
    "axes": (
        lambda good: packed(good | {"layer_0.bias": np.zeros((2, 1))}),
        "layer_0.bias: has the shape (2, 1); must be (2)",
    ),
    "NaN": (
        lambda good: packed(good | {"layer_1.bias": np.array([np.nan])}),
        "layer_1.bias: holds NaN or infinite numbers",
    ),
    "endless": (
        lambda good: packed(good | {"layer_1.weight": np.array([[1.0, np.inf]])}),
        "layer_1.weight: holds NaN or infinite numbers",
    ),
    "complex": (lambda good: packed(good | {"layer_1.bias": np.array([1j])}), "must hold numbers"),
    "reals for integers": (
        lambda good: packed(good | {"T": good["T"] * 1.0}),
        "T: holds float64; must hold integers",
    ),
    "seeds": (
        lambda good: packed(good | {"seeds": np.array([1, 2, 3])}),
        "T: has the shape (2, 9); must be (3, 9)",
    ),
    "best": (
        lambda good: packed(good | {"best": np.array(2)}),
        "best: is 2; must be a whole number from 0 to 1",
    ),
    "huge layer": (
        lambda good: packed(good | {"layers": np.array([2, 1 << 40, 1])}),
        "layers: must hold 2 to 9 numbers of neurons",
    ),
    "no layers": (lambda good: packed(good | {"layers": np.array([2])}), "layers: must hold 2 to 9"),
    "activation": (
        lambda good: packed(good | {"layer_0.activation": np.array("softmax")}),
        "layer_0.activation: must be one of sigmoid, tanh, relu, linear",
    ),
    "name": (
        lambda good: packed(good | {"name": np.array("x; */ int y")}),
        "name: must be a letter, then up to 62 letters",
    ),
    "format": (
        lambda good: packed(good | {"formats": np.array([["parameter", "Q5.11"]])}),
        "formats: must tell that of parameter",
    ),
}


@pytest.mark.parametrize("broken", BROKEN)
def test_broken_files_are_one_line(broken, good, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make, said = BROKEN[broken]
    Path("in.npz").write_bytes(make(good))
    assert cli.main(["export", "in.npz", "--to", "npz", "-o", "out"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith("mgd-hdl: in.npz: ")
    assert said in line
    assert [path.name for path in Path().iterdir()] == ["in.npz"]


@pytest.mark.only_all
def test_a_bomb_is_not_unpacked(good, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("in.npz").write_bytes(bomb(packed(good)))
    assert cli.main(["export", "in.npz", "--to", "npz", "-o", "out"]) == 2
    assert capsys.readouterr().err == "mgd-hdl: in.npz: unpacks to more than 256 MiB\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("missing.npz", "missing.npz: cannot be read: no such file or directory"),
        (".", ".: is a directory"),
        ("/dev/zero", "/dev/zero: is not a regular file"),
    ],
)
def test_what_is_no_file(given, said, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["export", given, "--to", "onnx", "-o", "out"]) == 2
    assert capsys.readouterr().err == f"mgd-hdl: {said}\n"
    assert list(Path().iterdir()) == []


def test_a_file_that_exists_stays(case, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("out").write_text("precious")
    assert cli.main(["export", str(case.file), "--to", "npz", "-o", "out"]) == 2
    assert capsys.readouterr().err == "mgd-hdl: out: exists; --force replaces it\n"
    assert Path("out").read_text() == "precious"
    assert cli.main(["export", str(case.file), "--to", "npz", "-o", "out", "--force"]) == 0
