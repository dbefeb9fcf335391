"""Are steps under a compiler the same steps, in every state? And are 32 bits proven to be enough where they
are taken?
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mgd_hdl.cli import main
from mgd_hdl.config import RECORDED, SQ, TrainerConfig, preset
from mgd_hdl.config.errors import Refused
from mgd_sim import compiled, ranges
from mgd_sim.checkpoint import Checkpoint, Checkpoints
from mgd_sim.moves import Within, leaves, rebuilt
from mgd_sim.perturb.external import port_codes
from mgd_sim.retry import Retrying, alone, trainer
from mgd_sim.tasks import Dataset
from mgd_sim.trainer import Trainer
from mgd_sim.watch import port_samples
from testbenches.catalogue import CATALOGUE, EXAMPLES, configuration

#: All options, codes, losses and copies between them.
KINDS = [
    "decay and an amplitude that halves, layer by layer",
    "independent noise of updates, some dead",
    "12_judge.toml",
    "21_analog_sinusoidal.toml",
    "sparse, stochastic, noisy costs",
    "node by node, signs, walsh, two-sided windows, leaves",
    "answers of four counted, windows",
]
#: What users start from.
#: Whose operations are many.
BOUNDED = ["07_letters_on_chip.toml", "cross-entropy of four", "sparse, stochastic, noisy costs"]
STARTS = [
    *(path.name for path in EXAMPLES if not configuration(path.name).outside),
    *("xor", "parity4", "nist7x7", "nist7x7_centered"),
]


def _samples(name: str) -> bool:
    """Whether a trainer has samples of its own, and learns by itself."""
    config = configuration(name)
    return config.task.name != "external" and not config.outside


def twin(config: TrainerConfig, library: compiled.Library, seeds=(3, 4, 5), **more: Any) -> Any:
    given = {"samples": port_samples(config), "perturbations": port_codes(config)}
    return trainer(config, seeds, library=library, **given, **more)


def assert_same_record(one: Any, other: Any) -> None:
    for field in RECORDED:
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        assert mine.dtype == theirs.dtype
        np.testing.assert_array_equal(theirs, mine, field.name)


def assert_same_state(one: Trainer, other: Trainer) -> None:
    """All that a checkpoint holds, with its types and in its order."""
    ours, theirs = dict(leaves(one.state)), dict(leaves(other.state))
    assert list(ours) == list(theirs)
    for name, value in ours.items():
        mine, yours = np.asarray(value), np.asarray(theirs[name])
        assert mine.dtype == yours.dtype, name
        np.testing.assert_array_equal(yours, mine, name)


def agrees(name: str) -> None:
    """Two runs, the second of which goes on in the midst of a window; recorded, and not."""
    config = alone(configuration(name))
    numpy = twin(config, "numpy")
    recorded, silent = twin(config, "jax"), twin(config, "jax")
    for steps in (37, 53):
        assert_same_record(numpy.run(steps, record=True), recorded.run(steps, record=True))
        silent.run(steps)
        for each in (recorded, silent):
            assert_same_state(numpy, each)
    assert str(silent.compiled) == "JAX, integers of 32 bits"
    assert str(numpy.compiled) == "NumPy"


@pytest.mark.parametrize("name", KINDS)
def test_every_state_is_the_same(name):
    agrees(name)


@pytest.mark.only_all
@pytest.mark.parametrize(
    "name", sorted(name for name in {*STARTS, *CATALOGUE} - set(KINDS) if _samples(name))
)
def test_every_state_of_every_trainer_is_the_same(name):
    agrees(name)


def test_kinds_of_this_file_start_every_option():
    """The usual run has each option once, and each family of codes."""
    from mgd_sim.features import FEATURES

    found = {link.name for name in KINDS for link in twin(configuration(name), "numpy").take_step.links}
    assert found >= set(FEATURES) - {"annealing", "gate"}


def test_plain_numbers_that_change_are_other_steps():
    """A rate that halves in the midst of a block, and again; those of before are not kept for ever."""
    config = configuration("annealed, delayed").replaced(learning={"anneal_every": 20})
    numpy, jaxed = twin(config, "numpy"), twin(config, "jax")
    for steps in (90, 70):
        assert_same_record(numpy.run(steps, record=True), jaxed.run(steps, record=True))
    shifts = numpy.inputs.state["annealing"]["shift"]
    assert shifts > numpy.registers.learning_shift
    assert jaxed.inputs.state["annealing"]["shift"] == shifts


@pytest.mark.parametrize(
    "name", ["sparse, stochastic, noisy costs", "independent noise of updates, some dead", "13_analog.toml"]
)
def test_what_is_prepared_is_within_its_limits(name):
    """Draws of codes and of options: the limits that 32 bits are proven from."""
    prepared = twin(configuration(name), "numpy").inputs
    drawn = prepared.draw(300)
    assert prepared.codes.limits.low <= drawn.code.min() <= drawn.code.max() <= prepared.codes.limits.high
    found = {link.name: link.prepared_limits() for link in prepared.links}
    for option, given in drawn.links.items():
        arrays = given if isinstance(given, tuple) else (given,)
        limits = found[option] if isinstance(given, tuple) else (found[option],)
        for array, within in zip(arrays, limits, strict=True):
            assert within.low <= array.min() <= array.max() <= within.high


# ---- when ---------------------------------------------------------------------------------------------


@pytest.fixture
def soon(monkeypatch):
    """A run is long from its first block on."""
    monkeypatch.setattr(compiled, "_WORTH", 1e-9)
    monkeypatch.setenv("MGD_HDL_TWIN", "auto")


@pytest.mark.usefixtures("soon")
def test_long_runs_are_compiled_and_short_ones_are_not(monkeypatch):
    config = preset("xor")
    numpy, auto = twin(config, "numpy"), twin(config, "auto")
    assert_same_record(numpy.run(30, record=True), auto.run(30, record=True))
    assert auto.runs_on == "NumPy"
    for steps in (1, 500):
        assert_same_record(numpy.run(steps, record=True), auto.run(steps, record=True))
        assert auto.runs_on == "JAX, integers of 32 bits"
    assert_same_state(numpy, auto)
    monkeypatch.setattr(compiled, "_WORTH", 1e9)
    patient = twin(config, "auto")
    patient.run(5000)
    assert patient.runs_on == "NumPy"


@pytest.mark.usefixtures("soon")
def test_what_a_host_does_between_runs_is_the_same():
    """Parameters that are written, a pause, a copy, another trainer's state: all of these in NumPy."""
    config = preset("xor").replaced(learning={"tau_x": 3, "tau_p": 3})
    numpy, auto = twin(config, "numpy"), twin(config, "jax")
    rng = np.random.default_rng(2)
    for learner in (numpy, auto):
        learner.run(40)
    for _ in range(3):
        theta = rng.integers(-3000, 3000, numpy.theta.shape)
        for learner in (numpy, auto):
            learner.write(theta)
            learner.pause()
        copied = auto.clone()
        assert_same_record(numpy.run(17, record=True), auto.run(17, record=True))
        copied.run(17)
        assert_same_state(numpy, copied)
    other = twin(config, "jax")
    other.restore(numpy.state)
    assert_same_record(numpy.run(9, record=True), other.run(9, record=True))


