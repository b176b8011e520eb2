"""Prints as JSON what TensorFlow's HistogramSummary makes of each array of
float32 numbers in the JSON file given."""

import json
import sys

import tensorflow.compat.v1 as tf

with open(sys.argv[1]) as file:
    arrays = json.load(file)

histograms = {}
with tf.Graph().as_default(), tf.Session() as session:
    values = tf.placeholder(tf.float32, [None])
    summary = tf.summary.histogram("values", values)
    for name, array in arrays.items():
        made = tf.Summary.FromString(session.run(summary, {values: array}))
        histo = made.value[0].histo
        histograms[name] = {
            "min": histo.min,
            "max": histo.max,
            "num": histo.num,
            "sum": histo.sum,
            "sum_squares": histo.sum_squares,
            "bucket_limit": list(histo.bucket_limit),
            "bucket": list(histo.bucket),
        }
print(json.dumps(histograms))
