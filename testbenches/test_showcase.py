"""The showcase of XOR: nine tries in a row, some of them given up."""

from __future__ import annotations

import io
import math
from dataclasses import asdict, replace

import numpy as np
import pytest

from mgd_hdl.config import LFSR, TrainerConfig, Tries, load, preset
from mgd_hdl.config.attached import AttachedFile
from mgd_hdl.config.flash import FlashSamples
from mgd_hdl.config.sdram import Sdram, SdramSamples
from mgd_hdl.emit import lint_waivers, verilog
from mgd_hdl.probes import states
from mgd_hdl.showcase import Showcase
from mgd_sim.rtl import expanded
from mgd_sim.showcase import Forecast, forecast
from mgd_sim.trainer import Trainer
from mgd_synth.boards import BOARDS, copied_samples, placed_samples
from testbenches.catalogue import EXAMPLES
from testbenches.linting import lint
from testbenches.samples import sdram_chip
from testbenches.samples.flash_chip import around
from testbenches.support import mutations, run, stays_unnoticed

BENCH = "testbenches.bench_showcase"
STEPS = "testbenches.bench_showcase_steps"
CONFIG = preset("xor").replaced(judge={"kind": "window", "window": 64})
TIMES = {"power_up": 16, "debounce": 32, "patience": 2_000, "blink": 16}


def expected(found: Forecast) -> dict[str, list]:
    return {
        "solved_at": found.solved_at.tolist(),
        "theta": found.theta.tolist(),
        "saturated": found.saturated.tolist(),
    }


def answer(theta: list[int], x: tuple[int, int]) -> float:
    """The network in floating point: two hidden neurons, weights first, each with its bias last."""
    weight = [each * CONFIG.words.parameter.step for each in theta]

    def neuron(first: int, inputs: tuple[float, ...]) -> float:
        total = sum(w * value for w, value in zip(weight[first:], (*inputs, 1.0), strict=False))
        return 1 / (1 + math.exp(-total))

    return neuron(6, (neuron(0, x), neuron(3, x)))


def test_led_lights_in_the_step_of_the_twin(tmp_path):
    found = forecast(CONFIG, 9, TIMES["patience"])
    solved = [number for number, step in enumerate(found.solved_at) if step >= 0]
    assert 4 <= len(solved) <= 7
    # The network that then stands still has all four patterns right, in its own arithmetic and in floats.
    assert (found.accuracy[solved] == 1).all()
    for number in solved:
        for x in ((0, 0), (0, 1), (1, 0), (1, 1)):
            assert abs(answer(found.theta[number].tolist(), x) - (x[0] ^ x[1])) < 0.4
    run(verilog(Showcase(CONFIG, **TIMES), "dut"), BENCH, tmp_path, CONFIG, **TIMES, **expected(found))


def test_a_trainer_that_tries_again_lights_it_too(tmp_path):
    """Up to the first try that is solved; the patience of the board has no part in it."""
    config = CONFIG.replaced(judge={"retry": 640})
    found = forecast(config, 5, patience=1)
    assert (found.patience, found.solved_at[0]) == (640, -1)
    assert found.solved_at.tolist() == forecast(CONFIG, 5, patience=640).solved_at.tolist()
    until = int(np.argmax(found.solved_at >= 0)) + 1
    given = {key: values[:until] for key, values in expected(found).items()}
    times = TIMES | {"patience": 640}
    run(verilog(Showcase(config, **TIMES), "dut"), BENCH, tmp_path, config, **times, **given)


def test_given_parameters_begin_every_try(tmp_path):
    """Those of a trained network, some beyond the rail: every try is solved by them, and hardly moves any."""
    file = AttachedFile("own.npz", (EXAMPLES[0].parent / "25_fine_tuning.npz").read_bytes())
    config = CONFIG.with_file("network.parameters", file, judge={"window": 128})
    times = TIMES | {"patience": 320}
    found = forecast(config, 3, times["patience"])
    assert (found.solved_at >= 0).all()
    assert np.abs(found.theta - config.given.theta).max() < 1 << config.words.guard_bits
    assert config.given.rounds == 2
    run(verilog(Showcase(config, **times), "dut"), BENCH, tmp_path, config, **times, **expected(found))


