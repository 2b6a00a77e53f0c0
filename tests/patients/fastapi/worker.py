"""The part of the backend that works without a port: it keeps the database open and waits."""

import sys
import time

import database

database.ensure(sys.argv[1], [])
connection = database.connect(sys.argv[1])
connection.execute("SELECT 1 FROM users").fetchone()
print("working", flush=True)
while True:
    time.sleep(1)
