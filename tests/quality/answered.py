"""A question that somebody asked about a passage and its answer as one sentence: the same in another's words.

"Who founded the abbey?" and "Boniface" are "Boniface founded the abbey." Only questions for the subject are turned,
which needs no grammar: "Who", "What", "Which dukes" and a verb behind it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import Final

_ASKED: Final = {
    "en": re.compile(
        r"^(?:Who|What|Which [a-z]+|What [a-z]+) (?!(?:do|does|did|else|kind|type|is|are|was|were|percentage)\b)"
        r"((?:[a-z]+ed|[a-z]+es|[a-z]{3,}s|led|won|made|wrote|took|gave|became|began|built|held|ran|can|must|may|has|have)"
        r" [^?]{8,})\?$"
    ),
    "de": re.compile(
        r"^(?:Wer|Was) ((?!ist|sind|war|waren|genau)[a-zäöüß]+(?:t|te|ten|en|ab|ieb|ann|urde) [^?]{8,})\?$"
    ),
}
_LONGEST_ANSWER: Final = 50


def statements(asked: Iterable[tuple[str, Sequence[str]]], random: Random, language: str) -> Iterator[tuple[bool, str]]:
    """Whether it is true, and the statement: with the answer, and with that of another question about the passage."""
    rows = list(asked)
    for question, answers in rows:
        found = _ASKED[language].match(question)
        own = [one for one in answers if len(one) <= _LONGEST_ANSWER]
        if found is None or not own:
            continue
        yield True, _said(own[0], found[1])
        others = [one for _, more in rows for one in more[:1] if len(one) <= _LONGEST_ANSWER and _differs(one, answers)]
        if others:
            yield False, _said(random.choice(others), found[1])


def _said(answer: str, rest: str) -> str:
    return f"{answer[0].upper()}{answer[1:]} {rest}."


def _differs(one: str, answers: Sequence[str]) -> bool:
    words = set(re.findall(r"\w{3,}", one.lower()))
    return (
        bool(words)
        and one[0].isupper()
        and not any(words & set(re.findall(r"\w{3,}", other.lower())) for other in answers)
    )
