"""AlexNet in Python, in TensorFlow's graph mode: the reference for numerical parity.

    alexnet.py job.json result.npz

The job says
    config    classes, size, widths of the convolutions (conv) and of fc6, fc7
              (fc), arch: bvlc, which is the default, or owt for torchvision's
    seed      of the weights
    weights   where to write them: a pickled {layer: [weights, biases]} as .npy
    images    items as in preprocessing.py, a batch in this order
    labels    a class for each
    gradients whether to differentiate
    traces    trainings from those weights, each {name, optimizer, rate, steps,
              dropout, seed}; the batch stays the same, the dropout's seed is
              [seed, step]
The result holds activations/<layer>, loss, gradients/<variable> and
traces/<name>/<step>, the loss before each step.
"""
import json
import sys

import numpy as np
import tensorflow as tf

import preprocessing

tf1 = tf.compat.v1


def shapes(classes, size, conv, fc, arch="bvlc"):
    """The eight layers' weights, from the input up."""
    pad, groups = (0, 2) if arch == "bvlc" else (2, 1)
    side = (size + 2 * pad - 11) // 4 + 1
    for _ in range(3):
        side = (side - 3) // 2 + 1
    return {
        "conv1": [11, 11, 3, conv[0]],
        "conv2": [5, 5, conv[0] // groups, conv[1]],
        "conv3": [3, 3, conv[1], conv[2]],
        "conv4": [3, 3, conv[2] // groups, conv[3]],
        "conv5": [3, 3, conv[3] // groups, conv[4]],
        "fc6": [side * side * conv[4], fc[0]],
        "fc7": [fc[0], fc[1]],
        "fc8": [fc[1], classes],
    }


def draw_weights(config, seed):
    """He initialization for the layers with ReLU; fc8's scale keeps the logits near one."""
    rng = np.random.default_rng(seed)
    weights = {}
    for name, shape in shapes(**config).items():
        fan_in = np.prod(shape[:-1])
        deviation = np.sqrt(2 / fan_in) if name != "fc8" else 0.02 / np.sqrt(fan_in)
        w = rng.standard_normal(shape, np.float32) * np.float32(deviation)
        b = rng.standard_normal(shape[-1], np.float32) * np.float32(0.1)
        weights[name] = [w, b]
    return weights


class Network:
    """The layers on the default graph."""

    def __init__(self, weights, images, dropout=None):
        self.given = weights
        self.initial = {}    # placeholder -> initial value
        self.variables = {}  # conv1/weights -> variable
        self.dropout = dropout
        self.activations = {}
        self.logits = self.build(images)

    def build(self, x):
        x = self.conv("conv1", x, 4, "VALID", 1)
        x = self.pool("pool1", self.norm("norm1", x))
        x = self.conv("conv2", x, 1, "SAME", 2)
        x = self.pool("pool2", self.norm("norm2", x))
        x = self.conv("conv3", x, 1, "SAME", 1)
        x = self.conv("conv4", x, 1, "SAME", 2)
        x = self.pool("pool5", self.conv("conv5", x, 1, "SAME", 2))
        x = tf.reshape(x, [-1, int(np.prod(x.shape[1:]))])
        x = self.drop(self.fc("fc6", x, tf.nn.relu), 6)
        x = self.drop(self.fc("fc7", x, tf.nn.relu), 7)
        return self.fc("fc8", x, tf.identity)

    def variable(self, layer, kind):
        value = self.given[layer][["weights", "biases"].index(kind)]
        first = tf1.placeholder(tf.float32, value.shape)
        self.initial[first] = value
        name = f"{layer}/{kind}"
        self.variables[name] = tf1.get_variable(name, initializer=first, use_resource=True)
        return self.variables[name]

    def conv(self, name, x, stride, padding, groups):
        w, b = self.variable(name, "weights"), self.variable(name, "biases")
        parts = zip(tf.split(x, groups, axis=3), tf.split(w, groups, axis=3))
        y = tf.concat([tf.nn.conv2d(p, f, strides=stride, padding=padding) for p, f in parts], axis=3)
        return self.keep(name, tf.nn.relu(tf.nn.bias_add(y, b)))

    def norm(self, name, x):
        return self.keep(name, tf.nn.local_response_normalization(
            x, depth_radius=2, alpha=2e-5, beta=0.75, bias=1.0))

    def pool(self, name, x):
        return self.keep(name, tf.nn.max_pool2d(x, ksize=3, strides=2, padding="VALID"))

    def fc(self, name, x, activation):
        w, b = self.variable(name, "weights"), self.variable(name, "biases")
        return self.keep(name, activation(tf.matmul(x, w) + b))

    def drop(self, x, salt):
        if self.dropout is None:
            return x
        rate, seed = self.dropout
        draw = tf.random.stateless_uniform(tf.shape(x), seed=seed + tf.constant([salt, 0], tf.int64))
        return tf.where(draw >= rate, x / (1 - rate), tf.zeros_like(x))

    def keep(self, name, x):
        self.activations[name] = x
        return x

    def loss(self, labels):
        one_hot = tf.one_hot(labels, self.logits.shape[1])
        return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(labels=one_hot, logits=self.logits))


class OWT(Network):
    """torchvision's AlexNet, with fc6 reading NHWC."""

    def build(self, x):
        x = self.pool("pool1", self.conv("conv1", x, 4, [[0, 0], [2, 2], [2, 2], [0, 0]], 1))
        x = self.pool("pool2", self.conv("conv2", x, 1, "SAME", 1))
        x = self.conv("conv3", x, 1, "SAME", 1)
        x = self.conv("conv4", x, 1, "SAME", 1)
        x = self.pool("pool5", self.conv("conv5", x, 1, "SAME", 1))
        x = tf.reshape(x, [-1, int(np.prod(x.shape[1:]))])
        x = self.fc("fc6", self.drop(x, 5), tf.nn.relu)
        x = self.fc("fc7", self.drop(x, 6), tf.nn.relu)
        return self.fc("fc8", x, tf.identity)


NETWORKS = {"bvlc": Network, "owt": OWT}

OPTIMIZERS = {
    "gd": tf1.train.GradientDescentOptimizer,
    "momentum": lambda rate: tf1.train.MomentumOptimizer(rate, 0.9),
    "adam": tf1.train.AdamOptimizer,
}


def start(session, network):
    session.run(tf1.global_variables_initializer(), network.initial)


def evaluate(network_class, weights, images, labels, gradients):
    """Every activation, the loss, and its gradients if requested."""
    with tf.Graph().as_default(), tf1.Session() as session:
        network = network_class(weights, tf.constant(images))
        loss = network.loss(labels)
        fetch = {"activations/" + k: v for k, v in network.activations.items()} | {"loss": loss}
        if gradients:
            by = tf.gradients(loss, list(network.variables.values()))
            fetch |= {"gradients/" + k: g for k, g in zip(network.variables, by)}
        start(session, network)
        return session.run(fetch)


def trace(network_class, weights, images, labels, *, optimizer, rate, steps, dropout, seed):
    """The losses of the first steps when all layers are trained."""
    with tf.Graph().as_default(), tf1.Session() as session:
        key = tf1.placeholder(tf.int64, [2])
        network = network_class(weights, tf.constant(images), (tf.constant(dropout, tf.float32), key))
        loss = network.loss(labels)
        update = OPTIMIZERS[optimizer](rate).minimize(loss)
        start(session, network)
        return [session.run([loss, update], {key: [seed, step]})[0] for step in range(steps)]


def main(job_path, result_path):
    with open(job_path, encoding="utf-8") as f:
        job = json.load(f)
    weights = draw_weights(job["config"], job["seed"])
    np.save(job["weights"], np.array(weights, dtype=object), allow_pickle=True)
    items = [{k: v for k, v in p.items() if k != "name"} for p in job["images"]]
    images = np.stack([preprocessing.prepare(**i) for i in items])
    network_class = NETWORKS[job["config"].get("arch", "bvlc")]
    result = evaluate(network_class, weights, images, job["labels"], job["gradients"])
    for t in job["traces"]:
        name = t.pop("name")
        losses = trace(network_class, weights, images, job["labels"], **t)
        result |= {f"traces/{name}/{step}": loss for step, loss in enumerate(losses)}
    np.savez(result_path, **{k: np.asarray(v, np.float32) for k, v in result.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])
