"""What a model's folder says of the model: the files of Hugging Face's transformers and of sentence-transformers."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from embedding_service.providers.onnx.graph import BertShape, Pooling
from flash_core.errors import InvalidInputError

_ROBERTAS: Final = frozenset({"roberta", "xlm-roberta", "camembert"})
_MODULES: Final = frozenset({"Transformer", "Pooling", "Normalize"})
_LARGEST_GRAPH: Final = 1_900_000_000
"""Bytes; an ONNX file is one Protocol Buffers message, which ends at 2 GiB."""
_DIGEST_LENGTH: Final = 16


class Head(StrEnum):
    """What stands on top of the encoder."""

    SENTENCE = "sentence-encoder"
    PAIR = "pair-classifier"


@dataclass(frozen=True)
class ModelFolder:
    """Every property raises `InvalidInputError`, which names the file, when the folder does not hold such a model."""

    path: Path

    @property
    def weights(self) -> Path:
        return self.path / "model.safetensors"

    @property
    def tokenizer(self) -> Path:
        return self.path / "tokenizer.json"

    @cached_property
    def exported(self) -> Path | None:
        """A ready ONNX file, as `optimum` and the Hub's exports lay it."""
        found = (self.path / name for name in ("model.onnx", "onnx/model.onnx"))
        return next((path for path in found if path.is_file()), None)

    @cached_property
    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = self._json("config.json")
        return config

    @cached_property
    def shape(self) -> BertShape:
        config = self.config
        kind = config.get("model_type")
        if kind not in {"bert", *_ROBERTAS} or config.get("hidden_act") != "gelu":
            raise InvalidInputError(
                f"{self.path} is neither a BERT nor a RoBERTa model with gelu; "
                "EMBEDDING_PROVIDER=sentence-transformers reads other ones."
            )
        if config.get("position_embedding_type", "absolute") != "absolute":
            raise InvalidInputError(f"{self.path} counts positions in another way than BERT.")
        return BertShape(
            hidden_size=config["hidden_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            epsilon=config["layer_norm_eps"],
            first_position=config["pad_token_id"] + 1 if kind in _ROBERTAS else 0,
        )

    @property
    def builds_a_pair_classifier(self) -> bool:
        """Whether `graph` knows the head; RoBERTa's is another one."""
        architectures = self.config.get("architectures") or []
        return "BertForSequenceClassification" in architectures and self.weights.is_file()

    @cached_property
    def max_tokens(self) -> int:
        """Of one text or of a pair together, special tokens included."""
        given = self._json("sentence_bert_config.json", optional=True).get("max_seq_length")
        if given is not None:
            return int(given)
        positions = int(self.config["max_position_embeddings"])
        if self.config.get("model_type") in _ROBERTAS:
            positions -= self.config["pad_token_id"] + 1
        return min(
            positions, int(self._json("tokenizer_config.json", optional=True).get("model_max_length", positions))
        )

    @cached_property
    def tells_pairs_apart(self) -> bool:
        """Whether the second text of a pair gets segment 1; some models were trained without, by their tokenizer."""
        inputs = self._json("tokenizer_config.json", optional=True).get("model_input_names")
        return inputs is None or "token_type_ids" in inputs

    @cached_property
    def pooling(self) -> Pooling:
        """As `modules.json` names it; without that file the mean, as sentence-transformers does."""
        modules = self._json("modules.json", optional=True, default=[])
        kinds = {str(module["type"]).rpartition(".")[2]: str(module["path"]) for module in modules}
        if unknown := kinds.keys() - _MODULES:
            raise InvalidInputError(
                f"{self.path} has {', '.join(sorted(unknown))}, which only sentence-transformers runs."
            )
        if "Pooling" not in kinds:
            return Pooling.MEAN
        config = self._json(f"{kinds['Pooling']}/config.json")
        modes = {str(config.get("pooling_mode")), *(name for name, value in config.items() if value is True)}
        for pooling in Pooling if config.get("include_prompt", True) else ():
            if modes & {pooling.value, f"pooling_mode_{pooling.value}_token", f"pooling_mode_{pooling.value}_tokens"}:
                return pooling
        raise InvalidInputError(f"{self.path} pools in a way that only sentence-transformers knows.")

    @cached_property
    def stated_prompts(self) -> dict[str, str]:
        """What sentence-transformers would put in front of texts, by purpose."""
        stated = self._json("config_sentence_transformers.json", optional=True).get("prompts") or {}
        return {str(name): str(prompt) for name, prompt in stated.items()}

    @property
    def known_as(self) -> str:
        """Every name that the folder gives the model, for recognising its family."""
        return f"{self.path.name} {self.config.get('_name_or_path', '')}"

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The classes of a classifier, in the order of its outputs."""
        named = self.config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}  # what transformers takes for granted
        return tuple(str(named[key]) for key in sorted(named, key=int))

    def digest(self, files: Iterable[Path], *, salt: str = "") -> str:
        """Of the files' contents, and of `salt`."""
        digest = hashlib.sha256(salt.encode())
        for path in files:
            try:
                with path.open("rb") as file:
                    digest.update(hashlib.file_digest(file, "sha256").digest())
            except OSError as error:
                raise InvalidInputError(f"{self.path} holds no model: {path.name} can't be read.") from error
        return digest.hexdigest()[:_DIGEST_LENGTH]

    def check_size(self) -> None:
        if self.weights.is_file() and self.weights.stat().st_size > _LARGEST_GRAPH:
            raise InvalidInputError(
                f"{self.path} is too large for one ONNX file; EMBEDDING_PROVIDER=sentence-transformers reads it."
            )

    def _json(self, name: str, *, optional: bool = False, default: Any = None) -> Any:
        path = self.path / name
        if optional and not path.is_file():
            return {} if default is None else default
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InvalidInputError(f"{self.path} holds no model: {name} can't be read.") from error
