"""How well each quotable unit of the passages answers a question, without a model.

The score is a weighted sum of: coverage of the question's stems weighted by how rare they are among the units, the
cosine of question and unit where vectors are there, how well the passage does as a whole, and signs of the kind of
answer that is asked for.
`tests/quality/extractive.py` measures what the weights are good for.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ai_main_service.services.plain import cells, one_line, row_as_text
from ai_main_service.services.questions import Asked, Question
from ai_main_service.services.sentences import Unit, UnitKind, split
from flash_core.interfaces.ai_provider import GroundingPassage
from flash_core.utils.words import content_stems


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that may be quoted. `passage` counts from 0, `position` is its place among the units of its section,
    `heading` the one right above it and `context` all that stands over it: title and headings.
    """

    passage: int
    unit: Unit
    text: str
    heading: str
    context: str
    position: int


_DEFINES = re.compile(
    r"[*_\"']{0,4}((?:the |an? |der |die |das |eine? )?[^.!?;:]{2,60}?)(?: ?\([^)]{1,60}\))?"
    r"[*_\"']{0,4},? (?:is|are|was|were|means?|refers? to|stands for|describes?|ist|sind|bedeutet) "
    r"(?:an?|the|our|one|when|what|how|where|any|ein|eine|der|die|das)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Weights:
    coverage: float = 1.0
    context: float = 0.35
    before: float = 0.4
    cosine: float = 1.2
    passage: float = 0.2
    cue: float = 0.1
    definition: float = 0.5
    heading: float = 0.6
    question: float = 1.2
    affinity: float = 0.8


_BEST_UNITS = 3
_LONGEST_SUBJECT = 200
HEADINGS = " > "
"""Between the headings of a path, as the index writes it."""

DEFAULT_WEIGHTS = Weights()

_NAME = r"\b[A-Z][\w\u2019'-]+(?:\s+(?:(?:of|de|van|von|the|al|bin|I{1,3}|IV|V)\s+)?[A-Z][\w\u2019'-]+)+"
_CUES: dict[Asked, re.Pattern[str]] = {
    Asked.PERSON: re.compile(_NAME + r"|\S+@\S+|\b(?:team|lead|manager|supervisor|director|office|president|king)\b"),
    Asked.TIME: re.compile(
        r"\b(?:1\d{3}|20\d\d)s?\b|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w*\b|\bcentur(?:y|ies)\b"
        r"|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)days?\b|\b(?:minutes?|hours?|days?|weeks?|months?|years?)\b"
        r"|\b(?:Stunden?|Tagen?|Wochen?|Monaten?|Jahren?)\b"
    ),
    Asked.QUANTITY: re.compile(
        r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|half|hundred|thousand"
        r"|million|billion|dozens?|several|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn)\b"
    ),
    Asked.PLACE: re.compile(r"\b(?:in|at|on|near|from|to|of|im|bei|nach)\s+(?:the\s+)?[A-Z]|https?://"),
    Asked.REASON: re.compile(
        r"\b(?:because|since|due to|in order to|so that|therefore|reasons?|caused?|as a result|weil|denn|damit)\b",
        re.IGNORECASE,
    ),
    Asked.STEPS: re.compile(
        r"^(?:\*\*)?(?:go|open|click|select|choose|run|add|create|fill|submit|send|use|ask|email|contact|log|sign|visit"
        r"|enter|follow|make|install|set|check|complete|request|post|read|write|start|find|get|call|type|download)\b"
        r"|\byou (?:can|must|should|need|may|will)\b|\b(?:first|then|next|finally)\b",
        re.IGNORECASE,
    ),
    Asked.LIST: re.compile(r"\b(?:includ\w+|such as|following|for example|e\.g\.)|:$|,.*,.*\band\b", re.IGNORECASE),
    Asked.DEFINITION: re.compile(
        r"\b(?:is|are|was|were|means?|refers? to|stands for|known as|called|defined as|describes?|ist|sind|bedeutet)\b"
    ),
}


def candidates(passages: Sequence[GroundingPassage]) -> list[Candidate]:
    """Every quotable unit of the passages, in order. Headings are context; a table's rows carry its column names."""
    return [candidate for number, passage in enumerate(passages) for candidate in _of_passage(number, passage)]


def _of_passage(number: int, passage: GroundingPassage) -> list[Candidate]:
    found: list[Candidate] = []
    heading, position, header = lowest(passage.heading), 0, (-1, [""])
    for unit in split(passage.text):
        raw = unit.of(passage.text)
        if unit.kind is UnitKind.HEADING:
            heading, position = one_line(raw), 0
            continue
        if unit.kind is UnitKind.ROW and header[0] != unit.group:
            header = (unit.group, cells(raw))
            continue
        text = raw if unit.kind is UnitKind.CODE else one_line(raw)
        text = row_as_text(header[1], cells(raw)) if unit.kind is UnitKind.ROW else text
        if any(letter.isalnum() for letter in text):
            context = f"{passage.title} {passage.heading} {heading}"
            found.append(Candidate(number, unit, text, heading, context, position))
            position += 1
    return found


def lowest(heading: str) -> str:
    """The heading right above a passage; above it in its path stand those of the sections around."""
    return heading.rpartition(HEADINGS)[2]


class Ranking:
    """The candidates of one question with their scores; higher is better, comparable within one question only."""

    def __init__(
        self,
        question: Question,
        found: Sequence[Candidate],
        passages: Sequence[GroundingPassage],
        weights: Weights = DEFAULT_WEIGHTS,
    ) -> None:
        self._question = question
        self._found = found
        self._weights = weights
        self.stems = [frozenset(content_stems(candidate.text, question.language)) for candidate in found]
        self._headings = [frozenset(content_stems(candidate.heading, question.language)) for candidate in found]
        self._contexts = [frozenset(content_stems(candidate.context, question.language)) for candidate in found]
        self.rarity = self._rarity()
        best = max((passage.score for passage in passages), default=0.0)
        self._passage = [passage.score / best if best > 0 else 1.0 for passage in passages]

    def _rarity(self) -> dict[str, float]:
        """BM25's inverse document frequency of each of the question's stems, among the units."""
        counts = Counter(stem for stems in self.stems for stem in stems)
        total = len(self.stems)
        return {
            stem: math.log(1 + (total - counts[stem] + 0.5) / (counts[stem] + 0.5)) for stem in self._question.stems
        }

    def coverage(self, stems: frozenset[str]) -> float:
        """The share, from 0 to 1, of the question's stems that are there, each counted by its rarity."""
        total = sum(self.rarity.values())
        return sum(weight for stem, weight in self.rarity.items() if stem in stems) / total if total else 0.0

    def lexical(self, index: int) -> float:
        """Coverage by the unit itself, and what its headings and the unit before it add, at a discount."""
        weights = self._weights
        own = self.coverage(self.stems[index])
        near = self._previous(index)
        with_before = self.coverage(self.stems[index] | near)
        with_context = self.coverage(self.stems[index] | near | self._contexts[index])
        return (
            weights.coverage * own
            + weights.before * (with_before - own)
            + weights.context * (with_context - with_before)
        )

    def scores(self, cosines: Mapping[int, float] | None = None) -> list[float]:
        """One score a candidate; `cosines` of the question and those candidates that were embedded."""
        known = cosines or {}
        own = [
            self.lexical(index) + self._bonus(index) + self._weights.cosine * known.get(index, 0.0)
            for index in range(len(self._found))
        ]
        affinity = self._affinity(own)
        return [
            score + self._weights.affinity * affinity[candidate.passage]
            for score, candidate in zip(own, self._found, strict=True)
        ]

    def _affinity(self, own: Sequence[float]) -> dict[int, float]:
        """How well a passage's best units score together: an answer need not repeat the question's words."""
        by_passage: dict[int, list[float]] = {}
        for score, candidate in zip(own, self._found, strict=True):
            by_passage.setdefault(candidate.passage, []).append(score)
        return {
            passage: sum(sorted(scores, reverse=True)[:_BEST_UNITS]) / _BEST_UNITS
            for passage, scores in by_passage.items()
        }

    def _previous(self, index: int) -> frozenset[str]:
        same = index > 0 and self._found[index - 1].passage == self._found[index].passage
        return self.stems[index - 1] if same else frozenset()

    def _bonus(self, index: int) -> float:
        candidate, weights = self._found[index], self._weights
        cue = _CUES.get(self._question.asked)
        bonus = weights.passage * self._passage[candidate.passage] + weights.heading * self.heading_match(index)
        if cue is not None and cue.search(candidate.text):
            bonus += weights.cue
        if self._question.asked is Asked.DEFINITION and self._defines(candidate):
            bonus += weights.definition
        return bonus - (weights.question if candidate.text.endswith("?") else 0.0)

    def heading_match(self, index: int) -> float:
        """How far, from 0 to 1, the heading above asks the same as the question: in both directions."""
        heading = self._headings[index]
        if not heading:
            return 0.0
        return self.coverage(heading) * len(heading & set(self._question.stems)) / len(heading)

    def _defines(self, candidate: Candidate) -> bool:
        """It begins with what is asked for, followed by what that is."""
        match = _DEFINES.match(candidate.text[:_LONGEST_SUBJECT])
        if match is None:
            return False
        subject = frozenset(content_stems(match[1], self._question.language))
        return bool(subject) and subject <= set(self._question.stems)