OWN = load(EXAMPLES[0].parent / "26_own_data.toml").replaced(
    task={"source": "stream"}, judge={"kind": "window", "window": 32, "misses": 2}
)


@pytest.mark.parametrize(
    "learning",
    [{}, pytest.param({"updates": "delayed"}, marks=pytest.mark.only_all)],
    ids=["exact", "delayed"],
)
def test_samples_of_a_flash_memory_light_it_in_the_step_of_the_twin(learning, tmp_path):
    """Own data, in the order of the file from the first one on in each try; the memory is asleep at first.

    With exact updates a step takes longer than reading a sample, with delayed ones it waits for it.
    """
    config = OWN.replaced(learning=learning)
    words, bits = config.shape.sample_words
    flash = FlashSamples(first=1 << 20, count=len(words), bits=bits)
    assert (float(config.timing.clocks_per_step) > flash.mean_clocks) != bool(learning)
    times = TIMES | {"patience": 640}
    found = forecast(config, 3, times["patience"])
    assert {step >= 0 for step in found.solved_at} == {False, True}
    content = flash.packed(words)
    circuit = verilog(Showcase(config, **times, flash=flash), "show")
    text = circuit + around(flash, content, asleep=1 << 10)
    step = math.ceil(max(config.timing.clocks_per_step, flash.mean_clocks))
    run(text, BENCH, tmp_path, config, **times, step_clocks=step, **expected(found))


def banked(**changes: dict) -> TrainerConfig:
    """A bank of own samples, of three inputs, in a memory of two pages."""
    generator = np.random.default_rng(5)
    rows = {
        "x": generator.integers(0, 8, (5, changes.get("network", {"layers": [3]})["layers"][0])) / 8,
        "y": generator.integers(0, 4, (5, 2)) / 4,
    }
    packed = io.BytesIO()
    np.savez(packed, **rows)
    given = {
        "network": {"layers": [3, 3, 2]},
        "engine": {"kind": "bank", "lanes": 2, "sample": "memory"},
        "formats": {"input": "UQ(0, 3)", "target": "UQ(0, 2)"},
        "judge": {"kind": "window", "window": 32, "limit": 0.001},
        "task": {"name": "file", "source": "stream", "scale": "none"},
    }
    sections = {key: given.get(key, {}) | changes.get(key, {}) for key in given | changes}
    return preset("xor").with_file("task.file", AttachedFile("own.npz", packed.getvalue()), **sections)


#: A sample in a register, whole.
WHOLE = {"sample": "registers"}


def wide(width: int, fraction: int) -> dict:
    return {"input": f"UQ(0, {width})", "target": f"UQ(0, {fraction})"}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"learning": {"updates": "delayed"}, "engine": {"lanes": 6}},
        {"learning": {"measure": "two_sided", "tau_x": 2}, "engine": {"memory": "single_port"}},
        {"learning": {"measure": "two_sided", "tau_x": 3}, "engine": {"sides": "at_once"}},
        {"formats": wide(7, 3), "engine": {"lanes": 6}},
        {"network": {"layers": [1, 3, 2]}, "formats": wide(9, 3)},
        {"engine": WHOLE},
        {"engine": WHOLE, "formats": wide(4, 3)},
        *(
            pytest.param(each, marks=pytest.mark.only_all)
            for each in (
                {"network": {"layers": [3, 6, 2]}, "engine": {"lanes": 1}},
                {"formats": wide(7, 3)},
                *({"formats": wide(width, 3), "engine": {"lanes": 6}} for width in (1, 9, 13, 16)),
                {"network": {"layers": [1, 3, 2]}, "formats": wide(12, 4)},
                {"engine": WHOLE, "learning": {"updates": "delayed"}},
                {"engine": WHOLE, "learning": {"measure": "two_sided", "tau_x": 3}},
                *({"engine": WHOLE, "formats": wide(width, 3)} for width in (2, 3, 5, 16)),
                {"engine": WHOLE | {"lanes": 6}, "formats": wide(4, 3)},
            )
        ),
    ],
    ids=str,
)
def test_samples_of_a_flash_memory_come_in_time(changes, tmp_path):
    """Every state of every step of three tries, the first two of which are given up while samples are read;
    and the clocks from one turn of all samples to the next, where reading is faster than a step and slower.
    Samples come whole or input by input.
    """
    config = banked(**changes)
    flash = placed_samples(config, BOARDS["icebreaker"])
    content = flash.packed(config.shape.sample_words[0])
    times = TIMES | {"patience": 40}
    text = verilog(Showcase(config, **times, flash=flash), "show") + around(flash, content, asleep=1 << 10)
    given = {"flash": asdict(flash), "states": [*expanded(states(config))]}
    run(text, STEPS, tmp_path, config, **times, **given, tries=3, most=20_000)


