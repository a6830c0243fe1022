"""Loads packages of models of texts with transformers and MLflow, and says what each answers. JSON on stdin and stdout."""

import contextlib
import json
import sys

import mlflow
import torch
from mlflow.pyfunc.scoring_server import infer_and_parse_data
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline


def ask(folder, texts, long_text):
    tokenizer = AutoTokenizer.from_pretrained(f"{folder}/model")
    model = AutoModelForSequenceClassification.from_pretrained(f"{folder}/model").eval()
    inputs = tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        logits = model(**inputs).logits
    scores = pipeline("text-classification", model=model, tokenizer=tokenizer, top_k=None)(texts[:1])[0]
    pyfunc = mlflow.pyfunc.load_model(folder)
    info = mlflow.models.get_model_info(folder)
    with open(f"{folder}/serving_input_example.json") as file:
        served = infer_and_parse_data(json.load(file), schema=info.signature.inputs)
    return {
        "ids": tokenizer(texts + [long_text], truncation=True)["input_ids"],
        "logits": logits.tolist(),
        "labels": [model.config.id2label[index] for index in logits.argmax(-1).tolist()],
        "scores": {score["label"]: score["score"] for score in scores},
        "pyfunc": pyfunc.predict(texts + [long_text]).to_dict("list"),
        "example": pyfunc.predict(served).to_dict("list"),
    }


given = json.load(sys.stdin)
with contextlib.redirect_stdout(sys.stderr):
    answers = {name: ask(folder, given["texts"], given["long"]) for name, folder in given["folders"].items()}
print(json.dumps(answers))
