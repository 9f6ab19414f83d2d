"""What every service's composition root begins with: its connections, its identity, its logs."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from redis.asyncio import Redis

from flash_core.clients.cache import RedisCache
from flash_core.clients.http import HttpClient, open_http
from flash_core.clients.idempotency import RedisIdempotencyStore
from flash_core.clients.identity import Authenticator, HttpIdentitySource, ServiceTokens
from flash_core.clients.redis import RedisHealth, open_redis
from flash_core.clients.single_flight import RedisSingleFlight
from flash_core.config.settings import ServiceSettings
from flash_core.interfaces.broadcast import BroadcastInterface
from flash_core.interfaces.cache import CacheInterface
from flash_core.interfaces.health import HealthCheckInterface
from flash_core.interfaces.idempotency import IdempotencyStoreInterface
from flash_core.interfaces.identity import AuthenticatorInterface, ServiceTokenInterface
from flash_core.interfaces.single_flight import SingleFlightInterface
from flash_core.messaging.broadcast import open_broadcast


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceContainer:
    """The object graph of one running service; each service adds its use cases.

    Without what is in `health` the service is not ready; without what is in `optional_health` it does less.
    """

    authenticator: AuthenticatorInterface
    idempotency: IdempotencyStoreInterface
    health: Sequence[HealthCheckInterface] = ()
    optional_health: Sequence[HealthCheckInterface] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """What the services' adapters are made of."""

    redis: Redis
    http: HttpClient
    tokens: ServiceTokenInterface
    authenticator: AuthenticatorInterface
    broadcast: BroadcastInterface
    cache: CacheInterface
    single_flight: SingleFlightInterface
    idempotency: IdempotencyStoreInterface
    health: Sequence[HealthCheckInterface]


@asynccontextmanager
async def open_platform(settings: ServiceSettings, service: str) -> AsyncIterator[Platform]:
    """Open what all services share; nothing is connected before it is first used."""
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_redis(settings.redis_url))
        tokens = ServiceTokens(settings.internal_key.get_secret_value(), service)
        http = await stack.enter_async_context(open_http(tokens))
        yield Platform(
            redis=redis,
            http=http,
            tokens=tokens,
            authenticator=Authenticator(HttpIdentitySource(http.sibling(settings.auth_url)), redis, tokens),
            broadcast=await stack.enter_async_context(open_broadcast(redis)),
            cache=RedisCache(redis),
            single_flight=RedisSingleFlight(redis),
            idempotency=RedisIdempotencyStore(redis, service, settings.internal_key.get_secret_value()),
            health=(RedisHealth(redis),),
        )
