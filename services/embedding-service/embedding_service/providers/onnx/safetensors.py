"""Reading the safetensors format (https://huggingface.co/docs/safetensors): a JSON header, then raw arrays."""

import json
import struct
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

Weights = dict[str, NDArray[np.float32]]
_HEADER_SIZE: Final = struct.Struct("<Q")


def read_float_tensors(path: Path) -> Weights:
    """Every float32 tensor of the file by name; other types (position ids and the like) are left out."""
    with path.open("rb") as file:
        (size,) = _HEADER_SIZE.unpack(file.read(_HEADER_SIZE.size))
        header = json.loads(file.read(size))
    data = np.memmap(path, dtype=np.uint8, mode="r", offset=_HEADER_SIZE.size + size)
    return {
        name: _tensor(data, entry)
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == "F32"
    }


def _tensor(data: NDArray[np.uint8], entry: dict[str, list[int]]) -> NDArray[np.float32]:
    first, last = entry["data_offsets"]
    return data[first:last].view(np.dtype("<f4")).reshape(entry["shape"])
