"""Reads a folder of checkpoints with TensorFlow's readers and writes a bundle with TF1's Saver.

Arguments: the folder; the prefix of one of its checkpoints, which the Saver restores; and the prefix
under which the Saver then saves the same variables, with a global_step beside them. Prints JSON, the
values of variables as the bits of their floats.
"""

import json
import sys

import numpy as np
import tensorflow as tf

folder, earlier, written = sys.argv[1:]


def bits(array):
    return np.ascontiguousarray(array).view(np.uint32).ravel().tolist()


state = tf.train.get_checkpoint_state(folder)
latest = tf.train.latest_checkpoint(folder)
reader = tf.train.load_checkpoint(latest)
shapes = dict(tf.train.list_variables(latest))

v1 = tf.compat.v1
with tf.Graph().as_default(), v1.Session() as session:
    variables = {name: v1.get_variable(name, shape, tf.float32, use_resource=True) for name, shape in shapes.items()}
    v1.train.Saver().restore(session, earlier)
    restored = {name: bits(session.run(v)) for name, v in variables.items()}
    step = v1.get_variable("global_step", initializer=tf.constant(7, tf.int64))
    session.run(step.initializer)
    v1.train.Saver().save(session, written, write_meta_graph=False)

print(json.dumps({
    "latest": latest,
    "all": list(state.all_model_checkpoint_paths),
    "shapes": shapes,
    "loaded": {name: bits(reader.get_tensor(name)) for name in shapes},
    "restored": restored,
}))
