"""A trainer circuit in simulation: started with its registers, and asked for its states step by step."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import FLAGS, Format, Registers, TrainerConfig

from ..fixed import Bits, Ints
from ..learn.serial import parameters
from ..network.inference import checked_inputs
from ..retry import alone, steps_of_a_try
from ..samples import pages
from ..tasks import Dataset
from .design import Design
from .ends import Closes
from .registers import Kept
from .tools import RtlError
from .verilator import VerilatorModel

__all__ = [
    "KeptTrainer",
    "RtlTrainer",
    "payloads",
    "question_words",
    "sample_words",
    "trainer_design",
    "words_digest",
]

#: No step takes as many clocks, wherever its sample comes from.
_STEP_CLOCKS = 10_000
#: Clocks until we look again whether all answers are there; so many steps may end in one look.
_LOOK = 64


def trainer_design(files: Mapping[str, str]) -> Design:
    """The design in the files that ``mgd_hdl.emit.trainer_files`` makes."""
    return Design.from_files(files)


class KeptTrainer(NamedTuple):
    """Where a trainer circuit is: steps done, their sticky flags, the step of the judge's verdict or -1, and
    all that the design holds.
    """

    step: int
    flags: int
    solved_at: int
    kept: Kept


class RtlTrainer(Closes):
    """One trainer circuit, ready for step 0.

    Parameters
    ----------
    config : TrainerConfig
    design : Design
        Its circuit, from :func:`trainer_design`.
    registers : Registers
        From ``config.registers(seed)``.
    samples : Dataset, optional
        For ``task.source = "stream"``: what comes through the port, in this order, repeated.
    codes : Bits, optional
        For external codes: (count, P), the words that come through their port, repeated.
    build_dir : Path, optional
        Where compiled libraries are kept.
    trace : Path, optional
        Write a waveform there, ``.vcd`` or ``.fst``.
    holds : bool
        Whether :attr:`state` and :meth:`restore` are wanted.

    Attributes
    ----------
    registers : Registers
    step : int
        Steps done.
    solved_at : int
        The step whose C0 brought the judge's verdict, or -1.
    """

    #: What comes through ports, over and over.
    _streams: Mapping[str, Sequence[int]] = MappingProxyType({})

    def __init__(
        self,
        config: TrainerConfig,
        design: Design,
        registers: Registers,
        *,
        samples: Dataset | None = None,
        codes: Bits | None = None,
        build_dir: Path | None = None,
        trace: Path | None = None,
        holds: bool = False,
    ):
        self.config = config
        self.model = VerilatorModel(design, build_dir, trace=trace, holds=holds)
        streams: dict[str, Sequence[int]] = {}
        if samples is not None:
            streams |= sample_words(config, samples)
        if codes is not None:  # the last parameter's word comes first
            streams["i_code"] = codes[:, ::-1].ravel().tolist()
        self._streams = streams
        self.start(registers)

    def start(self, registers: Registers) -> None:
        """Begins anew at step 0; a configuration has ports only for the registers it uses."""
        self.registers = self.config.followed(registers)
        model = self.model
        inputs = {port.name for port in model.design.ports if port.direction == "input"}
        values = {name: value for name, value in asdict(registers).items() if name in inputs}
        model.set(rst=1, start=0, run=0)
        model.clock()
        model.set(rst=0, start=1, **values)
        model.clock()
        model.set(start=0, run=1)
        model.forget()
        for stream, words in self._streams.items():
            model.feed(stream, words, repeat=True)
        self.forget()

    def forget(self) -> None:
        """No step has ended yet."""
        self.step = 0
        self.solved_at = -1
        self._flags = np.uint8(0)
        self._paused = False
        self._waiting: list[dict[str, npt.NDArray[Any]]] = []  # states of steps that run has not yet given
        self._ahead = 0  # so many
        self._try_steps = 0  # of a trainer that tries again, once they are asked for

    def run(self, steps: int) -> dict[str, npt.NDArray[Any]]:
        """Goes on for some steps; their states, named and shaped as in the twin's Record for one replica."""
        missing = max(0, steps - self._ahead)
        if missing and self._paused:
            self.model.set(run=1)
            self._paused = False
        if missing or not self._waiting:
            start = 4 * self.config.parameters * self.config.timing.word_clocks
            limit = missing * _STEP_CLOCKS + start
            self._keep(self.model.run(missing, limit))
        states = {name: np.concatenate([each[name] for each in self._waiting]) for name in self._waiting[0]}
        self._waiting = (
            [{name: array[steps:] for name, array in states.items()}] if self._ahead > steps else []
        )
        self._ahead -= steps
        self.step += steps
        return {name: array[:steps] for name, array in states.items()}

    def _keep(self, states: dict[str, npt.NDArray[Any]]) -> None:
        """States of steps that ended, for :meth:`run` to give."""
        # Where steps overlap the flags' register is ahead of the step that is done, so the sticky
        # flags of each step are put together from what saturated in it.
        happened = [np.asarray(states.pop(name), dtype=np.uint8) for name in FLAGS]
        steps = len(happened[0])
        flags = sum((event << bit for bit, event in enumerate(happened)), np.zeros(steps, np.uint8))
        solved = states.get("solved")
        if steps:
            tries = self._begun(solved) if solved is not None and self.config.retries else np.empty(0, int)
            if 0 not in tries:
                flags[0] |= self._flags
            for part in np.split(flags, tries):
                np.bitwise_or.accumulate(part, out=part)
            self._flags = flags[-1]
        states["flags"] = flags
        if "theta_bits" in states:
            states["theta"] = parameters(self.config, states.pop("theta_bits"))
        if steps and solved is not None:
            not_yet = np.flatnonzero(solved == 0)
            if len(not_yet):
                self.solved_at = -1
            if solved[-1] and self.solved_at < 0:
                self.solved_at = self.ended + (int(not_yet[-1]) + 1 if len(not_yet) else 0)
        if steps or not self._waiting:
            self._waiting.append(states)
            self._ahead += steps

    def _begun(self, solved: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Which of the steps that ended, by their rows, are a try's first one: flags are 0 before it."""
        if not self._try_steps:
            config = self.config
            self._try_steps = steps_of_a_try(alone(config), self.registers, config.judge.retry)
        solved_before = np.append(self.solved_at >= 0, solved[:-1])
        number = self.ended + np.arange(len(solved))
        return np.flatnonzero((number > 0) & (number % self._try_steps == 0) & (solved_before == 0))

    def pause(self) -> None:
        """Steps that have begun are finished; :meth:`run` gives their states, and goes on."""
        self.model.set(run=0)
        self._paused = True
        # Behind leaves a step begins before the one before it is done, and busy is low for a moment then.
        quiet = 0
        while quiet <= self.config.timing.broadcast_latency:
            self.model.settle()
            quiet = 0 if self.model.get("busy") else quiet + 1
            self.look(1)

    def stand(self) -> dict[str, npt.NDArray[Any]]:
        """Waits between two steps, with all pipelines at rest, until :meth:`run`.

        Returns the states of the steps that ended meanwhile, as :meth:`run` does.
        """
        timing, parameters = self.config.timing, self.config.parameters
        # The steps under way, each of which may have to load its code; a start that may follow; pipelines.
        under_way = timing.step_latency * (2 + timing.steps_under_way) + 2 * parameters
        self.model.set(run=0)
        self._paused = True
        self.look(under_way + (parameters + 4) * (2 + timing.word_clocks) + 64)
        return self.run(self._ahead)

    @property
    def ended(self) -> int:
        """Steps done, those too that :meth:`run` has not yet given."""
        return self.step + self._ahead

    def look(self, clocks: int) -> None:
        """So many clocks, however many steps end in them."""
        while clocks > 0:  # there is a row for each clock, of whatever may end in it
            self._keep(self.model.look(min(clocks, _LOOK)))
            clocks -= _LOOK

    # ---- inference -------------------------------------------------------------------------------

    def infer(self, x: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """What the network answers, through its ports: as fast as it can where the trainer is paused, else
        between its steps.

        Parameters
        ----------
        x : ndarray
            (N, inputs), integers in ``config.formats.input``.

        Returns
        -------
        ndarray
            (N, outputs) in the last layer's output format.
        """
        self.ask(x)
        self._wait_for(len(x), lambda: self.answered, "answers")
        return self.answers()

    def _wait_for(self, count: int, came: Callable[[], int], what: str) -> None:
        """Until so many came."""
        limit = self.model.clocks + count * _STEP_CLOCKS
        while came() < count:
            if self.model.clocks > limit:
                raise RtlError(f"{self.model.design.top}: only {came()} of {count} {what} came")
            self.look(_LOOK)

    def ask(self, x: npt.NDArray[Any], *, offers: Sequence[int] = (), takes: Sequence[int] = ()) -> None:
        """From now on offers inputs and takes answers; both as :meth:`VerilatorModel.feed` has its rhythm."""
        inputs = checked_inputs(self.config, x)
        if len(inputs):
            self.model.feed("i_infer", question_words(self.config, inputs), rhythm=offers)
        self.model.drain("o_infer", len(inputs), rhythm=takes)

    @property
    def answered(self) -> int:
        """Answers that came since :meth:`ask`."""
        return self.model.drained("o_infer")

    def answers(self) -> npt.NDArray[np.int64]:
        """These answers, (N, outputs)."""
        return _unpacked(
            self.model.drawn("o_infer"), self.config.shape.layers[-1].output, self.config.outputs
        )

    # ---- parameters ------------------------------------------------------------------------------

    def read(self) -> npt.NDArray[np.int64]:
        """T of all parameters, (P,), through their ports; between two steps, where it is not paused."""
        return self._commanded([(index, None) for index in range(self.config.parameters)])

    def write(self, theta: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Sets all parameters, (P,) in ``config.words.parameter``; gives T as it then is."""
        return self._commanded([(index, int(value)) for index, value in enumerate(theta)])

    def _commanded(self, commands: Sequence[tuple[int, int | None]]) -> npt.NDArray[np.int64]:
        self.command(commands)
        self._wait_for(len(commands), lambda: self.replied, "replies")
        return np.array([theta for _, theta, _ in self.replies()], dtype=np.int64)

    def command(
        self,
        commands: Sequence[tuple[int, int | None]],
        *,
        offers: Sequence[int] = (),
        takes: Sequence[int] = (),
    ) -> None:
        """From now on offers commands, each an index and what is to be written, None to read, and takes the
        replies; both as :meth:`VerilatorModel.feed` has its rhythm.
        """
        width, place = self.config.words.parameter.width, self.config.shape.index_bits
        words = [
            index | ((theta or 0) & (1 << width) - 1) << place | (theta is not None) << place + width
            for index, theta in commands
        ]
        self.model.feed("i_access", words, rhythm=offers)
        self.model.drain("o_access", len(words), rhythm=takes)

    @property
    def replied(self) -> int:
        """Replies that came since :meth:`command`."""
        return self.model.drained("o_access")

    def replies(self) -> list[tuple[int, int, bool]]:
        """These replies: index, T, and whether there is no such parameter."""
        number, place = self.config.words.parameter, self.config.shape.index_bits
        found = []
        for word in self.model.drawn("o_access"):
            theta = word >> place & (1 << number.width) - 1
            theta -= (theta > number.max) << number.width
            found.append((word & (1 << place) - 1, theta, bool(word >> place + number.width)))
        return found

    # ---- states ----------------------------------------------------------------------------------

    @property
    def state(self) -> KeptTrainer:
        """Where the circuit is now, in mid-step of the next steps too; all that ended were given by run."""
        assert not self._ahead
        return KeptTrainer(self.step, int(self._flags), self.solved_at, self.model.save())

    def restore(self, state: KeptTrainer) -> None:
        """Goes on from where a circuit of the same text, registers and streams was."""
        self.model.load(state.kept)
        self.step, self._flags, self.solved_at = state.step, np.uint8(state.flags), state.solved_at
        self._waiting, self._ahead = [], 0

    @cached_property
    def digests(self) -> dict[str, str]:
        """Of samples and codes that come in, over and over, by their stream."""
        return {name: words_digest(words) for name, words in self._streams.items()}

    def close(self) -> None:
        """Ends the simulation."""
        self.model.close()


def payloads(config: TrainerConfig, samples: Dataset) -> list[int]:
    """Every sample as the word of the stream port: inputs in the low bits, the first one lowest."""
    return _packed([(samples.x, config.formats.input.width), (samples.target, config.formats.target.width)])


def sample_words(config: TrainerConfig, samples: Dataset) -> dict[str, Sequence[int]]:
    """What these samples are at their port, by its name: a word each, or one for each input."""
    if config.paged:
        return {"i_input": pages.words(config, samples)}
    return {"i_sample": payloads(config, samples)}


def question_words(config: TrainerConfig, x: Ints) -> Sequence[int]:
    """What inputs that are to be answered are at their port: all in one word, or one in each."""
    if config.paged:
        return pages.words(config, Dataset(x, x[:, :0]))
    return _packed([(x, config.formats.input.width)])


def words_digest(words: Sequence[int]) -> str:
    """A hash of words of any width."""
    found = hashlib.sha256()
    for word in words:
        found.update(b"%x," % word)
    return found.hexdigest()


def _packed(columns: Sequence[tuple[npt.NDArray[Any], int]]) -> list[int]:
    """Rows of integers as words: their low bits, as many as told, the first one lowest."""
    words = [0] * len(columns[0][0])
    at = 0
    for values, width in columns:
        masked = np.asarray(values).astype(object) & ((1 << width) - 1)
        for column in masked.T:
            words = [word | int(value) << at for word, value in zip(words, column, strict=True)]
            at += width
    return words


def _unpacked(words: Sequence[int], format: Format, count: int) -> npt.NDArray[np.int64]:
    """The other way, for words of equal parts."""
    parts = [[word >> format.width * k & (1 << format.width) - 1 for k in range(count)] for word in words]
    found = np.array(parts, dtype=np.int64).reshape(len(words), count)
    return np.where(found > format.max, found - (1 << format.width), found)
