"""What a report tells, section by section; each number with the command that tells it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import REGISTERS, ConfigError, TrainerConfig
from ..config.summary import step_text, summary
from ..progress import Progress

if TYPE_CHECKING:
    from mgd_sim.page.html import Section
    from mgd_sim.seeds import Look
    from mgd_sim.studies.table import Cells

__all__ = ["Known", "sections"]

#: Whose estimate is drawn.
_AREA_OF = "ecp5-25k"
#: Rooms of the circuit, in the order of their colours.
_ROOMS = ("samples", "perturb", "network", "cost", "learn", "control", "bus", "device")
#: Blocks that are not called as their module is.
_ROOM_OF = {"code": "perturb", "network": "network", "samples": "samples", "trainer": "control"}


@dataclass
class Known:
    """What the page tells.

    Attributes
    ----------
    config : TrainerConfig
    given : str
        FILE, PRESET or RUN, as it was typed; ``is_run`` for the last.
    own, made : str
        The command of the page, and the one that trained.
    looks : list of Look
        At all seeds, while they learned; none where none did.
    learned : mapping
        As ``NAME.json`` of a training has it.
    silent : str
        Why there is no training.
    synthesized : list of mapping
        As ``NAME.TARGET.json`` has it.
    studies : list
        File, command and rows of each table of a study.
    """

    config: TrainerConfig
    given: str
    is_run: bool
    own: str
    made: str
    looks: list[Look] = field(default_factory=list)
    learned: Mapping[str, Any] = field(default_factory=dict)
    silent: str = ""
    synthesized: list[Mapping[str, Any]] = field(default_factory=list)
    studies: list[tuple[str, str, list[Cells]]] = field(default_factory=list)

    def asks(self, verb: str, *more: str) -> str:
        """The command that tells the same number."""
        return shlex.join(["mgd-hdl", *verb.split(), "FILE" if self.is_run else self.given, *more])


def sections(known: Known, progress: Progress) -> list[Section]:
    """All of them."""
    return [
        ("What is built", _built(known)),
        ("Words and registers", _words(known)),
        ("Learning", _learning(known)),
        ("Time to solution", _times(known)),
        ("The estimate of the gradient", _angle(known, progress)),
        *_fronts(known),
        ("Size", _sizes(known)),
        ("A step, clock by clock", _waves(known, progress)),
    ]


@cache
def _room(block: str) -> str:
    """The room of a block as estimates and syntheses call it."""
    name = block.partition(".")[0]
    if name in _ROOM_OF:
        return _ROOM_OF[name]
    home = Path(__file__).parents[1]
    return next((room for room in _ROOMS if (home / room / f"{name}.py").is_file()), "control")


def _area(known: Known) -> tuple[str, dict[str, float], str]:
    """Of the first synthesis or estimated: where logic cells are from, how many by block, the command."""
    for each in known.synthesized:
        cells = each["resources"].get("logic cells")
        if cells:
            told = f"placed and routed for {each['device']}"
            return told, dict(cells["blocks"]), known.asks("synth", "--target", each["target"])
    from mgd_synth.estimate import estimated_sizes
    from mgd_synth.features import reason_against

    if reason_against(known.config):
        return "", {}, ""
    cells = estimated_sizes(known.config, _AREA_OF)["logic cells"]
    return "estimated for an ECP5", dict(cells), known.asks("estimate", "--target", _AREA_OF)


def _built(known: Known) -> list[str]:
    from mgd_sim.page.html import figure, paragraph, table
    from mgd_sim.page.svg import area_map, flow
    from mgd_synth.features import reason_against

    config = known.config
    told, sizes, command = _area(known)
    found = summary(config)
    rows = [
        ["task", f"{config.task.name}, samples from {config.task.source}"],
        [
            "network",
            ", ".join(f"{each.inputs} to {each.neurons} {each.activation}" for each in config.shape.layers),
        ],
        ["cost", config.loss],
        ["perturbation", f"{config.perturbation.family}, amplitude {found['amplitude']['value']:g}"],
        ["learning rate", f"{found['rate']['value']:g}"],
        [
            "tau_x, tau_p, tau_theta",
            f"{config.learning.tau_x}, {config.learning.tau_p}, {config.learning.tau_theta} steps",
        ],
        ["a step", step_text(found)],
    ]
    facts = table(["", ""], rows, "What the trainer is")
    if not sizes:
        return [facts, paragraph(f"{reason_against(config)}.")]
    rooms: dict[str, float] = {}
    for block, size in sizes.items():
        rooms[_room(block)] = rooms.get(_room(block), 0) + size
    boxes = {room: f"{rooms[room]:,.0f}" for room in _ROOMS if room in rooms}
    groups = {block: _ROOMS.index(_room(block)) for block in sizes}
    total = f"{sum(sizes.values()):,.0f} logic cells, {told}"
    there = [(number, room) for number, room in enumerate(_ROOMS) if room in rooms]
    rows = [
        [block, _room(block), f"{size:,.0f}", f"{size / sum(sizes.values()):.1%}"]
        for block, size in sorted(sizes.items(), key=lambda each: -each[1])
    ]
    return [
        facts,
        '<div class="figures">',
        figure(flow(boxes, title="The circuit"), f"The circuit by rooms; {total}.", command),
        figure(
            area_map(sizes, groups, title="Area by block", unit="logic cells"),
            "Every block as large as its logic cells. array.cell are all learning elements together,"
            f" {config.parameters} of them.",
            command,
            keys=there,
        ),
        "</div>",
        "<details><summary>Every block</summary>",
        table(["block", "room", "logic cells", "share"], rows, "Blocks"),
        "</details>",
    ]


def _words(known: Known) -> list[str]:
    from mgd_sim.page.html import paragraph, table

    config, found = known.config, summary(known.config)
    rows = [[name, each["format"], str(each["bits"])] for name, each in found["formats"].items()]
    for number, layer in enumerate(found["layers"]):
        for name in ("sum", "output"):
            rows.append([f"layer {number} {name}", layer[name]["format"], str(layer[name]["bits"])])
    registers = [
        [each.name, str(each.width(config)), str(each.value(config)), each.meaning.rstrip(".")]
        for each in REGISTERS
        if each.there(config)
    ]
    return [
        paragraph(f"Every word has a stated format. `{known.asks('check')}`"),
        table(["word", "format", "bits"], rows, "Formats"),
        paragraph("What a host may change while it trains, with the value that the configuration asks for:"),
        table(["register", "bits", "value", "meaning"], registers, "Run-time registers"),
    ]


def _learning(known: Known) -> list[str]:
    from mgd_sim.page.html import figure, paragraph, table
    from mgd_sim.page.svg import Series, lines

    if known.silent:
        return [paragraph(known.silent)]
    looks, found = known.looks, known.learned
    seeds = int(found["seeds"])
    steps = [float(each.step) for each in looks]
    lower, median, upper = zip(*(each.costs for each in looks), strict=True)
    cost = lines(
        [
            Series("median of the seeds, half of them within the band", steps, median, lower, upper),
            Series("mean", steps, [each.cost for each in looks]),
        ],
        title="Cost over steps",
        x="steps",
        y="mean cost of the task",
    )
    share = lines(
        [
            Series("seeds that have solved the task", steps, [100 * each.solved / seeds for each in looks]),
            Series("mean accuracy", steps, [100 * each.accuracy for each in looks]),
        ],
        title="Success over steps",
        x="steps",
        y="%",
        ends=(0, 100),
    )
    goal = found["goal"]
    said = f"accuracy {goal['accuracy']:.0%}" + (
        f", mean cost below {goal['cost']:g}" if goal["cost"] else ""
    )
    quartiles = [found["steps_to_goal"][key] for key in ("lower_quartile", "median", "upper_quartile")]
    rows = [
        ["seeds", str(seeds)],
        ["steps at most", f"{found['steps']:,}"],
        ["solved", f"{found['solved']} of {seeds}, {found['share_solved']:.0%}"],
        ["steps to the goal: quartile, median, quartile", ", ".join(map(_or_never, quartiles))],
        ["accuracy in the end, median", f"{found['accuracy']['median']:.2%}"],
    ]
    return [
        paragraph(f"Solved means {said}. A seed that has not solved it counts as later than all others."),
        '<div class="figures">',
        figure(cost, "Cost of the whole task.", known.made, legend=["median, and half of the seeds", "mean"]),
        figure(
            share,
            "How many seeds are there, and how many answers are right.",
            known.made,
            legend=["solved", "accuracy"],
        ),
        "</div>",
        table(["", ""], rows, "What became of the seeds"),
    ]


def _or_never(steps: float | None) -> str:
    return "never" if steps is None else f"{steps:,.0f}"


def _times(known: Known) -> list[str]:
    from mgd_sim.page.html import paragraph, table
    from mgd_synth.estimate import coefficients, rate
    from mgd_synth.report import PAPER

    config = known.config
    median = None if known.silent else known.learned["steps_to_goal"]["median"]
    if median is None:
        return [paragraph("Without a median of steps there is no time to solution.")]
    clocks = float(config.timing.clocks_per_step)
    rows = []
    for each in known.synthesized:
        if each.get("fmax"):
            seconds = median * clocks / each["fmax"]
            rows.append(
                [each["target"], f"{each['fmax'] / 1e6:.1f} MHz", "placed and routed", _duration(seconds)]
            )
    there = {row[0] for row in rows}
    for target in coefficients().targets_of(config):
        guess = rate(config, target)
        if guess is not None and target not in there:
            seconds = median * clocks / guess / 1e6
            rows.append([target, f"{guess:.0f} MHz", "estimated clock", _duration(seconds)])
    rows += [[each.name, "", each.example, _duration(each.seconds(median))] for each in PAPER]
    return [
        paragraph(
            f"The median of {median:,.0f} steps, {clocks:g} clocks each, as time. HW1 to HW3 are hypothetical"
            " platforms of McCaughan et al., APL Machine Learning 1, 026118 (2023): two inferences a step, of"
            f" 1 ms, 10 ns and 200 ps, for the same number of steps. Steps: `{known.made}`; clock rates:"
            f" `{known.asks('estimate')}`, or `{known.asks('synth', '--target', 'TARGET')}` where placed"
            " and routed."
        ),
        table(["device", "clock", "", "time to solution"], rows, "Time to solution"),
    ]


def _duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def _angle(known: Known, progress: Progress) -> list[str]:
    from mgd_sim.page.html import figure, paragraph
    from mgd_sim.page.svg import Series, lines
    from mgd_sim.studies.catalogue import STUDIES
    from mgd_sim.studies.measures import Job
    from mgd_sim.studies.points import applied
    from mgd_sim.studies.running import goal_for

    config = known.config
    if config.outside or config.task.source == "stream":
        return [
            paragraph(
                "Its samples or measurements come from outside, so there is no gradient to compare with."
            )
        ]
    study, until, seeds = STUDIES["angle"], min(4096, 20 * config.code_count), 8
    goal = goal_for(config, study, seeds, until, None)
    progress.stage("angles to the gradient")
    series, reasons = [], []
    for point in next(study.plan(config, goal)):
        try:
            job = Job("angle", applied(config, point.changes), "twin", range(seeds), goal)
            rows = job.rows(lambda _share: False)
        except ConfigError as error:
            reasons.append(f"{point.name}: {error.problems[0]}")
            continue
        if "problem" in rows[0]:
            reasons.append(f"{point.name}: {rows[0]['problem']}")
            continue
        steps = [float(row["steps"]) for row in rows]
        series.append(Series(point.name, steps, [row["cosine"] for row in rows]))
        if point.name == "random_code":
            series.append(Series("law of random codes", steps, [row["law"] for row in rows]))
    words = ("--seeds", str(seeds), "--until", str(until), "--model", "twin", "--seed", "0")
    command = known.asks("study angle", *words)
    found = [paragraph(reason) for reason in reasons]
    if not series:
        return found
    picture = lines(
        series, title="Cosine over perturbations", x="perturbations", y="cosine", log_x=True, ends=(0, 1)
    )
    about = (
        "The cosine between what the learning elements gathered and the backpropagated gradient of the same"
        f" sample, with parameters that stand still: mean of {seeds} seeds. Law: 1/sqrt(1 + (P - 1)/T)."
    )
    names = [each.name for each in series]
    return [*found, '<div class="figures">', figure(picture, about, command, legend=names), "</div>"]


def _fronts(known: Known) -> list[Section]:
    """Tables of studies, where there are some; of word lengths area against time."""
    from mgd_sim.page.html import figure, table
    from mgd_sim.page.svg import Series, lines
    from mgd_sim.studies.bits import front

    found: list[Section] = []
    for name, command, rows in known.studies:
        if not any(row.get("logic_cells") and row.get("clocks_99") for row in rows):
            continue
        best = front(rows)
        every = [row for row in rows if row["logic_cells"] and row["clocks_99"]]
        picture = lines(
            [
                Series(
                    "every point",
                    [float(row["logic_cells"]) for row in every],
                    [float(row["clocks_99"]) for row in every],
                    marks=True,
                ),
                Series("front", [each.logic_cells for each in best], [each.clocks for each in best]),
            ],
            title="Area against time",
            x="logic cells",
            y="clocks until 99 of 100 trainers are done",
            log_y=True,
        )
        told = "Clocks until 99 of 100 trainers are done over logic cells; nothing beats the front."
        cells = [
            [f"{each.logic_cells:,}", f"{each.clocks:,.0f}", each.changes or "as given"] for each in best
        ]
        parts = [
            '<div class="figures">',
            figure(picture, told, command, legend=["every point", "front"]),
            "</div>",
            table(["logic cells", "clocks", "changes"], cells, "The front"),
        ]
        found.append((f"Area against time: {name}", parts))
    return found


def _sizes(known: Known) -> list[str]:
    from mgd_sim.page.html import paragraph, table
    from mgd_synth.estimate import fits
    from mgd_synth.features import reason_against

    parts = []
    for each in known.synthesized:
        rows = [
            [name, f"{one['used']:,.0f}", f"{one['available']:,.0f}" if one["available"] else ""]
            for name, one in each["resources"].items()
            if one["used"]
        ]
        command = known.asks("synth", "--target", each["target"])
        parts += [
            paragraph(f"{each['device']}, made with {', '.join(each['tools'])}: `{command}`"),
            table(["", "used", "available"], rows, f"Synthesis for {each['target']}"),
        ]
    if reason_against(known.config):
        return parts or [paragraph("Nothing was synthesized.")]
    rows = [
        [each.target, f"{each.share:.0%}", "yes" if each.fits else f"no: too few {', '.join(each.short)}"]
        for each in fits(known.config)
    ]
    told = f"Estimated, with errors that `{known.asks('estimate')}` tells:"
    return [*parts, paragraph(told), table(["device", "logic cells", "fits"], rows, "What fits")]


def _waves(known: Known, progress: Progress) -> list[str]:
    from mgd_sim.page.html import figure, paragraph
    from mgd_sim.page.svg import Bus, waves

    from ..waveform import reason_against, waveform

    reason = reason_against(known.config)
    command = known.asks("simulate", "--steps", "3", "--vcd", "waves.vcd")
    if reason:
        return [paragraph(f"No waveform here: {reason}. `{command}` writes all signals.")]
    progress.stage("simulating a step")
    signals = waveform(known.config)
    shown: list[Bus] = []
    for each in signals:
        if each.number is None:
            name = ".".join(each.name.split(".")[-2:])
            if all(bus.name != name for bus in shown):
                shown.append(Bus(name, [str(value) for value in each.values], bit=True))
        else:
            step = each.number.step
            shown.append(Bus(each.name, [f"{value * step:.4g}" for value in each.values]))
    about = (
        "Two steps of the circuit, simulated: from one step_done to the next but one. A word counts in the"
        " clock in which the next strobe above it is high; numbers are in its format."
    )
    return [
        '<div class="figures">',
        figure(waves(shown, title="Two steps"), about, command),
        "</div>",
    ]
