"""Questions that a text certainly answers, made of its own words."""

import re
from random import Random
from typing import Final

from flash_core.utils.words import WORD, document_language, stop_words

_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s+|\n\s*\n")
_LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_WORDS: Final = range(8, 36)
"""Of a sentence that is one, and not a heading or a table."""
_KEPT: Final = 0.6
_ASKED: Final = (3, 8)
_LEAST: Final = 5
_LONGEST_TEXT: Final = 20_000


def pseudo_question(text: str, random: Random) -> str | None:
    """Some of the words that carry meaning of one sentence, in their order; None for a text without a fit sentence.

    Leaving words out, as who asks does not know the text, brings the cosine of such a question near that of a real one:
    over four corpora the medians were .50, .53, .54 and .42 where those of people's questions were .69, .60, .58, .47.
    """
    found = [part.strip() for part in _SENTENCE_END.split(_LINK.sub(r"\1", text[:_LONGEST_TEXT]))]
    fit = [part for part in found if part[:1].isalnum() and len(part.split()) in _WORDS]
    if not fit:
        return None
    sentence = random.choice(fit)
    stop = stop_words(document_language("", text))
    words = [match[0] for match in WORD.finditer(sentence) if match[0].lower() not in stop]
    if len(words) < _LEAST:
        return None
    least, most = _ASKED
    kept = sorted(random.sample(range(len(words)), max(least, min(most, round(len(words) * _KEPT)))))
    return " ".join(words[place] for place in kept)
