"""The text model by PyTorch and transformers."""

import torch
from transformers import AutoModelForSequenceClassification


def load(folder):
    """Gives the classes, and what computes the probabilities of what a tokenizer made of texts."""
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()

    def compute(inputs):
        with torch.inference_mode():
            tensors = {name: torch.from_numpy(values) for name, values in inputs.items()}
            return torch.softmax(model(**tensors).logits, -1).tolist()

    return [model.config.id2label[index] for index in range(model.config.num_labels)], compute
