# parked_asyncio.py: many tasks at rest in asyncio.sleep. They have no stack of their own.
# Touches the standard library.

import asyncio
import os
import time
import meter

parked = 0


async def parking(seconds):
    global parked
    parked += 1
    await asyncio.sleep(seconds)


async def main():
    count, seconds = meter.size(), meter.setting("BENCH_PARKED_SECONDS")
    before, began = meter.memory(), time.perf_counter()
    tasks = [asyncio.create_task(parking(seconds)) for _ in range(count)]
    while parked < count:
        await asyncio.sleep(0)
    taken, after = time.perf_counter() - began, meter.memory()
    row = f"default/{count}"
    meter.show(f"{row}/resident", (after[0] - before[0]) / count, "B")
    meter.show(f"{row}/page_tables", (after[1] - before[1]) / count, "B")
    meter.show(f"{row}/create", taken * 1e9 / count, "ns")
    os._exit(0)  # cancelling them all would take longer than all the rest
    return tasks


asyncio.run(main())
