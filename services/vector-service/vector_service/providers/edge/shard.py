"""One collection of the embedded engine. Everything here runs in the engine's thread."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import qdrant_edge as edge
import structlog

from flash_core.errors import InvalidInputError, UpstreamUnavailableError
from flash_core.models.vector import Payload
from vector_service.interfaces import (
    AnyOf,
    Condition,
    Conditions,
    EnginePoint,
    NoneOf,
    NotAbove,
    Probe,
    Scored,
    SparseVector,
)
from vector_service.providers.edge.catalogue import CollectionSpec
from vector_service.providers.fields import DENSE, KEYWORD_FIELDS, NUMBER_FIELDS, SPARSE

log = structlog.get_logger(__name__)

_FLUSH_AFTER_POINTS: Final = 5_000
"""A write is in the log of the engine when it is acknowledged; a flush spares the next start from replaying it."""

_CONDITIONS_REMEMBERED: Final = 100

_FLOAT_BYTES: Final = 4
_KIB: Final = 1024


class Shard:
    """`tidied`: room of deleted points is given back at once, for which as much room again is needed."""

    def __init__(self, path: Path, spec: CollectionSpec, *, index_from: int, tidied: bool) -> None:
        self._spec = spec
        self._index_from = index_from
        self._unflushed = 0
        self._shard = _opened(path, spec, index_from, tidied=tidied)
        self._met_by_all: dict[Condition, bool] = {}

    def close(self) -> None:
        with suppress(Exception):  # it is closed either way; the log of the engine holds what was not flushed
            self._shard.flush()
        self._shard.close()

    def count(self) -> int:
        return int(self._shard.count(edge.CountRequest(exact=True)))

    def upsert(self, points: Sequence[EnginePoint]) -> None:
        for point in points:
            self._check(point.dense.shape)
        self._write(edge.UpdateOperation.upsert_points([_point(point) for point in points]))
        self._unflushed += len(points)
        if self._unflushed >= _FLUSH_AFTER_POINTS:
            self._shard.flush()
            self._unflushed = 0

    def delete(self, conditions: Conditions) -> None:
        self._write(edge.UpdateOperation.delete_points_by_filter(_filter(conditions)))

    def set_payload(self, payload: Payload, conditions: Conditions) -> None:
        self._write(edge.UpdateOperation.set_payload_by_filter(_filter(conditions), dict(payload)))

    def nearest(self, probes: Sequence[Probe], conditions: Conditions) -> list[list[Scored]]:
        wanted = _filter([one for one in conditions if not self._is_met_by_all(one)])
        return [self._nearest(probe, wanted) for probe in probes]

    def payloads(self, ids: Sequence[UUID]) -> Mapping[UUID, Payload]:
        records = self._shard.retrieve(list(ids), with_payload=True, with_vector=False)
        return {UUID(str(record.id)): record.payload or {} for record in records}

    def page(self, first: UUID | None, limit: int) -> tuple[Mapping[UUID, Payload], UUID | None]:
        request = edge.ScrollRequest(offset=first, limit=limit, with_payload=list(KEYWORD_FIELDS), with_vector=False)
        records, after = self._shard.scroll(request)
        points = {UUID(str(record.id)): record.payload or {} for record in records}
        return points, None if after is None else UUID(str(after))

    def _write(self, operation: Any) -> None:
        self._met_by_all.clear()  # before it: a write that fails may be half done
        self._shard.update(operation)

    def _is_met_by_all(self, condition: Condition) -> bool:
        """Whether no point fails the condition, so that a search need not ask each; counted once between two writes.

        Asking 20,000 points for two conditions takes three times as long as comparing their vectors. Where the engine
        has an index it asks few of them, and counting them all would take longer.
        """
        if condition not in self._met_by_all:
            if len(self._met_by_all) >= _CONDITIONS_REMEMBERED:
                self._met_by_all.clear()
            few = self._shard.info().points_count < self._index_from
            self._met_by_all[condition] = few and not self._failing(condition)
        return self._met_by_all[condition]

    def _failing(self, condition: Condition) -> int:
        failing = edge.Filter(must_not=[_filter([condition])])
        return int(self._shard.count(edge.CountRequest(exact=True, filter=failing)))

    def _nearest(self, probe: Probe, wanted: Any) -> list[Scored]:
        if isinstance(probe.vector, SparseVector):
            query = edge.Query.Nearest(_sparse(probe.vector), using=SPARSE)
        else:
            self._check(probe.vector.shape)
            query = edge.Query.Nearest(probe.vector.tolist(), using=DENSE)
        found = self._shard.query(edge.QueryRequest(limit=probe.limit, query=query, filter=wanted, with_payload=False))
        return [Scored(UUID(str(point.id)), point.score) for point in found]

    def _check(self, shape: tuple[int, ...]) -> None:
        if shape != (self._spec.dimension,):
            raise InvalidInputError(f"The collection wants {self._spec.dimension} dimensions, not {shape}.")


def _opened(path: Path, spec: CollectionSpec, index_from: int, *, tidied: bool) -> Any:
    config = _config(spec, index_from)
    existing = path.exists()
    try:
        shard = edge.EdgeShard.load(str(path), config) if existing else _created(path, config)
        if tidied:  # only here, because it stops the whole process; seldom builds the index
            shard.optimize()
    except Exception as error:
        raise UpstreamUnavailableError(
            f"The collection in {path} can't be opened ({error}): it is damaged, or another process uses it."
        ) from error
    log.info("vectors.opened", collection=path.name, points=shard.info().points_count)
    return shard


def _created(path: Path, config: Any) -> Any:
    path.mkdir(parents=True)
    shard = edge.EdgeShard.create(str(path), config)
    kinds = dict.fromkeys(KEYWORD_FIELDS, edge.PayloadSchemaType.Keyword)
    kinds |= dict.fromkeys(NUMBER_FIELDS, edge.PayloadSchemaType.Float)
    for field, kind in kinds.items():
        shard.update(edge.UpdateOperation.create_field_index(field, kind))
    shard.flush()
    return shard


def _config(spec: CollectionSpec, index_from: int) -> Any:
    return edge.EdgeConfig(
        vectors={DENSE: edge.EdgeVectorParams(size=spec.dimension, distance=edge.Distance.Cosine)},
        sparse_vectors={SPARSE: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
        optimizers=edge.EdgeOptimizersConfig(
            default_segment_number=1, indexing_threshold=index_from * spec.dimension * _FLOAT_BYTES // _KIB
        ),
    )


def _point(point: EnginePoint) -> Any:
    vectors: dict[str, Any] = {DENSE: point.dense.tolist()}
    if point.sparse:
        vectors[SPARSE] = _sparse(point.sparse)
    return edge.Point(point.id, vectors, dict(point.payload))


def _sparse(vector: SparseVector) -> Any:
    return edge.SparseVector(list(vector.indices), list(vector.values))


def _filter(conditions: Conditions) -> Any:
    must = [_condition(one) for one in conditions if not isinstance(one, NoneOf | NotAbove)]
    must_not = [_condition(one) for one in conditions if isinstance(one, NoneOf | NotAbove)]
    return edge.Filter(must=must, must_not=must_not)


def _condition(condition: Condition) -> Any:
    if isinstance(condition, AnyOf | NoneOf):
        return edge.FieldCondition(condition.field, match=edge.MatchAny(list(condition.values)))
    return edge.FieldCondition(condition.field, range=edge.RangeFloat(gt=condition.bound))
