"""Does a twin go on from a file as if it had not been cut, and is every other file refused?"""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

from mgd_hdl import cli
from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.config.errors import Refused
from mgd_sim.checkpoint import Checkpoint, Checkpoints
from mgd_sim.moves import Within, leaves
from mgd_sim.perturb.external import port_codes
from mgd_sim.retry import Retrying, trainer
from mgd_sim.tasks import Dataset
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples
from testbenches.catalogue import CATALOGUE, configuration

JUDGED = {"kind": "window", "limit": 0.3, "window": 8, "misses": 2, "retry": 30}


def twin(config: TrainerConfig, seeds=(1, 2, 3), **more) -> Trainer | Retrying:
    return trainer(config, seeds, samples=port_samples(config), perturbations=port_codes(config), **more)


def data(config: TrainerConfig, learner: Trainer | Retrying) -> bytes:
    made = Checkpoint(config)
    made.add("twin", learner)
    return made.data()


def alone(config: TrainerConfig) -> bool:
    """It has a network and samples of its own."""
    return config.device.kind == "network" and config.task.name != "external"


@pytest.mark.parametrize("name", [name for name in CATALOGUE if alone(configuration(name))])
def test_cut_and_resumed(name, tmp_path):
    config = configuration(name)
    whole = twin(config).run(50, record=True)
    first = twin(config)
    one = first.run(31, record=True)
    (tmp_path / "c.npz").write_bytes(data(config, first))
    other = twin(config)
    Checkpoints(tmp_path / "c.npz", config).put("twin", other)
    assert other.step == 31
    two = other.run(19, record=True)
    for state, array in whole.arrays.items():
        joined = np.concatenate([one.arrays[state], two.arrays[state]])
        np.testing.assert_array_equal(joined, array, state)


@pytest.mark.parametrize("cut", [0, 29, 30, 31, 100])
def test_tries_and_devices(cut, tmp_path):
    """Replicas that began tries at different steps; before the first step, around a start, and long after."""
    config = preset("xor").replaced(
        judge=JUDGED, imperfections={"activation_spread": 0.3}, learning={"rate": 1.0}
    )
    learner = twin(config, range(12), devices=list(range(12)))
    learner.run(cut)
    (tmp_path / "c.npz").write_bytes(data(config, learner))
    other = twin(config, range(12), devices=list(range(12)))
    Checkpoints(tmp_path / "c.npz", config).put("twin", other)
    one, two = learner.run(90, record=True), other.run(90, record=True)
    for state, array in one.arrays.items():
        np.testing.assert_array_equal(two.arrays[state], array, state)
    np.testing.assert_array_equal(other.tries, learner.tries)
    np.testing.assert_array_equal(other.solved_at, learner.solved_at)
    assert len(learner.groups) > 1


@pytest.mark.parametrize(
    "name", ["momentum, noise of updates, annealed", "judged, delayed", "analog", "node by node"]
)
def test_limits_hold(name):
    """All that a run reaches is within the limits that a file is held to, and each number has some."""
    learner = twin(configuration(name))
    limits = dict(leaves(learner.limits))
    for _ in range(40):
        learner.run(5)
        found = dict(leaves(learner.state))
        assert found.keys() == limits.keys()
        for key, value in found.items():
            array, within = np.asarray(value), limits[key]
            assert isinstance(within, Within)
            assert array.size == 0 or within.low <= array.min() <= array.max() <= within.high, key


# ---- files that are none --------------------------------------------------------------------------

CONFIG = preset("xor")


def edited(change, config: TrainerConfig = CONFIG, steps: int = 9) -> bytes:
    """A good file with other entries."""
    learner = twin(config)
    learner.run(steps)
    file = np.load(io.BytesIO(data(config, learner)))
    entries = {name: file[name] for name in file.files}
    change(entries)
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **entries)
    return out.getvalue()


def said(change):
    """An edit of what the file says of itself."""

    def edit(entries):
        header = json.loads(entries["checkpoint"].tobytes())
        change(header)
        entries["checkpoint"] = np.frombuffer(json.dumps(header).encode(), np.uint8)

    return edit


def put(name, value):
    return lambda entries: entries.__setitem__(name, value(entries[name]) if callable(value) else value)


def of(key, value):
    def change(header):
        at, *path = key.split(".")
        here = header
        for step in [at, *path][:-1]:
            here = here[step]
        here[[at, *path][-1]] = value

    return said(change)


