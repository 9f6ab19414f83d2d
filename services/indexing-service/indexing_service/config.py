"""What the operator may set for the indexing service."""

from pathlib import Path

from pydantic import Field

from flash_core.config.settings import DatabaseUrl, ServiceSettings


class Settings(ServiceSettings):
    database_url: DatabaseUrl = Field(
        default="postgresql+asyncpg://flash@127.0.0.1/indexing",
        validation_alias="DATABASE_URL_INDEXING",
        description="The indexing service's own database.",
    )
    indexing_jobs: int = Field(default=4, ge=1, le=64, description="Jobs that one process works on at the same time.")
    indexing_lease_seconds: float = Field(
        default=10.0, ge=1, le=600, description="A worker that is silent for longer loses its jobs to another."
    )
    indexing_folder: Path = Field(
        default=Path(".askflash/indexing"),
        description="Folder for copies of Git repositories. They can be made again, so losing it loses nothing.",
    )
    indexing_local_repositories: bool = Field(
        default=False,
        description="Whether a Git source may name a folder of the machine (`/path`, `file://`) instead of a host.",
    )
