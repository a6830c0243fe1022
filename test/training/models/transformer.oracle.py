"""
Makes random classifiers with transformers, and computes with PyTorch: logits, loss and every gradient of a padded batch; the
losses of a training by AdamW on it; mean and covariance of the logits of one text, as dropout has them.
"""

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
    logits, loss = output.logits.tolist(), output.loss.item()
    losses = train(model, {"input_ids": ids.clamp(min=0), "attention_mask": mask})
    return {"logits": logits, "loss": loss, "losses": losses, "dropped": dropped(folder)}


def train(model, inputs):
    recipe = given["recipe"]
    kernels = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [{"params": kernels, "weight_decay": recipe["weightDecay"]}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups)
    losses = []
    for step, rate in enumerate(recipe["rates"], 1):
        for group in optimizer.param_groups:
            # TensorFlow adds epsilon to the second moment's root before that is corrected for its start at 0, PyTorch after.
            group.update(lr=rate, eps=recipe["epsilon"] / (1 - 0.999**step) ** 0.5)
        optimizer.zero_grad()
        loss = model(**inputs, labels=torch.tensor(given["labels"])).loss
        losses.append(loss.item())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe["clipNorm"])
        optimizer.step()
    return losses


def dropped(folder):
    rates = given["dropout"]
    names = {"hidden_dropout_prob": "hidden", "attention_probs_dropout_prob": "attention", "classifier_dropout": "classifier"}
    names |= {"dropout": "hidden", "attention_dropout": "attention", "seq_classif_dropout": "classifier"}
    config = AutoConfig.from_pretrained(folder)
    for name, rate in names.items():
        setattr(config, name, rates[rate])
    model = AutoModelForSequenceClassification.from_pretrained(folder, config=config).train()
    text = torch.tensor(given["ids"][-1:]).clamp(min=0).expand(given["draws"], -1)
    with torch.no_grad():
        logits = model(input_ids=text).logits
    return {"mean": logits.mean(0).tolist(), "covariance": logits.T.cov().tolist()}


json.dump([answer(config, folder) for config, folder in zip(given["configs"], given["folders"])], sys.stdout)
