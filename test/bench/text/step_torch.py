"""CPU and wall milliseconds of transformers' fine-tuning step with PyTorch; see step.ts."""

import json
import pathlib
import resource
import sys

import torch
from transformers import DistilBertConfig, DistilBertForSequenceClassification

sys.path.append(str(pathlib.Path(__file__).parent.parent / "train"))
from measured import measured  # noqa: E402

hidden, rows = int(sys.argv[1]), int(sys.argv[2])
config = DistilBertConfig(dim=hidden, hidden_dim=4 * hidden, n_layers=6, n_heads=12)
model = DistilBertForSequenceClassification(config).train()
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-5, weight_decay=0.01)
ids = 1 + (torch.arange(rows * 128) * 7919 % 30521).reshape(rows, 128)
mask = torch.ones_like(ids)
labels = torch.arange(rows) % 2


def step():
    optimizer.zero_grad()
    loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return loss.item()


cost = measured(step, 6)
print(json.dumps({**cost, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
