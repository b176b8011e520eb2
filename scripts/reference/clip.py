"""Gradients clipped by tf.clip_by_global_norm.

    clip.py job.json result.npz

The job holds cases, each {name, limit, gradients}, a gradient being
{shape, values}. The result holds <name>/norm and <name>/<i> for each gradient.
"""
import json
import sys

import numpy as np
import tensorflow as tf


def main(job, result):
    arrays = {}
    with open(job) as f:
        cases = json.load(f)["cases"]
    for case in cases:
        grads = [np.array(g["values"], np.float32).reshape(g["shape"]) for g in case["gradients"]]
        clipped, norm = tf.clip_by_global_norm([tf.constant(g) for g in grads], case["limit"])
        arrays[case["name"] + "/norm"] = norm.numpy()
        for i, c in enumerate(clipped):
            arrays[f"{case['name']}/{i}"] = c.numpy()
    np.savez(result, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
