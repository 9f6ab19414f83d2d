"""PDF: the text in reading order, headings by the size of their letters, tables by their rules and columns."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import pypdfium2

from flash_core.errors import InvalidInputError, TooLargeError, UnsupportedMediaError
from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.converters.pdf_tables import aligned_tables, ruled_tables
from indexing_service.providers.parsing.converters.pdf_text import Line, PageText, in_reading_order
from indexing_service.providers.parsing.markdown import heading, joined, one_line, paragraph

_MARGIN: Final = 0.12
"""Share of a page's height at its top and bottom where headers and footers stand."""
_HEADING_RATIO: Final = 1.12
_MAX_HEADING: Final = 160
_MAX_LEVELS: Final = 4
_NEW_PARAGRAPH: Final = 1.65
"""Lines that are farther apart than so many heights of their letters belong to different paragraphs."""
_BULLET = re.compile(r"^[\u2022\u25e6\u25aa\u25cf\u25cb\u25a0\u2023\u2043\u00b7\u2219\u2013\uf0b7]\s*(?=\S)")
_NUMBERED = re.compile(r"^(?:\(?\d{1,3}[.)]|[a-z][.)]|-)\s")
_DIGITS = re.compile(r"\d+")
_PAGE_NUMBER = re.compile(r"(?:page\s*)?\d+(?:\s*(?:of|/|-)\s*\d+)?|[ivxlc]+", re.IGNORECASE)
_PASSWORD: Final = pypdfium2.raw.FPDF_ERR_PASSWORD


@dataclass(frozen=True, slots=True)
class _Page:
    height: float
    lines: Sequence[Line]
    tables: dict[int, str]
    inside: set[int]
    """Places of lines that are part of a table; `tables` has each table at its first line."""


def convert(data: bytes, max_pages: int) -> Converted:
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == _PASSWORD:
            raise UnsupportedMediaError("It is protected by a password.") from error
        raise UnsupportedMediaError("It is damaged, or no PDF.") from error
    if len(document) > max_pages:
        raise TooLargeError(f"It has {len(document):,} pages; up to {max_pages:,} are read.")
    pages = [_read(document, number) for number in range(len(document))]
    pages = _without_repeats(pages)
    blocks = list(_Layout(pages).blocks())
    if not blocks:
        raise InvalidInputError("It holds no text, only pictures: scanned pages are not read.")
    return Converted(one_line(document.get_metadata_value("Title")), joined(blocks))


def _read(document: pypdfium2.PdfDocument, number: int) -> _Page:
    """Pages are closed as they are read: memory stays flat."""
    page = document[number]
    text = page.get_textpage()
    lines = in_reading_order(list(PageText(text).lines()))
    found = ruled_tables(page, lines)
    inside = {at for one in found for at in one.lines}
    more = aligned_tables(lines, inside)
    inside |= {at for one in more for at in one.lines}
    tables = {min(one.lines): one.markdown for one in [*found, *more] if one.lines}
    height = page.get_height()
    text.close()
    page.close()
    return _Page(height, lines, tables, inside)


def _without_repeats(pages: Sequence[_Page]) -> list[_Page]:
    """What stands in the margins of several pages stays where it comes first; page numbers go."""
    counts = Counter(key for page in pages for key in {_key(line) for line in page.lines if _marginal(line, page)})
    seen: set[str] = set()
    kept: list[_Page] = []
    for page in pages:
        dropped: set[int] = set()
        for at, line in enumerate(page.lines):
            key = _key(line)
            if at in page.inside or not _marginal(line, page):
                continue
            if _PAGE_NUMBER.fullmatch(line.text) or (counts[key] > 1 and key in seen):
                dropped.add(at)
            seen.add(key)
        kept.append(_cut(page, dropped))
    return kept


def _cut(page: _Page, dropped: set[int]) -> _Page:
    places = [at for at in range(len(page.lines)) if at not in dropped]
    new = {old: at for at, old in enumerate(places)}
    return _Page(
        page.height,
        [page.lines[at] for at in places],
        {new[at]: table for at, table in page.tables.items()},
        {new[at] for at in page.inside},
    )


def _marginal(line: Line, page: _Page) -> bool:
    return line.box.bottom > page.height * (1 - _MARGIN) or line.box.top < page.height * _MARGIN


def _key(line: Line) -> str:
    return _DIGITS.sub("#", line.text)


class _Layout:
    """Lines as paragraphs, headings, lists and listings."""

    def __init__(self, pages: Sequence[_Page]) -> None:
        self._pages = pages
        sizes: Counter[float] = Counter()
        for page in pages:
            for line in page.lines:
                sizes[line.size] += len(line.text)
        self._body = sizes.most_common(1)[0][0] if sizes else 0.0
        larger = sorted((size for size in sizes if size > self._body * _HEADING_RATIO), reverse=True)
        self._levels = {size: min(at + 1, _MAX_LEVELS) for at, size in enumerate(larger)}
        bold = sum(len(line.text) for page in pages for line in page.lines if line.bold)
        self._bold_stands_out = bold < sum(sizes.values()) / 4

    def blocks(self) -> Iterator[str]:
        open_lines: list[Line] = []
        for page in self._pages:
            for at, line in enumerate(page.lines):
                if at in page.inside:
                    yield from self._closed(open_lines)
                    open_lines = []
                    yield page.tables.get(at, "")
                    continue
                if open_lines and not self._goes_on(open_lines, line):
                    yield from self._closed(open_lines)
                    open_lines = []
                open_lines.append(line)
        yield from self._closed(open_lines)

    def _goes_on(self, lines: Sequence[Line], line: Line) -> bool:
        """Whether `line` continues the block that `lines` begin, also over the end of a page or column."""
        last = lines[-1]
        if last.hyphenated:
            return True
        same = abs(line.size - last.size) < 1 and line.bold == last.bold and line.monospaced == last.monospaced
        if not same or (not line.monospaced and _starts_item(line)):
            return False
        distance = last.box.bottom - line.box.bottom
        if distance < 0:  # another column or page: only in the middle of a sentence
            return line.text[:1].islower()
        return distance < _NEW_PARAGRAPH * max(line.size, last.size)

    def _closed(self, lines: Sequence[Line]) -> Iterator[str]:
        if not lines:
            return
        if lines[0].monospaced and len(lines) > 1:
            yield "\n".join(["```", *(line.text for line in lines), "```"])
            return
        text = _run(lines)
        level = self._level(lines, text)
        if level:
            yield heading(text, level)
        elif _BULLET.match(text):
            yield f"- {_BULLET.sub('', text)}"
        else:
            yield text if _NUMBERED.match(text) else paragraph(text)

    def _level(self, lines: Sequence[Line], text: str) -> int:
        """0: no heading. Bold lines of the text's own size are the lowest headings."""
        if len(text) > _MAX_HEADING or not any(character.isalpha() for character in text) or _BULLET.match(text):
            return 0
        if lines[0].size in self._levels:
            return self._levels[lines[0].size]
        stands_out = self._bold_stands_out and lines[0].bold and len(lines) == 1 and lines[0].size >= self._body
        return len(set(self._levels.values())) + 1 if stands_out and not text.endswith((".", ",", ";", ":")) else 0


def _starts_item(line: Line) -> bool:
    return bool(_BULLET.match(line.text) or _NUMBERED.match(line.text))


def _run(lines: Sequence[Line]) -> str:
    text = ""
    for line in lines:
        text += line.text if line.hyphenated else f"{line.text} "
    return text.strip()
