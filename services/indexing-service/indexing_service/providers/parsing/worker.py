"""The reading process: `python -m indexing_service.providers.parsing.worker`.

It gets documents on its standard input and answers on its standard output, until its input ends. It holds no
connection and no secret; whatever a document does to it ends here.
"""

import importlib
import os
import resource
import sys
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Final

from flash_core.errors import FlashError, InvalidInputError, TooLargeError, UnsupportedMediaError
from indexing_service.interfaces.parsing import Converted
from indexing_service.providers.parsing.limits import Limits
from indexing_service.providers.parsing.messages import LENGTH, packed, unpacked_head

_CONVERTERS: Final = "indexing_service.providers.parsing.converters"
_MODULES: Final[Mapping[str, str]] = {
    "html": "web",
    "rst": "restructured",
    "csv": "delimited",
    "mail": "mail",
    "outlook": "outlook",
    "pdf": "pdf",
    "docx": "word",
    "pptx": "slides",
    "spreadsheet": "sheets",
    "notebook": "notebook",
    "epub": "book",
}
_FORBIDDEN_EVENTS: Final = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork")
_RECURSION: Final = 3_000
_XML_ERR_NO_MEMORY: Final = 2
_SAID: Final = (InvalidInputError, TooLargeError, UnsupportedMediaError)


def main() -> None:
    """Standard output is for answers alone: what a library prints goes nowhere."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    documents = sys.stdin.buffer
    _shut_in()
    answers.write(packed({"ready": True}))
    answers.flush()
    while (head := _read(documents)) is not None:
        about = unpacked_head(head)
        data = _read(documents) or b""
        limits = Limits(**about["limits"])
        _allow(limits)
        answers.write(_answer(about["format"], data, limits))
        answers.flush()


def _read(stream: BinaryIO) -> bytes | None:
    length = stream.read(LENGTH.size)
    return stream.read(*LENGTH.unpack(length)) if len(length) == LENGTH.size else None


def _shut_in() -> None:
    """Nothing here opens a connection, starts a program or writes a file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.setrecursionlimit(_RECURSION)

    def watch(event: str, _: tuple[Any, ...]) -> None:
        if event.startswith(_FORBIDDEN_EVENTS):
            raise PermissionError(f"A document's reader may not do this ({event}).")

    sys.addaudithook(watch)


def _allow(limits: Limits) -> None:
    """Memory is bounded for the process, computing for the next document."""
    memory = limits.memory_mb << 20
    resource.setrlimit(resource.RLIMIT_AS, (memory, resource.RLIM_INFINITY))
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + limits.seconds
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))


def _answer(document_format: str, data: bytes, limits: Limits) -> bytes:
    try:
        converted = convert(document_format, data, limits)
    except FlashError as error:
        return _refusal(error)
    except RecursionError:
        return packed({"error": "unreadable", "detail": "It can't be read: it is nested too deeply."})
    except BaseException as error:  # noqa: BLE001  # Rust's panics are none of Python's `Exception`s
        if _out_of_memory(error):
            return packed({"error": "memory"})
        return packed({"error": "unreadable", "detail": f"It can't be read; it may be damaged ({_kind(error)})."})
    return packed({"title": converted.title}, converted.markdown.encode("utf-8", "replace"))


def convert(document_format: str, data: bytes, limits: Limits) -> Converted:
    """Readers are loaded when the first document of their format comes: they take memory."""
    module = importlib.import_module(f"{_CONVERTERS}.{_MODULES[document_format]}")
    read: Callable[..., Converted] = module.convert
    converted = read(data, limits.max_pages) if document_format == "pdf" else read(data)
    if len(converted.markdown) > limits.max_text:
        raise TooLargeError(f"Its text has more than {limits.max_text // 1_000_000} million characters.")
    return converted


def _refusal(error: FlashError) -> bytes:
    said = isinstance(error, _SAID)
    return packed({"error": error.code if said else "unreadable", "detail": str(error)})


def _out_of_memory(error: BaseException) -> bool:
    """The XML parser says so by the code of a syntax error."""
    by_libxml = _kind(error) == "XMLSyntaxError" and getattr(error, "code", None) == _XML_ERR_NO_MEMORY
    return by_libxml or isinstance(error, MemoryError)


def _kind(error: BaseException) -> str:
    return type(error).__name__


if __name__ == "__main__":
    main()
