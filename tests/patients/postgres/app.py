"""A shop's backend on PostgreSQL, with one chosen fault (PATIENT_FAULT)."""

import os
import time
from contextlib import asynccontextmanager, contextmanager

import psycopg
from fastapi import FastAPI
from psycopg_pool import ConnectionPool

FAULT = os.environ.get("PATIENT_FAULT", "none")
URL = os.environ["PATIENT_URL"]
# Faults that connect anew for every request, as many a first version does.
UNPOOLED = ("connect_per_request", "no_connection_left", "down")
POOLED = FAULT not in UNPOOLED

pool: ConnectionPool | None = None
leaked = []


@asynccontextmanager
async def lifespan(_app: FastAPI):
    global pool
    if POOLED:
        size = 3 if FAULT in ("pool_exhausted", "pool_leaked") else 8
        pool = ConnectionPool(URL, min_size=size, max_size=size, timeout=2.0, open=False)
        pool.open(wait=True)
    if FAULT == "pool_leaked":
        for _ in range(3):
            leak()
    yield


app = FastAPI(title="patient", lifespan=lifespan)


def leak() -> None:
    """Takes a connection, uses it, and forgets to give it back."""
    connection = pool.getconn()
    connection.execute("SELECT 1")
    connection.commit()
    leaked.append(connection)


@contextmanager
def database():
    if POOLED:
        with pool.connection() as connection:
            yield connection
    else:
        with psycopg.connect(URL, connect_timeout=3) as connection:
            yield connection


@app.get("/health")
async def health():
    return {"status": "healthy"}


@app.get("/api/orders")
def orders():
    """The endpoint that shows each fault; what it does for its living depends on it."""
    return living()


def one_order():
    with database() as connection:
        row = connection.execute("SELECT id, total FROM orders WHERE id = 7").fetchone()
    return {"id": row[0], "total": row[1]}


def touch_first():
    with database() as connection:
        connection.execute("UPDATE orders SET note = 'seen' WHERE id = 1")
    return {"touched": 1}


def of_customers():
    """What each of sixty customers ordered, one after the other."""
    with database() as connection:
        sums = [
            connection.execute(
                "SELECT coalesce(sum(total), 0) FROM orders WHERE customer = %s", (customer,)
            ).fetchone()[0]
            for customer in range(60)
        ]
    return {"sums": sums}


def open_items():
    """The open parcels without glass in them: an anti-join, hashed unless few are expected."""
    with database() as connection:
        row = connection.execute(
            "SELECT count(*) FROM parcels p WHERE p.status = 'open' AND NOT EXISTS"
            " (SELECT FROM items i WHERE i.parcel = p.id AND i.name = 'glass')"
        ).fetchone()
    return {"open": row[0]}


def many_commits():
    with database() as connection:
        for _ in range(3):
            connection.execute("UPDATE orders SET note = 'paid' WHERE id = 1")
            connection.commit()
    return {"paid": 3}


@app.get("/api/report")
def report():
    """Keeps its connection while it thinks about something else."""
    with database() as connection:
        connection.execute("SELECT count(*) FROM customers").fetchone()
        time.sleep(1.2)
    return {"report": "done"}


# Chosen once: a line that is executed for each request is seen by the doctor.
living = {
    "locked": touch_first,
    "idle_transaction": touch_first,
    "missing_index": of_customers,
    "stale_statistics": open_items,
    "slow_disk": many_commits,
}.get(FAULT, one_order)
