"""Where a wiki keeps the pages that these tests know, as Azure DevOps' documentation and clones of wikis show it.

https://learn.microsoft.com/azure/devops/project/wiki/wiki-file-structure. Nothing is worked out but blanks, so that the
product's own rules are held against something else.
"""

import re

_LOOKED_UP = {
    "How-to": "How%2Dto",
    "New: one": "New%3A-one",
    "Set-up": "Set%2Dup",
    "Set-up: first": "Set%2Dup%3A-first",
    "Set-up: why?": "Set%2Dup%3A-why%3F",
    "Short-lived": "Short%2Dlived",
    "Über": "Über",
    "Über-alles": "Über%2Dalles",
}
_PLAIN = re.compile(r"[A-Za-z0-9 ._()]*")


def file_of(page: str, root: str) -> str:
    """The file of a page in its repository. `KeyError` for a name that nobody looked up."""
    return f"{root.rstrip('/')}{'/'.join(map(_name, page.split('/')))}.md"


def _name(step: str) -> str:
    return step.replace(" ", "-") if _PLAIN.fullmatch(step) else _LOOKED_UP[step]
