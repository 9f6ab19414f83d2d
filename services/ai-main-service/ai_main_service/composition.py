"""Which implementation stands behind each interface. Nothing else may decide that."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files

from redis.asyncio import Redis

from ai_main_service.config import EXTRACTIVE, OPENAI, AiMainSettings
from ai_main_service.providers.extractive import ExtractiveProvider
from ai_main_service.services.answer_writer import ANSWER_PROMPT, GENERAL_PROMPT
from ai_main_service.services.entailment import ModelOrWords, WordsAndVectors
from ai_main_service.services.generation_worker import GenerationWorker
from flash_core.clients.anthropic_chat import AnthropicProtocol
from flash_core.clients.cache import RedisCache
from flash_core.clients.chat import GenerationLeaseClient
from flash_core.clients.chat_model import ChatModel, open_chat_model
from flash_core.clients.chat_protocol import ChatProtocol
from flash_core.clients.documentation import SearchClient, VisibleDocumentsClient
from flash_core.clients.embedding import EmbeddingClient, EntailmentClient
from flash_core.clients.guarded_model import GuardedModel
from flash_core.clients.intent import IntentClient
from flash_core.clients.openai_chat import OpenAIProtocol
from flash_core.clients.single_flight import RedisSingleFlight
from flash_core.composition import ServiceContainer, open_platform
from flash_core.interfaces.ai_provider import AIProviderInterface
from flash_core.interfaces.embedding import EmbeddingProviderInterface
from flash_core.messaging.answer_log import RedisAnswerLog
from flash_core.utils.clock import SystemClock
from flash_core.utils.ids import new_id
from flash_core.web.problems import problem_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(ServiceContainer):
    """The object graph of one running main AI service."""

    generation_worker: GenerationWorker
    redis: Redis
    worker_name: str
    concurrency: int


@asynccontextmanager
async def compose(settings: AiMainSettings | None = None) -> AsyncIterator[Container]:
    settings = settings or AiMainSettings()
    async with open_platform(settings, "ai-main") as platform, AsyncExitStack() as stack:
        http = platform.http
        embeddings = EmbeddingClient(http.sibling(settings.embedding_url))
        providers = [await _provider(name, settings, embeddings, stack) for name in settings.providers]
        name = f"{socket.gethostname()}:{os.getpid()}:{new_id().hex[-8:]}"
        yield Container(
            generation_worker=GenerationWorker(
                leases=GenerationLeaseClient(http.sibling(settings.chat_url)),
                answers=RedisAnswerLog(platform.redis),
                broadcast=platform.broadcast,
                intent=IntentClient(http.sibling(settings.ai_intent_url), seconds=settings.ai_intent_seconds),
                search=SearchClient(http.sibling(settings.documentation_url)),
                documents=VisibleDocumentsClient(
                    http.sibling(settings.documentation_url), seconds=settings.ai_intent_seconds
                ),
                providers=providers,
                embeddings=embeddings,
                entailment=ModelOrWords(
                    EntailmentClient(http.sibling(settings.embedding_url), names=http.sibling(settings.embedding_url)),
                    WordsAndVectors(embeddings),
                ),
                cache=RedisCache(platform.redis),
                flights=RedisSingleFlight(platform.redis),
                prompts={prompt: read_prompt(prompt) for prompt in (ANSWER_PROMPT, GENERAL_PROMPT)},
                clock=SystemClock(),
                describe=problem_of,
                settings=settings,
                name=name,
            ),
            redis=platform.redis,
            worker_name=name,
            concurrency=settings.ai_concurrency,
            authenticator=platform.authenticator,
            idempotency=platform.idempotency,
            health=platform.health,
            optional_health=[provider.health for provider in providers if isinstance(provider, GuardedModel)],
        )


def read_prompt(name: str) -> str:
    """The text of `prompts/<name>.md`."""
    return files("ai_main_service").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")


async def _provider(
    name: str, settings: AiMainSettings, embeddings: EmbeddingProviderInterface, stack: AsyncExitStack
) -> AIProviderInterface:
    if name == EXTRACTIVE:
        return ExtractiveProvider(embeddings)
    protocol, model = _openai(settings) if name == OPENAI else _anthropic(settings)
    return GuardedModel(await stack.enter_async_context(open_chat_model(protocol, model)))


def _openai(settings: AiMainSettings) -> tuple[ChatProtocol, ChatModel]:
    key = settings.openai_api_key.get_secret_value()
    return OpenAIProtocol(), _model(settings.openai_base_url, key, settings.ai_main_model, settings)


def _anthropic(settings: AiMainSettings) -> tuple[ChatProtocol, ChatModel]:
    key = settings.anthropic_api_key.get_secret_value()
    return AnthropicProtocol(), _model(settings.anthropic_base_url, key, settings.model_of_anthropic, settings)


def _model(base_url: str, api_key: str, model: str, settings: AiMainSettings) -> ChatModel:
    return ChatModel(
        base_url=base_url,
        api_key=api_key,
        model=model,
        first_token_seconds=settings.ai_first_token_seconds,
        idle_seconds=settings.ai_idle_seconds,
        total_seconds=settings.ai_total_seconds,
    )
