# yield_asyncio.py: tasks that give way to each other: asyncio.sleep(0).
# Touches the standard library.

import asyncio
import meter


async def giving_way(shared, batch, leader):
    while not shared.over:
        for _ in range(batch):
            await asyncio.sleep(0)
        shared.ops += batch
        if leader:
            shared.lap()


async def main():
    count, batch, shared = meter.size(), int(meter.setting("BENCH_BATCH")), meter.Meter()
    await asyncio.gather(*[giving_way(shared, batch, i == 0) for i in range(count)])
    meter.show(f"yield/{count}", shared.ns_per_op, "ns")


asyncio.run(main())
