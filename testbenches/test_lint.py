"""Is the Verilog of trainers with parts of their own free of lint, but for what may be waived?"""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from mgd_hdl.config import Registers
from mgd_hdl.config.names import SIGNALS
from mgd_hdl.emit import trainer_files
from testbenches.catalogue import configuration, enough, named
from testbenches.linting import lint


def check_names(name: str, verilog: str) -> None:
    """No trainer can have the name of an inner module, or that of a signal of its top module."""
    top, *inner = re.findall(r"(?m)^module (\w+)\(", verilog)
    assert top == name
    assert all(re.match(rf"{name}__[a-z]", each) for each in inner)
    head = verilog[: verilog.index("\nendmodule")]
    signals = set(re.findall(r"(?m)^  (?:input|output|wire|reg) (?:signed )?(?:\[\S+\] )?(\w+)", head))
    own = {each for each in signals if "__" not in each and not each.startswith("_")}
    assert {"clk", "run", "tau_x", "started"} < own <= {*SIGNALS, *(each.name for each in fields(Registers))}


@pytest.mark.parametrize("name", enough(named("lint", "inference", "access")))
def test_no_lint(name, tmp_path):
    config = configuration(name)
    files = trainer_files(config)
    check_names(config.name, files[f"{config.name}.v"])
    for file, text in files.items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    assert lint(tmp_path, config.name, f"{config.name}.vlt", f"{config.name}.v") == (0, "")
