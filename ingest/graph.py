"""multilingual-e5-small as an ONNX graph, written without torch: a BERT encoder, mean pooling, unit length."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from ingest.weights import Weights

INNER = (4, 8)  # layers, counted from 0, that tell more of what is asked than of what it is about


def write_graph(weights: Weights, path: Path) -> None:
    """Write the graph in float32: input_ids and attention_mask (batch × tokens) → embedding (batch × hidden), and
    inner (batch × hidden × INNER): what those layers make of the tokens, averaged."""
    onnx.save(_Graph(weights).model(), str(path))


def quantise(source: Path, target: Path) -> None:
    """Write `source` with 8-bit weights, a scale a channel, kept beside the graph so that they are mapped, not copied.

    Unsigned weights: signed ones saturate on processors without VNNI (cosine to float32 0.995 against 0.997).
    """
    quantize_dynamic(str(source), str(target), weight_type=QuantType.QUInt8, per_channel=True)
    weights = target.with_suffix(".weights")
    onnx.save(onnx.load(str(target)), str(target), save_as_external_data=True, location=weights.name)
    weights.chmod(target.stat().st_mode)  # onnx makes it for its owner alone; another account may have to serve it


class _Graph:
    """Nodes and constants as they are added; every method returns the name of its result."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def model(self) -> onnx.ModelProto:
        hidden = self.weights.size("hidden")
        mask = self.op("Cast", "attention_mask", to=TensorProto.FLOAT)
        states = self.embed()
        bias = self.attention_bias(mask)
        inner = []
        for layer in range(self.weights.size("layers")):
            states = self.encode(f"l{layer}", states, bias)
            inner += [self.average(states, mask)] if layer in INNER else []
        self.op("LpNormalization", self.average(states, mask), output="embedding", axis=-1, p=2)
        self.op("Concat", *inner, output="inner", axis=-1)
        ids = [helper.make_tensor_value_info(n, TensorProto.INT64, ["b", "s"]) for n in ("input_ids", "attention_mask")]
        sizes = {"embedding": hidden, "inner": hidden * len(INNER)}
        outs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["b", size]) for name, size in sizes.items()]
        graph = helper.make_graph(self.nodes, "e5", ids, outs, list(self.constants.values()))
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        # It is written as the quantiser wants it; without this the quantiser tells every user to prepare it first.
        helper.set_model_props(model, {"onnx.quant.pre_process": "onnxruntime.quant"})
        return model

    def op(self, kind: str, *inputs: str, output: str | None = None, **attributes: Any) -> str:
        output = output or f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def const(self, name: str, value: Any, kind: str = "f4") -> str:
        array = np.ascontiguousarray(np.asarray(value, kind))
        self.constants.setdefault(name, numpy_helper.from_array(array, name))
        return name

    def tensor(self, name: str, *shape: int) -> NDArray[np.float32]:
        return self.weights.tensors[name].reshape(shape)

    def linear(self, states: str, name: str, outputs: int, inputs: int) -> str:
        weight = self.const(f"{name}.w", self.tensor(f"{name}.w", outputs, inputs).T)
        bias = self.const(f"{name}.b", self.tensor(f"{name}.b", outputs))
        return self.op("Add", self.op("MatMul", states, weight), bias)

    def layer_norm(self, states: str, name: str) -> str:
        gain, bias = (self.const(f"{name}.{part}", self.weights.tensors[f"{name}.{part}"]) for part in "wb")
        return self.op("LayerNormalization", states, gain, bias, axis=-1, epsilon=self.weights.shape["epsilon"])

    def embed(self) -> str:
        hidden = self.weights.size("hidden")
        words = self.op("Gather", self.const("words", self.tensor("emb.word", -1, hidden)), "input_ids")
        table = self.tensor("emb.pos", -1, hidden) + self.tensor("emb.type", -1, hidden)[0]
        length = self.op("Gather", self.op("Shape", "input_ids"), self.const("axis1", [1], "i8"))
        positions = self.op("Slice", self.const("positions", table), self.const("start", [0], "i8"), length)
        return self.layer_norm(self.op("Add", words, positions), "emb.ln")

    def attention_bias(self, mask: str) -> str:
        """0 where a token may be looked at, -1e9 where it is padding."""
        wide = self.op("Unsqueeze", mask, self.const("axes12", [1, 2], "i8"))
        return self.op("Mul", self.op("Sub", self.const("one", 1), wide), self.const("never", -1e9))

    def encode(self, layer: str, states: str, bias: str) -> str:
        """One transformer layer: self-attention and a GELU feed-forward, each with residual and layer norm."""
        hidden, inner = self.weights.size("hidden"), self.weights.size("feed_forward")
        attended = self.linear(self.attend(layer, states, bias), f"{layer}.ao", hidden, hidden)
        states = self.layer_norm(self.op("Add", attended, states), f"{layer}.aln")
        raised = self.gelu(self.linear(states, f"{layer}.fi", inner, hidden))
        lowered = self.linear(raised, f"{layer}.fo", hidden, inner)
        return self.layer_norm(self.op("Add", lowered, states), f"{layer}.oln")

    def attend(self, layer: str, states: str, bias: str) -> str:
        hidden, heads = self.weights.size("hidden"), self.weights.size("heads")
        split = self.const("split", [0, 0, heads, hidden // heads], "i8")
        query, key, value = (
            self.op("Transpose", self.op("Reshape", self.linear(states, f"{layer}.{n}", hidden, hidden), split), perm=p)
            for n, p in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3]))
        )
        scaled = self.op("Mul", self.op("MatMul", query, key), self.const("scale", (hidden // heads) ** -0.5))
        weights = self.op("Softmax", self.op("Add", scaled, bias), axis=-1)
        joined = self.op("Transpose", self.op("MatMul", weights, value), perm=[0, 2, 1, 3])
        return self.op("Reshape", joined, self.const("join", [0, 0, hidden], "i8"))

    def gelu(self, states: str) -> str:
        error = self.op("Erf", self.op("Div", states, self.const("root2", 2**0.5)))
        half = self.op("Mul", states, self.const("half", 0.5))
        return self.op("Mul", half, self.op("Add", error, self.const("one", 1)))

    def average(self, states: str, mask: str) -> str:
        wide = self.op("Unsqueeze", mask, self.const("axis2", [2], "i8"))
        axis = self.const("axis1", [1], "i8")
        total = self.op("ReduceSum", self.op("Mul", states, wide), axis, keepdims=0)
        return self.op("Div", total, self.op("ReduceSum", mask, axis, keepdims=1))
