"""Does each verb do what its help says, and end well however it is used?"""

from __future__ import annotations

import gc
import json
import math
import os
import re
import signal
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import jschon  # comes with Amaranth
import pytest

from mgd_hdl import cli, emit
from mgd_hdl.config import PRESETS, load, preset
from mgd_hdl.config.summary import json_schema, step_text
from mgd_hdl.config.tasks import TASKS
from mgd_hdl.config.toml import preset_text
from mgd_hdl.files import MANIFEST
from mgd_hdl.progress import Progress
from testbenches.cli.test_broken import SINGLE

#: Counted in the circuits: see ``testbenches/synth/test_synth_clocks.py``.
CLOCKS = {"xor": 22, "parity4": 24, "nist7x7": 30, "nist7x7_centered": 30}
#: No step waits for another.
CLOCKS |= dict.fromkeys(("xor_fast", "parity4_fast", "letters_fast"), 2)
VERBS = ("init", "list", "check", "schema", "generate")


def mgd_hdl(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "mgd_hdl", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))


# ---- init ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_init_writes_the_commented_preset(name, capsys):
    assert cli.main(["init", name]) == 0
    assert capsys.readouterr().out == f"wrote {name}.toml\n"
    text = Path(f"{name}.toml").read_text()
    assert text == preset_text(name)
    assert text.startswith("# ")
    assert load(f"{name}.toml") == preset(name)


def test_init_never_overwrites_unasked(capsys):
    Path("mine.toml").write_text("precious")
    assert cli.main(["init", "xor", "mine.toml"]) == 2
    assert capsys.readouterr().err == "mgd-hdl: mine.toml: exists; --force replaces it\n"
    assert Path("mine.toml").read_text() == "precious"
    assert cli.main(["init", "xor", "mine.toml", "--force"]) == 0
    assert load("mine.toml") == preset("xor")


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_init_refuses_links_and_folders(force, capsys):
    Path("target").write_text("precious")
    Path("link").symlink_to("target")
    Path("folder").mkdir()
    assert cli.main(["init", "xor", "link", *force]) == 2
    assert cli.main(["init", "xor", "folder", *force]) == 2
    assert cli.main(["init", "xor", "missing/x.toml", *force]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "mgd-hdl: link: is a symbolic link",
        "mgd-hdl: folder: is a directory",
        "mgd-hdl: missing/x.toml: cannot be written: no such file or directory",
    ]
    assert Path("target").read_text() == "precious"


def test_init_knows_its_presets(capsys):
    assert cli.main(["init", "xorr"]) == 2
    assert 'preset = "xorr": must be one of xor, parity4' in capsys.readouterr().err
    assert list(Path().iterdir()) == []


# ---- list ----------------------------------------------------------------------------------------


def test_list_names_everything(capsys):
    assert cli.main(["list"]) == 0
    out = capsys.readouterr().out
    for name in (*PRESETS, *TASKS):
        assert f"  {name} " in out
    assert "49-4-4    220 parameters" in out


