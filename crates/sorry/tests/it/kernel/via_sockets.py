"""A bare socket: prints what came of one GET whose bytes go out in an unusual way. Arguments: bytes, segments or half-close; address,
port."""
import array
import fcntl
import hashlib
import json
import os
import socket
import sys
import time

SIOCOUTQNSD = 0x894B  # linux/sockios.h: bytes that were written and not sent yet
PATIENCE = 50  # seconds


def send(connection, piece):
    """In a segment of its own: what is written next would else join what still waits."""
    connection.sendall(piece)
    deadline = time.monotonic() + PATIENCE
    waiting = array.array("i", [1])
    while waiting[0]:
        fcntl.ioctl(connection, SIOCOUTQNSD, waiting)
        if time.monotonic() > deadline:
            raise TimeoutError("what was written is never sent")
        os.sched_yield()


def read(connection, visit):
    """To the end. What came before an error counts; an error after a whole body is an error, too."""
    answer = b""
    try:
        while part := connection.recv(65536):
            answer += part
    except OSError as error:
        visit["error"] = repr(error)
    return answer


def main(way, address, port):
    visit = {"status": None, "announced": None, "error": None}
    answer = b""
    request = b"GET /some/page HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n"
    began = time.monotonic()
    try:
        connection = socket.create_connection((address, port), timeout=PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if way == "bytes":
            request += b"\r\n"
            for at in range(len(request)):
                send(connection, request[at:at + 1])
        elif way == "segments":
            request += b"Cookie: id=" + b"x" * 4096 + b"\r\n\r\n"
            for at in range(0, len(request), 700):
                send(connection, request[at:at + 700])
        elif way == "half-close":
            connection.sendall(request + b"\r\n")
            connection.shutdown(socket.SHUT_WR)
        else:
            sys.exit(f"{way} is no way to send")
        answer = read(connection, visit)
    except OSError as error:
        visit["error"] = repr(error)
    visit["seconds"] = time.monotonic() - began
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    if lines[0].startswith(b"HTTP/1."):
        visit["status"] = int(lines[0].split()[1])
    for line in lines[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            visit["announced"] = int(value)
    visit["length"] = len(body)
    visit["digest"] = hashlib.sha256(body).hexdigest()
    print(json.dumps(visit))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
