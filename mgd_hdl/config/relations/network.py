"""What the network, its task and its loss need of each other."""

from __future__ import annotations

from collections.abc import Iterator

from ..derived import Derived
from ..engines import BankFacts
from ..errors import Problem, shown
from ..names import SIGNALS
from ..number import UQ
from ..registers import REGISTERS
from ..sections import EngineSection
from .relation import MAX_WIRES, Relations, count

__all__ = ["RELATIONS"]

RELATIONS = relation = Relations()


@relation("name")
def _name(config: Derived) -> Iterator[Problem]:
    if config.name in SIGNALS or config.name in {register.name for register in REGISTERS}:
        yield Problem("name", shown(config.name), "is a signal of trainers; must be another name")


@relation("network.layers", "network.activation")
def _activations_per_layer(config: Derived) -> Iterator[Problem]:
    yield from _one_per_layer(config, "activation", len(config.network.layers) - 1)


@relation("network.layers", "network.initial", "device.parameters")
def _initials_per_layer(config: Derived) -> Iterator[Problem]:
    yield from _one_per_layer(config, "initial", config.groups)


def _one_per_layer(config: Derived, key: str, count: int) -> Iterator[Problem]:
    given = getattr(config.network, key)
    if isinstance(given, tuple) and len(given) != count:
        yield Problem(
            f"network.{key}",
            shown(given),
            f"must be a single one, or a list of {count}: one for each layer behind the inputs",
        )


@relation("network.layers", "network.activation", "imperfections.activation_spread")
def _spread(config: Derived) -> Iterator[Problem]:
    """Defects are in the tables, and these have none."""
    spread = config.imperfections.activation_spread
    if not spread:
        return
    without = [layer.activation for layer in config.shape.layers if layer.table is None]
    if without:
        yield Problem(
            "imperfections.activation_spread",
            shown(spread),
            f"must be 0 with activation {shown(without[0])};"
            ' "sigmoid" and "tanh" have a table for each neuron',
        )


@relation("network.layers", "task.name")
def _shape(config: Derived) -> Iterator[Problem]:
    task = config.shape.task_data
    if task.inputs is None or task.outputs is None:
        return  # whatever the network has
    if (config.inputs, config.outputs) != (task.inputs, task.outputs):
        yield Problem(
            "network.layers",
            shown(config.network.layers),
            f"task {shown(task.name)} has {count(task.inputs, 'input')}"
            f" and {count(task.outputs, 'output')}; must be [{task.inputs}, ..., {task.outputs}]",
        )


@relation("task.name", "task.source")
def _source(config: Derived) -> Iterator[Problem]:
    task, source = config.shape.task_data, config.task.source
    if task.external and source != "stream":
        allowed = f'task {shown(task.name)} has no samples of its own; must be "stream"'
    elif source == "generator" and task.generator is None:
        allowed = f'task {shown(task.name)} has no on-chip generator; must be "memory" or "stream"'
    elif source == "memory" and task.stored is None and not task.file:
        allowed = f'task {shown(task.name)} does not fit on-chip memory; must be "generator" or "stream"'
    else:
        return
    yield Problem("task.source", shown(source), allowed)


@relation("task.name", "task.source", "formats.input")
def _task_inputs(config: Derived) -> Iterator[Problem]:
    given = config.task.source == "stream" or config.task.name == "file"
    if not given and config.formats.input != UQ(1, 0):
        yield Problem(
            "formats.input",
            str(config.formats.input),
            f"must be UQ(1, 0): a {config.task.source} has one-bit inputs",
        )


@relation("task.name", "task.source", "formats.target")
def _task_targets(config: Derived) -> Iterator[Problem]:
    target = config.formats.target
    given = config.task.source == "stream" or config.task.name == "file"
    if not given and target.max < 1 << target.fraction_bits:
        yield Problem(
            "formats.target", str(target), f"must hold 0 and 1, the targets of a {config.task.source}"
        )


@relation("network.layers", "device.parameters")
def _parameters(config: Derived) -> Iterator[Problem]:
    most, larger = config.facts.largest, BankFacts.largest
    if config.parameters > most:
        other = ""
        if not config.bank and not config.outside and config.parameters <= larger:
            other = f', engine.kind = "bank" {larger}'
        told = "device.parameters" if config.device.parameters else "network.layers"
        yield Problem(
            told,
            shown(config.device.parameters or config.network.layers),
            f"has {config.parameters} parameters; the {config.engine.kind} engine takes at most {most}"
            + other,
        )


