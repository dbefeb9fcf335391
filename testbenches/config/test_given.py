"""Parameters from a file: which files are taken, what becomes of each number, what is said of the others."""

from __future__ import annotations

import io
import json
import os
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl import cli
from mgd_hdl.config import ConfigError, TrainerConfig, load, preset
from mgd_hdl.config.attached import AttachedFile
from mgd_hdl.config.toml import preset_text
from mgd_sim.float_mgd import FloatMgd, FloatNetwork
from mgd_sim.learned import Learned
from mgd_sim.trainer import Trainer
from testbenches.given import KEY, file, given, numbers

XOR = preset("xor")


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def packed(arrays: dict[str, np.ndarray], **options) -> bytes:
    data = io.BytesIO()
    np.savez_compressed(data, **options, **arrays)
    return data.getvalue()


def begun(data: bytes, config: TrainerConfig = XOR) -> TrainerConfig:
    return config.with_file(KEY, AttachedFile("own.npz", data))


def layers(names: list[str], **changed: np.ndarray) -> dict[str, np.ndarray]:
    """Arrays of these names for XOR: 1, 2, 3, ... in the order of the circuit's parameters."""
    first, second = np.arange(1.0, 7).reshape(2, 3), np.arange(7.0, 10).reshape(1, 3)
    parts = [first[:, :-1], first[:, -1], second[:, :-1], second[:, -1]]
    return dict(zip(names, parts, strict=True)) | changed


def of_the_page(what: str) -> str:
    """The line of the page that writes a file of another program's numbers."""
    page = (Path(__file__).parents[2] / "docs/results.md").read_text("utf-8")
    (line,) = (line for line in page.splitlines() if line.startswith("np.savez(") and what in line)
    return line


def named(*of_layers: str) -> list[str]:
    return [f"{layer}.{kind}" for layer in of_layers for kind in ("weight", "bias")]


# ---- what is taken -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names",
    [named("layer_0", "layer_1"), named("0", "2"), named("layers.3", "layers.11"), named("fc1", "fc2")],
    ids=str,
)
@pytest.mark.parametrize("turned", [False, True])
def test_layers_by_their_numbers(names, turned):
    """In whatever order they stand in the file; 11 comes behind 3."""
    arrays = layers(names)
    if turned:
        arrays = dict(reversed(arrays.items()))
    config = begun(packed(arrays))
    assert config.given.theta == tuple(number << 11 for number in range(1, 10))
    assert config.given.rounded == 0
    assert (Trainer(config, [1, 2]).theta == config.given.theta).all()


@pytest.mark.parametrize("kind", ["<f4", ">f8", "<f2", "<i8", "u1"])
def test_numbers_of_any_type(kind):
    arrays = {name: array.astype(kind) for name, array in layers(named("0", "1")).items()}
    assert begun(packed(arrays)).given.theta == tuple(number << 11 for number in range(1, 10))


