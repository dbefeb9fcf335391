"""The trainer: a network that learns by itself, on one chip."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from .config.registers import SEEDS
from .config.trainer import TrainerConfig
from .control.judge import Retry
from .core import Core
from .device.spi_adc import SpiAdc
from .device.spi_dac import SpiDac
from .hierarchy import Block, joined, place
from .ports import outer

__all__ = ["Core", "Trainer"]


class Trainer(Block):
    """Network, cost, learning elements and all that keeps them in step.

    ``start`` resets everything, sets each parameter to a random value and begins at step 0; it may
    come at any time. While ``run`` is high the trainer goes on; low, it stops between two steps,
    and ``step`` then makes one more.

    Registers are read while running: time constants when their counters turn, ``learning_shift``
    at each update, seeds at ``start``.

    A step takes ``config.timing.clocks_per_step`` clocks: with exact updates and without shadow it waits for
    its own update, with shadow it takes two clocks and a window's last one waits. Loaded codes make every
    step wait, and take a clock a parameter to load.

    Its ports, with their widths and what each means, are the table :data:`mgd_hdl.config.PORTS`; the page
    ``docs/trainer.md`` says how they play together.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        super().__init__(outer(config))

    @property
    def module(self) -> str:
        return "trainer"

    def elaborate(self, platform):
        m = Module()
        start, mask = self.start, None
        if self.config.retries:
            retry = place(m, platform, "retry", Retry(self.config))
            start, mask = retry.restart, retry.mask
        core = place(m, platform, "core", Core(self.config), reset=start)
        started = self.started if self.config.on_bus else Signal(name="started")
        m.d.sync += started.eq(start)
        m.d.comb += core.restart.eq(started)
        if self.config.retries:
            m.d.comb += [retry.start.eq(self.start), retry.tired.eq(core.tired), self.tries.eq(retry.tries)]
        ended = self._converters(m, platform, core)
        for name, member in self.signature.members.items():
            if name in ("start", "started", "tries") or name in ended:
                continue
            ours, theirs = getattr(self, name), getattr(core, name)
            if not member.is_port and member.flow == Out:
                m.d.comb += joined(theirs, ours)
            elif not member.is_port:
                m.d.comb += [
                    theirs.payload.eq(ours.payload),
                    theirs.valid.eq(ours.valid),
                    # What is taken while all is reset would be lost.
                    ours.ready.eq(theirs.ready & ~start),
                ]
            elif member.flow == In:
                m.d.comb += theirs.eq(ours ^ mask if mask is not None and name in SEEDS else ours)
            elif name == "busy" and self.config.retries:
                m.d.comb += ours.eq(theirs | core.tired)
            else:
                m.d.comb += ours.eq(theirs)
        return m

    def _converters(self, m: Module, platform: Any, core: Any) -> set[str]:
        """Converters on a bus, which a start does not reset, since it may come in the middle of a frame; the
        ports that they account for.
        """
        ended: set[str] = set()
        if self.config.spi_dac:
            dac: Any = place(m, platform, "dac", SpiDac(self.config))
            ended |= self._bus(m, dac, "dac")
            m.d.comb += [
                getattr(dac, name).eq(getattr(core, f"m_axis_parameters_{name}"))
                for name in ("tdata", "tlast", "tvalid")
                if name in dac.signature.members
            ]
            m.d.comb += core.m_axis_parameters_tready.eq(dac.tready)
        if self.config.spi_adc:
            adc: Any = place(m, platform, "adc", SpiAdc(self.config))
            ended |= self._bus(m, adc, "adc") | {"m_axis_inputs_tvalid", "m_axis_inputs_tready"}
            m.d.comb += [
                adc.tid.eq(core.m_axis_inputs_tid),
                adc.tvalid.eq(core.m_axis_inputs_tvalid),
                core.m_axis_inputs_tready.eq(adc.tready),
                self.m_axis_inputs_tvalid.eq(adc.asks),
                adc.taken.eq(self.m_axis_inputs_tready),
                *(
                    getattr(core, f"s_axis_readings_{name}").eq(getattr(adc, f"readings_{name}"))
                    for name in ("tdata", "tid", "tuser", "tvalid")
                ),
                adc.readings_tready.eq(core.s_axis_readings_tready),
            ]
        return ended

    def _bus(self, m: Module, block: Block, name: str) -> set[str]:
        """The wires of a bus become ports."""
        found = {
            f"{name}_{wire}" for wire in block.signature.members if f"{name}_{wire}" in self.signature.members
        }
        for port in sorted(found):
            ours, theirs = getattr(self, port), getattr(block, port.removeprefix(f"{name}_"))
            enters = self.signature.members[port].flow == In
            m.d.comb += theirs.eq(ours) if enters else ours.eq(theirs)
        return found
