# generator_asyncio.py: async for over an asynchronous generator that only yields.
# Touches the standard library.

import asyncio
import meter


async def values(shared):
    while not shared.over:
        yield shared


async def main():
    count, batch, shared = meter.size(), int(meter.setting("BENCH_BATCH")), meter.Meter()
    done = 0
    async for _ in values(shared):
        done += 1
        if done == batch:
            shared.ops += batch
            shared.lap()
            done = 0
    meter.show(f"generator/{count}", shared.ns_per_op, "ns")


asyncio.run(main())
