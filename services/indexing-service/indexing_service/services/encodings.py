"""In which encoding bytes are that do not say it and are no UTF-8.

`charset_normalizer` tells scripts apart by how often their letters occur. It does not tell apart Latin code pages,
which share most letters, nor short Japanese and Hebrew texts: those are told by what their alphabets have.
"""

import re
from collections.abc import Callable
from typing import Final
from unicodedata import category

from charset_normalizer import from_bytes

_BEYOND_ASCII: Final = bytes(range(0x80, 0x100))
_WORD_BEYOND_ASCII = re.compile(rb"[\x80-\xff]{3,}")
_GUESS_ON: Final = 65_536
_OTHER_SCRIPTS: Final = ("cp932", "euc_jp", "gb18030", "big5", "cp949", "cp1251", "koi8_r", "cp1253", "cp1256")
_UNDEFINED_IN_1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")

_WESTERN: Final = (
    "äöüß",  # German
    "àâæçèéêëîïôœùûüÿ",  # French
    "áéíñóúüªº",  # Spanish
    "áàâãçéêíóôõúüªº",  # Portuguese
    "àèéìíîòóùú",  # Italian
    "àçèéíïòóúü",  # Catalan
    "åäöé",  # Swedish, Finnish
    "åæøéèêóòô",  # Danish, Norwegian
    "áæéíðóöþúý",  # Icelandic
    "áéëèíïóöüú",  # Dutch
)
_CENTRAL: Final = (
    "ąćęłńóśźż",  # Polish
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "áéíóöőúüű",  # Hungarian
    "čćđšž",  # Slovene, Croatian
    "ăâîşţ",  # Romanian
)
_TURKISH: Final = ("çğ\u0131öşüâîûi\u0307",)
_LATIN: Final = (("cp1252", _WESTERN), ("cp1250", _CENTRAL), ("iso8859_2", _CENTRAL), ("cp1254", _TURKISH))
"""The first of those that explain a text equally well: mostly they read it alike."""
_MARKS: Final = frozenset(
    "\u201e\u201c\u201d\u201a\u2018\u2019\u2013\u2014\u2026\u2022\u20ac\u2122\xab\xbb\xa1\xbf\xa7\xb0\xb7\xa0\xad"
)
_BEFORE_A_LETTER = re.compile(rb"[\x80-\xaf\xb1-\xb4\xb6-\xff](?=[A-Za-z\x80-\xff])")
_DISTINCT_LETTERS: Final = 2
"""Beside °C and µm. Fewer may be signs, too: what they say is no reason to read another alphabet."""
_NEARLY_ALL: Final = 0.9
"""Texts of two languages have some letters of each, and are mostly Western."""

_KANA_SHARE: Final = 0.15
_HIRAGANA = re.compile(r"[\u3041-\u3096]")
_HEBREW = re.compile(rb"[\xe0-\xfa]+")
_FINAL_FORMS: Final = b"\xea\xed\xef\xf3\xf5"
"""Five Hebrew letters have another form at the end of a word, and nowhere else."""
_LEAST_HEBREW: Final = 4

_PRINTABLE: Final = bytes(range(0x20, 0x7F)) + b"\t\n\r\f"
_CONTROL: Final = bytes(byte for byte in range(1, 32) if byte not in b"\t\n\r\f\x1b")
_MOSTLY_PRINTABLE: Final = 0.9
_FEW_CONTROLS: Final = 0.01
_NEARLY_ALL_ZEROS: Final = 0.7
"""In Latin texts only signs and some letters have none."""
_SOME_ZEROS: Final = 0.2
"""Spaces, digits and line ends in other scripts."""

_NEVER_IN_TEXT: Final = frozenset({"Cc", "Cn", "Co", "Cs"})
_WHITE_SPACE: Final = frozenset("\t\n\r\f")


