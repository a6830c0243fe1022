"""Losses and gradients by TensorFlow of the functions in families.ts, and weights after steps of Keras' optimizers."""

import json
import sys

import keras
import numpy as np
import tensorflow as tf


def squares(x):
    return tf.reduce_mean(tf.square(x))


def convolution(strides, padding):
    return lambda x, kernel, bias: squares(tf.nn.relu(tf.nn.conv2d(x, kernel, strides, padding) + bias))


def pooled_convolution(stride, is_reused=False):
    def loss(x, kernel, bias):
        activated = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") - 1 + bias)
        pooled = squares(tf.nn.max_pool2d(activated, 2, stride, "VALID"))
        return pooled + squares(tf.tanh(activated)) if is_reused else pooled

    return loss


def products(a, b, c):
    product = tf.matmul(a, b, transpose_a=True, transpose_b=True)
    return squares(tf.reduce_sum(tf.matmul(product, c, transpose_b=True)[None], 1) + tf.reduce_sum(product))


def batch_normalisation(x, gamma, beta):
    layer = tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, epsilon=1e-3, is_training=True)[0]
    return squares(tf.tanh(layer))


def layer_normalisation(x, gamma, beta):
    mean, variance = tf.nn.moments(x, [-1], keepdims=True)
    return squares(tf.tanh((x - mean) / tf.sqrt(variance + 1e-12) * gamma + beta))


def attention(q, k, v, mask):
    q, k, v = (tf.transpose(t, [0, 2, 1, 3]) for t in (q, k, v))
    return squares(tf.nn.softmax(tf.matmul(q, k, transpose_b=True) / 2 + mask) @ v)


def reshapes(x, y):
    cubes = tf.reshape(tf.pad(tf.concat([x[:, 1:4], y], 1), [[0, 0], [1, 0]]), [2, 2, 6])
    return tf.reduce_sum(tf.reduce_max(cubes, -1)) + tf.reduce_mean(tf.reduce_logsumexp(cubes, 1))


def dropout(x, seed, step):
    for call, rate in enumerate((0.5, 0.25)):
        u = tf.random.stateless_uniform(x.shape, [seed + call * 0x9E37, step], alg="philox")
        x = x * tf.cast(u >= rate, tf.float32) / (1 - rate)
    return squares(x)


FAMILIES = {
    "dense": lambda x, kernel, bias: squares(tf.nn.relu(x @ kernel + bias)),
    "convolution, same": convolution(1, "SAME"),
    "convolution, valid": convolution(1, "VALID"),
    "convolution, strided": convolution(2, "SAME"),
    "convolution, pooled": pooled_convolution(2),
    "convolution, pooled by windows that overlap": pooled_convolution(1),
    "convolution, pooled, and used elsewhere too": pooled_convolution(2, is_reused=True),
    "products of transposed matrices": products,
    "depthwise convolution": lambda x, kernel: squares(tf.nn.depthwise_conv2d(x, kernel, [1, 1, 1, 1], "SAME")),
    "max pooling": lambda x: squares(tf.nn.max_pool2d(x, 3, 2, "SAME")),
    "average pooling": lambda x: squares(tf.nn.avg_pool2d(x, 3, 2, "VALID")),
    "average pooling, padded": lambda x: squares(tf.nn.avg_pool2d(x, 3, 2, "SAME")),
    "batch normalisation": batch_normalisation,
    "softmax cross-entropy": lambda logits, labels: tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    ),
    "embedding": lambda table, ids: squares(tf.sin(tf.gather(table, ids))),
    "layer normalisation": layer_normalisation,
    "gelu": lambda x: squares(keras.activations.gelu(x)),
    "attention": attention,
    "reshapes, slices and reductions": reshapes,
    "choices and comparisons": lambda x, y, z: squares(
        tf.where(z > 0.1, tf.exp(x), tf.minimum(tf.square(y), tf.sigmoid(x)))
    ),
    "dropout": dropout,
}


def tensor(value):
    return tf.constant(np.array(value["values"], value["dtype"]).reshape(value["shape"]))


def differentiate(name, weights, inputs):
    weights = {key: tensor(value) for key, value in weights.items()}
    inputs = {key: value if isinstance(value, int) else tensor(value) for key, value in inputs.items()}
    with tf.GradientTape() as tape:
        for weight in weights.values():
            tape.watch(weight)
        loss = FAMILIES[name](**weights, **inputs)
    gradients = tape.gradient(loss, list(weights.values()))
    gradients = [tf.convert_to_tensor(gradient).numpy().ravel().tolist() for gradient in gradients]
    return {"loss": float(loss), "gradients": dict(zip(weights, gradients))}


def optimize(optimizer, weights, x, y, steps, rates):
    kind = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}
    rule = kind[optimizer.pop("kind")](**optimizer)
    kernel, bias = (tf.Variable(tensor(weight)) for weight in weights)
    x, y = tensor(x), tensor(y)
    for step in range(steps):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, tf.tanh(x @ kernel + bias)))
        rule.learning_rate = rates[step]
        rule.apply(tape.gradient(loss, [kernel, bias]), [kernel, bias])
    return [kernel.numpy().ravel().tolist(), bias.numpy().ravel().tolist()]


asked = json.load(sys.stdin)
answers = {
    "families": {name: differentiate(name, **case) for name, case in asked.get("families", {}).items()},
    "optimizers": {name: optimize(**case) for name, case in asked.get("optimizers", {}).items()},
}
json.dump(answers, sys.stdout)
