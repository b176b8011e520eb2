"""Converts a SavedModel to TensorFlow Lite and runs both on an image: lite.py DIR prints their probabilities as JSON."""

import json
import sys

import numpy as np
import tensorflow as tf

directory = sys.argv[1]
converter = tf.lite.TFLiteConverter.from_saved_model(directory, signature_keys=["resized"])
interpreter = tf.lite.Interpreter(model_content=converter.convert())
side = interpreter.get_input_details()[0]["shape"][1]
image = np.random.default_rng(1).uniform(0, 255, (1, side, side, 3)).astype(np.float32)
lite = interpreter.get_signature_runner("resized")(resized=image)["resized_probabilities"]

signatures = tf.saved_model.load(directory).signatures
saved = signatures["resized"](tf.constant(image))["resized_probabilities"].numpy()
pixels = signatures["pixels_float"](tf.constant(image))["probabilities"].numpy()
print(json.dumps({"Lite": lite[0].tolist(), "Saved": saved[0].tolist(), "Pixels": pixels[0].tolist()}))
