"""States: one table of what every step leaves behind, causes before their effects.

The twin's record, what the circuit shows of itself, their comparison and the table of
``docs/architecture.md`` come from here. Where the circuit holds a state is in :mod:`mgd_hdl.probes`, and of
what cells hold in :mod:`mgd_hdl.config.engines`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal

from .derived import Derived
from .number import Format
from .options import Option, owner
from .ports import COUNT_BITS, FLAGS

__all__ = ["RECORDED", "STATES", "State", "shown_states"]


def _always(_: Derived) -> bool:
    return True


def _never(_: Derived) -> bool:
    return False


@dataclass(frozen=True)
class State:
    """One row of the table; what depends on the configuration is a function of it."""

    name: str
    meaning: str
    """Of step n."""
    word: str
    """A number of bits, or the property of a configuration that is this number or the format; "" where the
    circuit does not have it in one word.
    """
    each: Literal["step", "parameter", "code", "bit of a tile"] = "step"
    """What there is one for, in every step."""
    own: Callable[[Derived], bool] = _always
    """Whether the twin keeps it, where that is not as its option is."""
    shows: Callable[[Derived], bool] | None = None
    """Whether the circuit shows it; None: where the twin keeps it, or where the engine has it."""

    @property
    def option(self) -> Option | None:
        """The one without which no trainer has it."""
        return owner(self.name)

    def kept(self, config: Derived) -> bool:
        """Whether the twin keeps it; what it does not keep is all zeros, or empty where there are several."""
        return self.own(config) if self.option is None else self.option.on(config)

    def shown(self, config: Derived) -> bool:
        """Whether the circuit of this configuration shows it."""
        if self.each != "step":
            return any(probe.name == self.name for probe in config.facts.probes)
        return (self.shows or self.kept)(config)

    def count(self, config: Derived) -> int:
        """How many there are in a step."""
        if self.each == "bit of a tile":
            return config.words.parameter.width * len(config.placement.tiles)
        return {"step": 1, "parameter": config.parameters, "code": config.code_count}[self.each]

    def number(self, config: Derived) -> Format | int:
        """Its format, or the bits of a word without sign or fraction."""
        if not self.word:
            raise ValueError(f"{self.name} is no word of the circuit")
        if self.word.isdecimal():
            return int(self.word)
        found: Format | int = attrgetter(self.word)(config)
        return found

    @property
    def is_small(self) -> bool:
        """Whether it is a word of at most eight bits, whatever the configuration."""
        return self.word in ("1", str(len(FLAGS)), "code_bits")


def _saturated(name: str, where: str) -> State:
    return State(
        name, f"Whether {where} was limited; the port `flags` keeps it.", "1", own=_never, shows=_always
    )


#: Of two that differ the first is nearer the fault.
STATES: tuple[State, ...] = (
    State("sample", "Which sample is shown, an index; the twin alone keeps it.", "", shows=_never),
    State(
        "copy",
        "All bits of what the measurements saw, before it moves at the step's end.",
        "words.copied",
        "parameter",
    ),
    State(
        "visible",
        "What the measurements saw, before it moves at the step's end. Not listed without a shadow, where it"
        " is T of the step before, and for [delayed](integers.md#delayed-updates) updates.",
        "words.visible",
        "parameter",
    ),
    State(
        "code",
        "With what the parameters were shaken, and which words they take: the bit, the word u of loaded"
        " codes. Layer by layer it is 0 while others have their turn.",
        "code_bits",
        "code",
    ),
    State(
        "active",
        "Sparse codes: whether it was shaken and takes words.",
        "1",
        "parameter",
    ),
    State(
        "baseline",
        "C0 as C~ is made from it: of this step's reference, or of the last one there was.",
        "words.measured",
        own=lambda config: not config.analog,
    ),
    *(
        State(
            name,
            f"{what}, after the reference of this step, or as the last one left them.",
            str(COUNT_BITS),
        )
        for name, what in (("judged_count", "Answers at rest"), ("right_count", "Right ones of them"))
    ),
    State(
        "solved",
        "The judge's verdict, after the reference of this step, or as the last one left it.",
        "1",
    ),
    State(
        "cost",
        "C, with its noise: of the perturbed measurement, two-sided of the plus side.",
        "words.measured",
    ),
    State(
        "high_passed",
        "Analog, in place of `baseline`: the high-pass's S after this step.",
        "words.high_passed",
    ),
    State("cost_change", "C~, before the gate.", "words.cost_change"),
    _saturated(FLAGS[0], "C~"),
    State("gated", "C~, behind the gate.", "words.cost_change"),
    State("hold", "A with this step's C~, before a flush clears it.", "words.hold"),
    _saturated(FLAGS[1], "A"),
    State("update", "D; 0 where the step does not end in a flush.", "words.update"),
    _saturated(FLAGS[2], "D"),
    State(
        "theta",
        "T after all words of this step: update, decay, noise. Of step -1 it would be the initial"
        " parameters.",
        "words.parameter",
        "parameter",
    ),
    State(
        "theta_bits",
        "Serial cells, in place of `theta`: a bit of all parameters of a tile, see"
        " [serial](blocks/serial.md).",
        "",
        "bit of a tile",
        own=_never,
    ),
    State("flags", "What was limited so far, as at the port; not listed.", str(len(FLAGS)), shows=_never),
)

#: What the twin keeps, in some configuration or all.
RECORDED = tuple(state for state in STATES if state.own is not _never)


def shown_states(config: Derived) -> Iterator[State]:
    """What the circuit of a configuration shows."""
    return (state for state in STATES if state.shown(config))
