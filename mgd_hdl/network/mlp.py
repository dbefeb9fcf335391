"""The network under training, unrolled: every neuron is there, and works in every clock."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ..config.trainer import TrainerConfig
from ..fixed import shape
from ..hierarchy import Block, place
from .activation import Activation
from .dense import NEURONS

__all__ = ["Mlp"]


class Mlp(Block):
    """Dense layers one behind the other, one forward pass per clock; with serial cells one per
    ``config.timing.measure_clocks``, and inputs are held meanwhile.

    Layer k reads its weights ``config.timing.layer_offset(k) - config.timing.layer_offset(0)`` clocks after
    the inputs arrive; the outputs follow its latency.

    Members
    -------
    x : In(inputs)
    weights_k_j : In
        Perturbed parameters of neuron j of layer k, as :class:`mgd_hdl.learn.array.Array` gives them.
        Serial cells: a bit of each.
    first_k, last_k : In(1), serial cells only
        These are the lowest bits, or the signs.
    y : Out(outputs)
    [inputs_k] : Out
        Node by node: of the inputs of layer k, when it takes them, the bits that weights learn by.
    """

    def __init__(self, config: TrainerConfig):
        self.config = config
        first, last = config.shape.layers[0], config.shape.layers[-1]
        members = {
            "x": In(data.ArrayLayout(shape(first.input), first.inputs)),
            "y": Out(data.ArrayLayout(shape(last.output), last.neurons)),
        }
        for layer in config.shape.layers:
            if config.facts.delivery.marked:
                members |= {f"first_{layer.index}": In(1), f"last_{layer.index}": In(1)}
            width = (layer.inputs + 1) * config.words.weight_wires
            members |= {name: In(width) for name in layer.weight_ports}
        if config.facts.by_input:
            for layer in config.shape.layers:
                members[f"inputs_{layer.index}"] = Out(layer.inputs * len(config.words.input_places(layer)))
        super().__init__(members)

    @property
    def module(self) -> str:
        return "mlp"

    def elaborate(self, platform):
        m = Module()
        x = self.x.as_value()
        for layer in self.config.shape.layers:
            outputs = []
            if self.config.facts.by_input:
                words = [x.word_select(i, layer.input.width) for i in range(layer.inputs)]
                places = self.config.words.input_places(layer)
                bits = Cat(word[place] for word in words for place in places)
                m.d.comb += getattr(self, f"inputs_{layer.index}").eq(bits)
            for j, weights in enumerate(layer.weight_ports):
                kind = NEURONS[layer.delivery.kind]
                neuron = place(m, platform, f"neuron_{layer.index}_{j}", kind(layer))
                activation = place(m, platform, f"activation_{layer.index}_{j}", Activation(layer, j))
                m.d.comb += [
                    neuron.x.as_value().eq(x),
                    Value.cast(neuron.weights).eq(getattr(self, weights)),
                    activation.z.eq(neuron.z),
                ]
                if layer.delivery.marked:
                    m.d.comb += [
                        neuron.first.eq(getattr(self, f"first_{layer.index}")),
                        neuron.last.eq(getattr(self, f"last_{layer.index}")),
                    ]
                outputs.append(activation.y)
            x = Cat(*outputs)
        m.d.comb += self.y.as_value().eq(x)
        return m
