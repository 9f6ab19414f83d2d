"""Frames of an answer as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import structlog

from chat_service.services.answer_feed import ReadyFrame
from flash_core.errors import FlashError
from flash_core.utils.tasks import end

log = structlog.get_logger(__name__)
_ALIVE = ": alive\n\n"


async def event_stream(frames: AsyncGenerator[ReadyFrame], heartbeat_seconds: float) -> AsyncIterator[str]:
    """`id:` is the position, `data:` the frame; a comment whenever nothing was said for `heartbeat_seconds`.

    When the answer can't be followed any more the stream ends; the client comes back with its last position.
    """
    upcoming: asyncio.Task[ReadyFrame] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.create_task(_next(frames))
            done, _ = await asyncio.wait({upcoming}, timeout=heartbeat_seconds)
            if not done:
                yield _ALIVE
                continue
            frame, upcoming = upcoming.result(), None
            yield f"id: {frame.position}\ndata: {frame.text}\n\n"
    except StopAsyncIteration:
        return
    except FlashError as error:
        log.warning("answer.stream_ended", code=error.code)
    finally:
        if upcoming is not None:
            await end([upcoming])
        await frames.aclose()


async def _next(frames: AsyncGenerator[ReadyFrame]) -> ReadyFrame:
    return await anext(frames)
