"""What the operator may set for the main AI service."""

from typing import Final, Self

from pydantic import Field, SecretStr, model_validator

from flash_core.config.settings import ServiceSettings

EXTRACTIVE: Final = "extractive"
OPENAI: Final = "openai"


class AiMainSettings(ServiceSettings):
    ai_provider: str = Field(
        default="extractive",
        description="Who writes answers: `extractive` (quotes, no model), `openai` (any OpenAI-compatible server); "
        "several in order of preference, separated by commas.",
    )
    openai_base_url: str = Field(
        default="https://api.openai.com/v1", description="Where an OpenAI-compatible server answers."
    )
    openai_api_key: SecretStr = Field(default=SecretStr(""), description="Its key; empty for servers without one.")
    ai_main_model: str = Field(default="", description="The model that writes; needed when AI_PROVIDER names `openai`.")
    ai_first_token_seconds: float = Field(default=30, gt=0, description="How long a model may think before it writes.")
    ai_idle_seconds: float = Field(default=15, gt=0, description="How long a model may pause while it writes.")
    ai_total_seconds: float = Field(default=180, gt=0, description="How long one answer of a model may take.")
    ai_max_tokens: int = Field(default=1_024, ge=16, le=32_768, description="The longest answer of a model.")

    ai_concurrency: int = Field(default=64, ge=1, le=2_000, description="Answers that one process writes at a time.")
    ai_attempts: int = Field(default=4, ge=1, description="How often an answer is begun before it counts as failed.")
    ai_retry_seconds: float = Field(default=0.5, ge=0, description="The pause before the second attempt; doubles.")
    ai_heartbeat_seconds: float = Field(default=3, gt=0, description="How often a worker says that it still writes.")
    ai_intent_seconds: float = Field(default=0.3, gt=0, description="What understanding a question may take.")
    ai_passages: int = Field(default=8, ge=1, le=50, description="The most passages that an answer is written from.")
    ai_context_tokens: int = Field(default=3_000, ge=200, description="The most tokens of passages, roughly counted.")

    @property
    def providers(self) -> tuple[str, ...]:
        """Names in order of preference, each once."""
        return tuple(dict.fromkeys(name.strip() for name in self.ai_provider.split(",") if name.strip()))

    @model_validator(mode="after")
    def _can_write(self) -> Self:
        unknown = [name for name in self.providers if name not in {EXTRACTIVE, OPENAI}]
        if unknown or not self.providers:
            raise ValueError(f"AI_PROVIDER: {', '.join(unknown) or 'nothing'} is not known; extractive and openai are.")
        if OPENAI in self.providers and not self.ai_main_model:
            raise ValueError("AI_PROVIDER names openai, so AI_MAIN_MODEL must name a model.")
        return self


Settings = AiMainSettings
