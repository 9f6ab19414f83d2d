"""Which implementation stands behind each interface. Nothing else may decide that."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files

from openai import AsyncOpenAI

from ai_intent_service.config import AiIntentSettings
from ai_intent_service.providers.bounded import BoundedIntent
from ai_intent_service.providers.openai_analyser import OpenAIAnalyser
from ai_intent_service.services.cached_intent import CachedIntent
from ai_intent_service.services.exemplars import Exemplars, parsed
from ai_intent_service.services.intent_analyser import IntentAnalyser
from ai_intent_service.services.meaning_analyser import MeaningAnalyser
from ai_intent_service.services.rule_analyser import RuleAnalyser
from flash_core.clients.breaker import CircuitBreaker
from flash_core.clients.embedding import EmbeddingClient
from flash_core.composition import Platform, ServiceContainer, open_platform
from flash_core.interfaces.intent import IntentInterface
from flash_core.utils.clock import SystemClock

PROMPT = "intent.v2"
EXEMPLARS = "exemplars.v2"
_SHARE_OF_BUDGET = 0.8
"""The asking service waits for the whole budget; what is left is for the way there and back."""
_SHARE_OF_MEANING = 0.3
"""Where a model is asked too: vectors take milliseconds, so that the model gets most of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container(ServiceContainer):
    """The object graph of one running intent service."""

    intent: IntentInterface
    exemplars: MeaningAnalyser


@asynccontextmanager
async def compose(settings: AiIntentSettings | None = None) -> AsyncIterator[Container]:
    settings = settings or AiIntentSettings()
    async with open_platform(settings, "ai-intent") as platform, AsyncExitStack() as stack:
        seconds = settings.ai_intent_seconds * _SHARE_OF_BUDGET
        model = await _model(settings, platform, stack, seconds * (1 - _SHARE_OF_MEANING))
        embeddings = EmbeddingClient(platform.http.sibling(settings.embedding_url))
        meaning = MeaningAnalyser(embeddings, read_exemplars(EXEMPLARS), SystemClock())
        seconds_of_meaning = seconds if model is None else seconds * _SHARE_OF_MEANING
        bounded = BoundedIntent(meaning, CircuitBreaker("understanding by meaning"), seconds=seconds_of_meaning)
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


async def _model(
    settings: AiIntentSettings, platform: Platform, stack: AsyncExitStack, seconds: float
) -> IntentInterface | None:
    if not settings.uses_model:
        return None
    client = AsyncOpenAI(
        base_url=settings.openai_base_url,
        api_key=settings.openai_api_key.get_secret_value() or "none",  # local servers want none, the SDK wants one
        timeout=seconds,
        max_retries=0,
    )
    await stack.enter_async_context(client)
    analyser = OpenAIAnalyser(client, settings.ai_intent_model, read_prompt(PROMPT), SystemClock())
    breaker = CircuitBreaker("the model that understands questions", open_seconds=10)
    bounded = BoundedIntent(analyser, breaker, seconds=seconds)
    version = f"{PROMPT}:{settings.ai_intent_model}"
    return CachedIntent(bounded, platform.cache, SystemClock(), version=lambda: version)
