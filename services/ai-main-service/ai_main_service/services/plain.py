"""A quotable unit as one line of an answer."""

import re

_QUOTE = re.compile(r"\n[ \t]*>+[ \t]?")
_IMAGE = re.compile(r"!\[([^\[\]]{0,400})\]\([^()]{0,2000}\)")
_LINK = re.compile(r"\[([^\[\]]{0,400})\]\(\s*(<[^<>]{0,2000}>|[^()\s]{0,2000})(?:\s[^()]{0,400})?\)")
_TEMPLATE = re.compile(r"\{[%{]-?\s*[\w.]*\s*(?:\"([^\"]{0,200})\")?.{0,300}?-?[%}]\}", re.DOTALL)
_REFERENCE = re.compile(r"\[([^\[\]]{1,400})\]\[[^\[\]]{0,200}\]")
_SPACE = re.compile(r"\s+")
_ABSOLUTE = ("https://", "http://", "mailto:")
_CELL = re.compile(r"(?<!\\)\|")


def one_line(text: str) -> str:
    """White space collapsed; images and links to places that only the page's own site knows keep their words only."""
    text = _QUOTE.sub(" ", text)
    text = _IMAGE.sub(r"\1", _LINK.sub(_link, _IMAGE.sub(r"\1", text)))
    text = _REFERENCE.sub(r"\1", _TEMPLATE.sub(_argument, text))
    return _SPACE.sub(" ", text).strip()


def cells(row: str) -> list[str]:
    """The cells of a table row, each on one line."""
    return [one_line(cell) for cell in _CELL.split(row.strip().removeprefix("|").removesuffix("|"))]


def row_as_text(header: list[str], row: list[str]) -> str:
    """A table row away from its table: each cell with its column's name; empty cells and names are left out."""
    named = [(header[at] if at < len(header) else "", cell) for at, cell in enumerate(row) if cell]
    return "; ".join(f"{name}: {cell}" if name and name != cell else cell for name, cell in named)


def _link(link: re.Match[str]) -> str:
    target = link[2].strip("<>")
    return f"[{link[1]}]({target})" if target.startswith(_ABSOLUTE) else str(link[1])


def _argument(template: re.Match[str]) -> str:
    """A template's argument where it is a word, such as a channel's name; a path says nothing to a reader."""
    argument = template[1] or ""
    return argument if not set("/.") & set(argument) else ""
