"""websockets: prints what its exception says of a refused handshake."""
import asyncio
import json
import sys

import websockets


async def main(url):
    try:
        await websockets.connect(url)
        report = {"handshake": "accepted"}
    except websockets.exceptions.InvalidHandshake as error:
        # InvalidStatusCode until version 13, InvalidStatus after it.
        status = getattr(error, "status_code", None) or error.response.status_code
        headers = getattr(error, "headers", None) or error.response.headers
        report = {"handshake": status, "retry_after": int(headers["Retry-After"])}
    print(json.dumps(report))


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 30))
