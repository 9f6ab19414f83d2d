"""`askflash` with stand-ins for the services and for the page, which are in STANDIN_REPOSITORY."""

import dataclasses
import os
import sys
from pathlib import Path

from local_fleet.cli import main
from local_fleet.settings import FleetSettings


def settings() -> FleetSettings:
    repository = Path(os.environ["STANDIN_REPOSITORY"])
    return dataclasses.replace(FleetSettings.read(repository=repository), flash=str(repository / "flash"))


if __name__ == "__main__":
    sys.exit(main(read_settings=settings))
