"""How well each quotable unit of the passages answers a question, without a model.

The score is a weighted sum of: coverage of the question's stems weighted by how rare they are among the units, the
cosine of question and unit where vectors are there, how well the search liked the passage, and signs of the kind of
answer that is asked for.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from ai_main_service.services.candidates import Candidate
from ai_main_service.services.questions import Asked, Question
from ai_main_service.services.sentences import UnitKind
from ai_main_service.services.signs import announces, begins_example, defines, has_cue, is_example, points_elsewhere
from flash_core.interfaces.ai_provider import GroundingPassage
from flash_core.utils.words import content_stems


@dataclass(frozen=True, slots=True)
class Weights:
    """Coverage, context, cosine, passage and length are rounded from a conditional logistic regression on questions
    with known answers (SQuAD 2.0, XQuAD, a handbook, product documentation, encyclopaedia texts; half of each). The
    others were set by hand while reading answers, and were not fitted again after the stems' rarity was damped.
    """

    coverage: float = 1.0
    context: float = 0.4
    before: float = 0.3
    cosine: float = 0.8
    passage: float = 0.6
    cue: float = 0.2
    definition: float = 0.5
    heading: float = 0.6
    length: float = 0.05
    bare: float = 0.2
    pointer: float = 0.3
    unfinished: float = 0.4
    example: float = 0.25
    long: float = 0.3
    question: float = 1.2


DEFAULT_WEIGHTS = Weights()
_NEW_STEMS = 2
_LONG = 250
_TOO_LONG = 400


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
        stems = cache(lambda text: frozenset(content_stems(text, question.language)))
        self.stems = [stems(candidate.text) for candidate in found]
        self._headings = [stems(candidate.heading) for candidate in found]
        self._contexts = [stems(candidate.context) for candidate in found]
        self._examples = self._in_examples()
        self.rarity = self._rarity()
        self._whole = sum(self.rarity.values())
        best = max((passage.score for passage in passages), default=0.0)
        self._passage = [passage.score / best if best > 0 else 1.0 for passage in passages]

    def _rarity(self) -> dict[str, float]:
        """BM25's inverse document frequency of each stem of the question's matter, among the units.

        Damped by 1, because the units were found for the question: what they have in common is what it is about.
        """
        counts = Counter(stem for stems in self.stems for stem in stems)
        total = len(self.stems)
        return {
            stem: 1 + math.log(1 + (total - counts[stem] + 0.5) / (counts[stem] + 0.5))
            for stem in self._question.matter
        }

    def coverage(self, stems: frozenset[str]) -> float:
        """The share, from 0 to 1, of the question's stems that are there, each counted by its rarity."""
        covered = sum(weight for stem, weight in self.rarity.items() if stem in stems)
        return covered / self._whole if self._whole else 0.0

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
        return [
            score + self._weights.cosine * known.get(index, 0.0) for index, score in enumerate(self._without_vectors)
        ]

    @cached_property
    def _without_vectors(self) -> list[float]:
        return [self.lexical(index) + self._bonus(index) for index in range(len(self._found))]

    def _previous(self, index: int) -> frozenset[str]:
        same = index > 0 and self._found[index - 1].passage == self._found[index].passage
        return self.stems[index - 1] if same else frozenset()

    def _bonus(self, index: int) -> float:
        candidate, weights = self._found[index], self._weights
        bonus = weights.passage * self._passage[candidate.passage] + weights.heading * math.sqrt(
            self.heading_match(index)
        )
        bonus += weights.length * math.log(min(len(candidate.text), _LONG))
        bonus += weights.cue * has_cue(self._question.asked, candidate.text)
        if self._question.asked is Asked.DEFINITION:
            bonus += weights.definition * defines(self._question, candidate.text)
        return bonus - self._malus(index)

    def _malus(self, index: int) -> float:
        """What speaks against a unit as an answer: it asks, repeats the question, points elsewhere, stops short."""
        text, weights = self._found[index].text, self._weights
        return (
            weights.question * text.endswith("?")
            + weights.bare * max(0, 1 - len(self.stems[index] - set(self._question.matter)) / _NEW_STEMS)
            + weights.pointer * points_elsewhere(text)
            + weights.unfinished * (announces(text) and not self._is_followed(index))
            + weights.example * (index in self._examples)
            + weights.long * max(0, len(text) / _TOO_LONG - 1)
        )

    def _in_examples(self) -> frozenset[int]:
        """The units of examples, which are true for one case only; none where an example is asked for."""
        if is_example(self._question.text):
            return frozenset()
        begun = {(one.passage, one.unit.group) for one in self._found if begins_example(one.text)}
        return frozenset(
            index
            for index, one in enumerate(self._found)
            if (one.passage, one.unit.group) in begun or is_example(one.heading)
        )

    def _is_followed(self, index: int) -> bool:
        """By what it may announce, in its section."""
        if index + 1 == len(self._found):
            return False
        candidate, after = self._found[index], self._found[index + 1]
        is_next = (candidate.passage, candidate.position + 1) == (after.passage, after.position)
        return is_next and after.unit.kind is not UnitKind.SENTENCE

    def heading_match(self, index: int) -> float:
        """How far, from 0 to 1, the heading above asks the same as the question: in both directions."""
        heading = self._headings[index]
        if not heading:
            return 0.0
        return self.coverage(heading) * len(heading & set(self._question.matter)) / len(heading)
