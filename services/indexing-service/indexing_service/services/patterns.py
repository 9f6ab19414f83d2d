"""Which paths a pattern means, as `.gitignore` reads them: `*` stays within a folder, `**` does not, and a pattern
without a slash is about names in any folder.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matches(path: str, patterns: Sequence[str]) -> bool:
    """`path`: relative, with slashes."""
    return any(_compiled(pattern).fullmatch(path) for pattern in patterns)


@lru_cache(maxsize=1_024)
def _compiled(pattern: str) -> re.Pattern[str]:
    anchored = pattern.strip("/")
    whole = anchored if "/" in pattern.rstrip("/") else f"**/{anchored}"
    parts = (_MEANING.get(part) or re.escape(part) for part in _PARTS.findall(whole))
    return re.compile(f"{''.join(parts)}(?:/.*)?", re.DOTALL)
