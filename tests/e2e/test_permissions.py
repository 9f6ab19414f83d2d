"""Random permission matrices over every route that can show documentation: each document holds words that nobody else
has, and those may reach exactly the people who may read it.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Final

import pytest

from tests.e2e.fleet import Fleet, User, signed_in
from tests.e2e.matrix import GROUPS, PASSWORD, Matrix, Person, made_matrix
from tests.e2e.matrix_routes import ACCOUNTS, ACTS, LEFT_OUT, SHOW_SOMETHING, VIEWS, Shown, View

CHANGED_WITHIN_SECONDS: Final = 60
pytestmark = pytest.mark.timeout(600)


@pytest.fixture
async def matrix(request: pytest.FixtureRequest, fleet: Fleet, admin: User) -> AsyncIterator[Matrix]:
    async with made_matrix(fleet, admin, request.param) as matrix:
        yield matrix


async def test_every_route_that_reads_is_in_the_matrix_or_left_out_for_a_reason(admin: User) -> None:
    paths = (await admin.get("/api/v1/openapi.json"))["paths"]
    routes = {
        f"{method.upper()} {path}" for path, item in paths.items() for method in item if method in {"get", "post"}
    }
    of_accounts = {route for route in routes if route.partition(" ")[2].startswith(ACCOUNTS)}
    looked_at = {route for route in (*VIEWS, *ACTS) if not route.startswith("WebSocket")}
    assert routes - of_accounts == looked_at | set(LEFT_OUT)


@pytest.mark.parametrize("matrix", [11, 12], indirect=True)
async def test_words_reach_exactly_those_who_may_read_them(matrix: Matrix) -> None:
    for person in matrix.people:
        assert await _leaked(matrix, person, ACTS) == []
        assert await _wrong(matrix, person) == []
    assert await _silent(matrix) == set()

    await matrix.regroup()
    async with AsyncExitStack() as stack:
        for person in matrix.people[1:]:
            assert await _in_the_end(lambda person=person: _leaked(matrix, person, VIEWS)) == []  # type: ignore[misc]  # bound now
            await matrix.move(person, matrix.some())
            assert await _in_the_end(lambda person=person: _leaked(matrix, person, VIEWS)) == []  # type: ignore[misc]  # bound now
            person.user = await stack.enter_async_context(signed_in(matrix.fleet, person.email, PASSWORD))
            assert await _in_the_end(lambda person=person: _wrong(matrix, person)) == []  # type: ignore[misc]  # bound now
            assert await _leaked(matrix, person, ACTS) == []


@pytest.mark.parametrize("matrix", [13], indirect=True)
async def test_who_leaves_a_group_sees_nothing_more_of_it_within_a_minute(matrix: Matrix) -> None:
    """With the session and the conversations that were there before."""
    async with AsyncExitStack() as stack:
        member = await matrix.person(stack, ["user"], frozenset(GROUPS))
        await _leaked(matrix, member, ACTS)
        await matrix.move(member, frozenset())
        assert await _in_the_end(lambda: _leaked(matrix, member, VIEWS)) == []
        member.user = await stack.enter_async_context(signed_in(matrix.fleet, member.email, PASSWORD))
        assert await _in_the_end(lambda: _wrong(matrix, member)) == []
        assert await _leaked(matrix, member, ACTS) == []


async def _in_the_end(look: Callable[[], Awaitable[list[str]]]) -> list[str]:
    """What is still wrong when a change has had its time."""
    deadline = time.monotonic() + CHANGED_WITHIN_SECONDS
    wrong = await look()
    while wrong and time.monotonic() < deadline:
        wrong = await look()
    return wrong


async def _wrong(matrix: Matrix, person: Person) -> list[str]:
    """What reached this person and must not, and what must be readable and is not."""
    wrong = await _leaked(matrix, person, VIEWS)
    found = "".join(one.text for one in await VIEWS["POST /api/v1/search"](matrix, person))
    for page in matrix.pages:
        may = matrix.may(person, page)
        status = (await person.user.http.get(f"/api/v1/documents/{page.id}")).status_code
        if status != (200 if may else 404):
            wrong.append(f"{page.project} answers {status} to {sorted(person.groups)}")
        if may and page.title not in found:
            wrong.append(f"{page.project} is not found by {sorted(person.groups)}")
    return wrong


async def _leaked(matrix: Matrix, person: Person, views: Mapping[str, View]) -> list[str]:
    return [
        f"{page.project} reached {sorted(person.groups)} by {route}: {one.what}"
        for route, view in views.items()
        for one in await view(matrix, person)
        for page in matrix.pages
        if not matrix.may(person, page) and _canaries(one, page.canaries)
    ]


def _canaries(shown: Shown, canaries: tuple[str, ...]) -> bool:
    return any(word in shown.text for word in canaries if word not in shown.asked)


async def _silent(matrix: Matrix) -> set[str]:
    """Routes that show nothing even to who may read everything: looking at them would prove nothing."""
    everyone, words = matrix.people[0], [word for page in matrix.pages for word in page.canaries]
    return {
        route
        for route, view in {**VIEWS, **ACTS}.items()
        if route in SHOW_SOMETHING
        and not any(_canaries(one, (word,)) for one in await view(matrix, everyone) for word in words)
    }
