"""Writes the .pth files of the tests with PyTorch: make_pth.py DIR"""
import collections
import sys

import torch

# A narrow network of torchvision's form: two convolutions, and a fully connected layer that reads 6 channels of 2x2 pixels.
shapes = {"features.0": (4, 3, 11, 11), "features.3": (6, 4, 5, 5), "classifier.1": (5, 24), "classifier.4": (7, 5)}
state = collections.OrderedDict()
for name, shape in shapes.items():
    count = torch.Size(shape).numel()
    state[name + ".weight"] = (torch.arange(count, dtype=torch.float32) / 8).reshape(shape)
    state[name + ".bias"] = torch.arange(shape[0], dtype=torch.float32)
half = collections.OrderedDict((k, v.half() if v.dim() == 1 else v.bfloat16()) for k, v in state.items())
strided = collections.OrderedDict((k, v.t().contiguous().t() if v.dim() == 2 else v) for k, v in state.items())
model = torch.nn.Linear(2, 3)

out = sys.argv[1] + "/"
torch.save(state, out + "today.pth")
torch.save(state, out + "legacy.pth", _use_new_zipfile_serialization=False)
torch.save({"epoch": 3, "state_dict": {"module." + k: v for k, v in state.items()}, "optimizer": {"state": {}}}, out + "checkpoint.pth")
torch.save(half, out + "half.pth")
torch.save(strided, out + "strided.pth")
torch.save({k: torch.nn.Parameter(v) for k, v in state.items()}, out + "parameters.pth")
torch.save(model, out + "model.pth")
