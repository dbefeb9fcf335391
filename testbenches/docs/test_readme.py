"""What README and tutorial tell people to type works as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mgd_hdl.cli import main
from mgd_hdl.config import TrainerConfig
from mgd_hdl.emit import trainer_files

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "docs/tutorial.md")


def fenced(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def readme_toml() -> str:
    (text,) = fenced("README.md", "toml")
    return text


def test_ten_lines_are_a_trainer():
    assert len(readme_toml().splitlines()) <= 11
    config = TrainerConfig.build(tomllib.loads(readme_toml()))
    assert "module xor_trainer(" in trainer_files(config)["xor_trainer.v"]


@pytest.mark.parametrize(
    ("page", "number"), [(page, number) for page in PAGES for number in range(len(fenced(page, "python")))]
)
def test_python_on_a_page_runs(page, number, tmp_path):
    (tmp_path / "mine.toml").write_text(readme_toml(), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-c", fenced(page, "python")[number]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert re.search(r"\d", run.stdout)


def test_the_first_loop_of_the_tutorial_learns(tmp_path):
    """Twelve lines of floating point: all four costs are small at the end."""
    code = fenced("docs/tutorial.md", "python")[0]
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    costs = [float(value) for value in re.findall(r"\d\.\d+", run.stdout)]
    assert len(costs) == 4
    assert max(costs) < 0.1


@pytest.mark.parametrize("page", PAGES)
def test_commands_on_a_page_exist(page):
    """Every ``mgd-hdl VERB --option`` is known to the command line."""
    verbs = re.findall(r"^mgd-hdl ([\w-]+)(.*?)(?:#.*)?$", "\n".join(fenced(page, "sh")), re.MULTILINE)
    assert len(verbs) >= 3
    for verb, arguments in verbs:
        with pytest.raises(SystemExit) as ended:
            main([verb, *arguments.split(), "--help"])
        assert ended.value.code == 0


@pytest.mark.parametrize("page", PAGES)
def test_make_targets_on_a_page_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:`|^)make (\w+)", text, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
