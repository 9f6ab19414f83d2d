"""One open socket: what its client says, and the answers it follows.

A socket needs no queue of its own: every answer's frames lie in its feed, and each follower goes on from its position
when the socket can be written. A client that does not read holds up only itself.
"""

import asyncio
import random
from contextlib import aclosing
from enum import IntEnum
from uuid import UUID

import structlog
from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from chat_service.api.socket_frames import (
    MAX_FRAME_BYTES,
    PONG,
    Ask,
    Cancel,
    ClientFrame,
    Ping,
    Resume,
    accepted_frame,
    asking_of,
    error_frame,
    id_of,
    parse,
    position_of,
    reconnect_frame,
)
from chat_service.composition import Container
from chat_service.services.socket_login import Login
from flash_core.errors import (
    BadRequestError,
    FlashError,
    RateLimitedError,
    UnauthenticatedError,
    UpstreamUnavailableError,
)
from flash_core.interfaces.answer_log import BEGINNING, Position
from flash_core.utils.tasks import end, together

log = structlog.get_logger(__name__)
_RETRY_SECONDS = 1.0
_RECONNECT_MS = (100, 3_000)


class CloseCode(IntEnum):
    BAD_FRAME = 4400
    LOGIN_ENDED = 4401
    NOT_ALLOWED = 4403
    TOO_SLOW = 4408
    TOO_LARGE = 4413
    TOO_MANY = 4429
    RESTARTING = 1012
    TRY_LATER = 1013


class _Close(Exception):  # noqa: N818  # an outcome, not an error
    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class SocketSession:
    def __init__(self, socket: WebSocket, login: Login, container: Container) -> None:
        self._socket = socket
        self._login = login
        self._user = login.principal
        self._container = container
        self._settings = container.settings
        self._sending = asyncio.Lock()
        self._followers: dict[UUID, asyncio.Task[None]] = {}
        self._failed: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Serve until the client leaves or there is a reason to close."""
        log.info("socket.opened")
        code: int = CloseCode.TRY_LATER
        try:
            await together(self._receive(), self._watch_login(), self._say_goodbye(), self._watch_followers())
        except _Close as why:
            code = await self._closed(why)
        except WebSocketDisconnect as gone:
            code = gone.code
        finally:
            await end(self._followers.values())
            log.info("socket.closed", code=int(code))

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"])
            text = message.get("text")
            if text is None:
                raise _Close(CloseCode.BAD_FRAME, "Frames are text.")
            if len(text) > MAX_FRAME_BYTES or len(text.encode()) > MAX_FRAME_BYTES:
                raise _Close(CloseCode.TOO_LARGE, f"A frame may have {MAX_FRAME_BYTES} bytes.")
            try:
                frame = parse(text)
            except BadRequestError as error:
                raise _Close(CloseCode.BAD_FRAME, str(error)) from error
            await self._handle(frame)

    async def _handle(self, frame: ClientFrame) -> None:
        match frame:
            case Ping():
                await self._send(PONG)
            case Ask():
                await self._ask(frame)
            case Resume(answer_id=answer_id, after=after):
                await self._resume(answer_id, after)
            case Cancel(answer_id=answer_id):
                await self._cancel(answer_id)

    async def _ask(self, frame: Ask) -> None:
        try:
            if len(self._followers) >= self._settings.chat_answers_per_socket:
                raise RateLimitedError("Too many answers at once on one socket.")
            accepted = await self._container.questions.accept(self._user, asking_of(frame))
        except FlashError as error:
            await self._send(error_frame(error, client_id=frame.client_id))
            return
        await self._send(accepted_frame(frame.client_id, accepted))
        if accepted.answer_id not in self._followers:
            self._follow(accepted.answer_id, BEGINNING)

    async def _resume(self, answer_id: str, after: str | None) -> None:
        try:
            known, position = id_of(answer_id, "answer"), position_of(after)
            if len(self._followers) >= self._settings.chat_answers_per_socket:
                raise RateLimitedError("Too many answers at once on one socket.")
        except FlashError as error:
            await self._send(error_frame(error, answer_id=answer_id))
            return
        before = self._followers.pop(known, None)
        if before is not None:
            await end([before])
        self._follow(known, position)

    async def _cancel(self, answer_id: str) -> None:
        try:
            await self._container.generations.cancel(self._user.user_id, id_of(answer_id, "answer"))
        except FlashError as error:
            await self._send(error_frame(error, answer_id=answer_id))

    def _follow(self, answer_id: UUID, after: Position) -> None:
        task = asyncio.create_task(self._followed(answer_id, after))
        self._followers[answer_id] = task
        task.add_done_callback(lambda done: self._ended(answer_id, done))

    def _ended(self, answer_id: UUID, task: asyncio.Task[None]) -> None:
        if self._followers.get(answer_id) is task:
            del self._followers[answer_id]
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._failed.done():
            self._failed.set_result(error)

    async def _watch_followers(self) -> None:
        raise await self._failed

    async def _followed(self, answer_id: UUID, after: Position) -> None:
        """Pass the answer's frames on; while the database is away, try again from where it stopped."""
        at = after
        while True:
            try:
                following = self._container.reader.follow(self._user, answer_id, at, end_again=True)
                async with aclosing(following) as frames:
                    async for frame in frames:
                        await self._send(frame.text)
                        at = frame.position
            except UpstreamUnavailableError:
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            except FlashError as error:
                await self._send(error_frame(error, answer_id=str(answer_id)))
            return

    async def _watch_login(self) -> None:
        while True:
            await asyncio.sleep(self._settings.chat_recheck_seconds)
            try:
                await self._login.check()
            except UnauthenticatedError as error:
                raise _Close(CloseCode.LOGIN_ENDED, str(error)) from error
            except FlashError as error:  # auth is away: known logins go on
                log.warning("socket.login_unchecked", code=error.code)

    async def _say_goodbye(self) -> None:
        await self._container.sockets.leaving.wait()
        await self._send(reconnect_frame(random.randint(*_RECONNECT_MS)))
        raise _Close(CloseCode.RESTARTING, "Restarting.")

    async def _send(self, text: str) -> None:
        """One frame at a time; returns when the connection has room for the next."""
        async with self._sending:
            try:
                async with asyncio.timeout(self._settings.chat_slow_seconds):
                    await self._socket.send_text(text)
            except TimeoutError as error:
                raise _Close(CloseCode.TOO_SLOW, "Frames are not read.") from error

    async def _closed(self, why: _Close) -> int:
        """Close; a client that does not read may never see it, the connection ends all the same."""
        try:
            async with asyncio.timeout(self._settings.chat_slow_seconds):
                await self._socket.close(why.code, str(why))
        except (TimeoutError, WebSocketDisconnect, RuntimeError):
            log.info("socket.close_unseen", code=int(why.code))
        return why.code
