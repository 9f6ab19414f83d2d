"""What a vendor's chat protocol is made of, and what can go wrong whichever it is."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import msgspec

from flash_core.errors import UpstreamRejectedError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import ModelCall, WritingRequest

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading raises for what is not the protocol."""


@dataclass(frozen=True, slots=True)
class SettingNames:
    """What the operator must look at when a server refuses."""

    key: str
    model: str
    url: str


class Reply(ABC):
    """A reply while it is read: the call's counts are kept up to date, `reason` is why the model stopped.

    `is_done` is the protocol's own sign of the end; `is_counted` once the server has said any number of tokens.
    """

    def __init__(self, call: ModelCall) -> None:
        self.call = call
        self.reason = ""
        self.is_done = False
        self.is_counted = False

    @abstractmethod
    def text_of(self, data: bytes) -> str:
        """The text in one event's data, maybe none. Raise `PassingError` when the server says that it failed and
        one of `UNREADABLE` for what is not this protocol.
        """


class ChatProtocol(ABC):
    """A vendor's way to ask for a stream and to read it.

    `optional` names the parameters that some models refuse, and what they want instead.
    """

    name: ClassVar[str]
    settings: ClassVar[SettingNames]
    optional: ClassVar[Mapping[str, str | None]]

    @abstractmethod
    def url(self, base_url: str) -> str: ...

    @abstractmethod
    def headers(self, api_key: str) -> dict[str, str]: ...

    @abstractmethod
    def body(self, model: str, request: WritingRequest) -> dict[str, Any]: ...

    @abstractmethod
    def reply(self, call: ModelCall) -> Reply: ...

    @abstractmethod
    def refused_parameter(self, error: bytes) -> str | None:
        """The parameter that the body of a 400 complains of."""


class PassingError(UpstreamUnavailableError):
    """Worth another try, not before `retry_after` seconds where the server says so."""

    def __init__(self, detail: str, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class ModelUnusableError(UpstreamRejectedError):
    """The key, the model's name or the address is wrong: no request succeeds until the operator changes that."""
