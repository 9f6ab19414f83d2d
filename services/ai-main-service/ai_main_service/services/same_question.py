"""Whether two questions ask the same, so that one answer serves both."""

import re
import unicodedata
from typing import Final

from ai_main_service.services.questions import Question
from ai_main_service.services.reading import read

SAME: Final = 0.95
"""The cosine from which questions may be the same, where nothing in their words speaks against it; measured by
`tests/quality/bench_answer_cache.py`.
"""
_SPACE = re.compile(r"\s+")
_AROUND = " \t\n?!.,;:¿¡\"'"


def normalised(question: str) -> str:
    """What is left when case, white space, forms of letters and the punctuation around it do not count."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", question).casefold()).strip(_AROUND)


def may_be_same(one: str, other: str, language: str) -> bool:
    """Not when they differ in a number, a name, a negation, a word like "before", or in what kind of thing they ask
    for: there a cosine says little.
    """
    first, second = read(one, language), read(other, language)
    if first.cues != second.cues or Question(one).asked is not Question(other).asked:
        return False
    for kind in ("number", "turn", "name"):
        if not (first.of(kind) <= set(second.stems) and second.of(kind) <= set(first.stems)):
            return False
    return True
