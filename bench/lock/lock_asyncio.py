# lock_asyncio.py: an asyncio.Lock that nobody else wants, acquired and released by one task.
# Touches the standard library.

import asyncio
import meter


async def main():
    count, batch, shared = meter.size(), int(meter.setting("BENCH_BATCH")), meter.Meter()
    lock = asyncio.Lock()
    while not shared.over:
        for _ in range(batch):
            await lock.acquire()
            lock.release()
        shared.ops += batch
        shared.lap()
    meter.show(f"lock/{count}", shared.ns_per_op, "ns")


asyncio.run(main())
