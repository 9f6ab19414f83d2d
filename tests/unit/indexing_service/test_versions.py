"""When a document counts as another version of itself."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from flash_core.interfaces.embedding import EmbeddingModel
from flash_core.testing.fakes import FakeEmbeddingProvider
from indexing_service.interfaces import SourceDocument
from indexing_service.services.measuring import measured
from indexing_service.services.parsing import read_text
from indexing_service.services.passages import Version, chunker_of, version_of
from tests.unit.indexing_service.world import NOON, source

MINILM = EmbeddingModel("all-MiniLM-L6-v2", 384, 256)
TEXT = "# Leave\n\n" + "Everybody has thirty days of paid leave in a year. " * 60


GERMAN = "Die Arbeitsunfähigkeitsbescheinigung ist spätestens am dritten Krankheitstag vorzulegen. " * 60


class Tokenizer(FakeEmbeddingProvider):
    """Words in pieces of four letters."""

    async def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [sum(-(-len(word) // 4) for word in text.split()) for text in texts]


def version(text: str = TEXT) -> Version:
    document = SourceDocument(external_id="leave.md", content=text, format="markdown", modified_at=NOON)
    return version_of(source(), document, read_text(document))


async def longest(text: str, max_tokens: int) -> int:
    [cut] = await measured([version(text)], Tokenizer(), max_tokens)
    return max(one.end - one.start for one in cut.passages())


async def test_a_version_is_the_same_for_every_model_and_size() -> None:
    [short] = await measured([version()], Tokenizer(), 128)
    assert short.size != version().size
    assert short.content_hash == version().content_hash


async def test_a_model_that_reads_less_has_shorter_passages_and_another_way_to_cut() -> None:
    assert chunker_of(replace(MINILM, max_tokens=128)) != chunker_of(MINILM)
    assert await longest(TEXT, 128) <= 350
    assert 700 < await longest(TEXT, 256) <= 850


async def test_a_model_that_reads_more_than_chunks_need_makes_them_no_longer_than_readers_like() -> None:
    assert 900 < await longest(TEXT, 8_191) <= 1_000


@pytest.mark.parametrize("text", [TEXT, GERMAN, "SKU-4711-88-A " * 400, "これは長い文章です。" * 400])
async def test_no_passage_has_more_tokens_than_the_model_reads(text: str) -> None:
    [cut] = await measured([version(text)], Tokenizer(), 256)
    assert max(await Tokenizer().count_tokens([one.embedded for one in cut.passages()])) <= 256


async def test_a_text_is_cut_alike_whatever_is_measured_beside_it() -> None:
    [alone] = await measured([version(GERMAN)], Tokenizer(), 256)
    beside = await measured([version(), version(GERMAN), version("x " * 90_000)], Tokenizer(), 256)
    assert beside[1] == alone
    assert await measured([], Tokenizer(), 256) == []
