"""Jupyter notebooks: their text and their code, cell by cell. What the code put out is not what somebody wrote."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from flash_core.errors import UnsupportedMediaError
from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.markdown import joined
from indexing_service.services.seen import seen

_FENCES = re.compile(r"^\s*(`{3,})", re.MULTILINE)
_SHORTEST_FENCE: Final = 3
_LANGUAGE = re.compile(r"[\w+#-]+")


def convert(data: bytes) -> Converted:
    try:
        book = json.loads(data)
    except ValueError as error:
        raise UnsupportedMediaError("It is damaged, or no notebook.") from error
    cells = list(_cells(book))
    if not cells:
        raise UnsupportedMediaError("It is no notebook, or an empty one.")
    metadata = _mapping(book.get("metadata"))
    title = metadata.get("title")
    return Converted(title if isinstance(title, str) else "", joined(_shown(one, _language(metadata)) for one in cells))


def _cells(book: Any) -> Iterator[dict[str, Any]]:
    """Before format 4 they stood in worksheets."""
    book = _mapping(book)
    for place in [book, *_list(book.get("worksheets"))]:
        yield from filter(None, map(_mapping, _list(_mapping(place).get("cells"))))


def _shown(cell: dict[str, Any], language: str) -> str:
    text = _text(cell.get("source", cell.get("input")))
    match cell.get("cell_type"):
        case "markdown":
            return seen(text)
        case "heading":
            level = cell.get("level")
            return f"{'#' * (level if isinstance(level, int) else 1)} {text}"
        case "code" if text.strip():
            return _fenced(text, language)
    return text


def _text(source: Any) -> str:
    """One string or a list of lines that bring their ends with them."""
    return "".join(one for one in ([source] if isinstance(source, str) else _list(source)) if isinstance(one, str))


def _fenced(code: str, language: str) -> str:
    longest = max((len(one) + 1 for one in _FENCES.findall(code)), default=_SHORTEST_FENCE)
    fence = "`" * longest
    return f"{fence}{language}\n{code.rstrip()}\n{fence}"


def _language(metadata: dict[str, Any]) -> str:
    for key, field in (("language_info", "name"), ("kernelspec", "language")):
        name = _mapping(metadata.get(key)).get(field)
        if isinstance(name, str) and _LANGUAGE.fullmatch(name):
            return name
    return ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
