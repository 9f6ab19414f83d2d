"""Settings, positions, ids and events: small, and relied on everywhere."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import ClassVar
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError
from redis.exceptions import ResponseError
from sqlalchemy.exc import DBAPIError

from flash_core import cli
from flash_core.clients.redis import translated_errors as redis_errors
from flash_core.config.settings import DatabaseUrl, ServiceSettings
from flash_core.database.errors import translated_errors as database_errors
from flash_core.errors import BadRequestError, UpstreamUnavailableError
from flash_core.interfaces.answer_log import BEGINNING, Position
from flash_core.messaging.events import Event, QuestionAccepted, dead_stream
from flash_core.schemas.common import Request
from flash_core.schemas.search import SearchFilters, SearchRequest
from flash_core.utils.ids import new_id

KEY = "k" * 32
POSITIONS = st.builds(Position, st.integers(0, 999_999), st.integers(0, 99_999_999))


class WithDatabase(ServiceSettings):
    database_url: DatabaseUrl = "postgresql://localhost/x"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_a_database_url_may_be_written_as_people_do(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERNAL_KEY", KEY)
    monkeypatch.setenv("DATABASE_URL", f"{scheme}://u:p@h/d")
    assert WithDatabase().database_url == "postgresql+asyncpg://u:p@h/d"


def test_settings_come_from_the_environment_and_hide_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERNAL_KEY", KEY)
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("CHAT_URL", "http://chat:80")
    settings = ServiceSettings()
    assert (settings.log_level, settings.chat_url) == ("DEBUG", "http://chat:80")
    assert KEY not in repr(settings)


def test_wrong_settings_do_not_show_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERNAL_KEY", "short secret")
    with pytest.raises(ValidationError) as caught:
        ServiceSettings()
    assert "short secret" not in str(caught.value)


@given(POSITIONS, POSITIONS)
def test_positions_sort_as_texts_as_they_do_as_numbers(one: Position, other: Position) -> None:
    assert (str(one) < str(other)) == (one < other)
    assert Position.parse(str(one)) == one
    assert one >= BEGINNING


@pytest.mark.parametrize(
    "text", ["", "1", "1-", "-1", "a-1", "1-2-3", "1_0-1", "٣-1", "1234567-1", "1-123456789", " 1-1"]
)
def test_what_is_no_position_is_a_bad_request(text: str) -> None:
    with pytest.raises(BadRequestError):
        Position.parse(text)


def test_ids_sort_by_the_time_they_were_made() -> None:
    made = [new_id() for _ in range(1_000)]
    assert made == sorted(made)
    assert {one.version for one in made} == {7}


def test_the_events_of_one_conversation_stay_in_one_partition() -> None:
    conversation = uuid4()
    streams = {QuestionAccepted(conversation_id=conversation, generation_id=uuid4()).stream for _ in range(5)}
    assert len(streams) == 1
    assert streams <= set(QuestionAccepted.streams())
    [stream] = streams
    assert dead_stream(stream) == f"dead:{stream}"


def test_a_topic_belongs_to_one_event() -> None:
    with pytest.raises(TypeError, match="declared twice"):

        class Impostor(Event):
            topic: ClassVar[str] = QuestionAccepted.topic
            queue: ClassVar[str] = "impostors"


def test_an_event_of_a_newer_version_is_read_with_what_is_known() -> None:
    event = QuestionAccepted(conversation_id=uuid4(), generation_id=uuid4())
    newer = event.model_dump_json()[:-1] + ',"added_later":1}'
    assert QuestionAccepted.model_validate_json(newer) == event


class Body(Request):
    text: str
    names: list[str] = Field(default_factory=list)
    inner: "Body | None" = None


@pytest.mark.parametrize("text", ["plain", "Zoë \U0001f389", ""])
def test_a_body_takes_any_unicode(text: str) -> None:
    assert Body.model_validate({"text": text}).text == text


def _nested(depth: int) -> object:
    return {"text": ""} if depth == 0 else {"text": "", "inner": _nested(depth - 1)}


@pytest.mark.parametrize(
    "make",
    [
        lambda: {"text": "\ud800"},
        lambda: {"text": "", "inner": {"text": "a\udfff"}},
        lambda: {"\ud800": "x", "text": ""},
        lambda: {"text": "", "number": 1 << 64},
        lambda: _nested(300),
    ],
    ids=["half a pair", "half a pair inside", "half a pair in a name", "a huge number", "too deep"],
)
def test_a_body_refuses_what_cannot_be_stored_or_sent_on(make: Callable[[], object]) -> None:
    with pytest.raises(ValidationError):
        Body.model_validate(make())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "a\x00b"}, ("text",)),
        ({"text": "", "names": ["a", "\x00"]}, ("names",)),
        ({"text": "", "inner": {"text": "\x00"}}, ("inner", "text")),
    ],
)
def test_a_nul_is_refused_with_its_field(body: dict[str, object], field: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        Body.model_validate(body)
    assert [one["loc"] for one in caught.value.errors()] == [field]
    assert Body.model_validate({"text": r"\u0000"}).text == r"\u0000"


def test_an_error_never_shows_what_somebody_wrote() -> None:
    with pytest.raises(ValidationError) as caught:
        Body.model_validate({"text": ["my diary"], "inner": {"texd": "my diary"}})
    assert "diary" not in str(caught.value)


def test_a_migration_says_what_is_wrong(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTERNAL_KEY", raising=False)
    assert cli.main(["migrate", "auth", "chat"]) == 2
    assert capsys.readouterr().err == "flash migrate auth chat: the settings are wrong. INTERNAL_KEY: Field required\n"


def test_every_service_that_keeps_data_is_a_service() -> None:
    assert set(cli.WITH_DATABASE) < set(cli.SERVICES)
    assert len(set(cli.SERVICES.values())) == len(cli.SERVICES) == 9


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_utc_can_not_say_is_invalid(moment: str) -> None:
    with pytest.raises(ValidationError, match="in UTC"):
        SearchFilters(updated_after=moment)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59+14:00"])
def test_the_first_and_the_last_moment_can_be_filtered_by(moment: str) -> None:
    assert SearchFilters(updated_after=moment).updated_after is not None


@pytest.mark.parametrize("query", ["", " ", "\t\n", "\u2003"])
def test_a_search_for_nothing_is_invalid(query: str) -> None:
    with pytest.raises(ValidationError):
        SearchRequest(query=query)


@pytest.mark.parametrize("name", ["", " ", "x" * 201])
def test_a_source_needs_a_name_that_can_be_one(name: str) -> None:
    with pytest.raises(ValidationError):
        SearchFilters(source_names=[name])


@pytest.mark.parametrize(
    ("translated", "error"),
    [
        (database_errors, asyncpg.DiskFullError("could not extend file")),
        (database_errors, DBAPIError("INSERT", None, asyncpg.DiskFullError("could not extend file"))),
        (redis_errors, ResponseError("MISCONF Errors writing to the AOF file: No space left on device")),
    ],
)
def test_a_server_whose_disk_is_full_is_not_called_away(
    translated: Callable[[], AbstractContextManager[None]], error: Exception
) -> None:
    with pytest.raises(UpstreamUnavailableError, match=r"disk.* full"), translated():
        raise error
