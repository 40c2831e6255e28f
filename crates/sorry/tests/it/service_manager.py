"""A service manager in small: keeps what the processes that it starts store, and passes that to the next one.

The protocol is that of sd_pid_notify_with_fds(3) and sd_listen_fds(3).
"""
import array
import ctypes
import fcntl
import os
import signal
import socket
import tempfile


class ServiceManager:
    def __init__(self):
        self.path = os.path.join(tempfile.mkdtemp(), "notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(20)
        # Names and numbers of descriptors.
        self.kept = []

    def names(self):
        return sorted({name for name, _ in self.kept})

    def start(self, command):
        """Starts a command with what is kept; returns its process."""
        process = os.fork()
        if process:
            return process
        # Whoever ends this manager in a hurry ends what it started.
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        environment = dict(os.environ, NOTIFY_SOCKET=self.path)
        if self.kept:
            # Out of the way first, so that no number is overwritten before it has moved.
            high = [fcntl.fcntl(number, fcntl.F_DUPFD, 100) for _, number in self.kept]
            for place, number in enumerate(high):
                os.dup2(number, 3 + place, inheritable=True)
            environment.update(
                LISTEN_PID=str(os.getpid()),
                LISTEN_FDS=str(len(self.kept)),
                LISTEN_FDNAMES=":".join(name for name, _ in self.kept),
            )
        os.execve(command[0], command, environment)

    def hear(self, wanted):
        """Reads messages until one has the line `wanted`; stores and forgets what it is told to."""
        while True:
            message, ancillary, _, _ = self.socket.recvmsg(65536, socket.CMSG_SPACE(512 * 4))
            numbers = array.array("i")
            for _, kind, data in ancillary:
                if kind == socket.SCM_RIGHTS:
                    numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
            lines = message.decode().splitlines()
            names = [line[len("FDNAME=") :] for line in lines if line.startswith("FDNAME=")]
            if "FDSTORE=1" in lines:
                self.kept += [(names[0], number) for number in numbers]
                numbers = []
            if "FDSTOREREMOVE=1" in lines:
                for item in [item for item in self.kept if item[0] == names[0]]:
                    self.kept.remove(item)
                    os.close(item[1])
            # A barrier is answered by closing its descriptor.
            for number in numbers:
                os.close(number)
            if wanted in lines:
                return

    def stop(self, process):
        """Ends a process in good order, and has what it stores meanwhile."""
        os.kill(process, signal.SIGTERM)
        self.hear("BARRIER=1")
        assert os.waitpid(process, 0)[1] == 0, "it ends in good order"
