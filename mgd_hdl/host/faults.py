"""What a device may do wrong in a measurement, and what it may say."""

from __future__ import annotations

__all__ = ["FAULTS", "DeviceAtRest", "Fault", "Pause"]

#: All kinds of faults. Each ends one try at a measurement.
FAULTS = (
    "exception",  # the device raised one
    "no answer in time",
    "not ready",  # it was, or asked for a pause, for longer than device.pause
    "wrong shape",  # other numbers than outputs there are, or no numbers
    "not a number",  # NaN or infinite
    "out of range",  # not within device.legal, or no code of the converter
    "glitch",  # readings of one measurement lie further apart than device.spread
    "stuck",  # the very same reading for device.stuck measurements
)


class Fault(Exception):
    """One of :data:`FAULTS`, with what is told of it."""

    def __init__(self, kind: str, text: str = ""):
        self.kind = kind
        super().__init__(f"{kind}: {text}" if text else kind)


class Pause(Exception):
    """Raised by a device in ``write`` or ``read``: it asks for so many seconds, then for the same again."""

    def __init__(self, seconds: float = 0.0):
        self.seconds = seconds
        super().__init__(f"a pause of {seconds:g} s")


class DeviceAtRest(RuntimeError):
    """Measurements failed so often in a row that no device is trained any more.

    Parameters are whole, at their last good values; ``start()`` and ``run()`` go on from there.
    """
