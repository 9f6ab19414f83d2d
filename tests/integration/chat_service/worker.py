"""A scripted worker: claims over HTTP and writes into the real log, step by step."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx2
from redis.asyncio import Redis

from flash_core.interfaces.answer_log import LoggedFrame, Position
from flash_core.messaging.answer_log import RedisAnswerLog
from flash_core.messaging.events import QuestionAccepted
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import (
    AnswerFrame,
    ClaimResponse,
    DeltaFrame,
    FinishRequest,
    ResetFrame,
    StatusFrame,
    Usage,
    WrittenAnswer,
)
from flash_core.schemas.common import Problem


@dataclass
class Attempt:
    """One attempt to write an answer; forgets nothing it has written."""

    sibling: httpx2.AsyncClient
    log: RedisAnswerLog
    work: ClaimResponse
    written: str = ""
    sequence: int = 0

    @property
    def path(self) -> str:
        return f"/internal/generations/{self.work.generation_id}"

    async def push(self, *frames: AnswerFrame) -> None:
        logged = []
        for frame in frames:
            self.sequence += 1
            logged.append(LoggedFrame(Position(self.work.attempt, self.sequence), frame.model_dump_json().encode()))
        await self.log.append(self.work.generation_id, logged)

    async def begin(self) -> None:
        await self.push(*([ResetFrame()] if self.work.attempt > 1 else []), StatusFrame(stage="writing"))

    async def write(self, *words: str) -> None:
        for word in words:
            await self.push(DeltaFrame(text=word))
            self.written += word

    async def heartbeat(self) -> httpx2.Response:
        return await self.sibling.post(f"{self.path}/heartbeat", json={"attempt": self.work.attempt})

    async def release(self) -> httpx2.Response:
        return await self.sibling.post(f"{self.path}/release", json={"attempt": self.work.attempt})

    async def finish(
        self,
        state: GenerationState = GenerationState.DONE,
        problem: Problem | None = None,
        usage: Usage | None = None,
    ) -> httpx2.Response:
        outcome = FinishRequest(
            attempt=self.work.attempt,
            state=state,
            answer=WrittenAnswer(content=self.written, model="scripted", grounded=True, usage=usage or Usage()),
            problem=problem,
        )
        return await self.sibling.post(
            f"{self.path}/finish",
            content=outcome.model_dump_json(),
            headers={"Content-Type": "application/json"},
        )


@dataclass
class Worker:
    sibling: httpx2.AsyncClient
    redis: Redis

    async def try_claim(self, answer_id: UUID | str) -> httpx2.Response:
        return await self.sibling.post(f"/internal/generations/{answer_id}/claim", json={"worker": "scripted"})

    async def claim(self, answer_id: UUID | str) -> Attempt:
        return await self.claim_of(await self.try_claim(answer_id))

    async def claim_of(self, response: httpx2.Response) -> Attempt:
        assert response.status_code == 200, response.text
        work = ClaimResponse.model_validate_json(response.content)
        return Attempt(self.sibling, RedisAnswerLog(self.redis), work)

    async def answer(self, answer_id: UUID | str, *words: str) -> Attempt:
        attempt = await self.claim(answer_id)
        await attempt.begin()
        await attempt.write(*words)
        assert (await attempt.finish()).status_code == 204
        return attempt

    async def announced(self) -> list[str]:
        """The generations that events in the queue speak of, in the queue's order."""
        found: list[tuple[Any, str]] = []
        for stream in QuestionAccepted.streams():
            entries: list[Any] = await self.redis.xrange(stream) or []
            for entry_id, fields in entries:
                event = QuestionAccepted.model_validate_json(fields[b"event"])
                found.append((entry_id, str(event.generation_id)))
        return [generation for _, generation in sorted(found)]
