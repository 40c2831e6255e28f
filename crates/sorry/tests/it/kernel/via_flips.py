"""asyncio: connections that stay, and connections that come and go, for so many seconds; prints what became of both. Arguments: address, port,
how many stay, how many come and go at a time, seconds."""
import asyncio
import collections
import json
import sys
import time

KEPT = b"GET /kept HTTP/1.1\r\nHost: shop.example\r\n\r\n"
SHORT = b"GET /short HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"


async def answer(reader):
    """Reads one answer by its length; returns its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    lengths = [int(line[15:]) for line in lines if line.startswith(b"content-length:")]
    await reader.readexactly(lengths[0])
    return int(lines[0].split()[1])


async def stays(address, port, until, report, opened):
    """One connection, from before anything is flipped to the end, asked again and again."""
    reader, writer = await asyncio.open_connection(address, port)
    opened.append(writer)
    while time.monotonic() < until:
        writer.write(KEPT)
        report["kept"][await asyncio.wait_for(answer(reader), 10)] += 1
        await asyncio.sleep(0.01)
    writer.close()


async def comes_and_goes(address, port, until, report):
    while time.monotonic() < until:
        try:
            reader, writer = await asyncio.open_connection(address, port)
            writer.write(SHORT)
            report["short"][await asyncio.wait_for(answer(reader), 10)] += 1
            writer.close()
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError) as error:
            report["errors"][repr(error)] += 1


async def main(address, port, stay, at_once, seconds):
    report = {name: collections.Counter() for name in ["kept", "short", "errors"]}
    until = time.monotonic() + seconds
    opened = []
    staying = [asyncio.create_task(stays(address, port, until, report, opened)) for _ in range(stay)]
    while len(opened) < stay:
        await asyncio.sleep(0.005)
    print("open", flush=True)
    going = [asyncio.create_task(comes_and_goes(address, port, until, report)) for _ in range(at_once)]
    for end in await asyncio.gather(*staying, *going, return_exceptions=True):
        if end is not None:
            report["errors"][repr(end)] += 1
    print(json.dumps(report))


address, port, stay, at_once = sys.argv[1], *map(int, sys.argv[2:5])
asyncio.run(main(address, port, stay, at_once, float(sys.argv[5])))
