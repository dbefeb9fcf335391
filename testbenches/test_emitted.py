"""Is Verilog that was kept what Yosys writes?"""

from __future__ import annotations

from mgd_hdl import cli, emit
from mgd_hdl.config import preset
from mgd_hdl.trainer import Trainer
from testbenches import emitted


def test_a_disk_that_is_full_is_told_in_one_line(monkeypatch, tmp_path, capsys):
    """Where Yosys could not write, with the system's reason and no name of what runs it."""
    full = "Traceback (most recent call last):\nwasmtime._error.WasmtimeError: File too large (os error 27)\n"
    monkeypatch.setattr(emit, "_yosys", lambda script: (1, "", full))
    assert cli.main(["generate", "xor", "-o", str(tmp_path / "out")]) == 2
    said = "Verilog could not be written: File too large (os error 27)"
    assert capsys.readouterr().err == f"mgd-hdl: {said}\n"
    assert not list(tmp_path.iterdir())


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
