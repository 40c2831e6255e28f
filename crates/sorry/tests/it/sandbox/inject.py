"""Makes system calls on every thread of another process (ptrace(2)), and says what the kernel answered.

inject.py PID CALL...   where CALL is read:PATH, write:PATH or exec:PATH

Prints a line for each thread: its name, then 0 or an errno for each call. A file that could be opened is closed again. Only for
x86-64, whose registers it knows. Whoever is traced goes on as if nothing had been.
"""

import ctypes
import os
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long

GETREGS, SETREGS, SINGLESTEP, DETACH, SEIZE, INTERRUPT = 12, 13, 9, 17, 0x4206, 0x4207
WALL = 0x40000000
OPENAT, CLOSE, EXECVE = 257, 3, 59
AT_FDCWD = -100 & 0xFFFFFFFFFFFFFFFF
NAMES = (
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
    "fs_base gs_base ds es fs gs"
).split()


class Registers(ctypes.Structure):
    """struct user_regs_struct (sys/user.h)."""

    _fields_ = [(name, ctypes.c_ulonglong) for name in NAMES]


def ptrace(request, thread, data=None):
    if LIBC.ptrace(request, thread, None, data) == -1:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def stopped(thread):
    _, status = os.waitpid(thread, WALL)
    if not os.WIFSTOPPED(status):
        raise SystemExit(f"thread {thread} has ended: {status:#x}")


def syscall_instruction(process):
    """Where a `syscall` instruction stands in the process's own code."""
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb") as memory:
        for line in maps:
            span, mode = line.split()[:2]
            if "x" not in mode or "[vsyscall]" in line:
                continue
            begin, end = (int(bound, 16) for bound in span.split("-"))
            memory.seek(begin)
            at = memory.read(end - begin).find(b"\x0f\x05")
            if at >= 0:
                return begin + at
    raise SystemExit("no syscall instruction was found")


def stop_all(process):
    """Stops every thread. The kernel's list ends early where a thread ends while it is read, so it is read until it has nothing new."""
    stopped_ones, quiet = [], 0
    while quiet < 3:
        listed = map(int, os.listdir(f"/proc/{process}/task"))
        new = sorted(thread for thread in listed if thread not in stopped_ones)
        quiet = 0 if new else quiet + 1
        for thread in new:
            try:
                ptrace(SEIZE, thread)
            except ProcessLookupError:
                continue  # It has ended meanwhile.
            ptrace(INTERRUPT, thread)
            stopped(thread)
            stopped_ones.append(thread)
    return stopped_ones


class Thread:
    def __init__(self, process, thread, instruction):
        self.process, self.thread, self.instruction = process, thread, instruction
        with open(f"/proc/{process}/task/{thread}/comm") as comm:
            self.name = comm.read().strip()
        self.saved = Registers()
        ptrace(GETREGS, thread, ctypes.byref(self.saved))

    def call(self, number, *arguments):
        registers = Registers.from_buffer_copy(self.saved)
        registers.rax, registers.orig_rax = number, 0xFFFFFFFFFFFFFFFF
        registers.rip = self.instruction
        for name, value in zip(("rdi", "rsi", "rdx", "r10"), arguments):
            setattr(registers, name, value)
        ptrace(SETREGS, self.thread, ctypes.byref(registers))
        ptrace(SINGLESTEP, self.thread)
        stopped(self.thread)
        ptrace(GETREGS, self.thread, ctypes.byref(registers))
        return ctypes.c_longlong(registers.rax).value

    def text(self, words):
        """Puts a text below the stack, beyond what a function may use of that without saying so (128 bytes)."""
        place = (self.saved.rsp - 1024) & ~15
        with open(f"/proc/{self.process}/mem", "r+b", buffering=0) as memory:
            memory.seek(place)
            memory.write(words.encode() + b"\0")
        return place

    def make(self, call):
        what, path = call.split(":", 1)
        place = self.text(path)
        if what == "exec":
            return -self.call(EXECVE, place, 0, 0)
        found = self.call(OPENAT, AT_FDCWD, place, {"read": os.O_RDONLY, "write": os.O_WRONLY}[what], 0)
        if found < 0:
            return -found
        self.call(CLOSE, found)
        return 0

    def leave(self):
        ptrace(SETREGS, self.thread, ctypes.byref(self.saved))
        ptrace(DETACH, self.thread)


def main():
    process, calls = int(sys.argv[1]), sys.argv[2:]
    instruction = syscall_instruction(process)
    threads = [Thread(process, thread, instruction) for thread in stop_all(process)]
    for thread in threads:
        print(thread.name, *(thread.make(call) for call in calls))
    for thread in threads:
        thread.leave()


main()
