"""Whether the passages found answer the query, as a probability that means the same for every corpus.

Three features decide: how near the nearest passage is in meaning; how much of the query the best passages say, each of
its words counted by its rarity (inverse document frequency); and how rare a name in the query is that nothing found
says. A cosine does not carry over from one corpus to another as it is: among texts of one subject, or in a language
that the model hardly knows, everything is near to everything. So it is compared with what is usual in its own source:
the median cosine of words out of its passages with the passages themselves (`calibrating.py`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final
from uuid import UUID

from documentation_service.interfaces import Alternatives, Calibration
from documentation_service.services.names import is_said, names_in
from documentation_service.services.ranking import DENSE, Found
from flash_core.utils.words import content_stems

USUAL_COSINE: Final = 0.52
"""For a source that has not been calibrated yet: the middle of the corpora that the constants were fitted on."""
_SHRINKAGE: Final = 20
"""So many questions at the usual cosine are added to a source's own: few of them say little."""
_PASSAGES_READ: Final = 5
_PASSAGES_READ_FOR_NAMES: Final = 20
"""More, because a passage that says a name need not be one of those that say most of the query."""


@dataclass(frozen=True, slots=True)
class Logistic:
    """Constants fitted by `tests/quality/bench_refusal.py` on questions that a corpus answers, and on questions whose
    article was taken out, that belong to another corpus or ask about a name that was made up (SQuAD 2.0, XQuAD in
    German, a handbook, product documentation); both sides weigh the same, so the probability is that of an even chance
    before the search.
    """

    intercept: float
    coverage: float
    unsaid: float
    nearness: float = 0.0

    def probability(self, coverage: float, unsaid: float, nearness: float = 0.0) -> float:
        logit = self.intercept + self.coverage * coverage + self.unsaid * unsaid + self.nearness * nearness
        return 1 / (1 + math.exp(-logit))


WITH_VECTORS: Final = Logistic(intercept=-1.71, coverage=8.14, unsaid=-10.52, nearness=16.85)
WITHOUT_VECTORS: Final = Logistic(intercept=-4.29, coverage=11.53, unsaid=-8.28)


def usual_cosine(calibration: Calibration | None) -> float:
    if calibration is None:
        return USUAL_COSINE
    own = calibration.questions
    return (own * calibration.cosine + _SHRINKAGE * USUAL_COSINE) / (own + _SHRINKAGE)


@dataclass(frozen=True)
class AskedWords:
    """What a query asks for, word by word: `ways` holds the stems of each word, and of what means the same; `language`
    is the one that they are stemmed in. `names` are those words that are names, as they were written.
    """

    language: str
    ways: Sequence[tuple[frozenset[str], ...]] = field(default_factory=tuple)
    names: Sequence[str] = ()

    @classmethod
    def of(
        cls, text: str, language: str, alternatives: Sequence[Alternatives] = (), *, stemmed_in: str | None = None
    ) -> "AskedWords":
        plain: list[str] = []
        ways: list[tuple[frozenset[str], ...]] = []
        last = 0
        for one in alternatives:
            plain.append(text[last : one.start])
            said = (text[one.start : one.end], *one.synonyms)
            stems = [frozenset(content_stems(words, language, stemmed_in=stemmed_in)) for words in said]
            ways.append(tuple(way for way in stems if way))
            last = one.end
        rest = " ".join([*plain, text[last:]])
        stems_of_rest = dict.fromkeys(content_stems(rest, language, stemmed_in=stemmed_in))
        ways += [(frozenset([stem]),) for stem in stems_of_rest]
        names = names_in(text, language, [(one.start, one.end) for one in alternatives])
        return cls(stemmed_in or language, [way for way in ways if way], names)


@dataclass(frozen=True, slots=True)
class Assessment:
    """`coverage`: the share of what was asked that the best of the first passages says, by rarity. `nearness`: the best
    cosine above what is usual in its source; None when the meaning was not looked at. `unsaid`: the rarity, from 0 to
    1, of a name that was asked for and that nothing found says. `calibrated`: what is usual there is known.
    """

    coverage: float = 0.0
    nearness: float | None = None
    unsaid: float = 0.0
    calibrated: bool = False

    @property
    def probability(self) -> float:
        """That what was found answers what was asked, from 0 to 1."""
        if self.nearness is None:
            return WITHOUT_VECTORS.probability(self.coverage, self.unsaid)
        return WITH_VECTORS.probability(self.coverage, self.unsaid, self.nearness)


