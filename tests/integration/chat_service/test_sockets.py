"""The WebSocket: asking, following, resuming, cancelling, and how it refuses."""

import asyncio
import socket as network
from uuid import uuid4

import pytest

from chat_service.interfaces import ChatUnitOfWorkInterface
from flash_core.errors import UpstreamUnavailableError
from flash_core.interfaces.answer_log import BEGINNING
from flash_core.models.conversation import GenerationState
from flash_core.schemas.chat import StatusFrame
from tests.integration.chat_service.clients import Shown, open_socket
from tests.integration.chat_service.conftest import Replica, Sql, StartReplica, answer_of, ask, eventually
from tests.integration.chat_service.worker import Worker


async def test_a_question_is_answered_as_it_is_written(replica: Replica, worker: Worker) -> None:
    async with open_socket(replica.socket_url) as socket:
        accepted = await socket.ask(conversation_id=None, mode="company", filters={"source_ids": []})
        assert accepted["position"] == str(BEGINNING)
        attempt = await worker.claim(accepted["answer_id"])
        await attempt.begin()
        assert (await socket.hear())["stage"] == "writing"
        await attempt.write("Twenty")
        assert (await socket.hear())["text"] == "Twenty"
        await attempt.write("-five.")
        await attempt.finish()
        done = await socket.hear_of("done")
        assert socket.shown[accepted["answer_id"]].text == done["answer"]["content"] == "Twenty-five."
        assert done["answer"] == await answer_of(replica.alice, accepted["answer_id"])
    conversation = (await replica.alice.get(f"/api/v1/conversations/{accepted['conversation_id']}")).json()
    assert conversation["title"] == "How many holidays?"


async def test_a_reader_resumes_on_another_replica_without_a_gap_or_a_repetition(
    replica: Replica, start_replica: StartReplica, worker: Worker
) -> None:
    async with start_replica() as other, open_socket(other.socket_url) as second:
        async with open_socket(replica.socket_url) as first:
            accepted = await first.ask()
            attempt = await worker.claim(accepted["answer_id"])
            await attempt.begin()
            await attempt.write("one ", "two ")
            await first.hear_of("delta", text="two ")
            shown = first.shown[accepted["answer_id"]]
        await attempt.write("three ")
        second.shown[accepted["answer_id"]] = shown
        await second.say(type="resume", answer_id=accepted["answer_id"], after=shown.positions[-1])
        await second.hear_of("delta", text="three ")
        await attempt.write("four")
        await attempt.finish()
        done = await second.hear_of("done")
        assert shown.text == done["answer"]["content"] == "one two three four"


async def test_a_new_attempt_voids_what_the_first_wrote(replica: Replica, worker: Worker, sql: Sql) -> None:
    async with open_socket(replica.socket_url) as socket:
        accepted = await socket.ask()
        first = await worker.claim(accepted["answer_id"])
        await first.begin()
        await first.write("nonsense")
        await socket.hear_of("delta")
        await sql.age(11)
        second = await worker.claim(accepted["answer_id"])
        await second.begin()
        await socket.hear_of("reset")
        assert (await first.heartbeat()).status_code == 409
        assert (await first.finish()).status_code == 409
        await second.write("sense")
        await second.finish()
        done = await socket.hear_of("done")
        assert socket.shown[accepted["answer_id"]].text == done["answer"]["content"] == "sense"


async def test_any_number_of_answers_at_once_on_one_socket(replica: Replica, worker: Worker) -> None:
    async with open_socket(replica.socket_url) as socket:
        asked = [(await socket.ask(f"Question {n}?", f"q{n}"))["answer_id"] for n in range(6)]
        await asyncio.gather(*(worker.answer(answer_id, f"Answer {n}") for n, answer_id in enumerate(asked)))
        while not all(answer_id in socket.shown and socket.shown[answer_id].is_over for answer_id in asked):
            await socket.hear()
        assert [socket.shown[answer_id].text for answer_id in asked] == [f"Answer {n}" for n in range(6)]


async def test_asking_again_after_a_reconnect_is_the_same_question(replica: Replica, sql: Sql) -> None:
    async with open_socket(replica.socket_url) as socket:
        first = await socket.ask()
        assert await socket.ask() == first
    async with open_socket(replica.socket_url) as socket:
        assert await socket.ask() == first
        assert await socket.ask(conversation_id=first["conversation_id"]) == first
    assert await sql("SELECT count(*) FROM generation") == [(1,)]


