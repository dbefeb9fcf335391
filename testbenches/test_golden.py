"""Is what is emitted still the same, byte for byte? Presets, and two loops; with --all the whole catalogue.

Examples are compared in each run where they are emitted anyway, in ``docs/test_examples.py``.
"""

from __future__ import annotations

import pytest

from testbenches import golden
from testbenches.catalogue import CATALOGUE, named
from testbenches.loops import GOLDEN as LOOPS

PRESETS = named("preset")


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name):
    assert golden.emitted(name) == golden.load()[name]


@pytest.mark.only_all
@pytest.mark.parametrize("name", [name for name in CATALOGUE if name not in PRESETS])
def test_catalogue(name):
    assert golden.emitted(name) == golden.load()[name]


@pytest.mark.parametrize(
    "name",
    [
        name if number < 2 else pytest.param(name, marks=pytest.mark.only_all)
        for number, name in enumerate(LOOPS)
    ],
)
def test_loops(name):
    assert golden.emitted(name) == golden.load()[name]


def test_every_trainer_is_recorded():
    assert list(golden.load()) == list(golden.NAMES)
