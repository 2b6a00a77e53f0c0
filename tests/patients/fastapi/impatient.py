"""Clients that give up and ask again: impatient.py PORT CLIENTS PATIENCE_MS PATH."""

import socket
import sys
import threading
import time

port, count, patience_s, path = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) / 1000, sys.argv[4]


def client() -> None:
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
                connection.settimeout(patience_s)
                connection.recv(65536)
        except OSError:
            pass
        time.sleep(0.01)


for _ in range(count):
    threading.Thread(target=client, daemon=True).start()
print("asking", flush=True)
while True:
    time.sleep(60)
