"""Listens to a live stream on so many connections: listen.py PORT PATH CONNECTIONS."""

import socket
import sys
import time

port, path, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
streams = []
for _ in range(count):
    stream = socket.create_connection(("127.0.0.1", port))
    stream.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    stream.setblocking(False)
    streams.append(stream)
print("listening", flush=True)
while True:
    for stream in streams:
        try:
            stream.recv(65536)
        except BlockingIOError:
            pass
    time.sleep(0.2)