THETA, STATE, STEP = "twin.learned.store.theta", "twin.prepared.codes.state", "twin.prepared.steps.step"
ODD = {
    "no entry": (lambda entries: entries.pop(THETA), "learned.store.theta must be int64 of shape (3, 9)"),
    "another type": (put(THETA, lambda a: a.astype(np.int32)), "theta must be int64 of shape"),
    "another shape": (put(THETA, lambda a: a[:, :8]), "theta must be int64 of shape (3, 9)"),
    "fewer replicas": (put(THETA, lambda a: a[:2]), "theta must be int64 of shape (3, 9)"),
    "too large": (put(THETA, lambda a: a + (1 << 20)), "theta must be within -32768 and 32767"),
    "a dead register": (put(STATE, lambda a: a * 0), "codes.state must be within 1 and 2147483647"),
    "no such sample": (
        put("twin.prepared.steps.sample", lambda a: a * 0 + 4),
        "sample must be within 0 and 3",
    ),
    "another step": (put(STEP, np.array(8)), "step must be 9"),
    "a step below 0": (of("parts.twin.step", -1), "step must be a whole number within"),
    "a step that is true": (of("parts.twin.step", True), "step must be a whole number within"),
    "more entries": (put("twin.more", np.zeros(3)), "nobody knows more"),
    "entries of nobody": (put("other", np.zeros(3)), "holds 'other', which belongs to no part"),
    "no parts": (of("parts", []), "parts is not there"),
    "no part": (of("parts", {}), "twin is not there"),
    "another kind": (of("parts.twin.kind", "circuit"), 'kind was "circuit" and is "twin" now'),
    "another seed": (
        lambda e: said(lambda h: h["parts"]["twin"]["registers"][1].update(seed_code=5))(e),
        "is of another run: registers",
    ),
    "another key": (of("configuration.learning.rate", 0.25), "learning.rate was 0.25 and is 0.5 now"),
    "a key less": (
        said(lambda header: header["configuration"]["network"].pop("layers")),
        'network.layers was "not there" and is [2, 2, 1] now',
    ),
    "another version": (of("version", 2), "is a checkpoint of version 2; this release reads version 1"),
    "another file": (of("format", "parameters"), "is no checkpoint of mgd-hdl"),
    "no text": (put("checkpoint", np.zeros(4)), "is no checkpoint of mgd-hdl"),
    "no JSON": (put("checkpoint", np.frombuffer(b"{", np.uint8)), "is no checkpoint of mgd-hdl"),
    "deep JSON": (put("checkpoint", np.frombuffer(b"[" * 100_000, np.uint8)), "is no checkpoint of mgd-hdl"),
    "a number of JSON": (put("checkpoint", np.frombuffer(b"12", np.uint8)), "is no checkpoint of mgd-hdl"),
}


GROUPS = {
    "no group": (of("parts.twin.groups", [5]), "begun must be a whole number within 0 and 70"),
    "no groups": (of("parts.twin.groups", 5), "groups must be 1 to 3"),
    "later than now": (
        of("parts.twin.groups", [{"begun": 71}]),
        "begun must be a whole number within 0 and 70",
    ),
    "tries without end": (put("twin.tries", lambda a: a + (1 << 23)), "tries must be within 1 and 3"),
    "tries before the first": (put("twin.tries", lambda a: a * 0), "tries must be within 1 and 3"),
}


@pytest.mark.parametrize("case", GROUPS)
def test_odd_tries_are_refused(case, tmp_path):
    """Of trainers of which a try has 30 references, in as many steps."""
    config = CONFIG.replaced(judge=JUDGED)
    change, text = GROUPS[case]
    path = tmp_path / "c.npz"
    path.write_bytes(edited(change, config, steps=70))
    with pytest.raises(Refused, match=f"c.npz: is damaged: {text}"):
        Checkpoints(path, config).put("twin", twin(config))


KEPT = {
    "no looks": (put("more.looks", np.zeros((0, 7))), "looks must be rows of 7 numbers"),
    "looks at part of a step": (
        put("more.looks", lambda a: a + 0.5 * (np.arange(7) == 0)),
        "looks must be rows of 7 numbers",
    ),
    "seeds that are no number": (
        put("more.looks", lambda a: np.where(np.arange(7) == 1, np.nan, a)),
        "looks must be rows of 7 numbers",
    ),
    "looks that are to come": (put("more.looks", lambda a: a + 30), "looks must have rising steps, up to 20"),
    "looks that go back": (put("more.looks", lambda a: a[::-1]), "looks must have rising steps, up to 20"),
    "a step to come": (put("more.solved_at", lambda a: a + (1 << 40)), "solved_at must be within -1 and 20"),
}


