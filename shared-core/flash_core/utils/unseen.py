"""What a reader of a page can't see: elements that are not displayed, have no size, stand off the screen or have the
colour of the page. It is the usual carrier of injected instructions (OWASP LLM01:2025, indirect prompt injection).
"""

import re
from collections.abc import Mapping
from typing import Final

from flash_core.utils.elements import attributes_of

NEVER_SHOWN: Final = frozenset({"script", "style", "template", "head", "title", "noscript", "object", "iframe"})
"""Elements whose text is no part of a page, or only where a browser can do without it."""

Look = Mapping[str, str]
"""Declarations of CSS: values in lower case by the names of their properties."""

_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|([^\n]))")
_LENGTH = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+))(?:e[-+]?\d+)?\s*([a-z]+|%)?")
_MOVES_AWAY = re.compile(
    r"translate\w*\([^)]*-\s*\d{3,}|scale\w*\((?:[^)]*[\s,])?0*\.?0+(?![\d.])|rotate[xy]\(\s*90deg"
)
_OLD: Final[Mapping[str, str]] = {"color": "color", "bgcolor": "background", "width": "width", "height": "height"}
FONT_SIZES: Final = ("font-size", "font")
_SEEN_THROUGH: Final = frozenset({"none", "transparent", "inherit", "initial", "unset"})
_FAR: Final = -100.0
_NO_SIZE: Final = ("height", "width", "max-height", "max-width", "zoom", "line-height", "scale")
_OFF_SCREEN: Final = ("left", "top", "right", "bottom", "text-indent", "margin", "margin-left", "margin-top")
_SMALLEST_LETTERS: Final[Mapping[str, float]] = {"em": 0.15, "rem": 0.15, "%": 15, "ex": 0.3, "ch": 0.3, "vw": 0.1}
_SMALLEST_PIXELS: Final = 2.0
_FAINTEST: Final = 0.1
_HEX = re.compile(r"#([0-9a-f]{3,8})\b")
_RGB = re.compile(r"rgba?\(([^()]*)\)")
_HSL = re.compile(r"hsla?\([^()%]*%[\s,]*([\d.]+)%")
_WHITES: Final = frozenset(
    {"white", "snow", "ivory", "ghostwhite", "floralwhite", "mintcream", "azure", "whitesmoke", "aliceblue", "seashell"}
)
_PAGE: Final = (255.0, 255.0, 255.0)
_TOO_CLOSE: Final = 24
_CHANNELS: Final = 3
_OPAQUE: Final = 255.0

_Colour = tuple[float, ...]


def look_of(style: str) -> Look:
    """The declarations in a `style`; comments and escapes, which hide what a word is, are resolved."""
    text = _ESCAPE.sub(_unescaped, _COMMENT.sub("", style)).lower()
    pairs = (declaration.partition(":") for declaration in text.split(";"))
    return {name.strip(): value.replace("!important", "").strip() for name, colon, value in pairs if colon}


def look_of_element(attributes: Mapping[str, str], rules: Look | None = None) -> Look:
    """With what a style sheet's `rules` and old attributes like `bgcolor` say of it; its own style comes last."""
    old = {declared: attributes[name].strip().lower() for name, declared in _OLD.items() if name in attributes}
    return {**old, **(rules or {}), **look_of(attributes.get("style", ""))}


def is_unseen_tag(name: str, tag: str) -> bool:
    """Whether the element that this opening tag begins is not shown, as far as the tag itself says so."""
    attributes = attributes_of(tag)
    look = look_of_element(attributes)
    return is_left_out(name, attributes, look) or is_unreadable(look)


def is_left_out(name: str, attributes: Mapping[str, str], look: Look) -> bool:
    """Whether an element is not shown with all that is in it."""
    return (
        name.lower() in NEVER_SHOWN
        or (name.lower() == "dialog" and "open" not in attributes)
        or "hidden" in attributes
        or attributes.get("aria-hidden", "").strip().lower() == "true"
        or _is_left_out(look)
    )


def is_unreadable(look: Look, background: str = "") -> bool:
    """Whether letters that look so can't be seen; elements inside may look otherwise. `background`: what is behind."""
    return is_invisible(look) or is_tiny(look) or is_page_coloured(look, background)


