"""Trains a classifier by a recipe with PyTorch and transformers; keeps the test examples' probabilities after the best epoch."""

import json
import os
import sys
import time

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

recipe = json.load(sys.stdin)
torch.manual_seed(recipe["seed"])
tokenizer = AutoTokenizer.from_pretrained(recipe["checkpoint"])
model = AutoModelForSequenceClassification.from_pretrained(recipe["checkpoint"], num_labels=recipe["classes"])
decayed = [parameter for parameter in model.parameters() if parameter.ndim > 1]
others = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
groups = [{"params": decayed, "weight_decay": recipe["weightDecay"]}, {"params": others, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, eps=recipe["epsilon"])  # PyTorch adds it a little later than TensorFlow does
size = recipe["batchSize"]


def logits_of(texts):
    rows = tokenizer(texts, truncation=True, max_length=recipe["maxTokens"], padding=True, return_tensors="pt")
    return model(**rows).logits


def answers(role):
    model.eval()
    texts = recipe[role]["texts"]
    order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
    found = torch.empty(len(texts), recipe["classes"])
    with torch.no_grad():
        for start in range(0, len(order), 32):
            places = order[start : start + 32]
            found[places] = logits_of([texts[place] for place in places])
    return found


started, step = time.monotonic(), 0
best, kept = float("inf"), None
texts, labels = recipe["train"]["texts"], recipe["train"]["labels"]
for epoch, order in enumerate(recipe["orders"], 1):
    model.train()
    for start in range(0, len(order), size):
        places = order[start : start + size]
        for group in optimizer.param_groups:
            group["lr"] = recipe["rates"][step]
        optimizer.zero_grad()
        wanted = torch.tensor([labels[place] for place in places])
        torch.nn.functional.cross_entropy(logits_of([texts[place] for place in places]), wanted).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe["clipNorm"])
        optimizer.step()
        step += 1
    logits, wanted = answers("validation"), torch.tensor(recipe["validation"]["labels"])
    loss = torch.nn.functional.cross_entropy(logits, wanted).item()
    right = (logits.argmax(1) == wanted).float().mean().item()
    print(f"PyTorch, epoch {epoch}: validation {100 * right:.2f} %, {time.monotonic() - started:.0f} s so far", flush=True)
    if loss < best:
        best, kept = loss, answers("test").softmax(1).tolist()
print(f"PyTorch: {sum(os.times()[:2]):.0f} s of CPU", flush=True)
with open(sys.argv[1] + ".part", "w") as file:
    json.dump(kept, file)
os.rename(sys.argv[1] + ".part", sys.argv[1])
