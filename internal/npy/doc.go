// Package npy reads and writes the NumPy files in which AlexNet's weights are
// distributed.
//
// Start with [Open], which detects the format of a file or folder by its content and
// returns [Weights]; [Write] is its counterpart.
//
// It reads NumPy .npy files (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html)
// holding a pickled dictionary of layers, the same dictionary as a bare pickle,
// .npz archives, and folders of plain arrays. A pickle is a program; here it is
// read as data: a fixed set of opcodes builds arrays and the containers around
// them, every other opcode or global is refused with its name and offset, and no
// file can cause a call. Every length that a file claims is compared with the bytes
// left before anything of that size is allocated. An [Array] is always float32 in C order, whatever byte
// order, width or layout it was stored in. No file stays open after Open.
package npy
