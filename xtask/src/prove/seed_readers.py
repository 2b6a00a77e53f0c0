"""Fills a stopped Galen's database with users of proven addresses: seed_readers.py FILE COUNT."""

import os
import sqlite3
import sys
import time

path, count = sys.argv[1], int(sys.argv[2])
now_ms = int(time.time() * 1000)
db = sqlite3.connect(path, isolation_level=None)


def identifier() -> bytes:
    """A UUIDv7 (RFC 9562, section 5.7)."""
    noise = os.urandom(10)
    return now_ms.to_bytes(6, "big") + bytes([0x70 | noise[0] & 15, noise[1], 0x80 | noise[2] & 63]) + noise[3:10]


def person(number: int):
    email = f"reader{number}@example.org"
    return (identifier(), email, email, "", "!", "user", "active", now_ms, now_ms, now_ms)


db.execute("BEGIN")
columns = "id, email, email_key, name, password_hash, role, status, email_verified_at, created_at, updated_at"
db.executemany(f"INSERT INTO users ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?)", map(person, range(count)))
db.execute("UPDATE counters SET n = n + ? WHERE name = 'users'", (count,))
db.execute("COMMIT")
db.close()
print(f"{count} readers")
