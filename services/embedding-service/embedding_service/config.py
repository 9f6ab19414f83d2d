"""What the operator of the embedding service may set."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr

from flash_core.config.settings import ServiceSettings


class ProviderKind(StrEnum):
    ONNX = "onnx"
    SENTENCE_TRANSFORMERS = "sentence-transformers"
    OPENAI = "openai"


class Precision(StrEnum):
    FP32 = "fp32"
    INT8 = "int8"


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """How texts of many requests become model calls.

    `size`: texts a call. `window_seconds`: how long an idle model waits for a batch to fill. `concurrency`: calls at
    once. `queue_size`: texts of one priority that may wait. `apart`: people's texts are computed beside those of an
    index run, not between its batches; `concurrency` is then of each.
    """

    size: int
    window_seconds: float
    concurrency: int
    queue_size: int
    apart: bool = False


class Settings(ServiceSettings):
    embedding_provider: ProviderKind = Field(
        default=ProviderKind.ONNX,
        description="`onnx`: all-MiniLM-L6-v2 on the CPU; `sentence-transformers`: any model by name or folder "
        "(`make install-torch`); `openai`: a server with `/v1/embeddings`.",
    )
    embedding_model: str = Field(
        default="",
        description="Empty: the packaged all-MiniLM-L6-v2. `onnx`: a folder with another BERT sentence encoder; "
        "`sentence-transformers`: a name or a folder; `openai`: the server's name of the model.",
    )
    embedding_next_model: str = Field(
        default="",
        description="A second model, served beside `EMBEDDING_MODEL` while the index is rebuilt for it (named alike; "
        "`all-MiniLM-L6-v2` is the packaged one). After the rebuild it becomes `EMBEDDING_MODEL`.",
    )
    embedding_next_provider: ProviderKind | None = Field(
        default=None, description="The provider of `EMBEDDING_NEXT_MODEL`; empty: `EMBEDDING_PROVIDER`."
    )
    embedding_precision: Precision = Field(
        default=Precision.FP32,
        description="`onnx` only. `int8` is twice as fast and needs half the memory; its vectors differ (cosine .99).",
    )
    embedding_device: str = Field(
        default="cpu", description="Where models of `sentence-transformers` compute: `cpu`, `cuda`, `mps`, …"
    )
    embedding_threads: int = Field(
        default=0,
        ge=0,
        description="How many texts `onnx` computes at once, each on one core; for `sentence-transformers` the threads "
        "of one inference. 0: one a core. Rerankers get half of them.",
    )
    embedding_batch_size: int = Field(
        default=0, ge=0, le=2_048, description="Texts a model call; 0: what suits the provider."
    )
    embedding_batch_window_ms: float = Field(
        default=0.0,
        ge=0,
        le=100,
        description="How long an idle model waits for more texts after the first, in ms. What comes while it works "
        "makes up the next batch in any case.",
    )
    embedding_queue_size: int = Field(
        default=8_192, ge=1, description="Texts of one priority that may wait; beyond that requests get 503."
    )
    embedding_timeout_seconds: float = Field(
        default=30.0, gt=0, description="`openai` only: the longest time for one call to the server."
    )
    embedding_openai_base_url: str = Field(
        default="", description="`openai` only: the server with `/v1/embeddings`; empty: `OPENAI_BASE_URL`."
    )
    rerank_model: str = Field(
        default="",
        description="A cross-encoder that puts search results in a better order; empty: none. A folder (ONNX, or a "
        "BERT classifier's safetensors), an installed package with `get_model_path()`, or a name or folder for "
        "sentence-transformers (`make install-torch`).",
    )
    entailment_model: str = Field(
        default="",
        description="A model of natural language inference that checks cited sentences; empty: words and vectors do. "
        "Named as `RERANK_MODEL` is.",
    )
    model_cache: Path = Field(
        default=Path(".askflash/models"), description="Folder for models that were built here (`onnx`)."
    )
    openai_base_url: str = Field(default="", description="The OpenAI-compatible server.")
    openai_api_key: SecretStr = Field(default=SecretStr(""), description="Its key.")
