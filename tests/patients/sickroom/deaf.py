"""Listens with a short queue and accepts nobody: deaf.py PORT."""

import socket
import sys
import time

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(sys.argv[1])))
server.listen(2)
# Three early callers fill the queue, as a burst does.
callers = [socket.create_connection(("127.0.0.1", int(sys.argv[1]))) for _ in range(3)]
while True:
    time.sleep(1)
