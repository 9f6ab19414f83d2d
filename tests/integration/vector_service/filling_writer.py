"""Writes points until they are refused, then makes room and writes on. Run with a folder that holds a file `ballast`.

Says how many points were acknowledged, why it stopped, and how many there are in the end.
"""

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.vector_store import VectorStoreInterface
from tests.unit.vector_service.fakes import DIMENSION, chunk, named
from vector_service.providers.edge.engine import open_edge_engine
from vector_service.services.hybrid_store import HybridVectorStore

_FILLER = " ".join(f"word{number}" for number in range(200))


async def write(folder: Path) -> None:
    said: dict[str, object] = {}
    async with open_edge_engine(folder, index_from=1_000_000) as engine:
        store = HybridVectorStore(engine)
        await store.ensure("chunks", dimension=DIMENSION, model="m")
        said["acknowledged"], said["refusal"] = await _filled(store)
        await store.delete("chunks", document_ids=[named("document")])
        said["after_deletion"] = (await store.info("chunks")).points
    async with open_edge_engine(folder, index_from=1_000_000) as engine:  # on the full disk, as after a restart
        store = HybridVectorStore(engine)
        said["reopened"] = (await store.info("chunks")).points
        (folder / "ballast").unlink()
        await store.upsert("chunks", [chunk("later")])
        said["with_room"] = (await store.info("chunks")).points
    sys.stdout.write(json.dumps(said))


async def _filled(store: VectorStoreInterface) -> tuple[int, str]:
    acknowledged = 0
    while True:
        points = [chunk(f"text {acknowledged + one} {_FILLER}", document=str(acknowledged)) for one in range(49)]
        try:
            await store.upsert("chunks", [*points, chunk(f"marked {acknowledged}", document="document")])
        except UpstreamUnavailableError as error:
            return acknowledged, str(error)
        acknowledged += len(points) + 1


asyncio.run(write(Path(sys.argv[1])))
