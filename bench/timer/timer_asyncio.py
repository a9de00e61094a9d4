# timer_asyncio.py: loop.call_later and TimerHandle.cancel while many timers are pending.
# Touches the standard library. The loop gets its turn after each batch, to sweep what was cancelled.

import asyncio
import random
import meter


def nothing():
    pass


async def measure(row, count, operation):
    batch, shared = int(meter.setting("BENCH_TIMER_BATCH")), meter.Meter()
    nearest, farthest = meter.setting("BENCH_TIMER_NEAREST"), meter.setting("BENCH_TIMER_FARTHEST")
    choices = [(random.randrange(count), random.uniform(nearest, farthest)) for _ in range(100 * batch)]
    first = 0
    while not shared.over:
        for index, delay in choices[first : first + batch]:
            operation(index, delay)
        first = (first + batch) % len(choices)
        shared.ops += batch
        shared.lap()
        await asyncio.sleep(0)
    meter.show(f"{row}/{count}", shared.ns_per_op, "ns")


async def main():
    count, call_later = meter.size(), asyncio.get_running_loop().call_later
    nearest, farthest = meter.setting("BENCH_TIMER_NEAREST"), meter.setting("BENCH_TIMER_FARTHEST")
    timers = [call_later(random.uniform(nearest, farthest), nothing) for _ in range(count)]

    def set_and_cancel(_, delay):
        call_later(delay, nothing).cancel()

    def replace(index, delay):
        timers[index].cancel()
        timers[index] = call_later(delay, nothing)

    await measure("timer", count, set_and_cancel)
    await measure("replace", count, replace)


asyncio.run(main())
