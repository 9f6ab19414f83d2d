"""Patterns mean what people expect of them."""

import pytest

from indexing_service.services.patterns import matches


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("a.md", "*.md", True),
        ("x/y/a.md", "*.md", True),
        ("a.mdx", "*.md", False),
        ("guides/a.md", "guides/*.md", True),
        ("guides/deep/a.md", "guides/*.md", False),
        ("guides/deep/a.md", "guides/**/*.md", True),
        ("guides/a.md", "guides/**/*.md", True),
        ("other/guides/a.md", "guides/*.md", False),
        ("a.md", "**/*.md", True),
        ("drafts/a.md", "drafts", True),
        ("x/drafts/y/a.md", "drafts/", True),
        ("x/drafts/a.md", "/drafts", False),
        ("drafts/a.md", "/drafts", True),
        ("drafts.md", "drafts", False),
        ("a1.md", "a?.md", True),
        ("a/.md", "a?.md", False),
        ("x/y/z", "x/**", True),
        ("a+b.md", "a+b.md", True),
    ],
)
def test_a_pattern_means(path: str, pattern: str, expected: bool) -> None:
    assert matches(path, [pattern]) is expected


def test_one_of_several_is_enough() -> None:
    assert matches("a.txt", ["*.md", "*.txt"])
    assert not matches("a.txt", [])