def test_list_json(capsys):
    assert cli.main(["list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["presets"]) == list(PRESETS)
    assert found["presets"]["xor"] == {
        "layers": [2, 2, 1],
        "parameters": 9,
        "task": "xor",
        "source": "memory",
    }
    assert found["tasks"]["nist7x7"] == {
        "inputs": 49,
        "outputs": 4,
        "samples": 44136,
        "sources": ["generator", "stream"],
    }
    assert found["tasks"]["external"] == {
        "inputs": None,
        "outputs": None,
        "samples": None,
        "sources": ["stream"],
    }


def test_list_loads_nothing_heavy():
    """Neither the circuits' language nor the twin's arrays."""
    script = "import sys; from mgd_hdl import cli; cli.main(['list']); print(*sys.modules, file=sys.stderr)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"amaranth", "numpy", "mgd_sim", "mgd_synth"} & set(run.stderr.split())


# ---- check ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_check_summary(name, capsys):
    assert cli.main(["check", name]) == 0
    config, out = preset(name), capsys.readouterr().out
    timing = config.timing
    assert out.startswith(f"{config.name}: ok\n")
    for expected in (
        f"  parameters   {config.parameters}\n",
        f"  parameter    {config.words.parameter}, {config.words.parameter.width} bits",
        f"  cost         {config.words.cost}, {config.words.cost.width} bits\n",
        f"  latency      {timing.measure_latency} clocks to a cost, {timing.step_latency} to its update\n",
        f"\n  step         {CLOCKS[name]} clocks, while samples are there in time\n",
        f"{config.placement.rows} rows of 8 in {len(config.placement.tiles)} tiles",
    ):
        assert expected in out
    assert ("leaf registers" in out) == (config.parameters > 64)
    assert cli.main(["estimate", name]) == 0
    assert f"{config.parameters} parameters, {CLOCKS[name]} clocks per step.\n" in capsys.readouterr().out
    assert "snapped" not in out


@pytest.mark.parametrize(
    ("engine", "start"),
    [
        ("", 'from any zeros and ones; from unknown values (X) only with engine.reset = "yes"'),
        ('reset = "yes"', "from whatever registers hold, unknown values (X) too"),
        ('cell = "serial"', "from whatever registers hold, unknown values (X) too"),
    ],
)
def test_check_says_what_a_start_needs(engine, start, capsys):
    Path("x.toml").write_text(f"{preset_text('xor')}\n[engine]\n{engine}\n")
    assert cli.main(["check", "x.toml"]) == 0
    assert f"  start        {start}\n" in capsys.readouterr().out


def test_check_says_what_was_snapped(capsys):
    Path("x.toml").write_text(preset_text("xor").replace("rate = 0.5", "rate = 0.4"))
    assert cli.main(["check", "x.toml"]) == 0
    assert "  snapped      learning.rate = 0.4 is used as 0.5\n" in capsys.readouterr().out


@pytest.mark.parametrize("bits", [2, 3, 4, 7])
def test_check_tells_the_mean_square_of_sinusoids(bits, capsys):
    """Of the odd numbers nearest to a sine of peak sqrt(2) 2**(k-1), at 4,096 places."""
    text = preset_text("xor").replace('"random_code"', f'"sinusoidal"\nresolution = {bits}')
    Path("x.toml").write_text(text.replace('"SQ(5, 11)"', '"SQ(5, 18)"'))
    assert cli.main(["check", "x.toml"]) == 0
    shown = float(re.search(r"amplitude    2\*\*-4, root mean square (.*)\n", capsys.readouterr().out)[1])
    peak = math.sqrt(2) * 2 ** (bits - 1)
    sines = [math.sin(2 * math.pi * (place + 0.5) / 4096) for place in range(4096)]
    mean = sum((2 * math.floor(peak * sine / 2) + 1) ** 2 for sine in sines) / 4096
    assert shown == pytest.approx(0.0625 * math.sqrt(mean) / 2 ** (bits - 1), rel=4e-3)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ('"random_code"\nshare = 0.25', ", root mean square 0.03125"),
        ('"sequential"', ", root mean square 0.02083"),  # 1/48: the square root of nine parameters
        ('"random_code"\ngranularity = "layer"', ", root mean square 0.04419"),  # of two layers
        ('"external"\nresolution = 1', ""),
        ('"square"', ""),
    ],
)
def test_check_tells_the_mean_square_of_rest(given, shown, capsys):
    """A parameter that rests most of the time is shaken less in the mean."""
    Path("x.toml").write_text(preset_text("xor").replace('"random_code"', given))
    assert cli.main(["check", "x.toml"]) == 0
    assert f"  amplitude    2**-4{shown}\n" in capsys.readouterr().out


def test_check_json(capsys):
    assert cli.main(["check", "nist7x7", "--json"]) == 0
    found, config = json.loads(capsys.readouterr().out), preset("nist7x7")
    assert found["ok"] is True
    assert found["parameters"] == 220
    assert found["formats"]["cost"] == {"format": str(config.words.cost), "bits": config.words.cost.width}
    assert [layer["latency"] for layer in found["layers"]] == [layer.latency for layer in config.shape.layers]
    assert found["latency"] == {"measure": config.timing.measure_latency, "step": config.timing.step_latency}


def test_check_json_of_problems(capsys):
    Path("x.toml").write_text(preset_text("xor").replace("rate = 0.5", "rate = 4"))
    assert cli.main(["check", "x.toml", "--json"]) == 2
    out, err = capsys.readouterr()
    problem = {"key": "learning.rate", "value": "4.0 (2**2)", "allowed": "must be 2**-40 to 1"}
    assert json.loads(out) == {"ok": False, "problems": [problem]}
    assert err == "mgd-hdl: learning.rate = 4.0 (2**2): must be 2**-40 to 1\n"


