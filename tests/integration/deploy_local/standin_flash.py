"""A stand-in for the `flash` program: a service that only says that it is ready; starts fast."""

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Ready(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Keep quiet."""


def main() -> None:
    command, service = sys.argv[1:3]
    if command == "migrate":
        return
    if os.environ.get("BROKEN_SERVICE") == service:
        sys.exit(f"{service} is broken on purpose")
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[-1])), Ready).serve_forever()


main()
