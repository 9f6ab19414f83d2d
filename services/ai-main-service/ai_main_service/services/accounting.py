"""What an answer has taken: time, tokens and, where the operator has set prices, money."""

from collections.abc import Mapping, Sequence

from ai_main_service.config import ModelPrice
from ai_main_service.services.answer_stream import AnswerStream
from flash_core.interfaces.ai_provider import ModelCall
from flash_core.schemas.chat import Usage

_MILLION = 1_000_000
_DECIMALS = 9


def account_of(stream: AnswerStream, prices: Mapping[str, ModelPrice]) -> dict[str, object]:
    """Fields of a `WrittenAnswer`, right at every moment: also of an answer that was stopped or that failed."""
    return {"usage": usage_of(stream.calls, prices), "timings_ms": stream.watch.timings(stream.first_text_at)}


def last_model(stream: AnswerStream) -> str:
    """The model that wrote last, "" when none was called."""
    return stream.calls[-1].model if stream.calls else ""


def usage_of(calls: Sequence[ModelCall], prices: Mapping[str, ModelPrice]) -> Usage:
    """The sum of all calls, those that failed included; no cost when one of them has no price."""
    costs = [_cost(call, prices) for call in calls]
    known = [cost for cost in costs if cost is not None]
    is_priced = bool(prices) and len(known) == len(costs)
    return Usage(
        prompt_tokens=sum(call.prompt_tokens for call in calls),
        completion_tokens=sum(call.completion_tokens for call in calls),
        estimated=any(call.estimated for call in calls),
        cost=round(sum(known), _DECIMALS) if is_priced else None,
    )


def _cost(call: ModelCall, prices: Mapping[str, ModelPrice]) -> float | None:
    """By the name that the server gave the model, which may be more exact than the one in the settings, or by that."""
    price = prices.get(call.model) or prices.get(call.asked)
    if price is None:
        return None
    return (call.prompt_tokens * price.prompt + call.completion_tokens * price.completion) / _MILLION
