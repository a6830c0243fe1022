"""Makes random classifiers with transformers, and computes logits, loss and every gradient of a padded batch with PyTorch."""

import json
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForSequenceClassification

given = json.load(sys.stdin)


def answer(settings, folder):
    torch.manual_seed(7)
    config = AutoConfig.for_model(**settings, num_labels=given["classes"])
    model = AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))  # no bias stays zero, no scale one
    model.save_pretrained(folder)
    model.eval()
    ids = torch.tensor(given["ids"])
    mask = (ids >= 0).long()
    output = model(input_ids=ids.clamp(min=0), attention_mask=mask, labels=torch.tensor(given["labels"]))
    output.loss.backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters() if parameter.grad is not None}
    save_file(gradients, folder + "/gradients.safetensors")
    return {"logits": output.logits.tolist(), "loss": output.loss.item()}


json.dump([answer(config, folder) for config, folder in zip(given["configs"], given["folders"])], sys.stdout)