@pytest.mark.parametrize("verb", ["check", "generate"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("nist7x", 'nist7x: is neither a file nor a preset (did you mean "nist7x7"?); presets: xor, parity4'),
        ("nothing.toml", "nothing.toml: cannot be read: no such file or directory"),
        (".", ".: cannot be read: is a directory"),
        ("/etc", "/etc: cannot be read: is a directory"),
        ("", ".: cannot be read: is a directory"),
        ("a\nb.toml", "a?b.toml: cannot be read: no such file or directory"),
        ("a\0b", "is no name of a file"),
        ("x" * 5000, "file name too long"),
        ("/dev/zero", "/dev/zero: is larger than 1 MiB"),
        ("/dev/null", "/dev/null: is empty"),
    ],
)
def test_no_such_configuration(verb, given, message, capsys):
    assert cli.main([verb, given]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("mgd-hdl: ")
    assert message in line
    assert len(line) < 700
    assert list(Path().iterdir()) == []


def test_a_preset_comes_before_a_file_of_its_name(capsys):
    Path("xor").write_text(preset_text("parity4"))
    cli.main(["check", "xor"])
    cli.main(["check", "./xor"])
    out = capsys.readouterr().out
    assert out.index("xor_trainer: ok") < out.index("parity4_trainer: ok")


# ---- schema --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def validator():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a library that jschon uses
        jschon.create_catalog("2020-12")
        return jschon.JSONSchema(json_schema())


@pytest.mark.parametrize("name", PRESETS)
def test_schema_accepts_presets(validator, name):
    assert validator.evaluate(jschon.JSON(tomllib.loads(preset_text(name)))).valid
    assert validator.evaluate(jschon.JSON(preset(name).model_dump(mode="json"))).valid


#: What a schema cannot say: reserved words, limits that depend on a format, and what JSON has not.
NOT_IN_SCHEMA = (
    *("initial too", "one initial too", "both initials", "no initials", "too few act", "too many act"),
    *("format of", "unsigned", "parameter ", "cost change of", "input of", "target below"),
    *("amplitude too", "amplitude tiny", "amplitude enormous", "amplitude nan", "amplitude inf"),
    *("amplitude 1e400", "rate above", "rate far", "rate of 400 digits"),
    *("keyword", "layer 2.0", "tau 1.0", "measure a date"),
    "name ends in a line break",  # a dollar matches before it in Python, not in JSON Schema
    "deep table",  # deeper than the validator goes
)


@pytest.mark.parametrize(
    "text",
    [text for name, text, _ in SINGLE if not name.startswith(NOT_IN_SCHEMA)],
    ids=[name for name, _, _ in SINGLE if not name.startswith(NOT_IN_SCHEMA)],
)
def test_schema_rejects_broken_files(validator, text):
    assert not validator.evaluate(jschon.JSON(tomllib.loads(text))).valid


def test_schema_describes_every_key(capsys):
    assert cli.main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    sections = [schema, *schema["$defs"].values()]
    for section in sections:
        assert section["additionalProperties"] is False
        for key, node in section["properties"].items():
            assert "$ref" in node or node["description"], key
    assert schema["$defs"]["FormatsSection"]["properties"]["parameter"]["default"] == "SQ(5, 11)"


def test_schema_to_a_file(capsys):
    assert cli.main(["schema", "mgd.json"]) == 0
    assert cli.main(["schema", "mgd.json"]) == 2
    assert cli.main(["schema", "mgd.json", "--force"]) == 0
    assert capsys.readouterr().err == "mgd-hdl: mgd.json: exists; --force replaces it\n"
    assert json.loads(Path("mgd.json").read_text())["title"] == "mgd_hdl trainer"


# ---- generate ------------------------------------------------------------------------------------


def test_generate_writes_a_folder_of_the_trainers_name(capsys):
    assert cli.main(["generate", "xor"]) == 0
    folder = Path("xor_trainer")
    assert "module xor_trainer(" in (folder / "xor_trainer.v").read_text()
    written = {path.name for path in folder.iterdir()}
    assert written == {*json.loads((folder / MANIFEST).read_text())["files"], MANIFEST}
    assert capsys.readouterr().out == "".join(
        f"wrote {folder / name}\n" for name in emit.trainer_files(preset("xor"))
    )


def test_generate_from_a_file_equals_the_preset():
    cli.main(["init", "xor", "x.toml"])
    assert cli.main(["generate", "x.toml", "-o", "one"]) == 0
    assert cli.main(["generate", "xor", "-o", "two/deep"]) == 0
    one = {path.name: path.read_bytes() for path in Path("one").iterdir()}
    assert one == {path.name: path.read_bytes() for path in Path("two/deep").iterdir()}


@pytest.fixture
def quick_emit(monkeypatch):
    """Two files at once instead of a circuit, for what does not depend on it."""
    monkeypatch.setattr(
        emit, "trainer_files", lambda config, **_: {f"{config.name}.v": "v1\n", "a.json": "{}\n"}
    )


@pytest.mark.usefixtures("quick_emit")
def test_generate_again(monkeypatch, capsys):
    assert cli.main(["generate", "xor"]) == 0
    assert cli.main(["generate", "xor"]) == 0
    verilog = Path("xor_trainer/xor_trainer.v")
    verilog.write_text("edited\n")
    assert cli.main(["generate", "xor"]) == 2
    assert verilog.read_text() == "edited\n"
    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"mgd-hdl: {verilog}: was changed since it was generated; --force replaces it"
    assert cli.main(["generate", "xor", "--force"]) == 0
    assert verilog.read_text() == "v1\n"


@pytest.mark.usefixtures("quick_emit")
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_generate_keeps_foreign_files(force, capsys):
    Path("out").mkdir()
    Path("out/xor_trainer.v").write_text("foreign\n")
    assert cli.main(["generate", "xor", "-o", "out", *force]) == 2
    assert "was not written by mgd-hdl" in capsys.readouterr().err
    assert [path.name for path in Path("out").iterdir()] == ["xor_trainer.v"]
    assert Path("out/xor_trainer.v").read_text() == "foreign\n"


@pytest.mark.usefixtures("quick_emit")
def test_generate_notes_snapped_numbers(capsys):
    Path("x.toml").write_text(preset_text("xor").replace("rate = 0.5", "rate = 0.4"))
    assert cli.main(["generate", "x.toml"]) == 0
    assert capsys.readouterr().out.endswith("note: learning.rate = 0.4 is used as 0.5\n")


@pytest.mark.parametrize(
    ("what", "status"),
    [
        (KeyboardInterrupt(), 130),
        (emit.EmitError("yosys failed\nbecause"), 2),
        (OSError(28, "No space left on device"), 2),
    ],
    ids=["interrupt", "tool", "disk"],
)
def test_generate_fails_cleanly(monkeypatch, capsys, what, status):
    def fails(config, **_):
        raise what

    monkeypatch.setattr(emit, "trainer_files", fails)
    assert cli.main(["generate", "xor"]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert all(line.startswith("mgd-hdl: ") for line in err.splitlines())
    assert list(Path().iterdir()) == []


def test_long_work_tells_how_far_it_is(monkeypatch):
    """With the time that is left; quick work says nothing."""
    said: list[str] = []
    now = 100.0
    with monkeypatch.context() as patch:
        patch.setattr("mgd_hdl.progress.time.monotonic", lambda: now)
        progress = Progress(said.append)
        progress.stage("making the circuit")
        now = 130.0
        progress.reckoned("making the circuit: 300 of 400 tiles", 0.375)  # of 80 s
        now = 135.0
        assert progress.line() == "making the circuit: 300 of 400 tiles, 35 s, about 45 s left"
        now = 190.0
        assert progress.line() == "making the circuit: 300 of 400 tiles, 90 s"
        progress.stage("learning")
        assert progress.line() == "learning, 0 s"
    with Progress(said.append) as progress:
        progress.reckoned("making the circuit: 1 of 400 tiles", 0.1)
    assert said == []


def test_tiles_and_neurons_are_counted():
    """Each once, and then the time of Yosys."""
    said = []
    emit.trainer_files(preset("parity4"), watch=lambda what, share: said.append((what, share)))
    *placed, last = said
    assert [what for what, _ in placed] == [
        f"{number} of 7 tiles and neurons placed" for number in range(1, 8)
    ]
    assert last[0] == "writing Verilog"
    shares = [share for _, share in said]
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] < 1


def test_an_interrupt_of_long_work_is_one_line(capsys, monkeypatch):
    """Amaranth would complain of every block that is left unused; nothing is written."""

    def reckoned(_self, name, _share):
        if " 4 of 7 " in name:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "reckoned", reckoned)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        assert cli.main(["generate", "parity4"]) == 130
        gc.collect()
    assert seen == []
    assert capsys.readouterr().err == "mgd-hdl: interrupted\n"
    assert list(Path().iterdir()) == []


