"""The network's layers, the device's defects in them, and the samples that go through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from .asked import Asked
from .data import OwnData
from .draws import normals, picked
from .engines import EngineFacts
from .network import Defect, LayerConfig
from .tasks import TASKS, Task
from .words import Words

__all__ = ["Shape"]

_DEFECTS, _STUCK = 1, 2  # streams of a device's draws


@dataclass(frozen=True, eq=False)
class Shape:
    """Layers of the network, what a device has of its own, and samples."""

    asked: Asked
    engine: EngineFacts
    words: Words
    data: OwnData

    @cached_property
    def layers(self) -> tuple[LayerConfig, ...]:
        if self.asked.device.parameters:
            return tuple(self._outside())
        shape, first = self.asked.network.layers, 0
        built: list[LayerConfig] = []
        incoming = self.asked.formats.input
        for index, activation in enumerate(self.asked.activations):
            layer = LayerConfig(
                index=index,
                inputs=shape[index],
                neurons=shape[index + 1],
                first=first,
                activation=activation,
                input=incoming,
                weight=self.words.weight,
                output=self.words.output_of(activation),
                segment_bits=self.asked.formats.segment_bits,
                delivery=self.engine.delivery,
                defects=self._own_defects[index],
                staged=self.asked.staged,
                in_parts=self.asked.in_parts,
            )
            if self.engine.delivery.kind == "words":
                same = [
                    each for each in built if (each.activation, each.output) == (activation, layer.output)
                ]
                layer = replace(layer, shared=same[0].index if same else None)
            if self.asked.never_waits and not self.paced and layer.latency % 2:
                layer = replace(layer, padding=1)
            built.append(layer)
            first += layer.parameters
            incoming = layer.output
        return tuple(built)

    def _outside(self) -> Iterator[LayerConfig]:
        """Layers of a device of which nothing but its parameters is known."""
        first = 0
        for index, count in enumerate(self.asked.device.parameters):
            yield LayerConfig(
                index=index,
                inputs=self.asked.inputs,
                neurons=self.asked.outputs,
                first=first,
                activation=self.asked.last_activation,
                input=self.asked.formats.input,
                weight=self.words.weight,
                output=self.words.output,
                segment_bits=self.asked.formats.segment_bits,
                delivery=self.engine.delivery,
                outside=count,
            )
            first += count

    def defects(self, device: int | None = None) -> tuple[tuple[Defect, ...], ...]:
        """The defect of every neuron, layer by layer, of this or another device; none without spread."""
        spread = self.asked.imperfections.activation_spread
        draw = normals(self.asked.imperfections.device if device is None else device, _DEFECTS)
        return tuple(
            tuple(
                Defect(shift=spread * x, offset=spread * y, gain=1 + spread * k, height=1 + spread * h)
                for x, y, k, h in (islice(draw, 4) for _ in range(neurons if spread else 0))
            )
            for neurons in self.asked.network.layers[1:]
        )

    @cached_property
    def _own_defects(self) -> tuple[tuple[Defect, ...], ...]:
        return self.defects()

    def stuck(self, device: int | None = None) -> frozenset[int]:
        """The numbers of the parameters that do not learn, of this or another device."""
        chosen = self.asked.imperfections.device if device is None else device
        count = round(self.asked.imperfections.stuck * self.asked.parameters)
        return picked(chosen, _STUCK, self.asked.parameters, count)

    @property
    def index_bits(self) -> int:
        """Of the number of a parameter."""
        return max(1, (self.asked.parameters - 1).bit_length())

    @cached_property
    def biases(self) -> tuple[int, ...]:
        """The numbers of all biases, one for each neuron."""
        return tuple(
            layer.first + (neuron + 1) * (layer.inputs + 1) - 1
            for layer in self.layers
            for neuron in range(layer.neurons)
        )

    @cached_property
    def task_data(self) -> Task:
        """What is known of the samples; of those from a file, as they were read."""
        task = TASKS[self.asked.task.name]
        if not task.file:
            return task
        found = self.data
        return replace(task, inputs=found.inputs, outputs=found.outputs, count=found.count)

    @property
    def draws_ahead(self) -> bool:
        """With delayed updates: candidates that are no sample are turned away before a step needs one."""
        task = self.asked.task
        if not self.asked.never_waits or task.source == "stream":
            return False
        if task.source == "generator":
            return True
        data = self.task_data
        return task.order != "plain" and data.count is not None and data.count < 1 << data.index_bits

    @property
    def paced(self) -> bool:
        """With delayed updates: a step may have to wait for its sample, and words wait for the steps that
        they belong to. An epoch's order turns so few indices away, and so far apart, that none waits.
        """
        if self.asked.task.source == "stream":
            return self.asked.never_waits
        return self.draws_ahead and (self.asked.task.source, self.asked.task.order) != ("memory", "epoch")

    @property
    def waits_for_steps(self) -> bool:
        """What parameters are still to be given waits for the steps that it belongs to, however late they
        are, and comes by itself only where none is wanted.
        """
        return self.paced or self.asked.sweeps_ahead

    @cached_property
    def sample_words(self) -> tuple[tuple[int, ...], int]:
        """What the sample memory holds, and its width: inputs in the low bits, then the targets."""
        input, target, outputs = self.asked.formats.input, self.asked.formats.target, self.asked.outputs
        width = self.asked.sample_bits
        if self.task_data.file:
            widths = [input.width] * self.asked.inputs + [target.width] * outputs
            return tuple(_word(row, widths) for row in self.data.rows), width
        words = []
        for x, bits in self.task_data.samples:
            word = x
            for j in range(outputs):
                word |= (bits >> j & 1) << target.fraction_bits + self.asked.inputs + j * target.width
            words.append(word)
        return tuple(words), width


def _word(integers: Iterable[int], widths: Iterable[int]) -> int:
    """Integers side by side, the first one lowest, each in so many bits."""
    word = at = 0
    for integer, width in zip(integers, widths, strict=True):
        word |= (integer & ((1 << width) - 1)) << at
        at += width
    return word
