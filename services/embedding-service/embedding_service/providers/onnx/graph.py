"""BERT as an ONNX graph, written from its weights alone: a sentence encoder or a classifier of pairs.

The encoder is Devlin et al. 2019 (https://arxiv.org/abs/1810.04805), and RoBERTa's (Liu et al. 2019,
https://arxiv.org/abs/1907.11692) but for where positions begin; pooling over the real tokens and the unit length are
those of Sentence-BERT (Reimers and Gurevych 2019, https://arxiv.org/abs/1908.10084). The classifier's head is that of
`BertForSequenceClassification`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from flash_core.errors import InvalidInputError

SEGMENTS: Final = "token_type_ids"
INPUTS: Final = ("input_ids", "attention_mask", SEGMENTS)
EMBEDDING: Final = "embedding"
LOGITS: Final = "logits"

_OPSET: Final = 20  # the first one with Gelu
_IR_VERSION: Final = 9  # the one that came with opset 20
_MASKED: Final = np.float32(-1e4)  # added to the score of a padding token; exp() of it is 0 in float32


class Pooling(StrEnum):
    """How a sentence's vector comes out of its tokens': their mean, or the first one's."""

    MEAN = "mean"
    CLS = "cls"


@dataclass(frozen=True, slots=True)
class BertShape:
    """The numbers of `config.json` that the graph needs. RoBERTa's positions begin behind its padding token."""

    hidden_size: int
    layers: int
    heads: int
    epsilon: float
    first_position: int = 0

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.heads


def bert_sentence_encoder(
    weights: Mapping[str, NDArray[np.float32]], shape: BertShape, pooling: Pooling
) -> onnx.ModelProto:
    """Token ids, mask and segment ids, each (batch, tokens) int64 → `embedding`, (batch, hidden) float32 of norm 1."""
    builder = _GraphBuilder(weights)
    encoder = _BertEncoder(builder, shape)
    states = encoder.hidden_states()
    pooled = encoder.mean(states) if pooling is Pooling.MEAN else encoder.first(states)
    builder.node("LpNormalization", pooled, output=EMBEDDING, axis=1, p=2)
    return builder.model(EMBEDDING, shape.hidden_size)


def bert_pair_classifier(
    weights: Mapping[str, NDArray[np.float32]], shape: BertShape, *, labels: int
) -> onnx.ModelProto:
    """Token ids, mask and segment ids, each (batch, tokens) int64 → `logits`, (batch, labels) float32."""
    builder = _GraphBuilder(weights)
    encoder = _BertEncoder(builder, shape)
    first = builder.linear(encoder.first(encoder.hidden_states()), "pooler.dense")
    builder.node("Identity", builder.linear(builder.node("Tanh", first), "classifier"), output=LOGITS)
    return builder.model(LOGITS, labels)


