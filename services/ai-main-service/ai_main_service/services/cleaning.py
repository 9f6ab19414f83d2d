"""Retrieved text as data: what a reader of the page can't see is taken out, and so is what only looks like a citation.

Hidden text is the usual carrier of injected instructions: comments, elements that are not displayed, zero-width and
bidirectional control characters (OWASP LLM01:2025, indirect prompt injection).
"""

import re

_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_TAGS = (
    "a|abbr|b|blockquote|button|center|cite|code|dd|del|details|div|dl|dt|em|figcaption|figure|font|form|h[1-6]|hr|i|"
    "iframe|img|input|ins|kbd|li|link|main|mark|meta|nav|object|ol|p|pre|s|section|small|span|strong|sub|summary|sup|"
    "svg|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|video"
)
_PARTS = re.compile(
    r"(?P<code>^ {0,3}```.*?(?:^ {0,3}```|\Z)|`[^`\n]+`)"
    r"|<!--.*?(?:-->|\Z)"
    r"|\{%-?\s*comment\s*-?%\}.*?(?:\{%-?\s*endcomment\s*-?%\}|\Z)"
    r"|<(?P<hidden>[a-z][a-z0-9]*)\b[^<>]{0,1000}?"
    r"(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0|opacity\s*:\s*0|\shidden(?=[\s>=]))"
    r"[^<>]*>.*?(?:</(?P=hidden)\s*>|\Z)"
    r"|<(?P<unseen>script|style|template|head)\b[^<>]*>.*?(?:</(?P=unseen)\s*>|\Z)"
    r"|(?P<gap><br\s*/?>)"
    rf"|</?(?:{_TAGS})\b[^<>]*>"
    r"|[ \t]?\[\d{1,3}\](?!\()",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)


def visible(text: str) -> str:
    """What a reader of the rendered page sees, still Markdown, without anything like a marker `[1]` outside code."""
    return _PARTS.sub(_kept, _INVISIBLE.sub("", text))


def _kept(part: re.Match[str]) -> str:
    return part["code"] or (" " if part["gap"] else "")
