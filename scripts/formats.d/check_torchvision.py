"""check_torchvision.py ALEXNET WORK: torchvision's alexnet through .pth and .safetensors, and back."""
import subprocess
import sys

import numpy as np
import torch
import torchvision
from safetensors.torch import load_file, save_file

from compare import compare, images

alexnet, work = sys.argv[1:]
torch.manual_seed(1)
network = torchvision.models.alexnet(num_classes=1000).eval()
for p in network.parameters():
    if p.dim() > 1:
        torch.nn.init.kaiming_normal_(p)
    else:
        torch.nn.init.normal_(p, std=0.1)
state = network.state_dict()
torch.save(state, f"{work}/today.pth")
torch.save(state, f"{work}/legacy.pth", _use_new_zipfile_serialization=False)
save_file({k: v.contiguous() for k, v in state.items()}, f"{work}/full.safetensors")

pixels = images(f"{work}/images256", 256)
x = torch.tensor(pixels[:, 16:240, 16:240]).permute(0, 3, 1, 2).float() / 255  # the center crop of torchvision's preset
mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
with torch.no_grad():
    logits = network((x - mean.view(1, 3, 1, 1)) / std.view(1, 3, 1, 1)).numpy()
for name in ["today.pth", "legacy.pth", "full.safetensors"]:
    compare(alexnet, work, f"{work}/{name}", f"{work}/images256", logits)

exported = f"{work}/exported.safetensors"
subprocess.run([alexnet, "export", f"{work}/model", "--out", exported, "--format", "safetensors"], check=True, stdout=subprocess.DEVNULL)
back = torchvision.models.alexnet(num_classes=1000)
back.load_state_dict(load_file(exported))
assert all(torch.equal(v, state[k]) for k, v in back.state_dict().items())
print("  torchvision loads the exported safetensors: all tensors equal")
