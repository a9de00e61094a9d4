# spawn_asyncio.py: tasks that are made, run and joined: one at a time by await, many by gather.
# Touches the standard library.

import asyncio
import meter


async def nothing():
    pass


async def main():
    count, shared = meter.size(), meter.Meter()
    rounds = int(meter.setting("BENCH_BATCH")) if count == 1 else 1
    while not shared.over:
        for _ in range(rounds):
            if count == 1:
                await asyncio.create_task(nothing())
            else:
                await asyncio.gather(*[nothing() for _ in range(count)])
        shared.ops += rounds * count
        shared.lap()
    meter.show(f"spawn/{count}", shared.ns_per_op, "ns")


asyncio.run(main())
