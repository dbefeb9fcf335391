"""Pictures of a report, as SVG that stands in an HTML page: lines with bands, a map of areas, waves.

Colours are variables of the page's style sheet, ``--c0`` to ``--c6``, so that one picture serves light, dark
and paper. Every picture is 400 units wide: text is as large as on a telephone, and larger on anything else.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["Bus", "Series", "area_map", "flow", "lines", "spread", "waves"]

WIDTH = 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 16, 8, 34
#: A letter is so wide at most, in the mean of a word, whatever the reader's font is.
_LETTER = 7.2
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "5 5", "1 4", "12 4")


def _n(value: float) -> str:
    """A coordinate."""
    return f"{value:.1f}".removesuffix(".0")


def _svg(height: float, title: str, about: str, parts: Sequence[str]) -> str:
    """A picture with its name and what it shows, for readers that cannot see it."""
    inside = "\n".join(parts)
    return (
        f'<svg viewBox="0 0 {WIDTH} {_n(height)}" role="img" aria-label="{escape(title)}. {escape(about)}">\n'
        f"{inside}\n</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str = "start", css: str = "") -> str:
    css = f' class="{css}"' if css else ""
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"{css}>{escape(text)}</text>'


# ---- lines -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Series:
    """One line, and a band around it where there is one; ``marks``: points alone."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] | None = None
    high: Sequence[float] | None = None
    marks: bool = False


