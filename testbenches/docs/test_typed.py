"""What pages tell people to type works as it stands there: every command, every file, every key."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import re
import shlex
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import ValidationError

from mgd_hdl import cli
from mgd_hdl.config import TrainerConfig
from mgd_hdl.config.toml import preset_text
from mgd_hdl.emit import trainer_files
from mgd_sim.rtl.tools import run_tool

from .fences import Fence, fences, spans
from .pages import PAGES, ROOT, markdown_files

FILES = [path.relative_to(ROOT).as_posix() for path in markdown_files()]

each_file = pytest.mark.parametrize("file", FILES)

#: How a page's examples of one block are run: testbenches/docs/pages.py makes every block from them.
_BLOCKS = {page.path.relative_to(ROOT).as_posix() for page in PAGES}

#: What starts a command that no test runs, and why. Commands of the project are parsed all the same.
NOT_RUN = {
    "make": "sets up, or runs all tests; that the target exists is tested",
    ".": "a shell's own word: the tests are in that environment",
    "iceprog": "needs a board",
    "openFPGALoader": "needs a board",
    "export EDALIZE_LAUNCHER=mgd-hdl-launch": "for fusesoc",
    "fusesoc": "testbenches/test_core_file.py runs both targets",
    "mgd-hdl connect": "needs a board; testbenches/cli/test_connect.py has a simulated one",
    "mgd-hdl bitstream": "place and route; testbenches/synth makes bitstreams",
    "python -m mgd_synth.proofs": "hours; testbenches/synth proves some blocks",
    "python -m mgd_synth.banks": "place and route, for hours",
    "python -m mgd_sim.studies.fashion": "needs the data; testbenches/twin/test_fashion.py makes some",
    "mgd-hdl compare examples/fashion/fashion_196.toml": "needs the data",
}

#: Tools that a page may call: simulators for Verilog that stands on it.
TOOLS = ("iverilog", "vvp")

#: What is added to a command so that it ends soon: an option that its help explains.
SHORTER = {
    "mgd-hdl compare mine.toml --seeds 4": ["--steps", "300"],
    "mgd-hdl train mine.toml": ["--steps", "300"],
    "mgd-hdl train examples/31_letters_on_a_bank.toml --seeds 16 --steps 20000 -o build/letters": [
        *("--seeds", "2"),
        *("--steps", "200"),
    ],
    "mgd-hdl compare examples/31_letters_on_a_bank.toml --seeds 1 --steps 100000": ["--steps", "200"],
}

#: Languages of blocks that nobody types: drawings and formulas, and what other tests here look at.
OTHERS = {"", "timing", "example"}

#: Words in capitals stand for something; for these an example must be there.
PLACEHOLDERS = {
    "B": "icebreaker",
    "FILE": "xor",
    "H": "4",
    "K": "4",
    "LOSS": "hinge",
    "MODEL": "twin",
    "N": "100",
    "NAME": "exact",
    "RATE": "0.5",
    "SWEEP": "stuck",
    "T": "100",
    "TASK": "xor",
}

#: What a page promises of a command's output: groups of the page's text that stand in the output.
PROMISED = {
    ("docs/tutorial.md", "mgd-hdl check xor.toml"): (
        (r"the network multiplies (\d+)-bit weights", r"weight +SQ\(.*\), (\d+) bits"),
        (r"a cost comes (\d+) clocks after", r"(\d+) clocks to a cost"),
        (r"a whole step takes (\d+)\.", r", (\d+) to its update"),
    ),
    ("docs/tutorial.md", "mgd-hdl simulate xor.toml -o build/xor --vcd build/xor/xor.vcd"): (
        (r"At step ([\d,]+) it answers all", r"solved at step ([\d,]+);"),
    ),
}


def sections_of(key: str) -> list[str]:
    """The tables of a configuration that have a key."""
    return [
        field.alias or name
        for name, field in TrainerConfig.model_fields.items()
        if key in getattr(field.annotation, "model_fields", {})
    ]


# ---- fenced blocks -------------------------------------------------------------------------------


class Reader:
    """Does what a page says, in a folder of its own."""

    def __init__(self, page: str, folder: Path):
        self.page, self.folder = page, folder
        self.said = ""
        typed = [each for each in fences(ROOT / page) if each.language == "sh"]
        if any(" examples/" in each.text for each in typed):
            shutil.copytree(ROOT / "examples", folder / "examples")

    def follows(self) -> None:
        for fence in fences(ROOT / self.page):
            if fence.language not in OTHERS:
                getattr(self, f"_{fence.language}")(fence)

    def _file(self, fence: Fence, otherwise: str) -> Path:
        path = self.folder / (fence.file or otherwise)
        path.write_text(fence.text, "utf-8")
        return path

    def _text(self, fence: Fence) -> None:
        """What the last block has said; other lines may stand between."""
        said = iter(self.said.splitlines())
        for line in fence.text.splitlines():
            assert line in said, f"{line!r} is not in its place in\n{self.said}"

    def _toml(self, fence: Fence) -> None:
        config = TrainerConfig.build(tomllib.loads(self._file(fence, "page.toml").read_text("utf-8")))
        assert f"module {config.name}(" in trainer_files(config)[f"{config.name}.v"]

    def _python(self, fence: Fence) -> None:
        file = self._file(fence, "page.py")
        if re.search(r"(?m)^import torch$", fence.text) and importlib.util.find_spec("torch") is None:
            compile(fence.text, file, "exec")  # large, so no extra brings it; testbenches/cli/test_export.py
            return
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(fence.text, file, "exec"), {"__name__": "__main__"})  # noqa: S102 - our own page
        self.said = out.getvalue()
        assert re.search(r"\d", self.said)

    def _verilog(self, fence: Fence) -> None:
        assert fence.file, "a command on the page must be able to name it"
        self._file(fence, "")

    def _sh(self, fence: Fence) -> None:
        self.said = ""
        for line in fence.text.splitlines():
            words = shlex.split(line, comments=True)
            if words:
                self._typed(words)

    def _typed(self, words: list[str]) -> None:
        line = " ".join(words)
        ours = words[0] == "mgd-hdl" or words[:2] == ["python", "-m"]
        if ours:
            assert complaint(words) == ""
        if any(f"{line} ".startswith(f"{each} ") for each in NOT_RUN):
            return
        if words[0] in TOOLS:
            self.said += run_tool(words, folder=self.folder, timeout=60, what=line)
            return
        assert ours, f"{line}: a rule for it, or its reason in NOT_RUN"
        with contextlib.redirect_stdout(io.StringIO()) as out:
            status = main_of(words)([*arguments_of(words), *SHORTER.get(line, [])])
        said = out.getvalue()
        self.said += said
        assert status == (1 if "--inject-bug" in words else 0), line
        page = (ROOT / self.page).read_text("utf-8")
        for promise, output in PROMISED.get((self.page, line), ()):
            assert re.search(promise, page.replace("\n", " "))[1] == re.search(output, said)[1]


def arguments_of(words: Sequence[str]) -> list[str]:
    return list(words[1:] if words[0] == "mgd-hdl" else words[3:])


def main_of(words: Sequence[str]):
    """The function that a command of the project calls."""
    return cli.main if words[0] == "mgd-hdl" else importlib.import_module(words[2]).main


@pytest.mark.parametrize(
    "page",
    [
        file
        for file in FILES
        if file not in _BLOCKS and {fence.language for fence in fences(ROOT / file)} - OTHERS
    ],
)
def test_a_page_can_be_followed(page, tmp_path, monkeypatch):
    """Every block in the page's order; one that no test runs is on the list NOT_RUN."""
    monkeypatch.chdir(tmp_path)
    Reader(page, tmp_path).follows()


