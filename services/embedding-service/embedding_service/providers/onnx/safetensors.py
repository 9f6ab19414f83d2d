"""Reading the safetensors format (https://huggingface.co/docs/safetensors): a JSON header, then raw arrays."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]
_HEADER_SIZE: Final = struct.Struct("<Q")


def read_float_tensors(path: Path) -> Weights:
    """Every tensor of floats by name, as float32; other types (position ids and the like) are left out."""
    with path.open("rb") as file:
        (size,) = _HEADER_SIZE.unpack(file.read(_HEADER_SIZE.size))
        header = json.loads(file.read(size))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=_HEADER_SIZE.size + size)
    return {
        name: _tensor(data, entry)
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] in _AS_FLOAT
    }


def _tensor(data: NDArray[np.uint8], entry: dict[str, Any]) -> NDArray[np.float32]:
    first, last = entry["data_offsets"]
    return _AS_FLOAT[entry["dtype"]](data[first:last]).reshape(entry["shape"])


def _bfloat16(data: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The upper half of a float32 each; numpy has no such type."""
    return (data.view(np.dtype("<u2")).astype(np.dtype("<u4")) << 16).view(np.dtype("<f4"))


_AS_FLOAT: Final[dict[str, Callable[[NDArray[np.uint8]], NDArray[np.float32]]]] = {
    "F32": lambda data: data.view(np.dtype("<f4")),
    "F16": lambda data: data.view(np.dtype("<f2")).astype(np.float32),
    "BF16": _bfloat16,
}
