"""Latency, memory change and CPU time of each request in headers, as the other side has them, by psutil."""

import time

import psutil
from starlette.types import ASGIApp, Receive, Scope, Send

process = psutil.Process()


class Measuring:
    """Plain ASGI: Starlette's own base class for middleware would cost as much again as the rest."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        start, cpu, memory = time.perf_counter(), time.process_time(), process.memory_info().rss

        async def measured(message):
            if message["type"] == "http.response.start":
                ms = (time.perf_counter() - start) * 1000
                cpu_ms = (time.process_time() - cpu) * 1000
                mb = (process.memory_info().rss - memory) / 2**20
                message["headers"] += [
                    (b"x-latency-ms", f"{ms:.3f}".encode()),
                    (b"x-cpu-ms", f"{cpu_ms:.3f}".encode()),
                    (b"x-memory-change-mb", f"{mb:.3f}".encode()),
                ]
            await send(message)

        await self.app(scope, receive, measured)
