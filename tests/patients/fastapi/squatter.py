"""A stranger on the patient's port: accepts, reads and answers 404 as some other program would."""

import http.server
import sys


class Stranger(http.server.BaseHTTPRequestHandler):
    server_version = "stranger/1"

    def do_GET(self):
        self.send_error(404, "this is not the backend")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Stranger)
print("squatting", flush=True)
server.serve_forever()
