"""What the operator may set for the main AI service."""

from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from flash_core.config.settings import ServiceSettings

EXTRACTIVE: Final = "extractive"
OPENAI: Final = "openai"
ANTHROPIC: Final = "anthropic"
_ANTHROPIC_URL = "https://api.anthropic.com"


class ModelPrice(BaseModel):
    """What a million tokens cost."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)


class AiMainSettings(ServiceSettings):
    ai_provider: str = Field(
        default="extractive",
        description="Who writes answers: `extractive` (quotes, no model), `openai` (any OpenAI-compatible server), "
        "`anthropic`; several in order of preference, separated by commas. When none of them can, `extractive` does.",
    )
    openai_base_url: str = Field(
        default="https://api.openai.com/v1", description="Where an OpenAI-compatible server answers."
    )
    openai_api_key: SecretStr = Field(default=SecretStr(""), description="Its key; empty for servers without one.")
    anthropic_base_url: str = Field(default=_ANTHROPIC_URL, description="Where Anthropic's messages API answers.")
    anthropic_api_key: SecretStr = Field(
        default=SecretStr(""), description="Its key; needed when AI_PROVIDER names `anthropic` at the default address."
    )
    ai_main_model: str = Field(default="", description="The model that writes; needed when AI_PROVIDER names `openai`.")
    anthropic_model: str = Field(
        default="",
        description="The model that writes when AI_PROVIDER names `anthropic`; empty: AI_MAIN_MODEL, unless that is "
        "`openai`'s.",
    )
    ai_prices: dict[str, ModelPrice] = Field(
        default_factory=dict,
        description='What a million tokens cost, by model, as JSON: `{"gpt-4o": {"prompt": 2.5, "completion": 10}}`; '
        "answers then say their cost.",
    )
    ai_first_token_seconds: float = Field(default=30, gt=0, description="How long a model may think before it writes.")
    ai_idle_seconds: float = Field(default=15, gt=0, description="How long a model may pause while it writes.")
    ai_total_seconds: float = Field(default=180, gt=0, description="How long one answer of a model may take.")
    ai_max_tokens: int = Field(default=1_024, ge=16, le=32_768, description="The longest answer of a model.")

    ai_refuse_below: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A question is refused when the documentation answers it with a lower probability than this: the "
        "calibrated confidence of the search.",
    )

    ai_concurrency: int = Field(default=64, ge=1, le=2_000, description="Answers that one process writes at a time.")
    ai_attempts: int = Field(default=4, ge=1, description="How often an answer is begun before it counts as failed.")
    ai_retry_seconds: float = Field(default=0.5, ge=0, description="The pause before the second attempt; doubles.")
    ai_heartbeat_seconds: float = Field(default=3, gt=0, description="How often a worker says that it still writes.")
    ai_intent_seconds: float = Field(
        default=0.3,
        gt=0,
        description="How long a question may wait to be understood; then what rules make of it counts. Enough for "
        "rules and vectors; where AI_INTENT_MODEL names a model, raise it to what that takes.",
    )
    ai_passages: int = Field(default=8, ge=1, le=50, description="The most passages that an answer is written from.")
    ai_answer_cache_seconds: int = Field(
        default=3_600, ge=0, description="How long an answer may be given again to the same question; 0: never."
    )
    ai_strict_citations: bool = Field(
        default=False, description="Leave out sentences that no passage supports instead of marking them."
    )
    ai_context_tokens: int = Field(
        default=3_000,
        ge=200,
        description="The most tokens that a model is given to read for an answer, roughly counted: instructions, "
        "question, conversation and passages; the best passage always.",
    )

    @property
    def providers(self) -> tuple[str, ...]:
        """Names in order of preference, each once; the last resort is `extractive` even where it is not named."""
        return tuple(dict.fromkeys((*self._named, EXTRACTIVE)))

    @property
    def model_of_anthropic(self) -> str:
        return self.anthropic_model or ("" if OPENAI in self._named else self.ai_main_model)

    @property
    def writing(self) -> tuple[object, ...]:
        """Everything set here that another answer may come of."""
        openai = (self.openai_base_url, self.ai_main_model, self.anthropic_base_url, self.model_of_anthropic)
        size = (self.ai_max_tokens, self.ai_passages, self.ai_context_tokens, self.ai_strict_citations)
        return (*self.providers, *openai, *size)

    @property
    def _named(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.ai_provider.split(",") if name.strip())

    @model_validator(mode="after")
    def _can_write(self) -> Self:
        unknown = [name for name in self._named if name not in {EXTRACTIVE, OPENAI, ANTHROPIC}]
        if unknown or not self._named:
            raise ValueError(
                f"AI_PROVIDER: {', '.join(unknown) or 'nothing'} is not known; extractive, openai and anthropic are."
            )
        if OPENAI in self._named and not self.ai_main_model:
            raise ValueError("AI_PROVIDER names openai, so AI_MAIN_MODEL must name a model.")
        if ANTHROPIC in self._named:
            self._anthropic_can_write()
        return self

    def _anthropic_can_write(self) -> None:
        if not self.model_of_anthropic:
            raise ValueError("AI_PROVIDER names anthropic, so ANTHROPIC_MODEL must name a model.")
        if self.anthropic_base_url == _ANTHROPIC_URL and not self.anthropic_api_key.get_secret_value():
            raise ValueError("AI_PROVIDER names anthropic, so ANTHROPIC_API_KEY must be set.")


Settings = AiMainSettings
