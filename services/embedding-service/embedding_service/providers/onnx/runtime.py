"""What the sentence encoder and the cross-encoder share of running a graph on onnxruntime."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from embedding_service.providers.onnx.folder import ModelFolder
from embedding_service.providers.onnx.graph import INPUTS
from flash_core.errors import InvalidInputError


def open_session(path: Path, threads: int) -> Any:
    """With one thread a run is computed by whoever calls; with more, by as many of the session's own."""
    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = False  # the arena never gives back what one long batch needed
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the cores belong to others, too
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def open_tokenizer(folder: ModelFolder) -> Tokenizer:
    if not folder.tokenizer.is_file():
        raise InvalidInputError(f"{folder.path} holds no model: tokenizer.json can't be read.")
    tokenizer = Tokenizer.from_file(str(folder.tokenizer))
    tokenizer.enable_truncation(folder.max_tokens)
    tokenizer.no_padding()  # whatever the file says: padding is per batch
    return tokenizer


def runs(encodings: Sequence[Encoding], tokens: int) -> Iterator[list[int]]:
    """Places of texts of similar length, so that little is padded; at most so many tokens together, or one text.

    The longest first: what is computed beside each other then ends at about the same time.
    """
    run: list[int] = []
    for place in sorted(range(len(encodings)), key=lambda place: -len(encodings[place].ids)):
        if run and (len(run) + 1) * len(encodings[run[0]].ids) > tokens:
            yield run
            run = []
        run.append(place)
    if run:
        yield run


def padded(encodings: Sequence[Encoding]) -> dict[str, NDArray[np.int64]]:
    """The graph's inputs. Padding is 0, whatever the model's own token for it: the mask hides it."""
    longest = max(len(encoding.ids) for encoding in encodings)
    ids, mask, segments = (np.zeros((len(encodings), longest), np.int64) for _ in INPUTS)
    for row, encoding in enumerate(encodings):
        length = len(encoding.ids)
        ids[row, :length] = encoding.ids
        mask[row, :length] = 1
        segments[row, :length] = encoding.type_ids
    return dict(zip(INPUTS, (ids, mask, segments), strict=True))
