"""Do the memory images hold what the Verilog's memories hold, and that what the functions say?"""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from mgd_hdl import cli
from mgd_hdl.config import AttachedFile, TrainerConfig, load, preset
from mgd_hdl.emit import trainer_files
from mgd_hdl.memories import loaded, memory_images
from mgd_sim.compare import compare
from mgd_sim.rtl import RtlError, trainer_design
from mgd_sim.rtl.tools import run_tool
from mgd_synth.yosys import netlist_in
from testbenches.linting import lint

OWN = Path(__file__).parents[1] / "examples/26_own_data.toml"


def words_of(verilog: str, module: str) -> list[int]:
    """The initial words of the only memory of one module."""
    text = re.search(rf"module {module}\(.*?endmodule", verilog, re.S)[0]
    return [int(word, 16) for word in re.findall(r"^ +\w+\[\d+\] = \d+'h([0-9a-f]+);", text, re.M)]


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_images_equal_the_verilog(activation):
    config = preset("parity4").replaced(network={"activation": activation})
    files = trainer_files(config)
    verilog = files[f"{config.name}.v"]
    images = memory_images(config)
    assert set(images) == {
        f"{config.name}.{name}.hex" for name in (f"{activation}_0", f"{activation}_1", "samples")
    }
    for layer in range(2):
        image = images[f"{config.name}.{activation}_{layer}.hex"]
        words = [int(line, 16) for line in image.splitlines()]
        assert len(words) == 32
        assert words == words_of(verilog, f"{config.name}__{activation}_{layer}")
    samples = [int(line, 16) for line in images[f"{config.name}.samples.hex"].splitlines()]
    assert samples == words_of(verilog, f"{config.name}__sample_memory")
    assert samples == [x | (x.bit_count() % 2) << 4 for x in range(16)]


def test_table_words_are_the_function():
    """Base and slope of the middle segment of tanh, by hand: tanh(0) = 0, tanh(1/2) = 0.4621."""
    config = preset("parity4").replaced(network={"activation": "tanh"})
    words, width = config.shape.layers[0].table.words
    base, slope = words[16] & 0x7FF, words[16] >> 11
    assert (base, slope) == (0, round(math.tanh(0.5) * 1024))
    assert words[0] & 0x7FF == (-1024) & 0x7FF
    assert max(words).bit_length() <= width


@pytest.mark.parametrize(
    ("name", "tables"), [("xor", ["softplus"]), ("nist7x7", ["exponential", "logarithm"])]
)
def test_images_of_the_cross_entropy(name, tables):
    """Their first words by hand: log(2) or 1, falling in the first sixteenth; log(1), rising."""
    config = preset(name).replaced(
        network={"activation": ["sigmoid", "linear"]}, cost={"loss": "cross_entropy"}
    )
    verilog, images = trainer_files(config)[f"{config.name}.v"], memory_images(config)
    unit = 2 ** (config.words.cost_change.fraction_bits + 3)
    first = {
        "softplus": (math.log(2), math.log(2) - math.log(1 + math.exp(-1 / 16))),
        "exponential": (1.0, 1 - math.exp(-1 / 16)),
        "logarithm": (0.0, math.log(1 + 1 / 128)),
    }
    for table in tables:
        words = [int(line, 16) for line in images[f"{config.name}.{table}.hex"].splitlines()]
        assert len(words) == 128
        assert words == words_of(verilog, f"{config.name}__{table}")
        width = config.curves.curve_fraction + (table == "exponential")
        base, slope = words[0] % 2**width, words[0] >> width
        assert base == round(unit * first[table][0])
        assert abs(slope - unit * first[table][1]) <= 1


def test_generators_have_no_sample_image():
    assert not [name for name in memory_images(preset("nist7x7")) if "samples" in name]


# ---- read by $readmemh ---------------------------------------------------------------------------

#: A trainer, and how many memories it has.
LOADED = {
    "samples and two curves": (preset("parity4").replaced(network={"activation": ["tanh", "sigmoid"]}), 3),
    "a curve for each neuron": (preset("xor").replaced(imperfections={"activation_spread": 0.25}), 4),
    "curves of the loss": (
        preset("nist7x7").replaced(
            network={"activation": ["sigmoid", "linear"]}, cost={"loss": "cross_entropy"}
        ),
        3,
    ),
    "none": (
        preset("xor").replaced(network={"activation": ["relu", "linear"]}, task={"source": "stream"}),
        0,
    ),
    "own samples": (load(OWN), 3),
}


def written(config: TrainerConfig, folder: Path, *, inline: bool = False) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    files = trainer_files(config, inline=inline)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return files


