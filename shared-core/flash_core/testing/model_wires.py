"""What two protocols look like on the wire, from the server's side: OpenAI's chat completions and Anthropic's messages.

The shapes are those of the vendors' own SDK types (`openai.types.chat.ChatCompletionChunk`, Anthropic's
`RawMessageStreamEvent`), whose clients read them (openai 3.54, anthropic 2.12); the refusals are those that their
references state.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

Body = dict[str, Any]
PROMPT_TOKENS = 100


class Wire(ABC):
    """One protocol: where it is asked, and the shapes of its answers. Events of a stream are whole, with their end."""

    path: ClassVar[str]

    @abstractmethod
    def key_of(self, headers: Mapping[str, str]) -> str | None:
        """The key that a request brings."""

    @abstractmethod
    def error(self, status: int, message: str, parameter: str | None = None) -> Body:
        """The body of a refusal."""

    def complaint(self, _headers: Mapping[str, str], _body: Body) -> str | None:
        """What this protocol's server does not accept in a request, if anything."""
        return None

    @abstractmethod
    def texts(self, body: Body) -> list[str]:
        """All that the model is told, the question last."""

    @abstractmethod
    def opening(self, body: Body, *, usage: bool) -> bytes: ...

    @abstractmethod
    def token(self, body: Body, text: str) -> bytes: ...

    @abstractmethod
    def closing(self, body: Body, tokens: int, *, usage: bool, reason: str | None = None) -> bytes: ...

    @abstractmethod
    def failure(self) -> bytes:
        """What is sent when something fails while the text is being written."""

    @abstractmethod
    def whole(self, body: Body, text: str) -> Body:
        """The answer to a request that wants no stream."""


class OpenAIWire(Wire):
    path = "/v1/chat/completions"

    def key_of(self, headers: Mapping[str, str]) -> str | None:
        return headers.get("Authorization", "").removeprefix("Bearer ")

    def error(self, status: int, message: str, parameter: str | None = None) -> Body:
        return {"error": {"message": message, "type": "invalid_request_error", "param": parameter, "code": status}}

    def texts(self, body: Body) -> list[str]:
        return [str(turn["content"]) for turn in body["messages"]]

    def opening(self, body: Body, *, usage: bool) -> bytes:  # noqa: ARG002  # said at the end
        return self._chunk(body, {"role": "assistant", "content": ""})

    def token(self, body: Body, text: str) -> bytes:
        return self._chunk(body, {"content": text})

    def closing(self, body: Body, tokens: int, *, usage: bool, reason: str | None = None) -> bytes:
        end = self._chunk(body, {}, reason or "stop")
        if usage and (body.get("stream_options") or {}).get("include_usage"):
            end += _data({**_chunk_head(body), "choices": [], "usage": _openai_usage(tokens)})
        return end + b"data: [DONE]\n\n"

    def failure(self) -> bytes:
        return _data({"error": {"message": "The server had an error.", "type": "server_error"}})

    def whole(self, body: Body, text: str) -> Body:
        message = {"role": "assistant", "content": text}
        return {
            **_chunk_head(body),
            "object": "chat.completion",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": _openai_usage(len(text.split())),
        }

    def _chunk(self, body: Body, delta: Body, reason: str | None = None) -> bytes:
        return _data({**_chunk_head(body), "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})


class AnthropicWire(Wire):
    path = "/v1/messages"

    def key_of(self, headers: Mapping[str, str]) -> str | None:
        return headers.get("x-api-key")

    def error(self, status: int, message: str, parameter: str | None = None) -> Body:
        said = f"`{parameter}` is deprecated for this model." if parameter else message
        return {"type": "error", "error": {"type": _ANTHROPIC_ERRORS.get(status, "api_error"), "message": said}}

    def complaint(self, headers: Mapping[str, str], body: Body) -> str | None:
        roles = [turn["role"] for turn in body["messages"]]
        wanted = ["user", "assistant"] * len(roles)
        if "anthropic-version" not in headers:
            return "anthropic-version: header is required"
        if "max_tokens" not in body:
            return "max_tokens: Field required"
        if not roles or roles != wanted[: len(roles)]:
            return "messages: roles must alternate between user and assistant, beginning with user"
        if not all(turn["content"] for turn in body["messages"]):
            return "messages: text content blocks must be non-empty"
        return None

    def texts(self, body: Body) -> list[str]:
        return [str(body.get("system", "")), *(str(turn["content"]) for turn in body["messages"])]

    def opening(self, body: Body, *, usage: bool) -> bytes:
        counted = {"usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": 1}} if usage else {}
        block = {"index": 0, "content_block": {"type": "text", "text": ""}}
        return (
            _event("message_start", message={**_message(body), "content": [], **counted})
            + _event("content_block_start", **block)
            + _event("ping")
        )

    def token(self, body: Body, text: str) -> bytes:  # noqa: ARG002  # the model is said at the beginning
        return _event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def closing(self, body: Body, tokens: int, *, usage: bool, reason: str | None = None) -> bytes:  # noqa: ARG002  # as above
        counted = {"usage": {"output_tokens": tokens}} if usage else {}
        return (
            _event("content_block_stop", index=0)
            + _event("message_delta", delta={"stop_reason": reason or "end_turn", "stop_sequence": None}, **counted)
            + _event("message_stop")
        )

    def failure(self) -> bytes:
        return _event("error", error={"type": "overloaded_error", "message": "Overloaded"})

    def whole(self, body: Body, text: str) -> Body:
        usage = {"input_tokens": PROMPT_TOKENS, "output_tokens": len(text.split())}
        content = [{"type": "text", "text": text}]
        return {**_message(body), "content": content, "stop_reason": "end_turn", "usage": usage}


WIRES: tuple[Wire, ...] = (OpenAIWire(), AnthropicWire())
_ANTHROPIC_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def _openai_usage(tokens: int) -> Body:
    return {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": tokens, "total_tokens": PROMPT_TOKENS + tokens}


def _chunk_head(body: Body) -> Body:
    return {"id": "chatcmpl-test", "object": "chat.completion.chunk", "created": 0, "model": body.get("model", "")}


def _message(body: Body) -> Body:
    named = {"id": "msg_test", "type": "message", "role": "assistant", "model": body.get("model", "")}
    return {**named, "stop_reason": None, "stop_sequence": None}


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\n".encode() + _data({"type": kind, **fields})


def _data(payload: Body) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"
