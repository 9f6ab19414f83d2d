"""Vectors in a real Redis."""

from redis.asyncio import Redis

from embedding_service.services.caching import CachedEmbeddings
from flash_core.clients.cache import RedisCache
from flash_core.testing.fakes import FakeEmbeddingProvider


async def test_vectors_are_kept_for_a_day(redis_url: str, redis: Redis) -> None:
    model = FakeEmbeddingProvider()
    async with Redis.from_url(redis_url, protocol=2) as connection:
        embeddings = CachedEmbeddings(model, RedisCache(connection))
        first = await embeddings.embed(["one", "two"])
        assert (await embeddings.embed(["one", "two"]) == first).all()
    assert len(model.calls) == 1
    for key in await redis.keys("emb:fake:*"):
        assert 86_000 < await redis.ttl(key) <= 86_400


async def test_without_redis_everything_is_computed() -> None:
    model = FakeEmbeddingProvider()
    async with Redis.from_url("redis://127.0.0.1:1", protocol=2) as away:
        embeddings = CachedEmbeddings(model, RedisCache(away))
        for _ in range(2):
            assert (await embeddings.embed(["one"])).shape == (1, 64)
    assert len(model.calls) == 2
