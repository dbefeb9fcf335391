"""The FuseSoC core: it lists the files that are there, each once, and FuseSoC runs its targets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl import launch
from mgd_sim.trainer import Trainer

#: Where the environment's own commands are: fusesoc, mgd-hdl-launch.
COMMANDS = Path(sys.executable).parent


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("name", ["xor", "nist7x7"])
def test_every_file_is_listed(name, inline):
    config = preset(name)
    files = trainer_files(config, inline=inline)
    core = files[f"{config.name}.core"]
    assert core.startswith("CAPI=2:\n")
    found = yaml.safe_load(core)
    sets = {
        name: [file if isinstance(file, str) else next(iter(file)) for file in each["files"]]
        for name, each in found["filesets"].items()
    }
    listed = [file for each in sets.values() for file in each]
    assert sorted([*listed, f"{config.name}.core"]) == sorted(files)
    assert sets["rtl"] == [f"{config.name}.v"]
    assert ("memories" in sets) is not inline
    for target in found["targets"].values():
        assert ("memories" in target["filesets"]) is not inline
        assert set(target["filesets"]) <= set(sets)
        modules = "".join(files[file] for each in target["filesets"] for file in sets[each])
        assert f"\nmodule {target['toplevel']}" in modules


def written(config: TrainerConfig, folder: Path, *, inline: bool = True) -> dict[str, str]:
    files = trainer_files(config, inline=inline)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return files


def fusesoc(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """FuseSoC on the cores of a folder, with nothing in the environment but the launcher."""
    environment = {
        "PATH": f"{COMMANDS}{os.pathsep}{os.defpath}",
        "HOME": str(folder),  # where it would look for cores of the user's own
        "EDALIZE_LAUNCHER": "mgd-hdl-launch",
    }
    return subprocess.run(
        [COMMANDS / "fusesoc", "--cores-root", ".", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


def signature(config: TrainerConfig, steps: int) -> int:
    """What the testbench should print, from the twin's words D."""
    found = 0
    for word in Trainer(config, [config.seed]).run(steps, record=True).update[:, 0].tolist():
        found = (found * 31 + word) % (1 << 32)
    return found


def told(output: str) -> tuple[int, int]:
    """Steps and signature that the testbench has printed."""
    (steps,) = re.findall(r": (\d+) steps in \d+ clocks, twice the same", output)
    (found,) = re.findall(r"signature ([0-9a-f]{8})", output)
    return int(steps), int(found, 16)


def test_fusesoc_runs_lint_and_sim(tmp_path):
    """The trainer's name is one that YAML would take for a Boolean; what is simulated reads its memories."""
    config = preset("xor").replaced(name="no")
    written(config, tmp_path)
    lint = fusesoc(tmp_path, "run", "--target", "lint", "no")
    assert lint.returncode == 0, lint.stdout
    assert "verilator -f" in lint.stdout
    assert "%Warning" not in lint.stdout
    written(config, tmp_path, inline=False)
    simulated = fusesoc(tmp_path, "run", "--target", "sim", "no", "--steps", "100")
    assert simulated.returncode == 0, simulated.stdout
    steps, found = told(simulated.stdout)
    # Dropping run when the last step is done lets one more begin.
    assert (steps, found) == (101, signature(config, 101))


def bench(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """The testbench by hand, as its first lines have it."""
    compiled = ["iverilog", "-g2012", "-s", f"{name}__tb", "-o", "tb.vvp", f"{name}.v", f"{name}.tb.v"]
    subprocess.run(compiled, cwd=folder, timeout=60, check=True)
    command = ["vvp", "-n", "tb.vvp"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"task": {"order": "plain"}, "learning": {"updates": "delayed"}},
        {"engine": {"cell": "serial"}, "judge": {"kind": "window"}, "task": {"accuracy": True}},
    ],
    ids=["delayed", "serial"],
)
def test_other_trainers_pass_their_testbench(changes, tmp_path):
    config = preset("xor").replaced(**changes)
    written(config, tmp_path)
    run = bench(tmp_path, config.name)
    assert run.returncode == 0, run.stdout
    steps, found = told(run.stdout)
    # A pipeline that drains is another run than one that goes on.
    assert config.delayed or found == signature(config, steps)
    assert ("right_count" in run.stdout) == config.task.accuracy


@pytest.mark.parametrize(
    "changes",
    [
        {"perturbation": {"family": "external", "resolution": 1}, "learning": {"tau_theta": 4}},
        {
            "engine": {"kind": "bank", "sample": "memory"},
            "network": {"layers": [9, 3, 1]},
            "task": {"name": "external"},
        },
    ],
    ids=["samples and codes", "inputs one by one"],
)
def test_words_come_through_ports(changes, tmp_path):
    config = preset("xor").replaced(**{**changes, "task": {"source": "stream", **changes.get("task", {})}})
    written(config, tmp_path)
    run = bench(tmp_path, config.name)
    assert run.returncode == 0, run.stdout
    assert told(run.stdout)[0] >= 64


@pytest.fixture(scope="module")
def xor() -> dict[str, str]:
    return trainer_files(preset("xor"))


@pytest.mark.parametrize(
    ("place", "replacement", "told"),
    [
        (r"\.step_done\(step_done\)", ".step_done()", "an output is unknown"),
        (r"\.run\(run\)", ".run(1'h0)", "steps do not end"),
        (r"\.run\(run\)", ".run(1'h1)", "it does not pause"),
        (r"\.step\(step\)", ".step(1'h0)", "a single step is not one"),
        (r"(module \w+__integrator\((?s:.*?)if \()clear\)", r"\g<1>1'h0)", "gives other updates"),
    ],
    ids=["step_done", "no run", "run for ever", "no step", "T not cleared"],
)
def test_a_broken_trainer_fails_its_testbench(place, replacement, told, xor, tmp_path):
    """The first place is the one in the top module."""
    changed, places = re.subn(place, replacement, xor["xor_trainer.v"], count=1)
    assert places == 1
    (tmp_path / "xor_trainer.v").write_text(changed, encoding="utf-8")
    (tmp_path / "xor_trainer.tb.v").write_text(xor["xor_trainer.tb.v"], encoding="utf-8")
    run = bench(tmp_path, "xor_trainer")
    assert run.returncode != 0
    assert told in run.stdout


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([], "what is to be started? mgd-hdl-launch COMMAND ..."),
        (["no-such-tool", "-v"], "there is no command 'no-such-tool' on this machine"),
    ],
)
def test_the_launcher_refuses_in_one_line(words, line, capsys):
    assert launch.main(words) == 2
    assert capsys.readouterr().err == f"mgd-hdl-launch: {line}\n"
