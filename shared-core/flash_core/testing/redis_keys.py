"""Every key in Redis ends by itself, or is one of these."""

from fnmatch import fnmatchcase

from redis.asyncio import Redis

PERMANENT = {
    "q:{*}": "work that waits or is being done; an entry goes when it is settled",
    "dead:q:{*}": "dead letters, the newest ten thousand of a stream, until an operator has looked at them",
}
"""Patterns of keys without a time to live, and why that is right."""


async def endless_keys(redis: Redis) -> list[str]:
    """Keys that neither expire nor are on the list."""
    found = []
    async for key in redis.scan_iter():
        name = key.decode() if isinstance(key, bytes) else str(key)
        if await redis.pttl(key) == -1 and not any(fnmatchcase(name, pattern) for pattern in PERMANENT):
            found.append(name)
    return sorted(found)
