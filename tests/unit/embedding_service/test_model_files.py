"""What is read from a model's folder, and how it says that something is wrong with it."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embedding_service.config import Precision
from embedding_service.providers.identity import contents_of, versioned
from embedding_service.providers.onnx.cross_encoder import load_onnx_pairs, runs_on_onnx
from embedding_service.providers.onnx.folder import ModelFolder
from embedding_service.providers.onnx.graph import Pooling
from embedding_service.providers.onnx.provider import OnnxEmbeddings, load_onnx_embeddings
from embedding_service.providers.onnx.safetensors import read_float_tensors
from flash_core.errors import InvalidInputError
from flash_core.interfaces.embedding import Purpose
from tests.unit.embedding_service.tiny_models import (
    BERT,
    NLI_LABELS,
    ROBERTA,
    Family,
    write_classifier,
    write_encoder,
    write_safetensors,
)


def edit(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps({key: value for key, value in (content | changes).items() if value is not None}))


def load(folder: Path) -> OnnxEmbeddings:
    return load_onnx_embeddings(folder, None, cache=folder.parent / "cache", precision=Precision.FP32, threads=1)


def test_tensors_of_floats_are_read_by_name_whatever_their_precision(tmp_path: Path) -> None:
    tensors: dict[str, Any] = {
        "single": np.arange(4, dtype="<f4").reshape(2, 2),
        "half": np.array([0.5, -2], "<f2"),
        "brain": np.array([0x3F80, 0xC040], "<u2"),  # 1 and -3
        "ids": np.array([7], "<i8"),
    }
    types = {"half": "F16", "brain": "BF16", "ids": "I64"}
    write_safetensors(tmp_path / "model.safetensors", tensors, types)
    read = read_float_tensors(tmp_path / "model.safetensors")
    assert {name: tensor.tolist() for name, tensor in read.items()} == {
        "single": [[0, 1], [2, 3]],
        "half": [0.5, -2],
        "brain": [1, -3],
    }
    assert {tensor.dtype for tensor in read.values()} == {np.dtype(np.float32)}


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"config\.json"):
        _ = ModelFolder(tmp_path).shape


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "mpnet"}, "sentence-transformers"),
        ({"hidden_act": "relu"}, "sentence-transformers"),
        ({"position_embedding_type": "relative_key"}, "positions"),
    ],
)
def test_another_architecture_is_refused(tmp_path: Path, change: dict[str, str], said: str) -> None:
    folder = write_encoder(tmp_path / "model")
    edit(folder / "config.json", **change)
    with pytest.raises(InvalidInputError, match=said):
        load(folder)


@pytest.mark.parametrize("missing", ["model.safetensors", "tokenizer.json"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    folder = write_encoder(tmp_path / "model")
    (folder / missing).unlink()
    with pytest.raises(InvalidInputError, match=missing):
        load(folder)


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    edit(folder / "config.json", num_hidden_layers=3)
    with pytest.raises(InvalidInputError, match=r"encoder\.layer\.2"):
        load(folder)


def test_weights_beyond_one_onnx_file_are_refused(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    os.truncate(folder / "model.safetensors", 2_000_000_000)  # a hole: it takes no room on the disk
    with pytest.raises(InvalidInputError, match="too large"):
        load(folder)


@pytest.mark.parametrize(("pooling", "expected"), [("mean", Pooling.MEAN), ("cls", Pooling.CLS)])
def test_pooling_is_what_the_folder_says(tmp_path: Path, pooling: str, expected: Pooling) -> None:
    folder = write_encoder(tmp_path / "model", pooling=pooling)
    assert ModelFolder(folder).pooling is expected
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode": pooling}))  # as version 6 writes it
    assert ModelFolder(folder).pooling is expected


def test_without_modules_the_mean_is_taken(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    (folder / "modules.json").write_text('[{"type": "sentence_transformers.models.Transformer", "path": ""}]')
    assert ModelFolder(folder).pooling is Pooling.MEAN
    (folder / "modules.json").unlink()
    assert ModelFolder(folder).pooling is Pooling.MEAN


def test_pooling_that_is_not_built_here_is_refused(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model", pooling="max")
    with pytest.raises(InvalidInputError, match="pools"):
        load(folder)
    edit(folder / "1_Pooling" / "config.json", pooling_mode_mean_tokens=True, include_prompt=False)
    with pytest.raises(InvalidInputError, match="pools"):
        load(folder)
    modules = json.loads((folder / "modules.json").read_text())
    modules.append({"type": "sentence_transformers.models.Dense", "path": "3_Dense"})
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(InvalidInputError, match="Dense"):
        load(folder)


@pytest.mark.parametrize("family", [BERT, ROBERTA], ids=lambda family: family.kind)
def test_the_limit_of_tokens_is_the_smallest_that_is_stated(tmp_path: Path, family: Family) -> None:
    folder = write_encoder(tmp_path / "model", family)
    edit(folder / "sentence_bert_config.json", max_seq_length=16)
    assert ModelFolder(folder).max_tokens == 16
    (folder / "sentence_bert_config.json").unlink()
    edit(folder / "tokenizer_config.json", model_max_length=32)
    assert ModelFolder(folder).max_tokens == 32
    edit(folder / "tokenizer_config.json", model_max_length=10**30)  # what transformers writes for "not stated"
    assert ModelFolder(folder).max_tokens == 64
    (folder / "tokenizer_config.json").unlink()
    assert ModelFolder(folder).max_tokens == 64


async def test_a_folder_states_its_prompts(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    plain = load(folder)
    (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "query: "}}')
    prompted = load(folder)
    assert (await plain.model()).name != (await prompted.model()).name
    [asked], [said] = await prompted.embed(["vpn"], purpose=Purpose.QUERY), await plain.embed(["query: vpn"])
    assert np.allclose(asked, said)
    assert np.allclose(await prompted.embed(["vpn"]), await plain.embed(["vpn"]))


async def test_pooling_and_padding_do_not_disturb_each_other(tmp_path: Path) -> None:
    provider = load(write_encoder(tmp_path / "model", ROBERTA, pooling="cls"))
    texts = ["vpn", "How do I get sick leave " * 5, "office"]
    together = await provider.embed(texts)
    alone = np.concatenate([await provider.embed([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-5


async def test_int8_of_another_model_has_a_name_of_its_own(tmp_path: Path) -> None:
    folder = write_encoder(tmp_path / "model")
    small = load_onnx_embeddings(folder, None, cache=tmp_path / "cache", precision=Precision.INT8, threads=1)
    assert (await small.model()).name == f"{(await load(folder).model()).name}-int8"


@pytest.mark.parametrize("rename", [str.upper, lambda name: f"bert.{name}"], ids=["other-names", "with-a-prefix"])
def test_weights_are_found_behind_a_prefix_and_under_old_names(tmp_path: Path, rename: Callable[[str], str]) -> None:
    folder = write_encoder(tmp_path / "model")
    tensors = read_float_tensors(folder / "model.safetensors")
    renamed = {
        rename(name).replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in tensors.items()
    }
    write_safetensors(folder / "model.safetensors", renamed)
    if rename is str.upper:
        with pytest.raises(InvalidInputError, match="weights hold no"):
            load(folder)
    else:
        assert load(folder).count(["vpn"]) == 3


def test_labels_stand_in_the_order_of_the_outputs(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path / "nli", NLI_LABELS)
    assert ModelFolder(folder).labels == NLI_LABELS
    edit(folder / "config.json", id2label={str(place): f"L{place}" for place in reversed(range(12))})
    assert ModelFolder(folder).labels[10:] == ("L10", "L11")
    edit(folder / "config.json", id2label=None)
    assert ModelFolder(folder).labels == ("LABEL_0", "LABEL_1")


def test_a_graph_with_other_outputs_than_labels_is_refused(tmp_path: Path) -> None:
    folder = write_classifier(tmp_path / "nli", NLI_LABELS)
    load_onnx_pairs(folder, cache=tmp_path, threads=1)
    [built] = tmp_path.glob("*.onnx")
    built.rename(folder / "model.onnx")
    edit(folder / "config.json", id2label={"0": "LABEL_0"})
    with pytest.raises(InvalidInputError, match="3 outputs"):
        load_onnx_pairs(folder, cache=tmp_path, threads=1)


def test_a_tokenizer_without_segments_marks_no_second_text(tmp_path: Path) -> None:
    marked = load_onnx_pairs(write_classifier(tmp_path / "marked"), cache=tmp_path, threads=1)
    inputs = ("input_ids", "attention_mask")
    unmarked = load_onnx_pairs(write_classifier(tmp_path / "unmarked", inputs=inputs), cache=tmp_path, threads=1)
    pair = [("vpn", "office")]
    assert np.abs(marked.logits(pair) - unmarked.logits(pair)).max() > 1e-3
    assert marked.model.name.partition("@")[2] != unmarked.model.name.partition("@")[2]


def test_only_what_onnx_can_run_is_run_by_it(tmp_path: Path) -> None:
    assert runs_on_onnx(write_classifier(tmp_path / "classifier"))
    assert not runs_on_onnx(write_encoder(tmp_path / "encoder"))


def test_a_folders_identity_is_its_files_not_their_place(tmp_path: Path) -> None:
    here, there = write_encoder(tmp_path / "here"), write_encoder(tmp_path / "there")
    (there / "README.md").write_text("For people.")
    assert contents_of(here) == contents_of(there)
    edit(there / "config.json", layer_norm_eps=1e-12)
    assert contents_of(here) != contents_of(there)
    assert versioned("name", "a").startswith("name@")
    assert versioned("name", "a", "b") != versioned("name", "ab")
