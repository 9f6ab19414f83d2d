"""Which implementation stands behind each interface. Nothing else may decide that."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files

from pydantic import SecretStr

from ai_intent_service.config import ANTHROPIC, AiIntentSettings
from ai_intent_service.providers.bounded import BoundedIntent
from ai_intent_service.providers.model_analyser import ModelAnalyser
from ai_intent_service.services.cached_intent import CachedIntent
from ai_intent_service.services.exemplars import Exemplars, parsed
from ai_intent_service.services.intent_analyser import IntentAnalyser
from ai_intent_service.services.meaning_analyser import MeaningAnalyser
from ai_intent_service.services.rule_analyser import RuleAnalyser
from flash_core.clients.anthropic_chat import AnthropicProtocol
from flash_core.clients.breaker import CircuitBreaker
from flash_core.clients.chat_model import ChatModel, open_chat_model
from flash_core.clients.chat_protocol import ChatProtocol
from flash_core.clients.embedding import EmbeddingClient
from flash_core.clients.openai_chat import OpenAIProtocol
from flash_core.composition import Platform, ServiceContainer, open_platform
from flash_core.interfaces.intent import IntentInterface
from flash_core.utils.clock import SystemClock

PROMPT = "intent.v2"
EXEMPLARS = "exemplars.v2"
_SHARE_OF_BUDGET = 0.8
_LONGEST_WAY_SECONDS = 0.1
"""The asking service waits for the whole budget; what is left is for the way there and back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(ServiceContainer):
    """The object graph of one running intent service."""

    intent: IntentInterface
    exemplars: MeaningAnalyser


@asynccontextmanager
async def compose(settings: AiIntentSettings | None = None) -> AsyncIterator[Container]:
    settings = settings or AiIntentSettings()
    async with open_platform(settings, "ai-intent") as platform, AsyncExitStack() as stack:
        seconds = seconds_to_answer(settings.ai_intent_seconds)
        model = await _model(settings, platform, stack, seconds)
        embeddings = EmbeddingClient(platform.http.sibling(settings.embedding_url))
        meaning = MeaningAnalyser(embeddings, read_exemplars(EXEMPLARS), SystemClock())
        bounded = BoundedIntent(meaning, CircuitBreaker("understanding by meaning"), seconds=seconds)
        yield Container(
            intent=IntentAnalyser(
                RuleAnalyser(SystemClock()),
                CachedIntent(bounded, platform.cache, SystemClock(), version=lambda: f"{EXEMPLARS}:{meaning.model}"),
                model,
            ),
            exemplars=meaning,
            authenticator=platform.authenticator,
            idempotency=platform.idempotency,
        )


def read_prompt(name: str) -> str:
    """The text of `prompts/<name>.md`."""
    return files("ai_intent_service").joinpath("prompts", f"{name}.md").read_text(encoding="utf-8")


def read_exemplars(name: str) -> Exemplars:
    """The exemplars in `exemplars/<name>.txt`."""
    return parsed(files("ai_intent_service").joinpath("exemplars", f"{name}.txt").read_text(encoding="utf-8"))


def seconds_to_answer(budget: float) -> float:
    """What vectors and a model, which work at the same time, may take of the whole."""
    return max(budget * _SHARE_OF_BUDGET, budget - _LONGEST_WAY_SECONDS)


async def _model(
    settings: AiIntentSettings, platform: Platform, stack: AsyncExitStack, seconds: float
) -> IntentInterface | None:
    if settings.model_provider is None:
        return None
    protocol, base_url, key = _server(settings)
    model = ChatModel(
        base_url=base_url,
        api_key=key.get_secret_value(),
        model=settings.ai_intent_model,
        first_token_seconds=seconds,
        idle_seconds=seconds,
        total_seconds=seconds,
        tries=1,
    )
    provider = await stack.enter_async_context(open_chat_model(protocol, model))
    breaker = CircuitBreaker("the model that understands questions", open_seconds=10)
    analyser = ModelAnalyser(provider, read_prompt(PROMPT), SystemClock())
    bounded = BoundedIntent(analyser, breaker, seconds=seconds)
    version = f"{PROMPT}:{settings.model_provider}:{settings.ai_intent_model}"
    return CachedIntent(bounded, platform.cache, SystemClock(), version=lambda: version)


def _server(settings: AiIntentSettings) -> tuple[ChatProtocol, str, SecretStr]:
    if settings.model_provider == ANTHROPIC:
        return AnthropicProtocol(), settings.anthropic_base_url, settings.anthropic_api_key
    return OpenAIProtocol(), settings.openai_base_url, settings.openai_api_key
