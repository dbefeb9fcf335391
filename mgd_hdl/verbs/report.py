"""One page about a trainer: what is built, how it learns, how fast that is, and which command says so."""

from __future__ import annotations

import json
import shlex
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import PRESETS, ConfigError, Problem, TrainerConfig, loads
from ..config.attached.arrays import npz
from ..config.attached.files import Unreadable, read_for
from ..files import FileRefused, fill, new_file, was_read
from ..progress import Progress
from .circuits import through_ports
from .common import any_configuration, say, tools
from .report_sections import Known, sections

if TYPE_CHECKING:
    from mgd_sim.seeds import Look
    from mgd_sim.studies.table import Cells

__all__ = ["report"]


def report(args: Namespace) -> int:
    """Gather everything, and write the page."""
    with new_file(args.output, force=args.force) as aside, tools(), Progress(say) as progress:
        known = _of_run(args) if _is_run(args.config) else _trained(args, progress)
        progress.stage("drawing")
        fill(aside, _page(known, progress))
    print(f"wrote {args.output}")
    return 0


def _is_run(given: str) -> bool:
    return given not in PRESETS and Path(given).is_dir()


def _page(known: Known, progress: Progress) -> str:
    from mgd_sim.page.html import page

    config = known.config
    layers = "-".join(map(str, config.network.layers))
    about = (
        f"A {layers} network of {config.parameters} parameters that trains itself by multiplexed gradient"
        f" descent. Made by mgd-hdl {metadata.version('mgd-hdl')}: `{known.own}`"
    )
    return page(config.name, about, sections(known, progress))


def _own(args: Namespace) -> str:
    words = ["mgd-hdl", "report", args.config, *(["--samples", args.samples] if args.samples else [])]
    if not _is_run(args.config):
        words += ["--seeds", str(args.seeds), *(["--steps", str(args.steps)] if args.steps else [])]
    return shlex.join([*words, "-o", args.output])


#: What the page tells of the documents of ``train`` and ``synth``, and of each resource of the latter.
_TRAINED = {
    "seeds": int,
    "steps": int,
    "solved": int,
    "share_solved": int | float,
    "goal": {"accuracy": int | float, "cost": int | float | None},
    "steps_to_goal": dict.fromkeys(("lower_quartile", "median", "upper_quartile"), int | float | None),
    "accuracy": {"median": int | float},
}
_SYNTHESIZED = {"target": str, "device": str, "tools": list, "fmax": int | float | None, "resources": dict}
_RESOURCE = {"used": int | float, "available": int | float | None, "blocks": dict}

# ---- what is known -----------------------------------------------------------------------------------


