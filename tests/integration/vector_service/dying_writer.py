"""Writes points for ever and says how many are acknowledged, until it is killed. Run with the folder as argument."""

import asyncio
import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.unit.vector_service.fakes import DIMENSION, chunk
from vector_service.providers.edge.engine import open_edge_engine
from vector_service.services.hybrid_store import HybridVectorStore


async def write(folder: Path) -> None:
    async with open_edge_engine(folder, index_from=1_000_000) as engine:
        store = HybridVectorStore(engine)
        await store.ensure("chunks", dimension=DIMENSION, model="m")
        for number in itertools.count():
            await store.upsert("chunks", [chunk(f"text {number}")])
            sys.stdout.write(f"{number + 1}\n")
            sys.stdout.flush()


asyncio.run(write(Path(sys.argv[1])))
