"""The shapes of next addresses, and what else answers may lack."""

import pytest

from indexing_service.providers.confluence.cursors import member, next_params
from indexing_service.providers.confluence.recent import Recent
from indexing_service.providers.confluence.site import labels_of, moment_of, number_of


@pytest.mark.parametrize(
    ("link", "links", "following"),
    [
        ('</wiki/api/v2/pages?limit=5&cursor=a%3D>; rel="next", <https://x.example>; rel="base"', {}, {"cursor": "a="}),
        ('<https://x.example>; rel="base", </wiki/x?cursor=b>; rel=next', {}, {"cursor": "b"}),
        ('<https://x.example?cursor=c>; rel="base"', {}, None),
        (None, {"next": "https://other.example/wiki/api/v2/pages?cursor=d"}, {"cursor": "d"}),
        (None, {"next": "/rest/api/content/search?next=true&cursor=e&start=25"}, {"cursor": "e", "start": "25"}),
        (None, {"next": {"href": "/wiki/x?cursor=f"}}, {"cursor": "f"}),
        (None, {"next": {"url": "/wiki/x?cursor=g"}}, {"cursor": "g"}),
        (None, {"next": "/wiki/x?limit=5"}, {}),
        (None, {"next": None}, None),
        (None, {"next": {}}, None),
        (None, None, None),
    ],
)
def test_the_next_address_is_found_in_every_shape(
    link: str | None, links: object, following: dict[str, str] | None
) -> None:
    assert next_params(link, {"_links": links}) == following


def test_what_an_answer_lacks_is_no_error() -> None:
    assert member({"a": 1}, "a", "b") is None
    assert (number_of(None), number_of({"number": "x"})) == (0, 0)
    assert labels_of({"results": None}) == labels_of(None) == frozenset()
    assert moment_of(None).year == 1970
    assert moment_of("2026-05-01T10:00:00").tzinfo is not None


def test_what_was_read_is_remembered_for_a_moment() -> None:
    seconds = [0.0]
    recent: Recent[str] = Recent(30, lambda: seconds[0])
    recent.put("a", "x")
    assert (recent.get("a"), recent.get("b")) == ("x", None)
    seconds[0] = 31
    assert recent.get("a") is None
