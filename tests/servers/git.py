"""A Git host on loopback: repositories behind smart HTTP, with sign-in and with faults."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_IDENTITY = {
    "GIT_AUTHOR_NAME": "Writer",
    "GIT_AUTHOR_EMAIL": "writer@example.com",
    "GIT_COMMITTER_NAME": "Writer",
    "GIT_COMMITTER_EMAIL": "writer@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


class Repository:
    """Written as people do: change files, then `commit`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, date: str = "2026-03-01T12:00:00+00:00") -> str:
        env = {**os.environ, **_IDENTITY, "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        done = subprocess.run(["git", *arguments], cwd=self.folder, env=env, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def write(self, name: str, text: str | bytes) -> "Repository":
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self

    def commit(self, message: str = "A change", *, date: str = "2026-03-01T12:00:00+00:00") -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message, date=date)
        return self.git("rev-parse", "HEAD")


@dataclass
class GitServer:
    """`sign_in`: "name:token" that is asked for. The faults hold until they are taken back.

    `echoes`: it says what it was sent.
    """

    root: Path
    port: int = 0
    sign_in: str = ""
    status: int = 0
    location: str = ""
    echoes: bool = False
    cut_after: int = -1
    stalled: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event | None = None
    requests: list[str] = field(default_factory=list)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}"

    def stall(self) -> None:
        """Stop in the middle of the next pack; `stalled` says when, `go_on` lets it end."""
        self.go_on = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    state: GitServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Quiet."""

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        self.state.requests.append(f"{self.command} {self.path}")
        wanted = base64.b64encode(self.state.sign_in.encode()).decode()
        if self.state.status:
            self._refuse(self.state.status)
        elif self.state.echoes:
            self._echo()
        elif self.state.sign_in and self.headers.get("Authorization") != f"Basic {wanted}":
            self._refuse(401)
        else:
            self._serve(body)

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
        if self.state.location:
            self.send_header("Location", self.state.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _echo(self) -> None:
        """An error as Git's protocol has it, in which the server shows what it was sent."""
        said = f"ERR you sent {self.headers.get('Authorization')}\n"
        body = f"{len(said) + 4:04x}{said}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _serve(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.state.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "uploadpack.allowAnySHA1InWant",
            "GIT_CONFIG_VALUE_0": "false",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=env, check=False, capture_output=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        self.send_response(next((int(value.split()[0]) for name, value in headers if name == "Status"), 200))
        for name, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with suppress(ConnectionError):
            self._send(content, pack=b"packfile\n" in content)

    def _send(self, content: bytes, *, pack: bool) -> None:
        if pack and self.state.cut_after >= 0:
            self.wfile.write(content[: self.state.cut_after])
            self.close_connection = True
        elif pack and self.state.go_on is not None:
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.state.stalled.set()
            self.state.go_on.wait(20)
            self.wfile.write(content[len(content) // 2 :])
        else:
            self.wfile.write(content)


@contextmanager
def running(root: Path) -> Iterator[GitServer]:
    """A server of the repositories in this folder, on a free port."""
    state = GitServer(root)
    handler = type("Handler", (_Handler,), {"state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            if state.go_on is not None:
                state.go_on.set()
            server.shutdown()
            thread.join()