def _trained(args: Namespace, progress: Progress) -> Known:
    """Of a configuration: some seeds learn now."""
    from mgd_sim.learned import Learned
    from mgd_sim.retry import trainer
    from mgd_sim.seeds import look
    from mgd_sim.studies.learning import Result, goal_or_any, looks

    config = any_configuration(args.config, args.samples)
    goal = goal_or_any(config)
    steps = args.steps or max(1, goal.steps // 10)
    words = ["mgd-hdl", "train", args.config, *(["--samples", args.samples] if args.samples else [])]
    words += ["--seeds", str(args.seeds), "--steps", str(steps), "--until-solved"]
    known = Known(config, args.config, False, _own(args), shlex.join(words))
    goal = replace(goal, seeds=args.seeds, steps=steps)
    seeds = range(config.seed, config.seed + args.seeds)
    if config.outside:
        known.silent = "What it learns on is a device outside, which this page does not have."
        return known
    learner = trainer(config, seeds, **through_ports(config))
    found = Result("twin", solved_at=[None] * len(seeds))
    progress.stage("learning, at most", steps)

    def at(step: int) -> bool:
        progress.at(step)
        return False

    for _ in looks(learner, found, goal, stop=at):
        known.looks.append(look(found))
    known.learned = Learned.of(config, learner, found.steps, seeds, found.solved_at).summary(goal)
    return known


def _of_run(args: Namespace) -> Known:
    """Of a folder that train, simulate, synth and study have written to."""
    folder = Path(args.config)
    texts = list(_configurations(folder))
    if not texts:
        told = "holds no NAME.parameters.npz of train or simulate, and no table of study"
        raise ConfigError([Problem(args.config, "", told)])
    if len({text for _, text in texts}) > 1:
        names = ", ".join(path.name for path, _ in texts)
        raise ConfigError([Problem(args.config, "", f"holds several configurations: {names}")])
    config = _loaded(texts[0][1], folder, args.samples)
    known = Known(config, args.config, True, _own(args), "")
    was_read(*(path for path, _ in texts), *config.attached.paths)
    curve, learned = folder / f"{config.name}.csv", folder / f"{config.name}.json"
    known.silent = f"{args.config} holds no {curve.name} and {learned.name} of mgd-hdl train."
    if curve.is_file() and learned.is_file():
        looks, document = _looks(curve), _json(learned)
        if looks and "steps_to_goal" in document:
            _check(learned, document, _TRAINED, "train")
            known.looks, known.learned, known.silent = looks, document, ""
            known.made = f"mgd-hdl train, in {args.config}"
    for path in sorted(folder.glob(f"{config.name}.*.json")):
        document = _json(path)
        if "resources" in document:
            _check(path, document, _SYNTHESIZED, "synth")
            for each in document["resources"].values():
                _check(path, each, _RESOURCE, "synth")
            known.synthesized.append(document)
    for path, top, rows in _tables(folder):
        known.studies.append((path.name, top.splitlines()[1].removeprefix("# command: "), rows))
    return known


def _configurations(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.glob("*.parameters.npz")):
        try:
            arrays = npz(read_for("network.parameters", str(path)).data)
        except Unreadable as reason:
            raise FileRefused([f"{path}: {reason}"]) from None
        if "configuration" not in arrays:
            raise FileRefused([f"{path}: is no file of mgd-hdl train: it has no configuration"])
        yield path, str(arrays["configuration"])
    for path, top, _ in _tables(folder):
        lines = [line[2:] for line in top.splitlines()]
        yield path, "\n".join(line[2:] for line in lines[lines.index("configuration:") + 1 :]) + "\n"


def _tables(folder: Path) -> Iterator[tuple[Path, str, list[Cells]]]:
    """The tables of studies, each with its head and rows; other tables are not ours."""
    from mgd_sim.studies.table import OPENING, read

    for path in sorted(folder.glob("*_*.csv")):
        with path.open("rb") as file:
            ours = file.read(len(OPENING)) == OPENING.encode()
        if ours:
            top, _, rows = read(path)
            if len(top.splitlines()) < 3 or "# configuration:\n" not in top:
                raise FileRefused([f"{path}: is no table of mgd-hdl study: it has no configuration"])
            yield path, top, rows


def _loaded(text: str, folder: Path, samples: str | None) -> TrainerConfig:
    if samples is None:
        try:
            return loads(text, f"the configuration in {folder}", folder)
        except ConfigError as error:
            raise ConfigError([_with_samples(each) for each in error.problems]) from None
    try:
        return loads(text, str(folder), folder, read_for("task.file", samples))
    except Unreadable as reason:
        raise ConfigError([Problem("--samples", samples, str(reason))]) from None


def _with_samples(problem: Problem) -> Problem:
    """Of samples that are not in the folder: how to say where they are."""
    hint = "; --samples FILE says where it is" if problem.key == "task.file" else ""
    return replace(problem, allowed=problem.allowed + hint)


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        raise FileRefused([f"{path}: is not JSON"]) from None
    was_read(path)
    return found if isinstance(found, dict) else {}


def _check(path: Path, found: Any, shape: Mapping[str, Any], verb: str) -> None:
    """Raises FileRefused where a document has not the keys that the page tells, or values of other types."""
    if not _is_like(found, shape):
        raise FileRefused([f"{path}: is not as mgd-hdl {verb} writes it"])


def _is_like(found: Any, shape: Any) -> bool:
    if not isinstance(shape, Mapping):
        return isinstance(found, shape)
    return isinstance(found, dict) and all(_is_like(found.get(key), each) for key, each in shape.items())


def _looks(path: Path) -> list[Look]:
    """The curve that train has written; of a circuit's, which has other columns, none."""
    from mgd_sim.seeds import Look
    from mgd_sim.studies.table import read

    _, columns, rows = read(path)
    was_read(path)
    if columns[:4] != ["step", "solved", "mean_cost", "accuracy"]:
        return []
    try:
        cells = [list(row.values()) for row in rows]
        return [
            Look(int(row[0]), int(row[1]), float(row[2]), float(row[3]), tuple(map(float, row[4:7])))
            for row in cells
        ]
    except (ValueError, IndexError):
        raise FileRefused([f"{path}: is no curve of mgd-hdl train"]) from None
