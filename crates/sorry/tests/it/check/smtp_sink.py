"""An SMTP server that takes no mail: aiosmtpd, Debian's build. `busy` greets with 554, `rude` refuses EHLO and HELO, `old` knows HELO
alone, `--tls CERTIFICATE KEY` offers STARTTLS."""

import asyncio
import ssl
import sys

from aiosmtpd.smtp import SMTP


class Sink:
    pass


class Busy(SMTP):
    async def push(self, status):
        await super().push(status if not str(status).startswith("220") else "554 no service here")


class Rude(SMTP):
    async def smtp_EHLO(self, hostname):
        await self.push("550 go away")

    smtp_HELO = smtp_EHLO


class Old(SMTP):
    async def smtp_EHLO(self, hostname):
        await self.push("500 command not recognized")


async def main(arguments):
    kind = {"busy": Busy, "rude": Rude, "old": Old}.get(arguments[0] if arguments else "", SMTP)
    context = None
    if "--tls" in arguments:
        at = arguments.index("--tls")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*arguments[at + 1 : at + 3])
    loop = asyncio.get_running_loop()
    factory = lambda: kind(Sink(), hostname="mx.example", tls_context=context, loop=loop)
    server = await loop.create_server(factory, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(sys.argv[1:]))
