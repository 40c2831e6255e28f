"""A service manager in small, around a command: keeps what the process stores when it is told to stop, and passes that to the next one.

SIGHUP restarts it, SIGTERM stops it and lets go of what is kept. The protocol is that of sd_pid_notify_with_fds(3) and sd_listen_fds(3).
"""
import array
import ctypes
import fcntl
import os
import signal
import socket
import sys
import tempfile

command = sys.argv[1:]
path = os.path.join(tempfile.mkdtemp(), "notify.sock")
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(path)
manager.settimeout(20)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGTERM})


def start(descriptors):
    process = os.fork()
    if process:
        return process
    # Whoever ends this manager in a hurry ends what it started.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP, signal.SIGTERM})
    environment = dict(os.environ, NOTIFY_SOCKET=path)
    if descriptors:
        # Out of the way first, so that no number is overwritten before it has moved.
        high = [fcntl.fcntl(number, fcntl.F_DUPFD, 100) for _, number in descriptors]
        for place, number in enumerate(high):
            os.dup2(number, 3 + place, inheritable=True)
        environment.update(
            LISTEN_PID=str(os.getpid()),
            LISTEN_FDS=str(len(descriptors)),
            LISTEN_FDNAMES=":".join(name for name, _ in descriptors),
        )
    os.execve(command[0], command, environment)


def hear(wanted, kept):
    """Reads messages until one has the line `wanted`; stores and forgets what it is told to."""
    while True:
        message, ancillary, _, _ = manager.recvmsg(65536, socket.CMSG_SPACE(512 * 4))
        numbers = array.array("i")
        for _, kind, data in ancillary:
            if kind == socket.SCM_RIGHTS:
                numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
        lines = message.decode().splitlines()
        names = [line[len("FDNAME=") :] for line in lines if line.startswith("FDNAME=")]
        if "FDSTORE=1" in lines:
            kept += [(names[0], number) for number in numbers]
            numbers = []
        if "FDSTOREREMOVE=1" in lines:
            for item in [item for item in kept if item[0] == names[0]]:
                kept.remove(item)
                os.close(item[1])
        # A barrier is answered by closing its descriptor.
        for number in numbers:
            os.close(number)
        if wanted in lines:
            return


kept = []
process = start(kept)
hear("READY=1", kept)
while True:
    asked = signal.sigwait({signal.SIGHUP, signal.SIGTERM})
    os.kill(process, signal.SIGTERM)
    hear("BARRIER=1", kept)
    assert os.waitpid(process, 0)[1] == 0, "it ends in good order"
    if asked == signal.SIGTERM:
        break
    print("kept:", *sorted({name for name, _ in kept}), file=sys.stderr, flush=True)
    process = start(kept)
    hear("READY=1", kept)
    print("restarted; still kept:", *sorted({name for name, _ in kept}), file=sys.stderr, flush=True)
