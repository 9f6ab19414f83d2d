"""Who may see a row, as a condition of its query."""

from typing import Any

from sqlalchemy import ColumnElement, or_


def open_to(column: Any, groups: frozenset[str]) -> ColumnElement[bool]:
    """`column` holds no group, which means everyone, or one of `groups`."""
    return or_(column == [], column.overlap(sorted(groups)))
