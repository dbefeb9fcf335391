"""The page of a report: one file, which needs no other and asks nothing of any network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib import resources

__all__ = ["Section", "figure", "page", "paragraph", "table"]

#: Lines, points, areas and swatches by the number of their colour.
_COLOURED = "".join(
    f"svg .s{k} .line {{ stroke: var(--c{k}); }} svg .s{k} circle, svg .s{k} .band {{ fill: var(--c{k}); }}"
    f" svg .a{k} rect {{ fill: var(--c{k}); }} .k{k} {{ background: var(--c{k}); }}\n"
    for k in range(7)
)

Section = tuple[str, Sequence[str]]


def paragraph(text: str) -> str:
    """Plain text; between backticks it is typed."""
    parts = text.split("`")
    return (
        "<p>"
        + "".join(f"<code>{escape(part)}</code>" if at % 2 else escape(part) for at, part in enumerate(parts))
        + "</p>"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """A table that scrolls on its own where it is too wide; columns of numbers stand to the right."""
    right = [
        bool(rows) and all(not row[at] or row[at][0].isdigit() or row[at][0] == "-" for row in rows)
        for at in range(len(head))
    ]

    def cells(row: Sequence[str], kind: str) -> str:
        scope = ' scope="col"' if kind == "th" else ""
        return "".join(
            f"<{kind}{scope}{' class=n' if right[at] else ''}>{escape(text)}</{kind}>"
            for at, text in enumerate(row)
        )

    body = "".join(f"<tr>{cells(row, 'td')}</tr>\n" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption hidden>{escape(caption)}</caption>\n<thead><tr>{cells(head, 'th')}</tr></thead>\n"
        f"<tbody>\n{body}</tbody></table></div>"
    )


def figure(
    picture: str,
    caption: str,
    command: str,
    *,
    legend: Sequence[str] = (),
    keys: Sequence[tuple[int, str]] = (),
) -> str:
    """A picture, what it shows, and the command that its numbers are from.

    ``legend`` are the lines, which may be hidden; ``keys`` numbers of colours and what they mean.
    """
    found = f"<figure>\n{picture}\n"
    if legend:
        buttons = "".join(
            f'<li><button type="button" aria-pressed="true" data-of="{k}">'
            f'<span class="swatch k{k % 7}"></span>{escape(name)}</button></li>'
            for k, name in enumerate(legend)
        )
        found += f'<ul class="legend" aria-label="Lines, shown or hidden">{buttons}</ul>\n'
    if keys:
        items = "".join(
            f'<li><span class="swatch k{number % 7}"></span>{escape(name)}</li>' for number, name in keys
        )
        found += f'<ul class="legend">{items}</ul>\n'
    return f"{found}<figcaption>{escape(caption)} <code>{escape(command)}</code></figcaption>\n</figure>"


def page(title: str, about: str, sections: Sequence[Section]) -> str:
    """The whole file."""
    links = "".join(f'<li><a href="#p{at}">{escape(name)}</a></li>' for at, (name, _) in enumerate(sections))
    body = "\n".join(
        f'<section aria-labelledby="p{at}">\n<h2 id="p{at}">{escape(name)}</h2>\n'
        + "\n".join(parts)
        + "\n</section>"
        for at, (name, parts) in enumerate(sections)
    )
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_beside('page.css')}{_COLOURED}</style>\n</head>\n<body>\n<header>\n"
        f"<h1>{escape(title)}</h1>\n{paragraph(about)}\n"
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n</header>\n<main>\n{body}\n</main>\n'
        f"<script>{_beside('page.js')}</script>\n</body>\n</html>\n"
    )


def _beside(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
