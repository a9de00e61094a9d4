# call_soon_asyncio.py: callbacks that schedule themselves again: loop.call_soon.
# Touches the standard library.

import asyncio
import meter


class Chain:
    def __init__(self, loop, shared, batch, leader):
        self.call_soon, self.shared, self.batch, self.leader = loop.call_soon, shared, batch, leader
        self.stop = loop.stop
        self.left = batch

    def again(self):
        self.left -= 1
        if not self.left:
            self.left = self.batch
            self.shared.ops += self.batch
            if self.leader:
                self.shared.lap()
            if self.shared.over:
                self.stop()
        self.call_soon(self.again)


loop, shared = asyncio.new_event_loop(), meter.Meter()
for i in range(meter.size()):
    loop.call_soon(Chain(loop, shared, int(meter.setting("BENCH_BATCH")), i == 0).again)
loop.run_forever()
meter.show(f"call_soon/{meter.size()}", shared.ns_per_op, "ns")
