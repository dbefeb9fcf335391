"""Is the page of a report whole on its own, true, and readable for everybody?"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import numpy as np
import pytest

from mgd_hdl import cli
from mgd_hdl.config import preset
from mgd_hdl.config.states import STATES
from mgd_hdl.waveform import waveform
from mgd_sim.page.svg import area_map, spread
from mgd_sim.trainer import Trainer
from mgd_synth.estimate import estimated_sizes, totals
from testbenches.browser import chromium, opened
from testbenches.docs.pages import ROOT

QUICK = ["--seeds", "3", "--steps", "60"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    """Of XOR."""
    file = tmp_path_factory.mktemp("page") / "xor.html"
    assert cli.main(["report", "xor", *QUICK, "-o", str(file)]) == 0
    return file


def cells(text: str, first: str) -> list[str]:
    """The cells of the first table's row that begins with this one."""
    row, *_ = re.findall(rf"<tr>(<td[^>]*>{re.escape(first)}</td>.*?)</tr>", text)
    return [html.unescape(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]


# ---- what it tells -----------------------------------------------------------------------------------


def test_it_is_one_small_file_that_asks_for_nothing(page):
    text = page.read_text()
    assert len(text) < 3 << 20
    assert re.findall(r"(?:src|href)=\"(?!#p\d+\")", text) == []
    assert re.findall(r"https?:|url\((?!#)|@import", text) == []
    assert text.count("<svg ") == 6


def test_its_numbers_are_those_of_the_commands_beside_them(page, capsys):
    text = page.read_text()
    whole = totals(estimated_sizes(preset("xor"), "ecp5-25k"))["logic cells"]
    assert f"{whole:,.0f} logic cells, estimated for an ECP5" in text
    areas = re.findall(r"<title>(\S+): ([\d,]+) logic cells, ", text)
    assert sum(int(size.replace(",", "")) for _, size in areas) == whole
    assert "<code>mgd-hdl simulate xor --steps 3 --vcd waves.vcd</code>" in text
    assert " FILE" not in text, "commands are of this preset, as they stand"
    command = "mgd-hdl train xor --seeds 3 --steps 60 --until-solved"
    assert f"<code>{command}</code>" in text
    assert cli.main([*command.split()[1:], "--json"]) == 1
    learned = json.loads(capsys.readouterr().out)
    assert cells(text, "solved") == ["solved", "0 of 3, 0%"]
    assert cells(text, "accuracy in the end, median")[1] == f"{learned['accuracy']['median']:.2%}"
    assert cells(text, "tau_theta") == ["tau_theta", "16", "1", "Steps between two updates of the parameters"
                                        " that the network sees"]  # fmt: skip
    assert cells(text, "cost_change") == ["cost_change", "SQ(2, 12)", "14"]


def test_time_to_solution_is_steps_times_clocks(capsys):
    """Of a folder of train, synth and study all that is there is told, and nothing learns anew."""
    assert cli.main(["train", "xor_fast", *QUICK[:2], "--steps", "900", "--until-solved", "-o", "run"]) == 0
    study = ["study", "soon", "xor_fast", "--seeds", "4", "--until", "600", "-o", "run"]
    assert cli.main(study) == 0
    blocks = {"array": 100, "harness_like": 20}
    cells_of = {
        "used": 120,
        "per_parameter": 1,
        "available": 24288,
        "harness": 0,
        "unit": "",
        "blocks": blocks,
    }
    synthesized = {
        "target": "ecp5-25k",
        "device": "an <ECP5>",
        "tools": ["yosys 1"],
        "fmax": 50e6,
        "resources": {"logic cells": cells_of},
    }
    Path("run/xor_fast_trainer.ecp5-25k.json").write_text(json.dumps(synthesized))
    Path("run/foreign_notes.csv").write_text("a,b\n1\n")
    assert cli.main(["report", "run", "-o", "xor.html"]) == 0
    assert "wrote xor.html\n" in capsys.readouterr().out
    text = Path("xor.html").read_text()
    found = json.loads(Path("run/xor_fast_trainer.json").read_text())
    median = found["steps_to_goal"]["median"]
    assert median is not None
    assert cells(text, "ecp5-25k")[:3] == ["ecp5-25k", "50.0 MHz", "placed and routed"]
    assert cells(text, "ecp5-25k")[3] == f"{median * 2 / 50e6 * 1e6:.3g} µs"
    assert cells(text, "HW2")[3] == f"{2 * median * 10e-9 * 1e6:.3g} µs"
    assert "120 logic cells, placed and routed for an &lt;ECP5&gt;" in text
    assert "Area against time: xor_fast_trainer_soon.csv" in text
    assert "<code>mgd-hdl study soon xor_fast --seeds 4 --until 600</code>" in text


@pytest.mark.parametrize(
    "name",
    [
        "27_device_outside",
        "31_letters_on_a_bank",
        "25_fine_tuning",
        pytest.param("09_stream", marks=pytest.mark.only_all),
        "22_node_by_node",
    ],
)
def test_whatever_it_is_of_there_is_a_page(name):
    """What cannot be told is told: a bank has no angle."""
    file = ROOT / f"examples/{name}.toml"
    assert cli.main(["report", str(file), "--seeds", "2", "--steps", "10", "-o", "x.html"]) == 0
    text = Path("x.html").read_text()
    assert text.endswith("</html>\n")
    assert "its sizes are not estimated" not in text
    assert ("walsh: engine.kind = " in text) == ("bank" in name)


# ---- what is refused ---------------------------------------------------------------------------------


def test_what_cannot_be_reported(capsys):
    Path("empty").mkdir()
    Path("odd").mkdir()
    Path("odd/x.parameters.npz").write_bytes(b"no")
    Path("two").mkdir()
    for number, name in enumerate(("xor", "parity4")):
        assert cli.main(["train", name, "--seeds", "2", "--steps", "1", "-o", f"{number}"]) == 0
        (found,) = Path(f"{number}").glob("*.npz")
        found.rename(f"two/{found.name}")
    Path("there.html").write_text("precious")
    capsys.readouterr()
    for given, message in (
        (["xor", "-o", "there.html"], "there.html: exists; --force replaces it"),
        (
            ["empty", "-o", "x.html"],
            "empty: holds no NAME.parameters.npz of train or simulate, and no table of study",
        ),
        (["odd", "-o", "x.html"], "odd/x.parameters.npz: is not an .npz file, or is damaged"),
        (
            ["two", "-o", "x.html"],
            "two: holds several configurations: parity4_trainer.parameters.npz, xor_trainer",
        ),
        (["nothing", "-o", "x.html"], "nothing: is neither a file nor a preset"),
    ):
        assert cli.main(["report", *given]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"mgd-hdl: {message}")
    assert Path("there.html").read_text() == "precious"
    assert not Path("x.html").exists()


def test_samples_that_are_not_in_the_folder(capsys):
    """Its files name them, and they are where they were; the line says how to name them."""
    own = ROOT / "examples/26_own_data.toml"
    assert cli.main(["train", str(own), "--seeds", "2", "--steps", "1", "-o", "run"]) == 0
    capsys.readouterr()
    assert cli.main(["report", "run", "-o", "x.html"]) == 2
    told = 'task.file = "26_own_data.csv": cannot be read: no such file or directory'
    assert capsys.readouterr().err == f"mgd-hdl: {told}; --samples FILE says where it is\n"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("xor_trainer.json", '{"steps_to_goal": 1}', "is not as mgd-hdl train writes it"),
        ("xor_trainer.json", "[1", "is not JSON"),
        ("xor_trainer.ecp5-25k.json", '{"resources": 3}', "is not as mgd-hdl synth writes it"),
        (
            "xor_trainer.ecp5-25k.json",
            '{"resources": {"FF": {"used": "1"}}}',
            "is not as mgd-hdl synth writes it",
        ),
    ],
)
def test_a_folder_with_a_damaged_file(name, text, message, capsys):
    assert cli.main(["train", "xor", "--seeds", "2", "--steps", "1", "-o", "run"]) == 0
    Path("run", name).write_text(text)
    capsys.readouterr()
    assert cli.main(["report", "run", "-o", "x.html"]) == 2
    assert capsys.readouterr().err.splitlines() == [f"mgd-hdl: run/{name}: {message}"]
    assert not Path("x.html").exists()


