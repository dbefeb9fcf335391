"""Between which numbers does a computation stay? From its inputs' limits, through every operation of it.

One interval for each array: no matter which numbers within their limits come in, no result lies outside of
its own. So integers of 32 bits can be proven to be enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from .moves import Within

__all__ = ["Unbounded", "limits_of", "ranges"]

_BOOL = Within(0, 1)


class Unbounded(Exception):
    """An operation whose results nobody can bound here."""


def _corners(of: Callable[..., int], *each: Within) -> Within:
    """Of an operation that is monotone in each argument: its extremes are at the ends."""
    found = [of(*numbers) for numbers in product(*each)]
    return Within(min(found), max(found))


def _joined(*each: Within) -> Within:
    return Within(min(one.low for one in each), max(one.high for one in each))


def _bits(*each: Within) -> Within:
    """Words of as many bits as the longest has."""
    width = max(max(one.high, ~one.low).bit_length() for one in each)
    return Within(0 if all(one.low >= 0 for one in each) else -1 << width, (1 << width) - 1)


def _and(one: Within, other: Within) -> Within:
    masks = [each.high for each in (one, other) if each.low >= 0]
    return Within(0, min(masks)) if masks else _bits(one, other)


def _quotient(one: Within, other: Within) -> Within:
    if other.low <= 0 <= other.high:
        raise Unbounded("a division by what may be 0")
    return _corners(lambda a, b: abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1), one, other)


def _remainder(one: Within, other: Within) -> Within:
    most = max(abs(other.low), abs(other.high)) - 1
    return Within(max(-most, min(one.low, 0)), min(most, max(one.high, 0)))


def _shifted(one: Within, by: Within) -> Within:
    if not 0 <= by.low <= by.high < 64:
        raise Unbounded(f"a shift by {by.low} to {by.high}")
    return _corners(lambda a, b: a << b, one, by)


def _right(one: Within, by: Within) -> Within:
    if by.low < 0:
        raise Unbounded(f"a shift by {by.low} to {by.high}")
    return _corners(lambda a, b: a >> b, one, by)


def _size(one: Within) -> Within:
    return Within(0 if one.low <= 0 <= one.high else min(map(abs, one)), max(map(abs, one)))


def _same(one: Within, *_: Within) -> Within:
    return one


#: Results of an operation, by those of its arguments.
_BY_NUMBERS: dict[str, Callable[..., Within]] = {
    "add": lambda a, b: Within(a.low + b.low, a.high + b.high),
    "sub": lambda a, b: Within(a.low - b.high, a.high - b.low),
    "mul": lambda a, b: _corners(lambda x, y: x * y, a, b),
    "neg": lambda a: Within(-a.high, -a.low),
    "abs": _size,
    "sign": lambda a: _corners(lambda x: (x > 0) - (x < 0), a),
    "max": lambda a, b: Within(max(a.low, b.low), max(a.high, b.high)),
    "min": lambda a, b: Within(min(a.low, b.low), min(a.high, b.high)),
    "clamp": lambda low, a, high: Within(
        min(max(a.low, low.low), high.low), min(max(a.high, low.high), high.high)
    ),
    "and": _and,
    "or": _bits,
    "xor": _bits,
    "shift_left": _shifted,
    "shift_right_arithmetic": _right,
    "div": _quotient,
    "rem": _remainder,
    "select_n": lambda _, *cases: _joined(*cases),
    "concatenate": _joined,
    "pad": _joined,
    "population_count": lambda a: Within(0, 64),
    # Indices are those of a sound program: NumPy refuses all others.
    "gather": _same,
    "dynamic_slice": _same,
    **dict.fromkeys(
        (
            "broadcast_in_dim",
            "convert_element_type",
            "copy",
            "expand_dims",
            "reduce_max",
            "reduce_min",
            "reshape",
            "rev",
            "slice",
            "split",
            "squeeze",
            "transpose",
        ),
        _same,
    ),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge", "reduce_and", "reduce_or"), lambda *_: _BOOL),
}


def _times(one: Within, count: int) -> Within:
    """A sum of so many."""
    return Within(one.low * count, one.high * count)


def _found(equation: Any, given: Sequence[Within]) -> Within:
    """Of the results of one operation."""
    name, parameters = equation.primitive.name, equation.params
    shape = equation.invars[0].aval.shape if equation.invars else ()
    if name in ("argmax", "argmin"):
        return Within(0, math.prod(shape[axis] for axis in parameters["axes"]) - 1)
    if name == "iota":
        return Within(0, max(0, parameters["shape"][parameters["dimension"]] - 1))
    if name == "reduce_sum":
        return _times(given[0], math.prod(shape[axis] for axis in parameters["axes"]))
    if name == "dot_general":
        (axes, _), _ = parameters["dimension_numbers"]
        return _times(_BY_NUMBERS["mul"](*given), math.prod(shape[axis] for axis in axes))
    if name == "integer_pow":
        power = parameters["y"]
        return _corners(lambda x: x**power, given[0] if power % 2 else _size(given[0]))
    if name == "shift_right_logical" and given[0].low >= 0:
        return _right(*given)
    if name == "not":
        (one,) = given
        return _BOOL if equation.outvars[0].aval.dtype == bool else Within(~one.high, ~one.low)
    if name not in _BY_NUMBERS:
        raise Unbounded(name)
    return _BY_NUMBERS[name](*given)


def limits_of(value: Any) -> Within:
    """The least and the largest number of an array; of none 0."""
    array = np.asarray(value)
    return Within(int(array.min()), int(array.max())) if array.size else Within(0, 0)


def ranges(jaxpr: Any, constants: Sequence[Any], given: Sequence[Within]) -> Iterator[tuple[Any, Within]]:
    """Every result of a computation, with its interval; raises Unbounded where there is none.

    Parameters
    ----------
    jaxpr : jax.core.Jaxpr
        Operations in their order, each with the types of its results.
    constants : sequence of array
        What it closes over.
    given : sequence of Within
        Of its arguments.

    Yields
    ------
    type, Within
        A result's ``dtype``, and between which it is.
    """
    yield from _through(jaxpr, [limits_of(each) for each in constants], given)


def _through(
    jaxpr: Any, constants: Sequence[Within], given: Sequence[Within]
) -> Iterator[tuple[Any, Within]]:
    """The same; the last to come are the results of the whole."""
    known: dict[Any, Within] = dict(zip(jaxpr.constvars, constants, strict=True))
    known |= dict(zip(jaxpr.invars, given, strict=True))

    def of(place: Any) -> Within:
        return limits_of(place.val) if hasattr(place, "val") else known[place]

    for equation in jaxpr.eqns:
        inner = equation.params.get("jaxpr") or equation.params.get("call_jaxpr")
        arguments = [of(place) for place in equation.invars]
        if inner is None:
            results = [_found(equation, arguments)] * len(equation.outvars)
        else:
            inside = getattr(inner, "jaxpr", inner)
            closed = [limits_of(each) for each in getattr(inner, "consts", ())]
            every = list(_through(inside, closed, arguments))
            yield from every
            results = [within for _, within in every[len(every) - len(inside.outvars) :]]
        for place, within in zip(equation.outvars, results, strict=True):
            known[place] = within
            yield place.aval.dtype, within
    for place in jaxpr.outvars:
        yield place.aval.dtype, of(place)
