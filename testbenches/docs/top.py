"""Tables of the top's ports, for ``docs/trainer.md``: from the table that the circuit gets them from."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from mgd_hdl.config import PORTS, PRESETS, Port, TrainerConfig, fields, load, preset

from .pages import ROOT

__all__ = ["circuits", "payload", "ports"]

#: Circuits whose registers no preset and no example has.
_MORE = {
    "xor, gated": {"cost": {"limit": 0.25, "gate": 0.01}},
    "xor, noisy": {"imperfections": {"update_noise": 0.01, "update_noise_kind": "independent"}},
    "xor, external codes": {
        "perturbation": {"family": "external"},
        "formats": {"parameter": "SQ(5, 14)"},
    },
    "xor, a sample in a memory": {
        "engine": {"kind": "bank", "sample": "memory"},
        "task": {"source": "stream"},
    },
    "xor, inference": {"network": {"inference": "yes"}},
    "xor, a sample in a memory, inference": {
        "engine": {"kind": "bank", "sample": "memory"},
        "task": {"source": "stream"},
        "network": {"inference": "yes"},
    },
    "xor, access": {"engine": {"access": "yes"}},
    "xor, host": {"host": {"bus": "axi4lite"}},
    "xor, a device outside": {
        "device": {
            "kind": "outside",
            "sends": "apart",
            "legal": [0.0, 1.0],
            "spread": 0.5,
            "stuck": 9,
            "second_weight": 0.5,
        }
    },
    "xor, converters on a bus": {
        "device": {"kind": "outside", "dac_bits": 12, "adc_bits": 12},
        "dac": {"part": "MCP4922"},
        "adc": {"part": "MCP3208"},
    },
}


def _streams(port: Port) -> bool:
    return "__" in port.name or "_axis_" in port.name or port.name.startswith(("dac_", "adc_"))


_GROUPS: dict[str, Callable[[Port], bool]] = {
    "controls": lambda port: port.direction == "input" and port.register is None and not _streams(port),
    "registers": lambda port: port.register is not None,
    "outputs": lambda port: port.direction == "output" and not _streams(port),
    "streams": _streams,
}


@cache
def circuits() -> dict[str, TrainerConfig]:
    """Presets, then examples, then some more: among them each port is somewhere."""
    found = {name: preset(name) for name in PRESETS}
    found |= {f"example {path.stem[:2]}": load(path) for path in sorted((ROOT / "examples").glob("*.toml"))}
    return found | {name: preset("xor").replaced(**changes) for name, changes in _MORE.items()}


def ports(group: str) -> list[list[str]]:
    """A head, then a row for each port of a group, in the order of the Verilog."""
    found = [port for port in PORTS if _GROUPS[group](port)]
    if group == "registers":
        head = ["port", "of", "bits", "legal", "value", "read", "meaning"]
        return [head, *map(_register, found)]
    last = "after reset, changes" if group == "outputs" else "read"
    rows = []
    for port in found:
        when = f"0; {port.when}" if group == "outputs" else port.when
        if group == "streams" and port.direction == "output":
            when = f"output: {port.when}"
        rows.append([f"`{port.name}`", _width(port), when, _meaning(port)])
    return [["port", "bits", "changes, or is read" if group == "streams" else last, "meaning"], *rows]


def _register(port: Port) -> list[str]:
    assert port.register is not None
    having = {name: config for name, config in circuits().items() if port.there(config)}
    if set(PRESETS) <= set(having):
        shown = {name: having[name] for name in PRESETS}
    else:
        shown = dict(list(having.items())[:1])

    def each(value: Callable[[TrainerConfig], object]) -> str:
        values = [str(value(config)) for config in shown.values()]
        return values[0] if len(set(values)) == 1 else ", ".join(values)

    def legal(config: TrainerConfig) -> str:
        values = port.legal(config)
        return f"{values[0]} to {values[-1]}"

    of = "presets" if len(shown) > 1 else next(iter(shown))
    return [
        f"`{port.name}`",
        of,
        each(port.width) if port.bits.isdecimal() else f"`{_short(port)}`: {each(port.width)}",
        each(legal),
        each(port.register.value),
        port.when,
        _meaning(port),
    ]


def _width(port: Port) -> str:
    if port.bits.isdecimal():
        return port.bits
    name, config = next((name, config) for name, config in circuits().items() if port.there(config))
    return f"`{_short(port)}`: {port.width(config)} in {name}"


def _short(port: Port) -> str:
    return port.bits.replace("config.", "")


def _meaning(port: Port) -> str:
    needs = re.sub(r"[a-z_]+\.[a-z_]+( = (\"\w*\"|true))?", r"`\g<0>`", port.needs)
    return f"{port.meaning} Only with {needs}." if needs else port.meaning


def payload(config: TrainerConfig, name: str) -> list[list[str]]:
    """A head, then a row for each part of a port's word, low bits first."""
    rows = [
        [
            f"{part.low + part.width - 1}:{part.low}" if part.width > 1 else f"{part.low}",
            f"`{part.name}`",
            f"`{part.format}`" if part.format else "",
        ]
        for part in fields(config, name)
    ]
    return [["bits", "part", "format"], *rows]
