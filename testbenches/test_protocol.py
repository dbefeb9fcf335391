"""What docs/trainer.md promises of the top's ports: every promise is looked for in a running circuit."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from itertools import accumulate, cycle, pairwise
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl.config import TrainerConfig, load, preset
from mgd_sim.tasks import Dataset
from mgd_sim.trainer import Trainer

from .stage import Stage, Trace, play

XOR = preset("xor")
P = XOR.parameters
OUTPUTS = ("busy", "step_done", "flags")
#: The updates tell one run from another.
VALID, UPDATE = "core.update.o__valid", "core.update.o__payload"
BEGUN = 2  # the first clock after a reset, in which most acts start
PARAMETERS_SET = P + 4  # clocks from a start to the first clock in which a step may begin
DOES_NOT_KNOW = 0x2AAAAAAA  # for registers that nobody should read


def fresh(stage: Stage) -> None:
    stage.pulse("start", run=1)
    stage.done(6)
    stage.clock()


def unstarted(stage: Stage) -> None:
    stage.clock(20, run=1)
    stage.clock(20, run=0, step=1)


def dropped(stage: Stage) -> None:
    stage.pulse("start", run=1)
    stage.done(3)
    stage.clock(100, run=0)


def singles(stage: Stage) -> None:
    stage.pulse("start")
    stage.clock(P + 20)
    for _ in range(3):
        stage.pulse("step")
        stage.clock(40)


def asked_again(stage: Stage) -> None:
    """Three pulses while a step is under way."""
    stage.pulse("start")
    stage.clock(P + 20)
    stage.pulse("step")
    for _ in range(3):
        stage.clock(3)
        stage.pulse("step")
    stage.clock(100)


def held(stage: Stage) -> None:
    stage.pulse("start", step=1)
    stage.done(6)
    stage.clock()


def stepped_while_running(stage: Stage) -> None:
    stage.pulse("start", run=1)
    for _ in range(4):
        stage.clock(11)
        stage.pulse("step")
    stage.done(1)
    stage.pulse("step")
    stage.clock(100, run=0)


def asked_too_early(stage: Stage) -> None:
    """A pulse in every clock from the start until the parameters are set, and none later."""
    stage.pulse("start", step=1)
    stage.clock(P + 2, step=1)
    stage.clock(60, step=0)


def restarted(stage: Stage) -> None:
    stage.pulse("start", run=1)
    stage.done(2)
    for clocks in (1, 7, 15, 30):
        stage.clock(clocks)
        stage.pulse("start")
    stage.done(6)
    stage.clock()


def reset(stage: Stage) -> None:
    stage.pulse("start", run=1)
    stage.done(2)
    stage.clock(9)
    stage.pulse("rst")
    stage.clock(40)
    stage.pulse("start")
    stage.done(6)
    stage.clock()


def long_start(stage: Stage) -> None:
    stage.clock(5, start=1, run=1)
    stage.model.set(start=0)
    stage.done(6)
    stage.clock()


def start_in_reset(stage: Stage) -> None:
    stage.clock(rst=1, start=1, run=1)
    stage.clock(40, rst=0, start=0)


def seeds_once(stage: Stage) -> None:
    """Seeds are right in the clock after the start only."""
    seeds = {name: value for name, value in stage.registers.items() if name.startswith("seed_")}
    wrong = dict.fromkeys(seeds, DOES_NOT_KNOW)
    stage.pulse("start", run=1, **wrong)
    stage.clock(**seeds)
    stage.model.set(**wrong)
    stage.done(6)
    stage.clock()


def times_once_set(stage: Stage) -> None:
    """Time constants are wrong until the clock in which the parameters are set."""
    times = {name: value for name, value in stage.registers.items() if name.startswith("tau_")}
    stage.pulse("start", run=1, **dict.fromkeys(times, 7))
    stage.clock(PARAMETERS_SET - 2)
    stage.model.set(**times)
    stage.done(6)
    stage.clock()


ACTS = (
    fresh,
    unstarted,
    dropped,
    singles,
    asked_again,
    held,
    stepped_while_running,
    asked_too_early,
    restarted,
    reset,
    long_start,
    start_in_reset,
    seeds_once,
    times_once_set,
)


@pytest.fixture(scope="module")
def acts() -> dict[str, Trace]:
    """XOR with exact updates, all acts in one simulation."""
    return play(XOR, {act.__name__: act for act in ACTS}, [VALID, UPDATE])


def run(trace: Trace, since: int) -> list[tuple[int | None, ...]]:
    """Outputs, and updates where there is one, from a clock on."""
    return [
        (*outputs, update if valid else None)
        for *outputs, valid, update in trace.rows(*OUTPUTS, VALID, UPDATE, since=since)
    ]


def done(trace: Trace) -> list[int]:
    """The clocks of ``step_done`` since the reset: in the first clock the last act still shows."""
    return [clock for clock in trace.when("step_done") if clock >= BEGUN]


def test_all_outputs_are_zero_after_reset(acts):
    for trace in acts.values():
        assert {trace[name][1] for name in OUTPUTS} == {0}


def test_nothing_moves_before_a_start(acts):
    trace = acts["unstarted"]
    assert set(trace.rows(*OUTPUTS, since=1)) == {(0, 0, 0)}


def test_a_start_takes_so_many_clocks(acts):
    """busy from the clock after start; with run low it falls when the parameters are set."""
    assert acts["fresh"]["busy"][BEGUN : BEGUN + 2] == [0, 1]
    busy = acts["singles"]["busy"]
    assert busy[BEGUN + 1 : BEGUN + PARAMETERS_SET + 1] == [1] * (P + 3) + [0]
    assert done(acts["fresh"])[0] == BEGUN + PARAMETERS_SET + XOR.timing.step_latency + 1


def test_every_step_has_one_pulse(acts):
    clocks = done(acts["fresh"])
    assert len(clocks) == 6
    assert {after - before for before, after in pairwise(clocks)} == {22}


def test_run_low_at_the_nth_step_done_makes_one_step_more(acts):
    """The next one has begun. busy is high up to its step_done, and low from the next clock on."""
    trace = acts["dropped"]
    clocks = done(trace)
    assert len(clocks) == 3 + 1
    assert trace["run"][clocks[2] - 1 : clocks[2] + 1] == [1, 0]
    assert trace["busy"][clocks[3] - 1 : clocks[3] + 3] == [1, 1, 0, 0]
    assert set(trace.rows("busy", "step_done", since=clocks[3] + 1)) == {(0, 0)}


def test_a_pulse_of_step_makes_one_step(acts):
    trace = acts["singles"]
    asked = trace.when("step")
    assert done(trace) == [clock + XOR.timing.step_latency + 1 for clock in asked]
    for clock in asked:  # busy in the very clock that asks
        assert trace["busy"][clock - 1 : clock + 1] == [0, 1]


def test_pulses_during_a_step_make_one_step_more(acts):
    assert len(acts["asked_again"].when("step")) == 4
    assert len(done(acts["asked_again"])) == 2


def test_step_held_is_run(acts):
    assert run(acts["held"], BEGUN + 1) == run(acts["fresh"], BEGUN + 1)


def test_step_means_nothing_while_run_is_high(acts):
    """Neither then, nor afterwards."""
    trace = acts["stepped_while_running"]
    assert len(trace.when("step")) == 5
    assert [clock > trace.when("step")[-1] for clock in done(trace)] == [False, False, True]


def test_step_is_forgotten_until_the_parameters_are_set(acts):
    trace = acts["asked_too_early"]
    assert len(trace.when("step")) == P + 3
    assert done(trace) == []


@pytest.mark.parametrize("act", ["restarted", "reset", "long_start"])
def test_the_last_start_counts(act, acts):
    """During a step, after a reset in mid-run, held for several clocks: all is as after the first one."""
    whole = run(acts["fresh"], BEGUN + 1)
    assert run(acts[act], acts[act].when("start")[-1] + 1) == whole
    assert len({update for *_, update in whole}) > 4


def test_a_reset_stops_all_until_the_next_start(acts):
    trace = acts["reset"]
    at = trace.when("rst")[-1]
    assert trace["run"][at + 1] == 1
    assert trace["busy"][at] == 1
    assert set(trace.rows(*OUTPUTS, since=at + 1, clocks=40)) == {(0, 0, 0)}


def test_a_start_during_reset_is_none(acts):
    trace = acts["start_in_reset"]
    assert trace.rows("rst", "start", since=BEGUN, clocks=2) == [(1, 1), (0, 0)]
    assert set(trace.rows(*OUTPUTS, since=BEGUN + 1)) == {(0, 0, 0)}


def test_seeds_are_read_in_the_clock_after_the_start(acts):
    trace = acts["seeds_once"]
    assert trace["seed_code"].count(DOES_NOT_KNOW) == trace.clocks - 3
    assert run(trace, BEGUN + 1) == run(acts["fresh"], BEGUN + 1)


def test_times_are_read_when_the_parameters_are_set(acts):
    trace = acts["times_once_set"]
    assert trace["tau_x"].count(7) == PARAMETERS_SET - 1
    assert run(trace, BEGUN + 1) == run(acts["fresh"], BEGUN + 1)


# ---- stopping, by kind of update -----------------------------------------------------------------

#: The rows of the page's table: what they call a trainer, and what it is.
STOPPED = {
    "exact": {},
    "exact, a shadow, windows of 4": {"learning": {"tau_theta": 4}},
    "delayed": {"learning": {"updates": "delayed"}},
}
PAGE = (Path(__file__).parents[1] / "docs/trainer.md").read_text("utf-8")


def stopped_at(steps: int) -> Callable[[Stage], None]:
    def act(stage: Stage) -> None:
        stage.pulse("start", run=1)
        stage.done(steps)
        stage.clock(100, run=0)

    return act


@pytest.mark.parametrize("kind", STOPPED)
def test_steps_that_a_stop_lets_through(kind):
    """The page's table: run falls in the clock of the n-th step_done; so many steps are made in all."""
    table = PAGE[PAGE.index("| run falls at step_done number") :].partition("\n\n")[0]
    head, row = (
        [cell.strip() for cell in line.split("|")[2:-1]]
        for line in table.splitlines()
        if line.startswith(("| run falls at step_done number", f"| {kind} |"))
    )
    traces = play(XOR.replaced(**STOPPED[kind]), {n: stopped_at(int(n)) for n in head})
    assert [len(done(trace)) for trace in traces.values()] == [int(cell) for cell in row]


