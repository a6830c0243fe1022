"""The text model by TensorFlow: one compiled function over the checkpoint's own weights, for batches of any shape."""

import json
from pathlib import Path

import tensorflow as tf
from safetensors.numpy import load_file


def load(folder):
    """Gives the classes, and what computes the probabilities of what a tokenizer made of texts."""
    config = json.loads(Path(folder, "config.json").read_text())
    weights = {name: tf.constant(values) for name, values in load_file(Path(folder, "model.safetensors")).items()}
    hidden, heads = config["hidden_size"], config["num_attention_heads"]

    def linear(x, name):
        return tf.nn.bias_add(tf.matmul(x, weights[f"{name}.weight"], transpose_b=True), weights[f"{name}.bias"])

    def norm(x, name):
        mean, variance = tf.nn.moments(x, -1, keepdims=True)
        scale, offset = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return tf.nn.batch_normalization(x, mean, variance, offset, scale, config["layer_norm_eps"])

    def block(states, rows, mask, name):
        def split(part):
            cube = tf.reshape(linear(states, f"{name}.attention.self.{part}"), [rows, -1, heads, hidden // heads])
            return tf.transpose(cube, [0, 2, 1, 3])

        scores = tf.matmul(split("query"), split("key"), transpose_b=True) * (hidden // heads) ** -0.5 + mask
        mixed = tf.transpose(tf.matmul(tf.nn.softmax(scores), split("value")), [0, 2, 1, 3])
        attended = linear(tf.reshape(mixed, [-1, hidden]), f"{name}.attention.output.dense")
        between = norm(attended + states, f"{name}.attention.output.LayerNorm")
        inner = linear(tf.nn.gelu(linear(between, f"{name}.intermediate.dense")), f"{name}.output.dense")
        return norm(inner + between, f"{name}.output.LayerNorm")

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int64), tf.TensorSpec([None, None], tf.int64)])
    def predict(ids, attention):
        rows, tokens = tf.unstack(tf.shape(ids))
        mask = (1 - tf.cast(attention, tf.float32))[:, None, None, :] * -1e9
        embeddings = "bert.embeddings"
        table = {name: weights[f"{embeddings}.{name}_embeddings.weight"] for name in ("word", "position", "token_type")}
        sums = tf.gather(table["word"], ids) + table["position"][:tokens] + table["token_type"][0]
        states = norm(tf.reshape(sums, [-1, hidden]), f"{embeddings}.LayerNorm")
        for index in range(config["num_hidden_layers"]):
            states = block(states, rows, mask, f"bert.encoder.layer.{index}")
        firsts = tf.reshape(states, [rows, tokens, hidden])[:, 0]
        pooled = tf.tanh(linear(firsts, "bert.pooler.dense"))
        return tf.nn.softmax(linear(pooled, "classifier"))

    classes = [config["id2label"][str(index)] for index in range(len(config["id2label"]))]
    return classes, lambda inputs: predict(inputs["input_ids"], inputs["attention_mask"]).numpy().tolist()
