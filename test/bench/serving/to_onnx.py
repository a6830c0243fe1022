"""Writes a Keras model of convolutions, pools and dense layers as ONNX: to_onnx.py MODEL.h5 MODEL.onnx"""

import sys

import numpy as np
import tf_keras
from onnx import TensorProto, helper, numpy_helper, save

model = tf_keras.models.load_model(sys.argv[1], compile=False)
nodes, weights, count = [], [], 0


def add(op, inputs, **attributes):
    global count
    count += 1
    nodes.append(helper.make_node(op, inputs, [f"t{count}"], **attributes))
    return f"t{count}"


def constant(name, values):
    weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
    return name


value = add("Transpose", ["images"], perm=[0, 3, 1, 2])
flat = False
for layer in model.layers:
    kind, name = type(layer).__name__, layer.name
    activation = getattr(layer, "activation", None)
    if kind == "Conv2D":
        kernel, bias = layer.get_weights()
        inputs = [value, constant(f"{name}_k", kernel.transpose(3, 2, 0, 1)), constant(f"{name}_b", bias)]
        value = add("Conv", inputs, pads=[1, 1, 1, 1], kernel_shape=[3, 3])
    elif kind == "MaxPooling2D":
        value = add("MaxPool", [value], kernel_shape=[2, 2], strides=[2, 2])
    elif kind == "Flatten":
        value = add("Flatten", [add("Transpose", [value], perm=[0, 2, 3, 1])])
    elif kind == "Dense":
        kernel, bias = layer.get_weights()
        value = add("Gemm", [value, constant(f"{name}_k", kernel), constant(f"{name}_b", bias)])
    elif kind not in ("Activation", "InputLayer"):
        raise SystemExit(f"no ONNX for a {kind}")
    if activation is not None and activation.__name__ == "relu":
        value = add("Relu", [value])
    elif activation is not None and activation.__name__ == "softmax":
        value = add("Softmax", [value], axis=1)
images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["rows", 32, 32, 3])
answer = helper.make_tensor_value_info(value, TensorProto.FLOAT, ["rows", 10])
graph = helper.make_graph(nodes, "cnn", [images], [answer], weights)
save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), sys.argv[2])