def utf16_without_mark(data: bytes) -> str:
    """`utf-16-le` or `utf-16-be`, "" if it is neither: half of the bytes of many characters are 0, always the same.

    A text of single bytes of which a few are 0 is neither.
    """
    start = data[:_GUESS_ON]
    zeros = start[::2].count(0), start[1::2].count(0)
    if len(data) % 2 or not any(zeros) or all(zeros):
        return ""
    if 2 * sum(zeros) < _least_zeros(start) * len(start):
        return ""
    encoding = "utf-16-be" if zeros[0] else "utf-16-le"
    text = start.decode(encoding, "replace").rstrip("\ufffd")
    return encoding if all(one in _WHITE_SPACE or category(one) not in _NEVER_IN_TEXT for one in text) else ""


def _least_zeros(data: bytes) -> float:
    """Of UTF-16, as a share of its characters, by the other bytes. Single bytes of text are hardly ever control
    characters; those of UTF-16 in other scripts than Latin often are.
    """
    rest = data.replace(b"\x00", b"")
    printable, controls = (len(rest) - len(rest.translate(None, some)) for some in (_PRINTABLE, _CONTROL))
    if printable > _MOSTLY_PRINTABLE * len(rest):
        return _NEARLY_ALL_ZEROS
    return _SOME_ZEROS if controls < _FEW_CONTROLS * len(rest) else 0.0


def guessed(data: bytes) -> str:
    """Latin texts have single letters beyond ASCII; other scripts have words of them."""
    beyond = len(data) - len(data.translate(None, _BEYOND_ASCII))
    in_words = sum(map(len, _WORD_BEYOND_ASCII.findall(data)))
    sample = data[: data.rfind(b"\n", 0, _GUESS_ON) + 1] or data[:_GUESS_ON] if len(data) > _GUESS_ON else data
    found = _of_words(sample) if in_words > beyond / 2 else ""
    if found or _UNDEFINED_IN_1252.search(sample) is None:
        return found or _latin(sample)
    return _latin(sample) if _latin(sample) != "cp1252" else "latin-1"


def _of_words(sample: bytes) -> str:
    tests: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
        ("euc_jp", lambda one: _is_japanese(one, "euc_jp")),
        ("cp932", lambda one: _is_japanese(one, "cp932")),
        ("cp1255", _is_hebrew),
    )
    for encoding, fits in tests:
        if fits(sample):
            return encoding
    best = from_bytes(sample, cp_isolation=list(_OTHER_SCRIPTS)).best()
    return best.encoding if best is not None else ""


def _is_japanese(sample: bytes, encoding: str) -> bool:
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    beyond = sum(not one.isascii() for one in text)
    return len(_HIRAGANA.findall(text)) > _KANA_SHARE * beyond


def _is_hebrew(sample: bytes) -> bool:
    words = _HEBREW.findall(sample)
    letters = b"".join(words)
    if len(letters) < _LEAST_HEBREW or len(sample) - len(sample.translate(None, _BEYOND_ASCII)) > len(letters):
        return False
    inside = b"".join(word[:-1] for word in words)
    return len(inside.translate(None, _FINAL_FORMS)) == len(inside) and any(one[-1] in _FINAL_FORMS for one in words)


def _latin(sample: bytes) -> str:
    """The code page in which most letters beyond ASCII belong to one language."""
    if len(set(_BEFORE_A_LETTER.findall(sample))) < _DISTINCT_LETTERS:
        return "cp1252"
    scores = {encoding: _explained(sample, encoding, alphabets) for encoding, alphabets in _LATIN}
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] >= _NEARLY_ALL else "cp1252"


def _explained(sample: bytes, encoding: str, alphabets: tuple[str, ...]) -> float:
    beyond = sample.translate(None, bytes(range(0x80))).decode(encoding, "replace").lower()
    letters = [one for one in beyond if one not in _MARKS]
    return max(sum(one in alphabet for one in letters) for alphabet in alphabets) / max(1, len(letters))