def assess(asked: Sequence[AskedWords], found: Sequence[Found], calibrations: Mapping[UUID, Calibration]) -> Assessment:
    """`asked`: the query, stemmed in each language that passages may be in. `found` is ordered, best first. Without any
    of it the probability is that of no word in common.
    """
    first = found[:_PASSAGES_READ]
    coverages = [_coverage(words, one, calibrations.get(one.document.source_id)) for one in first for words in asked]
    coverage = max(coverages, default=0.0)
    near = [
        one.hit.scores[DENSE] - usual_cosine(calibrations.get(one.document.source_id))
        for one in found
        if DENSE in one.hit.scores
    ]
    unsaid = max((_unsaid(words, found, calibrations) for words in asked[:1]), default=0.0)
    return Assessment(coverage, max(near, default=None), unsaid, _is_calibrated(first, calibrations))


def nothing_asked(found: Sequence[Found], calibrations: Mapping[UUID, Calibration]) -> Assessment:
    """Of a query without a subject of its own: what there is covers it."""
    return Assessment(float(bool(found)), calibrated=_is_calibrated(found, calibrations))


def _is_calibrated(found: Sequence[Found], calibrations: Mapping[UUID, Calibration]) -> bool:
    """One that was looked at before anything was in it says nothing."""
    known = calibrations.get(found[0].document.source_id) if found else None
    return known is not None and known.passages > 0


def _unsaid(asked: AskedWords, found: Sequence[Found], calibrations: Mapping[UUID, Calibration]) -> float:
    texts = [_all_of(one) for one in found[:_PASSAGES_READ_FOR_NAMES]] if asked.names else []
    missing = [name for name in asked.names if not is_said(name, asked.language, texts)]
    known = [calibrations.get(source) for source in {one.document.source_id for one in found}]
    return max((_rarity_of_name(name, asked.language, known) for name in missing), default=0.0)


def _rarity_of_name(name: str, language: str, calibrations: Sequence[Calibration | None]) -> float:
    """1 for what stands nowhere in any of the sources."""
    stems, nowhere = frozenset(content_stems(name, language)), frozenset({""})
    rarities = [_rarity(stems, one) / _rarity(nowhere, one) for one in calibrations]
    return min(rarities, default=1.0)


def _all_of(one: Found) -> str:
    """What a reader of the passage is told, beside it where it comes from."""
    document = one.document
    names = " ".join([document.provider.replace("_", " "), *document.path, document.title])
    return f"{names} {one.hit.payload.get('heading', '')} {one.hit.payload['text']}"


def _coverage(asked: AskedWords, one: Found, calibration: Calibration | None) -> float:
    """The share, from 0 to 1, of what is asked that stands in the passage, its title or its headings."""
    payload = one.hit.payload
    text = f"{one.document.title} {payload.get('heading', '')} {payload['text']}"
    there = _stems(text, asked.language)
    weights = [_rarity(ways[0], calibration) for ways in asked.ways]
    total = sum(weights)
    said = (weight for weight, ways in zip(weights, asked.ways, strict=True) if any(way <= there for way in ways))
    return sum(said) / total if total else 0.0


@lru_cache(maxsize=1_024)
def _stems(text: str, language: str) -> frozenset[str]:
    """Remembered, because the same passages are found again and again."""
    return frozenset(content_stems(text, language))


def _rarity(stems: frozenset[str], calibration: Calibration | None) -> float:
    """BM25's inverse document frequency, of the rarest of these stems; 1 where nothing is known."""
    if calibration is None or not calibration.passages:
        return 1.0
    rarest = min(calibration.frequencies.get(stem, 0) for stem in stems)
    return math.log(1 + (calibration.passages - rarest + 0.5) / (rarest + 0.5))
