"""The twin's steps under a compiler: the same pure step, traced by JAX and run for many steps in one call.

There is no second arithmetic: what is compiled is :class:`mgd_sim.step.Step` with all its blocks, and the
functions that make codes of what was drawn. So states equal NumPy's, all of them. JAX comes with the extra
``fast``.

Numbers are integers of 32 bits where :mod:`mgd_sim.ranges` proves, from the limits of what goes in, that no
operation leaves them; otherwise of 64, as in NumPy. Which of the two JAX uses is set for these calls only,
and so is its device, the CPU.
"""

from __future__ import annotations

import copy
import hashlib
import math
import os
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from mgd_hdl.config import SEEDS
from mgd_hdl.config.errors import Refused

from .control.sequencer import plan
from .features import links_of
from .fixed import Bits, Ints, cast
from .link import Inputs, Link, Setup, Signs, State
from .moves import COUNT, STATE, Within, leaves, rebuilt
from .perturb import CodeSource
from .prepare import Drawn, Preparation, Shaken
from .ranges import Unbounded, limits_of, ranges
from .step import Step, shown

__all__ = ["LIBRARIES", "Compiled", "Library", "chosen"]

#: Whose arrays the twin's steps are made of; ``auto`` is NumPy until a run turns out to be long.
Library = Literal["auto", "numpy", "jax"]
LIBRARIES: tuple[Library, ...] = get_args(Library)

#: Seconds of NumPy after which it is worth the time that compiling takes.
_WORTH = 2.0
#: Seconds that one call may take, so that a run can be ended.
_SLICE = 0.1
#: Steps of one call at most, and numbers that are recorded in it.
_STEPS, _RECORDED = 1 << 12, 1 << 22
#: Of a program's inputs.
_ROOMS = (64, 512, _STEPS)
#: Steps from which it is known which kinds there are.
_AHEAD = 1 << 12
#: Programs that are kept for trainers of the same kind.
_KEPT = 16
_NARROW = Within(-1 << 31, (1 << 31) - 1)

Rows = dict[str, Any]
Shapes = Mapping[str, tuple[tuple[int, ...], Any]]


def chosen(library: Library) -> Library:
    """The same; ``auto`` is what the environment variable ``MGD_HDL_TWIN`` says, if it does, and NumPy where
    JAX is not installed. Raises Refused for JAX that is not there.
    """
    said = os.environ.get("MGD_HDL_TWIN") or "auto"
    if said not in LIBRARIES:
        raise Refused([f"MGD_HDL_TWIN = {said!r}: must be one of {', '.join(LIBRARIES)}"])
    if library == "auto":
        library = said
    there = find_spec("jax") is not None
    if library == "jax" and not there:
        raise Refused(["JAX is not installed; it comes with the extra: pip install 'mgd-hdl[fast]'"])
    return "numpy" if library == "auto" and not there else library


def _one_thread() -> None:
    """Gives JAX one thread, unless this process uses it already, or says itself how many.

    A step is many small loops; threads that share one wait for each other longer than it takes.
    """
    if "jax" not in sys.modules:
        os.environ.setdefault("NPROC", "1")


class Kind(NamedTuple):
    """What is known of a step before any array is: what it does, see :class:`mgd_sim.control.sequencer.Plan`,
    and the plain numbers that options have prepared.
    """

    code: bool
    fresh: bool
    reference: bool
    flush: bool
    refresh: bool
    plain: tuple[int, ...]


def _kinds(drawn: Drawn) -> tuple[list[Kind], npt.NDArray[np.int64]]:
    """The kinds of a block's steps, and for each step which it is."""
    todo = drawn.todo
    key = np.zeros(len(todo.code), dtype=np.int64)
    columns = np.stack([todo.code, todo.sample, todo.reference, todo.flush, todo.refresh])
    for bit, column in enumerate(columns):
        key |= column.astype(np.int64) << bit
    plain = [np.asarray(each, dtype=np.int64) for each in drawn.links.values() if isinstance(each, list)]
    for place, each in enumerate(plain):
        key |= each << (5 + 8 * place)
    _, first, at = np.unique(key, return_index=True, return_inverse=True)
    kinds = [
        Kind(code, fresh, reference, flush, refresh, tuple(int(each[row]) for each in plain))
        for row in first
        for code, fresh, reference, flush, refresh in [columns[:, row].tolist()]
    ]
    return kinds, at


