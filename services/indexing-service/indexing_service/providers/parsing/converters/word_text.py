"""The words of a Word paragraph, with links, pictures' descriptions and formulas."""

import re
from collections.abc import Iterator
from typing import Any, Final

from docx.oxml.ns import qn

_DRAWING: Final = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"
_MATH_TEXT: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NOT_SHOWN: Final = {qn("w:del"), qn("w:moveFrom"), qn("w:txbxContent"), qn("w:instrText"), _FALLBACK}
_OWN_GROUND: Final = {qn("w:tc"), qn("w:txbxContent")}
_GROUNDS: Final = ("w:shd", "w:highlight")
_TINY: Final = 3
"""In half points."""
_WHITE = re.compile(r"[Ff][0-9A-Fa-f][Ff][0-9A-Fa-f][Ff][0-9A-Fa-f]")
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
        if tag in _NOT_SHOWN or tag == qn("w:pPr") or (tag == qn("w:r") and _is_unseen(child, part)):
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


def _is_unseen(run: Any, part: Any) -> bool:
    """Marked as hidden, here or by the style of the letters, or too small or too white to be read."""
    style = run.find(f"{qn('w:rPr')}/{qn('w:rStyle')}")
    hidden = _is_on(run.find(f"{qn('w:rPr')}/{qn('w:vanish')}"))
    if hidden is None and style is not None:
        hidden = _is_on(_styled(part, style.get(qn("w:val"), ""), "w:vanish"))
    return bool(hidden) or _is_tiny(run) or _is_white(run)


def _is_on(setting: Any) -> bool | None:
    return None if setting is None else setting.get(qn("w:val"), "1").lower() not in {"0", "false", "off"}


def _styled(part: Any, style_id: str, setting: str) -> Any:
    for style in part.document.styles.element.iter(qn("w:style")):
        if style.get(qn("w:styleId")) == style_id:
            return style.find(f"{qn('w:rPr')}/{qn(setting)}")
    return None


def _is_tiny(run: Any) -> bool:
    size = run.find(f"{qn('w:rPr')}/{qn('w:sz')}")
    return size is not None and size.get(qn("w:val"), "").isdigit() and int(size.get(qn("w:val"))) <= _TINY


def _is_white(run: Any) -> bool:
    """On the page itself: cells and text boxes may have a colour of their own, which tables' styles say."""
    color = run.find(f"{qn('w:rPr')}/{qn('w:color')}")
    if color is None or not _WHITE.fullmatch(color.get(qn("w:val"), "")):
        return False
    around = list(run.iterancestors())
    properties = [run.find(qn("w:rPr")), *(one.find(qn("w:pPr")) for one in around if one.tag == qn("w:p"))]
    shaded = any(one is not None and one.find(qn(name)) is not None for one in properties for name in _GROUNDS)
    return not shaded and not any(one.tag in _OWN_GROUND for one in around)


def _link(words: str, element: Any, part: Any) -> str:
    relation = part.rels.get(element.get(qn("r:id"), "")) if words.strip() else None
    if relation is None or not relation.is_external or not relation.target_ref.startswith(("http://", "https://")):
        return words
    return f"[{words}]({relation.target_ref})"


def _picture(element: Any) -> str:
    described = (element.get("descr") or "").strip()
    return f"![{' '.join(described.split())}]()" if described else ""
