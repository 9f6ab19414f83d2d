"""What every service's operator may set. Names of fields are names of environment variables."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _async_driver(url: str) -> str:
    """`postgresql://` as people write it, with the driver that is used."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+asyncpg{separator}{rest}" if scheme in {"postgres", "postgresql"} else url


DatabaseUrl = Annotated[str, AfterValidator(_async_driver)]


class ServiceSettings(BaseSettings):
    """Common to the nine services; each adds its own in `config.py`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)

    redis_url: str = Field(
        default="redis://127.0.0.1:6379/0",
        description="`redis://`, `rediss://` or `redis+sentinel://host1:26379,host2:26379/master-name`.",
    )
    internal_key: SecretStr = Field(
        min_length=32, description="Signs what services say to each other; the same for all, at least 32 characters."
    )
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], BeforeValidator(str.upper)] = Field(
        default="INFO", description="DEBUG, INFO, WARNING or ERROR."
    )
    log_format: Literal["json", "console"] = Field(
        default="json", description="`json` for machines, `console` for people."
    )

    auth_url: str = Field(default="http://127.0.0.1:8001", description="Where the auth service answers.")
    chat_url: str = Field(default="http://127.0.0.1:8002", description="Where the chat service answers.")
    ai_intent_url: str = Field(default="http://127.0.0.1:8003", description="Where the intent service answers.")
    ai_main_url: str = Field(default="http://127.0.0.1:8004", description="Where the main AI service answers.")
    documentation_url: str = Field(
        default="http://127.0.0.1:8005", description="Where the documentation service answers."
    )
    vector_url: str = Field(default="http://127.0.0.1:8006", description="Where the vector service answers.")
    embedding_url: str = Field(default="http://127.0.0.1:8007", description="Where the embedding service answers.")
    indexing_url: str = Field(default="http://127.0.0.1:8008", description="Where the indexing service answers.")
    monitoring_url: str = Field(default="http://127.0.0.1:8009", description="Where the monitoring service answers.")
