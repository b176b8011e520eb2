"""Prints as JSON the tensor that TensorBoard's own summary of precision and
recall holds for each {"scores": […], "positive": […]} of the JSON file given."""

import json
import sys

import numpy as np
from tensorboard.plugins.pr_curve import summary
from tensorboard.util import tensor_util

with open(sys.argv[1]) as file:
    cases = json.load(file)

curves = {}
for name, case in cases.items():
    scores = np.array(case["scores"], dtype=np.float32)
    made = summary.pb("curve", np.array(case["positive"], dtype=bool), scores)
    curves[name] = tensor_util.make_ndarray(made.value[0].tensor).ravel().tolist()
print(json.dumps(curves))
