"""What is said of one thing and, behind an "and" or a comma, of another: each part stands or falls for itself."""

import re
from typing import Final

_JOINTS: Final = re.compile(
    r"\s*(?:[;:]|,(?!\d)|\s[\u2013\u2014-]\s|[()])\s*(?:(?:and|or|but|plus|und|oder|aber|sowie)\b)?\s*"
    r"|\s+(?:and|but|plus|as well as|along with|together with|in addition to|including|while|whereas|because|so that|"
    r"und|aber|sowie|weil|damit|während)\s+",
    re.IGNORECASE,
)
_BETWEEN: Final = re.compile(
    r";\s+(?:and|but|und|aber)?\s*|,\s+(?:and|but|while|whereas|und|aber|während)\s+", re.IGNORECASE
)
_SHORTEST = 4


def joined_statements(sentence: str) -> list[str]:
    """The statements that a sentence joins, each with words enough to stand alone; none where it is one."""
    parts = [part.strip(" .") for part in _BETWEEN.split(sentence)]
    is_joined = len(parts) > 1 and all(len(part.split()) >= _SHORTEST for part in parts)
    return parts if is_joined else []


def clauses(sentence: str) -> list[str]:
    """In their order; the sentence itself where nothing joins."""
    return [part.strip(" .") for part in _JOINTS.split(sentence) if part.strip(" .")]
