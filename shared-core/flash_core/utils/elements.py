"""Tags of HTML as they stand in Markdown."""

import html
import re
from collections.abc import Mapping
from typing import Final

ELEMENTS: Final = (
    "abbr|address|applet|area|article|aside|audio|a|base|bdi|bdo|big|blockquote|body|button|br|b|canvas|caption|center|"
    "cite|code|colgroup|col|data|datalist|dd|del|details|dfn|dialog|div|dl|dt|embed|em|fieldset|figcaption|figure|font|"
    "footer|form|frameset|frame|h[1-6]|header|head|hr|html|iframe|img|input|ins|i|kbd|label|legend|link|li|main|map|"
    "mark|marquee|math|menu|meta|nav|noscript|object|ol|optgroup|option|output|param|picture|pre|progress|p|q|ruby|"
    "samp|script|section|select|slot|small|source|span|strike|strong|style|sub|summary|sup|svg|s|table|tbody|td|"
    "template|textarea|tfoot|thead|th|time|title|track|tr|tt|ul|u|var|video|wbr"
)
"""Names of HTML elements, as an alternative of a regular expression; other names in angle brackets are text."""

ATTRIBUTES: Final = r"""(?:[^<>"']++|"[^"]{0,1000}+"|'[^']{0,1000}+'|["']){0,60}+"""
"""What may stand in a tag behind its name, a `>` in quotes included."""

TAG: Final = re.compile(rf"<(?P<end>/?)(?P<name>{ELEMENTS})(?:[\s/]{ATTRIBUTES})?>", re.IGNORECASE)
NEVER_CLOSED: Final = frozenset("area base br col embed hr img input link meta param source track wbr".split())  # noqa: SIM905
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?""")


def attributes_of(tag: str) -> Mapping[str, str]:
    """Of an opening tag, by their names in lower case; "" for one without a value. The first of a name counts."""
    found: dict[str, str] = {}
    _, *attributes = _ATTRIBUTE.finditer(tag.strip("</>"))
    for attribute in attributes:
        name, *values = attribute.groups("")
        found.setdefault(name.lower(), html.unescape("".join(values)))
    return found


def end_of_element(text: str, name: str, at: int) -> int | None:
    """Where the element ends whose opening tag ends at `at`, elements of the same name inside it included."""
    if name.lower() in NEVER_CLOSED:
        return at
    depth = 1
    for tag in re.compile(rf"<(/?){name}(?:[\s/]{ATTRIBUTES})?>", re.IGNORECASE).finditer(text, at):
        depth += -1 if tag[1] else 1
        if not depth:
            return tag.end()
    return None