def test_a_checkpoint_goes_on_in_the_other_library(tmp_path):
    config = configuration("12_judge.toml")
    numpy, jaxed = twin(config, "numpy"), twin(config, "jax")
    for learner in (numpy, jaxed):
        learner.run(61)
    files = []
    for learner in (numpy, jaxed):
        made = Checkpoint(config)
        made.add("twin", learner)
        files.append(made.data())
    assert files[0] == files[1]
    (tmp_path / "c.npz").write_bytes(files[0])
    resumed = twin(config, "jax")
    Checkpoints(tmp_path / "c.npz", config).put("twin", resumed)
    assert_same_record(numpy.run(40, record=True), resumed.run(40, record=True))


def test_tries_are_the_same():
    """Trainers that start again by themselves, some of them several times."""
    judge = {"kind": "window", "limit": 0.3, "window": 8, "misses": 2, "retry": 30}
    config = preset("xor").replaced(judge=judge, learning={"rate": 1.0})
    numpy, jaxed = twin(config, "numpy", range(6)), twin(config, "jax", range(6))
    assert isinstance(jaxed, Retrying)
    assert_same_record(numpy.run(100, record=True), jaxed.run(100, record=True))
    np.testing.assert_array_equal(numpy.tries, jaxed.tries)
    np.testing.assert_array_equal(numpy.solved_at, jaxed.solved_at)
    assert numpy.tries.max() > 2
    assert jaxed.runs_on == "JAX, integers of 32 bits"


