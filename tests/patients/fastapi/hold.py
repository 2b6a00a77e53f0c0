"""Holds a patient's SQLite write lock from another process: hold.py FILE [SECONDS] [PAUSE]."""

import sqlite3
import sys
import time

path = sys.argv[1]
hold_s = float(sys.argv[2]) if len(sys.argv) > 2 else 4.0
pause_s = float(sys.argv[3]) if len(sys.argv) > 3 else 0.3

connection = sqlite3.connect(path, isolation_level=None, timeout=60)
print("holding", flush=True)
while True:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE users SET name = name WHERE id = 2")
    time.sleep(hold_s)
    connection.execute("COMMIT")
    time.sleep(pause_s)
