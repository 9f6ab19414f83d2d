"""Real models of a few kilobytes in the files of Hugging Face's libraries, with random weights."""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
WORDS = (
    "how",
    "do",
    "get",
    "sick",
    "leave",
    "office",
    "open",
    "monday",
    "vpn",
    "staff",
    "query",
    "passage",
    ":",
    "?",
    ".",
)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
VOCABULARY = [*SPECIAL, *WORDS, *(one for one in LETTERS if one not in WORDS), *(f"##{one}" for one in LETTERS)]
HIDDEN, LAYERS, HEADS, INNER, POSITIONS = 32, 2, 4, 64, 64
INPUTS = ("input_ids", "token_type_ids", "attention_mask")
NLI_LABELS = ("contradiction", "entailment", "neutral")

Tensors = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Family:
    """Where models of one architecture differ in their files."""

    kind: str
    prefix: str
    padding: int
    positions: int
    segments: int

    @property
    def max_tokens(self) -> int:
        return POSITIONS


BERT = Family("bert", "bert.", 0, POSITIONS, 2)
ROBERTA = Family("xlm-roberta", "roberta.", 1, POSITIONS + 2, 1)


def write_encoder(folder: Path, family: Family = BERT, *, pooling: str = "mean", seed: int = 1) -> Path:
    """A sentence encoder as sentence-transformers saves it."""
    _write_common(folder, family, {"architectures": [f"{_class_of(family)}Model"]})
    write_safetensors(folder / "model.safetensors", _encoder(family, np.random.default_rng(seed)))
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": family.max_tokens, "do_lower_case": False})
    names = {"0": "Transformer", "1": "Pooling", "2": "Normalize"}
    paths = {"0": "", "1": "1_Pooling", "2": "2_Normalize"}
    modules = [
        {"idx": int(key), "name": key, "path": paths[key], "type": f"sentence_transformers.models.{kind}"}
        for key, kind in names.items()
    ]
    _write_json(folder / "modules.json", modules)
    (folder / "1_Pooling").mkdir()
    (folder / "2_Normalize").mkdir()
    modes = {
        "pooling_mode_cls_token": pooling == "cls",
        "pooling_mode_mean_tokens": pooling == "mean",
        "pooling_mode_max_tokens": pooling == "max",
    }
    _write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": HIDDEN, **modes})
    return folder


def write_classifier(
    folder: Path, labels: Sequence[str] = ("LABEL_0",), *, inputs: Sequence[str] = INPUTS, seed: int = 2
) -> Path:
    """A cross-encoder: `BertForSequenceClassification` as transformers saves it. `inputs`: what its tokenizer gives."""
    names = {str(place): label for place, label in enumerate(labels)}
    added = {"id2label": names, "label2id": {label: int(place) for place, label in names.items()}}
    _write_common(folder, BERT, {"architectures": ["BertForSequenceClassification"], **added}, inputs)
    random = np.random.default_rng(seed)
    tensors = {f"bert.{name}": tensor for name, tensor in _encoder(BERT, random).items()}
    tensors |= _linear(random, "bert.pooler.dense", HIDDEN, HIDDEN) | _linear(random, "classifier", HIDDEN, len(labels))
    write_safetensors(folder / "model.safetensors", tensors)
    return folder


def write_safetensors(path: Path, tensors: Mapping[str, NDArray[Any]], types: Mapping[str, str] | None = None) -> None:
    """`types`: how each array is to be read, where it is not float32."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, tensor in tensors.items():
        raw = tensor.tobytes()
        header[name] = {
            "dtype": (types or {}).get(name, "F32"),
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def _class_of(family: Family) -> str:
    return "Bert" if family is BERT else "XLMRoberta"


def _write_common(folder: Path, family: Family, config: Mapping[str, object], inputs: Sequence[str] = INPUTS) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shape = {
        "model_type": family.kind,
        "hidden_act": "gelu",
        "hidden_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": INNER,
        "max_position_embeddings": family.positions,
        "type_vocab_size": family.segments,
        "vocab_size": len(VOCABULARY),
        "pad_token_id": family.padding,
        "layer_norm_eps": 1e-5,
    }
    _write_json(folder / "config.json", shape | dict(config))
    _tokenizer().save(str(folder / "tokenizer.json"))
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    _write_json(
        folder / "tokenizer_config.json",
        {"tokenizer_class": "BertTokenizer", "model_max_length": POSITIONS, "model_input_names": list(inputs), **names},
    )
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY))


def _tokenizer() -> Tokenizer:
    numbers = {word: number for number, word in enumerate(VOCABULARY)}
    tokenizer = Tokenizer(WordPiece(numbers, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0",
        pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[(one, numbers[one]) for one in ("[CLS]", "[SEP]")],
    )
    return tokenizer


def _encoder(family: Family, random: np.random.Generator) -> Tensors:
    tensors = {
        "embeddings.word_embeddings.weight": _normal(random, len(VOCABULARY), HIDDEN),
        "embeddings.position_embeddings.weight": _normal(random, family.positions, HIDDEN),
        "embeddings.token_type_embeddings.weight": _normal(random, family.segments, HIDDEN),
    }
    tensors |= _norm(random, "embeddings.LayerNorm")
    for layer in (f"encoder.layer.{number}" for number in range(LAYERS)):
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            tensors |= _linear(random, f"{layer}.attention.{part}", HIDDEN, HIDDEN)
        tensors |= _norm(random, f"{layer}.attention.output.LayerNorm") | _norm(random, f"{layer}.output.LayerNorm")
        tensors |= _linear(random, f"{layer}.intermediate.dense", HIDDEN, INNER)
        tensors |= _linear(random, f"{layer}.output.dense", INNER, HIDDEN)
    return tensors


def _linear(random: np.random.Generator, name: str, width: int, out: int) -> Tensors:
    return {f"{name}.weight": _normal(random, out, width), f"{name}.bias": _normal(random, out)}


def _norm(random: np.random.Generator, name: str) -> Tensors:
    return {f"{name}.weight": 1 + _normal(random, HIDDEN), f"{name}.bias": _normal(random, HIDDEN)}


def _normal(random: np.random.Generator, *shape: int) -> NDArray[np.float32]:
    return random.normal(0, 0.2, shape).astype(np.float32)


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content))
