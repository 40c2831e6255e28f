"""Detaches the programs that a process holds at the traffic control hook, as `bpftool link detach` does (bpf(2))."""
import ctypes
import os
import struct
import sys

BPF = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
GET_FD_BY_ID, DETACH = 30, 34
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, number):
    attributes = ctypes.create_string_buffer(struct.pack("I", number), 64)
    result = libc.syscall(BPF, command, attributes, len(attributes))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


folder = f"/proc/{sys.argv[1]}/fdinfo"
numbers = set()
for name in os.listdir(folder):
    with open(os.path.join(folder, name)) as file:
        fields = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
    if fields.get("link_type") == "tcx":
        numbers.add(int(fields["link_id"]))
for number in numbers:
    bpf(DETACH, bpf(GET_FD_BY_ID, number))
print(len(numbers))