def both_chips(config: TrainerConfig, times: dict[str, int], flash: FlashSamples, sdram: SdramSamples) -> str:
    """The showcase between a flash memory and an SDRAM."""
    chips = {
        "ports": f", {sdram_chip.ports('sdram_')}",
        "more": sdram_chip.instance(sdram.chip, words=sdram.size),
    }
    content = flash.packed(sdram.sent(config.shape.sample_words[0]))
    circuit = verilog(Showcase(config, **times, flash=flash, sdram=sdram), "show")
    return circuit + around(flash, content, asleep=1 << 10, **chips) + sdram_chip.CHIP


def test_samples_of_an_sdram_light_it_in_the_step_of_the_twin(tmp_path):
    """The same, copied into an SDRAM first: from both chips at power-up to the parameters of the third try,
    through many turns, rows, refreshes, and loads.
    """
    config = OWN
    words, bits = config.shape.sample_words
    flash = FlashSamples(first=1 << 20, count=len(words), bits=bits)
    sdram = SdramSamples(chip=Sdram(clock_hz=25_000_000, columns=16), count=len(words), bits=bits)
    times = TIMES | {"patience": 640}
    found = forecast(config, 3, times["patience"])
    assert {step >= 0 for step in found.solved_at} == {False, True}
    more = {"fill_clocks": sdram.fill_clocks}
    text = both_chips(config, times, flash, sdram)
    run(text, BENCH, tmp_path, config, **times, **more, **expected(found))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"network": {"layers": [30, 2]}, "formats": wide(16, 3), "learning": {"updates": "delayed"}},
        *(
            pytest.param(each, marks=pytest.mark.only_all)
            for each in (
                {"learning": {"measure": "two_sided", "tau_x": 3}, "engine": {"sides": "at_once"}},
                {"network": {"layers": [9, 3, 2]}, "formats": wide(4, 3), "engine": {"lanes": 6}},
                {"network": {"layers": [1, 3, 2]}, "formats": wide(9, 3)},
            )
        ),
    ],
    ids=str,
)
def test_samples_of_an_sdram_come_input_by_input(changes, tmp_path):
    """Every state of every step, and clocks, as of a flash memory. A step waits only where it has not many
    more clocks than there are inputs, and a row that ends, or a refresh, comes between these.
    """
    config = banked(**changes)
    found = copied_samples(config, BOARDS["ulx3s-25f"])
    sdram = replace(found, chip=replace(found.chip, columns=16))
    flash = placed_samples(config, BOARDS["ulx3s-25f"], sdram)
    step = float(config.timing.clocks_per_step) * config.learning.tau_x
    assert (sdram.clocks_between(step) > step) == config.delayed
    times = TIMES | {"patience": 40}
    given = {"sdram": asdict(sdram), "states": [*expanded(states(config))]}
    text = both_chips(config, times, flash, sdram)
    run(text, STEPS, tmp_path, config, **times, **given, tries=3, most=20_000)


@mutations(
    ("a second try like the first", r"assign tries__advance = .*;", "assign tries__advance = 1'h0;"),
    ("learning goes on for ever", r"assign running = .*;", "assign running = on;"),
    ("a try is never given up", r"assign tired = .*;", "assign tired = 1'h0;"),
    ("no wait at power-up", r"tries__load = ~ waited\[4\]", "tries__load = ~ waited[2]"),
    ("every contact is a press", r"= & \{ lasted\[5\]", "= & { lasted[2]"),
    ("the LED shines while the button is held", r"(led_solved <=) _\d+_", r"\1 trainer__solved"),
    ("another sample seed", r"\.seed_sample\(\{", ".seed_sample(31'h5 ^ {"),
)
def test_mutations_are_noticed(mutation, tmp_path):
    times = TIMES | {"patience": 640}
    found = forecast(CONFIG, 3, times["patience"])
    assert [step >= 0 for step in found.solved_at] == [False, True, False]
    text = verilog(Showcase(CONFIG, **times), "dut")
    assert not stays_unnoticed(mutation, text, BENCH, tmp_path, CONFIG, **times, **expected(found))


