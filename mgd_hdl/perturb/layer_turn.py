"""Layer by layer: whose parameters are perturbed and updated now?"""

from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..hierarchy import Block

__all__ = ["LayerTurn"]


class LayerTurn(Block):
    """A ring with one place for each layer, which turns after every ``tau_layer`` perturbations.

    Members
    -------
    load : In(1)
        Go to perturbation 0, which is layer 0's.
    advance : In(1)
        Go to the next perturbation; ``load`` goes first. The ring follows one clock later.
    tau_layer : In(tau_bits), at least 1
        Read when a turn begins.
    active : Out(layers), one-hot; or Out(1)
        Of all layers, or of ``layer`` alone.
    """

    def __init__(self, config: TrainerConfig, layer: int | None = None):
        self.config = config
        self.layer = layer
        layers = len(config.shape.layers)
        super().__init__(
            {
                "load": In(1),
                "advance": In(1),
                "tau_layer": In(config.learning.tau_bits),
                "active": Out(layers if layer is None else 1),
            }
        )

    @property
    def module(self) -> str:
        return "layer_turn" if self.layer is None else f"layer_turn_{self.layer}"

    def elaborate(self, platform):
        m = Module()
        count = Signal.like(self.tau_layer)
        last = Signal()
        ring = Signal(len(self.config.shape.layers), init=1)
        m.d.comb += [
            last.eq(count == 1),
            self.active.eq(ring if self.layer is None else ring[self.layer]),
        ]
        with m.If(self.load | (self.advance & last)):
            m.d.sync += count.eq(self.tau_layer)
        with m.Elif(self.advance):
            m.d.sync += count.eq(count - 1)
        with m.If(self.load):
            m.d.sync += ring.eq(1)
        with m.Elif(self.advance & last):
            m.d.sync += ring.eq(ring.rotate_left(1))
        return m