def test_pytorch_by_one_line():
    """What the page says, of a chain of layers that answers as the float model does then."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    network = torch.nn.Sequential(
        torch.nn.Linear(2, 2), torch.nn.Sigmoid(), torch.nn.Linear(2, 1), torch.nn.Sigmoid()
    )
    exec(of_the_page("state_dict"), {"np": np, "network": network})  # noqa: S102 - our own page
    config = begun(Path("mine.npz").read_bytes())
    x = np.array([[0, 0, 1, 1], [0, 1, 0, 1]], dtype=np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(x.T)).numpy().T
    assert np.abs(FloatNetwork(config)(FloatMgd(config, [1]).theta[0], x) - expected).max() < 1e-3


def test_keras_by_one_line():
    """Kernels are (in, out) there; the line that the page has for it."""
    weights = [np.arange(8.0).reshape(2, 4), np.zeros(4), np.arange(4.0).reshape(4, 1), np.zeros(1)]

    class Model:
        def get_weights(self):
            return weights

    exec(of_the_page("get_weights"), {"np": np, "model": Model()})  # noqa: S102 - our own page
    config = begun(Path("mine.npz").read_bytes(), XOR.replaced(network={"layers": [2, 4, 1]}))
    assert config.given.theta[:6] == (0, 4 << 11, 0, 1 << 11, 5 << 11, 0)
    assert config.given.theta[12:] == (0, 1 << 11, 2 << 11, 3 << 11, 0)


# ---- what becomes of a number ------------------------------------------------------------------------


def expected(number: float, config: TrainerConfig) -> int:
    """The nearest integer, of two the even one, between the limits, in exact fractions."""
    parameter, given = config.words.parameter, config.given
    exact = Fraction(number) * 2**parameter.fraction_bits
    low = exact.numerator // exact.denominator
    rest = exact - low
    nearest = low + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and low % 2))
    return max(given.least, min(given.most, nearest))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"formats": {"parameter": "SQ(2, 10)"}, "network": {"initial": 0.5}, "learning": {"rate": 0.25}},
        {"learning": {"clamp": 1.0}},
    ],
    ids=str,
)
def test_rounding_and_limits(changes):
    config = XOR.replaced(**changes)
    step = config.words.parameter.step
    odd = [0.5, 1.5, -0.5, -2.5, 3.25, -3.75, 0.49999999999]
    far = [1e300, -1e300]
    parts = layers(named("0", "1"))
    values = [number * step for number in odd] + far
    flat = np.array(values).reshape(3, 3)
    parts |= {
        "0.weight": flat[:2, :2],
        "0.bias": flat[:2, 2],
        "1.weight": flat[2:, :2],
        "1.bias": flat[2, 2:],
    }
    config = begun(packed(parts), config)
    assert config.given.theta == tuple(expected(value, config) for value in values)
    assert config.given.theta[:4] == (0, 2, 0, -2)
    assert config.given.clipped == 2
    assert config.given.rounded == 0.5 * step
    # As in training: half of T's range or the clamp, and a word more, which never wraps T.
    word, rail = 2 ** (config.words.parameter.width - 2), config.levels.rail
    assert (config.given.least, config.given.most) == (-(2**rail) - word, 2**rail - 1 + word - 1)
    assert config.words.parameter.min <= config.given.least
    assert config.given.most <= config.words.parameter.max


def test_what_is_clipped_is_not_counted_as_rounded():
    """A quarter of a last bit and more, of numbers beyond the greatest and the least alone; then of all."""
    step, given = XOR.words.parameter.step, begun(packed(layers(named("0", "1")))).given
    beyond = {"1.bias": np.array([(given.most + 1.25) * step])}
    found = begun(packed(layers(named("0", "1"), **beyond))).given
    assert (found.clipped, found.rounded) == (1, 0)
    beyond["0.bias"] = np.array([0.125 * step, (given.least - 1.5) * step])
    found = begun(packed(layers(named("0", "1"), **beyond))).given
    assert (found.clipped, found.rounded) == (2, 0.125 * step)
    everywhere = {name: np.full(each.shape, 1e3) for name, each in layers(named("0", "1")).items()}
    found = begun(packed(everywhere)).given
    assert (found.clipped, found.rounded) == (9, 0)


def test_what_check_tells(capsys):
    parts = numbers(XOR, 1.0)
    parts[0][0, 0], parts[1][0, 1] = 40.0, -16.5
    Path("own.npz").write_bytes(file(parts).data)
    Path("own.toml").write_text(preset_text("xor").replace("[network]", '[network]\nparameters = "own.npz"'))
    assert cli.main(["check", "own.toml"]) == 0
    out = capsys.readouterr().out
    assert "2 of 9 clipped to -16 to 15.999" in out
    assert "network.parameters: own.npz, " in out
    assert cli.main(["check", "own.toml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["given"]
    assert (found["clipped"], found["rounds"], found["least"]) == (2, 2, -16.0)
    assert 0 < found["rounded"] <= 2.0**-12
    assert cli.main(["check", "xor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["given"] is None


def test_own_integers_are_taken_as_they_are():
    """Of the best seed, guard bits and what is beyond the rail too; in another format by their value."""
    config = XOR.replaced(learning={"clamp": 2.0})
    trainer = Trainer(config, range(4))
    trainer.run(3000)
    learned = Learned.of(config, trainer, 3000, range(4), [None] * 4)
    rail = 1 << config.levels.rail
    own = tuple(learned.theta[learned.best].tolist())
    again = begun(learned.npz(), config)
    assert again.given.theta == own
    assert again.given.rounds == 1 + any(not -rail <= each < rail for each in own)
    finer = begun(learned.npz(), config.replaced(formats={"parameter": "SQ(5, 13)"}))
    assert finer.given.theta == tuple(each << 2 for each in own)
    coarse = {"formats": {"parameter": "SQ(5, 9)"}, "learning": {"rounding": "floor"}}
    coarser = begun(learned.npz(), config.replaced(**coarse))
    step = config.words.parameter.step
    assert coarser.given.theta == tuple(expected(each * step, coarser) for each in own)
    assert coarser.given.rounded > 0


def test_seed_initial_is_no_register_then():
    config = given(XOR)
    assert "seed_initial" not in config.legal_registers
    with pytest.raises(
        ConfigError, match=r'seed_initial.* no register of this circuit.*network.parameters = ""'
    ):
        config.registers(seed_initial=5)


def test_tries_that_would_be_the_same_are_refused():
    judge = {"kind": "window", "window": 8, "retry": 20}
    config = given(XOR.replaced(judge=judge, perturbation={"family": "walsh"}))
    with pytest.raises(ConfigError, match=r"judge\.retry = 20: must be 0: with network\.parameters"):
        config.replaced(task={"order": "plain"})


# ---- what is refused ---------------------------------------------------------------------------------

GOOD = layers(named("0", "2"))


def broken(**changed: np.ndarray | None) -> bytes:
    arrays = {**GOOD, **{name.replace("_", "."): each for name, each in changed.items()}}
    return packed({name: each for name, each in arrays.items() if each is not None})


def twice() -> bytes:
    data = io.BytesIO(packed(GOOD))
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(data, "a") as archive:
        archive.writestr("0.bias.npy", archive.read("0.bias.npy"))
    return data.getvalue()


def zeros(count: int) -> bytes:
    """An array of so many zeros, which takes little room."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            head, {"descr": "|u1", "fortran_order": False, "shape": (count,)}
        )
        with archive.open("0.weight.npy", "w") as entry:
            entry.write(head.getvalue())
            for _ in range(count >> 20):
                entry.write(bytes(1 << 20))
    return data.getvalue()


