"""HTML: what a page says, without what every page of its site says."""

import re
from typing import Any, Final

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from flash_core.errors import TooLargeError
from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.converters.unseen_html import drop_unseen

MAX_HTML: Final = 5_000_000
_NOT_SHOWN: Final = ("head", "title", "script", "style", "template", "noscript", "svg")
_AROUND_THE_TEXT: Final = 'nav, footer, [role="navigation"], a[hreflang], .mw-editsection'
_MAIN_SHARE: Final = 0.3
"""A `main` with less of the page's words is not where its text stands."""
_LANGUAGE = re.compile(r"(?:language|lang|highlight-source)-([\w+#-]+)")
_BLANK_LINES = re.compile(r"\n{3,}")


def convert(data: bytes) -> Converted:
    html = data.decode()
    if len(html) > MAX_HTML:
        raise TooLargeError(f"It is HTML of more than {MAX_HTML // 1_000_000} MB.")
    soup = BeautifulSoup(html, "html.parser")
    title = soup.title.get_text() if soup.title else ""
    return Converted(" ".join(title.split()), of_soup(soup))


def of_html(html: str) -> str:
    return of_soup(BeautifulSoup(html[:MAX_HTML], "html.parser"))


def of_soup(soup: BeautifulSoup) -> str:
    drop_unseen(soup)
    for element in soup.find_all(_NOT_SHOWN):
        element.decompose()
    page = _main(soup)
    for element in page.select(_AROUND_THE_TEXT):
        element.decompose()
    for nested in page.select("td table, th table"):
        nested.replace_with(" ".join(nested.stripped_strings))  # a cell is one line
    converter = _Converter(
        heading_style="ATX", bullets="-", table_infer_header=True, code_language_callback=_code_language
    )
    markdown: str = converter.convert_soup(page)
    return _BLANK_LINES.sub("\n\n", markdown).strip("\n")


def _main(soup: BeautifulSoup) -> Tag:
    found = soup.select('main, [role="main"]')
    whole = len(soup.get_text())
    return found[0] if len(found) == 1 and len(found[0].get_text()) >= _MAIN_SHARE * whole else soup


def _code_language(element: Tag) -> str:
    inner = element.find("code")
    for one in (element, inner):
        classes = one.get("class") if isinstance(one, Tag) else None
        named = _LANGUAGE.search(" ".join(classes)) if isinstance(classes, list) else None
        if named:
            return named[1]
    return ""


class _Converter(MarkdownConverter):
    """Pictures keep the words that stand for them, not their bytes."""

    def convert_img(self, el: Any, text: str, parent_tags: Any) -> str:
        if str(el.get("src", "")).startswith("data:"):
            el["src"] = ""
        markdown: str = super().convert_img(el, text, parent_tags)  # type: ignore[misc]  # it has no types
        return markdown if el.get("alt") or el.get("src") else ""
