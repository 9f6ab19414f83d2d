"""Confluence's storage format as Markdown: XHTML with macros (`ac:`) and references (`ri:`) of its own.

What it means is described at https://confluence.atlassian.com/doc/confluence-storage-format-790796544.html. Pages that
were written by programs are often not well formed, so it is read as browsers read HTML: nothing in it is an error.
"""

import html
import re
from collections.abc import Callable
from typing import Any, Final

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from indexing_service.providers.confluence.macros import EMOTICONS, MACROS, on_one_line, unknown
from indexing_service.providers.confluence.references import Place, image, reference
from indexing_service.providers.confluence.tables import flatten, spread

_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_BLANK_LINES = re.compile(r"\n{3,}")
_AT_LINE_START = re.compile(r"^(?=.)", re.MULTILINE)
_Parents = set[str]
_Converter: Any = MarkdownConverter
_DROPPED: Final = (
    "ac_parameter",
    "ac_task_id",
    "ac_task_status",
    "ac_task_uuid",
    "ac_placeholder",
    "ac_adf_attribute",
    "ac_default_parameter",
    "ac_caption",
    "style",
    "script",
)


def to_markdown(storage: str, place: Place) -> str:
    """Markdown of a page's body; "" when nothing can be read in it."""
    readable = _CDATA.sub(lambda match: html.escape(match[1], quote=False), storage).replace("<![", "&lt;![")
    soup = BeautifulSoup(readable, "html.parser")
    try:
        spread(soup, len(storage))
        markdown: str = _Storage(place).convert_soup(soup)
    except RecursionError:  # thousands of elements within each other: no person wrote this
        markdown = soup.get_text("\n", strip=True)
    return _BLANK_LINES.sub("\n\n", markdown.replace("\xa0", " ")).strip("\n")


class _Storage(_Converter):  # type: ignore[misc]  # markdownify types only a part of itself
    """`text` is what became of an element's children."""

    def __init__(self, place: Place) -> None:
        super().__init__(heading_style="ATX", bullets="-")
        self._place = place

    def get_conv_fn(self, tag_name: str) -> Callable[..., str] | None:
        if tag_name.replace(":", "_").replace("-", "_") in _DROPPED:
            return _nothing
        found: Callable[..., str] | None = super().get_conv_fn(tag_name)
        return found

    def convert_ac_structured_macro(self, el: Tag, text: str, parent_tags: _Parents) -> str:
        written = MACROS.get(str(el.get("ac:name", "")), unknown)(el, text)
        return on_one_line(written) if "_inline" in parent_tags else written

    convert_ac_macro = convert_ac_structured_macro

    def convert_ac_plain_text_body(self, el: Tag, text: str, parent_tags: _Parents) -> str:  # noqa: ARG002
        """Its macro reads it as it stands."""
        return ""

    def convert_ac_rich_text_body(self, el: Tag, text: str, parent_tags: _Parents) -> str:  # noqa: ARG002
        return f" {text.strip()} " if "_inline" in parent_tags else f"\n\n{text}\n\n"

    convert_ac_layout = convert_ac_rich_text_body
    convert_ac_layout_section = convert_ac_rich_text_body
    convert_ac_layout_cell = convert_ac_rich_text_body

    def convert_ac_adf_extension(self, el: Tag, text: str, parent_tags: _Parents) -> str:
        """What the new editor keeps in a form of its own, with the old form for others."""
        fallback = el.find("ac:adf-fallback", recursive=False)
        if isinstance(fallback, Tag):
            text = str(self.process_tag(fallback, parent_tags=set(parent_tags)))
        return self.convert_ac_rich_text_body(el, text, parent_tags)

    def convert_ac_link(self, el: Tag, text: str, parent_tags: _Parents) -> str:
        label, target = reference(el, text, self._place)
        return f"[{label}]({target})" if label and target and "_noformat" not in parent_tags else label

    def convert_ac_plain_text_link_body(self, el: Tag, text: str, parent_tags: _Parents) -> str:  # noqa: ARG002
        return text.strip()

    def convert_ac_image(self, el: Tag, text: str, parent_tags: _Parents) -> str:  # noqa: ARG002
        alt, target = image(el, self._place)
        return alt if "_inline" in parent_tags or not target else f"![{alt}]({target})"

    def convert_ac_emoticon(self, el: Tag, text: str, parent_tags: _Parents) -> str:  # noqa: ARG002
        fallback = str(el.get("ac:emoji-fallback", ""))
        return EMOTICONS.get(str(el.get("ac:name", "")), "" if fallback.isascii() else fallback)

    def convert_ac_task_list(self, el: Tag, text: str, parent_tags: _Parents) -> str:  # noqa: ARG002
        return f"\n\n{text.strip()}\n\n"

    def convert_ac_task(self, el: Tag, text: str, parent_tags: _Parents) -> str:  # noqa: ARG002
        status = el.find("ac:task-status", recursive=False)
        done = status is not None and status.get_text(strip=True) == "complete"
        lines = _AT_LINE_START.sub("  ", text.strip())
        return f"\n- [{'x' if done else ' '}] {lines.strip()}\n"

    def convert_time(self, el: Tag, text: str, parent_tags: _Parents) -> str:  # noqa: ARG002
        return text.strip() or str(el.get("datetime", ""))

    def convert_hr(self, el: Tag, text: str, parent_tags: _Parents) -> str:  # noqa: ARG002
        """Dashes would open a block of settings where they open a page."""
        return "\n\n***\n\n"

    def convert_td(self, el: Tag, text: str, parent_tags: _Parents) -> str:
        if {"td", "th"} & parent_tags:
            return f"{on_one_line(text)}, "
        cell: str = super().convert_td(el, flatten(text), parent_tags)
        return cell

    convert_th = convert_td

    def convert_tr(self, el: Tag, text: str, parent_tags: _Parents) -> str:
        if {"td", "th"} & parent_tags:
            return f"{text.removesuffix(', ')}; "
        row: str = super().convert_tr(el, text, parent_tags)
        return row

    def convert_table(self, el: Tag, text: str, parent_tags: _Parents) -> str:
        if {"td", "th"} & parent_tags:
            return f" {text.removesuffix('; ')} "
        table: str = super().convert_table(el, text, parent_tags)
        return table


def _nothing(_el: Any, _text: str, **_: Any) -> str:
    return ""
