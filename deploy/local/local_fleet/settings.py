"""What the operator may set: the environment first, then `.env` in the repository, then the defaults."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from local_fleet.errors import FleetError
from local_fleet.home import Home

_REPOSITORY = Path(__file__).resolve().parents[3]
_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """One fleet: where it lives, where it listens, what it runs and the variables that its services see.

    `flash` is the program that runs a service, `repository` the folder with the page and the sample documentation.
    """

    home: Home
    host: str
    port: int
    sample: bool
    repository: Path
    flash: str
    environment: Mapping[str, str]

    @property
    def address(self) -> str:
        """What people type into the browser."""
        name = "localhost" if self.host in {"127.0.0.1", "0.0.0.0", "::1", "::"} else self.host  # noqa: S104 - compared
        return f"http://{name}:{self.port}"

    @property
    def gateway(self) -> str:
        """Where programs on this machine reach the gateway; no name has to be resolved."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else self.host  # noqa: S104 - compared
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ, repository: Path = _REPOSITORY) -> "FleetSettings":
        """From `environment` and the repository's `.env`; an empty variable counts as not set."""
        file = {name: value for name, value in dotenv_values(repository / ".env").items() if value}
        merged = file | {name: value for name, value in environment.items() if value}
        return cls(
            home=Home((repository / merged.get("ASKFLASH_HOME", ".askflash")).absolute()),
            host=merged.get("ASKFLASH_HOST", "127.0.0.1"),
            port=_port(merged.get("ASKFLASH_PORT", "8080")),
            sample=merged.get("ASKFLASH_SAMPLE", "1").lower() not in {"0", "false", "no"},
            repository=repository,
            flash=str(Path(sys.executable).with_name("flash")),
            environment=merged,
        )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _HIGHEST_PORT:
        raise FleetError(f"ASKFLASH_PORT={text} is not a port: choose a number from 1 to {_HIGHEST_PORT}.")
    return int(text)
