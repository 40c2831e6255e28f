"""A service manager in small: keeps what the first process stores, and passes it to the second one.

Between the two a visitor connects and speaks; the connection waits in the queue of the kept sockets and is answered by
the second process. The protocol is that of sd_pid_notify_with_fds(3) and sd_listen_fds(3).
"""
import array
import fcntl
import os
import signal
import socket
import sys
import tempfile

sorry = sys.argv[1]
folder = tempfile.mkdtemp()
path = os.path.join(folder, "notify.sock")
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(path)
manager.settimeout(20)
# The port is chosen here and kept free until the first process has it.
probe = socket.socket()
probe.bind(("127.0.0.1", 0))
port = probe.getsockname()[1]
probe.close()
listen = f"127.0.0.1:{port}"


def start(descriptors):
    """Starts the server with `descriptors` (name, number), as the manager does."""
    process = os.fork()
    if process:
        return process
    environment = dict(os.environ, NOTIFY_SOCKET=path)
    if descriptors:
        # Out of the way first, so that no number is overwritten before it has moved.
        high = [os.dup(number) for _, number in descriptors]
        high = [fcntl.fcntl(number, fcntl.F_DUPFD, 100) for number in high]
        for place, number in enumerate(high):
            os.dup2(number, 3 + place, inheritable=True)
        environment.update(
            LISTEN_PID=str(os.getpid()),
            LISTEN_FDS=str(len(descriptors)),
            LISTEN_FDNAMES=":".join(name for name, _ in descriptors),
        )
    os.execve(sorry, [sorry, "serve", "--listen", listen], environment)


def hear(wanted):
    """Reads messages until one has the line `wanted`; returns what was stored meanwhile."""
    kept = []
    while True:
        message, ancillary, _, _ = manager.recvmsg(65536, socket.CMSG_SPACE(512 * 4))
        numbers = array.array("i")
        for _, kind, data in ancillary:
            if kind == socket.SCM_RIGHTS:
                numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
        lines = message.decode().splitlines()
        if "FDSTORE=1" in lines:
            name = next(line[len("FDNAME=") :] for line in lines if line.startswith("FDNAME="))
            kept += [(name, number) for number in numbers]
        else:
            # A barrier is answered by closing its descriptor.
            for number in numbers:
                os.close(number)
        if wanted in lines:
            return kept


first = start([])
hear("READY=1")
os.kill(first, signal.SIGTERM)
kept = hear("BARRIER=1")
assert os.waitpid(first, 0)[1] == 0, "the first process ends in good order"
print(f"kept {len({name for name, _ in kept})} name(s)", flush=True)

visitor = socket.create_connection(("127.0.0.1", port), 20)
visitor.settimeout(20)
visitor.sendall(b"GET / HTTP/1.0\r\n\r\n")
second = start(kept)
try:
    answer = visitor.recv(4096).split(b"\r\n")[0].decode()
    print(f"answered by the second process: {answer}", flush=True)
finally:
    os.kill(second, signal.SIGTERM)
    os.waitpid(second, 0)
