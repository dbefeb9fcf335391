"""What runs Verilog is tested as it is."""

from __future__ import annotations

import pytest

from testbenches import compiled


@pytest.fixture(autouse=True)
def compile_as_the_product(monkeypatch):
    compiled.as_the_product(monkeypatch)
