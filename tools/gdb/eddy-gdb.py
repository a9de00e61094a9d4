"""eddy-gdb.py: gdb's commands for tasks: `info eddy-tasks` and `eddy-backtrace`, in a live process and in a core file.

Reads what include/eddy/inspect_record.h describes, so eddy itself may be stripped. It writes nothing to the process: a
task that waits is shown by an unwinder that, asked for the caller of the innermost frame, says the task's registers.
Whatever the memory says, the answer is a message, and it is bounded.
"""

import re
import struct

import gdb
import gdb.unwinder

MAGIC = b"eddy task record"
VERSION = 2
MOST_TASKS = 1 << 20
MOST_VISITS = 1 << 16
NAME_LENGTH = 64
ONE, ARRAY, ARRAY_AT, LIST, HOLDER = range(5)  # enum eddy_reach_shape

# The record's numbers of 32 bits, in order, behind its pointers.
FIELDS = """task_size future_size loop_size wait_size
    loop.tasks loop.task_count loop.current loop.running loop.closed loop.thread loop.iterations loop.declared
    future.loop future.kind future.state future.waits_declared
    task.all task.id task.name task.function task.stack task.wait task.scheduled task.group task.context
    wait.kind wait.task wait.object wait_kind.name wait_kind.reach future_kind.name future_kind.reach
    group.task declared.future declared.by""".split()


class Trouble(Exception):
    """What cannot be told, in words."""


# ---- memory ----


def read(address, size):
    address %= 1 << 64
    try:
        return bytes(gdb.selected_inferior().read_memory(address, size))
    except (gdb.error, OverflowError, ValueError):
        raise Trouble("memory at 0x%x cannot be read: it is corrupted, or not in the core file" % address) from None


def read_text(address, most=NAME_LENGTH):
    """At most so much of a string, with what is not printable written as \\xNN."""
    raw = b""
    while len(raw) < most:
        part = min(most - len(raw), 64 - address % 64)
        try:
            raw += read(address, part)
        except Trouble:
            if not raw:
                raise
            break
        address += part
        if b"\0" in raw:
            break
    raw = raw.split(b"\0")[0][:most]
    return "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else "\\x%02x" % byte for byte in raw)


# ---- the record ----


class Record:
    """Where things lie in the process's eddy."""

    def __init__(self, address):
        head = read(address, 32)
        self.order = "<" if struct.unpack("<I", head[16:20])[0] < 1 << 16 else ">"
        version, size, self.pointer_size, self.loops_room = struct.unpack(self.order + "4I", head[16:32])
        if version != VERSION:
            raise Trouble("its eddy's record is version %d, this script knows %d" % (version, VERSION))
        self.pointer = "Q" if self.pointer_size == 8 else "I"
        layout = "%s3%s%dI" % (self.order, self.pointer, len(FIELDS))
        if self.pointer_size not in (4, 8) or not 32 + struct.calcsize(layout) <= size <= 4096:
            raise Trouble("its eddy's record makes no sense")
        words = struct.unpack(layout, read(address + 32, struct.calcsize(layout)))
        self.self_address, self.loops, self.registers = words[:3]
        self.at = dict(zip(FIELDS, words[3:]))
        if self.self_address != address or max(words[3:]) >= 1 << 16 or self.loops_room > 1 << 16:
            raise Trouble("its eddy's record makes no sense")

    def word(self, address):
        return struct.unpack(self.order + self.pointer, read(address, self.pointer_size))[0]

    def number(self, address):
        return struct.unpack(self.order + "Q", read(address, 8))[0]

    def byte(self, address):
        return read(address, 1)[0]

    def list_of(self, head):
        """The links of a circular list."""
        link, count = self.word(head), 0
        while link != head:
            yield link
            link, count = self.word(link), count + 1
            if count > MOST_TASKS:
                raise Trouble("a list of tasks has no end: it is corrupted")


def data_sections():
    for line in gdb.execute("info files", to_string=True).splitlines():
        found = re.match(r"\s*0x([0-9a-f]+) - 0x([0-9a-f]+) is \.data\b", line)
        if found:
            yield int(found.group(1), 16), int(found.group(2), 16)


def find_record():
    """By its symbol, or else by its magic bytes in the data of the program and its libraries."""
    if gdb.selected_inferior().pid == 0:
        raise Trouble("there is no process, and no core file")
    try:
        return Record(int(gdb.parse_and_eval("(unsigned long)&eddyi_record")))
    except (gdb.error, Trouble) as why:
        trouble = why if isinstance(why, Trouble) else None
    for begin, end in data_sections():
        try:
            data = read(begin, end - begin)
        except Trouble:
            continue
        at = data.find(MAGIC)
        while at >= 0:
            try:
                return Record(begin + at)
            except Trouble as why:
                trouble = why
            at = data.find(MAGIC, at + 1)
    raise trouble or Trouble("there is no eddy in it")


