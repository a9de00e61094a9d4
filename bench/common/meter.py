# meter.py: meter.h for Python: warm up, count operations until the time is over, print.
# Touches the clock and the environment. The clock is read once a batch.

import os
import sys
import time


def setting(name):
    return float(os.environ[name])


def size():
    return int(sys.argv[1])


class Meter:
    def __init__(self):
        self.ops = 0
        self.over = False
        self.warm_until = None
        self.began = None

    def lap(self):
        now = time.perf_counter()
        if self.warm_until is None:
            self.warm_until = now + setting("BENCH_WARM")
        if now < self.warm_until or self.over:
            return
        if self.began is None:
            self.began, self.began_ops = now, self.ops
        elif now - self.began >= setting("BENCH_SECONDS"):
            self.ns_per_op = (now - self.began) * 1e9 / (self.ops - self.began_ops)
            self.over = True


def show(row, value, unit):
    print(f"{row} {value:.2f} {unit}", flush=True)


def memory():
    """Resident bytes and bytes of page tables, as memory.h reads them."""

    def field(path, name):
        with open(path) as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name + ":"))

    return field("/proc/self/smaps_rollup", "Rss"), field("/proc/self/status", "VmPTE")
