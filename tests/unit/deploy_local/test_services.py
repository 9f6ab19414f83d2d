"""What each service's environment holds."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from flash_core.cli import SERVICES as KNOWN_SERVICES
from flash_core.cli import WITH_DATABASE as KNOWN_WITH_DATABASE
from indexing_service.providers.vault import sealing_keys
from local_fleet.secrets_file import FleetSecrets, load_or_create
from local_fleet.services import SERVICES, WITH_DATABASE, embedded_servers, environments
from local_fleet.settings import FleetSettings

PORTS = {name: 20_000 + number for number, name in enumerate(["postgres", "redis", *SERVICES])}


@pytest.fixture
def secrets(tmp_path: Path) -> FleetSecrets:
    return load_or_create(tmp_path / "secrets.json", WITH_DATABASE, {})


def environment_of(service: str, secrets: FleetSecrets, tmp_path: Path, **given: str) -> Mapping[str, str]:
    settings = FleetSettings.read(given, tmp_path)
    servers = embedded_servers(settings, secrets, PORTS)
    return environments(settings, secrets, servers, PORTS)[service]


def test_the_fleet_has_the_services_that_the_core_can_start() -> None:
    assert tuple(KNOWN_SERVICES) == SERVICES
    assert WITH_DATABASE == KNOWN_WITH_DATABASE


def test_every_service_knows_its_siblings_and_no_others_database(secrets: FleetSecrets, tmp_path: Path) -> None:
    chat = environment_of("chat", secrets, tmp_path)
    assert chat["AI_MAIN_URL"] == f"http://127.0.0.1:{PORTS['ai-main']}"
    assert secrets.redis in chat["REDIS_URL"]
    assert chat["INTERNAL_KEY"] == secrets.internal_key
    assert [name for name in chat if name.startswith("DATABASE_URL")] == ["DATABASE_URL_CHAT"]
    assert secrets.databases["chat"] in chat["DATABASE_URL_CHAT"]
    vector = environment_of("vector", secrets, tmp_path)
    assert not [name for name in vector if name.startswith("DATABASE_URL")]
    assert secrets.postgres not in "".join((*chat.values(), *vector.values()))


def test_only_indexing_has_the_keys_of_credentials(secrets: FleetSecrets, tmp_path: Path) -> None:
    for given, keys in (({}, secrets.credentials_keys), ({"CREDENTIALS_KEYS": "mine:key"}, "mine:key")):
        found = {name: environment_of(name, secrets, tmp_path, **given).get("CREDENTIALS_KEYS") for name in SERVICES}
        assert found == {name: keys if name == "indexing" else None for name in SERVICES}


def test_the_keys_that_a_fleet_makes_can_be_used(secrets: FleetSecrets) -> None:
    assert [key.id for key in sealing_keys(secrets.credentials_keys)] == ["first"]


def test_what_the_operator_sets_wins(secrets: FleetSecrets, tmp_path: Path) -> None:
    given = {
        "REDIS_URL": "redis://elsewhere",
        "DATABASE_URL_AUTH": "postgresql://elsewhere/auth",
        "AI_PROVIDER": "openai",
    }
    auth = environment_of("auth", secrets, tmp_path, **given)
    assert {name: auth[name] for name in given} == given
    chat = environment_of("chat", secrets, tmp_path, **given)
    assert "DATABASE_URL_AUTH" not in chat
    assert str(PORTS["postgres"]) in chat["DATABASE_URL_CHAT"]


def test_servers_that_are_given_are_not_started(secrets: FleetSecrets, tmp_path: Path) -> None:
    databases = {f"DATABASE_URL_{name.upper()}": "postgresql://elsewhere/x" for name in WITH_DATABASE}
    servers = embedded_servers(FleetSettings.read({"REDIS_URL": "redis://x"} | databases, tmp_path), secrets, PORTS)
    assert (servers.postgres, servers.redis) == (None, None)
    some = embedded_servers(FleetSettings.read({"DATABASE_URL_CHAT": "postgresql://x/y"}, tmp_path), secrets, PORTS)
    assert some.postgres is not None
    assert some.redis is not None
