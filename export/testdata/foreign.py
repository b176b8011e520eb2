"""Writes SavedModels that no export wrote: one whose graph keeps to itself, one that reaches outside.

    foreign.py DIR
"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf


class Plain(tf.Module):
    def __init__(self):
        self.w = tf.Variable(tf.random.stateless_normal([4, 3], [1, 2]), name="w")
        self.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer([0, 1, 2], ["a", "b", "c"]), "?")

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32)])
    def call(self, x):
        y = tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), [0, x])[1]
        best = tf.argmax(tf.nn.softmax(y @ self.w), 1, tf.int32)
        return {"class": self.table.lookup(best)}


class Reaching(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def call(self, path):
        text = tf.io.read_file(path)
        tf.print(text)
        with tf.control_dependencies([tf.io.write_file("copy", text)]):
            lines = tf.data.TextLineDataset(path).map(lambda l: tf.py_function(lambda x: x, [l], tf.string))
            first = lines.take(1).get_single_element()
        saved = tf.raw_ops.SaveV2(prefix="elsewhere", tensor_names=["t"], shape_and_slices=[""], tensors=[first])
        with tf.control_dependencies([saved]):
            return {"text": tf.identity(first)}


def main(folder):
    for name, module in {"plain": Plain(), "reaching": Reaching()}.items():
        tf.saved_model.save(module, os.path.join(folder, name), signatures=module.call)


main(sys.argv[1])
