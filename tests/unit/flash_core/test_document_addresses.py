"""An address that comes with a document opens a page or a letter, or it is nowhere."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from pydantic import ValidationError

from flash_core.schemas.chat import Source
from flash_core.schemas.indexing import IncomingDocument

GOOD = (
    "https://wiki.example/a?b=c:d#e",
    "HTTP://wiki.example",
    "mailto:hr@wiki.example",
    "/wiki/Leave",
    "leave.md",
    "docs/step:1.md",
    "?page=a:b",
    "https://wiki.example/Annual Leave",
)
BAD = (
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://wiki.example/1",
    "/wiki\t/Leave",
)


def incoming(url: str) -> IncomingDocument:
    return IncomingDocument(external_id="1", title="Leave", text="25 days.", url=url)


def shown(url: str | None) -> str | None:
    source = Source(
        id="1",
        marker=1,
        document_id=uuid4(),
        chunk_id=uuid4(),
        title="Leave",
        path=[],
        url=url,
        provider="folder",
        text="25 days.",
        start=0,
        end=8,
        score=1,
        updated_at=datetime.now(UTC),
    )
    return source.url


@pytest.mark.parametrize("url", GOOD)
def test_what_can_be_followed_comes_in_and_goes_out(url: str) -> None:
    assert incoming(url).url == url
    assert shown(url) == url


@pytest.mark.parametrize("url", BAD)
def test_what_would_do_something_else_is_refused_and_never_shown(url: str) -> None:
    with pytest.raises(ValidationError):
        incoming(url)
    assert shown(url) is None


def test_a_document_may_have_no_address() -> None:
    assert shown(None) is None