#: A bit of a seed that is a bit of the register needs no wire of the seed's own.
WAIVER = (
    """lint_off -rule UNUSEDSIGNAL -file "*.v" -match "Bits of signal are not used: 'trainer__seed_*'[*]"\n"""
)


def test_no_lint(tmp_path):
    """Everything that -Wall finds, but for what a trainer may have."""
    (tmp_path / "xor_trainer.v").write_text(verilog(Showcase(CONFIG), "show"))
    (tmp_path / "waivers.vlt").write_text(lint_waivers(CONFIG) + WAIVER)
    assert lint(tmp_path, "show", "waivers.vlt", "xor_trainer.v") == (0, "")


# ---- tries ---------------------------------------------------------------------------------------


def test_the_first_try_has_the_seeds_of_the_configuration():
    assert Tries(CONFIG).registers(1) == [CONFIG.registers()]


def test_no_two_of_many_seeds_are_alike():
    """Not within a try, not between tries; none is zero, and none starts where another has come to."""
    tries = Tries(CONFIG).registers(200)
    names = [name for name in vars(tries[0]) if name.startswith("seed_")]
    seeds = [LFSR.valid(getattr(each, name)) for each in tries for name in names]
    assert len(names) >= 4
    assert len(set(seeds)) == 200 * len(names)
    later = set()
    for seed in seeds[:8]:
        state = seed
        for _ in range(2_000):
            state = LFSR.step(state)
            later.add(state)
    assert later.isdisjoint(seeds)


def test_forecast_is_each_try_alone():
    """Solved where the judge of a lone trainer says so, and with its parameters then."""
    found = forecast(CONFIG, 4, 1_500)
    for number, registers in enumerate(Tries(CONFIG).registers(4)):
        trainer, step = Trainer(CONFIG, [registers]), int(found.solved_at[number])
        if step < 0:
            trainer.run(1_500)
            assert trainer.solved_at[0] < 0
            assert np.isnan(found.accuracy[number])
            continue
        trainer.run(step)
        assert trainer.solved_at[0] < 0
        trainer.run(1)
        assert trainer.solved_at[0] == step
        np.testing.assert_array_equal(trainer.theta[0], found.theta[number])
        assert trainer.cost_and_accuracy()[1][0] == found.accuracy[number]


@pytest.mark.parametrize(
    ("steps", "median"), [([3, 5, 9], 6), ([3, -1, 9], 10), ([-1, 3, -1], None), ([4, 8], 7)]
)
def test_median(steps, median):
    found = Forecast(np.array(steps), np.zeros(0), np.zeros(0), np.zeros(0), patience=20)
    assert found.median == median


@pytest.mark.parametrize(
    ("config", "times", "message"),
    [
        (preset("xor"), {}, 'judge.kind = "window"'),
        (CONFIG.replaced(task={"source": "stream"}), {}, "nobody to send samples"),
        (
            CONFIG,
            {"flash": FlashSamples(first=0, count=4, bits=3)},
            'samples of a flash memory as a stream: task.source must be "stream"',
        ),
        (
            OWN,
            {"sdram": SdramSamples(chip=Sdram(clock_hz=25_000_000), count=4, bits=3)},
            "nobody to send samples",
        ),
        (
            CONFIG,
            {"sdram": SdramSamples(chip=Sdram(clock_hz=25_000_000), count=4, bits=3)},
            "fills an SDRAM from a flash memory, and there is none",
        ),
        (CONFIG, {"debounce": 100}, "debounce must be a power of two from 2, not 100"),
        (CONFIG, {"patience": 64, "blink": 64}, "patience = 64 must be above blink = 64"),
    ],
)
def test_what_cannot_be_shown_is_refused(config, times, message):
    with pytest.raises(ValueError, match=message):
        Showcase(config, **times)
