"""Reads a patient's SQLite file in a transaction it does not end: read.py FILE [SECONDS] [PAUSE]."""

import sqlite3
import sys
import time

path = sys.argv[1]
hold_s = float(sys.argv[2]) if len(sys.argv) > 2 else 3600.0
pause_s = float(sys.argv[3]) if len(sys.argv) > 3 else 0.3

connection = sqlite3.connect(path, isolation_level=None, timeout=60)
print("reading", flush=True)
while True:
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM users").fetchone()
    time.sleep(hold_s)
    connection.execute("COMMIT")
    time.sleep(pause_s)
