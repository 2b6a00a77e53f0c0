"""A server that serves one request at a time: single.py PORT UPSTREAM_PORT."""

import http.server
import socket
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = 200
        if self.path == "/report":
            # The upstream thinks for three seconds before it closes.
            with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as upstream:
                upstream.recv(1)
        elif self.path not in ("/health", "/"):
            status = 404
        self.send_response(status)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