async def test_a_cancelled_question_that_waits_ends_at_once(replica: Replica) -> None:
    async with open_socket(replica.socket_url) as socket:
        accepted = await socket.ask()
        await socket.say(type="cancel", answer_id=accepted["answer_id"])
        done = await socket.hear_of("done")
        assert (done["answer"]["state"], done["answer"]["content"]) == ("cancelled", "")
        await socket.say(type="cancel", answer_id=accepted["answer_id"])
        await socket.say(type="ping")
        assert await socket.hear() == {"type": "pong"}


async def test_a_cancelled_answer_keeps_what_was_written(replica: Replica, worker: Worker) -> None:
    async with open_socket(replica.socket_url) as socket, worker.redis.pubsub() as hints:
        accepted = await socket.ask()
        attempt = await worker.claim(accepted["answer_id"])
        await hints.subscribe(f"cancel:{{{accepted['answer_id']}}}")
        await attempt.write("Twenty-")
        assert (await attempt.heartbeat()).json() == {"cancel_requested": False}
        await socket.say(type="cancel", answer_id=accepted["answer_id"])

        async def was_told() -> bool:
            message = await hints.get_message(ignore_subscribe_messages=True, timeout=0.05)
            return message is not None

        await eventually(was_told)
        assert (await attempt.heartbeat()).json() == {"cancel_requested": True}
        await attempt.finish(GenerationState.CANCELLED)
        done = await socket.hear_of("done")
        assert (done["answer"]["state"], done["answer"]["content"]) == ("cancelled", "Twenty-")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"content": ""}, "invalid-input"),
        ({"content": "   "}, "invalid-input"),
        ({"content": None}, "invalid-input"),
        ({"content": "x" * 8_001}, "invalid-input"),
        ({"content": "nul \x00"}, "invalid-input"),
        ({"content": "Hi", "mode": "loud"}, "invalid-input"),
        ({"content": "Hi", "filters": {"colour": "red"}}, "invalid-input"),
        ({"content": "Hi", "conversation_id": str(uuid4())}, "not-found"),
        ({"content": "Hi", "conversation_id": "mine"}, "not-found"),
    ],
)
async def test_a_question_that_can_not_be_asked_is_refused_and_the_socket_stays(
    replica: Replica, frame: dict[str, object], code: str
) -> None:
    async with open_socket(replica.socket_url) as socket:
        await socket.say(type="ask", client_id="q1", **frame)
        refusal = await socket.hear()
        assert (refusal["type"], refusal["client_id"]) == ("error", "q1")
        assert refusal["problem"]["type"] == f"urn:flash:{code}"
        await socket.say(type="ping")
        assert await socket.hear() == {"type": "pong"}


async def test_a_client_id_names_one_question(replica: Replica) -> None:
    async with open_socket(replica.socket_url) as socket:
        await socket.ask("One?")
        await socket.say(type="ask", client_id="q1", content="Two?")
        assert (await socket.hear_of("error"))["problem"]["type"] == "urn:flash:conflict"
        await socket.say(type="ask", client_id="", content="Two?")
        assert (await socket.hear_of("error"))["problem"]["type"] == "urn:flash:invalid-input"


async def test_resuming_what_is_not_there_or_anothers_is_an_error_about_it(replica: Replica) -> None:
    asked = await ask(replica.bob)
    async with open_socket(replica.socket_url) as socket:
        for answer_id in (asked["answer_id"], str(uuid4()), "nothing"):
            await socket.say(type="resume", answer_id=answer_id, after=None)
            refusal = await socket.hear()
            assert (refusal["type"], refusal["answer_id"]) == ("error", answer_id)
            assert refusal["problem"]["type"] == "urn:flash:not-found"
            await socket.say(type="cancel", answer_id=answer_id)
            assert (await socket.hear())["problem"]["type"] == "urn:flash:not-found"
        await socket.say(type="resume", answer_id=asked["answer_id"], after="yesterday")
        assert (await socket.hear())["problem"]["type"] == "urn:flash:bad-request"


