"""Documents that were made to do harm end alone, soon, and with a reason."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from flash_core.errors import FlashError, TooLargeError, UnsupportedMediaError, UpstreamUnavailableError
from flash_core.testing.waiting import eventually
from indexing_service.interfaces import DocumentFormat
from indexing_service.interfaces.parsing import UnreadableError
from indexing_service.providers.parsing.limits import Limits
from indexing_service.providers.parsing.pool import ConverterPool
from tests.unit.indexing_service.files_of_formats import WORD, archive, parts_of, pdf, word

SHORT = Limits(seconds=2, memory_mb=400, max_pages=3, max_text=100_000)
GOOD = b"a,b\n1,2\n"
SHOWN = "| a | b |\n| --- | --- |\n| 1 | 2 |"


@pytest.fixture
async def pool() -> AsyncIterator[ConverterPool]:
    async with ConverterPool(SHORT, processes=1) as opened:
        yield opened


def large_document() -> bytes:
    """A part of 110 MB of XML, which is less than a package may hold: memory or time must end it."""
    body = b"<w:p><w:r><w:t>word</w:t></w:r></w:p>" * 3_000_000
    xml = b'<w:document xmlns:w="%s"><w:body>%s</w:body></w:document>' % (WORD.encode(), body)
    return archive(parts_of(word()) | {"word/document.xml": xml, "word/noise.bin": os.urandom(600_000)})


def zeros(megabytes: int) -> bytes:
    return b"0" * (megabytes * 1_000_000)


def entities() -> bytes:
    """A billion laughs."""
    levels = "".join(f'<!ENTITY e{at} "{f"&e{at - 1};" * 10}">' for at in range(1, 10))
    xml = (
        f'<!DOCTYPE x [<!ENTITY e0 "ha">{levels}]><w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>&e9;</w:t></w:r>'
        "</w:p></w:body></w:document>"
    )
    return archive(parts_of(word()) | {"word/document.xml": xml.encode()})


ENDLESS = pdf([("words", 12, 10, 700)], extra=b"BT /F1 1 Tf 1 1 Td (word word word word) Tj ET\n" * 400_000)


@pytest.mark.parametrize(
    ("document_format", "data", "error", "reason"),
    [
        ("docx", archive({"word/document.xml": zeros(500)}), TooLargeError, "unpacks to 500 MB"),
        ("spreadsheet", archive({"xl/worksheets/sheet1.xml": zeros(60)}), TooLargeError, "unpacks to 60 MB"),
        ("docx", large_document(), UnreadableError, "takes"),
        ("docx", entities(), FlashError, "."),
        ("pdf", pdf(*[[("x", 12, 10, 700)]] * 4), TooLargeError, "4 pages"),
        ("html", b"<div>" * 50_000, UnreadableError, "."),
        ("html", b"<p>word</p>" * 500_000, FlashError, "."),
        ("csv", b"word,word\n" * 20_000, TooLargeError, "characters"),
        ("pdf", b"%PDF-1.7\n\xff\x00garbage", UnsupportedMediaError, "damaged"),
        ("docx", b"PK\x03\x04 no archive", UnsupportedMediaError, "damaged"),
        ("docx", archive({"nothing.txt": b"x"}), UnreadableError, "damaged"),
        ("spreadsheet", archive({"xl/workbook.xml": b"<x"}), UnreadableError, "damaged"),
        ("notebook", b"[" * 100_000, UnreadableError, "nested too deeply"),
        ("notebook", b"no JSON", UnsupportedMediaError, "damaged"),
        ("epub", archive({"nothing.txt": b"x"}), UnsupportedMediaError, "damaged"),
        ("epub", archive({"chapter.xhtml": zeros(500)}), TooLargeError, "unpacks to 500 MB"),
        ("outlook", b"no compound file", UnsupportedMediaError, "damaged"),
    ],
)
async def test_an_attack_ends_alone(
    pool: ConverterPool, document_format: DocumentFormat, data: bytes, error: type[FlashError], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        await pool.converted(document_format, data)
    assert (await pool.converted("csv", GOOD)).markdown == SHOWN


async def test_a_page_without_an_end_is_given_up() -> None:
    """A second is less than a fast machine needs for it; a longer page would take the memory first."""
    async with ConverterPool(replace(SHORT, seconds=1), processes=1) as pool:
        with pytest.raises(UnreadableError, match=r"takes (longer|more) than 1 s"):
            await pool.converted("pdf", ENDLESS)
        assert (await pool.converted("csv", GOOD)).markdown == SHOWN


def worker(tmp_path: Path, does: str) -> list[str]:
    """A reading process that says that it is ready, and does this to the first document."""
    program = tmp_path / "worker.py"
    program.write_text(
        "import ctypes, os, sys, time\n"
        "from indexing_service.providers.parsing.messages import packed\n"
        "sys.stdout.buffer.write(packed({'ready': True})); sys.stdout.buffer.flush(); sys.stdin.buffer.read(4)\n"
        f"{does}\n"
    )
    return [sys.executable, str(program)]


@pytest.mark.parametrize(
    ("does", "reason"),
    [
        ("ctypes.string_at(0)", "crashed"),
        ("os._exit(3)", "crashed"),
        ("os.kill(os.getpid(), 9)", "memory"),
        ("time.sleep(60)", "longer than 2 s"),
    ],
)
async def test_a_reader_that_dies_or_hangs_costs_its_document_alone(tmp_path: Path, does: str, reason: str) -> None:
    async with ConverterPool(SHORT, processes=1, command=worker(tmp_path, does)) as pool:
        for _ in range(2):
            with pytest.raises(UnreadableError, match=reason):
                await pool.converted("csv", GOOD)


async def test_a_reader_that_does_not_start_is_no_fault_of_the_document() -> None:
    async with ConverterPool(SHORT, processes=1, command=["/bin/false"]) as pool:
        with pytest.raises(UpstreamUnavailableError):
            await pool.converted("csv", GOOD)


async def test_documents_wait_for_a_free_reader(pool: ConverterPool) -> None:
    found = await asyncio.gather(*(pool.converted("csv", GOOD) for _ in range(8)))
    assert [one.markdown for one in found] == [SHOWN] * 8


async def test_a_reader_ends_when_there_is_nothing_to_read() -> None:
    async with ConverterPool(SHORT, processes=1, idle_seconds=0.01) as pool:
        await pool.converted("csv", GOOD)
        await eventually(lambda: not pool.resting)
        assert (await pool.converted("csv", GOOD)).markdown == SHOWN


async def test_an_abandoned_document_frees_its_place(pool: ConverterPool) -> None:
    await pool.converted("csv", GOOD)
    asked = asyncio.create_task(pool.converted("pdf", ENDLESS))
    await asyncio.sleep(0.01)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert (await pool.converted("csv", GOOD)).markdown == SHOWN
