"""The words of a Word paragraph, with links, pictures' descriptions and formulas."""

from collections.abc import Iterator
from typing import Any, Final

from docx.oxml.ns import qn

_DRAWING: Final = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_MATH_TEXT: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NOT_SHOWN: Final = {qn("w:del"), qn("w:moveFrom"), qn("w:txbxContent"), qn("w:instrText"), _FALLBACK}
_BREAKS: Final = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}


def paragraph_text(element: Any, part: Any) -> str:
    """Without what was deleted under tracking; text boxes are blocks of their own."""
    return "".join(_pieces(element, part)).strip()


def shapes_of(element: Any) -> list[Any]:
    """The contents of text boxes that are anchored in a paragraph; the copies for old readers left out."""
    if element.tag != qn("w:p"):
        return []
    boxes = element.iter(qn("w:txbxContent"))
    return [box for box in boxes if not any(True for _ in box.iterancestors(_FALLBACK))]


def _pieces(element: Any, part: Any) -> Iterator[str]:
    for child in element:
        tag = child.tag
        if tag in _NOT_SHOWN or tag == qn("w:pPr"):
            continue
        if tag in {qn("w:t"), _MATH_TEXT}:
            yield child.text or ""
        elif tag in _BREAKS:
            yield _BREAKS[tag]
        elif tag == qn("w:hyperlink"):
            yield _link("".join(_pieces(child, part)), child, part)
        elif tag == _DRAWING:
            yield _picture(child)
        else:
            yield from _pieces(child, part)


def _link(words: str, element: Any, part: Any) -> str:
    relation = part.rels.get(element.get(qn("r:id"), "")) if words.strip() else None
    if relation is None or not relation.is_external or not relation.target_ref.startswith(("http://", "https://")):
        return words
    return f"[{words}]({relation.target_ref})"


def _picture(element: Any) -> str:
    described = (element.get("descr") or "").strip()
    return f"![{' '.join(described.split())}]()" if described else ""
