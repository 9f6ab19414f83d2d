"""Reading REST servers: at their pace, again where it may help, with words where it does not."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
import pytest

from flash_core.clients.outgoing import OutgoingPolicy, open_outgoing
from flash_core.errors import NotFoundError, UpstreamRejectedError, UpstreamUnavailableError
from indexing_service.interfaces.providers import SourceAwayError
from indexing_service.providers.rest import RestClient
from indexing_service.providers.rest_pace import Timing
from tests.servers.scripted import Reply, ScriptedServer, running

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Clock:
    """Time passes by waiting only. `chance`: which part of the longest pause is taken."""

    seconds: float = 1000.0
    chance: float = 0.5
    waits: list[float] = field(default_factory=list)

    @property
    def timing(self) -> Timing:
        return Timing(lambda: self.seconds, self.now, self.sleep, lambda low, high: low + self.chance * (high - low))

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds - 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.waits.append(round(seconds, 3))
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with running() as scripted:
        yield scripted


@asynccontextmanager
async def client(
    server: ScriptedServer, clock: Clock, *, auth: tuple[str, str] | None = None, per_second: float | None = None
) -> AsyncIterator[RestClient]:
    headers = {"Accept": "application/json"}
    async with open_outgoing(server.url, OutgoingPolicy(["127.0.0.1"]), auth=auth, headers=headers) as http:
        yield RestClient(http, per_second=per_second, timing=clock.timing)


def said(status: int, message: str = "") -> Reply:
    return Reply(status, {"Content-Type": "application/json"}, orjson.dumps({"message": message}))


async def test_an_answer_has_status_headers_text_and_json(server: ScriptedServer, clock: Clock) -> None:
    server.says(Reply(headers={"ETag": "7"}, body='{"a": "ü"}'.encode()))
    async with client(server, clock) as rest:
        answer = await rest.get("/pages", params={"top": "5"}, headers={"If-Match": "7"})

    assert (answer.status, answer.headers["etag"], answer.json(), answer.text) == (200, "7", {"a": "ü"}, '{"a": "ü"}')
    assert answer.content == '{"a": "ü"}'.encode()
    assert server.requests[0].target == "/pages?top=5"
    assert server.requests[0].headers["if-match"] == "7"


async def test_a_post_sends_json(server: ScriptedServer, clock: Clock) -> None:
    async with client(server, clock) as rest:
        await rest.post("/pagesbatch?version=7", json={"top": 100})

    assert (server.requests[0].method, server.requests[0].target) == ("POST", "/pagesbatch?version=7")
    assert orjson.loads(server.requests[0].body) == {"top": 100}


async def test_what_is_not_modified_is_an_answer(server: ScriptedServer, clock: Clock) -> None:
    server.says(Reply(304))
    async with client(server, clock) as rest:
        assert (await rest.get("/")).status == 304


async def test_what_is_no_json_may_be_so_later(server: ScriptedServer, clock: Clock) -> None:
    server.says(Reply(body=b'{"cut'))
    async with client(server, clock) as rest:
        answer = await rest.get("/")
    with pytest.raises(UpstreamUnavailableError, match="JSON"):
        answer.json()


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_what_may_pass_is_tried_again_after_growing_pauses(
    server: ScriptedServer, clock: Clock, status: int
) -> None:
    server.says(*[said(status)] * 4, Reply(body=b"{}"))
    async with client(server, clock) as rest:
        assert (await rest.get("/")).json() == {}

    assert clock.waits == [0.5, 1.0, 2.0, 4.0]


async def test_five_tries_are_enough(server: ScriptedServer, clock: Clock) -> None:
    server.says(said(503, "Back soon"))
    async with client(server, clock) as rest:
        with pytest.raises(UpstreamUnavailableError, match=r"can't answer now. It says: 'Back soon' \(503\)"):
            await rest.get("/")

    assert len(server.requests) == 5


@pytest.mark.parametrize(
    ("reply", "is_away"),
    [
        (Reply(429), True),
        (Reply(429, {"Retry-After": "300"}), True),
        (Reply(503, {"Retry-After": "300"}), True),
        (Reply(503, {"Retry-After": "1"}), True),
        (Reply(500), False),
        (Reply(503), False),
        (Reply(302, {"Location": "/page"}), False),
        (Reply(body=b"{", cut=True), False),
    ],
    ids=lambda one: f"{one.status} {dict(one.headers)} {one.cut}" if isinstance(one, Reply) else "",
)
async def test_a_server_that_is_away_or_throttles_is_told_from_one_that_breaks_at_a_page(
    server: ScriptedServer, clock: Clock, reply: Reply, is_away: bool
) -> None:
    server.says(reply)
    async with client(server, clock) as rest:
        with pytest.raises(UpstreamUnavailableError) as raised:
            await rest.get("/page")
    assert isinstance(raised.value, SourceAwayError) is is_away


async def test_a_server_that_is_not_there_is_away(clock: Clock) -> None:
    async with running() as server:
        pass
    async with client(server, clock) as rest:
        with pytest.raises(SourceAwayError):
            await rest.get("/page")


async def test_a_minute_is_enough_however_many_tries_are_left(server: ScriptedServer, clock: Clock) -> None:
    def time_passes() -> None:
        clock.seconds += 25

    server.before = time_passes
    server.says(said(503))
    async with client(server, clock) as rest:
        with pytest.raises(UpstreamUnavailableError):
            await rest.get("/")

    assert len(server.requests) == 3


async def test_a_broken_connection_is_tried_again(server: ScriptedServer, clock: Clock) -> None:
    server.says(Reply(body=b'{"half', cut=True), Reply(body=b"{}"))
    async with client(server, clock) as rest:
        assert (await rest.get("/")).json() == {}

    assert clock.waits == [0.5]


async def test_a_server_that_is_away_is_unavailable(server: ScriptedServer, clock: Clock) -> None:
    async with running() as gone:
        pass
    async with client(gone, clock) as rest:
        with pytest.raises(UpstreamUnavailableError, match="can't be reached"):
            await rest.get("/")


@pytest.mark.parametrize("when", ["7", format_datetime(START + timedelta(seconds=7), usegmt=True)])
@pytest.mark.parametrize("status", [200, 404])
async def test_a_wish_to_wait_holds_back_the_next_request_whatever_the_answer_is(
    server: ScriptedServer, clock: Clock, status: int, when: str
) -> None:
    server.says(Reply(status, {"Retry-After": when}), Reply())
    async with client(server, clock) as rest:
        with suppress(NotFoundError):
            await rest.get("/")
        assert clock.waits == []
        await rest.get("/")

    assert clock.waits == [7.0]


async def test_throttling_waits_as_long_as_it_is_told(server: ScriptedServer, clock: Clock) -> None:
    server.says(Reply(429, {"Retry-After": "30"}), Reply(body=b"{}"))
    clock.chance = 0
    async with client(server, clock) as rest:
        await rest.get("/")

    assert sum(clock.waits) == 30


async def test_a_server_that_wants_to_rest_for_longer_is_unavailable_at_once(
    server: ScriptedServer, clock: Clock
) -> None:
    server.says(Reply(headers={"Retry-After": "300"}))
    async with client(server, clock) as rest:
        await rest.get("/")
        with pytest.raises(UpstreamUnavailableError, match="left alone for 300 more seconds"):
            await rest.get("/")

    assert clock.waits == []
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("reset", "pause"),
    [
        ("40", 8.0),
        (str(int(START.timestamp()) + 40), 8.0),
        ("2026-03-01T12:00:40Z", 8.0),
        ("2026-03-01T12:00:40", 8.0),
        ("4000", 30.0),
        ("soon", 0.0),
        ("inf", 0.0),
        ("", 0.0),
    ],
)
async def test_a_quota_that_runs_out_is_spread_over_its_time(
    server: ScriptedServer, clock: Clock, reset: str, pause: float
) -> None:
    quota = {"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "4", "X-RateLimit-Reset": reset}
    server.says(Reply(headers=quota))
    async with client(server, clock) as rest:
        await rest.get("/")
        await rest.get("/")

    assert clock.waits == [pause][: pause > 0]


async def test_a_quota_with_room_slows_nothing_down(server: ScriptedServer, clock: Clock) -> None:
    server.says(Reply(headers={"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "50", "X-RateLimit-Reset": "40"}))
    async with client(server, clock) as rest:
        await rest.get("/")
        await rest.get("/")

    assert clock.waits == []


async def test_no_more_requests_begin_in_a_second_than_are_allowed(server: ScriptedServer, clock: Clock) -> None:
    async with client(server, clock, per_second=4) as rest:
        await asyncio.gather(*(rest.get("/") for _ in range(9)))

    assert clock.seconds == pytest.approx(1002)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, r"127\.0\.0\.1 did not accept the credentials.*expired.*Nope.*\(401\)"),
        (403, r"does not let these credentials read this.*the right to read.*Nope.*\(403\)"),
        (400, r"refused the request. It says: 'Nope' \(400\)"),
        (300, r"refused the request.*\(300\)"),
    ],
)
async def test_a_refusal_says_what_to_do_and_is_not_repeated(
    server: ScriptedServer, clock: Clock, status: int, words: str
) -> None:
    server.says(said(status, "Nope"))
    async with client(server, clock) as rest:
        with pytest.raises(UpstreamRejectedError, match=words):
            await rest.get("/")

    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_not_there_is_told_apart(server: ScriptedServer, clock: Clock, status: int) -> None:
    server.says(said(status, "No such page"))
    async with client(server, clock) as rest:
        with pytest.raises(NotFoundError, match="No such page"):
            await rest.get("/")


@pytest.mark.parametrize(
    ("kind", "body", "words"),
    [
        ("application/json", b'{"errors": [{"status": 400, "title": "Bad  cql\\n"}]}', "Bad cql"),
        ("application/json", b'{"error": {"message": "Bad cql"}}', "Bad cql"),
        ("application/json", b'{"error": "invalid_client", "error_description": "Bad cql"}', "Bad cql"),
        ("text/plain", b"Bad cql", "Bad cql"),
    ],
)
async def test_the_servers_own_words_are_found(
    server: ScriptedServer, clock: Clock, kind: str, body: bytes, words: str
) -> None:
    server.says(Reply(400, {"Content-Type": kind}, body))
    async with client(server, clock) as rest:
        with pytest.raises(UpstreamRejectedError, match=f"It says: '{words}'"):
            await rest.get("/")


@pytest.mark.parametrize(
    ("kind", "body"), [("text/html", b"<h1>Bad</h1>"), ("application/json", b"[1, {}]"), ("text/plain", b" ")]
)
async def test_what_is_not_for_people_is_left_out(server: ScriptedServer, clock: Clock, kind: str, body: bytes) -> None:
    server.says(Reply(400, {"Content-Type": kind}, body))
    async with client(server, clock) as rest:
        with pytest.raises(UpstreamRejectedError, match=r"refused the request \(400\)"):
            await rest.get("/")


async def test_long_words_are_cut(server: ScriptedServer, clock: Clock) -> None:
    server.says(said(400, "w" * 5000))
    async with client(server, clock) as rest:
        with pytest.raises(UpstreamRejectedError) as raised:
            await rest.get("/")
    assert len(str(raised.value)) < 300


async def test_credentials_that_come_back_are_not_shown(server: ScriptedServer, clock: Clock) -> None:
    proof = base64.b64encode(b"me@example.com:s3cret-token").decode()
    server.says(said(401, f"s3cret-token of me@example.com:s3cret-token in Basic {proof}"))
    async with client(server, clock, auth=("me@example.com", "s3cret-token")) as rest:
        with pytest.raises(UpstreamRejectedError) as raised:
            await rest.get("/")
    assert "s3cret" not in str(raised.value)
    assert proof not in str(raised.value)
    assert "… of … in Basic …" in str(raised.value)


@pytest.mark.parametrize("proof", ["Basic not-base64-but-secret", "Basic /////////w==", "Bearer a-bearer-secret"])
async def test_no_form_of_a_proof_is_shown(server: ScriptedServer, clock: Clock, proof: str) -> None:
    server.says(said(401, f"Bad {proof}"))
    async with client(server, clock) as rest:
        with pytest.raises(UpstreamRejectedError) as raised:
            await rest.get("/", headers={"Authorization": proof})
    assert proof.split()[1] not in str(raised.value)


SIGN_IN = {"Content-Type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    "replies",
    [
        [Reply(203, SIGN_IN, b"<html>Azure DevOps Services | Sign In</html>")],
        [Reply(200, SIGN_IN, b"<form><input type='password' name='p'></form>")],
        [Reply(302, {"Location": "/login.action?os_destination=%2F"}), Reply(200, SIGN_IN, b"<html></html>")],
    ],
)
async def test_a_page_to_sign_in_is_no_answer(server: ScriptedServer, clock: Clock, replies: list[Reply]) -> None:
    server.says(*replies)
    async with client(server, clock) as rest:
        with pytest.raises(UpstreamRejectedError, match="page to sign in"):
            await rest.get("/")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, SIGN_IN, b"<h1>Login and passwords</h1>"),
        Reply(200, {**SIGN_IN, "Content-Disposition": "attachment"}, b"<input type=password>"),
        Reply(200, {"Content-Type": "application/json"}, b'"type=password"'),
    ],
)
async def test_a_document_about_signing_in_is_an_answer(server: ScriptedServer, clock: Clock, reply: Reply) -> None:
    server.says(Reply(302, {"Location": "/files/page.html"}), reply)
    async with client(server, clock) as rest:
        assert (await rest.get("/")).content == reply.body


async def test_a_redirect_to_somebody_who_signs_people_in_says_so(server: ScriptedServer, clock: Clock) -> None:
    server.says(Reply(302, {"Location": "https://spsprodeus1.vssps.visualstudio.com/_signin"}))
    async with client(server, clock) as rest:
        with pytest.raises(UpstreamRejectedError, match="asks to sign in"):
            await rest.get("/")


async def test_without_a_clock_of_its_own_a_client_uses_the_worlds(server: ScriptedServer) -> None:
    async with open_outgoing(server.url, OutgoingPolicy(["127.0.0.1"])) as http:
        rest = RestClient(http, per_second=1000)
        server.says(Reply(headers={"Retry-After": "0"}))
        assert (await rest.get("/")).status == 200
        assert (await rest.get("/")).status == 200