def is_invisible(look: Look) -> bool:
    return look.get("visibility") in {"hidden", "collapse"}


def is_tiny(look: Look) -> bool:
    return any(_is_tiny_font(look.get(name, "")) for name in FONT_SIZES)


def is_page_coloured(look: Look, background: str = "") -> bool:
    """Letters in the colour of what is behind them: `background`, where the element says of none, else a white page."""
    colour = look.get("color", "")
    letters = _colour(colour)
    if letters is None:
        return colour == "transparent"
    if len(letters) > _CHANNELS and letters[_CHANNELS] < _FAINTEST * _OPAQUE:
        return True
    own = background_of(look) or background
    behind = _colour(own) if own else _PAGE
    return behind is not None and all(
        abs(one - other) < _TOO_CLOSE for one, other in zip(letters, behind, strict=False)
    )


def background_of(look: Look) -> str:
    """What an element itself says of it; "" for nothing."""
    found = look.get("background-color") or look.get("background") or ""
    return "" if found in _SEEN_THROUGH else found


def _is_left_out(look: Look) -> bool:
    return (
        look.get("display") == "none"
        or look.get("content-visibility") == "hidden"
        or "clip" in look
        or "clip-path" in look
        or bool(_MOVES_AWAY.search(look.get("transform", "")))
        or _is_faint(look.get("opacity", ""))
        or any(_is_nothing(look.get(name, "")) for name in _NO_SIZE)
        or any(_is_far(look.get(name, "")) for name in _OFF_SCREEN)
    )


def _unescaped(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else 0
    return (chr(code) if 0 < code < 0x110000 else "") if found[1] else found[2]  # noqa: PLR2004  # Unicode ends there


def _length(value: str) -> tuple[float, str] | None:
    found = _LENGTH.match(value)
    return (float(found[1]), found[2] or "") if found else None


def _is_nothing(value: str) -> bool:
    length = _length(value)
    return length is not None and length[0] <= 0


def _is_far(value: str) -> bool:
    return any(length is not None and length[0] <= _FAR for length in map(_length, value.split()))


def _is_tiny_font(value: str) -> bool:
    """In a `font` the size is one of several words, the only one that is a length."""
    lengths = [_length(word) for word in value.split()]
    sizes = [one for one in lengths if one is not None and (one[1] or one[0] == 0)]
    return bool(sizes) and sizes[0][0] < _SMALLEST_LETTERS.get(sizes[0][1], _SMALLEST_PIXELS)


def _is_faint(value: str) -> bool:
    length = _length(value)
    return length is not None and (length[0] / 100 if length[1] == "%" else length[0]) < _FAINTEST


def _colour(value: str) -> _Colour | None:
    """Red, green, blue and, where it is said, alpha, each up to 255; None for one that is not understood."""
    named = value.split(" ", maxsplit=1)[0]
    if named in _WHITES or named == "black":
        return _PAGE if named in _WHITES else (0.0, 0.0, 0.0)
    digits, channels, light = _HEX.search(value), _RGB.search(value), _HSL.search(value)
    if digits:
        return _hexadecimal(digits[1])
    if channels:
        return _channels(channels[1])
    return tuple([float(light[1]) * _OPAQUE / 100] * _CHANNELS) if light else None


def _hexadecimal(digits: str) -> _Colour:
    short = len(digits) <= _CHANNELS + 1
    pairs = [one * 2 for one in digits] if short else [digits[at : at + 2] for at in range(0, len(digits) - 1, 2)]
    return tuple(float(int(pair, 16)) for pair in pairs)


def _channels(listed: str) -> _Colour | None:
    found = [length for length in map(_length, re.split(r"[\s,/]+", listed.strip())) if length is not None]
    if len(found) < _CHANNELS:
        return None
    levels = [value * _OPAQUE / 100 if unit == "%" else value for value, unit in found[:_CHANNELS]]
    alpha = [value * _OPAQUE / (100 if unit == "%" else 1) for value, unit in found[_CHANNELS : _CHANNELS + 1]]
    return (*levels, *alpha)
