"""What the operator may set for the documentation service."""

from pydantic import Field

from flash_core.config.settings import DatabaseUrl, ServiceSettings


class Settings(ServiceSettings):
    database_url: DatabaseUrl = Field(
        default="postgresql+asyncpg://flash@127.0.0.1/documentation",
        validation_alias="DATABASE_URL_DOCUMENTATION",
        description="The documentation service's own database.",
    )