def test_termination_unwinds(monkeypatch):
    monkeypatch.setattr(emit, "trainer_files", lambda config, **_: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(SystemExit) as caught:
        cli.main(["generate", "xor"])
    assert caught.value.code == 143
    assert list(Path().iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


# ---- all verbs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", [[], *([verb] for verb in VERBS)], ids=str)
def test_help(verb, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main([*verb, "--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    assert "usage: mgd-hdl" in out
    if not verb:
        assert all(f"\n    {name} " in out for name in VERBS)


def test_version(capsys):
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"mgd-hdl {project['version']}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: VERB"),
        (["chek"], '(did you mean "check"?)'),
        (["check"], "the following arguments are required: FILE|PRESET (see mgd-hdl check --help)"),
        (["check", "xor", "--jsn"], "unrecognized arguments: --jsn"),
        (["list", "extra"], "unrecognized arguments: extra"),
        (["generate", "xor", "-o"], "expected one argument"),
        (["generate", "xor", "--forc"], "unrecognized arguments: --forc"),
        (["list", "a\nb"], "unrecognized arguments: a?b"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == ""
    assert line.startswith("mgd-hdl: ")
    assert message in line


def test_in_a_process_of_its_own():
    Path("bad.toml").write_text("[network]\nlayers = [2, 2, 1]\n[learning]\nrat = 1\n")
    run = mgd_hdl("check", "bad.toml")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        'mgd-hdl: learning.rat = 1: unknown key (did you mean "rate"?); allowed here: rate, tau_x, tau_p,'
        " tau_theta, tau_bits, measure, reference, rounding, updates, size, anneal_every, last_rate,"
        " decay, clamp, algorithm, tau_hp, follow\n"
    )


def test_a_reader_that_leaves_early_is_no_error():
    read_end, write_end = os.pipe()
    os.close(read_end)
    run = subprocess.run(
        [sys.executable, "-m", "mgd_hdl", "list"],
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    os.close(write_end)
    assert run.returncode == 128 + signal.SIGPIPE
    assert run.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_is_one_line():
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "mgd_hdl", "list"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert line.startswith("mgd-hdl: ")
    assert "no space left on device" in line


# ---- a device outside ----------------------------------------------------------------------------


def test_measurements_of_a_device_are_told(capsys):
    """Where clocks of a step are, and where they would be."""
    path = str(Path(__file__).parents[2] / "examples/loop/6_circuit.toml")
    config = load(path)
    assert cli.main(["check", path]) == 0
    out = capsys.readouterr().out
    clocks = f"{float(config.timing.clocks_per_step):g}"
    step = (
        f"  step         {clocks} clocks and 2 measurements of the device, while samples are there in time\n"
    )
    assert step in out
    assert "clocks from what was measured to a cost, " in out
    assert cli.main(["check", path, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clocks_per_step"], found["measurements_per_step"]) == (float(clocks), 2.0)
    assert cli.main(["check", "xor"]) == 0
    assert "measure" not in capsys.readouterr().out
    assert cli.main(["estimate", path]) == 2
    assert capsys.readouterr().err == (
        'mgd-hdl: device.kind = "outside": has no estimate: no circuit with a device was among those fitted;'
        " mgd-hdl synth measures it\n"
    )


@pytest.mark.parametrize(
    ("clocks", "measurements", "text"),
    [
        (22.0, 0.0, "22 clocks"),
        (9.0, 1.0, "9 clocks and 1 measurement of the device"),
        (2.53125, 4 / 3, "2.53125 clocks and 1.33333 measurements of the device"),
    ],
)
def test_what_a_step_takes(clocks, measurements, text):
    assert step_text({"clocks_per_step": clocks, "measurements_per_step": measurements}) == text
