"""What the operator may set for the indexing service."""

from pathlib import Path

from pydantic import Field, SecretStr

from flash_core.config.settings import DatabaseUrl, ServiceSettings


class Settings(ServiceSettings):
    database_url: DatabaseUrl = Field(
        default="postgresql+asyncpg://flash@127.0.0.1/indexing",
        validation_alias="DATABASE_URL_INDEXING",
        description="The indexing service's own database.",
    )
    indexing_jobs: int = Field(
        default=32,
        ge=1,
        le=1_000,
        description="Sources that one process reads at the same time; a slow one costs a place and little else. Where "
        "there are more to read, they take turns.",
    )
    indexing_keep_days: int = Field(
        default=30,
        ge=1,
        description="Days that jobs are kept after their end, with their problems and the uploads that failed in them. "
        "The newest job of a source stays; syncs that changed nothing go after a day.",
    )
    indexing_schedule: str = Field(
        default="5m",
        max_length=100,
        description="How often a source is looked at whose maker said nothing else: `5m`, `1h`, `1d`, a cron "
        "expression in UTC, or `never`.",
    )
    indexing_schedule_restricted: str = Field(
        default="1m",
        max_length=100,
        description="The same for sources whose pages have readers of their own (Confluence): a change of who may read "
        "a page holds from the next look on.",
    )
    indexing_lease_seconds: float = Field(
        default=10.0, ge=1, le=600, description="A worker that is silent for longer loses its jobs to another."
    )
    indexing_hold_deletions: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="A larger share of a source's documents than this, if it is three or more, or all of several, is "
        "not removed without an approval.",
    )
    indexing_folder: Path = Field(
        default=Path(".askflash/indexing"),
        description="Folder for copies of Git repositories. They can be made again, so losing it loses nothing.",
    )
    indexing_local_repositories: bool = Field(
        default=False,
        description="Whether a Git source may name a folder of the machine (`/path`, `file://`) instead of a host.",
    )
    parser_processes: int = Field(
        default=2, ge=1, le=32, description="Documents that are read at the same time, each in a process of its own."
    )
    parser_seconds: int = Field(
        default=60, ge=1, le=3_600, description="A document whose reading takes longer is given up, as its failure."
    )
    parser_memory_mb: int = Field(
        default=1_024, ge=256, le=65_536, description="Address space that reading one document may take."
    )
    parser_max_pages: int = Field(default=5_000, ge=1, description="A PDF with more pages is not read.")
    outgoing_allow: str = Field(
        default="",
        description="What sources may be read from besides public hosts over https, separated by commas: `host`, "
        "`host:port`, addresses, or networks as `10.0.0.0/8`. A host named here may use http and have a private "
        "address; link-local ones (metadata of clouds) have to be named as addresses.",
    )
    credentials_keys: SecretStr = Field(
        default=SecretStr(""),
        description="What seals the credentials of sources: `id:key`, separated by commas, with keys of 32 bytes in "
        "base64 (`openssl rand -base64 32`). The first one seals, all open. Without any, sources that need "
        "credentials can't be connected.",
    )

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        return tuple(self.outgoing_allow.replace(",", " ").split())