def own(**changed: np.ndarray) -> bytes:
    arrays = Learned.of(XOR, Trainer(XOR, [1]), 0, [1], [None]).arrays()
    return packed({**arrays, **changed})


BROKEN = {
    "nothing": (lambda: b"", "is empty"),
    "text": (lambda: b"0.5, 0.25", "is not an .npz file, or is damaged"),
    "an array alone": (
        lambda: (lambda f: (np.save(f, np.zeros(9)), f.getvalue())[1])(io.BytesIO()),
        "damaged",
    ),
    "truncated": (lambda: packed(GOOD)[:-30], "is not an .npz file, or is damaged"),
    "half": (lambda: packed(GOOD)[:300], "is not an .npz file, or is damaged"),
    "no bias": (lambda: broken(**{"2_bias": None}), "has no array '2.bias'"),
    "no weight": (lambda: broken(**{"0_weight": None}), "has no array '0.weight'"),
    "a layer too few": (
        lambda: broken(**{"2_bias": None, "2_weight": None}),
        "holds 1 layers; must hold the 2",
    ),
    "a layer too many": (
        lambda: broken(**{"4_bias": np.ones(1), "4_weight": np.ones((1, 1))}),
        "holds 3 layers",
    ),
    "transposed": (
        lambda: broken(**{"2_weight": np.ones((2, 1))}),
        "2.weight: has the shape (2, 1); must be (1, 2) (outputs first: it is transposed)",
    ),
    "another shape": (
        lambda: broken(**{"0_weight": np.ones((2, 3))}),
        "has the shape (2, 3); must be (2, 2)",
    ),
    "a bias of two axes": (
        lambda: broken(**{"0_bias": np.ones((2, 1))}),
        "has the shape (2, 1); must be (2)",
    ),
    "NaN": (lambda: broken(**{"0_bias": np.array([0, np.nan])}), "0.bias: holds NaN or infinite numbers"),
    "endless": (
        lambda: broken(**{"0_bias": np.array([0, -np.inf])}),
        "0.bias: holds NaN or infinite numbers",
    ),
    "complex": (
        lambda: broken(**{"0_bias": np.array([0, 1j])}),
        "entries of type complex128; must hold numbers",
    ),
    "text for numbers": (
        lambda: broken(**{"0_bias": np.array(["1", "2"])}),
        "0.bias: holds entries of type <U1",
    ),
    "truths": (lambda: broken(**{"0_bias": np.array([True, False])}), "0.bias: holds entries of type bool"),
    "pickle": (
        lambda: packed({**GOOD, "0.bias": np.array([1, {}], dtype=object)}, allow_pickle=True),
        "array '0.bias' holds Python objects",
    ),
    "a foreign name": (lambda: broken(scale=np.ones(1)), "array 'scale' is of no layer; names must be"),
    "two of a number": (
        lambda: packed({**GOOD, "fc2.weight": np.ones((1, 2))}),
        "arrays of 2 and fc2 have one number",
    ),
    "twice": (twice, "holds the array '0.bias' twice"),
    "a folder in it": (
        lambda: (lambda f: (zipfile.ZipFile(f, "w").mkdir("a"), f.getvalue())[1])(io.BytesIO()),
        "holds 'a/', which is no array",
    ),
    "own, another network": (
        lambda: own(layers=np.array([2, 3, 1])),
        "is of a network [2, 3, 1]; must be of [2, 2, 1]",
    ),
    "own, another kind": (
        lambda: own(kind=np.array("mgd_hdl parameters 9")),
        "kind: is not 'mgd_hdl parameters 1'",
    ),
    "own, no such best": (lambda: own(best=np.array(1)), "T: must hold integers, one row for each seed"),
    "own, reals": (lambda: own(T=np.zeros((1, 9))), "T: must hold integers, one row for each seed"),
    "own, too few": (lambda: own(T=np.zeros((1, 8), int)), "T: has the shape (1, 8); must be (1, 9)"),
    "own, no format": (
        lambda: own(formats=np.array([["parameter", "11 bits"]])),
        "formats: is not a number format; must be",
    ),
    "own, a format of too many bits": (
        lambda: own(formats=np.array([["parameter", "SQ(60, 60)"]])),
        "formats: SQ(60, 60) has 120 bits; must have at most 64",
    ),
    "own, formats of numbers": (lambda: own(formats=np.zeros((3, 2))), "lacks one of layers, formats, T"),
    "own, formats no table": (lambda: own(formats=np.array(3)), "lacks one of layers, formats, T and best"),
}

