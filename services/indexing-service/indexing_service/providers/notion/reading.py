"""The text of one Notion page."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from flash_core.errors import NotFoundError, TooLargeError, UpstreamRejectedError
from indexing_service.providers.notion.blocks import markdown
from indexing_service.providers.notion.client import Notion, Object
from indexing_service.providers.notion.enhanced import plain_markdown
from indexing_service.providers.notion.rich_text import listed

_MOST_BLOCKS: Final = 20_000
_DEEPEST: Final = 30
_ELSEWHERE: Final = {"child_page", "child_database", "unsupported"}
"""Their children are other documents, or can't be asked for."""


async def text_of(notion: Notion, page: Object) -> str:
    """Its properties, where it is an entry of a data source, then its content. Raises `TooLargeError`."""
    in_table = (page.get("parent") or {}).get("type") in {"data_source_id", "database_id"}
    front = listed(page.get("properties") or {}) if in_table else ""
    return "\n\n".join(filter(None, (front, await _content(notion, page["id"]))))


async def _content(notion: Notion, page_id: str) -> str:
    """In one request, if Notion gives the whole page that way; else block by block."""
    try:
        answer = await notion.markdown(page_id)
    except (NotFoundError, UpstreamRejectedError):
        answer = {"truncated": True}
    if answer.get("truncated") or answer.get("unknown_block_ids"):
        return await asyncio.to_thread(markdown, await _Blocks(notion).below(page_id, 0))
    return await asyncio.to_thread(plain_markdown, str(answer.get("markdown") or ""))


class _Blocks:
    def __init__(self, notion: Notion) -> None:
        self._notion = notion
        self._count = 0

    async def below(self, parent: str, depth: int) -> list[Mapping[str, Any]]:
        blocks: list[Object] = []

        def take(block: Object) -> bool:
            self._count += 1
            if self._count > _MOST_BLOCKS:
                raise TooLargeError(f"It has more than {_MOST_BLOCKS:,} blocks.")
            blocks.append(block)
            return True

        await self._notion.children(parent, take)
        return [await self._whole(block, depth) for block in blocks if not block.get("in_trash")]

    async def _whole(self, block: Object, depth: int) -> Mapping[str, Any]:
        if not block.get("has_children") or block.get("type") in _ELSEWHERE or depth == _DEEPEST:
            return block
        try:
            return {**block, "children": await self.below(block["id"], depth + 1)}
        except NotFoundError:  # a synced block whose original is not shared
            return block