async def test_resuming_behind_the_end_tells_the_end_again(replica: Replica, worker: Worker) -> None:
    async with open_socket(replica.socket_url) as socket:
        accepted = await socket.ask()
        await worker.answer(accepted["answer_id"], "Twenty-five.")
        done = await socket.hear_of("done")
    for after in (done["position"], "999999-99999999"):
        async with open_socket(replica.socket_url) as socket:
            await socket.say(type="resume", answer_id=accepted["answer_id"], after=after)
            assert await socket.hear() == done
            await socket.say(type="ping")
            assert await socket.hear() == {"type": "pong"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("not json", 4400),
        ("[]", 4400),
        ("null", 4400),
        ('{"type":"dance"}', 4400),
        ('{"type":"ask"}', 4400),
        ('{"type":"resume","answer_id":7}', 4400),
        ('{"type":"ask","client_id":"q","content":' + "[" * 5_000 + "]" * 5_000 + "}", 4400),
        (b"binary", 4400),
        ('{"type":"ping","padding":"' + "x" * 64 * 1024 + '"}', 4413),
        ("x" * (2 << 20), 1009),
    ],
)
async def test_what_is_no_frame_closes_the_socket(replica: Replica, text: str | bytes, code: int) -> None:
    async with open_socket(replica.socket_url, max_size=None) as socket:
        await socket.connection.send(text)
        assert await socket.closed() == code


async def test_without_a_valid_login_the_socket_closes_with_a_code(replica: Replica) -> None:
    attempts: list[tuple[dict[str, str], list[str]]] = [
        ({}, ["askflash.v1"]),
        ({"Authorization": "Bearer mallory"}, ["askflash.v1"]),
        ({}, ["askflash.v1", "ticket.forged"]),
        ({"Cookie": "askflash_session=mallory", "Origin": "http://localhost:8080"}, ["askflash.v1"]),
    ]
    for headers, subprotocols in attempts:
        async with open_socket(replica.socket_url, headers, subprotocols=subprotocols) as socket:
            assert await socket.closed() == 4401


async def test_a_cookie_counts_on_our_own_page_only(replica: Replica) -> None:
    cookie = {"Cookie": "askflash_session=alice"}
    for origin in ("http://localhost:8080", replica.url):
        async with open_socket(replica.socket_url, cookie | {"Origin": origin}) as socket:
            assert await socket.ask(client_id=origin)
    for headers in (cookie, cookie | {"Origin": "https://evil.example"}, cookie | {"Origin": "null"}):
        async with open_socket(replica.socket_url, headers) as socket:
            assert await socket.closed() == 4403


async def test_a_ticket_is_good_once(replica: Replica) -> None:
    replica.tickets.issued["t1"] = (await replica.users.cookie("alice"))[0]
    options = {"subprotocols": ["askflash.v1", "ticket.t1"]}
    async with open_socket(replica.socket_url, {}, **options) as socket:
        assert socket.connection.subprotocol == "askflash.v1"
        assert await socket.ask()
    async with open_socket(replica.socket_url, {}, **options) as socket:
        assert await socket.closed() == 4401


async def test_a_login_that_ends_closes_its_sockets(replica: Replica) -> None:
    replica.tickets.issued["t1"] = replica.users.users["alice"]
    async with (
        open_socket(replica.socket_url) as by_header,
        open_socket(replica.socket_url, {}, subprotocols=["askflash.v1", "ticket.t1"]) as by_ticket,
        open_socket(replica.socket_url, {"Cookie": "askflash_session=alice", "Origin": replica.url}) as by_cookie,
    ):
        for socket in (by_header, by_ticket, by_cookie):
            await socket.say(type="ping")
            await socket.hear_of("pong")
        del replica.users.users["alice"]
        replica.tickets.ended = True
        assert [await socket.closed() for socket in (by_header, by_ticket, by_cookie)] == [4401] * 3


async def test_while_auth_is_away_known_logins_go_on(replica: Replica) -> None:
    replica.tickets.issued["t1"] = replica.users.users["alice"]
    replica.tickets.is_away = True
    async with open_socket(replica.socket_url, {}, subprotocols=["askflash.v1", "ticket.t1"]) as socket:
        await eventually(lambda: replica.tickets.checks > 1)
        await socket.say(type="ping")
        assert await socket.hear() == {"type": "pong"}


async def test_a_resume_while_the_database_is_away_is_tried_again(replica: Replica, worker: Worker) -> None:
    asked = await ask(replica.alice)
    await worker.answer(asked["answer_id"], "Yes.")
    reader, refused = replica.container.reader, [0]
    open_database = reader._unit_of_work

    def away_at_first() -> ChatUnitOfWorkInterface:
        refused[0] += 1
        if refused[0] == 1:
            raise UpstreamUnavailableError("The database did not answer.")
        return open_database()

    reader._unit_of_work = away_at_first
    async with open_socket(replica.socket_url) as socket:
        await socket.say(type="resume", answer_id=asked["answer_id"], after=None)
        assert (await socket.hear_of("done"))["answer"]["content"] == "Yes."


