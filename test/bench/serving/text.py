"""The text model by FastAPI, PyTorch and transformers: text.py plain|batched PORT CHECKPOINT MAX_TOKENS"""

import asyncio
import sys

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from greedy import Greedy
from measuring import Measuring

kind, port, folder, max_tokens = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
classes = [model.config.id2label[index] for index in range(model.config.num_labels)]


class Text(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1)


class Answer(BaseModel):
    label: str = Field(serialization_alias="class")
    probabilities: dict[str, float]


def compute(texts):
    inputs = tokenizer(texts, padding=True, truncation=True, max_length=max_tokens, return_tensors="pt")
    with torch.inference_mode():
        return torch.softmax(model(**inputs).logits, -1).tolist()


greedy = Greedy(compute, most=32, key=len)  # texts of like length together


async def ask(text):
    return (await asyncio.to_thread(compute, [text]))[0] if kind == "plain" else await greedy.ask(text)


app = FastAPI()


@app.post("/predict")
async def predict(body: Text) -> Answer:
    row = await ask(body.text)
    return Answer(label=classes[row.index(max(row))], probabilities=dict(zip(classes, row)))


uvicorn.run(Measuring(app), port=port, loop="uvloop", http="httptools", log_level="warning", access_log=False)