# ---- streams -------------------------------------------------------------------------------------

#: What the network and the cost hear of the sample.
SHOWN, MET = "core.network.x", "core.squared_error.target"
#: Payloads that can be told apart.
ONE, OTHER, THIRD = 0b001, 0b110, 0b111


def streamed(stage: Stage) -> None:
    """Offered before, during and after the start; then late."""
    stage.clock(3, i_sample__valid=1, i_sample__payload=ONE, run=1)
    stage.pulse("start")
    stage.clock(4)
    stage.clock(40, i_sample__payload=OTHER)
    stage.clock(60, i_sample__valid=0)
    stage.clock(60, i_sample__valid=1, i_sample__payload=THIRD)


def forgotten(stage: Stage) -> None:
    """A sample is taken while the parameters are set; another start forgets it."""
    stage.pulse("start", run=1)
    stage.clock(6, i_sample__valid=1, i_sample__payload=ONE)
    stage.pulse("start", i_sample__payload=OTHER)
    stage.clock(40)


def offered_at_a_start(stage: Stage) -> None:
    """While the trainer waits for a sample, one comes together with another start, and leaves again."""
    stage.pulse("start", run=1)
    stage.clock(30)
    stage.pulse("start", i_sample__valid=1, i_sample__payload=ONE)
    stage.clock()
    stage.clock(20, i_sample__payload=OTHER)


