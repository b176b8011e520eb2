"""Images as inputs of AlexNet: its preprocessing in Python.

    preprocessing.py job.json result.npz

The job lists items {name, path, orientation, size, resize}; the result holds
one float32 array [size, size, 3] under each name.
"""
import json
import sys

import numpy as np
import tensorflow as tf

MEAN_RGB = np.array([123.68, 116.779, 103.939], np.float32)

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


def prepare(path, orientation, size, resize):
    """Decode, turn, resize, subtract the mean, and order as BGR."""
    pixels = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False).numpy()
    upright = np.ascontiguousarray(UPRIGHT[orientation](pixels))
    side = size if resize == "squash" else round(size * 256 / 227)
    resized = tf.compat.v1.image.resize_bilinear(upright[None], [side, side]).numpy()[0]
    margin = (side - size) // 2
    center = resized[margin:margin + size, margin:margin + size]
    return (center - MEAN_RGB)[:, :, ::-1]


def main(job_path, result_path):
    with open(job_path, encoding="utf-8") as f:
        items = json.load(f)["items"]
    np.savez(result_path, **{
        i["name"]: np.ascontiguousarray(prepare(i["path"], i["orientation"], i["size"], i["resize"]))
        for i in items
    })


if __name__ == "__main__":
    main(*sys.argv[1:])
