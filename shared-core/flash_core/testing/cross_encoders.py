"""Readers of pairs without a model, for tests. They pass the same contracts as the real ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from flash_core.interfaces.entailment import Claim, EntailmentInterface, EntailmentModelInterface
from flash_core.interfaces.reranker import RerankerInterface


@dataclass
class FakeReranker(RerankerInterface):
    """The relevance of a text is the share of the query's words that it has. `error` is raised instead, if given."""

    model: str | None = "fake-reranker"
    error: Exception | None = None
    calls: list[tuple[str, list[str]]] = field(default_factory=list)

    async def name(self) -> str | None:
        return self.model

    async def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        self.calls.append((query, list(texts)))
        if self.error is not None:
            raise self.error
        return [_share(query, text) for text in texts]


@dataclass
class FakeEntailment(EntailmentModelInterface, EntailmentInterface):
    """A statement is supported by the share of its words that the passage has. `error` is raised instead, if given."""

    model: str | None = "fake-entailment"
    error: Exception | None = None
    calls: list[list[Claim]] = field(default_factory=list)

    async def name(self) -> str | None:
        return self.model

    async def supported(self, claims: Sequence[Claim]) -> list[float]:
        self.calls.append(list(claims))
        if self.error is not None:
            raise self.error
        return [_share(claim.statement, claim.passage) for claim in claims]


def _share(wanted: str, text: str) -> float:
    words = _words(wanted)
    return len(words & _words(text)) / len(words) if words else 0.0


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))
