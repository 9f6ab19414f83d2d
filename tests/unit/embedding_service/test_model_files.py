"""What is read from a model's folder, and how it says that something is wrong with it."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from embedding_service.providers.identity import contents_of
from embedding_service.providers.onnx.folder import ModelFolder
from embedding_service.providers.onnx.safetensors import read_float_tensors
from flash_core.errors import InvalidInputError

BERT = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "layer_norm_eps": 1e-12,
}


def write_safetensors(path: Path) -> None:
    header = {
        "__metadata__": {"format": "pt"},
        "first": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "ids": {"dtype": "I64", "shape": [1], "data_offsets": [16, 24]},
        "second": {"dtype": "F32", "shape": [3], "data_offsets": [24, 36]},
    }
    text = json.dumps(header).encode()
    data = np.arange(4, dtype="<f4").tobytes() + bytes(8) + np.arange(3, dtype="<f4").tobytes()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def test_float_tensors_are_read_by_name(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "model.safetensors")
    tensors = read_float_tensors(tmp_path / "model.safetensors")
    assert {name: tensor.tolist() for name, tensor in tensors.items()} == {
        "first": [[0, 1], [2, 3]],
        "second": [0, 1, 2],
    }


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"config\.json"):
        _ = ModelFolder(tmp_path).shape


@pytest.mark.parametrize(
    "config", [{"model_type": "mpnet", "hidden_act": "gelu"}, {"model_type": "bert", "hidden_act": "relu"}]
)
def test_another_architecture_is_refused(tmp_path: Path, config: dict[str, str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InvalidInputError, match="sentence-transformers"):
        _ = ModelFolder(tmp_path).shape


def test_other_weights_make_another_file(tmp_path: Path) -> None:
    digests = set()
    for content in (b"one", b"two"):
        folder = tmp_path / content.decode()
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(BERT))
        (folder / "model.safetensors").write_bytes(content)
        digests.add(contents_of(folder))
    assert len(digests) == 2
