"""The network in ONNX: Gemm and activation, layer by layer, in single precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

from .network import PlainLayer, PlainNetwork

__all__ = ["OPSET", "model"]

#: Operators of 2021, which every runtime knows; and the release of the file format that came with them.
OPSET, _IR = 13, 7

_OPERATORS = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "linear": "Identity"}


def model(network: PlainNetwork) -> bytes:
    """A model from ``x`` (samples, inputs) to ``y`` (samples, outputs), as checked by ONNX itself."""
    nodes, tensors, before = [], [], "x"
    for index, layer in enumerate(network.layers):
        after = "y" if layer is network.layers[-1] else f"layer_{index}.output"
        more_nodes, more_tensors = _nodes(f"layer_{index}", layer, before, after)
        nodes += more_nodes
        tensors += more_tensors
        before = after
    graph = helper.make_graph(
        nodes,
        network.name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["samples", network.layers[0].inputs])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["samples", network.layers[-1].neurons])],
        initializer=tensors,
        doc_string=network.about,
    )
    made = helper.make_model(
        graph, producer_name="mgd_hdl", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=_IR
    )
    checker.check_model(made, full_check=True)
    found: bytes = made.SerializeToString(deterministic=True)
    return found


def _nodes(name: str, layer: PlainLayer, before: str, after: str) -> tuple[list[Any], list[Any]]:
    """Nodes of a layer, and the tensors that they take."""
    values = {"weight": layer.weight, "bias": layer.bias, **layer.defects}
    tensors = [
        numpy_helper.from_array(each.astype(np.float32), f"{name}.{kind}") for kind, each in values.items()
    ]
    chain: list[tuple[str, list[str], dict[str, int]]] = [("Gemm", ["weight", "bias"], {"transB": 1})]
    if layer.defects:
        chain += [("Sub", ["shift"], {}), ("Mul", ["gain"], {})]
    chain.append((_OPERATORS[layer.activation], [], {}))
    if layer.defects:
        chain += [("Mul", ["height"], {}), ("Add", ["offset"], {})]
    nodes = []
    for number, (operator, taken, attributes) in enumerate(chain):
        last = number == len(chain) - 1
        output = after if last else f"{name}.{number}"
        inputs = [before, *(f"{name}.{each}" for each in taken)]
        nodes.append(
            helper.make_node(operator, inputs, [output], f"{name}.{operator}_{number}", **attributes)
        )
        before = output
    return nodes, tensors
