"""Runs SavedModels as Python programs do: load.py tf2|tf1 MANIFEST prints what they answer as JSON."""

import json
import sys

import numpy as np
import tensorflow as tf


def read(pictures):
    return [open(p["path"], "rb").read() for p in pictures], [p["orientation"] for p in pictures]


def text(values):
    return [v.decode() for v in np.ravel(values)]


def answer(run, pictures):
    """What every loader is asked; run(signature, **inputs) gives arrays by name."""
    encoded, orientations = read(pictures)
    plain = run("serving_default", images=encoded)
    return {
        "oriented": run("oriented", images=encoded, orientations=orientations)["probabilities"].tolist(),
        "serving_default": plain["probabilities"].tolist(),
        "class": text(plain["class"]),
        "top_classes": [text(row) for row in plain["top_classes"]],
        "top_probabilities": plain["top_probabilities"].tolist(),
    }


def features_error(run, variables, encoded):
    """How far the last layers, computed from the features by NumPy, are from the model's own."""
    given = run("features", images=encoded)
    v = {name.split(":")[0]: value for name, value in variables.items()}
    flat = given["pool5"].reshape(len(encoded), -1)
    fc6 = np.maximum(flat @ v["fc6/weights"] + v["fc6/biases"], 0)
    fc7 = np.maximum(fc6 @ v["fc7/weights"] + v["fc7/biases"], 0)
    logits = given["fc7"] @ v["fc8/weights"] + v["fc8/biases"]
    odds = np.exp(logits - logits.max(1, keepdims=True))
    own = run("serving_default", images=encoded)["probabilities"]
    scale = np.abs(fc7).max()
    return float(max(np.abs(fc7 - given["fc7"]).max() / scale, np.abs(odds / odds.sum(1, keepdims=True) - own).max()))


def tf2(models):
    loaded = {name: tf.saved_model.load(m["dir"]) for name, m in models.items()}
    out = {}
    for name, m in models.items():
        model = loaded[name]

        def run(signature, **inputs):
            return {k: v.numpy() for k, v in model.signatures[signature](**{k: tf.constant(v) for k, v in inputs.items()}).items()}

        out[name] = answer(run, m["pictures"])
        encoded, _ = read(m["pictures"])
        pixels = [tf.io.decode_image(e, channels=3, expand_animations=False).numpy()[None] for e in encoded]
        out[name] |= {
            "pixels": [run("pixels", pixels=p)["probabilities"][0].tolist() for p in pixels],
            "pixels_float": [run("pixels_float", pixels_float=p.astype(np.float32))["probabilities"][0].tolist() for p in pixels],
            "empty": list(run("serving_default", images=np.array([], dtype=object).astype(str))["probabilities"].shape),
            "variables": len(model.variables),
            "feature_error": features_error(run, {v.name: v.numpy() for v in model.variables}, encoded),
        }
        with open(model.asset_paths[0].asset_path.numpy(), encoding="utf-8") as f:
            assert f.read().splitlines()[np.argmax(out[name]["serving_default"][0])] == out[name]["class"][0]
    return out


def tf1(models):
    out = {}
    for name, m in models.items():
        with tf.compat.v1.Session(graph=tf.Graph()) as session:
            meta = tf.compat.v1.saved_model.loader.load(session, [tf.saved_model.SERVING], m["dir"])

            def run(signature, **inputs):
                s = meta.signature_def[signature]
                return session.run({k: v.name for k, v in s.outputs.items()}, {s.inputs[k].name: v for k, v in inputs.items()})

            out[name] = answer(run, m["pictures"])
    return out


with open(sys.argv[2], encoding="utf-8") as manifest:
    json.dump({"tf2": tf2, "tf1": tf1}[sys.argv[1]](json.load(manifest)), sys.stdout)