def test_devices_of_their_own():
    config = preset("xor").replaced(imperfections={"activation_spread": 0.3, "stuck": 0.2})
    numpy, jaxed = (twin(config, library, devices=[7, 8, 9]) for library in ("numpy", "jax"))
    assert_same_record(numpy.run(60, record=True), jaxed.run(60, record=True))
    other = twin(config, "jax", devices=[9, 8, 7])
    other.run(60)
    assert (other.theta != jaxed.theta).any()


def test_programs_are_shared_by_trainers_of_a_kind():
    """Other seeds are no other program; other registers are."""
    config = preset("xor")
    twin(config, "jax").run(5)
    known = set(compiled._programs)
    other = twin(config, "jax", seeds=(11, 12, 13))
    other.run(5)
    assert set(compiled._programs) == known
    numpy = twin(config, "numpy", seeds=(11, 12, 13))
    numpy.run(5)
    assert_same_state(numpy, other)
    slow, jaxed = (twin(config, library, learning_shift=3) for library in ("numpy", "jax"))
    for learner in (slow, jaxed):
        learner.run(60)
    assert_same_state(slow, jaxed)
    assert len(set(compiled._programs) - known) == 1


def test_a_call_is_short(monkeypatch):
    """Blocks of a run get shorter where they take long, and longer where they do not."""
    learner = twin(preset("xor"), "jax")
    learner.run(3000)
    assert learner.compiled.size({}) > 64
    monkeypatch.setattr(compiled, "_SLICE", 0.0)
    learner.run(9000)
    assert learner.compiled.size({}) < 64


def test_records_of_a_call_are_not_large(monkeypatch):
    """However many steps others take: a long record comes in parts, of a step each if need be."""
    monkeypatch.setattr(compiled, "_RECORDED", 1000)
    numpy, jaxed = twin(preset("xor"), "numpy"), twin(preset("xor"), "jax")
    for learner in (numpy, jaxed):
        learner.run(500)
    record = jaxed.run(50, record=True)
    assert_same_record(numpy.run(50, record=True), record)
    assert 1 < jaxed.compiled.size(record.shapes) < 50 < jaxed.compiled.size({})


def test_what_others_have_set_in_jax_stays():
    """Integers of 32 bits or 64 are set for the twin's own calls."""
    for wide in (False, True):
        with jax.enable_x64(wide):
            jaxed, numpy = twin(preset("xor"), "jax"), twin(preset("xor"), "numpy")
            for learner in (jaxed, numpy):
                learner.run(20)
            assert_same_state(numpy, jaxed)
            assert jnp.asarray(np.arange(3)).dtype == (np.int64 if wide else np.int32)


# ---- where it is not there ------------------------------------------------------------------------------


def test_without_jax(monkeypatch, capsys):
    monkeypatch.setenv("MGD_HDL_TWIN", "auto")
    monkeypatch.setattr(compiled, "find_spec", lambda name: None)
    learner = twin(preset("xor"), "auto")
    assert learner.compiled.library == "numpy"
    with pytest.raises(Refused) as caught:
        twin(preset("xor"), "jax")
    (line,) = caught.value.problems
    assert line == "JAX is not installed; it comes with the extra: pip install 'mgd-hdl[fast]'"
    assert main(["train", "xor", "--steps", "10", "--twin", "jax"]) == 2
    assert "JAX is not installed" in capsys.readouterr().err


