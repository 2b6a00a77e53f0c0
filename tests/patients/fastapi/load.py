"""Honest traffic: load.py PORT CONCURRENCY PAUSE_MS PATH… ; `POST:/path` sends a login."""

import asyncio
import json
import sys

port, concurrency, pause_ms = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
paths = sys.argv[4:]
LOGIN = json.dumps({"email": "user7@example.org", "password": "wrong password"}).encode()


def request_for(path: str) -> bytes:
    if path.startswith("POST:"):
        head = (f"POST {path[5:]} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(LOGIN)}\r\n\r\n")
        return head.encode() + LOGIN
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()


async def client(number: int) -> None:
    turn = number
    while True:
        path = paths[turn % len(paths)]
        turn += 1
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request_for(path))
            await reader.read()
            writer.close()
        except OSError:
            await asyncio.sleep(0.5)
        await asyncio.sleep(pause_ms / 1000)


async def main() -> None:
    print("loading", flush=True)
    await asyncio.gather(*(client(number) for number in range(concurrency)))


asyncio.run(main())