@pytest.fixture(scope="module")
def stream_acts() -> dict[str, Trace]:
    config = XOR.replaced(task={"source": "stream"})
    return play(
        config, {act.__name__: act for act in (streamed, forgotten, offered_at_a_start)}, [SHOWN, MET]
    )


def taken(trace: Trace) -> list[int]:
    """The clocks in which a sample changes hands."""
    return [
        clock
        for clock, hands in enumerate(trace.rows("i_sample__valid", "i_sample__ready"))
        if hands == (1, 1) and clock >= BEGUN
    ]


def test_samples_are_taken_from_the_second_clock_after_a_start(stream_acts):
    """Neither before the first start, nor in its clock, nor in the next."""
    trace = stream_acts["streamed"]
    (start,) = trace.when("start")
    assert trace["i_sample__ready"][1 : start + 3] == [0] * (start + 1) + [1]
    assert taken(trace)[0] == start + 2


def test_no_sample_is_taken_in_the_clock_of_a_start(stream_acts):
    """It would be lost, since all else is reset."""
    trace = stream_acts["offered_at_a_start"]
    start = trace.when("start")[-1]
    assert trace["i_sample__ready"][start - 1 : start + 3] == [1, 0, 0, 1]
    assert taken(trace)[0] == start + 2


def test_one_sample_waits_while_a_step_is_made(stream_acts):
    """The second is taken when the first step has begun, long before the second step."""
    trace = stream_acts["streamed"]
    second = taken(trace)[1]
    shown = trace[SHOWN].index(ONE & 3)
    assert second == shown
    assert second < done(trace)[0]


