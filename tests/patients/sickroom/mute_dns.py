"""A name server that hears and never answers: mute_dns.py ADDRESS."""

import socket
import sys

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((sys.argv[1], 53))
print("silent", flush=True)
while True:
    server.recv(512)
