"""`VectorEngineInterface` on the embedded engine."""

import asyncio
import fcntl
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

from flash_core.errors import ConflictError, FlashError, NotFoundError, UpstreamUnavailableError
from flash_core.models.vector import CollectionInfo, Payload
from vector_service.interfaces import Conditions, EnginePoint, Probe, Scored, VectorEngineInterface
from vector_service.providers.edge.catalogue import Catalogue, CollectionSpec
from vector_service.providers.edge.shard import Shard

T = TypeVar("T")

_POINTS_A_TURN: Final = 100
"""The engine holds the interpreter while it works (some 10 ms for so many points): searches come between the turns."""


_BLOCK: Final = 512
RESERVE_BYTES: Final = 128 << 20
"""What stays free of the disk. The engine writes into mapped files: on a full disk the kernel ends the process with
SIGBUS, and nothing can be deleted any more."""


class EdgeVectorEngine(VectorEngineInterface):
    """All work is done by one thread, because a shard may not be used by two at once.

    Use `open_edge_engine`, which locks the folder and closes what is open.
    """

    def __init__(self, folder: Path, *, index_from: int, reserve_bytes: int = RESERVE_BYTES) -> None:
        self._folder = folder
        self._index_from = index_from
        self._reserve_bytes = reserve_bytes
        self._catalogue = Catalogue.load(folder / "catalogue.json")
        self._shards: dict[str, Shard] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vector-engine")

    async def describe(self, name: str) -> CollectionInfo:
        return await self._run(self._describe, name)

    async def names(self) -> Sequence[str]:
        return await self._run(lambda: list(self._shards))

    async def create(self, version: str, *, dimension: int, model: str, chunker: str = "") -> None:
        await self._run(self._create, version, CollectionSpec(dimension, model, chunker))

    async def drop(self, version: str) -> None:
        await self._run(self._drop, version)

    async def point_alias(self, alias: str, version: str) -> None:
        await self._run(self._point_alias, alias, version)

    async def upsert(self, name: str, points: Sequence[EnginePoint]) -> None:
        for start in range(0, len(points), _POINTS_A_TURN):
            part = points[start : start + _POINTS_A_TURN]
            await self._run(self._upsert, name, part)

    async def delete(self, name: str, conditions: Conditions) -> None:
        await self._run(lambda: self._shard(name).delete(conditions))

    async def set_payload(self, name: str, payload: Payload, conditions: Conditions) -> None:
        await self._run(lambda: self._shard(name).set_payload(payload, conditions))

    async def nearest(self, name: str, probes: Sequence[Probe], conditions: Conditions) -> list[list[Scored]]:
        return await self._run(lambda: self._shard(name).nearest(probes, conditions))

    async def payloads(self, name: str, ids: Sequence[UUID]) -> Mapping[UUID, Payload]:
        return await self._run(lambda: self._shard(name).payloads(ids))

    async def page(self, name: str, first: UUID | None, limit: int) -> tuple[Mapping[UUID, Payload], UUID | None]:
        return await self._run(lambda: self._shard(name).page(first, limit))

    async def check(self) -> None:
        await self._run(lambda: [shard.count() for shard in self._shards.values()])

    async def open(self) -> None:
        """Load every collection of the folder."""
        await self._run(self._open)

    async def aclose(self) -> None:
        await self._run(self._close)
        self._thread.shutdown()

    async def _run(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _translated, work, *arguments)

    def _open(self) -> None:
        for version, spec in self._catalogue.collections.items():
            self._shards[version] = self._opened(version, spec)

    def _opened(self, version: str, spec: CollectionSpec) -> Shard:
        path = self._path(version)
        return Shard(path, spec, index_from=self._index_from, tidied=_bytes_of(path) < self._room())

    def _close(self) -> None:
        for shard in self._shards.values():
            shard.close()
        self._shards.clear()

    def _describe(self, name: str) -> CollectionInfo:
        version = self._version(name)
        spec = self._catalogue.collections[version]
        points = self._shards[version].count()
        alias = self._catalogue.alias_of(version)
        return CollectionInfo(alias, version, spec.model, spec.dimension, points, spec.chunker)

    def _create(self, version: str, spec: CollectionSpec) -> None:
        if version in self._catalogue.collections or version in self._catalogue.aliases:
            raise ConflictError(f"There is a collection {version}.")
        self._require_room()
        shutil.rmtree(self._path(version), ignore_errors=True)  # what an interrupted creation or removal left
        self._shards[version] = self._opened(version, spec)
        self._catalogue.collections[version] = spec
        self._catalogue.save()

    def _drop(self, version: str) -> None:
        if version not in self._catalogue.collections:
            raise NotFoundError(f"There is no collection {version}.")
        del self._catalogue.collections[version]
        self._catalogue.save()  # first: a folder that nothing names does no harm
        self._shards.pop(version).close()
        shutil.rmtree(self._path(version))

    def _point_alias(self, alias: str, version: str) -> None:
        if version not in self._catalogue.collections:
            raise NotFoundError(f"There is no collection {version}.")
        if alias in self._catalogue.collections:
            raise ConflictError(f"{alias} is a collection itself.")
        self._catalogue.aliases[alias] = version
        self._catalogue.save()

    def _upsert(self, name: str, points: Sequence[EnginePoint]) -> None:
        self._require_room()
        self._shard(name).upsert(points)

    def _require_room(self) -> None:
        """For what adds to the index; what changes or removes may use the reserve."""
        if self._room() < 0:
            raise UpstreamUnavailableError(
                f"The disk with the vectors is full: less than {self._reserve_bytes >> 20} MB are free. Make room."
            )

    def _room(self) -> int:
        """Bytes beside the reserve."""
        return shutil.disk_usage(self._folder).free - self._reserve_bytes

    def _shard(self, name: str) -> Shard:
        return self._shards[self._version(name)]

    def _version(self, name: str) -> str:
        version = self._catalogue.aliases.get(name, name)
        if version not in self._shards:
            raise NotFoundError(f"There is no collection {name}.")
        return version

    def _path(self, version: str) -> Path:
        return self._folder / "collections" / version


@asynccontextmanager
async def open_edge_engine(
    folder: Path, *, index_from: int, reserve_bytes: int = RESERVE_BYTES
) -> AsyncIterator[EdgeVectorEngine]:
    """The engine over `folder`, which is made if needed and belongs to this process alone until the end.

    Raises `UpstreamUnavailableError`, saying why, when the folder is in use or damaged.
    """
    with _locked(folder):
        engine = EdgeVectorEngine(folder, index_from=index_from, reserve_bytes=reserve_bytes)
        try:
            await engine.open()
            yield engine
        finally:
            await engine.aclose()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """The lock goes with the process, however it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UpstreamUnavailableError(f"Another process uses the vectors in {folder}.") from error
        yield


def _bytes_of(folder: Path) -> int:
    """What its files take of the disk: most of them have holes."""
    return sum(file.stat().st_blocks * _BLOCK for file in folder.rglob("*") if file.is_file())


def _translated(work: Callable[..., T], *arguments: object) -> T:
    try:
        return work(*arguments)
    except FlashError:
        raise
    except Exception as error:
        raise UpstreamUnavailableError(f"The vector engine failed: {type(error).__name__}.") from error
