"""Two POSIX mutexes taken crosswise, as a C extension would: mutexes.py PORT."""

import ctypes
import http.server
import sys
import threading
import time

libc = ctypes.CDLL("libc.so.6")
# pthread_mutex_t has 40 bytes on x86-64 and 48 on aarch64; zeroed is PTHREAD_MUTEX_INITIALIZER.
first, second = (ctypes.create_string_buffer(64), ctypes.create_string_buffer(64))


def both(one, other):
    libc.pthread_mutex_lock(one)
    time.sleep(0.3)
    libc.pthread_mutex_lock(other)
    libc.pthread_mutex_unlock(other)
    libc.pthread_mutex_unlock(one)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/move":
            threading.Thread(target=both, args=(second, first), daemon=True).start()
            both(first, second)
        self.send_response(200 if self.path in ("/health", "/move", "/") else 404)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
