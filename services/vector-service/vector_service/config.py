"""What the operator of the vector service may set."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, SecretStr

from flash_core.config.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class FusionSettings:
    """`dense_weight` is the dense half's part of a hybrid score where the question does not say, 0 … 1.

    `foreign_dense_weight` holds for questions in other languages than English, which small embedding models hardly
    know. Each half contributes its best `candidates` points.
    """

    dense_weight: float = 0.45
    foreign_dense_weight: float = 0.3
    candidates: int = 100


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
    vector_dense_weight: float = Field(
        default=0.45, ge=0, le=1, description="Part of the dense half in a hybrid score, for English questions."
    )
    vector_foreign_dense_weight: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="The same for other languages; raise it for an embedding model that knows them.",
    )

    @property
    def fusion(self) -> FusionSettings:
        return FusionSettings(self.vector_dense_weight, self.vector_foreign_dense_weight)
