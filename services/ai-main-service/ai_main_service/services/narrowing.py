"""Two ways to narrow a search: what the request asks for, and what the question says."""

from flash_core.schemas.search import SearchFilters


def narrowed(requested: SearchFilters | None, said: SearchFilters | None) -> SearchFilters | None:
    """Both hold. Words never widen what the request asks for: its sources stay, of two moments the later one counts."""
    if requested is None or said is None:
        return requested or said
    moments = [one for one in (requested.updated_after, said.updated_after) if one is not None]
    return SearchFilters(
        source_ids=requested.source_ids,
        source_names=requested.source_names or said.source_names,
        updated_after=max(moments, default=None),
    )
