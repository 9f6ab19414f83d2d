"""Markdown as the words that a reader sees: what a model embeds and keywords are taken from."""

import re

_STEPS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<!--.*?-->", re.DOTALL), " "),
    (re.compile(r"^\s*\[([^\]\n]+)\]:\s*\S+.*$", re.MULTILINE), r"\1"),
    (
        re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"\n]*\")?\)"),
        r"\1",
    ),
    (re.compile(r"\[([^\[\]\n]+)\]\[[^\[\]\n]*\]"), r"\1"),
    (re.compile(r"</?[A-Za-z][^<>]*>"), " "),
    (
        re.compile(r"^\s*\|?(?:[ \t]*:?-+:?[ \t]*\|)+(?:[ \t]*:?-+:?[ \t]*)?$", re.MULTILINE),
        " ",
    ),
    (re.compile(r"^\s{0,3}(?:#{1,6}|>+|[-*+])\s+", re.MULTILINE), ""),
    (re.compile(r"^\s*(?:`{3,}|~{3,}).*$", re.MULTILINE), " "),
    (re.compile(r"(?<![\w*])[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?![\w*])"), ""),
    (re.compile(r"[ \t]*\|[ \t]*"), " "),
    (re.compile(r"`+"), ""),
    (re.compile(r"[ \t]{2,}"), " "),
    (re.compile(r"\s*\n\s*"), "\n"),
)


def plain_text(markdown: str) -> str:
    """Without the marks and the addresses of links, which cost a model's few tokens and say little."""
    for pattern, replacement in _STEPS:
        markdown = pattern.sub(replacement, markdown)
    return markdown.strip()
