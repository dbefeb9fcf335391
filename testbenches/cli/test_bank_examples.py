"""Do the examples of banks learn what their page says, in the circuit as in the twin?"""

from __future__ import annotations

import re
import runpy
import shutil
import sys
from pathlib import Path

import pytest

from mgd_hdl import cli
from mgd_hdl.config import load

EXAMPLES = Path(__file__).parents[2] / "examples"
LETTERS = EXAMPLES / "31_letters_on_a_bank.toml"


def compared(capsys, file: Path, steps: int) -> int:
    """States that were equal."""
    assert cli.main(["compare", str(file), "--seeds", "1", "--steps", str(steps)]) == 0
    out = capsys.readouterr().out
    found = re.search(rf": {steps} steps, 1 seed, (\d+) states: circuit and twin are equal", out)
    assert found, out
    return int(found[1])


def test_letters_take_few_clocks():
    """The goal of 49-4-4 on four lanes is 92 clocks; no fewer than its parameters take is possible."""
    config = load(LETTERS)
    assert config.parameters / config.engine.lanes < config.timing.clocks_per_step <= 92


@pytest.mark.only_all
def test_digits_in_the_circuit(capsys, monkeypatch, tmp_path):
    """A prefix; the whole run is a command of the page."""
    pytest.importorskip("sklearn", reason="scikit-learn, which has the data, is not installed")
    shutil.copy(EXAMPLES / "digits/digits.toml", tmp_path)
    monkeypatch.setattr(sys, "argv", ["write_digits.py", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXAMPLES / "digits/write_digits.py"), run_name="__main__")
    assert ended.value.code == 0
    assert compared(capsys, tmp_path / "digits.toml", 2_000) >= 2_000 * 2410


def test_the_script_of_digits_says_what_it_lacks(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setattr(sys, "argv", ["write_digits.py", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXAMPLES / "digits/write_digits.py"), run_name="__main__")
    assert ended.value.code == 2
    assert capsys.readouterr().err == "scikit-learn is missing; install it with: pip install scikit-learn\n"
    assert not list(tmp_path.iterdir())