def test_a_sample_that_is_late_stops_the_trainer(stream_acts):
    """With run high; busy is low then, since nothing is under way, and ready stays high."""
    trace = stream_acts["streamed"]
    gap = max(clock for clock, offered in enumerate(trace["i_sample__valid"]) if not offered)
    late = gap + 1
    assert late in taken(trace)
    waiting = trace.rows("run", "busy", "i_sample__ready", "step_done", since=late - 20, clocks=20)
    assert set(waiting) == {(1, 0, 1, 0)}
    assert trace[SHOWN][late + 2] == THIRD & 3
    assert trace[MET][late + 2] == THIRD >> 2


def test_a_start_forgets_the_sample_that_waits(stream_acts):
    trace = stream_acts["forgotten"]
    first, second, *_ = taken(trace)
    start = trace.when("start")[-1]
    assert first < start < second == start + 2
    assert ONE & 3 not in trace[SHOWN]
    assert OTHER & 3 in trace[SHOWN]


# ---- flags ---------------------------------------------------------------------------------------

#: What sets the bits of flags, from bit 0 on.
LIMITED = [f"core.{block}.saturated" for block in ("baseline", "accumulator", "update")]


def cleared_all_the_time(stage: Stage) -> None:
    stage.pulse("start", run=1, clear_flags=1)
    stage.done(30)
    stage.clock()


def kept(stage: Stage) -> None:
    stage.pulse("start", run=1)
    stage.done(30)
    stage.pulse("clear_flags", run=0)
    stage.clock(60)
    stage.pulse("clear_flags")
    stage.clock(2)
    stage.pulse("start")
    stage.clock(2)


@pytest.fixture(scope="module")
def flag_acts() -> dict[str, Trace]:
    """Words so small that all of them are limited now and then."""
    config = XOR.replaced(
        formats={"parameter": "SQ(2, 10)", "cost_change": "SQ(1, 12)", "hold_bits": 0},
        network={"initial": 0.5, "activation": ["sigmoid", "linear"]},
        perturbation={"amplitude": 0.5},
        learning={"rate": 1.0, "rounding": "floor", "tau_x": 3, "tau_p": 3, "tau_theta": 3},
    )
    return play(config, {act.__name__: act for act in (cleared_all_the_time, kept)}, LIMITED)


def limits(trace: Trace) -> list[int]:
    """What is limited in each clock, as flags."""
    return [
        sum((bit or 0) << place for place, bit in enumerate(bits))
        for bits in trace.rows(*LIMITED, since=BEGUN + 1)
    ]


def test_a_limit_is_flagged_in_the_next_clock_even_when_cleared(flag_acts):
    trace = flag_acts["cleared_all_the_time"]
    found = limits(trace)
    assert trace["flags"][BEGUN + 2 :] == found[:-1]
    assert {bit for bit in range(3) for flags in found if flags >> bit & 1} == {0, 1, 2}


def test_flags_gather_until_they_are_cleared(flag_acts):
    trace = flag_acts["kept"]
    first, last = trace.when("clear_flags")
    gathered = list(accumulate(limits(trace)[: first - BEGUN - 1], operator.or_))
    assert trace["flags"][BEGUN + 2 : first + 1] == gathered
    assert gathered[-1] == 0b111
    assert trace["busy"][last] == 0
    assert set(trace["flags"][last + 1 :]) == {0}


