"""The jobs of cmd/bench/worker*.go in Python TensorFlow, by its usual means.

    steps.py KIND TASK

KIND is step (fc6 to fc8 trained, the same pixels each time), decode (the same,
images through tf.data), all (all layers trained), head (fc6 to fc8 from given
features), frozen (conv1 to pool5) or fill (the same, images through tf.data).
Reads a number of batches a line and prints the seconds they took.
"""
import sys
import time

import task as tasks

import tensorflow as tf

import alexnet

tf1 = tf.compat.v1


class Head(alexnet.Network):
    """fc6 to fc8, on flattened features."""

    def build(self, x):
        x = self.drop(self.fc("fc6", x, tf.nn.relu), 6)
        x = self.drop(self.fc("fc7", x, tf.nn.relu), 7)
        return self.fc("fc8", x, tf.identity)


def batches(task, batch):
    paths, labels = tasks.part(task, "train")
    data = tf.data.Dataset.from_tensor_slices((paths, labels)).shuffle(len(paths)).repeat()
    data = data.map(tasks.image(task["network"]["size"]), num_parallel_calls=tf.data.AUTOTUNE)
    return tf1.data.make_one_shot_iterator(data.batch(batch, drop_remainder=True).prefetch(2)).get_next()


def constant(shape, batch, classes):
    values = tf1.get_variable("given", initializer=tf.ones([batch, *shape]), trainable=False)
    return values, tf.range(batch) % classes


def step(network, label, layers):
    """A training step of the layers whose names begin with one of these."""
    loss = network.loss(label)
    trained = [v for name, v in network.variables.items() if name.startswith(layers)]
    return [tf1.train.GradientDescentOptimizer(1e-6).minimize(loss, var_list=trained), loss]


def build(kind, task):
    """The network, and the operations of one batch."""
    config, batch = tasks.config(task), task["batch"]
    weights = alexnet.draw_weights(config, seed=1)
    side = [config["size"], config["size"], 3]
    if kind in ("decode", "fill"):
        given, label = batches(task, batch)
    else:
        shape = [weights["fc6"][0].shape[0]] if kind == "head" else side
        given, label = constant(shape, batch, config["classes"])
    if kind in ("frozen", "fill"):
        network = alexnet.Network(weights, given)
        return network, network.activations["pool5"].op
    dropout = (0.5, tf.random.uniform([2], 0, 1 << 30, tf.int64))
    network = (Head if kind == "head" else alexnet.Network)(weights, given, dropout=dropout)
    return network, step(network, label, ("conv", "fc") if kind == "all" else "fc")


def main(kind, task):
    network, what = build(kind, task)
    with tf1.Session() as session:
        alexnet.start(session, network)
        for line in sys.stdin:
            began = time.perf_counter()
            for _ in range(int(line)):
                session.run(what)
            print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    tf1.disable_eager_execution()
    main(sys.argv[1], tasks.read(sys.argv[2]))
