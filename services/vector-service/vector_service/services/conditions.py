"""Which points a request may touch, in terms of their payload."""

from collections.abc import Sequence
from uuid import UUID

from flash_core.errors import InvalidInputError
from flash_core.models.document import EVERYONE
from flash_core.models.vector import VectorFilter
from vector_service.interfaces import Above, AnyOf, Condition, NoneOf, NotAbove


def visible(wanted: VectorFilter) -> list[Condition] | None:
    """What holds for the points that the asker may see and asked for; None when that can be no point at all."""
    groups = (EVERYONE, *sorted(wanted.groups - {EVERYONE}))
    conditions: list[Condition] = [AnyOf("source_groups", groups), AnyOf("document_groups", groups)]
    for field, ids in (("source_id", wanted.source_ids), ("document_id", wanted.document_ids)):
        if ids is not None:
            if not ids:
                return None
            conditions.append(AnyOf(field, _strings(ids)))
    if wanted.updated_after is not None:
        conditions.append(Above("updated_at", wanted.updated_after))
    return conditions


def selected(
    document_ids: Sequence[UUID],
    source_id: UUID | None,
    *,
    except_content_hashes: Sequence[str] = (),
    fence: int | None = None,
) -> list[Condition]:
    """What holds for the points of these documents or of this source (of both, when both are given).

    `InvalidInputError` when neither is given: that would be every point.
    """
    conditions: list[Condition] = []
    if document_ids:
        conditions.append(AnyOf("document_id", _strings(document_ids)))
    if source_id is not None:
        conditions.append(AnyOf("source_id", (str(source_id),)))
    if not conditions:
        raise InvalidInputError("Name documents or a source.")
    if except_content_hashes:
        conditions.append(NoneOf("content_hash", tuple(except_content_hashes)))
    if fence is not None:
        conditions.append(NotAbove("fence", fence))
    return conditions


def _strings(ids: Sequence[UUID]) -> tuple[str, ...]:
    return tuple(map(str, ids))
