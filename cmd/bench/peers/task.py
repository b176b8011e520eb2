"""Shared by the Python programs of the benchmark: reads a task, which cmd/bench/task.go
writes as JSON.
"""
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "scripts" / "reference"))

import numpy as np

MEAN = np.array([123.68, 116.779, 103.939], np.float32)


def read(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def config(task):
    """The network in the form of scripts/reference/alexnet.py."""
    network = task["network"]
    return {"classes": network["classes"], "size": network["size"],
            "conv": network["widths"]["conv"], "fc": network["widths"]["fc"]}


def part(task, name):
    """Paths and labels of the training ("train") or validation images ("val")."""
    return [p["path"] for p in task[name]], np.array([p["label"] for p in task[name]], np.int32)


def weights(task, shapes):
    """conv1 to conv5 from the file, the other layers from Glorot's normal distribution."""
    file = np.load(task["weights"], allow_pickle=True, encoding="latin1").item()
    rng = np.random.default_rng(task["seed"])
    found = {}
    for name, shape in shapes.items():
        if name.startswith("conv"):
            found[name] = [np.asarray(a, np.float32) for a in file[name]]
            continue
        deviation = np.float32(np.sqrt(2 / sum(shape)))
        found[name] = [rng.standard_normal(shape, np.float32) * deviation, np.zeros(shape[-1], np.float32)]
    return found


def image(size):
    """A function for tf.data that maps a path and a label to an input of the network and the label."""
    import tensorflow as tf

    def prepare(path, label):
        rgb = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
        squashed = tf.compat.v1.image.resize_bilinear(rgb[None], [size, size])[0]
        return tf.ensure_shape((squashed - MEAN)[..., ::-1], [size, size, 3]), label

    return prepare


def report(epoch, accuracy=None):
    """Prints the number of completed epochs; the reader of stdout takes the time."""
    print(json.dumps({"epoch": epoch, "accuracy": accuracy}), flush=True)
