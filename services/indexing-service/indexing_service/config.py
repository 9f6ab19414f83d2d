"""What the operator may set for the indexing service."""

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
