"""`AnswerLogInterface` on Redis: one Lua call appends (the replay) and publishes (the wake-up)."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from flash_core.clients.redis import translated_errors
from flash_core.errors import FencedError, UpstreamUnavailableError
from flash_core.interfaces.answer_log import AnswerLogInterface, LoggedFrame, Position, wake_channel

_TTL_SECONDS = 15 * 60
_MAX_FRAMES = 4_000
_READS_AT_ONCE = 100

# KEYS: the stream. ARGV: channel, last position, time to live, cap, then id and frame of each entry.
# Redis refuses an id that is not higher than the last one: a worker that was overtaken is fenced for free. An entry
# that lies there already, with the same frame, is the repetition of a call whose answer got lost.
_APPEND = """
for i = 5, #ARGV, 2 do
  local added = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[4], ARGV[i], 'f', ARGV[i + 1])
  if type(added) == 'table' and added.err then
    if not string.find(added.err, 'equal or smaller', 1, true) then return added end
    local there = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])
    if #there == 0 or there[1][2][2] ~= ARGV[i + 1] then return 0 end
  end
end
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
"""


class RedisAnswerLog(AnswerLogInterface):
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._append = redis.register_script(_APPEND)
        self._waiting: list[_Read] = []
        self._reading: asyncio.Task[None] | None = None

    async def append(self, generation_id: UUID, frames: Sequence[LoggedFrame]) -> None:
        last = str(frames[-1].position)
        arguments: list[str | bytes | int] = [wake_channel(generation_id), last, _TTL_SECONDS, _MAX_FRAMES]
        for one in frames:
            arguments += [_entry_id(one.position), one.frame]
        with translated_errors():
            appended = await self._append(keys=[_key(generation_id)], args=arguments)
        if not appended:
            raise FencedError("A newer attempt writes this answer.")

    async def read(self, generation_id: UUID, after: Position) -> list[LoggedFrame]:
        """While one round trip is on its way the reads of other answers gather for the next: a replica that follows
        hundreds of answers asks Redis a few times for all of them, one that follows a single answer asks at once.
        """
        one = _Read(_key(generation_id), f"({_entry_id(after)}", asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_together())
        entries = await one.entries
        return [LoggedFrame(_position(entry_id), fields[b"f"]) for entry_id, fields in entries]

    async def _read_together(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_READS_AT_ONCE], self._waiting[_READS_AT_ONCE:]
            try:
                with translated_errors():
                    found = await self._found(batch)
            except UpstreamUnavailableError as error:
                batch, self._waiting = [*batch, *self._waiting], []
                for one in batch:
                    one.fail(error)
            else:
                for one, entries in zip(batch, found, strict=True):
                    one.succeed(entries)

    async def _found(self, batch: "Sequence[_Read]") -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for one in batch:
                pipe.xrange(one.key, min=one.after)
            return list(await pipe.execute())


@dataclass(frozen=True, slots=True)
class _Read:
    key: str
    after: str
    entries: asyncio.Future[Any]

    def succeed(self, entries: Any) -> None:
        if not self.entries.done():  # whoever asked may be gone
            self.entries.set_result(entries)

    def fail(self, error: Exception) -> None:
        if not self.entries.done():
            self.entries.set_exception(error)


def _key(generation_id: UUID) -> str:
    return f"genlog:{{{generation_id}}}"


def _entry_id(position: Position) -> str:
    return f"{position.attempt}-{position.sequence}"


def _position(entry_id: bytes) -> Position:
    attempt, _, sequence = entry_id.partition(b"-")
    return Position(int(attempt), int(sequence))
