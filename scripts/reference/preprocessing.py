"""Images as inputs of a network: its preprocessing in Python.

    preprocessing.py job.json result.npz

The job lists items {name, path, orientation, size, resize, arch}; the result
holds one float32 array [size, size, 3] under each name. arch is bvlc, which is
the default, or owt for torchvision's AlexNet.
"""
import json
import sys

import numpy as np
import tensorflow as tf



def bvlc(pixels):
    """Subtract the mean, order as BGR."""
    return (pixels - np.array([123.68, 116.779, 103.939], np.float32))[:, :, ::-1]


def owt(pixels):
    """Scale to 0…1, subtract the mean, divide by the standard deviation."""
    mean, std = np.array([.485, .456, .406], np.float32), np.array([.229, .224, .225], np.float32)
    return (pixels * np.float32(1 / 255) - mean) / std


NATIVE_SIZE = {"bvlc": 227, "owt": 224}
NORMALIZE = {"bvlc": bvlc, "owt": owt}

# The operation that turns stored pixels upright, for each orientation: Exif 2.3, tag 0x0112. NumPy counts quarter turns
# counterclockwise.
UPRIGHT = {
    1: lambda p: p,
    2: np.fliplr,
    3: lambda p: np.rot90(p, 2),
    4: np.flipud,
    5: lambda p: np.fliplr(np.rot90(p, -1)),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: np.fliplr(np.rot90(p, 1)),
    8: lambda p: np.rot90(p, 1),
}


def middle(pixels, aspect=8):
    """The middle of an image that is longer than aspect times its shorter side."""
    height, width = [min(side, aspect * min(pixels.shape[:2])) for side in pixels.shape[:2]]
    top, left = round((pixels.shape[0] - height) / 2), round((pixels.shape[1] - width) / 2)
    return pixels[top:top + height, left:left + width]


def prepare(path, orientation, size, resize, arch="bvlc"):
    """Decode, turn, resize, and normalize."""
    pixels = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False).numpy()
    upright = np.ascontiguousarray(UPRIGHT[orientation](pixels))
    crop_from = size if resize == "squash" else round(size * 256 / NATIVE_SIZE[arch])
    sides = [crop_from, crop_from]
    if resize == "center":
        upright = middle(upright)
        height, width = upright.shape[:2]
        sides = [side * crop_from // min(height, width) for side in (height, width)]
    resized = tf.compat.v1.image.resize_bilinear(upright[None], sides).numpy()[0]
    # Round half to even, as torchvision's center_crop does.
    top, left = [round((side - size) / 2) if resize == "center" else (side - size) // 2 for side in sides]
    return NORMALIZE[arch](resized[top:top + size, left:left + size])


def main(job_path, result_path):
    with open(job_path, encoding="utf-8") as f:
        items = json.load(f)["items"]
    np.savez(result_path, **{
        i.pop("name"): np.ascontiguousarray(prepare(**i)) for i in items
    })


if __name__ == "__main__":
    main(*sys.argv[1:])