def test_train_says_that_steps_were_compiled(capsys):
    """And what it finds is the same."""
    said = {}
    for library in ("numpy", "jax"):
        assert main(["train", "xor", "--seeds", "3", "--steps", "40", "--twin", library]) == 0
        said[library] = capsys.readouterr().out.splitlines()
    assert said["jax"] == [*said["numpy"], "  by JAX, integers of 32 bits"]


def test_the_environment_chooses(monkeypatch):
    monkeypatch.setenv("MGD_HDL_TWIN", "jax")
    assert compiled.chosen("auto") == "jax"
    assert compiled.chosen("numpy") == "numpy"
    monkeypatch.setenv("MGD_HDL_TWIN", "torch")
    with pytest.raises(Refused, match="MGD_HDL_TWIN = 'torch': must be one of auto, numpy, jax"):
        compiled.chosen("auto")


# ---- 32 bits --------------------------------------------------------------------------------------------


def wide_twin(bits: int, library: compiled.Library) -> Any:
    """Inputs of 16 bits at both ends, and weights with so many fraction bits."""
    config = preset("xor").replaced(
        network={"layers": [6, 3, 1]},
        task={"name": "external", "source": "stream"},
        formats={"input": "SQ(2, 14)", "parameter": "SQ(5, 20)"},
        perturbation={"amplitude": 2.0**-bits},
    )
    assert config.words.weight == SQ(5, bits)
    rng, ends = np.random.default_rng(bits), [config.formats.input.min, config.formats.input.max]
    samples = Dataset(rng.choice(ends, (9, 6)), rng.integers(0, 2, (9, 1)))
    return Trainer(config, range(40), samples=samples, library=library)


def _ranged(config: TrainerConfig) -> tuple[Any, ...]:
    """A step of each kind as JAX has it, its arguments, and what is proven of it."""
    learner = twin(config, "jax")
    drawn = learner.inputs.draw(16)
    made = learner.compiled._functions(learner.inputs)
    given, limits = learner.compiled._given(made, drawn, learner._state, learner.inputs)
    kinds, _ = compiled._kinds(drawn)
    names = [name for name, each in drawn.links.items() if isinstance(each, list)]
    return made, names, kinds, given, limits


def values(closed: Any, arguments: list[Any]) -> list[Any]:
    """Every result of every operation, in the order of :func:`mgd_sim.ranges.ranges`."""
    jaxpr = closed.jaxpr
    known = dict(zip(jaxpr.constvars, closed.consts, strict=True))
    known |= dict(zip(jaxpr.invars, arguments, strict=True))
    found: list[Any] = []

    def of(place: Any) -> Any:
        return place.val if hasattr(place, "val") else known[place]

    for equation in jaxpr.eqns:
        inner = equation.params.get("jaxpr") or equation.params.get("call_jaxpr")
        given = [of(place) for place in equation.invars]
        if inner is None:
            results = equation.primitive.bind(*given, **equation.params)
            results = results if equation.primitive.multiple_results else [results]
        else:
            inside = values(inner, given)
            found += inside
            results = inside[len(inside) - len(inner.jaxpr.outvars) :]
        for place, result in zip(equation.outvars, results, strict=True):
            known[place] = result
            found.append(result)
    return found + [of(place) for place in jaxpr.outvars]


