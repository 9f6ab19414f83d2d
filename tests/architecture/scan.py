"""What the code consists of, for the tests that hold its shape."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Protocol

from flash_core.cli import SERVICES, package_of

TESTS = Path(__file__).parent.parent
SHARED = TESTS.parent / "shared-core"
CORE = "flash_core"
PACKAGES = tuple(package_of(service) for service in SERVICES)
_STARTS_SOMETHING = ("flash_core.database.alembic.env",)


def modules(package: str) -> Iterator[ModuleType]:
    """Every module of a package, imported. Importing does nothing else: that is a rule of the house."""
    root = importlib.import_module(package)
    yield root
    for found in pkgutil.walk_packages(root.__path__, f"{package}."):
        if found.name not in _STARTS_SOMETHING and ".migrations." not in found.name:
            yield importlib.import_module(found.name)


def classes(package: str) -> Iterator[type]:
    """Every class that the package itself defines."""
    for module in modules(package):
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__:
                yield kind


def interfaces(package: str) -> Iterator[type]:
    """The package's protocols by the name that the house gives them."""
    return (kind for kind in classes(package) if is_interface(kind))


def is_interface(kind: type) -> bool:
    return Protocol in kind.__bases__ and kind.__name__.endswith("Interface")


def module_of(path: Path) -> str:
    """The name by which a file of the core or of the tests is imported."""
    root = SHARED if SHARED in path.parents else TESTS.parent
    return ".".join(path.relative_to(root).with_suffix("").parts)


def imports(path: Path) -> set[str]:
    """The modules that a file imports, and what it takes from them as if that were modules, too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def reached(path: Path) -> set[str]:
    """What a test imports, directly or through other files of the tests (its fixtures' ones included)."""
    found: set[str] = set()
    waiting = [path, *(folder / "conftest.py" for folder in path.parents if TESTS in (folder, *folder.parents))]
    seen: set[Path] = set()
    while waiting:
        one = waiting.pop()
        if one in seen or not one.is_file():
            continue
        seen.add(one)
        new = imports(one)
        found |= new
        waiting += [TESTS.parent / f"{name.replace('.', '/')}.py" for name in new if name.startswith("tests.")]
    return found
