"""Keys of ``[device]`` that a circuit has as run-time registers: in the file's units, and in its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from .errors import ConfigError, Problem, did_you_mean, shown
from .registers import as_asked
from .sections import GAIN_FRACTION
from .trainer import TrainerConfig

__all__ = ["device_registers", "device_settings"]

#: The registers of each key.
_KEYS = {
    "settle": ("device_settle",),
    "pause": ("device_pause",),
    "time_out": ("device_time_out",),
    "average": ("device_average",),
    "repeats": ("device_repeats",),
    "give_up": ("device_give_up",),
    "legal": ("device_low", "device_high"),
    "spread": ("device_spread",),
    "stuck": ("device_stuck",),
    "second_weight": ("device_second",),
}


def device_registers(config: TrainerConfig, keys: Mapping[str, Any]) -> dict[str, int]:
    """The registers for keys as in the file: ``{"settle": 5e-6, "legal": [0.0, 1.0]}``.

    ConfigError where a key is none of them, or its value none for this configuration. A spread of 0, which
    is none, is the widest there is.
    """
    problems = [
        Problem(
            f"device.{key}",
            shown(value),
            f"is no register of a circuit{did_you_mean(key, _KEYS)}; there are {', '.join(_KEYS)}",
        )
        for key, value in keys.items()
        if key not in _KEYS
    ]
    if problems:
        raise ConfigError(problems)
    values = as_asked(config.replaced(device=dict(keys)))
    if not keys.get("spread", 1):
        values["device_spread"] = (1 << config.converters.reading.width) - 1
    return {register: values[register] for key in keys for register in _KEYS[key]}


def device_settings(config: TrainerConfig, registers: Mapping[str, int]) -> dict[str, Any]:
    """The other way: the keys whose registers are among these, as the file has them."""
    reading, hertz = config.converters.reading, config.host.clock_hz

    def seconds(clocks: int) -> float:
        found = clocks / hertz
        while config.converters.clocks(found) > clocks:  # which would be a clock more on the way back
            found = math.nextafter(found, 0)
        return found

    units: dict[str, Callable[..., Any]] = {
        **dict.fromkeys(("settle", "pause", "time_out"), seconds),
        "average": lambda shift: 1 << shift,
        "legal": lambda *ends: tuple(reading.value(end + reading.min) for end in ends),
        "spread": lambda apart: apart * reading.step,
        "second_weight": lambda weight: weight / (1 << GAIN_FRACTION),
    }
    return {
        key: units.get(key, int)(*(registers[name] for name in names))
        for key, names in _KEYS.items()
        if all(name in registers for name in names)
    }
