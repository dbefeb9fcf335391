"""What arrays of cells have: layers, ports through which the network gets its parameters, a bit to watch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from amaranth.hdl import Cat, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from ..config.network import LayerConfig
from ..config.trainer import TrainerConfig

__all__ = ["layer_ports", "perturbed", "to_neurons", "watch_ports"]


def layer_ports(config: TrainerConfig, passing: Callable[[LayerConfig], dict]) -> dict:
    """Members of an array, layer by layer.

    ``layer_k`` is the measurement that passes layer k, with the members that ``passing`` gives for it.
    ``weights_k_j`` are the perturbed parameters of neuron j: inputs first, the bias on top; of serial cells
    a bit of each, and ``first_k``, ``last_k`` tell which.
    """
    members: dict[str, Any] = {}
    for layer in config.shape.layers:
        members[f"layer_{layer.index}"] = Out(wiring.Signature(passing(layer)))
        if config.facts.delivery.marked:
            members |= {f"first_{layer.index}": Out(1), f"last_{layer.index}": Out(1)}
        width = layer.port_weights * config.words.weight_wires
        members |= {name: Out(width) for name in layer.weight_ports}
    return members


def perturbed(tile: Any) -> list[Value]:
    """The perturbed parameters of a tile, cell by cell."""
    width = tile.config.words.weight_wires
    return [tile.weights[i * width : (i + 1) * width] for i in range(tile.cells)]


def to_neurons(m: Module, array: Any, layer: LayerConfig, parameters: Sequence[Value]) -> None:
    """The perturbed parameters of a layer go to its neurons."""
    step = layer.port_weights
    for neuron, name in enumerate(layer.weight_ports):
        m.d.comb += getattr(array, name).eq(Cat(*parameters[neuron * step : (neuron + 1) * step]))


def watch_ports(config: TrainerConfig) -> dict:
    """With ``engine.access``: a bit that changes with the one next to the sign of any T, of a cell, a tile or
    an array.
    """
    return {"watched": Out(1)} if config.access else {}
