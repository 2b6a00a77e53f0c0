"""The patient's SQLite file: its schema, how it is filled, and how a request opens it."""

import hashlib
import random
import sqlite3
import time
from pathlib import Path

SCHEMA = """
CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    password_salt BLOB NOT NULL,
    password_hash BLOB NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users(id),
    token TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE TABLE notifications (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users(id),
    author_id INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'unread',
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE TABLE csrf_tokens (
    client TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    issued_at INTEGER NOT NULL
);
"""

INDEXES = """
CREATE INDEX sessions_by_token ON sessions(token);
CREATE INDEX sessions_by_user ON sessions(user_id);
CREATE INDEX sessions_by_expiry ON sessions(expires_at);
CREATE INDEX notifications_by_user ON notifications(user_id);
CREATE INDEX notifications_by_author ON notifications(author_id);
CREATE INDEX notifications_by_status ON notifications(status);
"""

USERS = 100
SESSIONS = 500
NOTIFICATIONS = 1500

# A cheap cost for the hundred accounts of the seed; a login pays what app.py asks for.
SEED_SCRYPT_N = 2**4


def connect(path: str) -> sqlite3.Connection:
    """Opens the file as the handlers do: Python's default of five seconds for a busy lock."""
    is_uri = path.startswith("file:")
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, uri=is_uri)
    connection.row_factory = sqlite3.Row
    return connection


def hash_password(password: str, salt: bytes, cost: int) -> bytes:
    """scrypt with 128 * 8 * cost bytes of memory; it releases the interpreter lock."""
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=8, p=1, maxmem=2**28)


def fill_users(db: sqlite3.Connection, count: int, now: int) -> None:
    rows = []
    for number in range(1, count + 1):
        salt = hashlib.sha256(str(number).encode()).digest()[:16]
        digest = hash_password(f"password {number}", salt, SEED_SCRYPT_N)
        rows.append((number, f"user{number}@example.org", f"User {number}", salt, digest, now))
    db.executemany("INSERT INTO users VALUES (?,?,?,?,?,?)", rows)


def fill_sessions(db: sqlite3.Connection, count: int, expired_share: float, now: int) -> None:
    chance = random.Random(7)

    def row(number: int):
        expired = chance.random() < expired_share
        expires = now - 86_400 * chance.randint(1, 300) if expired else now + 86_400 * 7
        token = hashlib.sha256(f"session {number}".encode()).hexdigest()
        return (number, number % USERS + 1, token, expires - 86_400 * 7, expires)

    db.executemany("INSERT INTO sessions VALUES (?,?,?,?,?)", map(row, range(1, count + 1)))


def fill_notifications(db: sqlite3.Connection, count: int, body_bytes: int, now: int) -> None:
    def row(number: int):
        status = "unread" if number % 100 else "read"
        return (number, number % USERS + 1, number % 5000, status,
                "n" * body_bytes, now - number)

    db.executemany("INSERT INTO notifications VALUES (?,?,?,?,?,?)", map(row, range(1, count + 1)))


def create(path: str, faults: list[str]) -> None:
    """Writes the whole file; without a fault it is the 0.33 MB of the original report."""
    now = int(time.time())
    db = connect(path)
    db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;")
    db.executescript(SCHEMA)
    db.execute("BEGIN")
    fill_users(db, USERS, now)
    if "expired_sessions" in faults:
        fill_sessions(db, 200_000, 0.98, now)
    else:
        fill_sessions(db, SESSIONS, 0.0, now)
    if "missing_index" in faults:
        fill_notifications(db, 80_000, 1000, now)
    elif "stale_stats" in faults:
        fill_notifications(db, 80_000, 1000, now)
    elif "bloat" in faults:
        fill_notifications(db, 80_000, 1000, now)
    else:
        fill_notifications(db, NOTIFICATIONS, 40, now)
    db.execute("COMMIT")
    db.executescript(INDEXES)
    if "missing_index" in faults:
        db.execute("DROP INDEX notifications_by_author")
    if "expired_sessions" in faults:
        db.execute("DROP INDEX sessions_by_expiry")
    if "stale_stats" in faults:
        spoil_statistics(db)
    else:
        db.execute("ANALYZE")
    if "bloat" in faults:
        db.execute("DELETE FROM notifications WHERE id % 10 <> 0")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if "damaged" in faults:
        root, size = db.execute(
            "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = 'notifications_by_author'"
        ).fetchone()
    if "rollback_reader" in faults:
        db.execute("PRAGMA journal_mode=DELETE")
    db.close()
    if "damaged" in faults:
        with open(path, "r+b") as file:
            file.seek((root - 1) * size)
            file.write(b"\xff" * 64)


def spoil_statistics(db: sqlite3.Connection) -> None:
    """Statistics of a day when the table was tiny and `status` told every row apart."""
    db.execute("ANALYZE")
    db.execute("DELETE FROM sqlite_stat1 WHERE tbl = 'notifications'")
    db.executemany(
        "INSERT INTO sqlite_stat1 VALUES ('notifications', ?, ?)",
        [("notifications_by_status", "400 1"), ("notifications_by_user", "400 200"),
         ("notifications_by_author", "400 200")],
    )


def ensure(path: str, faults: list[str]) -> None:
    """Creates the file if it is not there yet."""
    path = path.removeprefix("file:").partition("?")[0]
    if not Path(path).exists():
        create(path, faults)
