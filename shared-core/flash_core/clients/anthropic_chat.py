"""Anthropic's messages protocol (https://platform.claude.com/docs/en/build-with-claude/streaming)."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, ClassVar

import msgspec

from flash_core.clients.chat_protocol import ChatProtocol, PassingError, Reply, SettingNames
from flash_core.interfaces.ai_provider import ChatTurn, ModelCall, WritingRequest

_VERSION = "2023-06-01"
_SYSTEM, _USER = "system", "user"
_NO_BEGINNING = "(The beginning of the conversation is left out.)"


class _Usage(msgspec.Struct):
    """Tokens that went through the vendor's cache are counted apart from the others."""

    input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def prompt_tokens(self) -> int:
        parts = (self.input_tokens, self.cache_creation_input_tokens, self.cache_read_input_tokens)
        return sum(part or 0 for part in parts)


class _Message(msgspec.Struct):
    model: str | None = None
    usage: _Usage | None = None


class _Delta(msgspec.Struct):
    text: str | None = None
    stop_reason: str | None = None


class _Event(msgspec.Struct):
    """Any event; kinds that are not known are passed over, as the protocol wants it."""

    type: str
    message: _Message | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None


class _Error(msgspec.Struct):
    message: str | None = None


class _ErrorBody(msgspec.Struct):
    error: _Error = msgspec.field(default_factory=_Error)


_decode_event = msgspec.json.Decoder(_Event, strict=False).decode
_decode_error = msgspec.json.Decoder(_ErrorBody).decode


class AnthropicProtocol(ChatProtocol):
    """Newer models refuse a temperature, and say so in words only."""

    name = "anthropic"
    settings = SettingNames(key="ANTHROPIC_API_KEY", model="ANTHROPIC_MODEL", url="ANTHROPIC_BASE_URL")
    optional: ClassVar[Mapping[str, str | None]] = {"temperature": None}

    def url(self, base_url: str) -> str:
        return f"{base_url.rstrip('/').removesuffix('/v1')}/v1/messages"

    def headers(self, api_key: str) -> dict[str, str]:
        return {"anthropic-version": _VERSION, **({"x-api-key": api_key} if api_key else {})}

    def body(self, model: str, request: WritingRequest) -> dict[str, Any]:
        system = "\n\n".join(turn.content for turn in request.turns if turn.role == _SYSTEM)
        return {
            "model": model,
            **({"system": system} if system else {}),
            "messages": list(_messages(turn for turn in request.turns if turn.role != _SYSTEM)),
            "stream": True,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
        }

    def reply(self, call: ModelCall) -> Reply:
        return _AnthropicReply(call)

    def refused_parameter(self, error: bytes) -> str | None:
        said = _decode_error(error).error.message or ""
        return next((name for name in self.optional if name in said), None)


class _AnthropicReply(Reply):
    """`message_start` counts the prompt, `message_delta` the text and says why it ends, `message_stop` ends it."""

    def text_of(self, data: bytes) -> str:
        event = _decode_event(data)
        match event.type:
            case "content_block_delta" if event.delta is not None:
                return event.delta.text or ""
            case "message_start" if event.message is not None:
                self._begin(event.message)
            case "message_delta":
                self._end(event)
            case "message_stop":
                self.is_done = True
            case "error":
                raise PassingError("The model server failed while it wrote.")
        return ""

    def _begin(self, message: _Message) -> None:
        self.call.model = message.model or self.call.model
        if message.usage is not None:
            self.call.prompt_tokens = message.usage.prompt_tokens
            self.is_counted = True

    def _end(self, event: _Event) -> None:
        if event.delta is not None:
            self.reason = event.delta.stop_reason or self.reason
        if event.usage is not None and event.usage.output_tokens is not None:
            self.call.prompt_tokens = max(self.call.prompt_tokens, event.usage.prompt_tokens)
            self.call.completion_tokens = event.usage.output_tokens
            self.call.estimated = False


def _messages(turns: Iterable[ChatTurn]) -> Iterable[dict[str, str]]:
    """Turns as the protocol wants them: none empty, user and assistant in turns, the user first."""
    told = [turn for turn in turns if turn.content.strip()]
    if told and told[0].role != _USER:
        told.insert(0, ChatTurn(_USER, _NO_BEGINNING))
    for role, same in groupby(told, key=lambda turn: turn.role):
        yield {"role": role, "content": "\n\n".join(turn.content for turn in same)}
