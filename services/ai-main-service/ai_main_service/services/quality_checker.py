"""What an answer cites, and whether the cited passages say it."""

import html
from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from ai_main_service.services.context_builder import Context
from ai_main_service.services.entailment import SUPPORTED
from ai_main_service.services.sentences import UnitKind, split
from flash_core.errors import OverloadedError, UpstreamUnavailableError
from flash_core.interfaces.ai_provider import GroundingPassage
from flash_core.interfaces.entailment import Claim, EntailmentInterface
from flash_core.schemas.chat import Citation
from flash_core.utils.markers import markers_in, without_markers

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of the answer, `content[start:end]`, and the markers in it."""

    start: int
    end: int
    text: str
    markers: tuple[int, ...]


def statements(content: str) -> list[Statement]:
    """The sentences, items, rows and code blocks of an answer that carry a marker.

    Markers that stand alone after a block belong to that block.
    """
    found: list[Statement] = []
    before: Statement | None = None
    for unit in split(content):
        text = unit.of(content)
        markers = () if unit.kind is UnitKind.CODE else markers_in(text)
        said = without_markers(text).strip(" .")
        if said or before is None:
            statement = Statement(unit.start, unit.end, said, markers)
        else:
            statement = replace(before, end=unit.end, markers=markers)
        before = statement if said else before
        if markers:
            found.append(statement)
    return found


class QualityChecker:
    """Checks each cited sentence against its passage. Never by the passage's place: a marker names it."""

    def __init__(self, entailment: EntailmentInterface) -> None:
        self._entailment = entailment

    async def citations(self, content: str, context: Context) -> list[Citation]:
        """In the order of the answer; markers that name no passage have no citation."""
        pairs = [
            (statement, passage)
            for statement in statements(content)
            for marker in statement.markers
            for passage in context.passages
            if passage.marker == marker
        ]
        supported = await self.supported([(statement.text, passage) for statement, passage in pairs])
        return [
            Citation(
                marker=passage.marker,
                source_id=context.sources[context.passages.index(passage)].id,
                start=statement.start,
                end=statement.end,
                supported=verdict,
            )
            for (statement, passage), verdict in zip(pairs, supported, strict=True)
        ]

    async def supported(self, pairs: Sequence[tuple[str, GroundingPassage]]) -> list[bool]:
        """Whether each passage says the sentence beside it. Nothing is, that nobody can check now."""
        claims = [Claim(_whole(passage), html.unescape(statement)) for statement, passage in pairs]
        if not claims:
            return []
        try:
            return [sure >= SUPPORTED for sure in await self._entailment.supported(claims)]
        except (UpstreamUnavailableError, OverloadedError) as error:
            log.warning("citations.unchecked", error=error.code)
            return [False] * len(claims)


def _whole(passage: GroundingPassage) -> str:
    """With its title and heading, in a line of their own: sentences leave out what stands there."""
    return f"{' '.join(filter(None, (passage.title, passage.heading)))}\n{passage.text}"