def test_every_reason_is_needed():
    """Nothing stays on the lists when its command has gone."""
    lines = {
        " ".join(shlex.split(line, comments=True))
        for file in FILES
        for fence in fences(ROOT / file)
        if fence.language == "sh"
        for line in fence.text.splitlines()
    }
    assert [each for each in NOT_RUN if not any(f"{line} ".startswith(f"{each} ") for line in lines)] == []
    assert {*SHORTER, *(line for _, line in PROMISED)} <= lines


@pytest.mark.parametrize("file", sorted(_BLOCKS))
def test_a_block_has_one_example(file):
    """Which makes the block that the page is about, so it is run there."""
    languages = [fence.language for fence in fences(ROOT / file)]
    assert [each for each in languages if each not in OTHERS] == ["python"]


def test_ten_lines_are_a_trainer():
    (text,) = (fence.text for fence in fences(ROOT / "README.md") if fence.language == "toml")
    assert len(text.splitlines()) <= 11


def test_the_first_loop_of_the_tutorial_learns():
    """Twelve lines of floating point: all four costs are small at the end."""
    first = next(each for each in fences(ROOT / "docs/tutorial.md") if each.language == "python")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(first.text, {})  # noqa: S102 - our own page
    costs = [float(value) for value in re.findall(r"\d\.\d+", out.getvalue())]
    assert len(costs) == 4
    assert max(costs) < 0.1


