"""What the checks share: images, and the comparison of alexnet's probabilities with another program's logits."""
import json
import os
import shutil
import subprocess

import numpy as np
from PIL import Image

TOLERANCE = 1e-4  # of the largest logit


def images(folder, side, count=6):
    """Writes smooth random images as PNG and returns their pixels, [N,side,side,3]."""
    os.makedirs(folder, exist_ok=True)
    all_pixels = []
    for i in range(count):
        coarse = np.random.default_rng(i).integers(0, 256, (19, 19, 3), dtype=np.uint8)
        pixels = np.asarray(Image.fromarray(coarse).resize((side, side), Image.BICUBIC))
        Image.fromarray(pixels).save(f"{folder}/{i}.png")
        all_pixels.append(pixels)
    return np.stack(all_pixels)


def compare(alexnet, work, weights, folder, logits, *flags):
    """Imports the weights and compares the probabilities of the images in the folder with the logits, [N,1000]."""
    model = f"{work}/model"
    shutil.rmtree(model, ignore_errors=True)
    subprocess.run([alexnet, "import", weights, "--classes", f"{work}/classes.txt", "--out", model, *flags], check=True, stdout=subprocess.DEVNULL)
    answer = subprocess.run([alexnet, "predict", model, folder, "--json", "--top", "1000"], check=True, capture_output=True, text=True).stdout
    got = np.zeros_like(logits, dtype=np.float64)
    for i, line in enumerate(answer.splitlines()):
        for top in json.loads(line)["top"]:
            got[i, int(top["class"].split()[1]) - 1] = top["probability"]
    exact = logits.astype(np.float64) - logits.max(1, keepdims=True)
    want = np.exp(exact) / np.exp(exact).sum(1, keepdims=True)
    sure = want > 1e-6  # where float32 keeps the digits of a probability
    difference = np.abs(np.log(got[sure]) - np.log(want[sure])).max() / np.abs(logits).max()
    print(f"  {os.path.basename(weights)}: logits differ by {difference:.1e} of the largest on {len(logits)} images")
    assert answer.count("\n") == len(logits) and difference <= TOLERANCE
