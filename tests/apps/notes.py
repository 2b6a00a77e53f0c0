"""A small application that knows nothing of passwords: the proxy in front of it asks Galen.

usage: notes.py PORT

It trusts the X-Galen-* headers because only the proxy can reach it: it listens on loopback.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Notes(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(
            {
                "path": self.path,
                "user": self.galen("user"),
                "email": self.galen("email"),
                "role": self.galen("role"),
                "trace": [self.headers["traceparent"], self.headers["tracestate"]],
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def galen(self, name):
        """Every value of the header, whichever way it is spelled, as a CGI or WSGI server reads it."""
        wanted = f"x-galen-{name}"
        values = [v for k, v in self.headers.items() if k.lower().replace("_", "-") == wanted]
        return ",".join(values) or None

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Notes).serve_forever()