def _typed(leaf: npt.NDArray[Any], whole: type[np.signedinteger[Any]]) -> npt.NDArray[Any]:
    """Integers as those that are computed with."""
    return leaf.astype(whole, copy=False) if leaf.dtype.kind == "i" else leaf


@dataclass(frozen=True)
class _Made:
    """The functions of a trainer, and the tables that they read.

    Attributes
    ----------
    x, target : Ints
        (samples, 1, inputs or outputs, 1), in the fewest bytes.
    """

    step: Step
    shaken: Shaken
    links: list[Link]
    codes: CodeSource
    x: Ints
    target: Ints

    def code(self, row: Rows) -> Bits:
        """The code words of a step."""
        words: Bits = cast(self.codes.words(row["code"]), np.uint8)
        return words

    def one(
        self,
        names: Sequence[str],
        shapes: Shapes,
        kind: Kind,
        state: State,
        code: Any,
        row: Rows,
        step: Any,
        ahead: tuple[Any, Signs, Signs] | None = None,
    ) -> tuple[State, Any, dict[str, Any]]:
        """One step of a kind: the state after it, the code that it worked with, and what is recorded.

        ``names`` are those of the options that have prepared plain numbers; ``row`` is what was drawn for it.
        ``code`` is that of the step before. With ``ahead``, what :attr:`shaken` makes of the code of this
        step, there is none; and no code to be shown where nothing is recorded.
        """
        import jax.numpy as jnp

        taken: Any = jnp.take
        spread: Any = jnp.broadcast_to
        if ahead is not None:
            showing, shaken, learns = ahead
        else:
            code = self.code(row) if kind.code else code
            showing, shaken, learns = self.shaken(code, row["number"])
        sample = row["sample"]
        x, target = (cast(taken(table, sample, axis=0, mode="clip"), np.int64) for table in row["tables"])
        links = {**row["links"], **dict(zip(names, kind.plain, strict=True))}
        inputs = Inputs(
            kind.fresh,
            kind.reference,
            kind.flush,
            kind.refresh,
            step,
            x,
            target,
            shaken,
            learns,
            row.get("dither", 0),
            links,
        )
        after, outputs = self.step(state, inputs)
        found = shown(after, outputs, showing, sample, self.links) if shapes else {}
        recorded = {
            name: cast(spread(jnp.asarray(found[name]), shape), kept)
            for name, (shape, kept) in shapes.items()
        }
        return after, code, recorded

    def many(
        self,
        names: Sequence[str],
        shapes: Shapes,
        kinds: Sequence[Kind],
        count: Any,
        first: Any,
        state: State,
        code: Bits,
        rows: Rows,
        tables: tuple[Ints, Ints],
    ) -> Any:
        """The first ``count`` steps of ``rows``, from step ``first`` on; records have room for all rows."""
        import jax
        import jax.numpy as jnp

        room = len(rows["kind"])
        record = {name: jnp.zeros((room, *shape), kept) for name, (shape, kept) in shapes.items()}
        # Where each step has a code of its own, it is made at the end of the step before. What goes round
        # a loop is made once, and not anew in each place that reads it; what is left to do in these is so
        # little that JAX does not give it to several threads, which would wait for each other.
        ahead = all(kind.code for kind in kinds)
        steps = [partial(self.one, names, shapes, kind) for kind in kinds]

        def drawn(i: Any) -> Rows:
            return {**jax.tree.map(lambda each: each[i], rows), "tables": tables}

        def coded(row: Rows) -> tuple[Any, ...]:
            # Mostly two names of one array; and what is not recorded is not made.
            showing, shaken, learns = self.shaken(self.code(row), row["number"])
            return showing if shapes else None, shaken, None if learns is shaken else learns

        def body(i: Any, carry: Any) -> Any:
            state, coding, record = carry
            row = drawn(i)
            which = row.pop("kind")
            if ahead:
                showing, shaken, learns = coding
                made = showing, shaken, shaken if learns is None else learns
                given: tuple[Any, ...] = (state, None, row, first + i, made)
            else:
                given = (state, coding, row, first + i)
            state, code, found = steps[0](*given) if len(steps) == 1 else jax.lax.switch(which, steps, *given)
            coding = coded(drawn(jnp.minimum(i + 1, count - 1))) if ahead else code
            return state, coding, {name: each.at[i].set(found[name]) for name, each in record.items()}

        coding = coded(drawn(0)) if ahead else code
        state, coding, record = jax.lax.fori_loop(0, count, body, (state, coding, record))
        return state, self.code(drawn(count - 1)) if ahead else coding, record


