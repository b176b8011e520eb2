"""Bundles as TensorFlow writes them, and what it reads back from them.

    write.py folder

Writes one bundle for each function below, under its name, and prints JSON:
for each bundle, for each variable, its type, shape and, unless it holds
strings, its bytes in hexadecimal.
"""
import json
import os
import sys

import numpy as np
import tensorflow as tf

tf1 = tf.compat.v1


def graph_saver(prefix, build, **options):
    """Saves what build makes with TensorFlow 1's Saver."""
    with tf.Graph().as_default():
        build()
        saver = tf1.train.Saver(**options)
        config = tf1.ConfigProto(device_count={"CPU": 2})
        with tf1.Session(config=config) as session:
            session.run(tf1.global_variables_initializer())
            saver.save(session, prefix, write_meta_graph=False, write_state=False)


def small(prefix):
    def build():
        tf1.get_variable("conv1/weights", initializer=np.arange(6, dtype=np.float32).reshape(2, 3) / 4)
        tf1.get_variable("conv1/biases", initializer=np.float32([-0.5, 0.5, 1]))
        tf1.get_variable("global_step", initializer=np.int64(450000))
    graph_saver(prefix, build)


def odd_values(prefix):
    bits = np.array([0, 0x80000000, 1, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7FA12345, 0x007FFFFF], np.uint32)
    def build():
        tf1.get_variable("bits", initializer=bits.view(np.float32))
        tf1.get_variable("empty", initializer=np.zeros([0, 3], np.float32))
        tf1.get_variable("large", initializer=np.random.RandomState(1).randn(300, 500).astype(np.float32))
        tf1.get_variable("scalar", initializer=np.float32(2.5))
    graph_saver(prefix, build)


def sharded(prefix):
    def build():
        for device in range(2):
            with tf.device(f"/cpu:{device}"):
                tf1.get_variable(f"fc{device}/weights", initializer=np.random.RandomState(device).randn(4, 5).astype(np.float32))
                tf1.get_variable(f"fc{device}/biases", initializer=np.float32([device, 7]))
    graph_saver(prefix, build, sharded=True)


def partitioned(prefix):
    def build():
        tf1.get_variable("cut", [6, 2], initializer=tf1.ones_initializer(), partitioner=tf1.fixed_size_partitioner(3))
        tf1.get_variable("whole", initializer=np.float32([1, 2]))
    graph_saver(prefix, build)


def unaligned(prefix):
    save(prefix, {"a_flag": np.array(True), "b": np.float32([1, 2, 3]), "c_name": np.array(b"alexnet"), "d": np.float64([1, 2])})


def many(prefix):
    """More names than one block of the index holds."""
    save(prefix, {f"{'tower/' * 30}{i % 7}/layer_{i:04}/weights": np.float32([i]) for i in range(8000)})


def objects(prefix):
    checkpoint = tf.train.Checkpoint(step=tf.Variable(3, dtype=tf.int64), kernel=tf.Variable(tf.random.stateless_normal([5, 4], [1, 2])))
    checkpoint.write(prefix)


def save(prefix, tensors):
    names = list(tensors)
    tf.raw_ops.SaveV2(prefix=prefix, tensor_names=names, shape_and_slices=[""] * len(names), tensors=list(tensors.values()))


def read(prefix):
    reader = tf.train.load_checkpoint(prefix)
    variables = {}
    for name, dtype in reader.get_variable_to_dtype_map().items():
        value = np.asarray(reader.get_tensor(name))
        variables[name] = {
            "type": tf.as_dtype(dtype).as_datatype_enum,
            "shape": list(value.shape),
            "hex": None if dtype == tf.string else value.tobytes().hex(),
        }
    return variables


if __name__ == "__main__":
    bundles = {}
    for write in small, odd_values, sharded, partitioned, unaligned, many, objects:
        prefix = os.path.join(sys.argv[1], write.__name__)
        write(prefix)
        bundles[write.__name__] = read(prefix)
    json.dump(bundles, sys.stdout)
