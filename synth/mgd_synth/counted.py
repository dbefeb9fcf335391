"""Devices that are counted and not placed: their makers' tools place and route, these say what is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .nextpnr import counts, of_blocks
from .report import Resource

__all__ = ["Counted", "notes", "resources"]


@dataclass(frozen=True, kw_only=True)
class Counted:
    """A device whose cells are counted after mapping.

    Attributes
    ----------
    title : str
        Device in words.
    passes : callable
        Given the top module's name: Yosys passes from Verilog to a flat netlist of it.
    sites : str
        What the fabric is made of, as a resource.
    packed : callable
        Given a mapped module: how many of these each of its cells takes, none if it is not there.
    mapped : mapping
        For each other resource the regular expression of the cell types that use it.
    weights : mapping
        For a resource the cell types of which each uses more or less than one.
    supply : mapping
        How much there is, of resources that are limited on their own.
    notes : tuple of str
    """

    title: str
    passes: Callable[[str], str]
    sites: str
    packed: Callable[[dict[str, Any]], dict[str, float]]
    mapped: Mapping[str, str]
    weights: Mapping[str, Mapping[str, float]]
    supply: Mapping[str, float]
    notes: tuple[str, ...] = ()


def resources(device: Counted, module: dict[str, Any]) -> tuple[Resource, ...]:
    """Every resource of the device by block."""
    found = {
        device.sites: of_blocks(module, device.packed(module)),
        **counts(module, device.mapped, device.weights),
    }
    return tuple(Resource.of(name, blocks, device.supply.get(name)) for name, blocks in found.items())


def notes(device: Counted, found: tuple[Resource, ...]) -> tuple[str, ...]:
    """What a reader must know of the counts, and what does not fit."""
    beyond = tuple(
        f"Too large: needs {each.used + each.harness:,g} of {each.available:,g} {each.name}."
        for each in found
        if each.available is not None and each.used + each.harness > each.available
    )
    return (*beyond, "Counted after mapping, not placed: no clock rate.", *device.notes)
