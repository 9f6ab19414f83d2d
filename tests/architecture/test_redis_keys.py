"""Every Redis key has a time to live or is on the permanent list.

A scan of Redis after the tests sees only keys that some test has written. So this looks at the writes themselves: each
one says when its key ends, or is on a list of this file. The tests of the adapters scan Redis besides.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

from flash_core.testing.redis_keys import PERMANENT
from tests.architecture.scan import CORE, PACKAGES, modules

WRITES = re.compile(
    "append|bitfield|copy|geoadd|getset|h(set|setnx|mset|incrby|incrbyfloat)|(inc|dec)r(by)?|incrbyfloat|[lr]pushx?|linsert"
    "|msetnx|mset|p?setex|setnx|set|setbit|setrange|s(add|interstore|unionstore)|xadd|xgroup_create|z(add|incrby|.*store)"
    "|pfadd|rename|restore"
)
ENDS = frozenset({"ex", "px", "exat", "pxat", "keepttl"})
END_THEMSELVES = frozenset({"setex", "psetex"})
SET_AN_END = frozenset({"expire", "pexpire", "expireat", "pexpireat"})
SCRIPT_WRITES = re.compile(r"redis\.p?call\('(?:SET|XADD|HSET|ZADD|SADD|INCR\w*|[LR]PUSH|GETSET|APPEND)'")
SCRIPT_ENDS = re.compile(r"'(?:EX|PX|EXAT|PXAT|EXPIRE|PEXPIRE|EXPIREAT|PEXPIREAT)'")

WRITES_PERMANENT_KEYS = {
    ("flash_core.messaging.redis_queue", "xadd"): "q:{*}",
    ("flash_core.messaging.consumer", "xgroup_create"): "q:{*}",
    ("flash_core.messaging.consumer", "xadd"): "dead:q:{*}",
}
"""The only writes that may leave a key for ever, and which keys those are."""


class _MethodCall(ast.Call):
    func: ast.Attribute


SOURCES = [
    (module.__name__, Path(str(module.__file__)))
    for package in (CORE, *PACKAGES)
    for module in modules(package)
    if not module.__name__.startswith(f"{CORE}.testing")
]


def uses_redis(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.ImportFrom) and str(node.module).startswith("redis") for node in ast.walk(tree))


def endless_writes(tree: ast.AST) -> Iterator[str]:
    """Commands that create a key, called with arguments, where neither they nor their function say when it ends."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            calls = [(node.func.attr, node) for node in ast.walk(function) if _is_method_call(node)]
            if not SET_AN_END & {name for name, _ in calls}:
                yield from (name for name, call in calls if _is_endless(name, call))


def _is_method_call(node: ast.AST) -> TypeGuard[_MethodCall]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def _is_endless(name: str, call: ast.Call) -> bool:
    creates = WRITES.fullmatch(name) is not None and name not in END_THEMSELVES
    return creates and len(call.args) + len(call.keywords) > 1 and not ENDS & {str(one.arg) for one in call.keywords}


def endless_scripts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if SCRIPT_WRITES.search(text) and not SCRIPT_ENDS.search(text):
            yield text


def test_every_write_says_when_its_key_ends() -> None:
    found = {
        (name, command)
        for name, path in SOURCES
        if uses_redis(tree := ast.parse(path.read_text(encoding="utf-8")))
        for command in endless_writes(tree)
    }
    assert found == set(WRITES_PERMANENT_KEYS), "a write without an end, or an entry of the list that is not needed"
    assert set(WRITES_PERMANENT_KEYS.values()) == set(PERMANENT)


def test_every_script_says_when_its_key_ends() -> None:
    for name, path in SOURCES:
        assert not list(endless_scripts(ast.parse(path.read_text(encoding="utf-8")))), name


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("redis.set(key, value)", ["set"]),
        ("await self._redis.set(key, value, nx=True)", ["set"]),
        ("pipe.hset(key, mapping=values)", ["hset"]),
        ("pipe.set(key, value, ex=60)", []),
        ("redis.setex(key, 60, value)", []),
        ("pipe.hset(key, mapping=values); pipe.expire(key, 60)", []),
        ("event.set()", []),
    ],
)
def test_the_scan_sees_a_write_without_an_end(source: str, found: list[str]) -> None:
    wrapped = ast.parse(f"async def f():\n    {source}")
    assert list(endless_writes(wrapped)) == found


def test_the_scan_sees_a_script_without_an_end() -> None:
    assert list(endless_scripts(ast.parse("""x = "redis.call('SET', KEYS[1], 1)" """)))
    assert not list(endless_scripts(ast.parse("""x = "redis.call('SET', KEYS[1], 1, 'PX', 5)" """)))
