"""Strict mode: what no passage supports does not reach the reader.

A sentence, an item, a row or a block of code is a claim and needs a marker whose passage says it; a block of code may
have it from the line that introduces it. No claim is what only leads to one: a heading, a line that ends with a colon,
a question, a table's header, and a sentence without a word of its own ("In short:", "Here is an overview."). That waits
for the claim that it leads to, and is left out with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ai_main_service.services.answer_stream import AnswerStream
from ai_main_service.services.context_builder import Context
from ai_main_service.services.quality_checker import QualityChecker
from ai_main_service.services.reading import read
from ai_main_service.services.sentences import Unit, UnitKind, split
from flash_core.utils.markers import markers_in, with_markers, without_markers
from flash_core.utils.words import detect_language

_LEADING: Final = frozenset(
    "answer answers summary overview example examples following follows follow step steps list note details detail "  # noqa: SIM905
    "documentation document documents passage passages question questions short brief briefly general sure course "
    "hello thanks thank key point points information yes way ways here".split()
)
_WORD_CHARACTERS = 24


class Gate:
    """What stands between a writer and its readers; this one lets everything through."""

    def __init__(self, stream: AnswerStream) -> None:
        self._stream = stream

    async def write(self, text: str) -> None:
        await self._stream.write(text)

    async def close(self) -> None:
        """Let go of what was held back."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A unit with what stands before it; `markers` also from a line of markers alone after it."""

    gap: str
    text: str
    unit: Unit
    is_header: bool

    @property
    def markers(self) -> tuple[int, ...]:
        prose = self.text.rpartition("```")[2] if self.unit.kind is UnitKind.CODE else self.text
        return markers_in(prose)

    @property
    def said(self) -> str:
        return without_markers(self.text).strip()


class StrictGate(Gate):
    """Lets through, sentence by sentence, what the passages of `context` support."""

    def __init__(self, stream: AnswerStream, checker: QualityChecker, context: Context) -> None:
        super().__init__(stream)
        self._checker = checker
        self._passages = {passage.marker: passage for passage in context.passages}
        self._held = ""
        self._leading: list[Piece] = []
        self._lost_gap = ""
        self._introduced_by: tuple[int, ...] = ()

    async def write(self, text: str) -> None:
        self._held += text
        await self._take(final=False)

    async def close(self) -> None:
        await self._take(final=True)

    async def _take(self, *, final: bool) -> None:
        found = pieces(self._held)
        ready = found if final else found[:-1]
        rest = "".join(piece.gap + piece.text for piece in found[len(ready) :]) or self._held
        if ready and not final and not _is_settled(ready[-1], rest):
            return
        for piece in ready:
            await self._judge(piece)
        if ready:
            self._held = self._held[len("".join(piece.gap + piece.text for piece in ready)) :]

    async def _judge(self, piece: Piece) -> None:
        if piece.is_header or not is_claim(piece.unit, piece.said):
            self._lead(piece)
            return
        own = piece.markers or (self._introduced_by if piece.unit.kind is UnitKind.CODE else ())
        known = [marker for marker in own if marker in self._passages]
        verdicts = await self._checker.supported([(piece.said, self._passages[marker]) for marker in known])
        supported = {marker for marker, verdict in zip(known, verdicts, strict=True) if verdict}
        if supported:
            await self._show([*self._leading, piece], set(piece.markers) - supported)
            self._leading.clear()
        else:
            self._lose(piece)
        self._introduced_by = ()

    def _lead(self, piece: Piece) -> None:
        if piece.unit.kind is UnitKind.HEADING:
            self._leading.clear()
        self._leading.append(piece)
        self._introduced_by = piece.markers

    def _lose(self, piece: Piece) -> None:
        """Its line end, or its table's, is still somebody else's; an introduction holds for a whole list or table."""
        if "|" in piece.gap or ("\n" in piece.gap and not self._lost_gap):
            self._lost_gap = piece.gap
        if piece.unit.kind not in {UnitKind.ITEM, UnitKind.ROW}:
            self._leading = [one for one in self._leading if one.unit.kind is UnitKind.HEADING]

    async def _show(self, pieces: Sequence[Piece], wrong: set[int]) -> None:
        for piece in pieces:
            gap = self._gap(piece) if piece is pieces[-1] else piece.gap
            text = with_markers(piece.text, lambda marker: "" if marker in wrong else f"[{marker}]")
            await self._stream.write((gap if self._stream.content else gap.lstrip()) + text)

    def _gap(self, piece: Piece) -> str:
        lost, self._lost_gap = self._lost_gap, ""
        if "|" in lost:
            return lost
        return "\n" * lost.count("\n") if lost and "\n" not in piece.gap else piece.gap


def is_claim(unit: Unit, said: str) -> bool:
    """Whether a unit of an answer, without its markers, says something that can be true or not."""
    if unit.kind is UnitKind.CODE:
        return True
    if unit.kind is UnitKind.HEADING or said.rstrip("*_ ").endswith((":", "?")):
        return False
    words = read(said, detect_language(said)).words
    return any(word.kind in {"number", "name"} or word.stem not in _LEADING_STEMS for word in words)


_LEADING_STEMS = {word.stem for word in read(" ".join(sorted(_LEADING)), "en").words}


def pieces(text: str) -> list[Piece]:
    """All of `text` but what follows its last unit, which belongs to the next; a line of markers to the one before."""
    found: list[Piece] = []
    units = split(text)
    at = 0
    for number, unit in enumerate(units):
        if found and not without_markers(unit.of(text)).strip(" ."):
            last = found[-1]
            found[-1] = Piece(last.gap, last.text + text[at : unit.end], last.unit, last.is_header)
        else:
            following = text[unit.end : units[number + 1].start] if number + 1 < len(units) else ""
            is_header = unit.kind is UnitKind.ROW and "-" in following
            found.append(Piece(text[at : unit.start], text[unit.start : unit.end], unit, is_header))
        at = unit.end
    return found


def _is_settled(last: Piece, rest: str) -> bool:
    """Whether what follows can no longer change where this piece ends or what it is."""
    begun = rest.lstrip()
    if last.unit.kind is UnitKind.ROW:
        return "\n" in begun
    return len(begun) > _WORD_CHARACTERS or "\n" in begun or " " in begun