# ---- tasks ----


class Task:
    def __init__(self, record, loop, address):
        at = record.at
        self.record, self.loop, self.address = record, loop, address
        self.id = record.number(address + at["task.id"])
        self.function = record.word(address + at["task.function"])
        self.begun = record.word(address + at["task.stack"]) != 0
        self.wait = record.word(address + at["task.wait"])
        self.running = loop.running and loop.current == address
        self.waiting = not self.running and self.wait != 0 and not record.byte(address + at["task.scheduled"])
        self.name = self.find_name()
        self.waits_in, self.waits_for = "", []

    def find_name(self):
        name = self.record.word(self.address + self.record.at["task.name"])
        try:
            return read_text(name) if name else "Task-%d" % self.id
        except Trouble:
            return "Task-%d" % self.id

    def state(self):
        if self.running:
            return "running"
        return "waiting" if self.waiting else "scheduled"


class Loop:
    def __init__(self, record, address):
        at = record.at
        self.address = address
        self.thread = record.word(address + at["loop.thread"])
        self.current = record.word(address + at["loop.current"])
        self.running = record.byte(address + at["loop.running"]) != 0
        self.tasks = []
        for link in record.list_of(address + at["loop.tasks"]):
            task = link - at["task.all"]
            if record.word(task + at["future.loop"]) != address:
                raise Trouble("a list of tasks leads to what is no task: it is corrupted")
            self.tasks.append(Task(record, self, task))


class Follower:
    """Whom a task waits for, through the futures between them."""

    def __init__(self, record, tasks):
        self.record = record
        self.by_address = {task.address: task for task in tasks}
        self.by_id = {task.id: task for task in tasks}
        self.visits = 0

    def reach_of(self, kind, table):
        at = self.record.at
        name = read_text(self.record.word(kind + at[table + ".name"]), 32)
        reach = self.record.word(kind + at[table + ".reach"])
        return name, struct.unpack(self.record.order + "6i", read(reach, 24)) if reach else None

    def futures(self, reach, start):
        shape, _, at, count, stride, item = reach
        if shape == ONE:
            yield self.record.word(start + at)
        elif shape in (ARRAY, ARRAY_AT):
            elements = self.record.word(start + at) if shape == ARRAY_AT else start + at
            for i in range(min(self.record.word(start + count), MOST_VISITS)):
                yield self.record.word(elements + i * stride + item)
        elif shape == LIST:
            for link in self.record.list_of(start + at):
                yield link - item

    def follow(self, reach, start, found):
        if reach is None:
            return
        if reach[0] == HOLDER:
            holder = self.by_id.get(self.record.number(start + reach[2]))
            if holder:
                found.append(holder)
            return
        for future in self.futures(reach, start):
            self.visits += 1
            if self.visits > MOST_VISITS:
                raise Trouble("waits lead on and on: they are corrupted")
            task = self.by_address.get(future)
            if task:
                found.append(task)
            elif future and not self.record.byte(future + self.record.at["future.state"]):
                name, inner = self.reach_of(self.record.word(future + self.record.at["future.kind"]), "future_kind")
                if not name.startswith("T"):
                    self.follow(inner, future, found)

    def fill(self, task):
        record = self.record
        if not task.waiting:
            return
        try:
            self.visits = 0
            task.waits_in, reach = self.reach_of(record.word(task.wait + record.at["wait.kind"]), "wait_kind")
            start = record.word(task.wait + record.at["wait.object"]) if reach and reach[1] else task.wait
            self.follow(reach, start, task.waits_for)
        except (Trouble, RecursionError) as why:
            task.waits_in += " (%s)" % why


def look():
    record = find_record()
    loops = []
    for i in range(record.loops_room):
        address = record.word(record.loops + i * record.pointer_size)
        if address:
            loops.append(Loop(record, address))
    follower = Follower(record, [task for loop in loops for task in loop.tasks])
    for loop in loops:
        for task in loop.tasks:
            follower.fill(task)
    return record, loops


# ---- words ----


def place(address):
    """A function's name, with file and line where they are known."""
    said = gdb.execute("info symbol 0x%x" % address, to_string=True)
    name = said.split(" in section ")[0] if " in section " in said else "0x%x" % address
    line = gdb.find_pc_line(address)
    return "%s (%s:%d)" % (name, line.symtab.filename, line.line) if line.symtab else name


def loop_line(loop):
    where = "runs in thread 0x%x" % loop.thread if loop.running else "does not run"
    return "loop 0x%x, %s, %d task%s" % (loop.address, where, len(loop.tasks), "" if len(loop.tasks) == 1 else "s")


