"""The showcase: a trainer that needs nobody, for a board with a clock, a button and three LEDs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from amaranth.hdl import Const, Module, Signal
from amaranth.lib.wiring import In, Member, Out

from .config.flash import FlashSamples
from .config.sdram import SdramInputs, SdramSamples
from .config.showcase import Tries
from .config.trainer import TrainerConfig
from .hierarchy import Block, joined, place
from .lfsr import ShiftRegister
from .samples.flash import WIRES as FLASH_WIRES
from .samples.flash import FlashBits, InputFlash, SampleFlash
from .samples.sdram import WIRES as SDRAM_WIRES
from .samples.sdram import InputSdram, SampleSdram
from .trainer import Trainer

__all__ = ["PATIENCE", "Showcase", "debounced", "powered_up"]

#: Steps after which a try is given up.
PATIENCE = 1 << 20


def powered_up(m: Module, clocks: int) -> Signal:
    """High from so many clocks after power-up on, a power of two."""
    waited = Signal(range(clocks + 1))
    powered = Signal()
    m.d.comb += powered.eq(waited[-1])
    with m.If(~powered):
        m.d.sync += waited.eq(waited + 1)
    return powered


def debounced(m: Module, button: Signal, clocks: int) -> Signal:
    """A button's level, which counts once it has not changed for so many clocks, a power of two."""
    # Two registers for its own time, then a level that has to last.
    asynchronous = Signal()
    level = Signal()
    pressed = Signal()
    lasted = Signal(range(clocks + 1))
    m.d.sync += [asynchronous.eq(button), level.eq(asynchronous)]
    with m.If(level == pressed):
        m.d.sync += lasted.eq(0)
    with m.Elif(lasted[-1]):
        m.d.sync += [lasted.eq(0), pressed.eq(level)]
    with m.Else():
        m.d.sync += lasted.eq(lasted + 1)
    return pressed


