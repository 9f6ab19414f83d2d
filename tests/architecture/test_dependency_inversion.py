"""`SOLID compliance: 100 % interface-based dependencies`, measured."""

import inspect
import typing
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum
from importlib import import_module

import pytest
from pydantic import BaseModel

from tests.architecture.scan import PACKAGES, classes, is_interface

_VALUES = frozenset(
    {"builtins", "collections", "datetime", "decimal", "flash_core.errors", "numpy", "pathlib", "re", "types", "uuid"}
)


def dependencies(kind: type) -> Iterator[tuple[str, type]]:
    hints = typing.get_type_hints(vars(kind)["__init__"])
    hints.pop("return", None)
    for name, hint in hints.items():
        yield from ((name, one) for one in _classes_in(hint))


def is_composed(kind: type) -> bool:
    """Whether the composition root makes it."""
    composition = import_module(f"{kind.__module__.partition('.')[0]}.composition")
    return kind in vars(composition).values()


def is_record(kind: type) -> bool:
    """A dataclass without an interface in it holds data; with one it would be a use case in disguise."""
    return is_dataclass(kind) and not any(is_interface(one) for _, one in dependencies(kind))


def allowed(kind: type) -> bool:
    """An interface, a value (immutable or plain data), or a service's own settings."""
    home = kind.__module__
    return is_interface(kind) or home in _VALUES or home.endswith(".config") or is_value(kind)


def is_value(kind: type) -> bool:
    if is_dataclass(kind):
        return bool(kind.__dataclass_params__.frozen)  # type: ignore[attr-defined]  # what `dataclass` leaves there
    return issubclass(kind, (Enum, BaseModel))


def _classes_in(hint: object) -> Iterator[type]:
    """The classes that a hint names, however deep: `Callable[[], AbstractAsyncContextManager[X]]` names X."""
    arguments = tuple(hint) if isinstance(hint, list) else typing.get_args(hint)
    if arguments:
        for argument in arguments:
            yield from _classes_in(argument)
    elif inspect.isclass(hint) and not typing.get_origin(hint):
        yield hint


def use_cases() -> list[type]:
    """All classes of the services that take something when they are made, records aside."""
    return [
        kind
        for package in PACKAGES
        for kind in classes(f"{package}.services")
        if "__init__" in vars(kind) and not issubclass(kind, BaseException) and not is_record(kind)
    ]


@pytest.mark.parametrize("use_case", use_cases(), ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_use_cases_depend_on_interfaces_values_and_settings_only(use_case: type) -> None:
    """What a use case makes for its own inside (nobody composes it) may also name its own kind."""
    own = "" if is_composed(use_case) else f"{use_case.__module__.partition('.')[0]}.services"
    concrete = {
        name: kind.__qualname__
        for name, kind in dependencies(use_case)
        if not allowed(kind) and not (own and kind.__module__.startswith(own))
    }
    assert not concrete, f"{use_case.__qualname__} names implementations: {concrete}"


def test_the_rule_sees_through_factories_and_unions() -> None:
    """Against a scan that finds nothing because it looks nowhere."""
    hint = dict[str, typing.Callable[[], "PackagesOwn | None"]]
    assert PackagesOwn in set(_classes_in(typing.get_type_hints(_hinted(hint))["x"]))
    assert not allowed(PackagesOwn)
    assert len(use_cases()) > len(PACKAGES)


class PackagesOwn:
    """An implementation."""


def _hinted(hint: object) -> object:
    def function(x: object) -> None: ...

    function.__annotations__["x"] = hint
    return function
