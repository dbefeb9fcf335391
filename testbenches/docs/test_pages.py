"""Do the pages say what the code does: ports, sizes, timing, names and links?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mgd_hdl.config import TrainerConfig, preset
from mgd_hdl.hierarchy import ports_of
from mgd_hdl.learn.homodyne import Homodyne
from mgd_synth.yosys import version

from .pages import PAGES, ROOMS, ROOT, Page, markdown_files
from .sizes import CODES, coded, fingerprint, sizes
from .tables import filled, options
from .timing import simulated

FILES = [path.relative_to(ROOT).as_posix() for path in markdown_files()]

each_file = pytest.mark.parametrize("file", FILES)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


# ---- what is made by a command -------------------------------------------------------------------


@each_file
def test_a_page_is_as_the_command_writes_it(file):
    """Otherwise: ``make docs``."""
    assert filled(ROOT / file) == (ROOT / file).read_text("utf-8")


@each_page
def test_its_size_was_measured_on_this_verilog(page):
    assert sizes()["blocks"][page.name]["verilog"] == fingerprint(page)


@pytest.mark.parametrize("code", CODES)
def test_lanes_were_measured_with_this_code(code):
    assert sizes()["lanes"][code]["verilog"] == coded(code)


def test_sizes_are_of_these_blocks_and_this_tool():
    assert list(sizes()["blocks"]) == [page.name for page in PAGES]
    assert list(sizes()["lanes"]) == list(CODES)
    assert sizes()["tool"] == version()


@each_file
def test_every_marker_is_one_of_a_table(file):
    text = (ROOT / file).read_text("utf-8")
    whole = re.sub(r"(?s)<!-- table: [\w-]+ -->\n(?:(?!<!--).)*<!-- end -->", "", text)
    assert "<!--" not in whole


@pytest.mark.parametrize(
    ("place", "edit"),
    [
        ("| signed 15 |", "| signed 14 |"),
        ("| `minus` | output |", "| `minus` | input |"),
        ("| `minus` | output | 1 |", "| `negative` | output | 1 |"),
        ("-100", "-101"),
        ("logic cells: tables", "logic cells, tables"),
    ],
)
def test_an_edit_of_what_is_made_is_noticed(place, edit, tmp_path):
    text = (ROOT / "docs/blocks/homodyne.md").read_text("utf-8")
    edited = tmp_path / "homodyne.md"
    edited.write_text(text.replace(place, edit, 1), "utf-8")
    assert edited.read_text("utf-8") != text
    assert filled(edited) != edited.read_text("utf-8")


def test_a_timing_table_is_a_simulation():
    assert simulated("clock\nin i.valid 1 0\nin i.payload 50 0\nout word\n", Homodyne(preset("xor"))) == (
        "clock              0    1\n"
        "in    i.valid      1    0\n"
        "in    i.payload   50    0\n"
        "out   word        50  -50\n"
    )


def test_every_key_is_an_option():
    """From the models themselves, not from the schema that the table is made of."""
    keys = set()
    for name, field in TrainerConfig.model_fields.items():
        table = getattr(field.annotation, "model_fields", None)
        section = field.alias or name
        keys |= {section} if table is None else {f"{section}.{key}" for key in table}
    text = (ROOT / "docs/options.md").read_text("utf-8")
    assert set(re.findall(r"(?m)^\| `([\w.]+)` \|", text)) == keys


def test_an_option_is_said_in_words():
    schema = {
        "properties": {"a": {"$ref": "#/$defs/A"}},
        "$defs": {
            "A": {
                "required": ["k"],
                "properties": {
                    "k": {"type": "integer", "minimum": 1, "maximum": 4, "description": "How\nmany."},
                    "m": {"enum": ["x", "y"], "default": "x", "description": "Which."},
                },
            }
        },
    }
    assert options(schema).splitlines()[2:] == [
        "| `a.k` | whole number from 1 to 4 |  | How many. |",
        '| `a.m` | `"x"`, `"y"` | `"x"` | Which. |',
    ]


# ---- what people write ---------------------------------------------------------------------------


def test_every_block_has_its_page():
    found = {f"mgd_hdl/{page.room}/{page.name}.py" for page in PAGES}
    blocks = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / "mgd_hdl" / room).glob("*.py")
        if path.name != "__init__.py"
    }
    assert found == blocks


@each_page
def test_every_port_is_explained(page):
    row = r"(?m)^\| `(\w+)` \| (?:in|out)put \| [^|]+ \| \S.* \|$"
    explained = re.findall(row, page.path.read_text("utf-8"))
    assert explained == [name for name, *_ in ports_of(page.block())]


def unknown_names(text: str, page: Page) -> set[str]:
    """Names in backticks that are no port and no word in the source of the block or the configuration."""
    sources = [
        Path(page.module.__file__),
        *(
            ROOT / "mgd_hdl" / name
            for name in ("trainer.py", "core.py", "ports.py", "schedule.py", "features.py")
        ),
        *(path for path in (ROOT / "mgd_hdl/config").glob("*.py") if path.name != "reserved.py"),
    ]
    words = set(re.findall(r"[A-Za-z]\w*", "".join(path.read_text("utf-8") for path in sources)))
    ports = {name for name, *_ in ports_of(page.block())}
    named = re.findall(r"`([A-Za-z][\w.]*)`", re.sub(r"(?ms)^```.*?^```$", "", text))
    return {name for name in named if name not in ports and not words.issuperset(name.split("."))}


@each_page
def test_names_on_a_page_exist(page):
    assert unknown_names(page.path.read_text("utf-8"), page) == set()


def test_a_port_that_is_gone_is_noticed():
    page = next(page for page in PAGES if page.name == "sequencer")
    text = page.path.read_text("utf-8") + "`take` waits for `late_sample`.\n"
    assert unknown_names(text, page) == {"late_sample"}


def dead_links(path: Path, text: str) -> list[str]:
    """Relative links whose file or heading does not exist."""
    text = re.sub(r"(?ms)^```.*?^```$|`[^`\n]*`", "", text)
    dead = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, heading = link.partition("#")
        target = path.parent / file if file else path
        if re.match(r"[a-z]+:", link):
            continue
        if not target.exists() or (heading and heading not in headings(target)):
            dead.append(link)
    return dead


def headings(path: Path) -> list[str]:
    """The anchors of a page, as GitHub makes them."""
    titles = re.findall(r"(?m)^#+ (.*)$", path.read_text("utf-8"))
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


@each_file
def test_links_lead_somewhere(file):
    assert dead_links(ROOT / file, (ROOT / file).read_text("utf-8")) == []


def test_the_readme_lists_every_page():
    table = (ROOT / "README.md").read_text("utf-8").partition("## Documentation")[2]
    listed = re.findall(r"(?m)^\| .*\]\((docs/[\w-]+\.md)\)", table)
    pages = [path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")]
    assert sorted(listed) == sorted(pages)


def test_dead_links_are_noticed():
    text = "[a](tables.py) [b](gone.md) [c](../../README.md#mgd_hdl) [d](../../README.md#gone) `[e](gone.py)`"
    assert dead_links(Path(__file__), text) == ["gone.md", "../../README.md#gone"]
