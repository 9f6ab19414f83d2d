"""A model server of its own process, for whole fleets."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2


@dataclass(frozen=True)
class ModelProcess:
    """`base_url` is what OPENAI_BASE_URL wants, `root_url` what ANTHROPIC_BASE_URL wants."""

    base_url: str

    @property
    def root_url(self) -> str:
        return self.base_url.removesuffix("/v1")

    def behave(self, **wanted: object) -> None:
        """See `flash_core.testing.model_server.Behaviour`."""
        httpx2.put(f"{self.root_url}/behaviour", json=wanted, trust_env=False).raise_for_status()


@contextmanager
def running_model() -> Iterator[ModelProcess]:
    command = [sys.executable, "-m", "flash_core.testing.model_server", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield ModelProcess(process.stdout.readline().strip())
        finally:
            process.terminate()
