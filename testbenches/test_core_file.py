"""The FuseSoC core: it lists the files that are there, each once, and names the top module."""

from __future__ import annotations

import re

import pytest

from mgd_hdl.config import preset
from mgd_hdl.emit import trainer_files


def lists(core: str) -> dict[str, list[str]]:
    """The files of every file set, by its name."""
    found = re.findall(r"(?m)^  (\w+):\n    files: \[(.*)\]$", core)
    return {name: files.split(", ") for name, files in found}


@pytest.mark.parametrize("name", ["xor", "nist7x7"])
def test_every_file_is_listed(name):
    config = preset(name)
    files = trainer_files(config)
    core = files[f"{config.name}.core"]
    assert core.startswith("CAPI=2:\n")
    sets = lists(core)
    listed = [file for each in sets.values() for file in each]
    assert sorted([*listed, f"{config.name}.core"]) == sorted(files)
    assert sets["rtl"] == [f"{config.name}.v"]
    used = re.findall(r"(?m)^    filesets: \[(.*)\]$", core)
    assert {each for line in used for each in line.split(", ")} <= set(sets)
    (top,) = re.findall(r"(?m)^    toplevel: (\w+)$", core)
    assert f"\nmodule {top}(" in files[f"{config.name}.v"]
