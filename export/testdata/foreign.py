"""Writes a SavedModel that this project did not write: foreign.py DIR"""
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import tensorflow as tf


class Model(tf.Module):
    def __init__(self):
        self.w = tf.Variable(tf.random.stateless_normal([4, 3], [1, 2]), name="w")

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32), tf.TensorSpec([], tf.string)])
    def call(self, x, path):
        return {"y": x @ self.w, "text": tf.io.read_file(path)}


model = Model()
tf.saved_model.save(model, sys.argv[1], signatures=model.call)