def test_a_resource_of_a_synthesis_is_read_as_a_whole(capsys):
    """Its parts, too: of another kind they are no sizes."""
    good = {"target": "t", "device": "d", "tools": [], "fmax": None}
    assert cli.main(["train", "xor", "--seeds", "2", "--steps", "1", "-o", "run"]) == 0
    capsys.readouterr()
    for each in ({"used": 1, "available": 2}, {"used": 1, "available": 2, "blocks": [1]}, 3):
        document = json.dumps({**good, "resources": {"logic cells": each}})
        Path("run/xor_trainer.t.json").write_text(document)
        assert cli.main(["report", "run", "-o", "x.html"]) == 2
        told = "run/xor_trainer.t.json: is not as mgd-hdl synth writes it"
        assert capsys.readouterr().err.splitlines() == [f"mgd-hdl: {told}"]


# ---- pictures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["xor", "xor_fast"])
def test_a_waveform_shows_the_steps_of_the_twin(name):
    """Each word, in the clocks of its strobe, is the state of one step after another."""
    config = preset(name)
    twin = Trainer(config, [config.seed])
    record = twin.run(20, record=True)
    signals = waveform(config, steps=4)
    strobes = {each.name: each.values for each in signals if each.number is None}
    assert sum(strobes["step_done"]) == 5
    words = [each for each in signals if each.number is not None]
    assert {"cost", "baseline", "cost_change", "hold", "update"} <= {each.name for each in words}
    for each in words:
        assert each.name in {state.name for state in STATES}
        strobe = strobes[each.strobe]
        found = [value for value, high in zip(each.values, strobe, strict=True) if high]
        expected = getattr(record, each.name)[:, 0].tolist()
        assert len(found) >= 4, each.name
        assert any(expected[at : at + len(found)] == found for at in range(1, 12)), each.name


