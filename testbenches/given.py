"""Trainers that begin from parameters of a file, for tests: numbers at random, some beyond the rail."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np

from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.attached import AttachedFile

__all__ = ["file", "given", "numbers"]

KEY = "network.parameters"


def numbers(config: TrainerConfig, reach: float, seed: int = 1) -> list[np.ndarray]:
    """By layer (out, in + 1), the bias last, up to so many times what the rail lets through."""
    rng = np.random.default_rng(seed)
    most = reach * 2.0**config.levels.rail * config.words.parameter.step
    return [rng.uniform(-most, most, (out, fan_in + 1)) for fan_in, out in pairwise(config.network.layers)]


def file(layers: list[np.ndarray], name: str = "given.npz") -> AttachedFile:
    """A file of such layers, with the names of a chain of layers and activations."""
    arrays = {}
    for index, layer in enumerate(layers):
        arrays |= {f"{2 * index}.weight": layer[:, :-1], f"{2 * index}.bias": layer[:, -1]}
    data = io.BytesIO()
    np.savez_compressed(data, allow_pickle=False, **arrays)
    return AttachedFile(name, data.getvalue())


def given(config: TrainerConfig, reach: float = 1.4) -> TrainerConfig:
    """The same trainer, begun from such a file; with the default in two rounds."""
    return config.with_file(KEY, file(numbers(config, reach)))
