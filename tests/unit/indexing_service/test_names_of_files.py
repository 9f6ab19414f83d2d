"""A database holds a name of every file, and of two files two."""

import os

from indexing_service.services.files import MAX_NAME, storable


def test_a_name_in_utf_8_stays_as_it_is() -> None:
    assert storable("guides/Überblick 日本.md") == "guides/Überblick 日本.md"


def test_names_that_are_not_utf_8_or_too_long_stay_apart() -> None:
    names = [os.fsdecode(b"caf%c.md" % byte) for byte in range(0x80, 0x100)]
    names += ["caf\\xe9.md", "caf?.md", *("x" * MAX_NAME + end for end in ("", "1", "2"))]
    stored = [storable(name) for name in names]
    assert len(set(stored)) == len(names)
    assert all(name.encode() and len(name) <= MAX_NAME for name in stored)
    assert [storable(one) for one in stored] == stored
