"""Alembic for nine services with one environment: each keeps only its `database/migrations/versions`."""

from importlib import import_module
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData

from flash_core.database.errors import translated_errors

_ENVIRONMENT = Path(__file__).parent / "alembic"


def upgrade(package: str, url: str) -> None:
    """Bring the service's database to the newest version; safe to run by several replicas at once.

    Raises `UpstreamUnavailableError` when the database can't be reached. Not to be called in a running event loop.
    """
    with translated_errors():
        command.upgrade(alembic_config(package, url), "head")


def revise(package: str, url: str, message: str) -> None:
    """Write a new migration from the difference between the tables and the database."""
    command.revision(alembic_config(package, url), message, autogenerate=True)


def check(package: str, url: str) -> None:
    """Raise if the migrations do not lead to what `tables.py` says."""
    command.check(alembic_config(package, url))


def alembic_config(package: str, url: str) -> Config:
    database = import_module(f"{package}.database")
    config = Config(attributes={"url": url, "metadata": _metadata(package)})
    config.set_main_option("script_location", str(_ENVIRONMENT))
    config.set_main_option("version_path_separator", "os")
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(Path(str(database.__file__)).parent / "migrations" / "versions"))
    return config


def _metadata(package: str) -> MetaData:
    tables: Any = import_module(f"{package}.database.tables")
    metadata: MetaData = tables.METADATA
    return metadata
