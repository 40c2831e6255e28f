"""A restart by a service manager: between the two processes a visitor connects and speaks; the connection waits in the queue of the kept
sockets and is answered by the second process.
"""
import os
import signal
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from service_manager import ServiceManager

sorry = sys.argv[1]
# The port is chosen here and kept free until the first process has it.
probe = socket.socket()
probe.bind(("127.0.0.1", 0))
port = probe.getsockname()[1]
probe.close()
command = [sorry, "serve", "--listen", f"127.0.0.1:{port}"]

manager = ServiceManager()
first = manager.start(command)
manager.hear("READY=1")
manager.stop(first)
print(f"kept {len(manager.names())} name(s)", flush=True)

visitor = socket.create_connection(("127.0.0.1", port), 20)
visitor.settimeout(20)
visitor.sendall(b"GET / HTTP/1.0\r\n\r\n")
second = manager.start(command)
try:
    answer = visitor.recv(4096).split(b"\r\n")[0].decode()
    print(f"answered by the second process: {answer}", flush=True)
finally:
    os.kill(second, signal.SIGTERM)
    os.waitpid(second, 0)
