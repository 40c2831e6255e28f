"""An SMTP server for tests. Arguments: how it behaves, and a folder with smtp.crt and smtp.key if it is to want STARTTLS and the
password of `sorry`. Prints its port, then a line of JSON for each mail.

takes      takes mails; nobody is called gone@, and later@ is busy the first time
busy-once  answers the first mail with 451
refuses    answers each with 550
silent     accepts connections and says nothing
"""

import asyncio
import email
import email.policy
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Sink:
    def __init__(self, mode):
        self.mode = mode
        self.asked = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        first = address not in self.asked
        self.asked.add(address)
        if address.startswith("gone@"):
            return "550 5.1.1 nobody of that name"
        if address.startswith("later@") and first:
            return "451 4.2.1 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.mode == "busy-once":
            self.mode = "takes"
            return "451 4.3.0 come back later"
        if self.mode == "refuses":
            return "550 5.7.1 not wanted"
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        seen = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": str(mail["Subject"]),
            "headers": {name: str(value) for name, value in mail.items()},
            "type": str(mail["Content-Type"]),
            "text": mail.get_content().replace("\r\n", "\n"),
            "helo": session.host_name,
            "tls": session.ssl is not None,
            "user": session.auth_data,
        }
        print(json.dumps(seen), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    good = data.login == b"sorry" and data.password == b"correct horse"
    return AuthResult(success=good, auth_data=data.login.decode() if good else None)


async def silent(reader, writer):
    await reader.read()


async def main():
    mode, sink, options = sys.argv[1], Sink(sys.argv[1]), {}
    if len(sys.argv) > 2:
        folder = pathlib.Path(sys.argv[2])
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(folder / "smtp.crt", folder / "smtp.key")
        options = {
            "tls_context": context,
            "require_starttls": True,
            "auth_required": True,
            "authenticator": authenticate,
        }
    loop = asyncio.get_running_loop()
    if mode == "silent":
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
    else:
        server = await loop.create_server(lambda: SMTP(sink, loop=loop, **options), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
