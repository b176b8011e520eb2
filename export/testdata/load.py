"""Runs SavedModels as Python programs do: load.py MANIFEST tf2|tf1|cli… prints their predictions as JSON, by loader."""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import tensorflow as tf


def read(images):
    return [open(i["path"], "rb").read() for i in images], np.array([i["orientation"] for i in images], np.int32)


def text(values):
    return [v.decode() for v in np.ravel(values)]


def predict(run, images):
    """The predictions that every loader is asked for; run(signature, **inputs) returns arrays by name."""
    encoded, orientations = read(images)
    plain = run("serving_default", images=encoded)
    return {
        "oriented": run("oriented", images=encoded, orientations=orientations)["probabilities"].tolist(),
        "serving_default": plain["probabilities"].tolist(),
        "class": text(plain["class"]),
        "top_classes": [text(row) for row in plain["top_classes"]],
        "top_probabilities": plain["top_probabilities"].tolist(),
    }


def features_error(run, variables, encoded):
    """The difference between the last layers, computed from the features by NumPy, and the model's own."""
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

        out[name] = predict(run, m["images"])
        encoded, _ = read(m["images"])
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

            out[name] = predict(run, m["images"])
    return out


def cli(models):
    """saved_model_cli, as run in a shell."""
    program = os.path.join(os.path.dirname(sys.executable), "saved_model_cli")
    out = {}
    for name, m in models.items():
        show = subprocess.run([program, "show", "--dir", m["dir"], "--all"], check=True, capture_output=True, text=True).stdout
        for word in ("signature_def['serving_default']", "signature_def['oriented']", "inputs['images']", "dtype: DT_STRING",
                     "shape: (-1, 6)", "name: images:0", "Method name is: tensorflow/serving/predict"):
            assert word in show, f"saved_model_cli show: got no {word!r} in\n{show}"

        def run(signature, **inputs):
            with tempfile.TemporaryDirectory() as dir:
                given = []
                for key, value in inputs.items():
                    np.save(os.path.join(dir, key), np.array(value))
                    given.append(f"{key}={os.path.join(dir, key)}.npy")
                subprocess.run([program, "run", "--dir", m["dir"], "--tag_set", "serve", "--signature_def", signature,
                                "--inputs", ";".join(given), "--outdir", dir], check=True, capture_output=True)
                names = ("probabilities", "class", "top_classes", "top_probabilities")
                return {key: np.load(os.path.join(dir, key + ".npy"), allow_pickle=True) for key in names}

        out[name] = predict(run, m["images"])
    return out


with open(sys.argv[1], encoding="utf-8") as manifest:
    models = json.load(manifest)
some = {"crop": models["crop"]} if "crop" in models else models  # saved_model_cli is a process for each run
loaders = {"tf2": lambda: tf2(models), "tf1": lambda: tf1(models), "cli": lambda: cli(some)}
json.dump({name: loaders[name]() for name in sys.argv[2:]}, sys.stdout)
