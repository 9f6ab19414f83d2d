"""What the operator of the chat service may set. Names of fields are names of environment variables."""

from pydantic import Field

from flash_core.config.settings import DatabaseUrl, ServiceSettings


class Settings(ServiceSettings):
    database_url: DatabaseUrl = Field(
        default="postgresql+asyncpg://flash@127.0.0.1/chat",
        validation_alias="DATABASE_URL_CHAT",
        description="The chat service's own database.",
    )
    public_url: str = Field(
        default="http://localhost:8080", description="The page's origin: sockets opened with its cookie must name it."
    )
    chat_lease_seconds: float = Field(
        default=10, gt=0, description="A worker that is silent for longer loses the question to another."
    )
    chat_deadline_seconds: float = Field(
        default=300, gt=0, description="A question that has no answer by then gets an honest failure."
    )
    chat_max_attempts: int = Field(default=5, ge=1, description="How often a question is tried.")
    chat_requeue_seconds: float = Field(
        default=5, gt=0, description="A question that nobody takes up is announced again after this, then twice this, …"
    )
    chat_requeue_max_seconds: float = Field(default=60, gt=0, description="… but at least this often.")
    chat_reconcile_seconds: float = Field(
        default=1, gt=0, description="How often unfinished questions are looked through."
    )
    chat_max_waiting: int = Field(
        default=50, ge=1, description="Questions that may wait in one conversation; more are refused with 429."
    )
    chat_history_turns: int = Field(
        default=10, ge=0, description="Earlier questions, with their answers in general mode, that a model sees."
    )
    chat_ask_seconds: float = Field(
        default=120, gt=0, description="How long `POST /api/v1/chat` waits for its answer before it says 503."
    )
    chat_silence_seconds: float = Field(
        default=1.5, gt=0, description="Silence after which a reader looks whether it has missed something."
    )
    chat_heartbeat_seconds: float = Field(
        default=15, gt=0, description="Between comments that keep a silent SSE stream up."
    )
    chat_recheck_seconds: float = Field(default=30, gt=0, description="How often an open socket's login is checked.")
    chat_slow_seconds: float = Field(
        default=30, gt=0, description="A socket that takes longer for one frame is closed with 4408."
    )
    chat_sockets_per_user: int = Field(default=50, ge=1, description="Open sockets of one user on one replica.")
    chat_drain_seconds: float = Field(
        default=2, gt=0, description="At a restart, how long open sockets have to take their farewell."
    )
    chat_answers_per_socket: int = Field(default=200, ge=1, description="Answers that one socket follows at once.")
