"""Presentations: each slide under its title, with its tables, the values of its charts, and what is said to it."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER

from flash_core.errors import InvalidInputError
from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.converters.charts import chart_table
from indexing_service.providers.parsing.markdown import heading, joined, one_line, paragraph, table
from indexing_service.providers.parsing.packages import check_package

_INDENT: Final = "    "
_DRAWING: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_NOT_CONTENT: Final = {PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER}
_MAX_DEPTH: Final = 20


def convert(data: bytes) -> Converted:
    check_package(data)
    presentation = Presentation(BytesIO(data))
    blocks: list[str] = []
    titles: list[str] = []
    for number, slide in enumerate(presentation.slides, 1):
        title = slide.shapes.title
        words = one_line(title.text_frame.text) if title is not None and title.has_text_frame else ""
        parts = [*_shapes(slide.shapes, title), *_said(slide)]
        if words or parts:
            blocks += [heading(words or f"Slide {number}", 2), *parts]
            titles.append(words)
    if not blocks:
        raise InvalidInputError("Its slides have no text.")
    title_given = one_line(presentation.core_properties.title or "")
    generic = title_given.lower() in {"", "powerpoint presentation", "presentation"}
    return Converted(next(filter(None, titles), "") if generic else title_given, joined(blocks))


def _shapes(shapes: Any, title: Any, depth: int = 0) -> Iterator[str]:
    """In reading order: from top to bottom, then from left to right."""
    for shape in sorted(shapes, key=lambda one: (one.top or 0, one.left or 0)):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if shape.is_placeholder and shape.placeholder_format.type in _NOT_CONTENT:
            continue
        if hasattr(shape, "shapes"):
            if depth < _MAX_DEPTH:
                yield from _shapes(shape.shapes, title, depth + 1)
        else:
            yield from _shape(shape)


def _shape(shape: Any) -> Iterator[str]:
    if getattr(shape, "has_table", False):
        yield table(
            [
                [_cell(shape.table, row, column) for column in range(len(shape.table.columns))]
                for row in range(len(shape.table.rows))
            ]
        )
    elif getattr(shape, "has_chart", False):
        yield from _chart(shape.chart)
    elif shape.has_text_frame:
        yield _text(shape.text_frame)
    else:
        described = one_line(shape._element.xpath("string(.//p:cNvPr/@descr)"))  # noqa: SLF001  # python-pptx has no name for it
        if described:
            yield f"![{described}]()"


def _cell(of: Any, row: int, column: int) -> str:
    """A merged cell is repeated in all that it spans."""
    cell = of.cell(row, column)
    if not cell.is_spanned:
        return str(cell.text)
    for up in range(row, -1, -1):
        for left in range(column, -1, -1):
            origin = of.cell(up, left)
            if origin.is_merge_origin and up + origin.span_height > row and left + origin.span_width > column:
                return str(origin.text)
    return ""


def _text(frame: Any) -> str:
    """Paragraphs; those with a bullet or a number as a list."""
    blocks: list[str] = []
    in_list = False
    number = 0
    for one in frame.paragraphs:
        words = one_line(one.text.replace("\v", " "))
        if not words:
            continue
        marker = _marker(one)
        number = number + 1 if marker == "1." else 0
        line = f"{_INDENT * one.level}{f'{number}.' if number else marker} {words}" if marker else paragraph(words)
        if marker and in_list:
            blocks[-1] += f"\n{line}"
        else:
            blocks.append(line)
        in_list = bool(marker)
    return joined(blocks)


def _marker(one: Any) -> str:
    """By the paragraph's own bullet; a deeper level is an item of a list whatever the slide's design says."""
    properties = one._p.pPr  # noqa: SLF001  # python-pptx has no name for bullets
    if properties is not None:
        if properties.find(f"{_DRAWING}buAutoNum") is not None:
            return "1."
        if properties.find(f"{_DRAWING}buNone") is not None:
            return ""
        if properties.find(f"{_DRAWING}buChar") is not None:
            return "-"
    return "-" if one.level else ""


def _chart(chart: Any) -> Iterator[str]:
    if chart.has_title and chart.chart_title.has_text_frame:
        yield paragraph(chart.chart_title.text_frame.text)
    yield chart_table(chart._chartSpace)  # noqa: SLF001  # python-pptx knows no 3-D charts, all have the same parts


def _said(slide: Any) -> Iterator[str]:
    """The notes under a slide, and comments on it."""
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        if notes:
            yield f"**Notes:** {notes}"
    for relation in slide.part.rels.values():
        if relation.reltype.endswith("/comments") and not relation.is_external:
            yield from _comments(relation.target_part.blob)


def _comments(blob: bytes) -> Iterator[str]:
    from lxml import etree  # noqa: PLC0415  # python-pptx has it open already

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for text in etree.fromstring(blob, parser).iter():
        if isinstance(text.tag, str) and text.tag.rpartition("}")[2] in {"t", "text"} and (text.text or "").strip():
            yield f"**Comment:** {one_line(text.text)}"
