"""What answers have used, on the wire (`GET /api/v1/usage`)."""

from datetime import date
from uuid import UUID

from pydantic import Field

from flash_core.schemas.common import Response


class UsageLine(Response):
    """The answers of one model: of one day (UTC), or of one user in the whole time.

    `cost` is the sum of those answers that have one, in the currency of the operator's prices; null where none has.
    """

    day: date | None = Field(default=None, description="Null when the lines are users.")
    user_id: UUID
    model: str
    answers: int
    prompt_tokens: int
    completion_tokens: int
    estimated: bool = Field(description="Some of the tokens were not counted by the model's server but guessed.")
    cost: float | None