async def test_resuming_twice_on_one_socket_begins_again_from_the_last_position_given(
    replica: Replica, worker: Worker
) -> None:
    asked = await ask(replica.alice)
    attempt = await worker.claim(asked["answer_id"])
    await attempt.begin()
    async with open_socket(replica.socket_url) as socket:
        for _ in range(2):
            await socket.say(type="resume", answer_id=asked["answer_id"], after=None)
            socket.shown.clear()
            assert (await socket.hear())["type"] == "status"
        await attempt.write("Once.")
        await attempt.finish()
        await socket.hear_of("done")
        assert socket.shown[asked["answer_id"]].text == "Once."


async def test_a_user_may_open_only_so_many_sockets(
    environment: pytest.MonkeyPatch, start_replica: StartReplica
) -> None:
    environment.setenv("CHAT_SOCKETS_PER_USER", "1")
    async with start_replica() as replica:
        async with open_socket(replica.socket_url) as first:
            await first.say(type="ping")
            await first.hear_of("pong")
            async with open_socket(replica.socket_url) as second:
                assert await second.closed() == 4429
        async with open_socket(replica.socket_url) as third:
            await third.say(type="ping")
            assert await third.hear() == {"type": "pong"}


async def test_a_socket_follows_only_so_many_answers(
    environment: pytest.MonkeyPatch, start_replica: StartReplica
) -> None:
    environment.setenv("CHAT_ANSWERS_PER_SOCKET", "1")
    async with start_replica() as replica, open_socket(replica.socket_url) as socket:
        accepted = await socket.ask()
        await socket.say(type="ask", client_id="q2", content="More?")
        assert (await socket.hear_of("error"))["problem"]["status"] == 429
        await socket.say(type="resume", answer_id=str(uuid4()))
        assert (await socket.hear_of("error"))["problem"]["status"] == 429
        await socket.say(type="cancel", answer_id=accepted["answer_id"])
        await socket.hear_of("done")
        await eventually(lambda: not replica.container.reader._feeds)
        assert await socket.ask(client_id="q3")


async def test_a_restart_sends_readers_elsewhere(replica: Replica, start_replica: StartReplica, worker: Worker) -> None:
    async with start_replica() as leaving, open_socket(leaving.socket_url) as socket:
        accepted = await socket.ask()
        await leaving.server.config.app.state.drain()  # type: ignore[union-attr]  # the app that the fixture made
        goodbye = await socket.hear_of("reconnect")
        assert 0 < goodbye["after_ms"] <= 5_000
        assert await socket.closed() == 1012
        async with open_socket(leaving.socket_url) as late:
            assert (await late.hear())["type"] == "reconnect"
            assert await late.closed() == 1012
    async with open_socket(replica.socket_url) as socket:
        socket.shown[accepted["answer_id"]] = Shown()
        await socket.say(type="resume", answer_id=accepted["answer_id"], after=accepted["position"])
        await worker.answer(accepted["answer_id"], "Still here.")
        assert (await socket.hear_of("done"))["answer"]["content"] == "Still here."


async def test_one_who_does_not_read_holds_up_only_himself(
    environment: pytest.MonkeyPatch, start_replica: StartReplica, worker: Worker
) -> None:
    environment.setenv("CHAT_SLOW_SECONDS", "0.3")
    narrow = network.socket()
    narrow.setsockopt(network.SOL_SOCKET, network.SO_RCVBUF, 4_096)
    async with start_replica() as replica:
        asked = await ask(replica.alice)
        host, _, port = replica.url.removeprefix("http://").partition(":")
        narrow.connect((host, int(port)))
        async with (
            open_socket(replica.socket_url, max_queue=1, sock=narrow, close_timeout=0.1) as sleeper,
            open_socket(replica.socket_url, max_size=None) as reader,
        ):
            for one in (sleeper, reader):
                await one.say(type="resume", answer_id=asked["answer_id"], after=None)
            attempt = await worker.claim(asked["answer_id"])
            for _ in range(80):
                await attempt.push(StatusFrame(stage="writing", detail="x" * 60_000))
            await attempt.write("Done.")
            await attempt.finish()
            assert (await reader.hear_of("done"))["answer"]["content"] == "Done."
            await eventually(lambda: replica.container.sockets._by_user.total() == 1)
