"""A circuit at the end of a serial line: what it is, and what it learns."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from ..config import ConfigError, Problem, TrainerConfig, memory_map
from ..files import FilesOfARun, fill, renewed_file
from ..process import ends_interrupt
from ..progress import Progress
from .checkpoints import same
from .common import (
    PROGRESS_SECONDS,
    Interrupted,
    ToolError,
    any_configuration,
    print_json,
    say,
    tools,
    trainer_files,
)

if TYPE_CHECKING:
    from ..host import Circuit, Standing

__all__ = ["SIMULATION", "connect"]

#: The port behind which the circuit is simulated.
SIMULATION = "simulation"


def connect(args: Namespace) -> int:
    """Find the circuit, let it learn if that is asked for, and tell where it is."""
    config = any_configuration(args.config, args.samples)
    learns = args.steps is not None or args.until_solved
    _refuse(config, args, learns)
    from mgd_sim.watch import port_samples

    from ..host import Taken

    if args.resume is not None:
        Taken.read(args.resume, config)  # what is wrong with it is told before anything is done
    with ExitStack() as stack:
        files = FilesOfARun(stack, force=args.force)
        kept = None if args.output is None else files.new(args.output)
        checkpoint = None
        if args.checkpoint is not None:
            ours = args.resume is not None and same(args.checkpoint, args.resume)
            checkpoint = stack.enter_context(renewed_file(args.checkpoint, force=args.force or ours))
        circuit = stack.enter_context(_circuit(config, args.port))
        if args.resume is not None:
            circuit.resume(args.resume)
        elif learns and not args.go_on:
            circuit.start(args.seed)
        elif learns and config.outside and circuit.resting:
            circuit.go_on()
        stop = stack.enter_context(ends_interrupt())
        end = circuit.look()
        try:
            if learns:
                end = circuit.train(
                    args.steps,
                    until_solved=args.until_solved,
                    progress=None if args.json else _told(say),
                    samples=port_samples(config),
                )
        except KeyboardInterrupt:
            told = ""
            if checkpoint is not None:
                checkpoint(circuit.take().data(config))
                told = f"; kept {args.checkpoint}"
            where = f"the circuit stands at step {circuit.look().steps:,}"
            raise Interrupted(stop, f"interrupted; {where}{told}") from None
        if checkpoint is not None:
            checkpoint(circuit.take().data(config))
            end = circuit.look()
        if kept is not None:
            fill(kept, _parameters(circuit, end, args.seed))
            files.keep(kept)
        found = _found(circuit, end)
    if args.json:
        print_json(found)
    else:
        print("\n".join(_lines(found)))
    return 0 if end.solved or not args.until_solved else 1


def _refuse(config: TrainerConfig, args: Namespace, learns: bool) -> None:
    """What is known to fail is said before anything is written or sent."""
    if config.outside:
        if args.port == SIMULATION:
            told = 'must be a serial port with device.kind = "outside", which is not simulated'
            raise ConfigError([Problem("--port", SIMULATION, told)])
        if args.output is not None:
            told = 'must be left out with device.kind = "outside"; --checkpoint keeps its parameters'
            raise ConfigError([Problem("-o", args.output, told)])
    if args.until_solved and not config.judged:
        raise ConfigError(
            [Problem("--until-solved", "", 'needs a judge in the circuit: judge.kind = "window"')]
        )
    if learns and config.task.source == "stream" and "sample_data" not in memory_map(config):
        raise ConfigError([Problem("host.samples", '"stream"', 'must be "window" for samples of a computer')])
    named = {"-o": args.output, "--checkpoint": args.checkpoint, "--resume": args.resume}
    asked = {option: name for option, name in named.items() if name is not None}
    if asked and "parameter_data" not in memory_map(config):
        needs = 'parameters can be read and written with engine.access = "yes" only'
        raise ConfigError([Problem(option, name, needs) for option, name in asked.items()])
    if args.resume is not None and (args.go_on or args.seed is not None):
        raise ConfigError(
            [Problem("--resume", args.resume, "is a start of its own, without --go-on and --seed")]
        )
    if args.checkpoint is not None and (args.go_on or not (learns or args.resume is not None)):
        whole = "is for a training from its start on: --steps, --until-solved or --resume, and no --go-on"
        raise ConfigError([Problem("--checkpoint", args.checkpoint, whole)])
    if args.seed is not None and (args.go_on or not learns):
        raise ConfigError(
            [Problem("--seed", str(args.seed), "is for a start, with --steps or --until-solved")]
        )


@contextmanager
def _circuit(config: TrainerConfig, port: str) -> Iterator[Circuit]:
    from ..host import HostError
    from ..host import connect as connected

    try:
        if port == SIMULATION:
            with tools(), connected(*_simulated(config)) as circuit:
                yield circuit
        else:
            with connected(config, port) as circuit:
                yield circuit
    except HostError as error:
        raise ToolError(str(error)) from None


def _simulated(config: TrainerConfig) -> tuple[TrainerConfig, Any]:
    """Its circuit with a bus, and a transport to it."""
    from ..host.simulation import simulated

    config = config if config.on_bus else config.replaced(host={"bus": "uart"})
    with Progress(say) as progress:
        files = trainer_files(config, progress)
        progress.stage("compiling the circuit")
        return config, simulated(config, files)


def _told(line: Callable[[str], None]) -> Callable[[Standing], None]:
    """Prints where the circuit is, now and then."""
    shown = time.monotonic()

    def progress(standing: Standing) -> None:
        nonlocal shown
        if time.monotonic() - shown >= PROGRESS_SECONDS:
            shown = time.monotonic()
            cost = "" if standing.cost is None else f", cost {standing.cost:.4f}"
            line(f"step {standing.steps:,}{cost}")

    return progress


def _found(circuit: Circuit, end: Standing) -> dict[str, Any]:
    return {
        "name": circuit.config.name,
        "transport": circuit.transport.name,
        "steps": end.steps,
        "samples": end.samples,
        "cost": end.cost,
        "baseline": end.baseline,
        "accuracy": end.right / end.judged if end.judged and end.right is not None else None,
        "tries": end.tries,
        "solved": end.solved if circuit.config.judged else None,
        "running": end.running,
        "flags": sorted(circuit.flags),
        "knobs": circuit.knobs,
        "device": _device(circuit, end) if circuit.config.outside else None,
    }


def _device(circuit: Circuit, end: Standing) -> dict[str, Any]:
    """What is known of a device outside."""
    return {
        "resting": end.resting,
        "faults": sorted(circuit.device_faults),
        "asked": end.asked,
        "taken": end.taken,
        "dropped": end.dropped,
        "knobs": circuit.device,
    }


def _lines(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['name']} on {found['transport']}"
    state = "running" if found["running"] else "standing"
    solved = {True: ", solved", False: ", not solved", None: ""}[found["solved"]]
    yield f"  step {found['steps']:,}, {state}{solved}"
    costs = [f"{name} {found[key]:.4f}" for name, key in (("C", "cost"), ("C0", "baseline")) if found[key]]
    if costs:
        yield f"  last {', '.join(costs)}"
    if found["accuracy"] is not None:
        yield f"  right {found['accuracy']:.2%}"
    if found["flags"]:
        yield f"  flags {', '.join(found['flags'])}"
    device = found["device"]
    if device is not None:
        state = "at rest" if device["resting"] else "in the loop"
        yield f"  device {state}: {', '.join(device['faults']) or 'no fault'}"
        asked, taken, dropped = (device[count] for count in ("asked", "taken", "dropped"))
        yield f"  measurements {asked:,} begun, {taken:,} taken, {dropped:,} dropped"
        yield f"  {', '.join(f'{key} {_short(value)}' for key, value in device['knobs'].items())}"
    # Those of a device have been told in the units of the file.
    knobs = {name: value for name, value in found["knobs"].items() if not name.startswith("device_")}
    yield f"  {', '.join(f'{name} {value}' for name, value in knobs.items())}"


def _short(value: Any) -> str:
    """A number, or the two ends of a range."""
    return " to ".join(f"{each:g}" for each in value) if isinstance(value, tuple) else f"{value:g}"


def _parameters(circuit: Circuit, end: Standing, asked: int | None) -> bytes:
    """The file of what was learned, with the circuit's parameters."""
    from mgd_sim.learned import Learned
    from mgd_sim.perturb.external import port_codes
    from mgd_sim.trainer import Trainer
    from mgd_sim.watch import port_samples

    config = circuit.config
    seed = config.seed if asked is None else asked
    twin = Trainer(config, [seed], samples=port_samples(config), perturbations=port_codes(config))
    twin.hold(circuit.parameters()[None])
    return Learned.of(config, twin, circuit.steps_before + end.steps, [seed], [None]).npz()