@relation("engine.products", "engine.stages", "engine.kind")
def _products(config: Derived) -> Iterator[Problem]:
    if config.in_parts and not config.staged:
        yield Problem("engine.products", '"parts"', 'needs stages = "many"')
    elif config.in_parts and config.bank:
        yield Problem("engine.products", '"parts"', 'must be "whole" with kind = "bank"')


@relation(
    *("engine.kind", "engine.lanes", "engine.memory", "engine.leaves", "engine.sample"),
    *("perturbation.order", "learning.updates", "task.source"),
)
def _bank(config: Derived) -> Iterator[Problem]:
    """Keys that nobody would read are mistakes."""
    engine = config.engine
    if not config.bank:
        if engine.lanes != EngineSection.model_fields["lanes"].default:
            yield Problem("engine.lanes", shown(engine.lanes), 'needs kind = "bank"')
        if config.single_port:
            yield Problem("engine.memory", '"single_port"', 'needs kind = "bank"')
        if config.paged:
            yield Problem("engine.sample", '"memory"', 'needs kind = "bank"')
        return
    if config.paged and config.task.source != "stream":
        yield Problem(
            "engine.sample",
            '"memory"',
            f'needs task.source = "stream": a {config.task.source} gives whole samples',
        )
    if config.single_port and config.sweeps_ahead:
        yield Problem(
            "engine.memory",
            '"single_port"',
            'must be "dual_port" with updates = "delayed": a sweep may begin in any clock',
        )
    if engine.leaves == "yes":
        yield Problem("engine.leaves", '"yes"', 'must be "auto" with kind = "bank", which has no cells')
    if config.perturbation.order == "shuffled" and config.sequential:
        yield Problem(
            "perturbation.order",
            '"shuffled"',
            'must be "plain" with engine.kind = "bank", which has no table of turns',
        )


@relation("engine.kind", "engine.sides", "engine.curves", "device.kind", "network.layers")
def _sides(config: Derived) -> Iterator[Problem]:
    """Where there is no second visit of a word, nobody could save it."""
    if config.engine.curves == "two" and not config.sides_at_once:
        yield Problem("engine.curves", '"two"', 'needs sides = "at_once"')
    if not config.sides_at_once:
        return
    sides = "engine.sides", '"at_once"'
    if not config.bank:
        yield Problem(*sides, 'needs kind = "bank"')
    elif config.outside:
        yield Problem(*sides, 'must be "by_turns" with a device outside, which is no network of lanes')
    elif len(config.shape.layers) < 2:
        yield Problem(*sides, "needs a hidden layer: the first layer reads each word once in any case")


@relation("engine.kind", "imperfections.activation_spread")
def _bank_spread(config: Derived) -> Iterator[Problem]:
    spread = config.imperfections.activation_spread
    if config.bank and spread:
        yield Problem(
            "imperfections.activation_spread",
            shown(spread),
            'must be 0 with engine.kind = "bank": all neurons share a curve',
        )


@relation("network.layers", "formats.input", "formats.target")
def _sample_width(config: Derived) -> Iterator[Problem]:
    """A sample passes as one word."""
    if config.sample_bits > MAX_WIRES:
        yield Problem(
            "network.layers",
            shown(config.network.layers),
            f"a sample has {config.sample_bits} bits in formats.input and formats.target;"
            f" at most {MAX_WIRES}",
        )


@relation("network.layers", "network.activation", "cost.loss")
def _outputs_of_loss(config: Derived) -> Iterator[Problem]:
    """Logits have any size and either sign; a single output needs a sign to be on the wrong side."""
    last = config.last_activation
    if config.loss == "cross_entropy" and last != "linear":
        yield Problem(
            "cost.loss",
            '"cross_entropy"',
            f'takes logits: network.activation must end in "linear", not {shown(last)}',
        )
    elif config.loss == "hinge" and config.outputs == 1 and last not in ("linear", "tanh"):
        yield Problem(
            "cost.loss",
            '"hinge"',
            f"compares a single output with zero: network.activation must end in"
            f' "linear" or "tanh", not {shown(last)}',
        )
