"""Whatever an operator may set stands in docs/settings.md; `docs/generate.py --check` holds it to the code."""

import re

from tests.architecture.scan import TESTS

ROOT = TESTS.parent
PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")


def test_what_docker_compose_and_the_launcher_read_is_described() -> None:
    read = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    for path in (ROOT / "deploy" / "local" / "local_fleet").rglob("*.py"):
        read |= set(re.findall(r"\"(ASKFLASH_[A-Z_]+)\"", path.read_text(encoding="utf-8")))
    assert {name for name in read if f"`{name}`" not in PAGE} == set()
    assert {name for name in read if f"\n#{name}=" not in EXAMPLE} == set()
