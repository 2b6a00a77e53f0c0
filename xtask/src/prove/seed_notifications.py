"""Fills a stopped Galen's database with notifications: seed_notifications.py FILE READER USERS COUNT.

The reader has a hundred of them, whatever there is beside."""

import os
import sqlite3
import sys
import time

path, reader, people, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
OWN = 100
now_ms = int(time.time() * 1000)
db = sqlite3.connect(path, isolation_level=None)


def identifier(noise: bytes) -> bytes:
    """A UUIDv7 (RFC 9562, section 5.7)."""
    return now_ms.to_bytes(6, "big") + bytes([0x70 | noise[0] & 15, noise[1], 0x80 | noise[2] & 63]) + noise[3:10]


def person(number: int):
    email = f"seed{number}@example.org"
    return (users[number], email, email, "", "!", "user", "active", now_ms, now_ms)


def row(number: int):
    """The reader's lie scattered among all others, as they do in a database that has lived."""
    every = count // OWN
    user = me if number % every == 0 and number // every < OWN else users[number % people]
    unread.setdefault(user, [0])[0] += 1
    values = ("proof", "info", f"Note {number}", "Some text that tells what happened.", "system", now_ms, now_ms + 10**10)
    return (user, number + 1, identifier(os.urandom(10)), *values)


users = [identifier(os.urandom(10)) for _ in range(people)]
(me,) = db.execute("SELECT id FROM users WHERE email_key = ?", (reader,)).fetchone()
unread: dict[bytes, list[int]] = {}
db.execute("PRAGMA synchronous=OFF")
db.execute("BEGIN")
columns = "id, email, email_key, name, password_hash, role, status, created_at, updated_at"
db.executemany(f"INSERT INTO users ({columns}) VALUES (?,?,?,?,?,?,?,?,?)", map(person, range(people)))
db.execute("UPDATE counters SET n = n + ? WHERE name = 'users'", (people,))
columns = "user_id, archived, seq, id, category, level, title, body, author_kind, created_at, gone_at"
db.executemany(f"INSERT INTO notifications ({columns}) VALUES (?,0,?,?,?,?,?,?,?,?,?)", map(row, range(count)))
told = [(n, n, user) for user, (n,) in unread.items()]
db.executemany("UPDATE users SET unread = ?, unseen = ? WHERE id = ?", told)
# What was seeded was carried on, too: nobody is to be told of it now.
carried = "name IN ('notifications', 'notice_seq') OR name LIKE 'dispatched.%'"
db.execute(f"UPDATE counters SET n = ? WHERE {carried}", (count,))
db.execute("COMMIT")
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
db.close()
print(f"{count} notifications of {people} users")
