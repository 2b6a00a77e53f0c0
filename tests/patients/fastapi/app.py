"""The account backend of the original report, with one chosen fault (PATIENT_FAULT)."""

import hashlib
import os
import secrets
import sqlite3
import threading
import time
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

import database

FAULT = os.environ.get("PATIENT_FAULT", "none")
DB = os.environ.get("PATIENT_DB", "dev.db")
# 2**14 is what a careful backend pays per login; the hashing fault pays four times that.
SCRYPT_N = 2**16 if FAULT == "hashing" else 2**14


@asynccontextmanager
async def lifespan(_app: FastAPI):
    database.ensure(DB, FAULT)
    if FAULT == "own_long_tx":
        threading.Thread(target=nightly_report, daemon=True, name="nightly-report").start()
    if FAULT == "zombies":
        leave_children_unwaited(5)
    yield


app = FastAPI(title="patient", lifespan=lifespan)


class Login(BaseModel):
    email: str
    password: str


# One connection stays open for the life of the process, as a pool's first one does.
_shared: sqlite3.Connection | None = None


def open_db() -> sqlite3.Connection:
    global _shared
    if _shared is None:
        _shared = database.connect(DB)
        _shared.execute("SELECT 1 FROM users").fetchone()
    return database.connect(DB)


def nightly_report() -> None:
    """Opens a write transaction and then thinks about something else for four seconds."""
    while True:
        db = open_db()
        db.execute("PRAGMA busy_timeout=60000")
        db.execute("BEGIN IMMEDIATE")
        db.execute("UPDATE users SET name = name WHERE id = 1")
        time.sleep(4.0)
        db.execute("COMMIT")
        db.close()
        time.sleep(0.2)


def leave_children_unwaited(count: int) -> None:
    for _ in range(count):
        if os.fork() == 0:
            os._exit(0)


def gather_entropy() -> str:
    """A synchronous wait on the event loop's own thread."""
    time.sleep(3.9)
    return secrets.token_urlsafe(32)


def grind_entropy() -> str:
    """Arithmetic on the event loop's own thread."""
    digest = b"seed"
    deadline = time.thread_time() + 2.6
    while time.thread_time() < deadline:
        for _ in range(2000):
            digest = hashlib.sha256(digest).digest()
    return digest.hex()


if FAULT == "loop_blocked_sync":

    @app.get("/api/auth/csrf")
    async def csrf():
        return {"csrf_token": gather_entropy()}

elif FAULT == "loop_blocked_cpu":

    @app.get("/api/auth/csrf")
    async def csrf():
        return {"csrf_token": grind_entropy()}

elif FAULT in ("writer_lock", "own_long_tx", "stored_csrf"):

    @app.get("/api/auth/csrf")
    def csrf(request: Request):
        token = secrets.token_urlsafe(32)
        db = open_db()
        try:
            db.execute(
                "INSERT OR REPLACE INTO csrf_tokens VALUES (?,?,?)",
                (request.client.host, token, int(time.time())),
            )
        except sqlite3.OperationalError as error:
            raise HTTPException(500, str(error)) from error
        finally:
            db.close()
        return {"csrf_token": token}

else:

    @app.get("/api/auth/csrf")
    async def csrf():
        return {"csrf_token": secrets.token_urlsafe(32)}


@app.get("/test-cors")
async def test_cors():
    return {"status": "ok"}


@app.get("/health")
async def health():
    return {"status": "healthy"}


def session_of(db: sqlite3.Connection, request: Request):
    token = request.cookies.get("session", "none")
    return db.execute("SELECT user_id, expires_at FROM sessions WHERE token = ?", (token,)).fetchone()


@app.get("/api/me")
def me(request: Request):
    db = open_db()
    try:
        session = session_of(db, request)
        if FAULT == "expired_sessions":
            db.execute("SELECT count(*) FROM sessions WHERE expires_at > ?", (int(time.time()),)).fetchone()
        if session is None:
            raise HTTPException(401, "not signed in")
        user = db.execute("SELECT id, email, name FROM users WHERE id = ?", (session["user_id"],)).fetchone()
        return dict(user)
    finally:
        db.close()


@app.get("/api/notifications")
def notifications():
    """The public feed: the newest hundred, each with how much its author has written."""
    db = open_db()
    try:
        rows = db.execute("SELECT id, user_id, author_id, body FROM notifications ORDER BY id DESC LIMIT 100").fetchall()
        feed = []
        for row in rows:
            if FAULT == "stale_stats":
                found = db.execute(
                    "SELECT count(body) FROM notifications WHERE status = 'unread' AND user_id = ?", (row["user_id"],)
                )
            else:
                found = db.execute("SELECT count(body) FROM notifications WHERE author_id = ?", (row["author_id"],))
            feed.append({"id": row["id"], "author": row["author_id"], "written": found.fetchone()[0]})
        return {"notifications": feed}
    finally:
        db.close()


@app.post("/api/auth/login")
def login(form: Login):
    db = open_db()
    try:
        user = db.execute("SELECT * FROM users WHERE email = ?", (form.email,)).fetchone()
        salt = user["password_salt"] if user else b"0" * 16
        cost = SCRYPT_N if FAULT == "hashing" else database.SEED_SCRYPT_N
        digest = database.hash_password(form.password, salt, cost)
        if user is None or not secrets.compare_digest(digest, user["password_hash"]):
            raise HTTPException(401, "wrong address or password")
        return {"token": secrets.token_urlsafe(32)}
    finally:
        db.close()