TEXT = preset_text("xor").replace("[network]", '[network]\nparameters = "own.npz"')


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_line(name, capsys):
    make, said = BROKEN[name]
    Path("own.npz").write_bytes(make())
    Path("own.toml").write_text(TEXT)
    assert cli.main(["train", "own.toml", "-o", "out"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith('mgd-hdl: network.parameters = "own.npz": ')
    assert said in line
    assert sorted(path.name for path in Path().iterdir()) == ["own.npz", "own.toml"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (lambda: None, "cannot be read: no such file or directory"),
        (lambda: Path("own.npz").mkdir(), "is a directory"),
        (lambda: os.mkfifo("own.npz"), "is not a regular file"),
        (lambda: Path("own.npz").symlink_to("own.npz"), "cannot be read: too many levels of symbolic links"),
    ],
    ids=["none", "folder", "pipe", "link"],
)
def test_what_is_no_file_is_one_line(place, said, capsys):
    place()
    Path("own.toml").write_text(TEXT)
    assert cli.main(["check", "own.toml"]) == 2
    assert capsys.readouterr().err == f'mgd-hdl: network.parameters = "own.npz": {said}\n'


def test_a_file_may_be_as_large_as_export_takes_it(capsys):
    """65 MiB and 257 MiB, which are no archives."""
    Path("own.toml").write_text(TEXT)
    for size, said in ((65, "is not an .npz file, or is damaged"), (257, "is larger than 256 MiB")):
        with Path("own.npz").open("wb") as file:
            file.truncate(size << 20)
        assert cli.main(["check", "own.toml"]) == 2
        assert capsys.readouterr().err == f'mgd-hdl: network.parameters = "own.npz": {said}\n'
        assert cli.main(["export", "own.npz", "--to", "npz", "-o", "out"]) == 2
        assert capsys.readouterr().err == f"mgd-hdl: own.npz: {said}\n"


@pytest.mark.only_all
@pytest.mark.parametrize(
    ("count", "said"),
    [(1 << 29, "unpacks to more than 256 MiB"), (1 << 20, "holds 1 layers; must hold the 2")],
)
def test_a_bomb_is_bounded(count, said, capsys):
    """Half a gigabyte of zeros in half a megabyte is not unpacked."""
    Path("own.npz").write_bytes(zeros(count))
    Path("own.toml").write_text(TEXT)
    assert cli.main(["check", "own.toml"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_the_file_is_sought_beside_the_configuration():
    Path("deep").mkdir()
    Path("deep/own.npz").write_bytes(file(numbers(XOR, 0.5)).data)
    Path("deep/own.toml").write_text(TEXT)
    assert load("deep/own.toml").given.theta == begun(file(numbers(XOR, 0.5)).data).given.theta
