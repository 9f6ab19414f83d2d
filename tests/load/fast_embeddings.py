"""A server with `/v1/embeddings` whose vectors cost nothing, for measurements in which the model is not what counts.

A text has always the same vector; what it means does not matter.
"""

import argparse
import base64
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
from aiohttp import web

DIMENSION: Final = 384
"""That of all-MiniLM-L6-v2, so that an index is as large as with it."""
_MOST_BYTES: Final = 1 << 26


async def _embeddings(request: web.Request) -> web.Response:
    body = await request.json()
    rows = [
        {"object": "embedding", "index": index, "embedding": base64.b64encode(_vector(text)).decode()}
        for index, text in enumerate(body["input"])
    ]
    usage = {"prompt_tokens": 0, "total_tokens": 0}
    return web.json_response({"object": "list", "data": rows, "model": body["model"], "usage": usage})


def _vector(text: str) -> bytes:
    drawn = np.random.default_rng(zlib.crc32(text.encode())).standard_normal(DIMENSION, dtype=np.float32)
    return drawn.tobytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    application = web.Application(client_max_size=_MOST_BYTES)
    application.router.add_post("/v1/embeddings", _embeddings)
    web.run_app(application, host="127.0.0.1", port=parser.parse_args().port, access_log=None, print=None)


@contextmanager
def running_fast_embeddings(port: int) -> Iterator[str]:
    """In a process of its own; the address is what EMBEDDING_OPENAI_BASE_URL wants."""
    with subprocess.Popen([sys.executable, "-m", "tests.load.fast_embeddings", "--port", str(port)]) as process:
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