def test_areas_are_areas():
    """Of the sizes' shares, side by side: no two of them overlap, and nothing is left."""
    rng = np.random.default_rng(3)
    sizes = sorted(rng.integers(1, 400, 23).tolist(), reverse=True)
    found = spread(sizes, 400, 250)
    for size, (_, _, wide, high) in zip(sizes, found, strict=True):
        assert wide * high == pytest.approx(size / sum(sizes) * 400 * 250)
    points = rng.random((2000, 2)) * (400, 250)
    inside = [
        sum(x <= px < x + wide and y <= py < y + high for x, y, wide, high in found) for px, py in points
    ]
    assert set(inside) == {1}


@pytest.mark.parametrize(
    ("name", "size", "told"),
    [
        ("network.activation_0", 900, "network.activation_0"),
        ("network.activation_0", 330, "activation_0"),
        ("network.activation_0", 160, "activ…"),
        ("homodyne", 160, "homod…"),
    ],
)
def test_an_area_is_called_by_what_it_has_room_for(name, size, told):
    """Where there is little, the last part of a name says most."""
    picture = area_map({"array": 1000, name: size}, {}, title="", unit="")
    assert f">{told}</text>" in picture


# ---- in a browser ------------------------------------------------------------------------------------


@pytest.mark.skipif(chromium() is None, reason="needs Chromium (apt install chromium), which draws the page")
def test_it_is_readable_for_everybody(page, tmp_path):
    """On a telephone and a desk, light and dark, by keyboard, and read aloud; its policy lets nothing out."""
    with opened() as browser:
        colours = set()
        for width, dark in ((400, False), (400, True), (1400, False)):
            browser.open(page, width=width, dark=dark)
            assert browser.value("document.documentElement.scrollWidth") <= width
            assert browser.value("document.querySelectorAll('svg').length") == 6
            least = "Math.min(...[...document.querySelectorAll('svg')].map(s => s.clientHeight))"
            assert browser.value(least) > 100
            over = "[...document.querySelectorAll('.area')].some(area => [...area.querySelectorAll('text')]"
            over += ".some(text => text.getBBox().x + text.getBBox().width > area.getBBox().x + %s))"
            assert not browser.value(over % "area.querySelector('rect').getBBox().width")
            colours.add(browser.value("getComputedStyle(document.body).backgroundColor"))
        assert len(colours) == 2
        titles = ("The circuit.", "Area by block.", "Cost over steps.", "Success over steps.")
        names = browser.named("image")
        for title in (*titles, "Cosine over perturbations.", "Two steps."):
            assert [name for name in names if name.startswith(title)], title
        assert "xor_trainer" in browser.named("heading")
        buttons = browser.named("button")
        assert len(buttons) == 8
        assert all(buttons)

        browser.value("document.querySelector('.legend button').focus()")
        line = "document.querySelector('figure:has(.legend button) [data-series=\"0\"]').style.display"
        before = browser.value(line)
        browser.press("Enter")
        assert (before, browser.value(line)) == ("", "none")
        assert browser.value("document.activeElement.getAttribute('aria-pressed')") == "false"
        browser.press("Enter")
        assert browser.value(line) == ""
        browser.press("Tab")
        assert browser.value("document.activeElement.textContent").strip() == "mean"

        browser.picture(tmp_path / "page.png")
        assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")
        assert {request for request in browser.requests if request != page.resolve().as_uri()} == set()
        assert browser.complaints == []


@pytest.mark.skipif(chromium() is None, reason="needs Chromium (apt install chromium), which draws the page")
def test_a_page_that_complains_is_noticed(tmp_path):
    """What the test above would say of a script that fails, and of one that asks for something."""
    text = "<!doctype html><script>fetch('https://localhost:1/x'); throw new Error('no')</script>"
    (tmp_path / "bad.html").write_text(text)
    with opened() as browser:
        browser.open(tmp_path / "bad.html", width=400)
        assert any("no" in each for each in browser.complaints)
        assert any("localhost" in each for each in browser.requests)
