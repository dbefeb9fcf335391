"""Is what is emitted still the same, byte for byte? Presets; with --all the whole catalogue.

Examples are compared in each run where they are emitted anyway, in ``docs/test_examples.py``.
"""

from __future__ import annotations

import pytest

from testbenches import golden
from testbenches.catalogue import CATALOGUE, named

PRESETS = named("preset")


@pytest.mark.parametrize("name", PRESETS)
def test_presets(name):
    assert golden.emitted(name) == golden.load()[name]


@pytest.mark.only_all
@pytest.mark.parametrize("name", [name for name in CATALOGUE if name not in PRESETS])
def test_catalogue(name):
    assert golden.emitted(name) == golden.load()[name]


def test_every_trainer_is_recorded():
    assert list(golden.load()) == list(CATALOGUE)
