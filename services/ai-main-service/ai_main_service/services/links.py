"""Addresses in the text of an answer: those that may be followed stay, of all others nothing is left.

A bare address is a link too: readers' programs make it one (GitHub Flavored Markdown 6.9, "Autolinks (extension)").
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

LinkRule = Callable[[str], bool]
"""Whether an answer may link to an address; an e-mail address comes as `mailto:…`."""

GONE: Final = "…"
"""What stands where an address was taken out, so that nothing new comes of its neighbours."""
_DELIMITERS = r"\s<>\"'`|\[\]\\\u3000-\u303f\uff00-\uffef"
_ADDRESS = re.compile(
    rf"(?:[a-z][a-z0-9+.\-]{{0,30}}://|(?<![a-z0-9])www\.(?=[a-z0-9])"
    rf"|//(?=[^{_DELIMITERS}./]{{1,253}}\.[^{_DELIMITERS}./]))[^{_DELIMITERS}]{{0,2048}}"
    r"|[a-z0-9.+_\-]{1,64}@(?:[a-z0-9_\-]{1,63}\.){1,8}[a-z](?:[a-z0-9_\-]{0,62}[a-z])?(?![a-z0-9_\-])",
    re.IGNORECASE | re.ASCII,
)
_HEAD = re.compile(r"(?!https?:)(?:(?!(?<![a-z0-9])www\.)[a-z0-9.+_\-])+(?=://|@|www\.)", re.IGNORECASE | re.ASCII)
"""What of an address that is taken out is a word like others, and may have been shown before it became one."""
_LONGEST = 2_200
_CONTEXT = 100
_OPEN_END = re.compile(rf"[^\s<]{{1,{_LONGEST}}}\Z", re.ASCII)
_GOES_ON = re.compile(r"(?!\]\()[^\w\s<]*[\w\\]")
"""What a reader's program would take for more of an address, though it ends before a sign that none has."""
_BEGINS = re.compile(r"(?:h(?:t(?:t(?:ps?)?)?)?|w(?:w(?:w\.?)?)?)?:?/?\Z", re.IGNORECASE | re.ASCII)
_BEGUN = re.compile(r"//|www\.|@", re.IGNORECASE)
_AFTER = re.compile(r"(?:[?!.,:;*_~]|&amp;|&[a-z]{2,8};|…)+\Z")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.\-]*://[^/?#]*", re.IGNORECASE)
_WEB = ("https://", "http://", "mailto:")


def is_web_address(url: str) -> bool:
    return url.lower().startswith(_WEB)


class SourceLinks:
    """The addresses that an answer's sources have or contain, letter by letter."""

    def __init__(self, texts: Iterable[str], urls: Iterable[str | None]) -> None:
        found = (_told(address[0]) for text in texts for address in _ADDRESS.finditer(text))
        self._known = {_canonical(url) for url in (*found, *urls) if url}

    def has(self, url: str) -> bool:
        return is_web_address(url) and _canonical(url) in self._known


class LinkFilter:
    """An incremental filter, also inside of code; joined, what it returns does not depend on how the text was cut."""

    def __init__(self, is_allowed: LinkRule) -> None:
        self._is_allowed = is_allowed
        self._before = ""
        self._held = ""

    def feed(self, text: str) -> str:
        return self._take(self._held + text, final=False)

    def close(self) -> str:
        return self._take(self._held, final=True)

    def _take(self, text: str, *, final: bool) -> str:
        seen = self._before + text
        at, begin = len(self._before), 0
        until = len(seen) if final else _decided(seen)
        shown: list[str] = []
        while (address := _ADDRESS.search(seen, begin)) is not None and address.start() < until:
            begin = address.start() + len(_told(address[0]))
            shown += (seen[at : address.start()], self._judged(seen, address.start(), begin, at))
            at = begin
        end = max(at, until)
        shown.append(seen[at:end])
        self._before, self._held = seen[max(begin, end - _CONTEXT) : end], seen[end:]
        return "".join(shown)

    def _judged(self, seen: str, start: int, end: int, at: int) -> str:
        """What to show of the address `seen[start:end]`, of which everything before `at` has been shown already."""
        address = seen[start:end]
        if self._is_allowed(_with_scheme(address)):
            is_target = seen[:start].endswith("](")
            gap = " " if not is_target and _GOES_ON.match(seen, end) else ""
            return seen[max(at, start) : end] + gap
        head = _HEAD.match(address)
        return seen[max(at, start) : start + (head.end() if head else 0)] + GONE


def _decided(text: str) -> int:
    """Where what may still become an address, or a longer one, begins."""
    open_end = _OPEN_END.search(text, max(0, len(text) - _LONGEST))
    if open_end is None:
        return len(text)
    begins = _BEGINS.search(text, max(0, len(text) - len("https:/")))
    return open_end.start() if _BEGUN.search(text, open_end.start()) or begins is None else begins.start()


def _told(written: str) -> str:
    """An address without the punctuation of the sentence around it: it ends before a bracket that it did not open."""
    written = written.partition("&lt;")[0]
    depth = 0
    for at, sign in enumerate(written):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            written = written[:at]
            break
    after = _AFTER.search(written)
    return written[: after.start()] if after and after.start() else written


def _with_scheme(address: str) -> str:
    if address.startswith("//"):
        return f"https:{address}"
    if "://" in address:
        return address
    return f"http://{address}" if address.lower().startswith("www.") else f"mailto:{address}"


def _canonical(address: str) -> str:
    full = address if address.lower().startswith("mailto:") else _with_scheme(address)
    return _ORIGIN.sub(lambda origin: origin[0].lower(), full.replace("&amp;", "&"), count=1).removesuffix("/")
