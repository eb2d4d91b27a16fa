"""Tasks and channels for gdb: gdb -x tools/firebreak-gdb.py -p PID (or PROGRAM CORE).

    tasks            every task: loop, number, state, group, spawned function, where it waits
    bt-task N [L]    the backtrace of task N of loop L (default 0)
    chans            every channel: how full it is, who waits on either side, how often it was full

Tasks are not threads, so gdb's own `bt` shows only the running one. The structs are those of
src/rt/loop.h, read through the debug information: nothing here knows an offset but those of the
frame that src/rt/switch.S leaves on a stack."""
import gdb

FRAMES_MAX = 64
PLACE_FOLDERS = ("src/rt/", "src/base/")
# What rt_switch pushed, from the saved stack pointer upwards; then the stack pointer is behind it.
SAVED = {
    "i386:x86-64": (["r15", "r14", "r13", "r12", "rbx", "rbp", "rip"], "rsp", 7 * 8),
    "aarch64": (["x29", "x30", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
                 "x28"], "sp", 160),
}


def container_of(link, type_name, member):
    kind = gdb.lookup_type("struct " + type_name)
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
    return (link.cast(gdb.lookup_type("char").pointer()) - offset).cast(kind.pointer())


def members(head, type_name, member):
    """The objects of an intrusive list; a zeroed head is an empty one."""
    at = head["next"]
    while int(at) != 0 and int(at) != int(head.address):
        yield container_of(at, type_name, member)
        at = at["next"]


def text(value):
    return value.string() if int(value) else "-"


def loops():
    proc = gdb.parse_and_eval("'loop.c'::proc")
    count = int(proc["count"])
    if count == 0:
        raise gdb.GdbError("no loop runs: rt_run has not begun, or has ended")
    return [proc["loops"][i] for i in range(count)]


def groups(loop):
    seen = {int(loop["root"].address): loop["root"]}
    for group in members(loop["groups"], "rt_group", "link"):
        seen.setdefault(int(group), group.dereference())
    return seen.values()


def tasks(loop):
    found = [task for group in groups(loop) for task in members(group["tasks"], "rt_task", "group_link")]
    return sorted(found, key=lambda task: int(task["id"]))


def state(loop, task):
    if int(loop["current"]) == int(task):
        return "running"
    names = {f.enumval: f.name.removeprefix("TASK_").lower()
             for f in gdb.lookup_type("enum rt_task_state").fields()}
    return names.get(int(task["state"]), "?")


def arch():
    name = gdb.selected_inferior().architecture().name()
    if name not in SAVED:
        raise gdb.GdbError(f"no task was ever switched on {name}")
    return name


def words_at(address, count):
    memory = gdb.selected_inferior().read_memory(address, count * 8)
    return [int.from_bytes(memory[i * 8:i * 8 + 8], "little") for i in range(count)]


def saved(task):
    """The registers of a task that does not run: {name: value}."""
    names, sp_name, size = SAVED[arch()]
    sp = int(task["sp"])
    found = dict(zip(names, words_at(sp, len(names))))
    found[sp_name] = sp + size
    if arch() == "aarch64":
        found["pc"] = found["x30"]
    return found


def walk(registers):
    """Program counters by the chain of frame pointers: works in a core file, too."""
    pc = registers.get("rip", registers.get("pc"))
    frame = registers.get("rbp", registers.get("x29"))
    for _ in range(FRAMES_MAX):
        yield pc
        if frame == 0:
            return
        try:
            frame, pc = words_at(frame, 2)
        except gdb.MemoryError:
            return
        if pc == 0:
            return


def place(pc):
    """(function, FILE:LINE) of a return address: the call is the instruction before it."""
    line = gdb.find_pc_line(pc - 1)
    function = gdb.block_for_pc(pc - 1)
    while function and not function.function:
        function = function.superblock
    name = function.function.name if function else "??"
    return name, f"{line.symtab.filename}:{line.line}" if line.symtab else "?"


def waits_in(task):
    """The innermost function that is not the runtime's."""
    last = ("-", "?")
    for pc in walk(saved(task)):
        last = place(pc)
        if last[1] != "?" and not any(folder in last[1] for folder in PLACE_FOLDERS):
            break
    return f"{last[0]} at {last[1]}"


class Tasks(gdb.Command):
    """Every task of every loop."""

    def __init__(self):
        super().__init__("tasks", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        print(f"{'LOOP':4} {'TASK':>6} {'STATE':8} {'GROUP':16} {'SPAWNED':28} WHERE")
        for loop in loops():
            for task in tasks(loop):
                now = state(loop, task)
                where = waits_in(task) if now in ("parked", "ready") else "-"
                print(f"{int(loop['index']):4} {int(task['id']):6} {now:8} "
                      f"{text(task['group']['name']):16} {text(task['site']['name']):28} {where}")


class BtTask(gdb.Command):
    """bt-task N [L]: the backtrace of task N of loop L (default 0)."""

    def __init__(self):
        super().__init__("bt-task", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        words = argument.split()
        if not 1 <= len(words) <= 2 or not all(w.isdigit() for w in words):
            raise gdb.GdbError("usage: bt-task N [LOOP]")
        index = int(words[1]) if len(words) == 2 else 0
        loop = next((l for l in loops() if int(l["index"]) == index), None)
        task = next((t for t in tasks(loop) if int(t["id"]) == int(words[0])), None) if loop else None
        if task is None:
            raise gdb.GdbError(f"no task {words[0]} on loop {index}: `tasks` lists them")
        if state(loop, task) == "running":
            print("it is running: this is its thread's own backtrace (`info threads`)")
            return
        for number, pc in enumerate(walk(saved(task))):
            name, where = place(pc)
            print(f"#{number:<3} {pc:#018x} in {name} at {where}")


class Chans(gdb.Command):
    """Every channel of every loop."""

    def __init__(self):
        super().__init__("chans", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        print(f"{'LOOP':4} {'CHANNEL':20} {'LENGTH':>8} {'LIMIT':>8} {'SENDERS':>8} "
              f"{'RECEIVERS':>9} {'FULL':>8} CLOSED")
        for loop in loops():
            for chan in members(loop["chans"], "rt_chan", "link"):
                waiting = [self.count(chan[side]) for side in ("senders", "receivers")]
                print(f"{int(loop['index']):4} {text(chan['name']):20} {int(chan['len']):8} "
                      f"{int(chan['cap']):8} {waiting[0]:8} {waiting[1]:9} "
                      f"{int(chan['full_total']):8} {'yes' if chan['closed'] else 'no'}")

    @staticmethod
    def count(head):
        count, at = 0, head["next"]
        while int(at) != 0 and int(at) != int(head.address):
            count, at = count + 1, at["next"]
        return count


Tasks()
BtTask()
Chans()
