"""Endpoints that wait three seconds each, in ways that have no name: strange.py PORT."""

import asyncio
import fcntl
import multiprocessing
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import uvicorn
from fastapi import FastAPI

WAIT_S = 3.0
app = FastAPI(title="strange")
folder = tempfile.mkdtemp()
empty, _writer = os.pipe()
taken = multiprocessing.Semaphore(0)
SOCKET = os.path.join(folder, "service")
LOCK = os.path.join(folder, "lock")


@app.get("/health")
async def health():
    return {"status": "healthy"}


@app.get("/api/timer")
async def timer():
    await asyncio.sleep(WAIT_S)
    return {"done": True}


@app.get("/api/pipe")
def pipe():
    select.select([empty], [], [], WAIT_S)
    return {"done": True}


@app.get("/api/child")
def child():
    subprocess.run(["sleep", str(WAIT_S)], check=True)
    return {"done": True}


@app.get("/api/file-lock")
def file_lock():
    holder = subprocess.Popen([sys.executable, "-c", HOLD, LOCK, str(WAIT_S)], stdout=subprocess.PIPE)
    holder.stdout.readline()
    with open(LOCK, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
    holder.wait()
    return {"done": True}


HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@app.get("/api/semaphore")
def semaphore():
    taken.acquire(timeout=WAIT_S)
    return {"done": True}


def ask(family: int, address) -> None:
    with socket.socket(family) as connection:
        connection.connect(address)
        while connection.recv(64):
            pass


@app.get("/api/unix-socket")
def unix_socket():
    ask(socket.AF_UNIX, SOCKET)
    return {"done": True}


@app.get("/api/trickle")
def trickle():
    ask(socket.AF_INET, trickler.getsockname())
    return {"done": True}


@app.get("/api/condition")
def condition():
    done = threading.Event()
    threading.Timer(WAIT_S, done.set).start()
    done.wait()
    return {"done": True}


@app.get("/api/signal")
def wait_for_signal():
    signal.sigtimedwait({signal.SIGUSR2}, WAIT_S)
    return {"done": True}


def serve(server: socket.socket, answer) -> None:
    while True:
        connection, _ = server.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def think(connection: socket.socket) -> None:
    time.sleep(WAIT_S)
    connection.close()


def drip(connection: socket.socket) -> None:
    for _ in range(30):
        connection.sendall(b".")
        time.sleep(WAIT_S / 30)
    connection.close()


def services() -> None:
    """The services live in a process of their own, as they would."""
    if os.fork() == 0:
        threading.Thread(target=serve, args=(local, think), daemon=True).start()
        serve(trickler, drip)


signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})
local = socket.socket(socket.AF_UNIX)
local.bind(SOCKET)
local.listen(64)
trickler = socket.create_server(("127.0.0.1", 0), backlog=64)

if __name__ == "__main__":
    services()
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
