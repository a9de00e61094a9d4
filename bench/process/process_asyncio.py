# process_asyncio.py: tasks that each start a child and wait for it: asyncio.create_subprocess_exec.
# Touches the standard library.

import asyncio
import meter


async def running(shared, leader):
    while not shared.over:
        process = await asyncio.create_subprocess_exec("/bin/true")
        await process.wait()
        shared.ops += 1
        if leader:
            shared.lap()


async def main():
    count, shared = meter.size(), meter.Meter()
    await asyncio.gather(*[running(shared, i == 0) for i in range(count)])
    meter.show(f"process/{count}", shared.ns_per_op / 1000, "us")


asyncio.run(main())
