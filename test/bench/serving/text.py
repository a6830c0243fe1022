"""The text model by FastAPI and PyTorch or TensorFlow: text.py torch|tensorflow plain|batched PORT CHECKPOINT MAX_TOKENS"""

import asyncio
import importlib
import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from transformers import AutoTokenizer

from greedy import Greedy
from measuring import Measuring

library, kind, port, folder, max_tokens = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
tokenizer = AutoTokenizer.from_pretrained(folder)
classes, answer = importlib.import_module(f"text_{library}").load(folder)


class Text(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str = Field(min_length=1)


class Answer(BaseModel):
    label: str = Field(serialization_alias="class")
    probabilities: dict[str, float]


def compute(texts):
    return answer(tokenizer(texts, padding=True, truncation=True, max_length=max_tokens, return_tensors="np"))


greedy = Greedy(compute, most=32, key=len)  # texts of like length together


async def ask(text):
    return (await asyncio.to_thread(compute, [text]))[0] if kind == "plain" else await greedy.ask(text)


app = FastAPI()


@app.post("/predict")
async def predict(body: Text) -> Answer:
    row = await ask(body.text)
    return Answer(label=classes[row.index(max(row))], probabilities=dict(zip(classes, row)))


uvicorn.run(Measuring(app), port=port, loop="uvloop", http="httptools", log_level="warning", access_log=False)
