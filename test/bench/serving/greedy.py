"""What FastAPI lacks: inputs that wait while the model computes go to it together."""

import asyncio


class Greedy:
    """Computes batches of at most `most` in a thread, since TensorFlow and PyTorch let go of the interpreter.

    `compute` takes a list of inputs and gives an answer to each. Those that wait are sorted by `key`, if there is one.
    """

    def __init__(self, compute, most, key=None):
        self.compute, self.most, self.key = compute, most, key
        self.waiting, self.is_busy = [], False

    async def ask(self, one):
        future = asyncio.get_running_loop().create_future()
        self.waiting.append((one, future))
        if not self.is_busy:
            asyncio.ensure_future(self._work())
        return await future

    async def _work(self):
        self.is_busy = True
        while self.waiting:
            if self.key:
                self.waiting.sort(key=lambda item: self.key(item[0]))
            batch, self.waiting = self.waiting[: self.most], self.waiting[self.most :]
            answers = await asyncio.to_thread(self.compute, [one for one, _ in batch])
            for (_, future), row in zip(batch, answers):
                if not future.done():
                    future.set_result(row)
        self.is_busy = False