@pytest.mark.parametrize("case", KEPT)
def test_an_odd_curve_is_refused(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["train", "xor", "--seeds", "2"]
    assert cli.main([*command, "--steps", "20", "--checkpoint", "c.npz"]) == 0
    change, text = KEPT[case]
    file = np.load("c.npz")
    entries = {name: file[name] for name in file.files}
    change(entries)
    np.savez("c.npz", allow_pickle=False, **entries)
    capsys.readouterr()
    assert cli.main([*command, "--steps", "30", "--resume", "c.npz"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mgd-hdl: c.npz: is damaged: {text}")
    assert err.count("\n") == 1


def test_a_part_that_is_none(tmp_path):
    """Before anything is put."""
    (tmp_path / "c.npz").write_bytes(edited(of("parts.twin", 5)))
    with pytest.raises(Refused, match="is damaged: step must be a whole number"):
        _ = Checkpoints(tmp_path / "c.npz", CONFIG).step


def test_samples_and_codes_from_outside_must_be_the_same(tmp_path):
    """No configuration tells what they are."""
    config, path = configuration("external"), tmp_path / "c.npz"
    samples, codes = port_samples(config), port_codes(config)
    path.write_bytes(data(config, Trainer(config, [1], samples=samples, perturbations=codes)))
    turned = Dataset(samples.x[::-1], samples.target[::-1])
    for name, learner in {
        "samples": Trainer(config, [1], samples=turned, perturbations=codes),
        "perturbations": Trainer(config, [1], samples=samples, perturbations=-codes),
    }.items():
        with pytest.raises(Refused, match=f"c.npz: is of another run: {name} was"):
            Checkpoints(path, config).put("twin", learner)


def test_a_key_that_came_later_had_its_default(tmp_path):
    """A file of a release that did not know it goes on where the key is as it is by default."""
    older = said(lambda header: header["configuration"]["engine"].pop("stages"))
    (tmp_path / "c.npz").write_bytes(edited(older))
    assert Checkpoints(tmp_path / "c.npz", CONFIG).step == 9
    with pytest.raises(Refused, match=r'engine.stages was "few" and is "many" now'):
        Checkpoints(tmp_path / "c.npz", CONFIG.replaced(engine={"stages": "many"}))


def refused(path, text) -> None:
    with pytest.raises(Refused) as caught:
        Checkpoints(path, CONFIG).put("twin", twin(CONFIG))
    (line,) = caught.value.problems
    assert line.startswith(f"{path}: ")
    assert text in line
    assert "\n" not in line


@pytest.mark.parametrize("case", ODD)
def test_odd_entries_are_refused(case, tmp_path):
    change, text = ODD[case]
    path = tmp_path / "c.npz"
    path.write_bytes(edited(change))
    refused(path, text)


def _zip(*entries, compression=zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as file:
        for name, content in entries:
            file.writestr(name, content)
    return out.getvalue()


def _npy(shape, content=b"", dtype="<i8") -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": dtype, "fortran_order": False, "shape": shape})
    return out.getvalue() + content


NONE = {
    "empty": b"",
    "text": b"step,cost\n1,2\n",
    "an empty archive": _zip(),
    "no arrays": _zip(("checkpoint.npy", b"none")),
    "a name that is none": _zip(("../checkpoint", _npy(()))),
    "a header without end": _zip(("a.npy", b"\x93NUMPY\x01\x00\x08\x00{'a': (\n")),
    "a huge array": _zip(("a.npy", _npy((1 << 50,)))),
    "less than nothing": _zip(("a.npy", _npy((-1,)))),
    "objects": _zip(("a.npy", _npy((1,), b"12345678", "|O"))),
    "a bomb": _zip(("a.npy", _npy((1 << 20,), bytes(1 << 23))), compression=zipfile.ZIP_DEFLATED),
}


@pytest.mark.parametrize("case", NONE)
def test_other_files_are_refused(case, tmp_path):
    path = tmp_path / "c.npz"
    path.write_bytes(NONE[case])
    refused(path, "is no checkpoint of mgd-hdl, or not a whole one")


def test_damage_is_noticed(tmp_path):
    """Whatever is cut off, and any bit of the arrays."""
    learner = twin(CONFIG)
    whole = data(CONFIG, learner)
    path = tmp_path / "c.npz"
    rng = np.random.default_rng(3)
    for size in rng.integers(1, len(whole), 12):
        path.write_bytes(whole[:size])
        refused(path, "is no checkpoint of mgd-hdl, or not a whole one")
    theta = learner.theta.tobytes()
    at = whole.index(theta)
    for bit in rng.integers(0, 8 * len(theta), 12):
        broken = bytearray(whole)
        broken[at + bit // 8] ^= 1 << bit % 8
        path.write_bytes(broken)
        refused(path, "is no checkpoint of mgd-hdl, or not a whole one")
