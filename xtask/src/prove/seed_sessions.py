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
# Nobody has more than 50 sessions, as nobody may have more than `sessions.per_user_max`.
people = (expired + active) // 50 + 1
per_minute: dict[int, int] = {}


def identifier(at_ms: int, noise: bytes) -> bytes:
    """A UUIDv7 (RFC 9562, section 5.7)."""
    return at_ms.to_bytes(6, "big") + bytes([0x70 | noise[0] & 15, noise[1], 0x80 | noise[2] & 63]) + noise[3:10]


def person(number: int):
    email = f"seed{number}@example.org"
    return (users[number], email, email, "", "!", "user", "active", now_ms, now_ms)


def row(number: int):
    """Expired ones ended at some minute of the last five days; active ones end within the next six.
    They come in the order in which they were opened, as in a database that has lived."""
    if number < expired:
        expires = this_minute - MINUTE_MS * (1 + (expired - 1 - number) * 5 * 24 * 60 // expired)
    else:
        expires = this_minute + MINUTE_MS * (60 + (number - expired) * 6 * 24 * 60 // active)
    created = expires - 7 * 24 * 60 * MINUTE_MS
    per_minute[expires] = per_minute.get(expires, 0) + 1
    noise = os.urandom(42)
    user = users[number % people]
    return (identifier(created, noise[32:]), noise[:32], user, created, created, created, expires, expires, "127.0.0.1", "seed")


users = [identifier(now_ms, os.urandom(10)) for _ in range(people)]
db.execute("PRAGMA synchronous=OFF")
db.execute("BEGIN")
columns = "id, email, email_key, name, password_hash, role, status, created_at, updated_at"
db.executemany(f"INSERT INTO users ({columns}) VALUES (?,?,?,?,?,?,?,?,?)", map(person, range(people)))
db.execute("UPDATE counters SET n = n + ? WHERE name = 'users'", (people,))
rows = map(row, range(expired + active))
db.executemany("INSERT INTO sessions VALUES (?,?,?,?,?,?,?,?,?,?)", rows)
count = "INSERT INTO session_expiry_counts VALUES (?,?) ON CONFLICT (expires_at) DO UPDATE SET n = n + excluded.n"
db.executemany(count, per_minute.items())
db.execute("UPDATE counters SET n = n + ? WHERE name = 'sessions'", (expired + active,))
db.execute("COMMIT")
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
db.close()
print(f"{expired} expired and {active} active sessions of {people} users")