class Showcase(Block):
    """Learns from power-up on until its judge says solved; then it stands still, with what it has learned.

    After power-up it waits ``power_up`` clocks, since memories of some devices cannot be read at once,
    and starts the first try. A try that is not solved after ``patience`` steps makes place for the
    next one, which has other seeds (:class:`mgd_hdl.config.Tries`). So does the button, when it is
    let go; while it is held down all LEDs are dark. The button's level counts once it has not changed for
    ``debounce`` clocks. With ``judge.retry`` it is the trainer that gives a try up, after so many references.

    All that a host would set is constant. There is no other reset than power-up.

    With ``flash`` a trainer whose samples come as a stream gets them from a memory
    (:class:`mgd_hdl.samples.flash.SampleFlash`, or input by input
    :class:`mgd_hdl.samples.flash.InputFlash`), in each try from the first one on. With ``sdram`` too they
    are copied from there into that memory once, after power-up, and are read from it
    (:class:`mgd_hdl.samples.sdram.SampleSdram`, or input by input
    :class:`mgd_hdl.samples.sdram.InputSdram`); the first try begins, and waits for its first sample.

    Members
    -------
    button : In(1)
        Pressed; need not keep to the clock.
    led_running : Out(1)
        Learning: blinks, one turn in ``2 * blink`` steps.
    led_solved : Out(1)
        This try has solved the task; on from the end of the step that brought the verdict.
    led_saturated : Out(1)
        A cost change, a sum of them or an update was limited in this try.
    flash_miso : In(1), flash_sclk, flash_mosi, flash_cs_n : Out(1), with ``flash``
        The memory's wires.
    sdram_ras_n, ... sdram_dq_oe, with ``sdram``
        Those of the other one, as of the block.
    """

    def __init__(
        self,
        config: TrainerConfig,
        *,
        power_up: int = 1 << 10,
        debounce: int = 1 << 18,
        patience: int = PATIENCE,
        blink: int = 1 << 17,
        flash: FlashSamples | None = None,
        sdram: SdramSamples | None = None,
    ):
        problem = _problem(config, patience, flash, sdram, power_up=power_up, debounce=debounce, blink=blink)
        if problem:
            self._MustUse__used = True  # it will not be
            raise ValueError(problem)
        self.config, self.flash, self.sdram = config, flash, sdram
        self.power_up, self.debounce, self.patience, self.blink = power_up, debounce, patience, blink
        super().__init__(
            {
                "button": In(1),
                "led_running": Out(1),
                "led_solved": Out(1),
                "led_saturated": Out(1),
                **({f"flash_{name}": wire for name, wire in FLASH_WIRES.items()} if flash else {}),
                **({f"sdram_{name}": wire for name, wire in SDRAM_WIRES.items()} if sdram else {}),
            }
        )

    @property
    def module(self) -> str:
        return "showcase"

    def elaborate(self, platform):
        m = Module()
        config, tries = self.config, Tries(self.config)
        trainer = place(m, platform, "trainer", Trainer(config))
        register = place(m, platform, "tries", ShiftRegister())

        powered = powered_up(m, self.power_up)
        pressed = debounced(m, self.button, self.debounce)

        # A try begins once nothing holds it, or where the one before has gone on for too long. The
        # seeds of the next one are there at least a clock before.
        held = Signal()
        holding = Signal(init=1)
        start = Signal()
        on = Signal()
        running = Signal()
        tired = Signal()
        steps = Signal(range(self.patience + 1))
        m.d.comb += [
            held.eq(~powered | pressed),
            # What the trainer says until it has started belongs to the try before.
            on.eq(~held & ~holding & ~start),
            running.eq(on & ~trainer.solved),
            tired.eq(0 if config.retries else running & (steps == self.patience)),
            register.load.eq(~powered),
            register.seed.eq(Const(tries.first, len(register.seed))),
            register.advance.eq((pressed & ~holding) | tired),
        ]
        m.d.sync += [holding.eq(held), start.eq((holding & ~held) | tired)]
        with m.If(start):
            m.d.sync += steps.eq(0)
        with m.Elif(trainer.step_done if config.retries else trainer.step_done & (steps != self.patience)):
            m.d.sync += steps.eq(steps + 1)

        registers = config.registers()
        for name in trainer.signature.members:
            if name in tries.keys:
                m.d.comb += getattr(trainer, name).eq(register.state ^ tries.keys[name])
            elif hasattr(registers, name):
                m.d.comb += getattr(trainer, name).eq(getattr(registers, name))
        m.d.comb += [trainer.start.eq(start), trainer.run.eq(running)]
        if self.flash:
            taken = trainer.i_input if config.paged else trainer.i_sample
            m.d.comb += joined(self._samples(m, platform, start, powered), taken)

        blinking = steps[self.blink.bit_length() - 1]
        finished = Signal()
        m.d.comb += finished.eq(trainer.solved & ~trainer.busy)
        m.d.sync += [
            self.led_running.eq(on & ~finished & ~blinking),
            self.led_solved.eq(on & finished),
            self.led_saturated.eq(on & trainer.flags.any()),
        ]
        return m

    def _samples(self, m: Module, platform: Any, start: Signal, powered: Signal) -> Any:
        """The stream of samples: from the flash memory, or from an SDRAM that it fills, once and for all."""
        assert self.flash is not None
        if self.sdram is None:
            block = InputFlash if self.config.paged else SampleFlash
            flash = source = place(m, platform, "flash", block(self.config, self.flash))
            m.d.comb += flash.load.eq(start)
        else:
            if isinstance(self.sdram, SdramInputs):
                source = place(m, platform, "sdram", InputSdram(self.config, self.sdram))
            else:
                source = place(m, platform, "sdram", SampleSdram(self.config, self.sdram))
            flash = place(m, platform, "flash", FlashBits(self.flash), reset=source.filled)
            m.d.comb += [source.load.eq(start), flash.load.eq(~powered), *joined(flash.o, source.i)]
            m.d.comb += self._outside(source, "sdram", SDRAM_WIRES)
        m.d.comb += self._outside(flash, "flash", FLASH_WIRES)
        return source.o

    def _outside(self, block: Block, name: str, wires: Mapping[str, Member]) -> Iterator[Any]:
        """A block's wires are those of the circuit that begin with a name."""
        for wire, member in wires.items():
            inner, outer = getattr(block, wire), getattr(self, f"{name}_{wire}")
            yield inner.eq(outer) if member.flow == In else outer.eq(inner)


def _problem(
    config: TrainerConfig,
    patience: int,
    flash: FlashSamples | None,
    sdram: SdramSamples | None,
    **times: int,
) -> str | None:
    """Why there can be no such showcase."""
    if not config.judged:
        return 'a showcase needs judge.kind = "window"'
    streams = config.task.source == "stream"
    if streams and flash is None:
        return 'a showcase has nobody to send samples: task.source must not be "stream"'
    if sdram is not None and flash is None:
        return "a showcase fills an SDRAM from a flash memory, and there is none"
    if flash is not None and not streams:
        return 'a showcase takes samples of a flash memory as a stream: task.source must be "stream"'
    for name, value in times.items():
        if value < 2 or value & (value - 1):
            return f"{name} must be a power of two from 2, not {value}"
    if patience <= times["blink"]:
        return f"patience = {patience} must be above blink = {times['blink']}"
    return None
