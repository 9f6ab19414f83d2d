"""Whoever reads formats gives Markdown, or says why there is none; one document never harms the next."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from flash_core.errors import UnsupportedMediaError
from indexing_service.interfaces import DocumentFormat
from indexing_service.interfaces.parsing import ConverterInterface, UnreadableError
from indexing_service.providers.parsing.limits import Limits
from indexing_service.providers.parsing.pool import ConverterPool
from tests.unit.indexing_service.fake_converter import FakeConverter
from tests.unit.indexing_service.files_of_formats import pdf, word

WORDS = "Leave is 27 days"


@dataclass(frozen=True)
class Readers:
    """`good` holds `WORDS`, `broken` can't be read."""

    converter: ConverterInterface
    good: dict[DocumentFormat, bytes]
    broken: dict[DocumentFormat, bytes]


@pytest.fixture(params=["fake", "pool"])
async def readers(request: pytest.FixtureRequest) -> AsyncIterator[Readers]:
    if request.param == "fake":
        named: tuple[DocumentFormat, ...] = ("csv", "html", "pdf")
        good = dict.fromkeys(named, WORDS.encode())
        yield Readers(FakeConverter(), good, {"docx": b"!", "pdf": b"!"})
        return
    files: dict[DocumentFormat, bytes] = {
        "csv": f"a,b\n{WORDS},2\n".encode(),
        "html": f"<h1>A</h1><p>{WORDS}</p>".encode(),
        "docx": word(WORDS),
        "pdf": pdf([(WORDS, 12, 10, 700)]),
    }
    async with ConverterPool(Limits(seconds=10, memory_mb=600, max_pages=9, max_text=100_000), processes=2) as pool:
        yield Readers(pool, files, {"docx": word(WORDS)[:200], "pdf": b"%PDF-1.7\n\xff"})


async def test_every_format_becomes_markdown(readers: Readers) -> None:
    for name, data in readers.good.items():
        assert WORDS in (await readers.converter.converted(name, data)).markdown


async def test_what_is_broken_says_so_and_the_next_one_is_read(readers: Readers) -> None:
    for name, data in readers.broken.items():
        with pytest.raises((UnreadableError, UnsupportedMediaError)) as raised:
            await readers.converter.converted(name, data)
        assert str(raised.value).endswith(".")
    name, data = next(iter(readers.good.items()))
    assert WORDS in (await readers.converter.converted(name, data)).markdown


async def test_many_at_once_are_all_read(readers: Readers) -> None:
    waiting = [readers.converter.converted(name, data) for name, data in readers.good.items() for _ in range(3)]
    assert all(WORDS in one.markdown for one in await asyncio.gather(*waiting))
