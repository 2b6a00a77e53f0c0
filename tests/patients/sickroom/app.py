"""A FastAPI backend with one chosen fault (PATIENT_FAULT), served by uvicorn: app.py PORT."""

import asyncio
import gc
import mmap
import os
import random
import socket
import sys
import threading
import time

import uvicorn
from fastapi import FastAPI, HTTPException

FAULT = os.environ.get("PATIENT_FAULT", "none")
DATA = os.environ.get("PATIENT_DATA", ".")
UPSTREAM = (os.environ.get("PATIENT_UPSTREAM", "127.0.0.1"), int(os.environ.get("PATIENT_UPSTREAM_PORT", "9")))

app = FastAPI(title="sickroom")
permit = asyncio.Semaphore(1)
first_lock = threading.Lock()
second_lock = threading.Lock()
kept: list = []


@app.get("/health")
async def health():
    return {"status": "healthy"}


@app.get("/api/items")
async def items():
    return {"items": [{"id": number, "name": f"item {number}"} for number in range(20)]}


@app.get("/api/export")
async def export():
    """Waits for a permit, and then for nothing that a thread shows."""
    async with permit:
        await asyncio.sleep(0.6)
    return {"exported": True}


@app.get("/api/patient")
async def patient():
    """Takes its time, and everybody's at once."""
    await asyncio.sleep(0.6)
    return {"patient": True}


@app.get("/api/think")
def think():
    """Waits in a thread of the pool."""
    time.sleep(1.5)
    return {"thought": True}


@app.get("/api/save")
def save():
    """Makes a few bytes durable."""
    try:
        with open(os.path.join(DATA, "journal"), "ab") as journal:
            for _ in range(4):
                journal.write(os.urandom(4096))
                journal.flush()
                os.fsync(journal.fileno())
    except OSError as error:
        raise HTTPException(500, str(error)) from error
    return {"saved": True}


if FAULT == "full":
    log = open(os.path.join(DATA, "app-data.log"), "ab", buffering=0)


@app.get("/api/log")
def write_log():
    try:
        log.write(b"x" * 65536)
    except OSError as error:
        raise HTTPException(500, str(error)) from error
    return {"logged": True}


@app.get("/api/lookup")
def lookup():
    try:
        socket.getaddrinfo("upstream.invalid.example", 80)
    except OSError as error:
        return {"found": False, "why": str(error)}
    return {"found": True}


@app.get("/api/call")
def call():
    try:
        socket.create_connection(UPSTREAM, timeout=3.2).close()
    except OSError as error:
        return {"called": False, "why": str(error)}
    return {"called": True}


@app.get("/api/connect")
def connect():
    """A client that opens a connection for every request."""
    try:
        socket.create_connection(UPSTREAM, timeout=2).close()
    except OSError as error:
        raise HTTPException(500, str(error)) from error
    return {"connected": True}


def hold_connections() -> None:
    """Opens connections and closes none, until no local port is left."""
    while True:
        try:
            kept.append(socket.create_connection(UPSTREAM, timeout=2))
        except OSError:
            return


@app.get("/api/cart")
async def cart():
    """Remembers everything it was ever asked."""
    kept.append(bytearray(os.urandom(64)) * 1600)
    return {"kept": len(kept)}


@app.get("/api/clean")
async def clean():
    for _ in range(int(os.environ.get("PATIENT_COLLECTIONS", "12"))):
        gc.collect()
    return {"clean": True}


@app.get("/api/compute")
async def compute():
    """A tenth of a second of arithmetic."""
    return {"sum": sum(range(3_000_000))}


def give_back() -> None:
    with second_lock:
        time.sleep(0.3)
        with first_lock:
            pass


@app.get("/api/transfer")
def transfer():
    """Takes two locks in one order while a helper takes them in the other."""
    with first_lock:
        threading.Thread(target=give_back, daemon=True).start()
        time.sleep(0.2)
        with second_lock:
            return {"transferred": True}


@app.get("/api/mail")
def mail():
    try:
        threading.Thread(target=time.sleep, args=(0.05,), daemon=True).start()
    except RuntimeError as error:
        raise HTTPException(500, str(error)) from error
    return {"sent": True}


@app.get("/api/archive")
def archive():
    """Reads all over a file that is larger than the memory it may use."""
    chance = random.Random(time.monotonic_ns())
    pages = len(mapped) // 4096
    until = time.monotonic() + 2.6
    total = 0
    while time.monotonic() < until:
        for _ in range(16):
            total += mapped[chance.randrange(pages) * 4096]
    return {"total": total}


if FAULT == "thrash":
    file = open(os.path.join(DATA, "archive"), "rb")
    mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
if FAULT == "ports":
    hold_connections()
if FAULT == "gc":
    kept.extend([{"n": number, "next": [number]} for number in range(700_000)])

if __name__ == "__main__":
    uvicorn.run(app, host=os.environ.get("PATIENT_HOST", "127.0.0.1"), port=int(sys.argv[1]), log_level="warning")