def task_line(task):
    waits = task.waits_in
    if task.waits_for:
        waits += ", for " + ", ".join("%s (%d)" % (other.name, other.id) for other in task.waits_for[:8])
        if len(task.waits_for) > 8:
            waits += " and %d more" % (len(task.waits_for) - 8)
    state = task.state() + (" in " + waits if waits else "")
    return "%s%6d  %-20s  %s, %s" % ("*" if task.running else " ", task.id, task.name, state, place(task.function))


# ---- backtraces ----


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = gdb.Value(sp), gdb.Value(pc)


class PretendUnwinder(gdb.unwinder.Unwinder):
    """While a task is shown: the caller of the innermost frame is whoever called the task's switch."""

    def __init__(self):
        super().__init__("eddy task")
        self.saved = None  # of the task that is shown

    def __call__(self, pending):
        saved = self.saved
        if saved is None or int(pending.read_register(saved.stack)) != self.innermost:
            return None
        # As if it lay a little deeper than the task's own frames, or gdb would call the stack corrupt.
        info = pending.create_unwind_info(FrameId(saved.values[saved.stack] - 64, saved.values[saved.counter]))
        word = gdb.lookup_type("unsigned long")
        for name, value in saved.values.items():
            info.add_saved_register(name, gdb.Value(value).cast(word))
        return info

    def backtrace(self, saved):
        gdb.newest_frame().select()
        self.innermost = int(gdb.newest_frame().read_register(saved.stack))
        self.saved = saved
        gdb.invalidate_cached_frames()
        try:
            return gdb.execute("backtrace", to_string=True)
        finally:
            self.saved = None
            gdb.invalidate_cached_frames()


class Saved:
    """The registers that a task's switch saved, as the library says where they are."""

    def __init__(self, record, task):
        words = [re.match(r"(\w+)([@=])(\d+)$", word) for word in read_text(record.registers, 512).split()]
        if not words or None in words:
            raise Trouble("this build's task switch does not say where it saves registers (ucontext)")
        base = record.word(task.address + record.at["task.context"])
        self.values = {}
        for name, kind, offset in (word.groups() for word in words):
            address = base + int(offset)
            self.values[name] = record.word(address) if kind == "@" else address
            if kind == "=":
                self.stack = name
            elif name in ("rip", "pc"):
                self.counter = name


def renumber(text):
    """Without the frame that the task was hung below."""
    lines, out = text.splitlines(), []
    for line in lines:
        found = re.match(r"#(\d+)( +)(.*)", line)
        if found and found.group(1) == "0":
            continue
        out.append("#%-3d %s" % (int(found.group(1)) - 1, found.group(3)) if found else line)
    return "\n".join(out)


def backtrace_of(record, task):
    if task.running:
        return "it runs: see the backtrace of its thread (thread 0x%x)" % task.loop.thread
    if not task.begun:
        return "it has not begun"
    return renumber(unwinder.backtrace(Saved(record, task)))


# ---- commands ----


def guarded(work):
    try:
        work()
    except Trouble as why:
        raise gdb.GdbError("eddy: %s" % why) from None
    except gdb.error as why:
        raise gdb.GdbError("eddy: gdb says: %s" % why) from None


class InfoTasks(gdb.Command):
    """Every eddy loop of the process with its tasks: id, name, state, whom it waits for, its function."""

    def __init__(self):
        super().__init__("info eddy-tasks", gdb.COMMAND_STATUS)

    def invoke(self, _argument, _from_tty):
        def work():
            _, loops = look()
            if not loops:
                print("no loops")
            for loop in loops:
                print(loop_line(loop))
                for task in loop.tasks:
                    print(task_line(task))

        guarded(work)


class Backtrace(gdb.Command):
    """eddy-backtrace [ID | NAME | all]: where tasks are that do not run now. Without an argument: all of them."""

    def __init__(self):
        super().__init__("eddy-backtrace", gdb.COMMAND_STACK)

    def invoke(self, argument, _from_tty):
        wanted = argument.strip()

        def work():
            record, loops = look()
            shown = 0
            for task in (task for loop in loops for task in loop.tasks):
                if wanted in ("", "all", str(task.id), task.name):
                    print(task_line(task).strip("* "))
                    print(backtrace_of(record, task))
                    shown += 1
            if shown == 0:
                raise Trouble("there is no task '%s'" % wanted if wanted not in ("", "all") else "there are no tasks")

        guarded(work)


unwinder = PretendUnwinder()
gdb.unwinder.register_unwinder(None, unwinder, replace=True)
InfoTasks()
Backtrace()
