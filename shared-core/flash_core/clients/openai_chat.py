"""OpenAI's chat protocol, which most servers speak: OpenAI, Azure, vLLM, Ollama, llama.cpp."""

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from flash_core.clients.chat_protocol import ChatProtocol, PassingError, Reply, SettingNames
from flash_core.interfaces.ai_provider import ModelCall, WritingRequest


class _Delta(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Chunk(msgspec.Struct):
    """Servers differ in what they leave out and what they send as null; both are nothing."""

    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    model: str | None = None
    error: Any = None


class _Refused(msgspec.Struct):
    param: str | None = None
    message: str | None = None


class _ErrorBody(msgspec.Struct):
    error: _Refused = msgspec.field(default_factory=_Refused)


_REFUSED_IN_WORDS = ("temperature", "response_format")

_decode_chunk = msgspec.json.Decoder(_Chunk, strict=False).decode
_decode_error = msgspec.json.Decoder(_ErrorBody).decode


class OpenAIProtocol(ChatProtocol):
    name = "openai"
    settings = SettingNames(key="OPENAI_API_KEY", model="AI_MAIN_MODEL", url="OPENAI_BASE_URL")
    optional: ClassVar[Mapping[str, str | None]] = {
        "temperature": None,
        "stream_options": None,
        "max_tokens": "max_completion_tokens",
        "response_format": None,
    }

    def url(self, base_url: str) -> str:
        return f"{base_url.rstrip('/')}/chat/completions"

    def headers(self, api_key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {api_key}"} if api_key else {}

    def body(self, model: str, request: WritingRequest) -> dict[str, Any]:
        return {
            "model": model,
            "messages": [{"role": turn.role, "content": turn.content} for turn in request.turns],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            **(_format_of(request.schema) if request.schema is not None else {}),
        }

    def reply(self, call: ModelCall) -> Reply:
        return _OpenAIReply(call)

    def refused_parameter(self, error: bytes) -> str | None:
        """Some gateways name what their models refuse in words only."""
        refused = _decode_error(error).error
        said = refused.message or ""
        return refused.param or next((name for name in _REFUSED_IN_WORDS if name in said), None)


class _OpenAIReply(Reply):
    """Chunks, the usage in the last of them, then `[DONE]`."""

    def text_of(self, data: bytes) -> str:
        if data == b"[DONE]":
            self.is_done = True
            return ""
        chunk = _decode_chunk(data)
        if chunk.error:
            raise PassingError("The model server failed while it wrote.")
        self.call.model = chunk.model or self.call.model
        if chunk.usage is not None:
            self._count(chunk.usage)
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        self.reason = choice.finish_reason or self.reason
        return (choice.delta and choice.delta.content) or ""

    def _count(self, usage: _Usage) -> None:
        if usage.prompt_tokens is None or usage.completion_tokens is None:
            return
        self.call.prompt_tokens, self.call.completion_tokens = usage.prompt_tokens, usage.completion_tokens
        self.call.estimated = False
        self.is_counted = True


def _format_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "response_format": {"type": "json_schema", "json_schema": {"name": "reply", "strict": True, "schema": schema}}
    }
