"""The measures of cnn.py for the same network in PyTorch."""

import json
import resource
import sys

import torch
from measured import measured

torch.manual_seed(42)
nn = torch.nn
model = nn.Sequential(
    *(nn.Conv2d(3, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    *(nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.Flatten()),
    *(nn.Linear(4096, 64), nn.ReLU(), nn.Linear(64, 10)),
).to(memory_format=torch.channels_last)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
loss = nn.CrossEntropyLoss()


def step(images, labels):
    optimizer.zero_grad()
    value = loss(model(images), labels)
    value.backward()
    optimizer.step()
    return value.item()


def infer(images):
    with torch.inference_mode():
        return torch.softmax(model(images), -1).numpy()


sizes = []
for rows in map(int, sys.argv[1:]):
    images = torch.rand(rows, 3, 32, 32).to(memory_format=torch.channels_last)
    labels = torch.arange(rows) % 10
    times = max(10, 2560 // rows) if rows > 8 else 300
    size = {"rows": rows, "infer": measured(lambda: infer(images), times)}
    if rows > 1:
        size["step"] = measured(lambda: step(images, labels), times)
    sizes.append(size)
print(json.dumps({"sizes": sizes, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
