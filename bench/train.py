"""The training step of bench/worker.go in Python TensorFlow, by its usual means.

    train.py PICTURES BATCH DECODE

Reads a number of updates a line and answers with the seconds they took. With
DECODE "true" the pictures come through tf.data, otherwise the same pixels stay
in TensorFlow's memory.
"""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "scripts" / "reference"))

import numpy as np
import tensorflow as tf

import alexnet

tf1 = tf.compat.v1
MEAN = np.array([123.68, 116.779, 103.939], np.float32)
BVLC = {"conv": [96, 256, 384, 384, 256], "fc": [4096, 4096]}


def labelled(folder):
    """The pictures of folder/train/<class>/ or folder/<class>/, and their classes."""
    root = pathlib.Path(folder)
    root = root / "train" if (root / "train").is_dir() else root
    classes = sorted(p.name for p in root.iterdir() if p.is_dir())
    found = [(str(p), i) for i, c in enumerate(classes) for p in sorted((root / c).iterdir())]
    if not classes:
        # The original's flat layout: cat.0.jpg dog.0.jpg.
        names = sorted(root.glob("*.*.*"))
        classes = sorted({p.name.split(".")[0] for p in names})
        found = [(str(p), classes.index(p.name.split(".")[0])) for p in names]
    np.random.default_rng(1).shuffle(found)
    return [p for p, _ in found], [int(l) for _, l in found], len(classes)


def picture(path, label):
    rgb = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
    squashed = tf1.image.resize_bilinear(rgb[None], [227, 227])[0]
    return (squashed - MEAN)[..., ::-1], label


def batches(paths, labels, batch):
    data = tf.data.Dataset.from_tensor_slices((paths, np.int32(labels))).repeat()
    data = data.map(picture, num_parallel_calls=tf.data.AUTOTUNE)
    return tf1.data.make_one_shot_iterator(data.batch(batch, drop_remainder=True).prefetch(2)).get_next()


def pixels(classes, batch):
    images = tf1.get_variable("pixels", initializer=tf.zeros([batch, 227, 227, 3]), trainable=False)
    return images, tf.range(batch) % classes


def main(folder, batch, decode):
    paths, labels, classes = labelled(folder)
    images, label = batches(paths, labels, batch) if decode else pixels(classes, batch)
    images.set_shape([batch, 227, 227, 3])
    weights = alexnet.draw_weights({"classes": classes, "size": 227, **BVLC}, seed=1)
    network = alexnet.Network(weights, images, dropout=(0.5, tf.random.uniform([2], 0, 1 << 30, tf.int64)))
    loss = network.loss(label)
    head = [v for name, v in network.variables.items() if name.startswith("fc")]
    update = tf1.train.GradientDescentOptimizer(1e-6).minimize(loss, var_list=head)
    with tf1.Session() as session:
        alexnet.start(session, network)
        for line in sys.stdin:
            began = time.perf_counter()
            for _ in range(int(line)):
                session.run([update, loss])
            print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    tf1.disable_eager_execution()
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "true")