class _Axis:
    """From numbers to units of the picture."""

    def __init__(self, values: Sequence[float], first: float, last: float, log: bool):
        good = [value for value in values if math.isfinite(value) and (value > 0 or not log)] or [1.0]
        low, high = min(good), max(good)
        if log:
            low, high = math.floor(math.log10(low)), math.ceil(math.log10(high))
        if low == high:
            low, high = low - (0 if log else 0.5), high + (1 if log else 0.5)
        self.log, self._low, self._high, self._first, self._last = log, low, high, first, last

    def at(self, value: float) -> float:
        """Where a value is."""
        if self.log:
            value = math.log10(value) if value > 0 else self._low
        share = (value - self._low) / (self._high - self._low)
        return self._first + max(0.0, min(1.0, share)) * (self._last - self._first)

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Some round numbers between the ends, as text."""
        if self.log:
            stride = max(1, math.ceil((self._high - self._low) / 6))
            for power in range(int(self._low), int(self._high) + 1, stride):
                yield 10.0**power, _round(10.0**power)
            return
        rough = (self._high - self._low) / 5
        unit = 10.0 ** math.floor(math.log10(rough))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= rough * 0.999)
        first = math.ceil(self._low / step - 1e-9)
        for number in range(first, math.floor(self._high / step + 1e-9) + 1):
            yield number * step, _round(number * step)


def _round(value: float) -> str:
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:g} {unit}"
    return f"{value:.6g}"


def lines(
    series: Sequence[Series],
    *,
    title: str,
    x: str,
    y: str,
    log_x: bool = False,
    log_y: bool = False,
    ends: tuple[float, float] | None = None,
) -> str:
    """Lines over one axis; ``ends`` of the other one, where they are not those of the numbers."""
    height = 240
    ys = [value for each in series for value in (*each.y, *(each.low or ()), *(each.high or ()))]
    across = _Axis([value for each in series for value in each.x], _LEFT, WIDTH - _RIGHT, log_x)
    up = _Axis(ys if ends is None else ends, height - _BOTTOM, _TOP, log_y)
    parts = ['<g class="grid">']
    for value, text in up.ticks():
        at = up.at(value)
        parts.append(f'<path d="M{_LEFT} {_n(at)}H{WIDTH - _RIGHT}"/>')
        parts.append(_text(_LEFT - 5, at + 4, text, "end"))
    for value, text in across.ticks():
        at = across.at(value)
        parts.append(f'<path d="M{_n(at)} {_TOP}V{height - _BOTTOM}"/>')
        parts.append(_text(at, height - _BOTTOM + 14, text, "middle"))
    parts.append("</g>")
    parts.append(_text((_LEFT + WIDTH) / 2, height - 4, x, "middle"))
    for number, each in enumerate(series):
        parts.append(
            f'<g class="s{number % 7}" data-series="{number}">{_drawn(each, across, up, number)}</g>'
        )
    names = ", ".join(each.name for each in series)
    return _svg(height, title, f"{y} over {x}: {names}", parts)


def _drawn(each: Series, across: _Axis, up: _Axis, number: int) -> str:
    places = [(across.at(x), up.at(y)) for x, y in zip(each.x, each.y, strict=True) if math.isfinite(y)]
    if each.marks:
        return "".join(f'<circle cx="{_n(x)}" cy="{_n(y)}" r="2.5"/>' for x, y in places)
    found = ""
    if each.low is not None and each.high is not None:
        edge = [(across.at(x), up.at(y)) for x, y in zip(each.x, each.high, strict=True)]
        edge += reversed([(across.at(x), up.at(y)) for x, y in zip(each.x, each.low, strict=True)])
        found = f'<path class="band" d="M{_path(edge)}Z"/>'
    dashes = f' stroke-dasharray="{_DASHES[number % 7]}"' if _DASHES[number % 7] else ""
    return f'{found}<path class="line"{dashes} d="M{_path(places)}"/>'


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "L".join(f"{_n(x)} {_n(y)}" for x, y in places)


# ---- areas -------------------------------------------------------------------------------------------


def spread(sizes: Sequence[float], width: float, height: float) -> list[tuple[float, float, float, float]]:
    """Rectangles (x, y, width, height) of these areas' shares, near to squares: rows are filled along the
    shorter side as long as that makes their worst side ratio better (Bruls, Huizing, van Wijk, 2000).

    Sizes are above 0, the largest first.
    """
    total = sum(sizes)
    areas = [size / total * width * height for size in sizes]
    found: list[tuple[float, float, float, float]] = []
    x = y = 0.0
    while len(found) < len(areas):
        side, left = min(width, height), areas[len(found) :]
        row = [left[0]]
        while len(row) < len(left) and _worst([*row, left[len(row)]], side) <= _worst(row, side):
            row.append(left[len(row)])
        deep = sum(row) / side
        at = 0.0
        for area in row:
            long = area / deep
            found.append((x, y + at, deep, long) if width >= height else (x + at, y, long, deep))
            at += long
        if width >= height:
            x, width = x + deep, width - deep
        else:
            y, height = y + deep, height - deep
    return found


def _worst(row: Sequence[float], side: float) -> float:
    deep = sum(row) / side
    return max(max(deep * deep / area, area / (deep * deep)) for area in row)


def _cut(name: str, fits: int) -> str:
    """Its last part says most, so that is what is left of a name which is too long."""
    short = name if len(name) <= fits else name.rpartition(".")[2]
    return short if len(short) <= fits else short[: fits - 1] + "…"


def area_map(sizes: Mapping[str, float], groups: Mapping[str, int], *, title: str, unit: str) -> str:
    """A rectangle for each name, as large as its size; its colour is that of its group."""
    ordered = sorted(((name, size) for name, size in sizes.items() if size > 0), key=lambda each: -each[1])
    if not ordered:
        return ""
    height, total = 250.0, sum(size for _, size in ordered)
    parts = []
    for (name, size), (x, y, wide, high) in zip(
        ordered, spread([size for _, size in ordered], WIDTH, height), strict=True
    ):
        told = f"{name}: {size:,.0f} {unit}, {size / total:.1%}"
        inside = ""
        fits = int((wide - 6) / _LETTER)
        if high >= 15 and fits >= 4:
            inside += _text(x + 4, y + 13, _cut(name, fits), css="on")
        if high >= 29 and fits >= 4:
            inside += _text(x + 4, y + 26, f"{size:,.0f}", css="on")
        parts.append(
            f'<g class="area a{groups.get(name, 6) % 7}"><title>{escape(told)}</title>'
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(wide)}" height="{_n(high)}"/>{inside}</g>'
        )
    largest = ", ".join(f"{name} {size / total:.0%}" for name, size in ordered[:4])
    return _svg(height, title, f"largest: {largest}", parts)


# ---- the circuit -------------------------------------------------------------------------------------

#: Of each box: x, y, width, height.
_BOXES = {
    "samples": (4, 92, 74, 44),
    "perturb": (4, 24, 74, 44),
    "network": (116, 92, 86, 44),
    "cost": (240, 92, 74, 44),
    "learn": (116, 172, 198, 50),
    "control": (116, 24, 198, 44),
    "bus": (340, 24, 56, 44),
    "device": (340, 92, 56, 44),
}
_ARROWS = (
    ("samples", "network", "M78 114H114", ""),
    ("network", "cost", "M202 114H238", ""),
    ("cost", "learn", "M277 136V170", "C~"),
    ("learn", "network", "M159 172V138", "weights"),
    ("perturb", "learn", "M41 68V80H96V197H114", "signs"),
)


def flow(boxes: Mapping[str, str], *, title: str) -> str:
    """The circuit's rooms with what stands in them, and what goes from one to the next."""
    parts = [
        '<defs><marker id="tip" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="6" markerHeight="6"'
        ' orient="auto">'
        '<path class="tip" d="M0 0L6 3L0 6Z"/></marker></defs>'
    ]
    for first, second, way, text in _ARROWS:
        if first in boxes and second in boxes:
            parts.append(f'<path class="arrow" marker-end="url(#tip)" d="{way}"/>')
            if text:
                x, y = {"C~": (283, 158), "weights": (165, 158), "signs": (101, 87)}[text]
                parts.append(_text(x, y, text))
    for number, (name, (x, y, wide, high)) in enumerate(_BOXES.items()):
        if name not in boxes:
            continue
        parts.append(
            f'<g class="area a{number % 7}"><rect rx="4" x="{x}" y="{y}" width="{wide}" height="{high}"/>'
            f"{_text(x + wide / 2, y + high / 2 - 3, name, 'middle', 'on')}"
            f"{_text(x + wide / 2, y + high / 2 + 12, boxes[name], 'middle', 'on')}</g>"
        )
    told = ", ".join(f"{name} {size}" for name, size in boxes.items())
    return _svg(230, title, told, parts)


