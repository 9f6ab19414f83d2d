"""Notion's rich text and properties as Markdown."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

Value = Any
_MARKED: Final = (("strikethrough", "~~"), ("italic", "*"), ("bold", "**"))
_LEADING: Final = re.compile(r"^(\s*)([#>+-]|\d+(?=[.)]))", re.MULTILINE)


def plain(parts: Iterable[Mapping[str, Any]]) -> str:
    return "".join(part.get("plain_text") or "" for part in parts)


def rich(parts: Iterable[Mapping[str, Any]]) -> str:
    return "".join(map(_part, parts)).strip()


def unmarked(text: str) -> str:
    """Text that would begin a list or a heading in Markdown, as the text that it is."""
    return _LEADING.sub(lambda sign: f"{sign[1]}{sign[2]}\\" if sign[2].isdigit() else f"{sign[1]}\\{sign[2]}", text)


def _part(part: Mapping[str, Any]) -> str:
    text = part.get("plain_text") or ""
    core = text.strip()
    if not core:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{_dressed(core, part)}{after}"


def _dressed(core: str, part: Mapping[str, Any]) -> str:
    annotations = part.get("annotations") or {}
    if part.get("type") == "equation":
        core = f"${core}$"
    elif annotations.get("code"):
        core = f"`{core}`"
    for name, sign in _MARKED:
        if annotations.get(name):
            core = f"{sign}{core}{sign}"
    href = str(part.get("href") or "")
    return f"[{core}]({href})" if href.startswith(("https://", "http://")) else core


def title_of(properties: Mapping[str, Any]) -> str:
    for value in properties.values():
        if value.get("type") == "title":
            return plain(value.get("title") or ()).strip()
    return ""


def listed(properties: Mapping[str, Any]) -> str:
    """`- Status: Done` for each property that says something."""
    found = ((name, shown(value)) for name, value in properties.items() if value.get("type") != "title")
    return "\n".join(f"- {name}: {text}" for name, text in found if text)


def shown(value: Mapping[str, Any]) -> str:
    """One property's value; "" for what is empty and for what says nothing to a reader, as ids of related pages."""
    kind = str(value.get("type"))
    content = value.get(kind)
    show = _SHOWN.get(kind)
    return "" if show is None or content is None else " ".join(show(content).split())


def _name(value: Value) -> str:
    return str(value.get("name") or "")


def _names(values: Value) -> str:
    return ", ".join(filter(None, map(_name, values)))


def _date(value: Value) -> str:
    return " to ".join(filter(None, (value.get("start"), value.get("end"))))


def _formula(value: Value) -> str:
    return _text(value.get(value.get("type")))


def _rollup(value: Value) -> str:
    content = value.get(value.get("type"))
    return ", ".join(filter(None, map(shown, content))) if isinstance(content, list) else _text(content)


def _unique_id(value: Value) -> str:
    return "-".join(str(part) for part in (value.get("prefix"), value.get("number")) if part is not None)


def _text(value: Value) -> str:
    if isinstance(value, Mapping):
        return _date(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


_SHOWN: Final[Mapping[str, Callable[[Value], str]]] = {
    "rich_text": rich,
    "number": _text,
    "select": _name,
    "status": _name,
    "multi_select": _names,
    "people": _names,
    "files": _names,
    "date": _date,
    "checkbox": _text,
    "url": _text,
    "email": _text,
    "phone_number": _text,
    "formula": _formula,
    "rollup": _rollup,
    "unique_id": _unique_id,
}
