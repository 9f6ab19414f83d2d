"""The embedded engine and its folder: restarts, kills, strangers, damage."""

import asyncio
import json
import math
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from flash_core.errors import ConflictError, UpstreamUnavailableError
from flash_core.models.vector import VectorFilter, VectorQuery
from tests.unit.vector_service.fakes import DIMENSION, chunk, direction, named
from vector_service.composition import compose
from vector_service.config import Settings
from vector_service.interfaces import AnyOf
from vector_service.providers.edge.engine import EdgeVectorEngine, open_edge_engine
from vector_service.services.hybrid_store import HybridVectorStore

INDEX_FROM = 1_000_000
EVERYONE = VectorFilter(frozenset())
WRITER = Path(__file__).with_name("dying_writer.py")
FILLING_WRITER = Path(__file__).with_name("filling_writer.py")
ON_A_SMALL_DISK = 'mount -t tmpfs -o size=320m none "$1" && fallocate -l 120m "$1/ballast" && exec "$2" "$3" "$1"'


def store_on(engine: EdgeVectorEngine) -> HybridVectorStore:
    return HybridVectorStore(engine)


async def test_what_was_written_is_there_after_a_restart(tmp_path: Path) -> None:
    async with open_edge_engine(tmp_path, index_from=INDEX_FROM) as engine:
        store = store_on(engine)
        await store.ensure("chunks", dimension=DIMENSION, model="m")
        await store.upsert("chunks", [chunk("holiday a"), chunk("holiday b", document_groups=["hr"])])
        before = await store.info("chunks")
    async with open_edge_engine(tmp_path, index_from=INDEX_FROM) as engine:
        store = store_on(engine)
        assert await store.info("chunks") == before
        query = VectorQuery(EVERYONE, "hybrid", direction(1, 0, 0, 0), "holiday")
        assert [hit.id for hit in await store.search("chunks", query)] == [named("holiday a")]


async def test_acknowledged_writes_survive_a_kill(tmp_path: Path) -> None:
    writer = await asyncio.create_subprocess_exec(sys.executable, WRITER, tmp_path, stdout=asyncio.subprocess.PIPE)
    assert writer.stdout is not None
    acknowledged = 0
    async for line in writer.stdout:  # one line a write
        if line.endswith(b"\n") and line.strip().isdigit():  # neither torn nor a log line
            acknowledged = int(line)
        if acknowledged == 300:
            writer.kill()
    assert acknowledged >= 300
    assert await writer.wait() == -signal.SIGKILL
    async with open_edge_engine(tmp_path, index_from=INDEX_FROM) as engine:
        info = await engine.describe("chunks")
        survivors = await engine.payloads("chunks", [named(f"text {number}") for number in range(acknowledged)])
    assert len(survivors) == acknowledged
    assert info.points >= acknowledged


@pytest.mark.timeout(120)
async def test_a_full_disk_refuses_what_is_new_and_loses_nothing(tmp_path: Path) -> None:
    """In a mount namespace of its own, so that the disk is gone with the process."""
    command = ["unshare", "-rm", "sh", "-c", ON_A_SMALL_DISK, "sh", str(tmp_path), sys.executable, str(FILLING_WRITER)]
    writer = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    output, _ = await writer.communicate()
    assert writer.returncode == 0
    said = json.loads(output.splitlines()[-1])
    assert "full" in said["refusal"]
    kept = said["acknowledged"] // 50 * 49
    assert said["acknowledged"] > 0
    assert (said["after_deletion"], said["reopened"], said["with_room"]) == (kept, kept, kept + 1)


async def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    async with open_edge_engine(tmp_path, index_from=INDEX_FROM):
        with pytest.raises(UpstreamUnavailableError, match="Another process uses the vectors"):
            async with open_edge_engine(tmp_path, index_from=INDEX_FROM):
                pytest.fail("opened twice")


async def test_a_damaged_collection_is_named(tmp_path: Path) -> None:
    async with open_edge_engine(tmp_path, index_from=INDEX_FROM) as engine:
        await engine.create("chunks_v1", dimension=DIMENSION, model="m")
    for file in (tmp_path / "collections" / "chunks_v1").glob("*.json"):
        file.write_text("{")
    with pytest.raises(UpstreamUnavailableError, match="chunks_v1 can't be opened"):
        async with open_edge_engine(tmp_path, index_from=INDEX_FROM):
            pytest.fail("opened what is damaged")


async def test_what_an_interrupted_creation_left_is_cleared_away(tmp_path: Path) -> None:
    async with open_edge_engine(tmp_path, index_from=INDEX_FROM) as engine:
        await engine.create("chunks_v1", dimension=DIMENSION, model="m")
        await engine.upsert("chunks_v1", [])
    (tmp_path / "catalogue.json").unlink()
    async with open_edge_engine(tmp_path, index_from=INDEX_FROM) as engine:
        await engine.create("chunks_v1", dimension=2, model="other")
        assert (await engine.describe("chunks_v1")).dimension == 2


async def test_an_alias_may_not_hide_a_collection(tmp_path: Path) -> None:
    async with open_edge_engine(tmp_path, index_from=INDEX_FROM) as engine:
        await engine.create("chunks_v1", dimension=DIMENSION, model="m")
        await engine.create("chunks_v2", dimension=DIMENSION, model="m")
        with pytest.raises(ConflictError):
            await engine.point_alias("chunks_v2", "chunks_v1")


async def test_a_large_collection_is_indexed_when_it_is_opened(tmp_path: Path) -> None:
    async with open_edge_engine(tmp_path, index_from=INDEX_FROM) as engine:
        store = store_on(engine)
        await store.ensure("chunks", dimension=DIMENSION, model="m")
        around = [direction(math.cos(angle), math.sin(angle), 0, 0) for angle in np.linspace(0, math.pi, 5_100)]
        await store.upsert("chunks", [chunk(f"holiday {number}", vector) for number, vector in enumerate(around)])
    async with open_edge_engine(tmp_path, index_from=100) as engine:
        store = store_on(engine)
        query = VectorQuery(EVERYONE, "hybrid", around[4711], "holiday 4711", limit=1)
        [hit] = await store.search("chunks", query)
        assert hit.payload["text"] == "holiday 4711"
        assert (await store.info("chunks")).points == 5_100


async def test_a_failure_of_the_engine_tells_no_content(tmp_path: Path) -> None:
    async with open_edge_engine(tmp_path, index_from=INDEX_FROM) as engine:
        await engine.create("chunks_v1", dimension=DIMENSION, model="m")
        with pytest.raises(UpstreamUnavailableError, match="The vector engine failed"):
            await engine.set_payload("chunks_v1", {"text": object()}, [AnyOf("source_id", ("s",))])


async def test_the_composed_service_keeps_its_vectors_in_the_folder(tmp_path: Path) -> None:
    settings = Settings(internal_key="k" * 32, redis_url="redis://127.0.0.1:1", vector_path=tmp_path / "vectors")
    async with compose(settings) as container:
        info = await container.vectors.ensure("chunks", dimension=DIMENSION, model="m")
        assert info.version == "chunks_v1"
        for check in container.health:
            await check.check()
    assert (tmp_path / "vectors" / "collections" / "chunks_v1").is_dir()
