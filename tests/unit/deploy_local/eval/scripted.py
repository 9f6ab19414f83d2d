"""A fleet that says what a test has written down for each question, over the public contract's routes."""

import json
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import httpx2

EMAIL, PASSWORD, KEY = "a@b.c", "secret", "ask_key"


def hit(name: str, score: float = 1.0) -> dict[str, Any]:
    return {"document_id": f"id-{name}", "external_id": f"{name}.md", "title": name, "url": None, "score": score}


def answer(content: str, *, confidence: float = 0.9, cites: Sequence[str] = (), **fields: Any) -> dict[str, Any]:
    """Each of `cites` supports the whole content; `!` in front of a name: not supported."""
    names = [name.lstrip("!") for name in cites]
    source = {"url": None, "text": "…"}
    return {
        "state": "done",
        "content": content,
        "confidence": confidence,
        "refusal": None,
        "cached": False,
        "model": "extractive",
        "sources": [
            {**source, "id": f"s{number}", "marker": number, "title": name, "document_id": f"id-{name}"}
            for number, name in enumerate(names, start=1)
        ],
        "citations": [
            {"marker": number, "source_id": f"s{number}", "start": 0, "end": len(content), "supported": name[0] != "!"}
            for number, name in enumerate(cites, start=1)
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "cost": None},
        "timings_ms": {"queue": 1.0, "intent": 2.0, "retrieval": 3.0, "first_token": 4.0, "total": 10.0},
        **fields,
    }


def refusal(confidence: float = 0.1) -> dict[str, Any]:
    return answer("Not in your documentation.", confidence=confidence, refusal="not_in_documentation")


class ScriptedFleet:
    """`hits` and `answers` by question; an answer that is a text is the detail of a failure.

    `refusals` are responses that come before anything else is answered, by path, each once.
    """

    def __init__(self) -> None:
        self.hits: dict[str, list[dict[str, Any]]] = {}
        self.answers: dict[str, dict[str, Any] | str] = {}
        self.refusals: dict[str, deque[httpx2.Response]] = {}
        self.sources = [{"id": "source-1", "name": "Handbook"}]
        self.seen: Counter[str] = Counter()
        self.filters: list[Any] = []
        self.conversations: dict[str, str] = {}
        self.token = "token-0"
        self._lock = Lock()

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        with self._lock:
            return self._answered(request)

    def _answered(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        self.seen[f"{request.method} {path}"] += 1
        if self.refusals.get(path):
            return self.refusals[path].popleft()
        if path == "/api/v1/auth/token":
            return self._signed_in(request.content.decode())
        if request.headers.get("Authorization") not in {f"Bearer {self.token}", f"Bearer {KEY}"}:
            return httpx2.Response(401, json={"detail": "Sign in."})
        return self._routed(request.method, path, json.loads(request.content or b"{}"))

    def _signed_in(self, form: str) -> httpx2.Response:
        if f"password={PASSWORD}" not in form:
            return httpx2.Response(401, json={"detail": "Wrong password."})
        self.token = f"token-{self.seen['POST /api/v1/auth/token']}"
        return httpx2.Response(200, json={"access_token": self.token})

    def _routed(self, method: str, path: str, body: dict[str, Any]) -> httpx2.Response:
        found: Any = None
        match [method, *path.removeprefix("/api/v1/").split("/")]:
            case ["GET", "status"]:
                found = {"status": "ok", "services": [{"version": "1.2.3"}, {"version": ""}]}
            case ["GET", "sources"]:
                found = {"items": self.sources, "next_cursor": None}
            case ["GET", "documents", document]:
                name = document.removeprefix("id-")
                found = {"id": document, "external_id": f"{name}.md", "title": name}
            case ["POST", "search"]:
                found = self._searched(body)
            case ["POST", "conversations"]:
                found = {"id": f"c{self.seen[f'{method} {path}']}"}
            case ["POST", "conversations", conversation, "messages"]:
                self.conversations[conversation] = body["content"]
                found = {"answer_id": f"a-{conversation}"}
            case ["GET", "answers", answer_id, "events"]:
                return self._events(self.answers[self.conversations[answer_id.removeprefix("a-")]])
            case ["DELETE", "conversations", conversation]:
                del self.conversations[conversation]
                found = {}
        return httpx2.Response(404 if found is None else 200, json=found or {"detail": "There is no such thing."})

    def _searched(self, body: dict[str, Any]) -> dict[str, Any]:
        self.filters.append(body.get("filters"))
        explanation = {"explanation": {"dense_weight": 0.5, "reranked": False}} if body.get("explain") else {}
        return {"hits": self.hits.get(body["query"], []), "index_version": "7", **explanation}

    def _events(self, said: dict[str, Any] | str) -> httpx2.Response:
        failed = {"type": "error", "problem": {"detail": said}, "position": "1-2"}
        last = failed if isinstance(said, str) else {"type": "done", "answer": said, "position": "1-2"}
        frames = [{"type": "status", "stage": "searching", "position": "1-1"}, last]
        return httpx2.Response(200, text="".join(f"data: {json.dumps(frame)}\n\n" for frame in frames))


@contextmanager
def served(fleet: ScriptedFleet) -> Iterator[str]:
    """The fleet at a real address on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            address = f"http://fleet{self.path}"
            response = fleet(httpx2.Request(self.command, address, headers=dict(self.headers), content=content))
            self.send_response(response.status_code)
            for name in ("Content-Type", "Retry-After"):
                if name in response.headers:
                    self.send_header(name, response.headers[name])
            self.send_header("Content-Length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
