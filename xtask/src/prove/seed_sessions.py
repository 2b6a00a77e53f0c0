"""Fills a stopped Galen's database with sessions: seed_sessions.py FILE EXPIRED ACTIVE."""

import os
import sqlite3
import sys
import time

path, expired, active = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
MINUTE_MS = 60_000
now_ms = int(time.time() * 1000)
this_minute = now_ms - now_ms % MINUTE_MS

db = sqlite3.connect(path, isolation_level=None)
users = [row[0] for row in db.execute("SELECT id FROM users")]
per_minute: dict[int, int] = {}


def row(number: int):
    """Expired ones ended at some minute of the last five days; active ones end within the next six."""
    if number < expired:
        expires = this_minute - MINUTE_MS * (1 + number % (5 * 24 * 60))
    else:
        expires = this_minute + MINUTE_MS * (60 + number % (6 * 24 * 60))
    created = expires - 7 * 24 * 60 * MINUTE_MS
    per_minute[expires] = per_minute.get(expires, 0) + 1
    noise = os.urandom(42)
    identifier = created.to_bytes(6, "big") + bytes([0x70 | noise[32] & 15, noise[33], 0x80 | noise[34] & 63]) + noise[35:42]
    user = users[number % len(users)]
    return (identifier, noise[:32], user, created, created, created, expires, expires, "127.0.0.1", "seed")


db.execute("PRAGMA synchronous=OFF")
db.execute("BEGIN")
rows = map(row, range(expired + active))
db.executemany("INSERT INTO sessions VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
count = "INSERT INTO session_expiry_counts VALUES (?,?) ON CONFLICT (expires_at) DO UPDATE SET n = n + excluded.n"
db.executemany(count, per_minute.items())
db.execute("UPDATE counters SET n = n + ? WHERE name = 'sessions'", (expired + active,))
db.execute("COMMIT")
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
db.close()
print(f"{expired} expired and {active} active sessions")
