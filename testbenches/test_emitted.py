"""Is Verilog that was kept what Yosys writes?"""

from __future__ import annotations

from mgd_hdl import emit
from mgd_hdl.config import preset
from mgd_hdl.trainer import Trainer
from testbenches import emitted


def test_kept_answers_are_those_of_yosys(monkeypatch):
    """The same bytes twice from Yosys itself, too; a script that it refuses is refused each time."""
    config = preset("xor")
    kept = [emit.verilog(Trainer(config), "same") for _ in range(2)]
    assert [emit._yosys("nonsense")[0] for _ in range(2)] == [1, 1]
    assert emit._yosys is not emitted.genuine
    monkeypatch.setattr(emit, "_yosys", emitted.genuine)
    genuine = [emit.verilog(Trainer(config), "same") for _ in range(2)]
    assert kept == genuine
    assert len(genuine[0]) > 10_000
