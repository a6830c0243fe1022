"""What one call costs, in milliseconds: CPU of all threads on average, and the shortest wall time."""

import time


def measured(run, times):
    for _ in range(4):
        run()
    walls = []
    cpu = time.process_time()
    for _ in range(times):
        start = time.perf_counter()
        run()
        walls.append((time.perf_counter() - start) * 1000)
    return {"cpu": (time.process_time() - cpu) * 1000 / times, "wall": min(walls)}
