"""What every public route that reads shows to a person, and why the others are left out."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import websockets

from tests.e2e.matrix import Matrix, Person

MODES: Final = ("hybrid", "dense", "keyword")
COMMON: Final = "access code of the project"
_STREAMS: Final = "the frames of a stream"


@dataclass(frozen=True)
class Shown:
    """`asked`: words of the request, which an answer may repeat."""

    what: str
    text: str
    asked: str = ""


View = Callable[[Matrix, Person], Awaitable[list[Shown]]]


def _gets(*paths: Callable[[Matrix, Person], list[str]]) -> View:
    """Paths, whatever the status; ids in a path may be repeated."""

    async def shown(matrix: Matrix, person: Person) -> list[Shown]:
        every = [path for some in paths for path in some(matrix, person)]
        answers = await asyncio.gather(*map(person.user.http.get, every))
        return [Shown(path, answer.text, _asked(path)) for path, answer in zip(every, answers, strict=True)]

    return shown


def _asked(path: str) -> str:
    return path.rpartition("q=")[2] if "q=" in path else path.partition("?")[0].split("/")[-1]


def _always(*paths: str) -> View:
    return _gets(lambda *_: list(paths))


def _words(matrix: Matrix) -> list[str]:
    return ["codes", *(page.project for page in matrix.pages), *(page.secret for page in matrix.pages)]


def _of_sources(tail: str) -> View:
    return _gets(lambda matrix, _: [f"/api/v1/sources/{one}{tail}" for one in matrix.sources])


def _of_jobs(tail: str) -> View:
    return _gets(lambda matrix, _: [f"/api/v1/indexing/jobs/{one}{tail}" for one in matrix.jobs])


def _of_conversations(tail: str) -> View:
    return _gets(lambda _, person: [f"/api/v1/conversations/{one}{tail}" for one in person.conversations])


def _of_answers(tail: str) -> View:
    return _gets(lambda _, person: [f"/api/v1/answers/{one}{tail}" for one in person.answers])


async def _searches(matrix: Matrix, person: Person) -> list[Shown]:
    bodies: list[dict[str, Any]] = [
        {"query": query, "mode": mode, "limit": 50, "explain": True}
        for mode in MODES
        for query in [COMMON, *_words(matrix)[1:]]
    ]
    bodies += [{"query": page.title, "explain": True} for page in matrix.pages]
    for more in ({"rerank": True}, {"offset": 1}, {"per_chunk": True}, {"per_chunk": True, "join_neighbours": True}):
        bodies.append({"query": COMMON, "limit": 50, "explain": True, **more})
    bodies += [{"query": COMMON, "filters": {"source_ids": [one]}} for one in matrix.sources]
    answers = await asyncio.gather(*(person.user.http.post("/api/v1/search", json=body) for body in bodies))
    return [
        Shown(f"search {json.dumps(body)}", answer.text, str(body["query"]))
        for body, answer in zip(bodies, answers, strict=True)
    ]


async def _discovered(_: Matrix, person: Person) -> list[Shown]:
    response = await person.user.http.post("/api/v1/aliases/discover", json={})
    return [Shown("discover", response.text)]


async def _checked(matrix: Matrix, person: Person) -> list[Shown]:
    paths = [f"/api/v1/sources/{one}/check" for one in matrix.sources]
    answers = await asyncio.gather(*(person.user.http.post(path) for path in paths))
    return [Shown(path, answer.text) for path, answer in zip(paths, answers, strict=True)]


async def _asked_and_waited(matrix: Matrix, person: Person) -> list[Shown]:
    bodies = [{"query": question(page.project)} for page in matrix.pages]
    bodies.append({"query": question(matrix.pages[0].project), "mode": "general"})
    answers = [await person.user.http.post("/api/v1/chat", json=body) for body in bodies]
    return [Shown(f"chat {body}", answer.text) for body, answer in zip(bodies, answers, strict=True)]


async def _regenerated(_: Matrix, person: Person) -> list[Shown]:
    """The first answer, written again."""
    [first, *_rest] = person.conversations
    messages = await person.user.get(f"/api/v1/conversations/{first}/messages")
    again = await person.user.http.post(f"/api/v1/messages/{messages['items'][0]['id']}/regenerate")
    if again.status_code != 202:
        return [Shown("regenerate", again.text)]
    answer = await person.user.finished_answer(again.json()["answer_id"])
    return [Shown("regenerate", again.text), Shown("regenerated", json.dumps(answer))]


async def _posted(matrix: Matrix, person: Person) -> list[Shown]:
    """One question a page, in a conversation of its own; what was asked before stays in the history. In general mode
    one more, in the conversation that has a company's answer already.
    """

    async def ask(project: str) -> Shown:
        conversation = await person.user.conversation()
        answer_id = await person.user.question(conversation, question(project))
        answer = await person.user.finished_answer(answer_id)
        person.conversations.append(conversation)
        person.answers.append(answer_id)
        return Shown(f"answer about {project}", json.dumps(answer))

    shown = list(await asyncio.gather(*(ask(page.project) for page in matrix.pages)))
    path = f"/api/v1/conversations/{person.conversations[-1]}/messages"
    asked = await person.user.http.post(path, json={"content": "And what did you say?", "mode": "general"})
    answer = await person.user.finished_answer(asked.json()["answer_id"])
    return [*shown, Shown("answer in general mode", json.dumps(answer))]


async def resumed(_: Matrix, person: Person) -> list[Shown]:
    """All answers so far, over the WebSocket; one whose session has ended gets none."""
    frames: list[Any] = []
    with suppress(websockets.ConnectionClosedError, websockets.InvalidStatus):
        async with person.user.socket() as socket:
            for answer_id in person.answers:
                await socket.send(type="resume", answer_id=answer_id, after=None)
                frames += await socket.until("done", "error")
    return [Shown("resumed", json.dumps(frames))]


def question(project: str) -> str:
    return f"What is the access code of the project {project}?"


VIEWS: Final[Mapping[str, View]] = {
    "POST /api/v1/search": _searches,
    "GET /api/v1/documents": _gets(
        lambda *_: ["/api/v1/documents?limit=200"],
        lambda matrix, _: [f"/api/v1/documents?source_id={one}" for one in matrix.sources],
        lambda matrix, _: [f"/api/v1/documents?q={word}" for word in _words(matrix)],
        lambda matrix, _: [f"/api/v1/documents?q={page.title}" for page in matrix.pages],
    ),
    "GET /api/v1/documents/{document_id}": _gets(
        lambda matrix, _: [f"/api/v1/documents/{one.id}" for one in matrix.pages]
    ),
    "GET /api/v1/sources": _always("/api/v1/sources?limit=200"),
    "GET /api/v1/sources/{source_id}": _of_sources(""),
    "GET /api/v1/sources/{source_id}/webhook": _of_sources("/webhook"),
    "POST /api/v1/sources/{source_id}/check": _checked,
    "GET /api/v1/indexing/jobs": _always("/api/v1/indexing/jobs?limit=200"),
    "GET /api/v1/indexing/jobs/{job_id}": _of_jobs(""),
    "GET /api/v1/indexing/jobs/{job_id}/problems": _of_jobs("/problems"),
    "GET /api/v1/indexing/jobs/{job_id}/events": _of_jobs("/events"),
    "GET /api/v1/indexing/collections": _always("/api/v1/indexing/collections"),
    "GET /api/v1/aliases": _always("/api/v1/aliases?limit=200"),
    "POST /api/v1/aliases/discover": _discovered,
    "GET /api/v1/conversations": _gets(
        lambda *_: ["/api/v1/conversations?limit=200"],
        lambda matrix, _: [f"/api/v1/conversations?q={word}" for word in _words(matrix)],
    ),
    "GET /api/v1/conversations/{conversation_id}": _of_conversations(""),
    "GET /api/v1/conversations/{conversation_id}/messages": _of_conversations("/messages"),
    "GET /api/v1/answers/{answer_id}": _of_answers(""),
    "GET /api/v1/answers/{answer_id}/events": _of_answers("/events"),
    "GET /api/v1/usage": _always("/api/v1/usage"),
    "GET /api/v1/status": _always("/api/v1/status"),
    "WebSocket /ws/v1/chat": resumed,
}
"""What can be looked at again and again."""
ACTS: Final[Mapping[str, View]] = {
    "POST /api/v1/conversations/{conversation_id}/messages": _posted,
    "POST /api/v1/chat": _asked_and_waited,
    "POST /api/v1/messages/{message_id}/regenerate": _regenerated,
}
"""What makes something new each time: an answer."""
SHOW_SOMETHING: Final = {
    "POST /api/v1/search",
    "GET /api/v1/documents",
    "GET /api/v1/documents/{document_id}",
    "POST /api/v1/aliases/discover",
    "GET /api/v1/conversations/{conversation_id}/messages",
    "GET /api/v1/answers/{answer_id}",
    "GET /api/v1/answers/{answer_id}/events",
    "WebSocket /ws/v1/chat",
    *ACTS,
}
"""To who may read everything."""
LEFT_OUT: Final = {
    "POST /api/v1/aliases": "repeats what it was sent",
    "GET /api/v1/aliases/{alias_id}": "a line of the list",
    "POST /api/v1/conversations": "repeats what it was sent",
    "POST /api/v1/answers/{answer_id}/cancel": "answers nothing",
    "POST /api/v1/sources": "repeats what it was sent",
    "POST /api/v1/sources/{source_id}/sync": "answers with an id",
    "POST /api/v1/sources/{source_id}/webhook": "answers nothing",
    "POST /api/v1/documents": "answers with ids",
    "POST /api/v1/documents/batch": "answers with an id",
    "POST /api/v1/indexing/jobs/{job_id}/cancel": "the job, as it is read",
    "POST /api/v1/indexing/jobs/{job_id}/retry": "answers with an id",
    "POST /api/v1/indexing/rebuild": "answers with names of collections",
    "POST /api/v1/indexing/rollback": "answers with names of collections",
    "POST /v1/embeddings": "numbers of what it was sent",
}
"""And all of accounts, which hold no documentation."""
ACCOUNTS: Final = (
    "/api/v1/auth/",
    "/api/v1/users",
    "/api/v1/groups",
    "/api/v1/service-accounts",
    "/api/v1/api-keys",
    "/api/v1/sessions",
    "/.well-known/",
)
