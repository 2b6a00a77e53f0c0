"""A real mail server that keeps what it takes over in a folder, and refuses whom it is told to.

    server.py PORT FOLDER plain|starttls|tls [CERTIFICATE KEY [USER PASSWORD]]

The recipient decides what is answered: `answers-451@…` and the like at RCPT, `data-552@…` after the
last byte, `hangs@…` never. It prints one line when it listens.
"""

import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

WORDS = {
    "421": "4.3.2 closing",
    "450": "4.2.1 mailbox is busy",
    "451": "4.7.1 greylisted, try again later",
    "550": "5.1.1 no such mailbox here",
    "552": "5.3.4 message too big",
}


class Handler:
    def __init__(self, folder):
        self.folder = folder
        # A server that comes back goes on counting.
        self.taken = sum(name.endswith(".json") for name in os.listdir(folder))

    async def handle_RCPT(self, server, session, envelope, address, options):
        name = address.split("@")[0]
        if name.startswith("answers-"):
            code = name.removeprefix("answers-")
            return f"{code} {WORDS[code]}"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(self, server, session, envelope):
        name = envelope.rcpt_tos[0].split("@")[0]
        if name == "hangs":
            await asyncio.sleep(3600)
        if name.startswith("data-"):
            code = name.removeprefix("data-")
            return f"{code} {WORDS[code]}"
        self.taken += 1
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "encrypted": session.ssl is not None or server.transport.get_extra_info("cipher") is not None,
            "user": (session.auth_data.login.decode() if session.auth_data else None),
            "connection": id(server),
            "data": envelope.original_content.decode("utf-8"),
        }
        # Renamed when it is whole, so that whoever counts counts only what was answered.
        path = os.path.join(self.folder, f"{self.taken:06}.json")
        with open(path + ".part", "w") as file:
            json.dump(mail, file)
        os.rename(path + ".part", path)
        return f"250 2.0.0 Ok: queued as {self.taken:06}"


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        right = data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=right, handled=False, auth_data=data)

    return check


async def main():
    port, folder, mode, *rest = sys.argv[1:]
    context = None
    if mode != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(rest[0], rest[1])
    user, password = rest[2:4] if len(rest) > 3 else (None, None)
    handler = Handler(folder)

    def speak():
        return SMTP(
            handler,
            hostname="smtp.test",
            ident="test",
            enable_SMTPUTF8=True,
            tls_context=context if mode == "starttls" else None,
            require_starttls=mode == "starttls",
            authenticator=authenticator(user, password) if user else None,
            auth_required=user is not None,
            auth_require_tls=mode == "starttls",
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        speak, "127.0.0.1", int(port), ssl=context if mode == "tls" else None
    )
    print("listening", flush=True)
    await server.serve_forever()


asyncio.run(main())
