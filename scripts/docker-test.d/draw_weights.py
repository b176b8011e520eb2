"""draw_weights.py FILE writes an .npz with a conv1 to start from, drawn at random, with nothing but Python."""

import array
import random
import struct
import sys
import zipfile


def npy(shape, values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + array.array("f", values).tobytes()


random.seed(1)
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    archive.writestr("conv1/weights.npy", npy((11, 11, 3, 96), [random.gauss(0, 0.01) for _ in range(11 * 11 * 3 * 96)]))
    archive.writestr("conv1/biases.npy", npy((96,), [0.0] * 96))
