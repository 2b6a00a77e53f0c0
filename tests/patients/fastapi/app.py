"""The account backend of the original report, with chosen faults (PATIENT_FAULT, joined by `+`)."""

import asyncio
import hashlib
import os
import secrets
import sqlite3
import threading
import time
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

import database

FAULTS = os.environ.get("PATIENT_FAULT", "none").split("+")
DB = os.environ.get("PATIENT_DB", "dev.db")
ADDRESS = f"file:{DB}?mode=ro" if "read_only" in FAULTS else DB
# What requests ask for is decided here: a line that is executed for each is seen by the doctor.
# 2**14 is what a careful backend pays per login; the hashing fault pays four times that.
LOGIN_N = 2**16 if "hashing" in FAULTS else database.SEED_SCRYPT_N
ROWS = 60 if "one_by_one" in FAULTS else 1
COUNTS_SESSIONS = "expired_sessions" in FAULTS
BY_STATUS = "stale_stats" in FAULTS


@asynccontextmanager
async def lifespan(_app: FastAPI):
    database.ensure(DB, FAULTS)
    if "own_long_tx" in FAULTS:
        threading.Thread(target=nightly_report, daemon=True, name="nightly-report").start()
    if any(fault in FAULTS for fault in ("checkpoint_starved", "checkpoint_off", "busy_snapshot")):
        threading.Thread(target=busy_writer, daemon=True, name="busy-writer").start()
    if "zombies" in FAULTS:
        leave_children_unwaited(5)
    yield


app = FastAPI(title="patient", lifespan=lifespan)
if "hidden_error" in FAULTS:
    app.add_middleware(CORSMiddleware, allow_origins=["http://localhost:3000"], allow_credentials=True)


class Login(BaseModel):
    email: str
    password: str


# One connection stays open for the life of the process, as a pool's first one does.
_shared: sqlite3.Connection | None = None


def open_db() -> sqlite3.Connection:
    global _shared
    if _shared is None:
        _shared = connect()
        _shared.execute("SELECT 1 FROM users").fetchone()
    return connect()


def connect() -> sqlite3.Connection:
    """The database, of which one fault makes a file that is opened for reading only."""
    return database.connect(ADDRESS)


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


def busy_writer() -> None:
    """Many small transactions, as a queue or a counter makes them."""
    db = open_db()
    db.execute("PRAGMA busy_timeout=60000")
    db.execute("PRAGMA synchronous=OFF")
    pause_s = 0.008 if "busy_snapshot" in FAULTS else 0.001
    if "checkpoint_off" in FAULTS:
        db.execute("PRAGMA wal_autocheckpoint=0")
        enlarge(db)
    number = 0
    while True:
        number += 1
        db.execute("UPDATE notifications SET body = ? WHERE id = ?", (f"{number:040}", number % 1500 + 1))
        time.sleep(pause_s)


def enlarge(db: sqlite3.Connection) -> None:
    """Writes as much as a night of imports does."""
    for _ in range(12):
        db.execute("CREATE TABLE IF NOT EXISTS imports (body BLOB)")
        db.execute("INSERT INTO imports VALUES (randomblob(8000000))")
    db.execute("DROP TABLE imports")


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


if "loop_blocked_sync" in FAULTS:

    @app.get("/api/auth/csrf")
    async def csrf():
        return {"csrf_token": gather_entropy()}

elif "loop_blocked_cpu" in FAULTS:

    @app.get("/api/auth/csrf")
    async def csrf():
        return {"csrf_token": grind_entropy()}

elif "busy_snapshot" in FAULTS:

    @app.get("/api/auth/csrf")
    def csrf(request: Request):
        """Reads, thinks for a moment, and writes in the same deferred transaction."""
        db = open_db()
        try:
            db.execute("BEGIN")
            db.execute("SELECT count(*) FROM csrf_tokens").fetchone()
            time.sleep(0.06)
            db.execute("INSERT OR REPLACE INTO csrf_tokens VALUES (?,?,?)", (request.client.host, "t", 1))
            db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise HTTPException(500, str(error)) from error
        finally:
            db.close()
        return {"csrf_token": "t"}

elif "commit_bound" in FAULTS:

    @app.get("/api/auth/csrf")
    def csrf():
        """Issues tokens in advance, each in a transaction of its own."""
        db = open_db()
        try:
            db.execute("PRAGMA synchronous=FULL")
            until = time.monotonic() + 1.0
            while time.monotonic() < until:
                token = secrets.token_urlsafe(32)
                db.execute("INSERT OR REPLACE INTO csrf_tokens VALUES (?,?,?)", ("x", token, 1))
            return {"csrf_token": token}
        finally:
            db.close()

elif "hidden_error" in FAULTS:

    @app.get("/api/auth/csrf")
    async def csrf():
        raise RuntimeError("no entropy today")

elif "session_in_memory" in FAULTS:
    _known: set[str] = set()

    @app.get("/api/auth/csrf")
    async def csrf(request: Request, response: Response):
        """A session of which only this process knows."""
        session = request.cookies.get("sid")
        if session not in _known:
            session = secrets.token_urlsafe(16)
            _known.add(session)
            response.set_cookie("sid", session, httponly=True, samesite="lax")
        return {"csrf_token": "t"}

elif "limiter" in FAULTS:
    _asked: dict[str, list[float]] = {}

    @app.get("/api/auth/csrf")
    async def csrf(request: Request):
        """Five requests a second for one address, whoever is behind it."""
        now = time.monotonic()
        recent = [at for at in _asked.get(request.client.host, []) if at > now - 1]
        _asked[request.client.host] = recent + [now]
        if len(recent) >= 5:
            raise HTTPException(429, "too many requests", headers={"Retry-After": "1"})
        return {"csrf_token": "t"}

elif "cold_start" in FAULTS:
    _warm: list[bool] = []

    @app.get("/api/auth/csrf")
    def csrf():
        if not _warm:
            time.sleep(0.9)
            _warm.append(True)
        return {"csrf_token": "t"}

elif any(fault in FAULTS for fault in ("upstream", "one_by_one")):
    UPSTREAM = int(os.environ.get("PATIENT_UPSTREAM", "0"))

    @app.get("/api/auth/csrf")
    async def csrf():
        """Asks another service: once, or once for each row it shows."""
        reader, writer = await asyncio.open_connection("127.0.0.1", UPSTREAM)
        rows = []
        for number in range(ROWS):
            writer.write(b"PING\r\n")
            rows.append({"id": number, "said": (await reader.readline()).decode().strip()})
        writer.close()
        return {"rows": rows}

elif "streams" in FAULTS:

    def events():
        """Keeps the thread that makes the next event for as long as it takes."""
        while True:
            yield "data: tick\n\n"
            time.sleep(2.5)

    @app.get("/api/live")
    def live():
        return StreamingResponse(events(), media_type="text/event-stream")

    @app.get("/api/auth/csrf")
    def csrf():
        return {"csrf_token": secrets.token_urlsafe(32)}

elif any(fault in FAULTS for fault in ("writer_lock", "own_long_tx", "stored_csrf", "rollback_reader", "read_only")):

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
        if COUNTS_SESSIONS:
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
            if BY_STATUS:
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
        digest = database.hash_password(form.password, salt, LOGIN_N)
        if user is None or not secrets.compare_digest(digest, user["password_hash"]):
            raise HTTPException(401, "wrong address or password")
        return {"token": secrets.token_urlsafe(32)}
    finally:
        db.close()
