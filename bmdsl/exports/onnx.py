"""ONNX, read by most runtimes. An extra: `pip install "bmdsl[onnx]"`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..language.diagnostics import fail
from ..language.vocabulary import Word
from .network import Network

WORD = Word("onnx", summary='ONNX graph of Gemm and activations; needs pip install "bmdsl[onnx]"')
SUFFIX = ".onnx"
OPERATORS = {
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "softplus": "Softplus",
    "softmax": "Softmax",
    "identity": "Identity",
}


def write(network: Network, path: Path) -> None:
    """Input `v` [cases, size], output `h` [cases, size of the last layer].

    BmError BM932 where the package is missing.
    """
    try:
        from onnx import TensorProto, checker, helper, numpy_helper, save
    except ImportError:
        raise fail(
            "BM932",
            "ONNX files are written by the package onnx, which is not installed",
            help='pip install "bmdsl[onnx]"',
        ) from None
    nodes, weights, at = [], [], "v"
    for k, layer in enumerate(network.layers):
        last = k + 1 == len(network.layers)
        for name, x in ((f"W{k}", layer.weight), (f"b{k}", layer.bias)):
            weights.append(numpy_helper.from_array(np.asarray(x, np.float32), name))
        nodes.append(helper.make_node("Gemm", [at, f"W{k}", f"b{k}"], [f"eta{k}"], transB=1))
        at = "h" if last else f"h{k}"
        nodes.append(helper.make_node(OPERATORS[layer.activation], [f"eta{k}"], [at]))
    sizes = network.layers[0].weight.shape[1], network.layers[-1].weight.shape[0]
    ends = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, ["cases", size])
        for n, size in zip("vh", sizes, strict=True)
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], weights)
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="bmdsl"
    )
    checker.check_model(model)
    save(model, str(path))