# ---- words in the text ---------------------------------------------------------------------------


class _AcceptedError(Exception):
    """The arguments of a command are as its parser wants them."""


def complaint(words: Sequence[str]) -> str:
    """What a command's parser says of its arguments; nothing is run."""
    parse = argparse.ArgumentParser.parse_args

    def parse_only(self, args=None, namespace=None):
        parse(self, args, namespace)
        raise _AcceptedError

    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stderr(io.StringIO()) as said:
        patch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
        given = [PLACEHOLDERS.get(word, word) for word in arguments_of(words)]
        try:
            if not given and importlib.import_module(main_of(words).__module__).__doc__ is None:
                return "a module without a word of what it does"
            if not given and main_of(words).__code__.co_argcount == 0:
                return ""  # it takes none
            main_of(words)(given)
        except _AcceptedError:
            return ""
        except SystemExit:
            return said.getvalue()
        return "it looked at no argument"


def commands(file: str) -> list[list[str]]:
    """Commands of the project between backticks."""
    typed = [shlex.split(span) for span in spans(ROOT / file) if re.match(r"mgd-hdl |python -m ", span)]
    assert all(words[1:] for words in typed)
    return typed


@each_file
def test_commands_in_the_text_are_accepted(file):
    """Modules, verbs and options exist, values are legal; a verb alone may lack its arguments."""
    wrong = {}
    for words in commands(file):
        said = complaint(words)
        if said and "arguments are required" not in said:
            wrong[" ".join(words)] = said
    assert wrong == {}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("mgd-hdl simulate xor --stepps 5", "unrecognized arguments: --stepps 5"),
        ("mgd-hdl simulat xor", "'simulat'"),
        ("mgd-hdl simulate xor --steps -1", "must be a whole number"),
        ("python -m mgd_sim.studies.soon oxr", "oxr"),
        ("python -m mgd_synth.fit --all", "unrecognized arguments: --all"),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(command, said):
    assert said in complaint(shlex.split(command))


@each_file
def test_make_targets_and_extras_exist(file):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    shell = "\n".join(fence.text for fence in fences(ROOT / file) if fence.language == "sh")
    for typed in [*spans(ROOT / file), *shell.splitlines()]:
        words = shlex.split(typed, comments=True) if re.match(r"make |pip install ", typed) else []
        if words[:1] == ["make"]:
            for target in words[1:]:
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
        for extra in re.findall(r"mgd-hdl\[(.*?)\]", " ".join(words)):
            assert extra in project["optional-dependencies"]


