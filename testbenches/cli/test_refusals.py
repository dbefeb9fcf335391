"""Whatever configuration meets whatever verb: a result or one line, never a traceback.

Circuits are stood in for by twins here, since what counts is what comes before and after them.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import mgd_sim.compare
import mgd_sim.probe
import mgd_sim.rtl
from mgd_hdl import cli, emit
from mgd_hdl.config import PRESETS, STATES
from mgd_hdl.progress import Progress
from mgd_hdl.verbs import configs
from mgd_sim import seeds, watch
from mgd_sim.compare import states
from mgd_sim.rtl import RtlError, icarus
from mgd_sim.trainer import Trainer

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))
EXTERNAL = '[task]\nname = "external"\nsource = "stream"\n'
XOR = '[task]\nname = "xor"\n'
CODES = '[perturbation]\nfamily = "external"\nresolution = 1\n'

#: Configurations that are valid and that nobody has in mind.
ODD = {
    "users_samples": f"[network]\nlayers = [3, 2, 2]\n{EXTERNAL}",
    "users_samples_counted": f"[network]\nlayers = [3, 2, 2]\n{EXTERNAL}accuracy = true\n",
    "users_samples_judged": f'[network]\nlayers = [3, 2, 2]\n{EXTERNAL}[judge]\nkind = "window"\n',
    "users_everything": f"[network]\nlayers = [4, 1]\n{CODES}{EXTERNAL}",
    "one_weight": f"[network]\nlayers = [1, 1]\n{EXTERNAL}",
    "huge": f"[network]\nlayers = [4096, 15, 1]\n{EXTERNAL}",
    "users_codes": f"[network]\nlayers = [2, 2, 1]\n{CODES}{XOR}",
    "streamed": f'[network]\nlayers = [2, 2, 1]\n{XOR}source = "stream"\n',
    "streamed_letters": '[network]\nlayers = [49, 2, 4]\n[task]\nname = "nist7x7"\nsource = "stream"\n',
    "no_hidden": f"[network]\nlayers = [2, 1]\n{XOR}",
    "deep": f"[network]\nlayers = [2, 1, 1, 1, 1, 1, 1, 1, 1]\n{XOR}",
    "wide": f"[network]\nlayers = [2, 60, 1]\n{XOR}",
    "many_samples": '[network]\nlayers = [8, 2, 1]\n[task]\nname = "parity8"\n',
    "broken": "[network]\n",
}

VERBS = (
    ["check"],
    ["check", "--json"],
    ["estimate", "--json"],
    ["estimate", "--target", "ice40-up5k"],
    ["probe", "--steps", "2"],
    ["probe", "--steps", "1", "--json", "--rtl"],
    ["simulate", "--steps", "2", "-o", "curve"],
    ["simulate", "--steps", "2", "--simulator", "icarus"],
    ["train", "--steps", "2", "--seeds", "2", "-o", "curves", "--json"],
    ["compare", "--steps", "2"],
    ["generate"],
    ["synth", "--target", "ice41"],
    ["bitstream", "--board", "none"],
    ["connect", "--port", "/dev/nothing", "--steps", "2"],
)


class Circuit:
    """A twin with the methods of a circuit."""

    def __init__(self, config, design, registers, *, samples=None, codes=None, **_):
        given = None if codes is None else 2 * codes.astype(int) + 1 - (1 << config.code_bits)
        self._twin = Trainer(config, [registers], samples=samples, perturbations=given)
        self.model = SimpleNamespace(clocks=1)

    @property
    def step(self):
        return self._twin.step

    def run(self, steps):
        return states(self._twin.run(steps, record=True))

    def close(self):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def no_icarus(*_, **__):
    raise RtlError("stands for a simulator that fails")


@pytest.fixture
def no_circuits(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    design = SimpleNamespace(top="dut", arrays={state.name for state in STATES})
    monkeypatch.setattr(mgd_sim.rtl, "trainer_design", lambda files: design)
    monkeypatch.setattr(emit, "trainer_files", lambda config, **_: {f"{config.name}.v": ""})
    for module in (mgd_sim.rtl, mgd_sim.compare, mgd_sim.probe):
        monkeypatch.setattr(module, "RtlTrainer", Circuit)
    monkeypatch.setattr(icarus, "IcarusModel", no_icarus)
    monkeypatch.setattr(watch, "figure", lambda looks, title: b"drawn elsewhere")
    monkeypatch.setattr(seeds, "figure", lambda looks, count, title: b"drawn elsewhere")


@pytest.mark.usefixtures("no_circuits")
@pytest.mark.parametrize(
    "given", [*PRESETS, *EXAMPLES, *ODD], ids=lambda given: getattr(given, "stem", given)
)
def test_every_verb_ends_well(given, capsys, monkeypatch):
    # However slow the machine is: what a verb says is a refusal, or nothing.
    monkeypatch.setattr(Progress, "_tell", lambda _: None)
    if given in ODD:
        Path("odd.toml").write_text(ODD[given])
        given = "odd.toml"
    for verb, *arguments in VERBS:
        status = cli.main([verb, str(given), *arguments])
        out, err = capsys.readouterr()
        what = f"{verb} {given} {arguments}: {status}, {err}"
        assert status in (0, 1, 2), what
        assert all(line.startswith("mgd-hdl: ") for line in err.splitlines()), what
        assert bool(err) == (status == 2), what
        if "--json" in arguments and out:
            json.loads(out)


@pytest.mark.usefixtures("no_circuits")
@pytest.mark.parametrize("verb", ["simulate", "compare", "probe"])
def test_samples_that_only_the_user_has(verb, capsys, monkeypatch):
    """Said before a circuit is made, with what to do instead."""
    monkeypatch.setattr(emit, "trainer_files", lambda *_, **__: pytest.fail("a circuit was made"))
    Path("mine.toml").write_text(ODD["users_samples"])
    assert cli.main([verb, "mine.toml", "--steps", "5"]) == 2
    assert capsys.readouterr() == (
        "",
        'mgd-hdl: task.name = "external": has no samples of its own; give yours: --samples FILE, task.name ='
        ' "file", or in Python mgd_sim.trainer.Trainer(config, seeds, samples=mgd_sim.tasks.Dataset(x,'
        " target))\n",
    )


def test_codes_that_come_through_a_port_are_probed(capsys, tmp_path, monkeypatch):
    """As simulate and compare do, probe sends random ones."""
    monkeypatch.chdir(tmp_path)
    Path("codes.toml").write_text(ODD["users_codes"])
    assert cli.main(["probe", "codes.toml", "--steps", "900", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cosine"]["differences"] > 0.9


# ---- faults of the program itself ----------------------------------------------------------------


def broken(*_):
    raise ZeroDivisionError("seven\nlines")


def test_a_fault_is_told_as_one(capsys, monkeypatch):
    """One line, and a status that no refusal has."""
    monkeypatch.delenv("MGD_HDL_DEBUG")
    monkeypatch.setattr(configs, "presets_and_tasks", broken)
    assert cli.main(["list"]) == 70
    out, err = capsys.readouterr()
    line = broken.__code__.co_firstlineno + 1
    assert out == ""
    assert err == (
        f"mgd-hdl: a fault of mgd-hdl, please report it: test_refusals.py, line {line}: ZeroDivisionError:"
        " seven?lines; MGD_HDL_DEBUG=1 shows how it came there\n"
    )


def test_a_fault_can_be_traced(monkeypatch):
    monkeypatch.setenv("MGD_HDL_DEBUG", "1")
    monkeypatch.setattr(configs, "presets_and_tasks", broken)
    with pytest.raises(ZeroDivisionError):
        cli.main(["list"])


def test_too_little_memory_is_no_fault(capsys, monkeypatch):
    def hungry():
        raise MemoryError

    monkeypatch.setattr(configs, "presets_and_tasks", hungry)
    assert cli.main(["list"]) == 2
    assert capsys.readouterr().err == "mgd-hdl: this takes more memory than there is\n"