#: For trainers of the same kind, the latest last.
_programs: OrderedDict[Any, Callable[..., Any]] = OrderedDict()


@dataclass(frozen=True)
class _Program:
    kinds: tuple[Kind, ...]
    narrow: bool
    call: Callable[..., Any]


class Compiled:
    """One trainer's steps under a compiler.

    Parameters
    ----------
    setup : Setup
        The trainer's.
    devices : sequence of int, optional
    library : Library

    Attributes
    ----------
    bits : int or None
        Of the integers of the program that ran last.
    """

    def __init__(self, setup: Setup, devices: Sequence[int] | None, library: Library):
        self.setup, self.library = setup, chosen(library)
        self.devices = None if devices is None else tuple(devices)
        self.bits: int | None = None
        self._seconds: dict[bool, float] = {}
        self._ready: dict[bool, _Program] = {}
        self._made: _Made | None = None
        self._sizes: dict[bool, int] = {}

    def __deepcopy__(self, memo: Any) -> Compiled:
        """Programs are shared: they keep nothing."""
        other = copy.copy(self)
        other._seconds, other._ready = dict(self._seconds), dict(self._ready)
        other._sizes = dict(self._sizes)
        return other

    def __getstate__(self) -> dict[str, Any]:
        """What another process gets; it compiles for itself."""
        return {**self.__dict__, "_ready": {}, "_made": None}

    def __str__(self) -> str:
        """What the last steps ran on."""
        return "NumPy" if self.bits is None else f"JAX, integers of {self.bits} bits"

    # ---- which library -------------------------------------------------------------------------------

    def spent(self, seconds: float, record: bool) -> None:
        """NumPy took so long for some steps, with a record or without."""
        self._seconds[record] = self._seconds.get(record, 0.0) + seconds

    def due(self, record: bool) -> bool:
        """Whether the next steps are not for NumPy."""
        if self.library == "auto":
            return self._seconds.get(record, 0.0) >= _WORTH
        return self.library == "jax"

    def takes(self, drawn: Drawn, record: bool) -> bool:
        """The same of steps that are drawn: new kinds of them are compiled no sooner than the first ones."""
        if self.library == "auto" and (ready := self._ready.get(record)) is not None:
            kinds, _ = _kinds(drawn)
            if not set(kinds) <= set(ready.kinds):
                self._seconds[record] = 0.0
                del self._ready[record]
                return False
        return self.due(record)

    def size(self, shapes: Shapes) -> int:
        """So many steps take no longer than somebody waits who wants to end a run, and what is recorded of
        them is not large.
        """
        return min(self._sizes.get(bool(shapes), _ROOMS[0]), _capacity(shapes))

    # ---- a block of steps ----------------------------------------------------------------------------

    def run(
        self, state: State, drawn: Drawn, inputs: Preparation, shapes: Shapes
    ) -> tuple[State, dict[str, Ints]]:
        """The state after a block of steps, and what is recorded of them.

        Parameters
        ----------
        state : State
            NumPy's arrays; so are those that come back, of the same types.
        drawn : Drawn
            At most :meth:`size` steps.
        inputs : Preparation
            From which they come; it gets the code and the sample that they end with.
        shapes : mapping of str to tuple
            Of what is recorded, a step's shape and type.
        """
        _one_thread()
        import jax

        made = self._functions(inputs)
        kinds, at = _kinds(drawn)
        program = self._program(made, kinds, drawn, state, inputs, shapes)
        whole = np.int32 if program.narrow else np.int64
        order = np.array([program.kinds.index(kind) for kind in kinds])
        began = time.monotonic()
        rows = _rows(drawn, order[at], inputs, _room(len(at), shapes), whole)
        given = rebuilt(state, lambda _, leaf: _typed(leaf, whole))
        with _numbers(program.narrow):
            found, code, record = program.call(
                whole(len(at)), whole(drawn.first), given, _code(inputs), rows, (made.x, made.target)
            )
            found, code, record = jax.tree.map(np.asarray, (found, code, record))
        inputs.code, inputs.sample = code[None], rows["sample"][len(at) - 1 : len(at)].astype(np.int64)
        self.bits = 32 if program.narrow else 64
        self._paced(time.monotonic() - began, len(at), shapes)
        types = dict(leaves(state))
        arrays = dict(leaves(found))
        after = rebuilt(state, lambda path, _: arrays[path].astype(types[path].dtype))
        return after, {name: each[: len(at)] for name, each in record.items()}

    def _paced(self, seconds: float, count: int, shapes: Shapes) -> None:
        if seconds > 2 * _SLICE:
            self._sizes[bool(shapes)] = max(1, count // 2)
        elif count == self.size(shapes) and seconds < _SLICE:
            self._sizes[bool(shapes)] = min(2 * count, _STEPS)

    # ---- programs ------------------------------------------------------------------------------------

    def _functions(self, inputs: Preparation) -> _Made:
        if self._made is None:
            setup = replace(self.setup, narrow=False)
            links = links_of(setup)
            step = Step(setup, links, self.devices)
            self._made = _Made(step, Shaken(setup, links), links, inputs.codes, inputs.x, inputs.target)
        return self._made

    def _program(
        self,
        made: _Made,
        kinds: Sequence[Kind],
        drawn: Drawn,
        state: State,
        inputs: Preparation,
        shapes: Shapes,
    ) -> _Program:
        last = drawn.first + len(drawn.todo.code)
        ready = self._ready.get(bool(shapes))
        if (
            ready is not None
            and set(kinds) <= set(ready.kinds)
            and not (ready.narrow and last > _NARROW.high)
        ):
            return ready
        names = [name for name, each in drawn.links.items() if isinstance(each, list)]
        every = tuple(sorted({*kinds, *self._ahead(drawn)}))
        narrow = last <= _NARROW.high >> 1 and self._narrow(made, names, every, drawn, state, inputs)
        whole = np.int32 if narrow else np.int64
        typed = {name: (shape, whole if kept is np.int64 else kept) for name, (shape, kept) in shapes.items()}
        call = self._compiled(made, names, typed, every, narrow)
        self._ready[bool(shapes)] = program = _Program(every, narrow, call)
        return program

    def _ahead(self, drawn: Drawn) -> list[Kind]:
        """Kinds that will soon come, with the plain numbers of now."""
        todo = plan(self.setup.config, self.setup.registers, drawn.first, _AHEAD)
        plain = {name: each[-1:] * _AHEAD for name, each in drawn.links.items() if isinstance(each, list)}
        return _kinds(drawn._replace(todo=todo, links=plain))[0]

    def _compiled(
        self,
        made: _Made,
        names: Sequence[str],
        shapes: Shapes,
        kinds: tuple[Kind, ...],
        narrow: bool,
    ) -> Callable[..., Any]:
        """A function for these kinds; that of another trainer of the same kind, if there was one."""
        import jax

        config = self.setup.config
        own = {name: value for name, value in asdict(self.setup.registers).items() if name not in SEEDS}
        tables = hashlib.sha256()
        for array in made.codes.tables:
            tables.update(repr(array.shape).encode() + array.tobytes())
        key = (
            config.model_dump_json(),
            repr(config.attached.as_json()),
            repr(own),
            self.setup.replicas,
            self.devices,
            tables.digest(),
            kinds,
            repr(shapes),
            narrow,
        )
        if key not in _programs:
            _programs[key] = jax.jit(partial(made.many, names, shapes, kinds))
            while len(_programs) > _KEPT:
                _programs.popitem(last=False)
        _programs.move_to_end(key)
        return _programs[key]

    def _narrow(
        self,
        made: _Made,
        names: Sequence[str],
        kinds: Sequence[Kind],
        drawn: Drawn,
        state: State,
        inputs: Preparation,
    ) -> bool:
        """Whether 32 bits are enough for every operation of a step of every kind."""
        import jax

        given, limits = self._given(made, drawn, state, inputs)
        flat = jax.tree.leaves(limits, is_leaf=lambda each: isinstance(each, Within))
        with _numbers(False):
            for kind in kinds:
                traced = jax.make_jaxpr(partial(made.one, names, {}, kind))(*given)
                try:
                    if not all(_holds(*each) for each in ranges(traced.jaxpr, traced.consts, flat)):
                        return False
                except Unbounded:
                    return False
        return True

    def _given(
        self, made: _Made, drawn: Drawn, state: State, inputs: Preparation
    ) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """Arguments of one step as they may come, and the limits of each."""
        rows = _rows(drawn, np.zeros(len(drawn.todo.code)), inputs, len(drawn.todo.code), np.int64)
        row = {name: _first(each) for name, each in rows.items() if name != "kind"}
        row["tables"] = (made.x, made.target)
        whole = rebuilt(state, lambda _, leaf: _typed(leaf, np.int64))
        counts = Within(0, _NARROW.high)
        of = dict(leaves(made.step.limits()))

        def kept(path: str, _: Any) -> Within:
            # What counts steps is no larger than their number.
            return Within(of[path].low, counts.high) if of[path].high == COUNT.high else of[path]

        links = {link.name: link.prepared_limits() for link in made.links if link.name in row["links"]}
        limits = {
            "code": made.codes.limits,
            "number": counts,
            "sample": Within(0, len(made.x) - 1),
            "dither": STATE,
            "links": links,
            "tables": (limits_of(made.x), limits_of(made.target)),
        }
        return (
            (whole, _code(inputs), row, np.int64(0)),
            (rebuilt(state, kept), Within(0, 255), {name: limits[name] for name in row}, counts),
        )


def _capacity(shapes: Shapes) -> int:
    """Steps of which a call may record that much."""
    numbers = sum(math.prod(shape) for shape, _ in shapes.values())
    return min(_STEPS, max(1, _RECORDED // max(1, numbers)))


def _room(count: int, shapes: Shapes) -> int:
    """For so many steps: of few sizes, as each is compiled anew, and not much too large for a short run."""
    return min(_capacity(shapes), next(size for size in _ROOMS if count <= size))


def _holds(kind: Any, within: Within) -> bool:
    """Whether a result fits its type, and 32 bits."""
    if kind.kind not in "iu":
        return bool(kind.kind == "b")
    span = Within(int(np.iinfo(kind).min), int(np.iinfo(kind).max))
    low, high = (max(span.low, _NARROW.low), min(span.high, _NARROW.high)) if kind.kind == "i" else span
    return low <= within.low and within.high <= high


def _first(each: Any) -> Any:
    if isinstance(each, dict):
        return {name: _first(one) for name, one in each.items()}
    return tuple(map(_first, each)) if isinstance(each, tuple) else each[0]


def _code(inputs: Preparation) -> Bits:
    """The present code; before step 0 there is none, and it is replaced."""
    return inputs.code[0] if len(inputs.code) else np.zeros(inputs.code.shape[1:], dtype=np.uint8)


def _numbers(narrow: bool) -> Any:
    """Integers of 32 or 64 bits, on the CPU, as long as this lasts."""
    import contextlib

    import jax

    stack = contextlib.ExitStack()
    stack.enter_context(jax.enable_x64(not narrow))
    stack.enter_context(jax.default_device(jax.devices("cpu")[0]))
    return stack


def _rows(
    drawn: Drawn,
    kind: npt.NDArray[Any],
    inputs: Preparation,
    capacity: int,
    whole: type[np.signedinteger[Any]],
) -> Rows:
    """What was drawn, step by step, with room for as many as a program takes."""
    todo, count = drawn.todo, len(drawn.todo.code)

    def padded(each: Any) -> Any:
        if isinstance(each, tuple):
            return tuple(map(padded, each))
        kept = each.dtype if each.dtype.kind == "u" else whole
        if count == capacity:
            return each.astype(kept, copy=False)
        found = np.zeros((capacity, *each.shape[1:]), dtype=kept)
        found[:count] = each
        return found

    begun = np.cumsum(todo.code) - 1
    code = drawn.code if len(drawn.code) else np.zeros((1, *drawn.code.shape[1:]), dtype=drawn.code.dtype)
    sample = np.concatenate([inputs.sample, drawn.sample])
    rows = {
        "kind": kind,
        "code": code[np.maximum(begun, 0)],
        "number": drawn.perturbation + begun,
        "sample": sample[np.cumsum(todo.sample) - 1 + len(inputs.sample)],
    }
    if drawn.dither is not None:
        rows["dither"] = drawn.dither
    found = {name: padded(each) for name, each in rows.items()}
    found["links"] = {name: padded(each) for name, each in drawn.links.items() if not isinstance(each, list)}
    return found
