"""The nine services as processes, and what their environment holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from local_fleet.postgres import PostgresServer
from local_fleet.probes import http_answers
from local_fleet.process import Process
from local_fleet.secrets_file import FleetSecrets
from local_fleet.settings import FleetSettings
from local_fleet.valkey import ValkeyServer

SERVICES = (
    "auth",
    "chat",
    "ai-intent",
    "ai-main",
    "documentation",
    "vector",
    "embedding",
    "indexing",
    "monitoring",
)
Environments = Mapping[str, Mapping[str, str]]
"""The variables of each service, by its name."""
WITH_DATABASE = ("auth", "chat", "documentation", "indexing")
_DATABASE_URL = "DATABASE_URL_"
_CREDENTIALS_KEYS = "CREDENTIALS_KEYS"


@dataclass(frozen=True, slots=True)
class Servers:
    """The embedded servers of one fleet; None where the operator's environment names another one."""

    postgres: PostgresServer | None
    redis: ValkeyServer | None


def embedded_servers(settings: FleetSettings, secrets: FleetSecrets, ports: Mapping[str, int]) -> Servers:
    """Those that no variable of the operator replaces."""
    given = settings.environment
    data = settings.home.data
    postgres = PostgresServer(data / "postgres", ports["postgres"], secrets.postgres)
    redis = ValkeyServer(data / "redis", settings.home.run / "redis.conf", ports["redis"], secrets.redis)
    return Servers(
        postgres=postgres if any(database_variable(name) not in given for name in WITH_DATABASE) else None,
        redis=redis if "REDIS_URL" not in given else None,
    )


def database_variable(service: str) -> str:
    return f"{_DATABASE_URL}{service.replace('-', '_').upper()}"


def environments(
    settings: FleetSettings, secrets: FleetSecrets, servers: Servers, ports: Mapping[str, int]
) -> Environments:
    """Each service's variables: the fleet's own, then the operator's, which win. Databases and keys are one's own."""
    common = {
        "INTERNAL_KEY": secrets.internal_key,
        "PUBLIC_URL": settings.address,
        "MODEL_CACHE": str(settings.home.data / "models"),
        "VECTOR_PATH": str(settings.home.data / "vectors"),
        "INDEXING_FOLDER": str(settings.home.data / "indexing"),
        "MALLOC_ARENA_MAX": "2",
        "PYTHONUNBUFFERED": "1",
    }
    common |= {f"{name.replace('-', '_').upper()}_URL": f"http://127.0.0.1:{ports[name]}" for name in SERVICES}
    if servers.redis:
        common["REDIS_URL"] = servers.redis.url
    own = (_DATABASE_URL, _CREDENTIALS_KEYS)
    common |= {name: value for name, value in settings.environment.items() if not name.startswith(own)}
    common |= {
        "ASKFLASH_HOME": str(settings.home.root),
        "ASKFLASH_ADMIN_EMAIL": secrets.admin_email,
        "ASKFLASH_ADMIN_PASSWORD": secrets.admin_password,
    }
    keys = {"indexing": {_CREDENTIALS_KEYS: settings.environment.get(_CREDENTIALS_KEYS, secrets.credentials_keys)}}
    return {name: common | keys.get(name, {}) | _own_database(name, settings, secrets, servers) for name in SERVICES}


def service(flash: str, name: str, port: int, environment: Mapping[str, str]) -> Process:
    """One service's process; it is ready when everything that it needs answers."""
    return Process(
        name=name,
        argv=(flash, "serve", name, "--host", "127.0.0.1", "--port", str(port)),
        env=environment,
        port=port,
        ready=http_answers(port, "/health/ready", 204),
    )


def migration(flash: str, environments: Environments) -> Process:
    """Brings every service's database to its newest version and ends."""
    together = {name: value for service in WITH_DATABASE for name, value in environments[service].items()}
    return Process(name="migrate", argv=(flash, "migrate", *WITH_DATABASE), env=together, port=0, ready=lambda: True)


def _own_database(name: str, settings: FleetSettings, secrets: FleetSecrets, servers: Servers) -> dict[str, str]:
    variable = database_variable(name)
    if name not in WITH_DATABASE:
        return {}
    if servers.postgres is None or variable in settings.environment:
        return {variable: settings.environment[variable]}
    return {variable: servers.postgres.url(name, secrets.databases[name])}
