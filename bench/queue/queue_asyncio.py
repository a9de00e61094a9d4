# queue_asyncio.py: pairs of tasks that ask and answer through two queues: asyncio.Queue.
# Touches the standard library.

import asyncio
import meter


async def asking(shared, batch, questions, answers):
    while not shared.over:
        for _ in range(batch):
            await questions.put(shared)
            await answers.get()
        shared.ops += batch
        shared.lap()
    await questions.put(None)


async def answering(questions, answers):
    while (question := await questions.get()) is not None:
        await answers.put(question)


async def main():
    count, batch, shared = meter.size(), int(meter.setting("BENCH_BATCH")), meter.Meter()
    tasks = []
    for _ in range(count // 2):
        questions, answers = asyncio.Queue(1), asyncio.Queue(1)
        tasks += [asking(shared, batch, questions, answers), answering(questions, answers)]
    await asyncio.gather(*tasks)
    meter.show(f"queue/{count}", shared.ns_per_op, "ns")


asyncio.run(main())