class _GraphBuilder:
    """Collects nodes and constants; every method returns the name of the value it adds."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def node(self, operator: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        output = output or f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(value, name)
        return name

    def integers(self, *values: int) -> str:
        return self.constant(f"integers_{'_'.join(map(str, values))}", np.array(values, np.int64))

    def number(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, np.float32))

    def weight(self, name: str) -> str:
        return self.constant(name, self._stored(name))

    def linear(self, values: str, layer: str) -> str:
        matrix = self.constant(f"{layer}.weight.T", self._stored(f"{layer}.weight").T)
        return self.node("Add", self.node("MatMul", values, matrix), self.weight(f"{layer}.bias"))

    def _stored(self, name: str) -> NDArray[np.float32]:
        if name not in self._weights:
            raise InvalidInputError(f"The weights hold no {name}: this is another model than config.json says.")
        return self._weights[name]

    def layer_norm(self, values: str, layer: str, epsilon: float) -> str:
        scale, bias = self.weight(f"{layer}.weight"), self.weight(f"{layer}.bias")
        return self.node("LayerNormalization", values, scale, bias, axis=-1, epsilon=epsilon)

    def model(self, output: str, width: int) -> onnx.ModelProto:
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in INPUTS]
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", width])]
        graph = helper.make_graph(self._nodes, "bert", inputs, outputs, list(self._constants.values()))
        opset = helper.make_opsetid("", _OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION)
        onnx.checker.check_model(model)
        return model


class _BertEncoder:
    def __init__(self, builder: _GraphBuilder, shape: BertShape) -> None:
        self._add = builder
        self._shape = shape
        self._split_heads = builder.integers(0, 0, shape.heads, shape.head_size)
        self._join_heads = builder.integers(0, 0, shape.hidden_size)
        self._mask = builder.node("Cast", "attention_mask", to=TensorProto.FLOAT)
        self._mask_bias = self._bias_of_padding()

    def hidden_states(self) -> str:
        """(batch, tokens, hidden)."""
        states = self._embeddings()
        for number in range(self._shape.layers):
            states = self._layer(states, f"encoder.layer.{number}")
        return states

    def mean(self, states: str) -> str:
        """Over the real tokens: (batch, hidden)."""
        token_axis = self._add.integers(1)
        mask = self._add.node("Unsqueeze", self._mask, self._add.integers(2))
        total = self._add.node("ReduceSum", self._add.node("Mul", states, mask), token_axis, keepdims=0)
        count = self._add.node("ReduceSum", mask, token_axis, keepdims=0)
        return self._add.node("Div", total, count)

    def first(self, states: str) -> str:
        """The state of the first token, [CLS]: (batch, hidden)."""
        return self._add.node("Gather", states, self._add.constant("first_token", np.array(0, np.int64)), axis=1)

    def _bias_of_padding(self) -> str:
        """0 at real tokens, `_MASKED` at padding: (batch, 1, 1, tokens)."""
        mask = self._add.node("Unsqueeze", self._mask, self._add.integers(1, 2))
        padding = self._add.node("Sub", self._add.number("one", 1.0), mask)
        return self._add.node("Mul", padding, self._add.number("masked", float(_MASKED)))

    def _embeddings(self) -> str:
        words = self._add.node("Gather", self._table("word"), "input_ids")
        segments = self._add.node("Gather", self._table("token_type"), SEGMENTS)
        length = self._add.node("Shape", "input_ids", start=1, end=2)
        first, axis = self._add.integers(self._shape.first_position), self._add.integers(0)
        end = self._add.node("Add", length, first)
        positions = self._add.node("Slice", self._table("position"), first, end, axis)
        total = self._add.node("Add", self._add.node("Add", words, segments), positions)
        return self._add.layer_norm(total, "embeddings.LayerNorm", self._shape.epsilon)

    def _table(self, kind: str) -> str:
        return self._add.weight(f"embeddings.{kind}_embeddings.weight")

    def _layer(self, states: str, layer: str) -> str:
        attended = self._add.linear(
            self._attention(states, f"{layer}.attention.self"), f"{layer}.attention.output.dense"
        )
        states = self._residual(attended, states, f"{layer}.attention.output.LayerNorm")
        widened = self._add.node("Gelu", self._add.linear(states, f"{layer}.intermediate.dense"))
        return self._residual(self._add.linear(widened, f"{layer}.output.dense"), states, f"{layer}.output.LayerNorm")

    def _residual(self, values: str, states: str, norm: str) -> str:
        return self._add.layer_norm(self._add.node("Add", values, states), norm, self._shape.epsilon)

    def _attention(self, states: str, layer: str) -> str:
        query = self._heads(states, f"{layer}.query", [0, 2, 1, 3])
        key = self._heads(states, f"{layer}.key", [0, 2, 3, 1])  # transposed for the product with the query
        value = self._heads(states, f"{layer}.value", [0, 2, 1, 3])
        scale = self._add.number("attention_scale", self._shape.head_size**-0.5)
        scores = self._add.node("Mul", self._add.node("MatMul", query, key), scale)
        shares = self._add.node("Softmax", self._add.node("Add", scores, self._mask_bias), axis=-1)
        context = self._add.node("Transpose", self._add.node("MatMul", shares, value), perm=[0, 2, 1, 3])
        return self._add.node("Reshape", context, self._join_heads)

    def _heads(self, states: str, layer: str, order: list[int]) -> str:
        split = self._add.node("Reshape", self._add.linear(states, layer), self._split_heads)
        return self._add.node("Transpose", split, perm=order)
