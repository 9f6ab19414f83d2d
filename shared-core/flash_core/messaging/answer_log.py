"""`AnswerLogInterface` on Redis: one Lua call appends (the replay) and publishes (the wake-up)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from flash_core.clients.redis import translated_errors
from flash_core.errors import FencedError
from flash_core.interfaces.answer_log import AnswerLogInterface, LoggedFrame, Position, wake_channel

_TTL_SECONDS = 15 * 60
_MAX_FRAMES = 4_000

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
        with translated_errors():
            entries: Any = await self._redis.xrange(_key(generation_id), min=f"({_entry_id(after)}")
        return [LoggedFrame(_position(entry_id), fields[b"f"]) for entry_id, fields in entries]


def _key(generation_id: UUID) -> str:
    return f"genlog:{{{generation_id}}}"


def _entry_id(position: Position) -> str:
    return f"{position.attempt}-{position.sequence}"


def _position(entry_id: bytes) -> Position:
    attempt, _, sequence = entry_id.partition(b"-")
    return Position(int(attempt), int(sequence))
