"""What a question is about, as the phrase that a later "it" stands for."""

import re

from flash_core.utils.words import WORD, stop_words

SAYS_LITTLE = frozenset(
    [
        *("many", "much", "long", "often", "far", "get", "got", "do", "use", "using", "need", "want", "make", "take"),
        *("find", "go", "happen", "happens", "work", "works", "mean", "means", "way", "best", "please", "help", "give"),
        *("see", "look", "explain", "describe", "tell", "show", "list", "ask", "request", "apply", "set", "change"),
        *("reset", "contact", "create", "add", "start", "join", "submit", "send", "reach", "follow", "call", "book"),
        *(
            "allowed",
            "cancel",
            "possible",
            "able",
            "would",
            "like",
            "may",
            "might",
            "viel",
            "viele",
            "bekomme",
            "gibt",
            "finde",
            "mache",
            "wen",
            "wem",
        ),
    ]
)
_CODE_OR_QUOTE = re.compile(r"`([^`]+)`|\"([^\"]{2,80})\"|\u201c([^\u201d]{2,80})\u201d")
_NAME = re.compile(r"\b(?:[A-Z][\w&.-]*[\w]|[A-Z]{2,}|\w+[A-Z]\w*|\w+_\w+)(?:\s+(?:[A-Z][\w&.-]*\w|[A-Z]{2,}|\d+))*")
_JOINS = re.compile(
    r"\s+(?:of|for|in|to|on|at|from|with|by|des|der|für|von|zu|im|am|bei|mit|auf)"
    r"(?:\s+(?:the|an?|our|my|your|der|die|das|den|dem|des|eine?[snmr]?|meine?[snmr]?|unsere?[snmr]?))?\s+",
    re.IGNORECASE,
)


def topic_of(question: str, language: str) -> str:
    """The longest noun group, the last of equal ones; empty for none."""
    said = groups_of(question, language)
    return max(reversed(said), key=lambda group: len(group.split())) if said else ""


def groups_of(question: str, language: str) -> list[str]:
    """Runs of words that carry meaning with the small words that join them: "SLA for the enterprise plan"."""
    groups: list[tuple[int, int]] = []
    for begin, end in _runs(question, language):
        if groups and _JOINS.fullmatch(question[groups[-1][1] : begin]):
            groups[-1] = (groups[-1][0], end)
        else:
            groups.append((begin, end))
    return [question[begin:end] for begin, end in groups]


def entities_of(question: str, language: str) -> list[str]:
    """Names, identifiers and quoted words, as written, each once. A capital that the question's beginning, or a German
    noun, has anyway makes no name.
    """
    quoted = [next(filter(None, match.groups())) for match in _CODE_OR_QUOTE.finditer(question)]
    names = (_name(question, match, language) for match in _NAME.finditer(question))
    return list(dict.fromkeys([*quoted, *filter(None, names)]))


def phrases_of(question: str, language: str) -> list[str]:
    """The runs of words that carry meaning, as written, in order."""
    return [question[begin:end] for begin, end in _runs(question, language)]


def _runs(question: str, language: str) -> list[tuple[int, int]]:
    stop = stop_words(language) | SAYS_LITTLE
    runs: list[list[re.Match[str]]] = [[]]
    for word in WORD.finditer(question):
        follows = not runs[-1] or not question[runs[-1][-1].end() : word.start()].strip(" -/&")
        if word[0].lower() in stop:
            runs.append([])
        elif follows:
            runs[-1].append(word)
        else:
            runs.append([word])
    return [(run[0].start(), run[-1].end()) for run in runs if run]


def _name(question: str, match: re.Match[str], language: str) -> str:
    """The match without function words before it; empty for a word that has its capital anyway."""
    words = match[0].split(" ")
    while words and words[0].lower() in stop_words(language):
        words = words[1:]
    has_capital = language == "de" or not question[: match.start()].strip(" \"'¿¡")
    is_plain = has_capital and len(match[0].split(" ")) == 1 and match[0].istitle()
    return "" if is_plain else " ".join(words)
