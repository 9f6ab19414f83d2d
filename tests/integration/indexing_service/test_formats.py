"""Real files of all formats, against what others expect of them."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.limits import Limits
from indexing_service.providers.parsing.worker import convert
from indexing_service.services.chunker import chunk
from indexing_service.services.decoding import decoded
from indexing_service.services.formats import format_named, is_text
from tests.quality.judged import DATA

SAMPLES = DATA / "formats"
pytestmark = [
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="needs the data beside the project"),
    pytest.mark.timeout(120),
]
RECALL = 0.9
ORDER = 0.9
EXPLAINED = {
    "wiki_duck.html": "the expected text has the menus around the article, which are left out on purpose",
    "xlsx_01.xlsx": "the expected text repeats cells as the values of charts",
    "pptx_chart.pptx": "four of its thirty expected words are names of chart types, which no slide shows",
}
ONLY_MARKUP = {
    "![This phrase of the caption is Human-written.]": "This phrase of the caption is Human-written.",
    "data:image/png;base64,iVBORw0KGgoAAAANSU": "",
    "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQE": "",
    "# Email Message": "# Test Email Message",
    "**From:** test.sender@example.com": "test.sender@example.com",
    "**Subject:** Test Email Message": "Test Email Message",
    "## Content": "",
    "* A bullet point": "- A bullet point",
    "* Another point": "- Another point",
}
"""How others write what AskFlash writes otherwise: pictures stay out, their words stay in."""

NOT_READ = {
    "legacy_sample.doc": "binary Word: only large programs read its text in the right order",
    "odt.odt": "no converter yet",
    "rtf.rtf": "what reads it gives bare words, without headings and tables",
    "test_rss.xml": "a feed is no document",
}
NO_SAMPLES = {"expected_strings.json"}


def paths(*, expected: bool) -> list[Path]:
    found = [path for path in sorted(SAMPLES.rglob("*")) if path.is_file() and _format_of(path)]
    return [path for path in found if (_expected(path) is not None) is expected]


def _format_of(path: Path) -> str | None:
    found = format_named(path.name)
    return None if found in {"markdown", "text"} else found


def _expected(path: Path) -> Path | None:
    beside = path.with_name(f"{path.name}.md")
    if beside.exists():
        return beside
    same = path.with_suffix(".md")
    return same if path.suffix == ".pdf" and same.exists() else None


@cache
def converted(path: Path) -> Converted:
    found = format_named(path.name)
    assert found is not None
    data = path.read_bytes()
    return convert(found, decoded(data).encode() if is_text(found) else data, Limits())


def tokens(text: str) -> list[str]:
    """Words, without the marks that stand for what is no text."""
    return re.findall(r"\w+", re.sub(r"<!-- image -->|\[author: [^\]]*\]", "", text).lower())


def in_order(want: Sequence[str], got: Sequence[str]) -> int:
    """The length of their longest common subsequence, by the bits of one number (Crochemore et al. 2001)."""
    places: dict[str, int] = {}
    for at, word in enumerate(want):
        places[word] = places.get(word, 0) | 1 << at
    every = row = (1 << len(want)) - 1
    for word in got:
        shared = row & places.get(word, 0)
        row = ((row + shared) | (row - shared)) & every
    return len(want) - row.bit_count()


def test_the_order_of_words_is_measured_exactly() -> None:
    assert in_order(["a", "b", "c", "d", "e"], ["x", "c", "a", "b", "e", "d"]) == 3
    assert in_order(["a", "b", "c"], ["c", "b", "a"]) == 1


@pytest.mark.parametrize("path", paths(expected=True), ids=lambda path: path.name)
def test_the_expected_words_are_there_and_in_order(path: Path) -> None:
    beside = _expected(path)
    assert beside is not None
    want, got = tokens(beside.read_text()), tokens(converted(path).markdown)
    shared = sum((Counter(want) & Counter(got)).values())
    if path.name in EXPLAINED:
        assert 0.65 < shared / len(want) < RECALL
        return
    assert shared / len(want) >= RECALL
    assert in_order(want, got) / shared >= ORDER


@pytest.mark.parametrize("path", paths(expected=False), ids=lambda path: path.name)
def test_every_sample_gives_words(path: Path) -> None:
    assert tokens(converted(path).markdown)


def test_the_samples_that_are_not_read_are_known() -> None:
    """As docs/sources/formats.md tells them."""
    files = {path.name for path in SAMPLES.rglob("*") if path.is_file() and not format_named(path.name)}
    assert files - NO_SAMPLES == NOT_READ.keys()


STRINGS = json.loads(
    (SAMPLES / "microsoft_markitdown" / "expected_strings.json").read_text() if SAMPLES.is_dir() else "{}"
)


@pytest.mark.parametrize("name", [name for name in STRINGS if format_named(name)])
def test_the_strings_that_others_look_for_are_there(name: str) -> None:
    text = converted(SAMPLES / "microsoft_markitdown" / name).markdown
    joined = " ".join(text.split())
    for string in STRINGS[name]["must_include"]:
        assert " ".join(ONLY_MARKUP.get(string, string).split()) in joined
    for string in STRINGS[name]["must_not_include"]:
        assert string not in text


@pytest.mark.parametrize(
    "path", [*paths(expected=True), *paths(expected=False)], ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_every_row_of_a_cut_table_knows_its_header(path: Path) -> None:
    text = converted(path).markdown
    for one in chunk(text):
        lines = text[one.start : one.end].splitlines()
        if lines[0].startswith("| ") and not (len(lines) > 1 and lines[1].startswith("| ---")):
            assert one.table_head is not None
