"""Notion's blocks, with their children in `children`, as Markdown."""

import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from indexing_service.providers.notion.rich_text import plain, rich, unmarked

Block = Mapping[str, Any]
_LIST_ITEMS: Final = {"bulleted_list_item", "numbered_list_item", "to_do"}
_INDENT: Final = "    "


def markdown(blocks: Sequence[Block]) -> str:
    """What Notion does not tell of, and what nobody reads, is nothing."""
    written: list[str] = []
    before = ""
    for block in blocks:
        kind = str(block.get("type"))
        text = _written(block, kind)
        if not text:
            continue
        together = kind in _LIST_ITEMS and kind == before
        written.append(("\n" if together else "\n\n") + text if written else text)
        before = kind
    return "".join(written)


def _written(block: Block, kind: str) -> str:
    show = _SHOWN.get(kind)
    return show({"id": block.get("id"), **(block.get(kind) or {})}, block.get("children") or ()) if show else ""


def _joined(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))


def _paragraph(content: Block, children: Sequence[Block]) -> str:
    return _joined(unmarked(rich(content.get("rich_text") or ())), markdown(children))


def _heading(level: int) -> Callable[[Block, Sequence[Block]], str]:
    def show(content: Block, children: Sequence[Block]) -> str:
        text = " ".join(rich(content.get("rich_text") or ()).split())
        return _joined(f"{'#' * level} {text}" if text else "", markdown(children))

    return show


def _item(mark: str) -> Callable[[Block, Sequence[Block]], str]:
    def show(content: Block, children: Sequence[Block]) -> str:
        return _under(mark, content, children)

    return show


def _to_do(content: Block, children: Sequence[Block]) -> str:
    return _under("- [x]" if content.get("checked") else "- [ ]", content, children)


def _under(mark: str, content: Block, children: Sequence[Block]) -> str:
    text = rich(content.get("rich_text") or ()).replace("\n", f"\n{_INDENT}")
    inner = textwrap.indent(markdown(children), _INDENT)
    apart = "\n" if all(child.get("type") in _LIST_ITEMS for child in children) else "\n\n"
    return f"{mark} {text}{apart}{inner}" if inner else f"{mark} {text}".rstrip() if text else ""


def _quote(content: Block, children: Sequence[Block]) -> str:
    return textwrap.indent(_paragraph(content, children), "> ", lambda _: True)


def _code(content: Block, _children: Sequence[Block]) -> str:
    text = plain(content.get("rich_text") or ())
    fence = "```"
    while fence in text:
        fence += "`"
    language = str(content.get("language") or "").replace("plain text", "").replace(" ", "-")
    return _joined(f"{fence}{language}\n{text}\n{fence}", rich(content.get("caption") or ()))


def _equation(content: Block, _children: Sequence[Block]) -> str:
    return f"$$\n{content.get('expression') or ''}\n$$"


def _container(_content: Block, children: Sequence[Block]) -> str:
    return markdown(children)


def _table(content: Block, children: Sequence[Block]) -> str:
    rows = [_cells(row) for row in children if row.get("type") == "table_row"]
    if not rows:
        return ""
    width = max(map(len, rows))
    if not content.get("has_column_header"):
        rows.insert(0, [""] * width)
    lines = [_row([*row, *[""] * (width - len(row))]) for row in rows]
    return "\n".join([lines[0], _row(["---"] * width), *lines[1:]])


def _cells(row: Block) -> list[str]:
    cells: Iterable[Iterable[Block]] = (row.get("table_row") or {}).get("cells") or ()
    return [" ".join(rich(cell).replace("|", "\\|").split()) for cell in cells]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _image(content: Block, _children: Sequence[Block]) -> str:
    """The text of an image; the address of an uploaded one holds for an hour only."""
    address = str((content.get("external") or {}).get("url") or "")
    text = rich(content.get("caption") or ())
    return f"![{text}]({address})" if address else text


def _link(content: Block, _children: Sequence[Block]) -> str:
    address = str(content.get("url") or (content.get("external") or {}).get("url") or "")
    text = rich(content.get("caption") or ()) or str(content.get("name") or "") or address
    return f"[{text}]({address})" if address.startswith(("https://", "http://")) else text


def _divider(_content: Block, _children: Sequence[Block]) -> str:
    return "---"


def _child(content: Block, _children: Sequence[Block]) -> str:
    """A page or a database that lies in a page, as a link to it."""
    address = str(content.get("id") or "").replace("-", "")
    return f"[{content.get('title') or 'Untitled'}](https://www.notion.so/{address})"


_SHOWN: Final[Mapping[str, Callable[[Block, Sequence[Block]], str]]] = {
    "paragraph": _paragraph,
    "heading_1": _heading(1),
    "heading_2": _heading(2),
    "heading_3": _heading(3),
    "heading_4": _heading(4),
    "bulleted_list_item": _item("-"),
    "numbered_list_item": _item("1."),
    "to_do": _to_do,
    "toggle": _paragraph,
    "quote": _quote,
    "callout": _quote,
    "code": _code,
    "equation": _equation,
    "table": _table,
    "column_list": _container,
    "column": _container,
    "synced_block": _container,
    "template": _container,
    "divider": _divider,
    "image": _image,
    "bookmark": _link,
    "embed": _link,
    "link_preview": _link,
    "video": _link,
    "file": _link,
    "pdf": _link,
    "child_page": _child,
    "child_database": _child,
}