#: Spoiled on purpose: ``check`` has one line for each.
SPOILED = ("amplitude = -1", 'famly = "walsh"')


@each_file
def test_keys_in_the_text_exist(file):
    """``key = value`` in the text: such a key exists, and may have such a value."""
    for span in spans(ROOT / file):
        found = re.fullmatch(r"(?:([a-z_]+)\.)?([a-z_]+) = (.+)", span)
        # A letter or another key's name stands for its value.
        if found is None or re.fullmatch(r"(?!true|false)[a-z_]+", found[3]) or span in SPOILED:
            continue
        keys = [f"{section}.{found[2]}" for section in sections_of(found[2])]
        assert keys, span
        # What other keys must be for it stands in the text around.
        assert any(
            accepted(f"{key} = {found[3]}") for key in keys if found[1] is None or key.startswith(found[1])
        ), span


def accepted(span: str) -> bool:
    """Whether there is such a key, and such a value of it."""
    try:
        TrainerConfig.model_validate(tomllib.loads(changed(preset_text("xor"), span)))
    except ValidationError:
        return False
    return True


def test_keys_and_values_that_do_not_exist_are_noticed():
    assert accepted('learning.updates = "delayed"')
    assert not accepted('learning.updates = "late"')
    assert not accepted('learning.update = "delayed"')
    assert sections_of("update") == []


def changed(text: str, span: str) -> str:
    """A TOML file with ``[section.]key = value`` in the place of that key, or new in its table."""
    name, _, value = span.partition(" = ")
    section, _, key = name.rpartition(".")
    section = section or sections_of(key)[0]
    head, table, rest = text.partition(f"[{section}]\n")
    table, rest = table or f"\n[{section}]\n", rest
    body, *others = re.split(r"(?m)^(?=\[)", rest, maxsplit=1)
    body = re.sub(rf'(?m)^{key} = ("[^"]*"|\[[^\]]*\]|[^\s#]+).*\n', "", body)
    return f"{head}{table}{key} = {value}\n{body}{''.join(others)}"


def test_spoiled_configurations_are_refused(tmp_path, capsys):
    tutorial = spans(ROOT / "docs/tutorial.md")
    for span in SPOILED:
        assert span in tutorial
        key = {"famly": "family"}.get(span.partition(" ")[0], span.partition(" ")[0])
        file = tmp_path / "spoiled.toml"
        file.write_text(re.sub(rf"(?m)^{key} = \S+", span, preset_text("xor")))
        assert cli.main(["check", str(file)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert span.partition(" ")[0] in line


#: What the tutorial says of its changes, as figures of the configuration.
CHANGED = {
    "gradients without crosstalk over one period": lambda config: config.perturbation.family == "walsh",
    "finite differences, one parameter after the other": lambda config: (
        config.learning.tau_theta == config.parameters and config.sequential
    ),
    "mini-batches of four; cells get a shadow": lambda config: config.shadow,
    "a step takes 2 clocks instead of 22": lambda config: config.timing.clocks_per_step == 2,
    "12-bit parameters": lambda config: config.words.parameter.width == 12,
}


def test_every_change_of_the_tutorial_is_accepted():
    """Each row of its last section, made in the file that ``mgd-hdl init xor`` writes."""
    text = (ROOT / "docs/tutorial.md").read_text("utf-8").partition("## 7.")[2]
    rows = re.findall(r"^\| (`.*?) \| (.*) \|$", text, re.MULTILINE)
    assert [what for _, what in rows] == list(CHANGED)
    assert TrainerConfig.build(tomllib.loads(preset_text("xor"))).timing.clocks_per_step == 22
    for keys, what in rows:
        document = preset_text("xor")
        for span in re.findall(r"`(.*?)`", keys):
            document = changed(document, span)
        assert CHANGED[what](TrainerConfig.build(tomllib.loads(document))), what
