# threadsafe_asyncio.py: callbacks from other threads: loop.call_soon_threadsafe.
# Touches the standard library. The threads take turns under the interpreter's lock.

import asyncio
import threading
import meter


class Poster:
    def __init__(self, shared, batch, leader):
        self.shared, self.batch, self.left, self.leader = shared, batch, batch, leader
        self.all_ran = threading.Semaphore(0)
        self.over = False

    def run(self, loop, ran):
        while not self.over:
            for _ in range(self.batch):
                loop.call_soon_threadsafe(ran, self)
            self.all_ran.acquire()

    def ran(self):
        self.left -= 1
        if self.left:
            return
        self.left = self.batch
        self.shared.ops += self.batch
        if self.leader:
            self.shared.lap()
        self.over = self.shared.over
        self.all_ran.release()


def main():
    count, batch, shared = meter.size(), int(meter.setting("BENCH_BATCH")), meter.Meter()
    loop = asyncio.new_event_loop()
    posters = [Poster(shared, batch, i == 0) for i in range(count)]

    def ran(poster):
        poster.ran()
        if shared.over and all(p.over for p in posters):
            loop.stop()

    threads = [threading.Thread(target=p.run, args=(loop, ran)) for p in posters]
    for thread in threads:
        thread.start()
    loop.run_forever()
    for thread in threads:
        thread.join()
    loop.close()
    meter.show(f"threadsafe/{count}", shared.ns_per_op, "ns")


main()
