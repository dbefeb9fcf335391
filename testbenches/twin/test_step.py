"""Is a step a pure function, of arrays of any library? And does a run go on where it was cut?"""

from __future__ import annotations

import copy
import itertools
import pickle
from dataclasses import replace
from typing import Any

import array_api_strict
import numpy as np
import pytest

from mgd_hdl.config import RECORDED, SQ, UQ, preset
from mgd_hdl.config.options import OPTIONS
from mgd_hdl.features import FEATURES as CIRCUIT
from mgd_sim.features import FEATURES
from mgd_sim.learn.integrator import integrate
from mgd_sim.network.dense import Dense, floats_for
from mgd_sim.perturb.external import port_codes
from mgd_sim.store import whole_type
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples
from testbenches.catalogue import configuration

SEEDS = (3, 4)
#: All options, losses, roundings and copies between them.
KINDS = [
    "01_xor.toml",
    "decay and an amplitude that halves, layer by layer",
    "an amplitude that halves, windows, two-sided, walsh, some still, gated",
    "independent noise of updates, some dead",
    "13_analog.toml",
    "12_judge.toml",
    "annealed, delayed",
    "sparse, stochastic, noisy costs",
    "node by node, signs, walsh, two-sided windows, leaves",
    "21_analog_sinusoidal.toml",
    "answers of four counted, windows",
    "cross-entropy of four",
    "cross-entropy of one",
    "hinge of four",
    "absolute error",
    "nearest_even",
]


def trainer(name: str, **changes: int) -> Trainer:
    config = configuration(name)
    given = {"samples": port_samples(config), "perturbations": port_codes(config)}
    return Trainer(config, SEEDS, **given, **changes)


@pytest.fixture(params=["as it is", "narrow and in floats"])
def size(request, monkeypatch):
    """As it is; and as if every network were large, so that integers are narrow and sums are floats."""
    if request.param != "as it is":
        monkeypatch.setattr("mgd_sim.network.dense.MANY", 1)
        monkeypatch.setattr("mgd_sim.store.MANY", 1)
        monkeypatch.setattr("mgd_sim.prepare.MANY", 1)


