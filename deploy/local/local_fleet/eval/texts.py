"""Answers and facts as comparable words.

`tokens` makes texts comparable: Unicode compatibility forms (NFKC), case folded, Markdown and citation markers gone,
punctuation and white space as boundaries, `1,000` = `1.000` = `1000`, `3,5` = `3.5`, `5 %` = `5 percent`. F1 and exact
match leave out English articles and are otherwise those of the SQuAD evaluation script (Rajpurkar et al. 2016).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

MARKER = re.compile(r"\[\d+\]")
_LINK_TARGET = re.compile(r"\]\([^)\s]*\)")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[,.'\u2019\u00a0\u202f]\d{3})+(?!\d)")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_TOKEN = re.compile(r"\d+(?:\.\d+)+|\w+[+#]*")
_ARTICLES = frozenset({"a", "an", "the"})
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_SENTENCE_END = re.compile(r"(?<=[.!?])(?:\s*\[\d+\])*(?=\s)")
_LEAST_LETTERS = 2

Alternatives = Sequence[str]
"""A fact in one wording or several: any of them will do."""


def tokens(text: str) -> list[str]:
    # Before NFKC, which turns the narrow spaces of numbers into ordinary ones.
    plain = _THOUSANDS.sub(
        lambda number: re.sub(r"\D", "", number.group()), _LINK_TARGET.sub(" ", MARKER.sub("", text))
    )
    folded = unicodedata.normalize("NFKC", plain).casefold().replace("%", " percent ")
    words = (word.strip("_") for word in _TOKEN.findall(_DECIMAL_COMMA.sub(".", folded)))
    return [word for word in words if word]


def contains(text: str, fact: Alternatives) -> bool:
    """Whether one wording of the fact stands in the text, word by word and in this order."""
    inside = " ".join(tokens(text))
    return any(_stands_in(inside, " ".join(tokens(wording))) for wording in fact)


def share_contained(text: str, facts: Sequence[Alternatives]) -> float:
    """The share, from 0 to 1, of the facts that the text contains."""
    return sum(contains(text, fact) for fact in facts) / len(facts)


def token_f1(text: str, facts: Sequence[Alternatives]) -> float:
    """F1 of the text's words against all facts together, each in the wording that is nearest to the text."""
    said = _without_articles(text)
    expected = list(chain.from_iterable(_nearest(said, fact) for fact in facts))
    return _f1(said, expected)


def is_exact(text: str, facts: Sequence[Alternatives]) -> bool:
    """Whether the text is the facts in their order and nothing else."""
    starts = {0}
    said = _without_articles(text)
    for fact in facts:
        starts = {
            start + len(words)
            for start in starts
            for words in _wordings(fact)
            if said[start : start + len(words)] == words
        }
    return len(said) in starts


def sentence_spans(content: str) -> Iterator[tuple[int, int]]:
    """Start and end, in code points, of every sentence of a Markdown text: list items and table rows end one, a block
    of code is one. Headings and what has no words are none.
    """
    for start, end in _blocks(content):
        block = content[start:end]
        ends = [start + found.end() for found in _SENTENCE_END.finditer(block)] if not _FENCE.match(block) else []
        for one, other in zip([start, *ends], [*ends, end], strict=True):
            if _has_words(content[one:other]):
                yield one, other


def share_cited(content: str, cited: Iterable[tuple[int, int]]) -> float | None:
    """The share of the sentences that one of these spans covers by half or more; None without any sentence."""
    spans = list(cited)
    sentences = list(sentence_spans(content))
    covered = [any(_covers(span, sentence) for span in spans) for sentence in sentences]
    return sum(covered) / len(covered) if covered else None


def _blocks(content: str) -> Iterator[tuple[int, int]]:
    """Lines, but a fenced block of code whole; headings are left out."""
    position, fence = 0, -1
    for line in content.splitlines(keepends=True):
        start, position = position, position + len(line)
        if _FENCE.match(line):
            if fence >= 0:
                yield fence, position
            fence = start if fence < 0 else -1
        elif fence < 0 and not line.lstrip().startswith("#"):
            yield start, position
    if fence >= 0:
        yield fence, position


def _has_words(text: str) -> bool:
    return sum(character.isalnum() for character in MARKER.sub("", text)) >= _LEAST_LETTERS


def _covers(span: tuple[int, int], sentence: tuple[int, int]) -> bool:
    shared = min(span[1], sentence[1]) - max(span[0], sentence[0])
    return shared * 2 >= sentence[1] - sentence[0]


def _stands_in(text: str, wording: str) -> bool:
    if any(unicodedata.east_asian_width(character) in "WF" for character in wording):
        return wording.replace(" ", "") in text.replace(" ", "")  # these scripts have no spaces between words
    return f" {wording} " in f" {text} "


def _nearest(said: Sequence[str], fact: Alternatives) -> list[str]:
    return max(_wordings(fact), key=lambda words: _f1(said, words))


def _wordings(fact: Alternatives) -> list[list[str]]:
    return [_without_articles(wording) for wording in fact]


def _without_articles(text: str) -> list[str]:
    return [word for word in tokens(text) if word not in _ARTICLES]


def _f1(said: Sequence[str], expected: Sequence[str]) -> float:
    shared = (Counter(said) & Counter(expected)).total()
    return 2 * shared / (len(said) + len(expected)) if shared else 0.0
