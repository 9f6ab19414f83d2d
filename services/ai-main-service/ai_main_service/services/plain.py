"""A quotable unit as one line of an answer."""

import re

_QUOTE = re.compile(r"\n[ \t]*>+[ \t]?")
_CODE = r"(?P<code>`[^`\n]+`)"
_PICTURE = r"!\[(?P<words>[^\[\]]{0,400})\]\([^()]{0,2000}\)"
_IMAGE = re.compile(rf"{_CODE}|{_PICTURE}")
_IMAGES_BEFORE = re.compile(rf"\s*(?:{_PICTURE.replace('?P<words>', '')}\s*)+")
_LINK = re.compile(
    rf"{_CODE}|\[(?P<words>[^\[\]]{{0,400}})\]"
    r"\(\s*(?P<target><[^<>]{0,2000}>|[^()\s]{0,2000})(?:\s[^()]{0,400})?\)"
)
_TEMPLATE = re.compile(rf"{_CODE}|" r"\{[%{]-?\s*[\w.]*\s*(?:\"(?P<words>[^\"]{0,200})\")?.{0,300}?-?[%}]\}", re.DOTALL)
_REFERENCE = re.compile(rf"{_CODE}|\[(?P<words>[^\[\]]{{1,400}})\]\[[^\[\]]{{0,200}}\]")
_SPACE = re.compile(r"\s+")
_ABSOLUTE = ("https://", "http://", "mailto:")
_CELL = re.compile(r"(?<!\\)\|")


def one_line(text: str) -> str:
    """White space collapsed; images and links to places that only the page's own site knows keep their words only.

    Code stays as it is, and a picture before a sentence is no part of it.
    """
    text = _without_images_before(_QUOTE.sub(" ", text))
    text = _IMAGE.sub(_words, _LINK.sub(_link, _IMAGE.sub(_words, text)))
    text = _REFERENCE.sub(_words, _TEMPLATE.sub(_argument, text))
    return _SPACE.sub(" ", text).strip()


def is_picture(text: str) -> bool:
    """Nothing but images."""
    return _IMAGES_BEFORE.fullmatch(text) is not None


def cells(row: str) -> list[str]:
    """The cells of a table row, each on one line."""
    return [one_line(cell) for cell in _CELL.split(row.strip().removeprefix("|").removesuffix("|"))]


def row_as_text(header: list[str], row: list[str]) -> str:
    """A table row away from its table: each cell with its column's name; empty cells and names are left out."""
    named = [(header[at] if at < len(header) else "", cell) for at, cell in enumerate(row) if cell]
    return "; ".join(f"{name}: {cell}" if name and name != cell else cell for name, cell in named)


def _without_images_before(text: str) -> str:
    """A picture that a lower-case word follows is in the place of the sentence's first word."""
    images = _IMAGES_BEFORE.match(text)
    rest = text[images.end() :] if images else ""
    return rest if rest and not rest[0].islower() else text


def _words(found: re.Match[str]) -> str:
    return str(found["code"] or found["words"])


def _link(link: re.Match[str]) -> str:
    target = (link["target"] or "").strip("<>")
    return f"[{link['words']}]({target})" if target.startswith(_ABSOLUTE) else _words(link)


def _argument(template: re.Match[str]) -> str:
    """A template's argument where it is a word, such as a channel's name; a path says nothing to a reader."""
    argument = template["words"] or ""
    return template["code"] or (argument if not set("/.") & set(argument) else "")
