"""What the user types: ``mgd-hdl VERB``.

Each verb is one function whose decorator lists its arguments and whose docstring is its help. What it does
stands in :mod:`mgd_hdl.verbs`, and is imported inside it, so that no verb waits for what another needs. How
verbs end is told in :mod:`mgd_hdl.verbs.endings`.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence

from .config import PRESETS
from .verbs.arguments import Argument, Verb, argument, force, parser_of, whole
from .verbs.endings import status_of

__all__ = ["main"]

MAX_SEEDS = 4096  # circuits that run side by side

# ---- verbs and arguments -------------------------------------------------------------------------


_VERBS: dict[str, tuple[Verb, tuple[Argument, ...]]] = {}

#: Boards for which bitstreams can be made; ``mgd_synth.boards`` says what each is.
BOARDS = ("icebreaker", "hx8k", "ulx3s-25f", "ulx3s-85f", "tang-nano-9k")

_CONFIG = argument("config", metavar="FILE|PRESET", help="a TOML file, or the name of a preset")
_SAMPLES = argument(
    "--samples",
    metavar="FILE",
    help='own samples, where task.name is "external" or "file": learn those of FILE, of any kind that'
    " task.file takes",
)
_JSON = argument("--json", action="store_true", help="print JSON")
_FOLDER = argument(
    "-o", "--output", metavar="DIR", help="where to write (default: a folder of the trainer's name)"
)
_CHECKPOINT = argument(
    "--checkpoint", metavar="FILE", help="keep in FILE where the run is, now and then and when it ends"
)
_RESUME = argument("--resume", metavar="FILE", help="go on from there, as if the run had not been cut")
_TWIN = argument(
    "--twin",
    choices=("auto", "numpy", "jax"),
    default="auto",
    help="what the twin runs on: numpy; jax, a compiler, of the extra `fast`; auto: jax where it is there and"
    " the run is long (default)",
)
_PLACING = argument(
    "--seed", type=whole(0), default=1, metavar="N", help="seed of place and route (default: 1)"
)
_SEED = argument("--seed", type=whole(0), metavar="S", help="another seed than the configuration's")


def _verb(*arguments: Argument) -> Callable[[Verb], Verb]:
    def register(run: Verb) -> Verb:
        _VERBS[run.__name__.strip("_")] = run, arguments
        return run

    return register


# ---- the verbs -----------------------------------------------------------------------------------


@_verb(
    argument("preset", metavar="PRESET", help=f"one of {', '.join(PRESETS)}"),
    argument("file", metavar="FILE", nargs="?", help="the file to write (default: PRESET.toml)"),
    force("the file if it exists"),
)
def _init(args: Namespace) -> int:
    """Write the commented TOML of a preset to a new file, to start from."""
    from .verbs.configs import init

    return init(args)


@_verb(_JSON)
def _list(args: Namespace) -> int:
    """List presets and tasks with their sizes."""
    from .verbs.configs import list_all

    return list_all(args)


@_verb(_CONFIG, _SAMPLES, _JSON)
def _check(args: Namespace) -> int:
    """Check a configuration: all its problems, or what follows from it."""
    from .verbs.configs import check

    return check(args)


@_verb(
    argument("file", metavar="FILE", nargs="?", help="the file to write (default: standard output)"),
    force("the file if it exists"),
)
def _schema(args: Namespace) -> int:
    """Print the JSON Schema of configurations, for editors that complete and check TOML."""
    from .verbs.configs import schema

    return schema(args)


@_verb(
    _CONFIG,
    _SAMPLES,
    argument(
        "--memories",
        choices=("inline", "readmemh", "images"),
        default="inline",
        help="where samples and curves are: in the Verilog (default); in files beside it, which it reads by"
        " $readmemh; images: write these files alone",
    ),
    _FOLDER,
    force("generated files that were changed since"),
)
def _generate(args: Namespace) -> int:
    """Write the Verilog of a trainer and the files that go with it."""
    from .verbs.generate import generate

    return generate(args)


@_verb(
    _CONFIG,
    _SAMPLES,
    argument("--simulator", choices=("verilator", "icarus"), default="verilator", help="default: verilator"),
    argument("--steps", type=whole(1), metavar="N", help="learn for N steps"),
    argument("--until-solved", action="store_true", help="stop where the task is solved (default)"),
    _SEED,
    argument("--vcd", metavar="FILE", help="write the waveform of all signals"),
    argument("--plot", metavar="FILE", help="draw cost and accuracy over steps, a PNG"),
    argument(
        "-o", "--output", metavar="DIR", help="write NAME.csv, NAME.png, NAME.parameters.npz, NAME.json there"
    ),
    _CHECKPOINT,
    _RESUME,
    force("files that exist"),
)
def _simulate(args: Namespace) -> int:
    """Let the generated circuit learn in simulation, and say when it has solved its task.

    Now and then the whole task is evaluated with the parameters that the circuit holds. With
    --steps and --until-solved it learns until the task is solved, but for N steps at most. The
    status is 1 if the task was to be solved and is not.
    """
    from .verbs.simulate import simulate

    return simulate(args)


@_verb(
    _CONFIG,
    _SAMPLES,
    argument("--seeds", type=whole(1, MAX_SEEDS), default=16, metavar="N", help="how many (default: 16)"),
    argument("--steps", type=whole(1), metavar="N", help="learn for N steps"),
    argument("--until-solved", action="store_true", help="stop where all seeds have solved it (default)"),
    _SEED,
    _TWIN,
    argument("--plot", metavar="FILE", help="draw cost, accuracy and solved seeds over steps, a PNG"),
    argument(
        "-o", "--output", metavar="DIR", help="write NAME.csv, NAME.png, NAME.parameters.npz, NAME.json there"
    ),
    _CHECKPOINT,
    _RESUME,
    force("files that exist"),
    _JSON,
)
def _train(args: Namespace) -> int:
    """Let the twin learn with many seeds at once, and say how many solve the task, and when.

    The first seed is the configuration's, the others are the numbers that follow. A seed that has not
    solved the task counts as later than all others in the median and the quartiles. NAME.parameters.npz
    holds the parameters of all seeds as integers, and those of the best one as numbers. Ctrl-C keeps
    what there is. The status is 1 if the task was to be solved and no seed has.
    """
    from .verbs.train import train

    return train(args)


@_verb(
    argument("file", metavar="FILE.npz", help="NAME.parameters.npz, which train and simulate write"),
    argument(
        "--to",
        required=True,
        choices=("c", "npz", "onnx"),
        help="c: a header with arrays and a function; npz: arrays named as PyTorch does; onnx: a model",
    ),
    argument("-o", "--output", required=True, metavar="OUT", help="the file to write"),
    argument("--seed", type=whole(0), metavar="S", help="this seed's network (default: the best one's)"),
    force("the file if it exists"),
)
def _export(args: Namespace) -> int:
    """Write a learned network for other programs, in plain floating point.

    The numbers are those that the circuit multiplies by; its activations are tables and its words are
    short, so its outputs differ from these by a little, and how much at most is said.
    """
    from .verbs.export import export

    return export(args)


@_verb(
    argument("config", metavar="FILE|PRESET", nargs="?", help=_CONFIG.options["help"]),
    _SAMPLES,
    argument("--steps", type=whole(1), default=10_000, metavar="N", help="how many steps (default: 10000)"),
    argument("--seeds", type=whole(1, MAX_SEEDS), default=1, metavar="N", help="how many (default: 1)"),
    _SEED,
    _TWIN,
    argument("--inject-bug", metavar="NAME", help="break the circuit first; the comparison must see it"),
    argument("--list-bugs", action="store_true", help="list the bugs that can be injected"),
    _CHECKPOINT,
    _RESUME,
    force("a checkpoint that exists"),
)
def _compare(args: Namespace) -> int:
    """Compare every state of every step of the simulated circuit with the twin.

    The status is 1 if anything differs; the first difference is named with step, signal and values.
    """
    from .verbs.compare import compare

    return compare(args)


@_verb(
    _CONFIG,
    _SAMPLES,
    argument("--steps", type=whole(1), required=True, metavar="T", help="how many steps to gather"),
    _SEED,
    argument("--rtl", action="store_true", help="in the simulated circuit (default: in the twin)"),
    _JSON,
)
def _probe(args: Namespace) -> int:
    """Hold the parameters, gather G for T steps, and say its angle to the true gradient.

    The truth is the gradient of the samples that were shown: once backpropagated through the exact
    network, once by finite differences in the circuit's own words.
    """
    from .verbs.probe import probe

    return probe(args)


@_verb(
    _CONFIG,
    _SAMPLES,
    argument(
        "--target",
        required=True,
        metavar="TARGET",
        help="ice40-up5k, ice40-hx8k, ecp5-25k, ecp5-45k, ecp5-85k, gowin-gw1nr9: place and route;"
        " xc7a35t, xc7a100t, xc7z020, 5ceba2, 5ceba4, 5cseba6: count"
        " cells; generic: count gates; liberty: map to standard cells",
    ),
    argument("--liberty", metavar="FILE", help="the cells of target liberty: FILE.lib or FILE.lib.gz"),
    _PLACING,
    argument("--freq", type=whole(1), metavar="MHZ", help="clock rate that place and route aims at"),
    argument("-o", "--output", metavar="DIR", help="write NAME.TARGET.json and NAME.TARGET.md there"),
    force("reports that were changed since"),
    argument("--no-twin", action="store_true", help="do not let the twin learn for the time to solution"),
    _JSON,
)
def _synth(args: Namespace) -> int:
    """Synthesize a trainer for a target: size, clock rate, steps per second, time to solution.

    For a device of Lattice or Gowin it is placed and routed, for one of Xilinx or Intel its cells are
    counted; all tools are Python packages (pip install 'mgd-hdl[pnr]').
    Sizes and the slowest path are told by block. Where the task has a goal, the twin learns with a
    few seeds to say how many steps it takes.
    """
    from .verbs.synth import synth

    return synth(args)


@_verb(
    _CONFIG,
    _SAMPLES,
    argument("--board", required=True, metavar="B", help=f"one of {', '.join(BOARDS)}"),
    _PLACING,
    argument(
        "--divide",
        type=int,
        default=1,
        choices=(1, 2, 4, 8, 16),
        help="divide the board's clock, for trainers that are too slow for it",
    ),
    argument("--uart", action="store_true", help='host.bus = "uart": a board that a computer talks to'),
    argument(
        "--flash",
        action="store_true",
        help="own samples are in the flash memory of the board, and read while it learns",
    ),
    argument(
        "--sdram",
        action="store_true",
        help="the same, but at power-up they are copied into the SDRAM of the board, which is read faster",
    ),
    _FOLDER,
    force("generated files that were changed since"),
    argument("--no-twin", action="store_true", help="do not let the twin say when the LED will go on"),
    _JSON,
)
def _bitstream(args: Namespace) -> int:
    """Make a bitstream: a board that learns from power-up on and shows on an LED when it has.

    All tools are Python packages (pip install 'mgd-hdl[boards]'). A configuration without a judge gets
    one with the limits of its section [judge]. With --uart it stays as it is, and waits for a computer
    on the board's USB cable: mgd-hdl connect. With --flash or --sdram there is a second file, of samples,
    for the board's flash memory. A design that is too large for the board's device, or too slow for its
    clock, gives one line and no bitstream.
    """
    from .verbs.bitstream import bitstream

    return bitstream(args)


@_verb(
    _CONFIG,
    _SAMPLES,
    argument(
        "--port", required=True, metavar="PORT", help="a serial port, such as /dev/ttyUSB1; or: simulation"
    ),
    argument("--steps", type=whole(1), metavar="N", help="start, and learn for N steps"),
    argument(
        "--until-solved", action="store_true", help="start, and learn until the circuit's judge is content"
    ),
    _SEED,
    argument("--go-on", action="store_true", help="learn from where it is, without a start"),
    argument(
        "--checkpoint", metavar="FILE", help="keep in FILE what was learned, at its end and after Ctrl-C"
    ),
    argument("--resume", metavar="FILE", help="start with what was learned there, and with other seeds"),
    argument("-o", "--output", metavar="FILE.npz", help="write the circuit's parameters to this file"),
    force("files that exist"),
    _JSON,
)
def _connect(args: Namespace) -> int:
    """Talk to a circuit over a serial line: say what it is and where it stands, and let it learn.

    The circuit must be that of the configuration, and have the serial line of host.bus = "uart", as that
    of bitstream --uart. Behind the port "simulation" it is simulated. With --steps and --until-solved it
    learns for N steps at most. Ctrl-C stops it between two steps. The status is 1 if it was to solve its
    task and has not.
    """
    from .verbs.connect import connect

    return connect(args)


@_verb(
    _CONFIG,
    _SAMPLES,
    argument("--target", metavar="TARGET", help="one device that synth places, and its sizes by block"),
    _JSON,
)
def _estimate(args: Namespace) -> int:
    """Estimate what synth measures, from the configuration alone; and what fits which device.

    Cells, clocks per step and parameters are exact. Sizes are sums of fitted coefficients, and so
    are the delays that clock rates follow from; both are printed with their error against synthesis.
    A device counts as full at 90 % of its logic cells. The largest hidden size is that of all hidden layers.
    """
    from .verbs.estimate import estimate

    return estimate(args)


@_verb(
    argument("name", metavar="NAME", nargs="?", help="which study: see --list"),
    argument("config", metavar="FILE|PRESET", nargs="?", help=_CONFIG.options["help"]),
    argument("--list", action="store_true", help="list the studies, each with its question"),
    _SAMPLES,
    argument(
        "--vary",
        action="append",
        metavar="KEY=VALUES",
        help="ask it with each of these values, such as learning.rate=0.25,0.5 or formats.segment_bits=3..6;"
        " of several keys with every combination",
    ),
    argument(
        "--sample",
        type=whole(1, 100_000),
        metavar="N",
        help="instead of every combination N that fill the space; then a key may have a span of real numbers,"
        " learning.rate=log:0.01..1",
    ),
    argument(
        "--seeds", type=whole(2, MAX_SEEDS), metavar="N", help="how many (default: the task's, at most 64)"
    ),
    argument("--until", type=whole(1), metavar="N", help="learn until solved, for N steps at most"),
    argument("--every", type=whole(1), metavar="N", help="steps between two looks whether it is solved"),
    _SEED,
    argument(
        "--model",
        action="append",
        choices=("twin", "float", "float_railed", "backpropagation"),
        help="what learns; may be given several times (default: the study's)",
    ),
    argument("--jobs", type=whole(1, 256), metavar="N", help="points at a time (default: 1)"),
    argument("--scheduler", metavar="ADDRESS", help="give the points to a Dask cluster: tcp://HOST:PORT"),
    argument("-o", "--output", metavar="DIR", help="where to write NAME_STUDY.csv, .png and .svg"),
    force("what is there, and begin anew"),
    _JSON,
)
def _study(args: Namespace) -> int:
    """Ask a question of many configurations: one table of all answers, and a figure of it.

    The table holds the release, the command and the configuration. A study that was ended, by Ctrl-C or
    otherwise, goes on with the same command, and its table is that of one that was not. A point that no
    circuit can have stands there with the reason. Figures need matplotlib, the extra `plot`.
    """
    from .verbs.study import study

    return study(args)


@_verb(
    argument(
        "config",
        metavar="FILE|PRESET|RUN",
        help="a TOML file, the name of a preset, or a folder that train, simulate, synth or study wrote to",
    ),
    _SAMPLES,
    argument("--seeds", type=whole(2, MAX_SEEDS), default=16, metavar="N", help="how many (default: 16)"),
    argument(
        "--steps",
        type=whole(1),
        metavar="N",
        help="learn for N steps at most (default: a tenth of the task's)",
    ),
    argument("-o", "--output", required=True, metavar="FILE.html", help="the file to write"),
    force("the file if it exists"),
)
def _report(args: Namespace) -> int:
    """Write a page about a trainer: its circuit, words, learning, time, size, and a step clock by clock.

    One file that needs no network. Of a configuration the twin learns for it, with --seeds and --steps as
    in train; of a RUN it tells what is in the folder. With every number stands the command that tells it.
    """
    from .verbs.report import report

    return report(args)


@_verb()
def _demo(_args: Namespace) -> int:
    """Train XOR in a simulated circuit, show that the twin agrees, and that it would notice a fault."""
    from .verbs.demo import demo

    return demo(_run)


# ---- around the verbs ----------------------------------------------------------------------------


def _run(argv: Sequence[str] | None) -> int:
    args = parser_of(_VERBS).parse_args(argv)
    status: int = args.run(args)
    return status


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit status."""
    return status_of(lambda: _run(argv))
