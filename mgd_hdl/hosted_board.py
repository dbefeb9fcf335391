"""A board with a host: a trainer behind the serial line of the board's USB chip, and three LEDs."""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from .config.trainer import TrainerConfig
from .hierarchy import Block, place
from .hosted import Hosted
from .showcase import debounced, powered_up

__all__ = ["HostedBoard"]


class HostedBoard(Block):
    """Does what its host says (:mod:`mgd_hdl.config.memory_map`); after power-up it waits for it.

    It is reset for ``power_up`` clocks after power-up, since memories of some devices cannot be read at
    once, and while the button is pressed. The button's level counts once it has not changed for ``debounce``
    clocks.

    Members
    -------
    button : In(1)
        Pressed; need not keep to the clock.
    uart_rx : In(1), uart_tx : Out(1)
        The serial line, from and to the host.
    irq : Out(1)
        An interrupt is pending; no board has a pin for it.
    led_running : Out(1)
        Steps follow each other: blinks, one turn in ``2 * blink`` steps.
    led_solved : Out(1)
        The judge is content; dark where there is none.
    led_saturated : Out(1)
        A cost change, a sum of them or an update was limited since the start.
    """

    def __init__(
        self,
        config: TrainerConfig,
        *,
        power_up: int = 1 << 10,
        debounce: int = 1 << 18,
        blink: int = 1 << 17,
    ):
        host = config.host
        if host.bus != "uart" or host.reset != "rst" or host.clock_enable or host.samples != "window":
            self._MustUse__used = True  # it will not be
            raise ValueError(
                'a board with a host needs host.bus = "uart", host.samples = "window", and no other reset or'
                " clock enable"
            )
        self.config = config
        self.power_up, self.debounce, self.blink = power_up, debounce, blink
        outputs = ("irq", "led_running", "led_solved", "led_saturated")
        super().__init__(
            {"button": In(1), "uart_rx": In(1), "uart_tx": Out(1, init=1), **dict.fromkeys(outputs, Out(1))}
        )

    @property
    def module(self) -> str:
        return "hosted_board"

    def elaborate(self, platform):
        m = Module()
        powered = powered_up(m, self.power_up)
        pressed = debounced(m, self.button, self.debounce)
        held = Signal(init=1)
        m.d.sync += held.eq(~powered | pressed)
        hosted = place(m, platform, "hosted", Hosted(self.config, shown=True), reset=held)

        limited = Signal()
        steps = Signal(self.blink.bit_length())
        with m.If(hosted.step_done):
            m.d.sync += steps.eq(steps + 1)
        with m.If(hosted.limited):
            m.d.sync += limited.eq(1)
        with m.If(hosted.started | held):
            m.d.sync += [steps.eq(0), limited.eq(0)]
        m.d.comb += [
            hosted.uart_rx.eq(self.uart_rx),
            self.uart_tx.eq(hosted.uart_tx),
            self.irq.eq(hosted.irq),
        ]
        m.d.sync += [
            self.led_running.eq(hosted.run & ~steps[-1]),
            self.led_solved.eq(hosted.solved),
            self.led_saturated.eq(limited),
        ]
        return m