@pytest.mark.parametrize("name", LOADED)
def test_nothing_else_is_changed(name, tmp_path):
    """With the words of the files in their places the Verilog is the inline one; and it is free of lint."""
    config, memories = LOADED[name]
    files = written(config, tmp_path)
    read = re.findall(r'\$readmemh\("([\w.]+)", (\w+), 0, \d+\);', files[f"{config.name}.v"])
    assert sorted(file for file, _ in read) == sorted(memory_images(config))
    assert len(read) == memories
    verilog = files[f"{config.name}.v"]
    for file, memory in read:
        width = int(re.search(rf'  reg \[(\d+):0\] {memory} \[\d+:0\];\n.*"{file}"', verilog)[1]) + 1
        words = [int(word, 16) for word in files[file].split()]
        lines = [
            f"    {memory}[{place}] = {width}'h{word:0{-(-width // 4)}x};" for place, word in enumerate(words)
        ]
        block = "\n".join(["  initial begin", *lines, "  end"])
        verilog = verilog.replace(f'  initial $readmemh("{file}", {memory}, 0, {len(words) - 1});', block)
    assert verilog == trainer_files(config)[f"{config.name}.v"]
    assert lint(tmp_path, config.name, f"{config.name}.vlt", f"{config.name}.v") == (0, "")


def test_other_words_are_noticed():
    config = preset("xor")
    text = trainer_files(config)["xor_trainer.v"]
    other = text.replace("rom[1] = 3'h5", "rom[1] = 3'h4")
    assert other != text
    with pytest.raises(ValueError, match=r"sample_memory: does not hold the words of xor_trainer\.samples"):
        loaded(other, config)
    with pytest.raises(ValueError, match="sigmoid_1"):
        loaded(text.replace("module xor_trainer__sigmoid_1(", "module other("), config)


def test_icarus_reads_them(tmp_path):
    """The testbench, in a folder whose name has a space, says the same; without a file it does not."""
    config = preset("parity4")
    said = []
    for inline in (True, False):
        folder = tmp_path / f"in line {inline}"
        written(config, folder, inline=inline)
        sources = [f"{config.name}.v", f"{config.name}.tb.v"]
        run_tool(["iverilog", "-g2012", "-o", "t.vvp", *sources], folder=folder, timeout=60, what="compiling")
        run = ["vvp", "-n", "t.vvp", "+steps=40"]
        said.append(run_tool(run, folder=folder, timeout=60, what="running"))
    assert "signature" in said[0]
    assert said[0] == said[1]
    image = folder / f"{config.name}.samples.hex"
    image.write_text("".join(reversed(image.read_text().splitlines(keepends=True))))
    assert run_tool(run, folder=folder, timeout=60, what="running") != said[0]
    image.unlink()
    with pytest.raises(RtlError, match="updates are unknown"):
        run_tool(run, folder=folder, timeout=60, what="running")


def test_yosys_reads_them(tmp_path):
    """Both give the same memories, bit for bit."""
    config = preset("xor")
    found = []
    for inline in (True, False):
        folder = tmp_path / str(inline)
        files = written(config, folder, inline=inline)
        passes = f"hierarchy -top {config.name}; proc; memory_collect"
        modules = netlist_in(folder, files[f"{config.name}.v"], passes)["modules"]
        found.append(
            {
                name: cell["parameters"]["INIT"]
                for name, module in modules.items()
                for cell in module["cells"].values()
                if cell["type"].startswith("$mem")
            }
        )
    assert len(found[0]) == 3
    assert found[0] == found[1]


def test_data_change_without_the_verilog(tmp_path, monkeypatch, capsys):
    """One circuit, every state equal to the twin's: with its own samples, then with others in their place.

    A verb writes the images of the others.
    """
    config = load(OWN)
    table = OWN.with_suffix(".csv").read_text().replace("odd", "a")  # the order of the classes turns
    (tmp_path / "other.csv").write_text(table)
    folder = tmp_path / config.name
    monkeypatch.chdir(tmp_path)
    assert cli.main(["generate", str(OWN), "--memories", "readmemh"]) == 0
    files = {path.name: path.read_text() for path in folder.iterdir()}
    design = trainer_design(files)
    monkeypatch.chdir(folder)
    assert compare(config, design, 300, seeds=[1]).equal
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    arguments = ["--memories", "images", "--samples", "other.csv"]
    assert cli.main(["generate", str(OWN), *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"wrote {config.name}/{name}" for name in memory_images(config)]
    other = config.with_file("task.file", load_file(tmp_path / "other.csv"))
    monkeypatch.chdir(folder)
    assert (folder / f"{config.name}.v").read_text() == files[f"{config.name}.v"]
    assert not compare(config, design, 300, seeds=[1]).equal
    assert compare(other, design, 300, seeds=[1]).equal


def load_file(path: Path) -> AttachedFile:
    return AttachedFile(path.name, path.read_bytes())


def test_images_of_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = '[network]\nlayers = [2, 1]\nactivation = "linear"\n[task]\nsource = "stream"\n'
    (tmp_path / "t.toml").write_text(text)
    assert cli.main(["generate", "t.toml", "--memories", "images"]) == 2
    assert "has no memories" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["t.toml"]
