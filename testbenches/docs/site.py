"""``make site``: all pages as a site that can be searched, built into ``build/site`` from the same Markdown.

Pages and the files that they link to are copied to a folder of their own, where every relative link of the
repository still leads to what it names; a folder that is linked to gets a page that lists it. A link that
leads nowhere, or to no heading, ends the build. Reports of two presets stand beside.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from mgd_hdl import cli
from mgd_hdl.config.extras import missing

from .pages import ROOT, markdown_files

__all__ = ["REPORTS", "anchor", "build", "main", "reported", "staged"]

SITE = ROOT / "build/site"
#: What the theme lacks.
STYLE = Path(__file__).with_name("site.css")
#: Presets whose reports the site has, and with how many steps they learn.
REPORTS = {"xor": 20_000, "nist7x7_centered": 20_000}

_LINK = re.compile(r"(\]\()([^)\s]+)(\))")
_CODE = re.compile(r"(?ms)^```.*?^```$|`[^`\n]*`")


def anchor(title: str, separator: str) -> str:
    """A heading's anchor, as GitHub makes it; MkDocs gives the separator."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", separator)


def staged(folder: Path) -> None:
    """Copies pages, and whatever they link to, into a folder."""
    for page in markdown_files():
        place = folder / page.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        text = page.read_text("utf-8")
        code = [found.span() for found in _CODE.finditer(text)]

        def led(found: re.Match[str], page: Path = page, code: Sequence[tuple[int, int]] = code) -> str:
            if any(begin <= found.start() < end for begin, end in code):
                return found[0]
            return found[1] + _led(page, found[2], folder) + found[3]

        place.write_text(_LINK.sub(led, text), "utf-8")


def _led(page: Path, link: str, folder: Path) -> str:
    """The link as the site has it; what it names is copied."""
    name, mark, heading = link.partition("#")
    if not name or re.match(r"[a-z]+:", link):
        return link
    target = (page.parent / name).resolve()
    place = folder / target.relative_to(ROOT)
    if target.is_dir():
        if (target / "README.md").exists():
            return f"{name.rstrip('/')}/README.md"
        place.mkdir(parents=True, exist_ok=True)
        files = sorted(each for each in target.iterdir() if each.is_file())
        lines = [f"# {target.relative_to(ROOT)}", "", *(f"- [{each.name}]({each.name})" for each in files)]
        (place / "README.md").write_text("\n".join(lines) + "\n", "utf-8")
        for each in files:
            shutil.copyfile(each, place / each.name)
        return f"{name.rstrip('/')}/README.md"
    if target.suffix != ".md" and target.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        # Without a suffix a file would be taken for a page's folder.
        place = place if place.suffix else place.with_name(f"{place.name}.txt")
        shutil.copyfile(target, place)
        return f"{name}{'' if target.suffix else '.txt'}{mark}{heading}"
    return link


def build(source: Path, site: Path) -> None:
    """The site of a folder of pages. Where a link leads nowhere, that is told and SystemExit raised."""
    from mkdocs.commands.build import build as make
    from mkdocs.config import load_config

    checks = {"not_found": "warn", "anchors": "warn", "unrecognized_links": "warn", "absolute_links": "warn"}
    shutil.copyfile(STYLE, source / STYLE.name)
    config = load_config(
        config_file=io.BytesIO(b"site_name: mgd_hdl\n"),
        docs_dir=str(source),
        site_dir=str(site),
        theme={"name": "readthedocs", "navigation_depth": 2, "highlightjs": False},
        extra_css=[STYLE.name],
        plugins=["search"],
        use_directory_urls=False,
        markdown_extensions=["tables", "fenced_code", {"toc": {"slugify": anchor, "toc_depth": 3}}],
        validation={"links": checks, "nav": {"omitted_files": "ignore"}},
        strict=True,
    )
    told = logging.StreamHandler()
    told.setLevel(logging.WARNING)
    log = logging.getLogger("mkdocs")
    log.addHandler(told)
    try:
        make(config)
    finally:
        log.removeHandler(told)


def reported(source: Path) -> None:
    """Reports of the presets, beside the pages, and a page that lists them."""
    folder = source / "reports"
    folder.mkdir()
    lines = ["# Reports", "", "What `mgd-hdl report` writes:", ""]
    for name, steps in REPORTS.items():
        with contextlib.chdir(folder):  # a report names its command, and no folder of this machine
            if cli.main(["report", name, "--steps", str(steps), "-o", f"{name}.html"]):
                raise SystemExit(f"mgd-hdl report {name} failed")
        lines.append(f"- [{name}]({name}.html)")
    (folder / "README.md").write_text("\n".join(lines) + "\n", "utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m testbenches.docs.site", description=__doc__)
    parser.add_argument("--no-reports", action="store_true", help="leave out the reports, which learn first")
    given = parser.parse_args(arguments)
    lack = missing("mkdocs")
    if lack:
        sys.stderr.write(f"{lack}\n")
        return 2
    source = ROOT / "build/site_pages"
    shutil.rmtree(source, ignore_errors=True)
    staged(source)
    if not given.no_reports:
        reported(source)
    build(source, SITE)
    sys.stdout.write(f"{SITE.relative_to(ROOT)}/index.html\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
