"""When a document counts as another version of itself."""

from dataclasses import replace

from flash_core.interfaces.embedding import EmbeddingModel
from indexing_service.interfaces import SourceDocument
from indexing_service.services.parsing import read_text
from indexing_service.services.passages import Version, chunker_of, version_of
from tests.unit.indexing_service.world import NOON, source

MINILM = EmbeddingModel("all-MiniLM-L6-v2", 384, 256)
TEXT = "# Leave\n\n" + "Everybody has thirty days of paid leave in a year. " * 60


def version(model: EmbeddingModel) -> Version:
    document = SourceDocument(external_id="leave.md", content=TEXT, format="markdown", modified_at=NOON)
    return version_of(source(), document, read_text(document), model)


def test_a_version_is_the_same_for_every_model() -> None:
    assert version(MINILM).content_hash == version(replace(MINILM, name="other", max_tokens=128)).content_hash


def test_a_model_that_reads_less_has_shorter_passages_and_another_way_to_cut() -> None:
    short, usual = version(replace(MINILM, max_tokens=128)), version(MINILM)
    assert chunker_of(replace(MINILM, max_tokens=128)) != chunker_of(MINILM)
    assert max(one.end - one.start for one in short.passages()) <= 400
    assert max(one.end - one.start for one in usual.passages()) > 900


def test_a_model_that_reads_more_than_chunks_need_changes_nothing() -> None:
    assert chunker_of(replace(MINILM, max_tokens=512)) == chunker_of(MINILM)
