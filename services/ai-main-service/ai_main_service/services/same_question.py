"""Whether two questions ask the same, so that one answer serves both."""

import re
import unicodedata
from itertools import zip_longest
from typing import Final

from ai_main_service.services.questions import Question

SAME: Final = 0.9
"""The cosine from which questions are the same, where their words say so too; measured by
`tests/quality/bench_answer_cache.py`.
"""
_SPACE = re.compile(r"\s+")
_SHORTEST_PLURAL = 2
_AROUND = " \t\n?!.,;:¿¡\"'"
_WORD = re.compile(r"[^\W_]+(?:['\u2019.,:/&+#-]+[^\W_]+)*[+#%]*|[%€$£<>=+]")
_OPENING = re.compile(
    r"^(?:(?:hi|hello|hey|hallo)\b[\s,!.]*)?(?:(?:quick|short|another|one) question\W+|(?:kurze|eine) frage\W+)?"
    r"(?:(?:(?:please,? )?(?:can|could|would|will) you (?:please )?(?:tell|explain to|remind) (?:me|us)"
    r"|(?:please,? )?(?:tell|remind) (?:me|us)|(?:i|we) (?:(?:would|['\u2019]d) like|want|need) to know"
    r"|do you know|kannst du (?:mir|uns) sagen|können sie (?:mir|uns) sagen|(?:bitte )?sagen? sie (?:mir|uns)"
    r"|wissen sie|weißt du|(?:ich|wir) (?:möchten?|würden? gerne?) wissen)\b[\s,:]*)?",
    re.IGNORECASE,
)
"""How a question is asked for, in front of it."""
_SHORTENED = (
    (re.compile(r"\bcan['\u2019]?t\b|\bcannot\b"), "can not"),
    (re.compile(r"\bwon['\u2019]t\b"), "will not"),
    (re.compile(r"n['\u2019]t\b"), " not"),
    (re.compile(r"\b(what|who|where|when|how|why|that|it|there|here)['\u2019]s\b"), r"\1 is"),
    (re.compile(r"['\u2019]re\b"), " are"),
    (re.compile(r"['\u2019]ve\b"), " have"),
    (re.compile(r"['\u2019]ll\b"), " will"),
)
_FILLERS: Final = {
    "en": frozenset("a an the do does is are be please here there exactly actually".split()),  # noqa: SIM905
    "de": frozenset("bitte genau denn eigentlich".split()),  # noqa: SIM905
}
"""Words that say nothing in any question. All others count: "to", "before", "their" and "was" turn it into another, and
so does a German article, which tells who does what to whom.
"""


def normalised(question: str) -> str:
    """What is left when case, white space, forms of letters and the punctuation around it do not count."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", question).casefold()).strip(_AROUND)


def may_be_same(one: str, other: str, language: str) -> bool:
    """Only when they ask for the same kind of thing in the same words and order, but for fillers, plurals and the way
    into the question: to a cosine "from Jira to Confluence" and "from Confluence to Jira" are the same.
    """
    if Question(one).asked is not Question(other).asked:
        return False
    pairs = zip_longest(_words(one, language), _words(other, language), fillvalue="")
    return all(_is_same_word(first, second, language) for first, second in pairs)


def _words(question: str, language: str) -> list[str]:
    said = _OPENING.sub("", normalised(question))
    for short, full in _SHORTENED:
        said = short.sub(full, said)
    fillers = _FILLERS.get(language, frozenset())
    return [word for word in _WORD.findall(said) if word not in fillers]


def _is_same_word(one: str, other: str, language: str) -> bool:
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    return language == "en" and len(shorter) > _SHORTEST_PLURAL and shorter.isalpha() and longer == f"{shorter}s"
