"""A model that writes answers, or something that can stand in for one."""

from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ChatTurn:
    """`role` is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class GroundingPassage:
    """A passage that may be quoted, under the number by which the answer cites it."""

    marker: int
    title: str
    path: tuple[str, ...]
    heading: str
    text: str
    score: float


@dataclass(slots=True)
class ModelCall:
    """The tokens of one call to a model, as far as they are known while it goes on.

    `asked` is the model's name in the settings, `model` the name that the server gave. `estimated`: the server has not
    counted all of them (yet); what it has not said is guessed from the texts.
    """

    asked: str
    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: bool = True


@dataclass(frozen=True, slots=True)
class WritingRequest:
    """What to write: `turns` is the whole prompt for a chat model; `question` and `passages` are the same matter in
    parts, for a provider that is not one. `schema`: the text is to be JSON of this JSON schema; servers that know
    no such thing have only the prompt to go by, so whoever asks validates.

    `calls` is filled by those who write: each call to a model that has written or was counted, also one that failed.
    """

    question: str
    turns: Sequence[ChatTurn]
    passages: Sequence[GroundingPassage] = ()
    max_tokens: int = 1_024
    temperature: float = 0.0
    schema: Mapping[str, Any] | None = None
    calls: list[ModelCall] = field(default_factory=list, compare=False)


@dataclass(frozen=True, slots=True)
class TextPiece:
    """The next piece of the text, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of the text, always the last item of a stream that succeeded."""

    model: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    details: dict[str, str] = field(default_factory=dict)


class AIProviderInterface(Protocol):
    """Writes text for a request, piece by piece.

    The stream ends with exactly one `Finished`, or raises: `UpstreamUnavailableError` (away, slow, cut: another try
    may help), `UpstreamRejectedError` (wrong key, unknown model: it won't). What was yielded before an error is void.
    Closing the iterator stops the work at the provider. What the work has used stands in the request's `calls` at every
    moment, however the stream ends.
    """

    name: str

    @abstractmethod
    def stream(self, request: WritingRequest) -> AsyncIterator[TextPiece | Finished]: ...
