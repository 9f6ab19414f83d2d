"""The pipeline and the work of a job, the real ones and those that others are tested with."""

import pytest

from flash_core.errors import UpstreamUnavailableError
from flash_core.schemas.documentation import PutSourceRequest
from flash_core.schemas.indexing import SourceType
from flash_core.testing.fakes import FakeEmbeddingProvider
from flash_core.testing.vector_store import FakeVectorStore
from indexing_service.interfaces import DocumentPipelineInterface, ItemState, JobWorkInterface
from indexing_service.services.job_work import JobWork
from tests.unit.indexing_service.fake_rebuilds import pipeline_of
from tests.unit.indexing_service.fake_source import FakeProvider
from tests.unit.indexing_service.fakes import (
    FakeDatabase,
    FakeDocumentRegistry,
    FakeJobWork,
    FakePipeline,
    FakeVault,
)
from tests.unit.indexing_service.world import claimed, job, page, source, stored

HANDBOOK = source()


@pytest.fixture(params=["fake", "real"])
async def pipeline(request: pytest.FixtureRequest) -> DocumentPipelineInterface:
    if request.param == "fake":
        return FakePipeline()
    registry = FakeDocumentRegistry()
    await registry.put_source(HANDBOOK.id, PutSourceRequest(name="Handbook", provider="folder", groups=[]))
    return pipeline_of(registry, FakeEmbeddingProvider(), FakeVectorStore(), retry_seconds=())


@pytest.fixture(params=["fake", "real"])
def away(request: pytest.FixtureRequest) -> DocumentPipelineInterface:
    """A pipeline that misses a service."""
    error = UpstreamUnavailableError("away")
    if request.param == "fake":
        return FakePipeline(error=error)
    registry = FakeDocumentRegistry(error=error)
    return pipeline_of(registry, FakeEmbeddingProvider(), FakeVectorStore(), retry_seconds=())


async def outcomes(pipeline: DocumentPipelineInterface, *names: str) -> dict[str, ItemState]:
    documents = [page(name) for name in names]
    return {name: one.state async for name, one in pipeline.index(HANDBOOK, documents, full=False, fence=1)}


async def test_every_document_has_an_outcome(pipeline: DocumentPipelineInterface) -> None:
    assert await outcomes(pipeline, "a", "b") == dict.fromkeys("ab", ItemState.INDEXED)
    assert await outcomes(pipeline) == {}


async def test_a_missing_service_is_no_outcome(away: DocumentPipelineInterface) -> None:
    with pytest.raises(UpstreamUnavailableError):
        await outcomes(away, "a")


@pytest.mark.parametrize("kind", ["fake", "real"])
async def test_work_on_an_empty_source_comes_to_an_end(kind: str) -> None:
    database, registry, vectors = FakeDatabase(), FakeDocumentRegistry(), FakeVectorStore()
    real = JobWork(
        database.unit_of_work,
        registry,
        vectors,
        FakePipeline(),
        {SourceType.FOLDER: FakeProvider()},
        FakeVault(),
    )
    work: JobWorkInterface = FakeJobWork() if kind == "fake" else real
    await stored(database.unit_of_work, HANDBOOK, job(HANDBOOK))
    held = await claimed(database.unit_of_work)
    assert held is not None
    await work.perform(held)
    await work.perform(held)
