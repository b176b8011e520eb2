"""The same fine-tuning in PyTorch, with a DataLoader that has a process a core.

    torch_fit.py TASK
"""
import os
import sys

import task as tasks

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset

LAYERS = ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8"]


class Images(Dataset):
    def __init__(self, task, name):
        self.paths, self.labels = tasks.part(task, name)
        self.size = task["network"]["size"]

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        with Image.open(self.paths[i]) as opened:
            rgb = np.asarray(opened.convert("RGB").resize((self.size, self.size), Image.BILINEAR), np.float32)
        bgr = np.ascontiguousarray((rgb - tasks.MEAN)[..., ::-1].transpose(2, 0, 1))
        return torch.from_numpy(bgr), int(self.labels[i])


def network(config):
    conv, fc = config["conv"], config["fc"]
    side = (config["size"] - 11) // 4 + 1
    for _ in range(3):
        side = (side - 3) // 2 + 1

    def norm():
        return nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75, k=1.0)

    return nn.Sequential(
        nn.Conv2d(3, conv[0], 11, stride=4), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(conv[0], conv[1], 5, padding=2, groups=2), nn.ReLU(), norm(), nn.MaxPool2d(3, 2),
        nn.Conv2d(conv[1], conv[2], 3, padding=1), nn.ReLU(),
        nn.Conv2d(conv[2], conv[3], 3, padding=1, groups=2), nn.ReLU(),
        nn.Conv2d(conv[3], conv[4], 3, padding=1, groups=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Flatten(),
        nn.Linear(side * side * conv[4], fc[0]), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(fc[0], fc[1]), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(fc[1], config["classes"]))


def load(model, task):
    """Pretrained convolutions, frozen; the rest from Glorot's normal distribution."""
    file = np.load(task["weights"], allow_pickle=True, encoding="latin1").item()
    named = zip(LAYERS, (m for m in model if isinstance(m, (nn.Conv2d, nn.Linear))))
    for name, layer in named:
        if isinstance(layer, nn.Linear):
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)
            continue
        weights, biases = (np.asarray(a, np.float32) for a in file[name])
        layer.weight.data = torch.from_numpy(np.ascontiguousarray(weights.transpose(3, 2, 0, 1)))
        layer.bias.data = torch.from_numpy(biases.copy())
        layer.requires_grad_(False)


def accuracy(model, batches):
    model.eval()
    hits = count = 0
    with torch.no_grad():
        for images, labels in batches:
            hits += int((model(images).argmax(1) == labels).sum())
            count += len(labels)
    model.train()
    return hits / count


def main(task):
    torch.manual_seed(task["seed"])
    model = network(tasks.config(task))
    load(model, task)
    loss = nn.CrossEntropyLoss()
    update = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], task["learning_rate"])
    reader = {"batch_size": task["batch"], "num_workers": os.cpu_count()}
    train = DataLoader(Images(task, "train"), shuffle=True, **reader)
    validation = DataLoader(Images(task, "val"), **reader)
    tasks.report(0)
    for epoch in range(1, task["epochs"] + 1):
        for images, labels in train:
            update.zero_grad()
            loss(model(images), labels).backward()
            update.step()
        tasks.report(epoch, accuracy(model, validation))


if __name__ == "__main__":
    main(tasks.read(sys.argv[1]))
