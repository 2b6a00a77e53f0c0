"""Locks the first order from another session: hold.py URL MODE [SECONDS] [PAUSE]; prints its backend's PID."""

import sys
import time

import psycopg

url, mode = sys.argv[1], sys.argv[2]
hold_s = float(sys.argv[3]) if len(sys.argv) > 3 else 2.0
pause_s = float(sys.argv[4]) if len(sys.argv) > 4 else 0.1

connection = psycopg.connect(url, application_name="nightly-report")
print(connection.info.backend_pid, flush=True)
while True:
    connection.execute("UPDATE orders SET note = 'held' WHERE id = 1")
    if mode == "running":
        connection.execute("SELECT pg_sleep(%s)", (hold_s,))
    else:
        time.sleep(hold_s)
    connection.commit()
    time.sleep(pause_s)
