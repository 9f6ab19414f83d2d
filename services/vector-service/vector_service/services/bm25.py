"""Texts as sparse BM25 vectors; the engine adds the inverse document frequency.

The score of Robertson and Zaragoza 2009 ("The Probabilistic Relevance Framework: BM25 and Beyond"), split in two: a
document's vector holds the saturated term frequencies, a question's vector is 1 for each of its terms, and the engine
multiplies by the terms' IDF as it stands when the question is asked.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import islice, product
from typing import Final

from flash_core.models.vector import Alternative
from flash_core.utils import words
from vector_service.interfaces import SparseVector

AUTO: Final = "auto"
K1: Final = 1.2
B: Final = 0.75
AVERAGE_LENGTH: Final = 100
"""Terms of a typical chunk (500 to 1,000 characters without stop words). A constant, because a document's vector may
not depend on what is indexed after it; what matters is the order of magnitude."""

_PHRASINGS: Final = 8
"""Ways to ask that are searched for each by itself; a query with two aliases of three synonyms has sixteen."""

_WORD: Final = re.compile(r"\w+")
_SEAM: Final = re.compile(r"_\w|[^\W\d_]\d|\d[^\W\d_]|[a-z][A-Z]")
"""Where the parts of an identifier meet. Sought within a word: one pattern for both would take quadratic time."""

_CODES: Final = {name: code for code, name in words.STEMMERS.items()}


def document_vector(text: str, language: str) -> SparseVector:
    """`language`: its English name or its ISO 639-1 code, or `AUTO` to tell by the text's stop words."""
    counts = Counter(_terms(text, language_code(text, language)))
    norm = K1 * (1 - B + B * counts.total() / AVERAGE_LENGTH)
    return _vector((term_id(term), count * (K1 + 1) / (count + norm)) for term, count in counts.items())


def query_vectors(
    text: str, language: str, alternatives: Sequence[Alternative] = (), also: Sequence[str] = ()
) -> list[SparseVector]:
    """The query, and as others would say it: each way to ask is a vector of its own, as a document is meant to have
    the score of the best of them. A synonym weighs as much as what it stands for, in however many words.

    The plain query comes first. When there are more than `_PHRASINGS` ways, the last vector holds the synonyms of the
    others together, so that each can find a document. Ways without any word are left out.

    A word stands in a vector with its stems in the languages `also`: a document has its own language's one only.
    """
    codes = list(dict.fromkeys([language_code(text, language), *(_CODES.get(one, one) for one in also)]))
    rest = _weights(_without(text, alternatives), codes)
    said = [_ways_to_say(text, one, codes) for one in alternatives]
    choices = list(islice(product(*(range(len(ways)) for ways in said)), _PHRASINGS))
    phrasings = [[rest, *(ways[at] for ways, at in zip(said, choice, strict=True))] for choice in choices]
    last = [ways[max(at) + 1 :] for ways, at in zip(said, zip(*choices, strict=True), strict=True)]
    if any(last):
        phrasings.append([rest, *(way for ways in last for way in ways)])
    return [vector for parts in phrasings if (vector := _vector(_merged(parts).items()))]


def _without(text: str, alternatives: Sequence[Alternative]) -> str:
    ends = [0, *(one.end for one in alternatives)]
    starts = [*(one.start for one in alternatives), len(text)]
    return " ".join(text[end:start] for end, start in zip(ends, starts, strict=True))


def _ways_to_say(text: str, one: Alternative, codes: Sequence[str]) -> list[dict[int, float]]:
    own = text[one.start : one.end]
    weight = max(1.0, float(_length(own, codes)))  # a term may be a stop word: IT
    synonyms = [(_weights(synonym, codes), _length(synonym, codes)) for synonym in one.synonyms]
    return [
        _weights(own, codes),
        *(dict.fromkeys(terms, weight / length) for terms, length in synonyms if terms),
    ]


def _length(text: str, codes: Sequence[str]) -> int:
    return len(set(_terms(text, codes[0])))


def _weights(text: str, codes: Sequence[str]) -> dict[int, float]:
    return {term_id(words.stem(word, code)): 1.0 for word in _words(text, codes[0]) for code in codes}


def _merged(parts: Iterable[dict[int, float]]) -> dict[int, float]:
    merged: dict[int, float] = {}
    for part in parts:
        for term, weight in part.items():
            merged[term] = max(weight, merged.get(term, 0.0))
    return merged


def language_code(text: str, language: str) -> str:
    """ISO 639-1."""
    return words.detect_language(text) if language == AUTO else _CODES.get(language, language)


@lru_cache(maxsize=65_536)
def term_id(term: str) -> int:
    """The same number for a term in every process, 0 … 2³² - 1; two of 10,000 terms share one with p = .01."""
    return int.from_bytes(blake2b(term.encode(), digest_size=4).digest())


def _terms(text: str, code: str) -> list[str]:
    return [words.stem(word, code) for word in _words(text, code)]


def _words(text: str, code: str) -> list[str]:
    """What carries meaning, and identifiers (`user_name`, `HTTP2`, `getUser`) whole beside their parts."""
    identifiers = [word.lower() for word in _WORD.findall(words.composed(text)) if _SEAM.search(word)]
    return words.content_tokens(text, code) + identifiers


def _vector(weights: Iterable[tuple[int, float]]) -> SparseVector:
    ordered = sorted(dict(weights).items())
    return SparseVector(tuple(index for index, _ in ordered), tuple(weight for _, weight in ordered))
