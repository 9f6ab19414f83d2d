"""Whoever says which collection is searched says it with the model of its vectors."""

import pytest

from documentation_service.interfaces import LiveCollection, LiveIndexInterface
from documentation_service.services.live_index import LiveIndex
from flash_core.models.vector import CHUNKS
from flash_core.testing.fakes import FakeEmbeddingModels, FakeEmbeddingProvider
from flash_core.testing.vector_store import FakeVectorStore
from tests.unit.documentation_service.fakes import FakeLiveIndex

FIRST, SECOND = FakeEmbeddingProvider(), FakeEmbeddingProvider(32, "new")
MODELS = FakeEmbeddingModels([FIRST, SECOND])


async def index(kind: str, model: FakeEmbeddingProvider | None) -> LiveIndexInterface:
    """Where there is one, of this model."""
    if kind == "fake":
        return FakeLiveIndex(MODELS, LiveCollection("chunks_v1", model.name) if model else None)
    vectors = FakeVectorStore()
    if model:
        await vectors.ensure(CHUNKS, dimension=model.dimension, model=model.name)
    return LiveIndex(vectors, MODELS)


@pytest.mark.parametrize("kind", ["fake", "real"])
@pytest.mark.parametrize("model", [FIRST, SECOND])
async def test_questions_are_embedded_by_the_model_of_what_is_searched(kind: str, model: FakeEmbeddingProvider) -> None:
    live = await index(kind, model)
    collection = await live.current()
    assert collection == LiveCollection("chunks_v1", model.name)
    assert (await (await live.embeddings(collection)).model()).name == model.name


@pytest.mark.parametrize("kind", ["fake", "real"])
async def test_before_anything_is_indexed_it_is_the_first_model(kind: str) -> None:
    live = await index(kind, None)
    assert await live.current() is None
    assert (await (await live.embeddings(None)).model()).name == FIRST.name