# ---- waves -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bus:
    """A signal clock by clock: a bit is high or low, a word changes to another text."""

    name: str
    values: Sequence[str]
    bit: bool = False


def waves(signals: Sequence[Bus], *, title: str) -> str:
    """Signals below each other, clocks from left to right."""
    clocks = max(len(each.values) for each in signals)
    left, row = 122, 24
    wide = (WIDTH - left - 4) / clocks
    parts = []
    for number, each in enumerate(signals):
        top = 4 + number * row
        parts.append(_text(left - 4, top + 13, each.name, "end"))
        parts.append(f'<g class="wave">{"".join(_wave(each, left, top, wide))}</g>')
    height = 6 + len(signals) * row + 14
    stride = max(1, round(clocks / 8))
    for clock in range(0, clocks, stride):
        parts.append(_text(left + clock * wide, height - 3, str(clock), "middle"))
    names = ", ".join(each.name for each in signals)
    return _svg(height, title, f"{clocks} clocks of {names}", parts)


def _wave(each: Bus, left: float, top: float, wide: float) -> Iterator[str]:
    low, high = top + 16, top + 2
    if each.bit:
        place, way = "", []
        for clock, value in enumerate(each.values):
            y = high if value == "1" else low
            way.append(f"{'M' if clock == 0 else 'V'}{_n(left) + ' ' if clock == 0 else ''}{_n(y)}")
            way.append(f"H{_n(left + (clock + 1) * wide)}")
        yield f'<path d="{place}{"".join(way)}"/>'
        return
    begin = 0
    for clock in range(1, len(each.values) + 1):
        if clock < len(each.values) and each.values[clock] == each.values[begin]:
            continue
        x, end, text = left + begin * wide, left + clock * wide, each.values[begin]
        slope = min(2.0, wide / 3)
        middle = (low + high) / 2
        upper = f"M{_n(x)} {_n(middle)}L{_n(x + slope)} {_n(high)}H{_n(end - slope)}"
        lower = f"L{_n(end)} {_n(middle)}L{_n(end - slope)} {_n(low)}H{_n(x + slope)}Z"
        yield f'<path d="{upper}{lower}"><title>{escape(text)}</title></path>'
        if len(text) * 6 + 4 <= end - x:
            yield _text((x + end) / 2, middle + 4, text, "middle")
        begin = clock
