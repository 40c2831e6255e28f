"""asyncio: a crowd of connections, one GET each; prints what became of them. Arguments: address, port, requests, how many at a time,
seconds until the deadline."""
import asyncio
import collections
import hashlib
import json
import sys
import time

REQUEST = b"GET /some/page HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"


async def visit(address, port):
    """Returns the status and the body, which is whole."""
    reader, writer = await asyncio.open_connection(address, port)
    try:
        writer.write(REQUEST)
        answer = await reader.read(-1)
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    if not lines[0].startswith(b"http/1."):
        raise ValueError("no answer")
    lengths = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
    if lengths != [len(body)]:
        raise ValueError("the body is not whole")
    return int(lines[0].split()[1]), body


async def visitor(address, port, left, report):
    while left:
        left.pop()
        began = time.monotonic()
        try:
            status, body = await visit(address, port)
        except (OSError, ValueError) as error:
            report["errors"][repr(error)] += 1
            continue
        report["took"].append(time.monotonic() - began)
        report["statuses"][status] += 1
        report["digests"][hashlib.sha256(body).hexdigest()] += 1


async def main(address, port, requests, at_once, seconds):
    report = {name: collections.Counter() for name in ["statuses", "digests", "errors"]}
    report["took"] = []
    left = list(range(requests))
    began = time.monotonic()
    visitors = [asyncio.create_task(visitor(address, port, left, report)) for _ in range(at_once)]
    _, late = await asyncio.wait(visitors, timeout=seconds)
    for task in late:
        task.cancel()
    # A cancelled visitor ends within its own request; what else it died of is raised here.
    ends = await asyncio.gather(*visitors, return_exceptions=True)
    for end in ends:
        if end is not None and not isinstance(end, asyncio.CancelledError):
            raise end
    report["seconds"] = time.monotonic() - began
    took = sorted(report.pop("took"))
    if late:
        report["errors"]["not before the deadline"] = len(late) + len(left)
    report["finished"] = len(took)
    for name, part in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1)]:
        report[name] = took[min(int(len(took) * part), len(took) - 1)] if took else 0.0
    print(json.dumps(report))


address, port, *numbers = sys.argv[1:]
asyncio.run(main(address, int(port), *map(int, numbers)))
