"""Grad-CAM on conv5 in Python's TensorFlow, on weights that the job names.

    gradcam.py job.json result.npz

The job says
    config    as alexnet.py's
    seed      of the weights
    weights   where to write them, as alexnet.py does
    images    inputs of the network, flat
    classes   a class for each
The result holds channels, the mean gradients of each image's class, and maps.
"""
import json
import sys

import numpy as np
import tensorflow as tf

import alexnet


def main(job_path, result_path):
    with open(job_path, encoding="utf-8") as f:
        job = json.load(f)
    weights = alexnet.draw_weights(job["config"], job["seed"])
    np.save(job["weights"], np.array(weights, dtype=object), allow_pickle=True)
    size = job["config"]["size"]
    images = np.array(job["images"], np.float32).reshape(-1, size, size, 3)
    with tf.Graph().as_default(), alexnet.tf1.Session() as session:
        network = alexnet.Network(weights, tf.constant(images))
        conv5 = network.activations["conv5"]
        logits = tf.gather(network.logits, job["classes"], axis=1, batch_dims=1)
        channels = tf.reduce_mean(tf.gradients(logits, conv5)[0], axis=[1, 2])
        maps = tf.nn.relu(tf.einsum("nhwk,nk->nhw", conv5, channels))
        alexnet.start(session, network)
        result = session.run({"channels": channels, "maps": maps})
    np.savez(result_path, **result)


if __name__ == "__main__":
    main(*sys.argv[1:])
