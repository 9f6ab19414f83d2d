"""What the operator may set for the documentation service."""

from dataclasses import dataclass

from pydantic import Field

from flash_core.config.settings import DatabaseUrl, ServiceSettings


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """Parts of scores, from 0 to 1, and the seconds that the embedding of a query and the reranker have."""

    dense_weight: float = 0.45
    foreign_dense_weight: float = 0.3
    title_weight: float = 0.25
    path_weight: float = 0.05
    rerank_weight: float = 0.7
    rerank_seconds: float = 1.0
    embed_seconds: float = 2.0


class Settings(ServiceSettings):
    database_url: DatabaseUrl = Field(
        default="postgresql+asyncpg://flash@127.0.0.1/documentation",
        validation_alias="DATABASE_URL_DOCUMENTATION",
        description="The documentation service's own database.",
    )
    search_dense_weight: float = Field(
        default=0.45, ge=0, le=1, description="Part of the meaning in a score, beside the words; for English queries."
    )
    search_foreign_dense_weight: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="The same for queries in other languages, which small embedding models hardly know. Models that "
        "are known to be multilingual keep the full weight; raise it for another one that is.",
    )
    search_title_weight: float = Field(
        default=0.25, ge=0, le=1, description="Part of the document's title in a score, beside its passages."
    )
    search_path_weight: float = Field(
        default=0.05, ge=0, le=1, description="Part of the names of its folders in a score."
    )
    search_rerank_weight: float = Field(
        default=0.7, ge=0, le=1, description="Part of the reranker's relevance in a score, where there is a reranker."
    )
    search_rerank_seconds: float = Field(
        default=1.0, gt=0, description="After so long a search does without the reranker's answer."
    )

    search_embed_seconds: float = Field(
        default=2.0, gt=0, description="After so long a search does without the meaning of its query: words alone."
    )

    @property
    def search(self) -> SearchSettings:
        return SearchSettings(
            dense_weight=self.search_dense_weight,
            foreign_dense_weight=self.search_foreign_dense_weight,
            title_weight=self.search_title_weight,
            path_weight=self.search_path_weight,
            rerank_weight=self.search_rerank_weight,
            rerank_seconds=self.search_rerank_seconds,
            embed_seconds=self.search_embed_seconds,
        )
