"""aiohttp: prints status, headers and JSON of a refusal, and what a refused WebSocket handshake says."""
import asyncio
import json
import sys

import aiohttp


async def main(url):
    report = {}
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers={"Accept": "application/json"}) as answer:
            report["status"] = answer.status
            report["reason"] = answer.reason
            report["retry_after"] = int(answer.headers["Retry-After"])
            report["id"] = answer.headers["X-Request-Id"]
            report["json"] = await answer.json()
        try:
            answer = await session.get(url, raise_for_status=True)
            report["raised"] = "nothing"
        except aiohttp.ClientResponseError as error:
            report["raised"] = error.status
        try:
            await session.ws_connect(url)
            report["handshake"] = "accepted"
        except aiohttp.WSServerHandshakeError as error:
            report["handshake"] = error.status
            report["handshake_retry_after"] = int(error.headers["Retry-After"])
        # Both again on one connection each, at the same time.
        answers = await asyncio.gather(*[session.put(url, data=b"x" * 100_000) for _ in range(20)])
        report["put"] = [answer.status for answer in answers]
    print(json.dumps(report))


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 30))
