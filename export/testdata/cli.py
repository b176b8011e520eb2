"""Runs SavedModels by saved_model_cli, as people do at a shell: cli.py MANIFEST prints what they answer as JSON."""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np

cli = os.path.join(os.path.dirname(sys.executable), "saved_model_cli")


def shown(model):
    out = subprocess.run([cli, "show", "--dir", model, "--all"], check=True, capture_output=True, text=True).stdout
    for word in ("signature_def['serving_default']", "signature_def['oriented']", "inputs['images']", "dtype: DT_STRING",
                 "shape: (-1, 6)", "name: images:0", "Method name is: tensorflow/serving/predict"):
        assert word in out, f"saved_model_cli show: got no {word!r} in\n{out}"


def run(model, signature, **inputs):
    with tempfile.TemporaryDirectory() as dir:
        given = []
        for name, value in inputs.items():
            np.save(os.path.join(dir, name), np.array(value))
            given.append(f"{name}={os.path.join(dir, name)}.npy")
        subprocess.run([cli, "run", "--dir", model, "--tag_set", "serve", "--signature_def", signature,
                        "--inputs", ";".join(given), "--outdir", dir], check=True, capture_output=True)
        names = ("probabilities", "class", "top_classes", "top_probabilities")
        return {name: np.load(os.path.join(dir, name + ".npy"), allow_pickle=True) for name in names}


def text(values):
    return [v.decode() for v in np.ravel(values)]


out = {}
for name, m in json.load(open(sys.argv[1], encoding="utf-8")).items():
    shown(m["dir"])
    encoded = [open(p["path"], "rb").read() for p in m["pictures"]]
    plain = run(m["dir"], "serving_default", images=encoded)
    out[name] = {
        "oriented": run(m["dir"], "oriented", images=encoded, orientations=np.array([p["orientation"] for p in m["pictures"]], np.int32))["probabilities"].tolist(),
        "serving_default": plain["probabilities"].tolist(),
        "class": text(plain["class"]),
        "top_classes": [text(row) for row in plain["top_classes"]],
        "top_probabilities": plain["top_probabilities"].tolist(),
    }
json.dump(out, sys.stdout)
