"""What an answer has established: its cited sentences that their passages say, for the rest of the conversation."""

import re
from typing import Final

from chat_service.interfaces import Established
from flash_core.schemas.chat import Source, WrittenAnswer
from flash_core.utils.markers import without_markers

FACTS_KEPT: Final = 60
"""A conversation's newest facts."""
_MOST_AN_ANSWER: Final = 20
_LONGEST: Final = 600
_LIST_MARK: Final = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)]|#{1,6}|>)\s+")


def established(written: WrittenAnswer) -> list[Established]:
    """In the order of the answer; nothing from one that is not grounded, or refuses. Long passages are no facts."""
    if not written.grounded or written.refusal is not None:
        return []
    sources = {source.id: source for source in written.sources}
    cited: dict[tuple[int, int], dict[str, Source]] = {}
    for citation in written.citations:
        if citation.supported and citation.source_id in sources:
            source = sources[citation.source_id]
            cited.setdefault((citation.start, citation.end), {})[str(source.document_id)] = source
    facts = [_fact(written.content[start:end], list(said_by.values())) for (start, end), said_by in cited.items()]
    return [fact for fact in facts if 0 < len(fact.statement) <= _LONGEST][:_MOST_AN_ANSWER]


def _fact(sentence: str, sources: list[Source]) -> Established:
    return Established(
        statement=" ".join(_LIST_MARK.sub("", without_markers(sentence)).split()),
        document_ids=tuple(source.document_id for source in sources),
        titles=tuple(source.title for source in sources),
        versions=tuple(source.version for source in sources),
    )
