"""Runs a command as on a kernel without eBPF: bpf(2) is not implemented for it (seccomp(2))."""
import ctypes
import os
import struct
import sys

BPF = {"x86_64": 321, "aarch64": 280}[os.uname().machine]
ENOSYS = 38
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2

program = b"".join(
    struct.pack("HBBI", *words)
    for words in [
        (LOAD, 0, 0, 0),
        (EQUAL, 0, 1, BPF),
        (RETURN, 0, 0, ERRNO | ENOSYS),
        (RETURN, 0, 0, ALLOW),
    ]
)
filters = ctypes.create_string_buffer(program, len(program))
# struct sock_fprog: how many, and where.
whole = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(filters))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, whole) != 0:
    raise OSError(ctypes.get_errno(), "prctl")
os.execv(sys.argv[1], sys.argv[1:])