# ---- payloads ------------------------------------------------------------------------------------


def updates(trace: Trace) -> list[int | None]:
    """Every update word, as an unsigned number."""
    return [value for valid, value in trace.rows(VALID, UPDATE, since=BEGUN) if valid]


def word(config: TrainerConfig, values: np.ndarray) -> list[int]:
    return [int(value) % (1 << config.words.update.width) for value in values[:, 0]]


#: A sample as numbers of last bits, and as the payload that the page works out by hand.
SIGNED = {
    "network": {"layers": [2, 2, 2], "initial": 2.0, "activation": "tanh"},
    "formats": {"input": "SQ(2, 2)", "target": "SQ(1, 2)"},
    "task": {"name": "external", "source": "stream"},
}
SAMPLES = [
    (TrainerConfig.build(SIGNED), [-5, 2], [3, -1], 15147),
    (load(Path(__file__).parents[1] / "examples/09_stream.toml"), [128, 32], [7], 467072),
]


@pytest.mark.parametrize(("config", "x", "target", "payload"), SAMPLES, ids=["signed", "unsigned"])
def test_bits_of_a_sample(config, x, target, payload):
    """Every input has weights of its own, so two of them cannot change places unseen."""
    assert f"{payload:,}" in PAGE

    def act(stage: Stage) -> None:
        stage.pulse("start", run=1, i_sample__valid=1, i_sample__payload=payload)
        stage.done(8)
        stage.clock()

    found = updates(play(config, {"sample": act}, [VALID, UPDATE])["sample"])[:8]
    samples = Dataset(x=np.array([x]), target=np.array([target]))
    twin = Trainer(config, [config.seed], samples=samples)
    assert found == word(config, twin.run(8, record=True).update)
    assert len(set(found)) > 4


def test_order_of_codes():
    """Each perturbation's words as the page has them, the last parameter's first."""
    config = XOR.replaced(
        perturbation={"family": "external", "resolution": 2}, formats={"parameter": "SQ(5, 14)"}
    )
    s = [3, -1, 1, -3, 3, 1, -1, -3, 1]
    sent = [2, 0, 1, 2, 3, 0, 2, 1, 3]
    assert ", ".join(map(str, sent)) in PAGE
    assert ", ".join(map(str, s)) in PAGE

    def offered(payloads: Sequence[int]) -> Callable[[Stage], None]:
        def act(stage: Stage) -> None:
            stage.pulse("start", run=1, i_code__valid=1)
            for payload in payloads:
                stage.clock(i_code__payload=payload)

        return act

    # When a word is taken does not depend on what it says, so a first run tells when to change it.
    ready = play(config, {"first": offered([0] * 260)})["first"]["i_code__ready"][BEGUN + 1 :]
    words, payloads = cycle(sent), []
    payload = next(words)
    for taken_now in ready:
        payloads.append(payload)
        if taken_now:
            payload = next(words)
    found = updates(play(config, {"second": offered(payloads)}, [VALID, UPDATE])["second"])
    twin = Trainer(config, [config.seed], perturbations=np.array([s]))
    assert len(found) >= 6
    assert found == word(config, twin.run(len(found), record=True).update)
    assert len(set(found)) > 3


# ---- busy ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"engine": {"cell": "serial"}},
        {"engine": {"cell": "serial", "leaves": "yes"}, "learning": {"measure": "two_sided"}},
        {"learning": {"updates": "delayed"}},
        {"judge": {"kind": "window", "limit": 0.001, "window": 5, "retry": 5}},
    ],
    ids=["serial", "serial, two-sided, leaves", "delayed", "tried again"],
)
def test_busy_while_steps_follow_each_other(changes):
    """From the start until the last step is done, also where a step begins before the last one is done."""
    config = XOR.replaced(**changes)
    trace = play(config, {"run": stopped_at(12)})["run"]
    begun, over = trace["busy"].index(1), trace.when("step_done")[-1]
    assert len(trace.when("step_done")) >= 12
    assert trace.when("busy") == list(range(begun, over + 1))
