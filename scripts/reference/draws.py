"""Random numbers that training draws: dropout and the initialization of weights.

    draws.py job.json result.npz

The job lists dropouts {name, seed: [2], salt, rate, shape} and initials
{name, seed, variable, shape}; the result holds, under each name, the output of
dropout on ones, or a variable's initial values.
"""
import json
import sys

import numpy as np
import tensorflow as tf


def dropped_ones(seed, salt, rate, shape):
    """Inverted dropout of ones: zero where the draw is below the rate."""
    draw = tf.random.stateless_uniform(shape, seed=np.array(seed, np.int64) + [salt, 0])
    kept = tf.ones(shape) / (np.float32(1) - np.float32(rate))
    return tf.where(draw >= rate, kept, 0.0).numpy()


def fnv1a(text):
    """The 32-bit FNV-1a hash of a name."""
    h = 0x811C9DC5
    for byte in text.encode():
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    return h


def glorot_normal(seed, variable, shape):
    """Keras' glorot_normal, drawn for the pair of a seed and a variable's name."""
    receptive = int(np.prod(shape[:-2]))
    fan_in, fan_out = receptive * shape[-2], receptive * shape[-1]
    deviation = np.sqrt(2 / (fan_in + fan_out)) / 0.87962566103423978
    key = np.array([seed, fnv1a(variable)], np.int64)
    return (tf.random.stateless_truncated_normal(shape, seed=key) * np.float32(deviation)).numpy()


def main(job_path, result_path):
    with open(job_path, encoding="utf-8") as f:
        job = json.load(f)
    result = {d.pop("name"): dropped_ones(**d) for d in job["dropouts"]}
    result |= {i.pop("name"): glorot_normal(**i) for i in job["initials"]}
    np.savez(result_path, **result)


if __name__ == "__main__":
    main(*sys.argv[1:])
