"""Retrieved text as data: what a reader of the page can't see is taken out, and so is what only looks like a citation.

Hidden text is the usual carrier of injected instructions: comments, elements that are not displayed or have the
colour of the page, zero-width and bidirectional control characters, tooltips, data in addresses (OWASP LLM01:2025,
indirect prompt injection; tag characters: https://embracethered.com/blog/posts/2024/hiding-and-finding-text-with-unicode-tags/).
"""

import re
from typing import Final

INVISIBLE: Final = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
TAGS: Final = (
    "abbr|address|applet|area|article|aside|audio|a|base|bdi|bdo|big|blockquote|body|button|b|canvas|caption|center|"
    "cite|code|colgroup|col|data|datalist|dd|del|details|dialog|div|dl|dt|embed|em|fieldset|figcaption|figure|font|"
    "footer|form|frameset|frame|h[1-6]|header|head|hr|html|iframe|img|input|ins|i|kbd|label|legend|link|li|main|map|"
    "mark|marquee|math|menu|meta|nav|noscript|object|ol|optgroup|option|output|param|picture|pre|progress|p|q|ruby|"
    "samp|script|section|select|slot|small|source|span|strike|strong|style|sub|summary|sup|svg|s|table|tbody|td|"
    "template|textarea|tfoot|thead|th|time|title|track|tr|tt|ul|u|var|video|wbr"
)
"""Names of HTML elements, as an alternative of a regular expression; other names in angle brackets are text."""
_UNSEEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|font-size\s*:\s*(?:0|1\s*p[xt])(?![\d.])"
    r"|opacity\s*:\s*0*(?:\.0+)?(?![\d.])|(?:left|top|text-indent)\s*:\s*-\d{3,}|clip-path\s*:|(?<![\w-])clip\s*:"
    r"|(?<![\w-])(?:max-)?(?:height|width)\s*:\s*0(?![\d.])"
    r"|\shidden(?=[\s=>/])|aria-hidden\s*=\s*[\"']?true",
    re.IGNORECASE,
)
_PAGE_COLOUR = re.compile(
    r"(?<![\w-])color\s*[:=]\s*[\"']?\s*(?:white\b|transparent|#f{3}(?:f{3})?\b|rgba?\(\s*255\s*,\s*255\s*,\s*255)",
    re.IGNORECASE,
)
_NAMES = re.compile(TAGS, re.IGNORECASE)
_NEVER_CLOSED = frozenset("area base br col embed hr img input link meta param source track wbr".split())  # noqa: SIM905
_PARTS = re.compile(
    r"(?P<code>^ {0,3}```.*?(?:^ {0,3}```|\Z)|`[^`\n]+`)"
    r"|<!--.*?(?:-->|\Z)"
    r"|\{%-?\s*comment\s*-?%\}.*?(?:\{%-?\s*endcomment\s*-?%\}|\Z)"
    r"|<(?P<unseen>script|style|template|head|title|noscript|object|iframe)\b[^<>]*>.*?(?:</(?P=unseen)\s*>|\Z)"
    r"|(?P<gap><br\s*/?>)"
    r"|<(?P<end>/?)(?P<name>[a-z][a-z0-9]*)\b[^<>]*>"
    r"|^ {0,3}\[[^\[\]\n]{1,200}\]:[ \t]*(?:<>|#)?[ \t]*(?:\"[^\"\n]*\"|'[^'\n]*'|\([^\n]*\))[ \t]*$"
    r"|(?P<target>\]\(\s*[^\s()<>]{1,2000})\s{1,9}(?:\"[^\"]{0,1000}\"|'[^']{0,1000}')\s{0,9}\)"
    r"|(?P<definition>^ {0,3}\[[^\[\]\n]{1,200}\]:[ \t]*\S{1,2000})[ \t]+(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\))[ \t]*$"
    r"|data:[\w.+-]{1,60}/[\w.+-]{1,60}(?:;[\w=-]{1,60}){0,4},[A-Za-z0-9+/=%._~-]*"
    r"|[ \t]?\[\^?\d{1,3}(?:[ \t]*[,;\u2013-][ \t]*\d{1,3})*\](?!\()|[ \t]?【\d{1,3}[^【】\n]{0,100}】",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)


def visible(text: str) -> str:
    """What a reader of the rendered page sees, still Markdown, without anything like a marker `[1]` outside code."""
    text = INVISIBLE.sub("", text)
    kept: list[str] = []
    at = 0
    while (part := _PARTS.search(text, at)) is not None:
        kept += (text[at : part.start()], _kept(part))
        at = _end_of_element(text, part) if _is_hidden(part) else part.end()
    return "".join((*kept, text[at:]))


def _kept(part: re.Match[str]) -> str:
    if part["gap"]:
        return " "
    if part["name"]:
        return "" if _NAMES.fullmatch(part["name"]) or _is_hidden(part) else part[0]
    return part["code"] or (f"{part['target']})" if part["target"] else part["definition"] or "")


def _is_hidden(part: re.Match[str]) -> bool:
    """An opening tag whose element is not shown; white text on a background of its own is."""
    if not part["name"] or part["end"]:
        return False
    tag = part[0]
    return bool(_UNSEEN.search(tag) or (_PAGE_COLOUR.search(tag) and "background" not in tag.lower()))


def _end_of_element(text: str, opening: re.Match[str]) -> int:
    """Where the element ends, elements of the same name inside it included; the text's end if nothing closes it."""
    name = opening["name"]
    if name.lower() in _NEVER_CLOSED:
        return opening.end()
    depth = 1
    for tag in re.compile(rf"<(/?){name}\b[^<>]*>", re.IGNORECASE).finditer(text, opening.end()):
        depth += -1 if tag[1] else 1
        if not depth:
            return tag.end()
    return len(text)
