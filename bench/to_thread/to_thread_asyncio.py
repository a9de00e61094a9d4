# to_thread_asyncio.py: tasks that call a function on another thread and wait for it: asyncio.to_thread.
# Touches the standard library. The pool is made with the same number of threads as everybody's.

import asyncio
import concurrent.futures
import meter


def nothing():
    pass


async def calling(shared, batch, leader):
    while not shared.over:
        for _ in range(batch):
            await asyncio.to_thread(nothing)
        shared.ops += batch
        if leader:
            shared.lap()


async def main():
    count, batch, shared = meter.size(), int(meter.setting("BENCH_THREAD_BATCH")), meter.Meter()
    executor = concurrent.futures.ThreadPoolExecutor(int(meter.setting("BENCH_THREADS")))
    asyncio.get_running_loop().set_default_executor(executor)
    await asyncio.gather(*[calling(shared, batch, i == 0) for i in range(count)])
    meter.show(f"to_thread/{count}", shared.ns_per_op, "ns")


asyncio.run(main())