@pytest.mark.parametrize(
    "name",
    [
        "everything saturates",
        *(pytest.param(name, marks=pytest.mark.only_all) for name in BOUNDED),
    ],
)
def test_numbers_stay_where_they_are_proven_to(name):
    """Every operation, of arguments at their limits and between."""
    made, names, kinds, given, limits = _ranged(configuration(name))
    flat = jax.tree.leaves(limits, is_leaf=lambda each: isinstance(each, Within))
    rng, reached = np.random.default_rng(1), 0
    with compiled._numbers(False):
        arguments, _ = jax.tree.flatten(given)
        closed = jax.make_jaxpr(partial(made.one, names, {}, kinds[0]))(*given)
        proven = [within for _, within in ranges.ranges(closed.jaxpr, closed.consts, flat)]
        for _ in range(10):
            drawn = []
            for each, within in zip(arguments, flat, strict=True):
                between = rng.integers(within.low, within.high + 1, np.shape(each))
                ends = rng.choice([within.low, within.high], np.shape(each))
                drawn.append(np.where(rng.random(np.shape(each)) < 0.5, ends, between).astype(each.dtype))
            for result, within in zip(values(closed, drawn), proven, strict=True):
                numbers = np.asarray(result).astype(np.int64)
                if numbers.size:
                    assert within.low <= numbers.min() <= numbers.max() <= within.high
                    reached += numbers.max() == within.high
    assert reached > 50


@pytest.mark.parametrize(("bits", "integers"), [(6, 32), (7, 64)])
def test_wide_words_take_64_bits(bits, integers, monkeypatch):
    """The widest words that 32 bits take, and those one bit wider, with all states at their limits.

    What breaks first is -A before it is limited, shifted left by as much as the amplitude is small.
    """
    numpy, jaxed = wide_twin(bits, "numpy"), wide_twin(bits, "jax")
    shift = numpy.config.levels.gain - numpy.registers.learning_shift
    assert -numpy.config.words.hold.min << shift == 1 << (30 if integers == 32 else 31)
    extreme(numpy, jaxed)
    expected = numpy.run(20, record=True)
    assert_same_record(expected, jaxed.run(20, record=True))
    assert jaxed.compiled.bits == integers
    if integers == 64:
        monkeypatch.setattr(compiled.Compiled, "_narrow", lambda *_: True)
        wrong = wide_twin(bits, "jax")
        extreme(wrong)
        assert (wrong.run(20, record=True).update != expected.update).any()


def extreme(*learners: Trainer) -> None:
    """The same state for all: every number at one of its limits, but for what counts."""
    state, rng = learners[0].state, np.random.default_rng(5)
    of = dict(leaves(learners[0].take_step.limits()))

    def at_a_limit(path: str, leaf: np.ndarray) -> np.ndarray:
        return rng.choice([of[path].low, of[path].high], leaf.shape).astype(leaf.dtype)

    for learner in learners:
        learner.restore(state._replace(learned=rebuilt(state.learned, at_a_limit)))
        rng = np.random.default_rng(5)


def test_runs_of_many_steps_take_64_bits():
    """Past 2**30 steps numbers of steps no longer are certain to fit."""
    config = configuration("12_judge.toml")
    numpy, jaxed = twin(config, "numpy"), twin(config, "jax")
    for learner in (numpy, jaxed):
        learner.run(3)
        learner.inputs.step = 1 << 33
        learner.inputs.perturbation = 1 << 33
    assert_same_record(numpy.run(300, record=True), jaxed.run(300, record=True))
    assert_same_state(numpy, jaxed)
    assert jaxed.compiled.bits == 64


@pytest.mark.parametrize(
    ("before", "given", "threads"), [("", None, "1"), ("", "3", "3"), ("import jax; ", None, "None")]
)
def test_jax_gets_one_thread_unless_it_was_there_before(before, given, threads):
    """Or unless somebody says how many."""
    code = f"""{before}import os
from mgd_hdl.config import preset
from mgd_sim.trainer import Trainer
Trainer(preset("xor"), [1], library="jax").run(3)
print(os.environ.get("NPROC"))"""
    rest = {key: value for key, value in os.environ.items() if key != "NPROC"}
    environment = rest if given is None else {**rest, "NPROC": given}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert run.stdout == f"{threads}\n", run.stderr
