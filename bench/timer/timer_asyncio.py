# timer_asyncio.py: loop.call_later and TimerHandle.cancel while many timers are pending.
# Touches the standard library. The loop gets its turn after each batch, to sweep what was cancelled.

import asyncio
import random
import meter


def nothing():
    pass


async def main():
    count, batch, shared = meter.size(), int(meter.setting("BENCH_TIMER_BATCH")), meter.Meter()
    nearest, farthest = meter.setting("BENCH_TIMER_NEAREST"), meter.setting("BENCH_TIMER_FARTHEST")
    delays = [random.uniform(nearest, farthest) for _ in range(batch)]
    loop = asyncio.get_running_loop()
    timers = [loop.call_later(random.uniform(nearest, farthest), nothing) for _ in range(count)]
    while not shared.over:
        for delay in delays:
            loop.call_later(delay, nothing).cancel()
        shared.ops += batch
        shared.lap()
        await asyncio.sleep(0)
    meter.show(f"timer/{count}", shared.ns_per_op, "ns")
    return timers


asyncio.run(main())
