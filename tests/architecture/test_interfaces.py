"""Every interface is a promise: abstract, inherited explicitly, faked for the tests and held to by a contract test."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.scan import CORE, PACKAGES, SHARED, TESTS, classes, interfaces, is_interface, module_of, reached

ALL = [kind for package in (CORE, *PACKAGES) for kind in interfaces(package)]
PRODUCT = [kind for package in (CORE, *PACKAGES) for kind in classes(package) if not is_interface(kind)]
CONTRACTS = {path: reached(path) | {module_of(path)} for path in (TESTS / "contract").rglob("test_*.py")}

NO_CONTRACT = {
    "WorkerInterface": "its one method runs until it is cancelled; the tests of every worker run it",
    "TransactionInterface": "what it promises is tested of every unit of work",
}
"""Interfaces without a contract test of their own, and why."""


def name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__name__}"


def abstract(interface: type) -> frozenset[str]:
    names: frozenset[str] = getattr(interface, "__abstractmethods__", frozenset())
    return names


@pytest.mark.parametrize("interface", ALL, ids=name_of)
def test_an_interface_has_abstract_methods_and_stands_with_the_others(interface: type) -> None:
    empty = [name for name, member in vars(interface).items() if inspect.isfunction(member) and is_empty(member)]
    assert abstract(interface), "without an abstract method it promises nothing"
    assert set(empty) <= abstract(interface), "a method without a body is abstract"
    assert "interfaces" in interface.__module__.split("."), "interfaces stand where everyone looks for them"


def is_empty(function: Any) -> bool:
    """Whether there is nothing but a docstring, or dots."""
    if function.__name__ in {"__init__", "__subclasshook__"}:  # typing's own, in every protocol
        return False
    [node] = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    return all(isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant) for one in node.body)


@pytest.mark.parametrize("package", [CORE, *PACKAGES])
def test_implementations_inherit_their_interface_explicitly(package: str) -> None:
    """A class that has all of an interface's methods, by chance or by habit, must say so."""
    hidden = [
        f"{name_of(kind)} looks like {interface.__name__}"
        for kind in PRODUCT
        for interface in ALL
        if kind.__module__.startswith(f"{package}.") and looks_like(kind, interface)
    ]
    assert not hidden


def looks_like(kind: type, interface: type) -> bool:
    """The same methods with the same parameters; one method alone is too little to tell by."""
    known = {name for base in kind.__mro__ if is_interface(base) for name in abstract(base)}
    wanted = abstract(interface) - known
    return len(wanted) > 1 and all(parameters(kind, name) == parameters(interface, name) for name in wanted)


def parameters(kind: type, name: str) -> list[str] | None:
    method = getattr(kind, name, None)
    return list(inspect.signature(method).parameters) if inspect.isfunction(method) else None


# Fakes and contracts


def fakes() -> dict[str, set[str]]:
    """The modules of tests and of `flash_core.testing` in which a class inherits an interface, by the interface."""
    found: dict[str, set[str]] = {}
    for path in (*TESTS.rglob("*.py"), *(SHARED / CORE / "testing").glob("*.py")):
        module = module_of(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                for base in node.bases:
                    found.setdefault(ast.unparse(base).partition("[")[0].rpartition(".")[2], set()).add(module)
    return found


FAKES = fakes()


def implementations(interface: type) -> Iterator[str]:
    """The modules in which the product implements it; a repository is reached through its service's unit of work."""
    for kind in PRODUCT:
        if interface in kind.__mro__ and not kind.__module__.startswith(f"{CORE}.testing."):
            service, inside, _ = kind.__module__.partition(".database.repositories.")
            yield f"{service}.database.unit_of_work" if inside else kind.__module__


def covers(imported: set[str], module: str) -> bool:
    """Whether it is imported itself, or a package below `providers` that opens it."""
    parent = module.rpartition(".")[0]
    return module in imported or (parent in imported and ".providers." in parent)


def is_own(path: Path, interface: type) -> bool:
    """A service's interface is tested in the service's own folder; the core's ones may be tested anywhere."""
    package = interface.__module__.partition(".")[0]
    return package in {CORE, path.parent.name}


@pytest.mark.parametrize("interface", [kind for kind in ALL if kind.__name__ not in NO_CONTRACT], ids=name_of)
def test_an_interface_has_a_fake_and_every_implementation_stands_in_a_contract_test(interface: type) -> None:
    faked = FAKES.get(interface.__name__, set())
    reach = set().union(*(imported for path, imported in CONTRACTS.items() if is_own(path, interface)))
    assert faked, f"no fake inherits {interface.__name__}"
    assert any(covers(reach, module) for module in faked), f"no contract test uses a fake of {interface.__name__}"
    missing = sorted({module for module in implementations(interface) if not covers(reach, module)})
    assert not missing, f"no contract test reaches {missing}"