def mapped(change, tree: Any) -> Any:
    """A structure of tuples and dictionaries with every array changed."""
    if isinstance(tree, dict):
        return {name: mapped(change, each) for name, each in tree.items()}
    if isinstance(tree, tuple):
        parts = [mapped(change, each) for each in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return change(tree)


def strict(value: Any) -> Any:
    """An array of a library that has what the standard says, and nothing else."""
    return array_api_strict.asarray(value) if isinstance(value, np.ndarray) else value


def plain(value: Any) -> Any:
    """Back again; an array of NumPy's would show that a block took a function from there."""
    assert not isinstance(value, np.ndarray)
    return np.asarray(value) if hasattr(value, "__array_namespace__") else value


def frozen(value: Any) -> Any:
    """An array that can't be written to."""
    if isinstance(value, np.ndarray):
        value = value.copy()
        value.flags.writeable = False
    return value


def leaves(tree: Any) -> list[Any]:
    found: list[Any] = []
    mapped(found.append, tree)
    return found


def assert_same(one: Any, other: Any) -> None:
    ours, theirs = leaves(one), leaves(other)
    for mine, yours in zip(ours, theirs, strict=True):
        assert getattr(mine, "dtype", None) == getattr(yours, "dtype", None)
        np.testing.assert_array_equal(mine, yours)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.usefixtures("size")
def test_a_step_is_pure_and_takes_any_arrays(name):
    """The same states from arrays of another library, and from arrays that nobody can write to."""
    learner = trainer(name)
    step, state = learner.take_step, learner.state.learned
    theirs = mapped(strict, state)
    flushed = 0
    for inputs, *_ in learner.inputs.take(30):
        after, outputs = step(mapped(frozen, state), mapped(frozen, inputs))
        theirs, found = step(theirs, mapped(strict, inputs))
        assert_same((after, outputs), mapped(plain, (theirs, found)))
        assert_same((after, outputs), step(state, inputs))
        state = after
        flushed += inputs.flush
    assert flushed
    assert (state.store.theta != learner.theta).any()


@pytest.mark.parametrize("name", [*KINDS, "letters", "external"])
@pytest.mark.usefixtures("size")
def test_codes_take_any_arrays(name):
    """Words, signs and shakes of a block of perturbations at once, and one by one from another library."""
    prepared = trainer(name).inputs
    draws, number = prepared.codes.draw(20), np.arange(20)
    words = prepared.codes.words(draws)
    whole = prepared.shaken(words, number)
    assert any(words[0].tobytes() != each.tobytes() for each in words)
    for row in range(20):
        code = prepared.codes.words(strict(np.asarray(draws[row])))
        np.testing.assert_array_equal(plain(code), words[row])
        found = prepared.shaken(code, strict(np.asarray(number[row])))
        assert_same(tuple(plain(each) for each in found), tuple(each[row] for each in whole))


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize("name", [*KINDS, "letters", "everything saturates", "external"])
def test_cut_and_restored(name):
    """An uncut run equals one that is cut, taken out and put into another trainer that was elsewhere."""
    whole = trainer(name).run(90, record=True)
    first = trainer(name)
    parts = [first.run(37, record=True)]
    taken = first.state
    kept = copy.deepcopy(taken)
    first.run(20)
    assert_same(tuple(taken), tuple(kept))
    other = trainer(name)
    other.run(11)
    other.restore(pickle.loads(pickle.dumps(taken)))  # noqa: S301 - our own bytes
    assert other.step == 37
    parts.append(other.run(53, record=True))
    for field in RECORDED:
        joined = np.concatenate([getattr(part, field.name) for part in parts])
        np.testing.assert_array_equal(joined, getattr(whole, field.name), field.name)


def test_large_and_small_are_the_same(monkeypatch):
    """Narrow integers and sums in floating point change no state, in every kind of trainer."""
    records = [trainer(name).run(60, record=True) for name in KINDS]
    for module in ("network.dense", "store", "prepare"):
        monkeypatch.setattr(f"mgd_sim.{module}.MANY", 1)
    for name, record in zip(KINDS, records, strict=True):
        learner = trainer(name)
        assert any(floats_for(layer) for layer in learner.config.shape.layers)
        again = learner.run(60, record=True)
        for field in RECORDED:
            np.testing.assert_array_equal(getattr(again, field.name), getattr(record, field.name), name)


def test_states_of_others_are_refused():
    state = trainer("01_xor.toml").state
    for other in (trainer("letters"), trainer("sparse, stochastic, noisy costs")):
        with pytest.raises(ValueError, match="state: from a trainer of other options or sizes"):
            other.restore(state)


def test_options_have_the_names_of_the_circuit():
    """In the same order, but for what the twin has around its steps; the kinds of this file have them all."""
    assert list(FEATURES) == [name for name in CIRCUIT if not OPTIONS[name].around]
    around = [option.name for option in OPTIONS.values() if option.around]
    assert around == ["retry", "inference", "access", "host"]
    found = {link.name for name in KINDS for link in trainer(name).take_step.links}
    assert found == set(FEATURES)


@pytest.mark.parametrize(
    ("parameter", "clamp", "narrowest"),
    [("SQ(5, 11)", 0, np.int16), ("SQ(5, 12)", 0, np.int32), ("SQ(3, 13)", 1.0, np.int32)],
)
def test_integers_are_as_narrow_as_words_allow(parameter, clamp, narrowest):
    """At both rails and both ends of T's range, every word of the largest sizes: as Python's integers say."""
    config = preset("nist7x7_centered").replaced(
        formats={"parameter": parameter}, learning={"clamp": clamp, "rounding": "floor"}
    )
    assert whole_type(config) is narrowest
    rail, words = config.levels.rail, config.words
    at = (-(1 << rail), 0, 1 << rail)
    inside = [words.parameter.min, words.parameter.max, *(each + d for each in at for d in (-1, 0, 1))]
    largest = [words.word.min, -words.word.max, -1, 0, 1, words.word.max]
    cases = [
        (t, w)
        for t, w in itertools.product(inside, largest)
        if words.parameter.min <= t <= words.parameter.max and abs(t) <= (1 << rail) + words.word.max
    ]
    theta, word = (np.array(each, dtype=narrowest) for each in zip(*cases, strict=True))
    found = integrate(rail, theta, word)
    assert found.dtype == narrowest
    for (t, w), after in zip(cases, found.tolist(), strict=True):
        refused = (t >= 1 << rail and w > 0) or (t < -(1 << rail) and w < 0)
        assert after == (t if refused else t + w), (t, w)


@pytest.mark.parametrize(
    ("weight", "bits", "floats"),
    [
        (SQ(5, 6), 7, np.float32),
        (SQ(5, 6), 8, np.float64),
        (SQ(5, 18), 24, np.float64),
        (SQ(5, 18), 25, None),
    ],
)
def test_sums_in_floats_are_exact(weight, bits, floats):
    """The largest sums that any weights and inputs make, against Python's integers.

    64 inputs and a bias, all below 2**7, with weights up to 2**10: no more than 65 x 2**17, which is below
    2**24. With one bit more it is not, so there longer floats are taken, and beyond 2**53 integers.
    """
    layer = replace(preset("nist7x7").shape.layers[0], inputs=64, neurons=1, input=UQ(0, bits), weight=weight)
    assert floats_for(layer) is floats
    for w, x in itertools.product((layer.weight.min, layer.weight.max), (layer.input.max, 1)):
        words = np.full((1, 65), w)
        words[0, 3] += 1 if w < 0 else -1
        z = Dense(layer)(words, np.full((64, 1), x))
        assert z.tolist() == [[[w * (63 * x + 2**bits) + int(words[0, 3]) * x]]]


def test_many_samples_come_in_parts():
    """The letters' first layer, more samples than are multiplied at once: sums in 64-bit integers."""
    layer = preset("nist7x7").shape.layers[0]
    rng = np.random.default_rng(4)
    weight = rng.integers(layer.weight.min, layer.weight.max + 1, (3, layer.parameters))
    x = rng.integers(layer.input.min, layer.input.max + 1, (layer.inputs, 3000))
    matrix = weight.reshape(3, layer.neurons, -1)
    expected = matrix[..., :-1] @ x + (matrix[..., -1:] << layer.input.fraction_bits)
    np.testing.assert_array_equal(Dense(layer)(weight, x), expected)
