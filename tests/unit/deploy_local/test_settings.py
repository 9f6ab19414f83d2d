"""What the operator may set."""

from pathlib import Path

import pytest

from local_fleet.errors import FleetError
from local_fleet.settings import FleetSettings


def test_nothing_has_to_be_set(tmp_path: Path) -> None:
    settings = FleetSettings.read({}, tmp_path)
    assert settings.home.root == tmp_path / ".askflash"
    assert (settings.host, settings.port, settings.sample) == ("127.0.0.1", 8080, True)
    assert settings.address == "http://localhost:8080"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text('# a comment\nASKFLASH_PORT=9000\nAI_PROVIDER="openai"\nASKFLASH_SAMPLE=0\n')
    settings = FleetSettings.read({"ASKFLASH_PORT": "9001"}, tmp_path)
    assert (settings.port, settings.sample) == (9001, False)
    assert settings.environment["AI_PROVIDER"] == "openai"


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ASKFLASH_PORT=9000\n")
    assert FleetSettings.read({"ASKFLASH_PORT": ""}, tmp_path).port == 9000


def test_a_relative_home_is_in_the_repository(tmp_path: Path) -> None:
    assert FleetSettings.read({"ASKFLASH_HOME": "elsewhere"}, tmp_path).home.root == tmp_path / "elsewhere"
    assert FleetSettings.read({"ASKFLASH_HOME": "/srv/flash"}, tmp_path).home.root == Path("/srv/flash")


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "80 80"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    with pytest.raises(FleetError, match="ASKFLASH_PORT"):
        FleetSettings.read({"ASKFLASH_PORT": port}, tmp_path)


@pytest.mark.parametrize(
    ("host", "address", "gateway"),
    [
        ("0.0.0.0", "http://localhost:8080", "http://127.0.0.1:8080"),  # noqa: S104 - only read
        ("10.0.0.7", "http://10.0.0.7:8080", "http://10.0.0.7:8080"),
        ("::1", "http://localhost:8080", "http://[::1]:8080"),
    ],
)
def test_the_address_is_one_that_works_here(tmp_path: Path, host: str, address: str, gateway: str) -> None:
    settings = FleetSettings.read({"ASKFLASH_HOST": host}, tmp_path)
    assert (settings.address, settings.gateway) == (address, gateway)
