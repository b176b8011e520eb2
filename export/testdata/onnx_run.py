"""Checks ONNX models and runs them: onnx_run.py MANIFEST prints the probabilities of each image as JSON, by model."""

import json
import sys

import numpy as np
import onnx
import onnxruntime
import tensorflow as tf

answers = {}
for name, request in json.load(open(sys.argv[1])).items():
    onnx.checker.check_model(request["model"], full_check=True)
    session = onnxruntime.InferenceSession(request["model"], providers=["CPUExecutionProvider"])
    assert [i.name for i in session.get_inputs()] == ["images"]
    assert session.get_outputs()[0].name == "probabilities"
    answers[name] = []
    for path in request["images"]:
        pixels = tf.io.decode_image(open(path, "rb").read(), channels=3, expand_animations=False).numpy()
        one = session.run(None, {"images": pixels[np.newaxis]})[0]
        two = session.run(None, {"images": np.stack([pixels, pixels[:, ::-1]])})[0]
        assert two.shape[0] == 2 and np.allclose(two[0], one[0], atol=1e-5), (path, one, two)
        answers[name].append(one[0].tolist())
print(json.dumps(answers))
