"""`alexnet predict RUN IMAGE` in Python TensorFlow.

    predict.py RUN IMAGE

Builds the TF1 graph, restores the run's best checkpoint with the Saver, and
prints each class with its probability. The benchmark measures the whole process,
import included.
"""
import glob
import json
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1


def variables(name, shape):
    """The weights and biases of a layer, under the names that the checkpoint has."""
    return tf1.get_variable(f"{name}/weights", shape), tf1.get_variable(f"{name}/biases", shape[-1:])


def conv(x, name, shape, stride=1, padding="SAME", groups=1):
    weights, biases = variables(name, shape)
    parts = zip(tf.split(x, groups, 3), tf.split(weights, groups, 3))
    y = tf.concat([tf.nn.conv2d(a, w, stride, padding) for a, w in parts], 3)
    return tf.nn.relu(tf.nn.bias_add(y, biases))


def dense(x, name, outputs):
    weights, biases = variables(name, [x.shape[1], outputs])
    return tf.nn.bias_add(tf.matmul(x, weights), biases)


def norm(x):
    return tf.nn.local_response_normalization(x, depth_radius=2, bias=1.0, alpha=2e-5, beta=0.75)


def pool(x):
    return tf.nn.max_pool2d(x, 3, 2, "VALID")


def network(x, widths, classes):
    """The logits of images x [N,size,size,3]."""
    k, f = widths["conv"], widths["fc"]
    x = pool(norm(conv(x, "conv1", [11, 11, 3, k[0]], 4, "VALID")))
    x = pool(norm(conv(x, "conv2", [5, 5, k[0] // 2, k[1]], groups=2)))
    x = conv(x, "conv3", [3, 3, k[1], k[2]])
    x = conv(x, "conv4", [3, 3, k[2] // 2, k[3]], groups=2)
    x = pool(conv(x, "conv5", [3, 3, k[3] // 2, k[4]], groups=2))
    x = tf.reshape(x, [-1, int(np.prod(x.shape[1:]))])
    x = tf.nn.relu(dense(x, "fc6", f[0]))
    x = tf.nn.relu(dense(x, "fc7", f[1]))
    return dense(x, "fc8", classes)


def image(path, preprocessing):
    """One image [1,size,size,3] as the network reads it."""
    rgb = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
    squashed = tf1.image.resize_bilinear(rgb[None], [preprocessing["size"]] * 2)
    return (squashed - np.float32(preprocessing["mean_rgb"]))[..., ::-1]


def best(run):
    """The prefix of the run's best checkpoint, and what stands beside it."""
    found = []
    for path in glob.glob(os.path.join(run, "checkpoints", "*.ckpt.json")):
        with open(path, encoding="utf-8") as file:
            meta = json.load(file)
        metrics = meta.get("metrics") or {"accuracy": 0, "loss": 0}
        found.append((metrics["accuracy"], -metrics["loss"], meta["step"], path.removesuffix(".json"), meta))
    return max(found)[3:]


def main(run, path):
    prefix, meta = best(run)
    preprocessing = meta["model"]["preprocessing"]
    images = tf.ensure_shape(image(path, preprocessing), [1, preprocessing["size"], preprocessing["size"], 3])
    probabilities = tf.nn.softmax(network(images, meta["model"]["network"]["widths"], len(preprocessing["classes"])))
    saver = tf1.train.Saver()
    with tf1.Session() as session:
        saver.restore(session, prefix)
        found = session.run(probabilities)[0]
    ranked = sorted(zip(found, preprocessing["classes"]), reverse=True)
    print(f"{path}: " + ", ".join(f"{name} {100 * p:.1f} %" for p, name in ranked))


if __name__ == "__main__":
    tf1.disable_eager_execution()
    main(sys.argv[1], sys.argv[2])
