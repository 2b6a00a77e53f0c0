"""An upstream that takes every connection and thinks for a while: thinker.py PORT SECONDS."""

import socket
import sys
import threading
import time


def think(connection: socket.socket) -> None:
    time.sleep(float(sys.argv[2]))
    connection.close()


server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=1024)
print("thinking", flush=True)
while True:
    threading.Thread(target=think, args=(server.accept()[0],), daemon=True).start()
