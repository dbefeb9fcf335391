"""What the top that joins a trainer with a host needs of its keys."""

from __future__ import annotations

from collections.abc import Iterator

from ..derived import Derived
from ..errors import Problem
from .relation import Relations

__all__ = ["RELATIONS"]

#: Clocks of one bit on a serial line. With fewer the middle of a bit is missed; more do not fit the counter.
LEAST_CLOCKS, MOST_CLOCKS = 8, (1 << 20) - 1
#: By which the rate of a serial line may be off. Ten bits later a receiver is then a fifth of a bit off.
TOLERANCE = 0.02

RELATIONS = relation = Relations()


@relation("host.bus", "host.pipelined")
def _pipelined(config: Derived) -> Iterator[Problem]:
    if config.host.pipelined and config.host.bus != "wishbone":
        yield Problem("host.pipelined", "true", 'needs host.bus = "wishbone"')


@relation("host.bus", "host.samples", "task.source")
def _samples(config: Derived) -> Iterator[Problem]:
    if config.host.samples == "stream" and not (config.on_bus and config.task.source == "stream"):
        yield Problem("host.samples", '"stream"', 'needs a bus, and task.source = "stream"')


@relation("host.bus", "host.clock_hz", "host.baud")
def _baud(config: Derived) -> Iterator[Problem]:
    host, clocks = config.host, config.bit_clocks
    if host.bus != "uart":
        return
    if not LEAST_CLOCKS <= clocks <= MOST_CLOCKS:
        yield Problem(
            "host.baud",
            str(host.baud),
            f"must be at most clock_hz / {LEAST_CLOCKS} and more than clock_hz / {MOST_CLOCKS + 1:,};"
            f" clock_hz = {host.clock_hz}",
        )
    elif abs(host.clock_hz / clocks / host.baud - 1) > TOLERANCE:
        near = host.clock_hz // clocks
        yield Problem(
            "host.baud",
            str(host.baud),
            f"must be within {TOLERANCE:.0%} of clock_hz / n, n whole, with clock_hz = {host.clock_hz};"
            f" {near} is near",
        )
