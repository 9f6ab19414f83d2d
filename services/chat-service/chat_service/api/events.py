"""Frames of an answer as server-sent events."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import structlog

from chat_service.services.answer_feed import ReadyFrame
from flash_core.errors import FlashError

log = structlog.get_logger(__name__)
_ALIVE = ": alive\n\n"


async def event_stream(frames: AsyncGenerator[ReadyFrame], heartbeat_seconds: float) -> AsyncIterator[str]:
    """`id:` is the position, `data:` the frame; a comment whenever nothing was said for `heartbeat_seconds`.

    When the answer can't be followed any more the stream ends; the client comes back with its last position.
    """
    upcoming: asyncio.Future[ReadyFrame] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.ensure_future(anext(frames))
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
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
        await frames.aclose()
