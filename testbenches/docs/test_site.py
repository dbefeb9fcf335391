"""Does every link of the repository lead to what it names on the site, too, and is a dead one noticed?"""

from __future__ import annotations

import json
import re
from importlib.util import find_spec

import pytest

from . import site
from .pages import ROOT, markdown_files
from .site import anchor, build, staged
from .test_pages import headings

needs_mkdocs = pytest.mark.skipif(
    find_spec("mkdocs") is None, reason="needs MkDocs: pip install 'mgd-hdl[site]'"
)


def test_every_page_is_staged_and_its_links_lead_somewhere(tmp_path):
    staged(tmp_path)
    for page in markdown_files():
        copy = tmp_path / page.relative_to(ROOT)
        text = re.sub(r"(?ms)^```.*?^```$|`[^`\n]*`", "", copy.read_text("utf-8"))
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            name = link.partition("#")[0]
            if name and not re.match(r"[a-z]+:", link):
                assert (copy.parent / name).is_file(), f"{page}: {link}"


def test_anchors_are_those_of_the_repository():
    for page in markdown_files():
        titles = re.findall(r"(?m)^#+ (.*)$", page.read_text("utf-8"))
        assert [anchor(title, "-") for title in titles] == headings(page)


@needs_mkdocs
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_site_is_built_and_can_be_searched(tmp_path):
    staged(tmp_path / "pages")
    build(tmp_path / "pages", tmp_path / "site")
    found = json.loads((tmp_path / "site/search/search_index.json").read_text("utf-8"))
    places = {each["location"] for each in found["docs"]}
    assert {"index.html", "docs/word-lengths.html#xor", "docs/blocks/walsh.html"} <= places
    text = (tmp_path / "site/docs/studies.html").read_text("utf-8")
    assert 'href="word-lengths.html"' in text
    assert re.findall(r"(?:src|<link[^>]* href)=\"https?:", text) == []


def test_a_report_names_no_folder_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "REPORTS", {"xor": 20})
    site.reported(tmp_path)
    assert "(xor.html)" in (tmp_path / "reports/README.md").read_text("utf-8")
    page = (tmp_path / "reports/xor.html").read_text("utf-8")
    assert "--steps 20 -o xor.html" in page
    assert str(tmp_path) not in page


@needs_mkdocs
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("link", ["gone.md", "b.md#gone", "#gone"])
def test_a_dead_link_ends_the_build(link, tmp_path, caplog):
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "index.md").write_text(f"# A\n\n[x]({link}) [y](b.md#b)\n")
    (pages / "b.md").write_text("# B\n\n[z](index.md#a)\n")
    with pytest.raises(SystemExit):
        build(pages, tmp_path / "site")
    assert "gone" in caplog.text
    (pages / "index.md").write_text("# A\n\n[y](b.md#b)\n")
    build(pages, tmp_path / "site")
