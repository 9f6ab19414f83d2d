"""Word documents: headings by their styles, lists with their numbers, tables, notes and the words of pictures."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from docx import Document
from docx.oxml.ns import qn

from flash_core.errors import InvalidInputError
from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.converters.runs import Block, Code, Item, Run
from indexing_service.providers.parsing.converters.word_lists import Numbering
from indexing_service.providers.parsing.converters.word_text import paragraph_text, shapes_of
from indexing_service.providers.parsing.markdown import heading, joined, one_line, paragraph, table
from indexing_service.providers.parsing.packages import check_package

_HEADING_LEVELS: Final = 9
_CODE_STYLES: Final = ("code", "source", "listing", "preformatted")


def convert(data: bytes) -> Converted:
    check_package(data)
    document = Document(BytesIO(data))
    reader = _Reader(document)
    text = joined([*reader.blocks(document.element.body), *reader.notes()])
    if not text:
        raise InvalidInputError("It has no text.")
    return Converted(reader.title or one_line(document.core_properties.title or ""), text)


class _Reader:
    def __init__(self, document: Any) -> None:
        self._part = document.part
        self._styles = {style.style_id: style for style in document.styles}
        self._numbering = Numbering(document, self._styles)
        self.title = ""

    def blocks(self, body: Any) -> Iterator[str]:
        """Markdown blocks in the order of the document; the lines of one list or one listing are one block."""
        run = Run()
        for element in _flat(body):
            block = self._block(element)
            if block.text.strip() or isinstance(block, Code):
                yield from run.taken(block)
            for shape in shapes_of(element):
                yield from run.closed()
                yield from self.blocks(shape)
        yield from run.closed()

    def notes(self) -> Iterator[str]:
        """Footnotes, endnotes and comments, behind the text."""
        for name in ("footnotes", "endnotes", "comments"):
            for relation in self._part.rels.values():
                if relation.reltype.endswith(f"/{name}") and not relation.is_external:
                    yield from self._part_notes(relation.target_part)

    def _part_notes(self, part: Any) -> Iterator[str]:
        from lxml import etree  # noqa: PLC0415  # python-docx has it open already

        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        for note in etree.fromstring(part.blob, parser):
            if note.get(qn("w:type")) in {None, "normal"}:
                yield paragraph(" ".join(paragraph_text(one, part) for one in note.iter(qn("w:p"))))

    def _block(self, element: Any) -> Block:
        if element.tag == qn("w:tbl"):
            return Block(self._table(element))
        text = paragraph_text(element, self._part)
        style = _style_id(element)
        level = self._level(element, style)
        if level is not None and text.strip():
            number = self._numbering.label(element, style)
            if not self.title and level == 1:
                self.title = one_line(_plain(text))
            return Block(heading(f"{number} {_plain(text)}" if number else _plain(text), level))
        if self._is_code(style):
            return Code(text)
        item = self._numbering.item(element, style) if text.strip() else None
        return Item(f"{item.marker} {one_line(text)}", item.level) if item else Block(paragraph(text))

    def _level(self, element: Any, style_id: str) -> int | None:
        """From the paragraph's own outline level, else from its style's name or outline level, or its parents'."""
        own = element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
        if own is not None:
            return _outline(own)
        style = self._styles.get(style_id)
        for _ in range(_HEADING_LEVELS):
            if style is None:
                return None
            name = str(style.name or "").lower()
            if name == "title":
                return 1
            if name.startswith("heading ") and name[8:].isdigit():
                return int(name[8:])
            outline = style.element.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
            if outline is not None:
                return _outline(outline)
            style = style.base_style
        return None

    def _is_code(self, style_id: str) -> bool:
        style = self._styles.get(style_id)
        return style is not None and any(word in str(style.name or "").lower() for word in _CODE_STYLES)

    def _table(self, element: Any) -> str:
        """Merged cells are repeated, so that every row and column says what it is about."""
        rows: list[list[str]] = []
        for row in element.findall(qn("w:tr")):
            cells: list[str] = [""] * _number(row, "w:trPr/w:gridBefore")
            for cell in row.iter(qn("w:tc")):
                if next(cell.iterancestors(qn("w:tbl"))) is not element:
                    continue  # of a table within a cell, which is part of that cell's words
                merge = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
                if merge is not None and merge.get(qn("w:val")) != "restart" and rows:
                    above = rows[-1][len(cells)] if len(cells) < len(rows[-1]) else ""
                    text = above
                else:
                    text = " ".join(paragraph_text(one, self._part) for one in cell.iter(qn("w:p")))
                cells += [text] * max(_number(cell, "w:tcPr/w:gridSpan"), 1)
            rows.append(cells)
        if len(rows) == 1 and len(set(rows[0])) == 1:  # a frame around text
            return "\n\n".join(self.blocks(next(element.iter(qn("w:tc")))))
        return table(rows)


def _flat(body: Any) -> Iterator[Any]:
    """Paragraphs and tables, also those in content controls and tracked insertions."""
    for element in body:
        if element.tag in {qn("w:p"), qn("w:tbl")}:
            yield element
        elif element.tag in {qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:customXml"), qn("w:smartTag")}:
            yield from _flat(element)


def _style_id(element: Any) -> str:
    style = element.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
    return "" if style is None else str(style.get(qn("w:val")))


def _outline(element: Any) -> int | None:
    value = int(element.get(qn("w:val"), _HEADING_LEVELS))
    return value + 1 if value < _HEADING_LEVELS else None


def _number(element: Any, path: str) -> int:
    found = element.find("/".join(map(qn, path.split("/"))))
    return 0 if found is None else int(found.get(qn("w:val"), 0))


def _plain(text: str) -> str:
    return text.replace("**", "")
