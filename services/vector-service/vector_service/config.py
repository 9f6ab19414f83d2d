"""What the operator of the vector service may set."""

from pathlib import Path

from pydantic import Field, SecretStr

from flash_core.config.settings import ServiceSettings


class Settings(ServiceSettings):
    qdrant_url: str = Field(default="", description="A Qdrant server; empty: the embedded engine in `VECTOR_PATH`.")
    qdrant_api_key: SecretStr = Field(default=SecretStr(""), description="The server's key, if it wants one.")
    vector_path: Path = Field(default=Path(".askflash/vectors"), description="Folder of the embedded engine.")
    vector_index_from: int = Field(
        default=200_000,
        ge=1,
        description="Embedded engine: points from which an approximate index is built when the service starts, which "
        "takes minutes. Below it every search is exact (5 ms for 50,000 points).",
    )
