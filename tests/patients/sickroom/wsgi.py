"""A Flask application for gunicorn's sync workers, with endpoints that harm their worker."""

import os
import socket

from flask import Flask

app = Flask(__name__)
served = 0


@app.get("/health")
def health():
    return {"status": "healthy"}


@app.get("/api/report")
def report():
    """Waits for an upstream that thinks."""
    with socket.create_connection(("127.0.0.1", int(os.environ["PATIENT_UPSTREAM_PORT"]))) as upstream:
        upstream.recv(1)
    return {"report": True}


@app.get("/api/image")
def image():
    """Needs more memory than it may have."""
    return {"size": len(bytearray(os.urandom(4096)) * 60_000)}


@app.get("/api/parse")
def parse():
    """Falls over a bug in native code at every third request."""
    global served
    served += 1
    if served >= 3:
        os._exit(1)
    return {"parsed": True}
