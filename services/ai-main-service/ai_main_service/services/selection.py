"""Which units answer a question: the fewest that do, with what they need to be read alone."""

from collections.abc import Mapping, Sequence

from ai_main_service.services.candidates import Candidate, candidates
from ai_main_service.services.questions import Asked, Question
from ai_main_service.services.ranking import Ranking
from ai_main_service.services.sentences import UnitKind
from ai_main_service.services.signs import announces, defines, leads_to, points_back, points_elsewhere
from ai_main_service.services.steps import whole_steps
from flash_core.interfaces.ai_provider import GroundingPassage

MAX_PICKS = 3
MAX_DOCUMENTS = 3
MAX_ITEMS = 12
MAX_LIST_CHARACTERS = 1_200
MAX_STEPS_CHARACTERS = 1_500
_NEAR_BEST = 0.82
_ALMOST_BEST = 0.95
_GAIN = 0.15
_SAME = 0.6
_HEADING_ANSWERS = 0.5
_OPENING_UNITS = 2
_ITEMS_ALIKE = 0.75


class Selection:
    """Picks, once, from the units of the passages; indexes are places among those units."""

    def __init__(self, question: Question, passages: Sequence[GroundingPassage]) -> None:
        self._question = question
        self._found = candidates(passages)
        self._ranking = Ranking(question, self._found, passages)
        self._documents = [(passage.title, passage.path) for passage in passages]
        self._chosen: dict[int, None] = {}
        self._neighbours: dict[int, list[int]] = {}

    def promising(self, most: int) -> dict[int, str]:
        """The texts of the candidates that are best without vectors, and so worth embedding; by index."""
        scores = self._ranking.scores()
        best = sorted(range(len(scores)), key=lambda index: -scores[index])[:most]
        return {index: self._found[index].text for index in best}

    def choose(self, cosines: Mapping[int, float] | None = None) -> list[Candidate]:
        """In reading order: the passage of the best unit first, each passage in its own order.

        `cosines` of the question and the promising candidates, where there are vectors.
        """
        scores = self._ranking.scores(cosines)
        picks = self._picks(scores)
        picked = (self._found[index].passage for index in picks)
        passages = list(dict.fromkeys(one for passage in picked for one in self._neighbours.get(passage, [passage])))
        order = sorted(self._chosen, key=lambda index: (passages.index(self._found[index].passage), index))
        return [self._found[index] for index in order]

    def _picks(self, scores: Sequence[float]) -> list[int]:
        order = sorted(range(len(self._found)), key=lambda index: -scores[index])
        picks: list[int] = []
        for index in order:
            if len(picks) == MAX_PICKS or scores[index] < _NEAR_BEST * scores[order[0]] or self._is_defined(picks):
                break
            if index not in self._chosen and self._belongs(index, picks, scores):
                picks.append(index)
                self._chosen.update(dict.fromkeys(self._with_surroundings(index, scores)))
        return picks

    def _is_defined(self, picks: list[int]) -> bool:
        """What is asked for has its definition, and needs no more."""
        is_wanted = bool(picks) and self._question.asked is Asked.DEFINITION
        return is_wanted and defines(self._question, self._found[picks[0]].text)

    def _belongs(self, index: int, picks: list[int], scores: Sequence[float]) -> bool:
        if not picks:
            return True
        documents = {self._document(pick) for pick in picks} | {self._document(index)}
        if len(documents) > MAX_DOCUMENTS or self._says_nothing_alone(index):
            return False
        said: frozenset[str] = frozenset().union(*(self._ranking.stems[pick] for pick in self._chosen))
        if self._adds(index, said):
            return True  # what it adds to the answer counts for more than what it repeats
        return not self._is_repetition(index) and scores[index] >= _ALMOST_BEST * scores[picks[0]]

    def _adds(self, index: int, said: frozenset[str]) -> bool:
        """Whether it says enough of what is asked and not said."""
        return self._ranking.coverage(said | self._ranking.stems[index]) - self._ranking.coverage(said) >= _GAIN

    def _says_nothing_alone(self, index: int) -> bool:
        """It sends the reader elsewhere, or speaks of something that was said before the passage begins."""
        text = self._found[index].text
        return points_elsewhere(text) or (points_back(text) and not self._is_same_section(index - 1, index))

    def _document(self, index: int) -> tuple[str, tuple[str, ...]]:
        return self._documents[self._found[index].passage]

    def _is_repetition(self, index: int) -> bool:
        mine = self._ranking.stems[index]
        others = (self._ranking.stems[pick] for pick in self._chosen)
        return not mine or any(len(mine & other) >= _SAME * min(len(mine), len(other) or 1) for other in others)

    def _with_surroundings(self, index: int, scores: Sequence[float]) -> list[int]:
        steps = self._steps(index) if self._are_steps_wanted(index) else []
        if steps:
            return steps
        opening = self._opening(index) if self._heading_answers(index) else []
        return [*opening, *self._by_kind(index, scores)]

    def _are_steps_wanted(self, index: int) -> bool:
        """Of the best answer alone, or under a heading that asks the same: other lists are about something else."""
        return self._question.asked is Asked.STEPS and (not self._chosen or self._heading_answers(index))

    def _steps(self, index: int) -> list[int]:
        """The numbered steps that the unit is one of, or those of its section where the heading asks for them."""
        is_step = self._found[index].unit.number > 0
        parts = whole_steps(self._found, self._documents, index) if is_step or self._heading_answers(index) else []
        if not parts:
            return []
        self._neighbours[self._found[index].passage] = [self._found[part[0]].passage for part in parts]
        kept: list[int] = []
        room = MAX_STEPS_CHARACTERS
        for step in (step for part in parts for step in part):
            room -= len(self._found[step].text)
            if room < 0 and kept:
                break
            kept.append(step)
        here = [index] if is_step and index not in kept else []
        return [*self._introduction(parts[0][0]), *kept, *here]

    def _by_kind(self, index: int, scores: Sequence[float]) -> list[int]:
        kind = self._found[index].unit.kind
        if kind is UnitKind.ITEM:
            return self._from_list(index, scores)
        if kind is UnitKind.CODE:
            return [*self._introduction(index), index]
        before = [index - 1] if self._points_back(index) else []
        return [*before, index, *self._continued(index), *self._announced(index)]

    def _continued(self, index: int) -> list[int]:
        """The sentence after, where it goes on about the same ("It closes at ten") and says what is asked."""
        after = index + 1
        return [after] if self._points_back(after) and self._adds(after, self._ranking.stems[index]) else []

    def _from_list(self, index: int, scores: Sequence[float]) -> list[int]:
        """The whole list where a list is asked for or its items are alike, else the item and what is nested in it."""
        items = self._group(index)
        introduction = self._introduction(items[0])
        alike = sum(scores[item] >= _ITEMS_ALIKE * scores[index] for item in items)
        is_best = not self._chosen and self._question.asked in {Asked.STEPS, Asked.LIST}
        wanted = is_best or self._heading_answers(index)
        if wanted or alike > len(items) / 2:
            return [*introduction, *self._shortened(items, index, scores)]
        depth = self._found[index].unit.depth
        nested = []
        for item in (item for item in items if item > index):
            if self._found[item].unit.depth <= depth:
                break
            nested.append(item)
        return [*introduction, *self._shortened([index, *nested], index, scores)]

    def _shortened(self, items: list[int], index: int, scores: Sequence[float]) -> list[int]:
        """As much of a list as one reads: its best items, or the steps from the first; `index` in any case."""
        ordered = self._found[index].unit.number > 0
        order = items if ordered else sorted(items, key=lambda item: -scores[item])
        kept: list[int] = []
        room = MAX_LIST_CHARACTERS
        for item in order[:MAX_ITEMS]:
            room -= len(self._found[item].text)
            if room < 0 and kept:
                break
            kept.append(item)
        return sorted({*kept, index})

    def _group(self, index: int) -> list[int]:
        mine = self._found[index]
        return [
            other
            for other, candidate in enumerate(self._found)
            if (candidate.passage, candidate.unit.group) == (mine.passage, mine.unit.group)
        ]

    def _introduction(self, index: int) -> list[int]:
        """The sentence before, where it announces this."""
        before = index - 1
        leads = self._is_same_section(before, index) and leads_to(self._found[before].text)
        return [before] if leads else []

    def _announced(self, index: int) -> list[int]:
        """The list or the code after a sentence that ends with a colon."""
        after = index + 1
        if not (self._announces(index) and self._is_same_section(index, after)):
            return []
        kind = self._found[after].unit.kind
        if kind is UnitKind.CODE:
            return [after]
        return self._group(after)[:MAX_ITEMS] if kind is UnitKind.ITEM else []

    def _announces(self, index: int) -> bool:
        return announces(self._found[index].text)

    def _is_same_section(self, index: int, following: int) -> bool:
        if index < 0 or following >= len(self._found):
            return False
        first, second = self._found[index], self._found[following]
        return first.passage == second.passage and first.position + 1 == second.position

    def _points_back(self, index: int) -> bool:
        return self._is_same_section(index - 1, index) and points_back(self._found[index].text)

    def _heading_answers(self, index: int) -> bool:
        """The heading above asks the same as the question, so that the section is the answer."""
        return self._ranking.heading_match(index) >= _HEADING_ANSWERS

    def _opening(self, index: int) -> list[int]:
        """How the section begins."""
        first = index - self._found[index].position
        section = [first]
        while len(section) < _OPENING_UNITS and self._is_same_section(section[-1], section[-1] + 1):
            section.append(section[-1] + 1)
        return [*section, *(follower for member in section for follower in self._announced(member))]
