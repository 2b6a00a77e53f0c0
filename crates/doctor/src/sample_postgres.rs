//! Hand-made evidence of PostgreSQL for tests: the server of [`crate::sample`] with its sessions.

use crate::evidence::FactKey;
use crate::sample::{self, Bed};

/// The database of these beds.
pub const DB: &str = "postgres://127.0.0.1:5432/app";
/// Its one table of interest.
pub const TABLE: &str = "postgres://127.0.0.1:5432/app#public.orders";

/// A session of the doctor's own in a quiet PostgreSQL 15 that the server is connected to.
pub fn database(bed: Bed) -> Bed {
    bed.fact(FactKey::PgConnectOutcome, DB, "connected")
        .fact(FactKey::PgServerSockets, "target", 3)
        .fact(FactKey::PgVersion, DB, "15.14")
        .fact(FactKey::PgInRecovery, DB, false)
        .fact(FactKey::PgRights, DB, "pg_monitor")
        .fact(FactKey::PgMaxConnections, DB, 100)
        .fact(FactKey::PgReservedConnections, DB, 3)
        .fact(FactKey::PgConnectionsUsed, DB, 5)
        .counts(FactKey::PgConnectionsByApp, DB, &[("api (app)", 3), ("psql (ada)", 2)])
        .counted(FactKey::PgSessionsOpened, DB, 2, 120)
        .list(FactKey::PgSlots, DB, &[])
        .fact(FactKey::PgCheckpointsTimed, DB, 40)
        .fact(FactKey::PgCheckpointsRequested, DB, 2)
        .fact(FactKey::PgMaxWalBytes, DB, 1_073_741_824)
        .with(|bed| table(bed, [80_000, 120, 300]))
}

/// `orders` with so many live, dead and changed rows; autovacuum comes at 16,050 and 8,050.
pub fn table(bed: Bed, [rows, dead, modified]: [i64; 3]) -> Bed {
    bed.fact(FactKey::PgTableRows, TABLE, rows)
        .fact(FactKey::PgTableDead, TABLE, dead)
        .fact(FactKey::PgTableVacuumTrigger, TABLE, 16_050)
        .fact(FactKey::PgTableModified, TABLE, modified)
        .fact(FactKey::PgTableAnalyzeTrigger, TABLE, 8_050)
        .fact(FactKey::PgTableBytes, TABLE, 81_920_000)
        .fact(FactKey::PgTablePages, TABLE, 10_000)
        .fact(FactKey::PgTableWrites, TABLE, 90_000)
        .fact(FactKey::PgTableAutovacuum, TABLE, true)
        .fact(FactKey::PgTableSeqRows, TABLE, 0)
}

/// A slow endpoint, held for 64 looks inside its handler by a thread that waits for its database.
pub fn slow(bed: Bed) -> Bed {
    let bed = bed.with(sample::server).with(database).with(|bed| sample::fast(bed, "/health"));
    let bed = sample::held(bed, "/orders", [0, 0, 0, 64, 0], 4200.0);
    let bed = sample::thread(bed, 4100, "/orders", "epoll_wait", &[("epoll_wait", 64)]);
    sample::thread(bed, 4107, "/orders", "futex", &[("poll", 63), ("running", 1)])
}

/// What the backend of `/orders` did at 80 looks, with `busy` of three sessions used by others.
pub fn backend(bed: Bed, waits: &[(&str, u64)], busy: f64) -> Bed {
    bed.counts(FactKey::PgWaits, "/orders", waits)
        .fact(FactKey::PgOurBackend, "/orders", 4711)
        .samples(FactKey::PgPoolTotal, "/orders", &[3.0; 80])
        .samples(FactKey::PgPoolBusy, "/orders", &[busy; 80])
        .samples(FactKey::PgInbound, "/orders", &[4.0; 80])
        .fact(FactKey::PgPoolUntouchedMs, "/orders", 300.0)
}

/// The backend waits for a lock that session 815 holds, which is in this state.
pub fn locked(bed: Bed, state: &str) -> Bed {
    let head = format!("{DB} backend 815");
    backend(slow(bed), &[("Lock:transactionid", 78), ("working", 2)], 0.0)
        .counts_of(FactKey::PgBlockedBy, "/orders", &[("815", 78)], 80)
        .fact(FactKey::PgBlockedOn, "/orders", "transactionid ShareLock on public.orders")
        .counts(FactKey::PgQueries, "/orders", &[("UPDATE orders SET paid = ?", 80)])
        .fact(FactKey::PgBackendState, &head, state)
        .fact(FactKey::PgBackendXactMs, &head, 61_000.0)
        .fact(FactKey::PgBackendStarted, &head, "2026-11-28 03:00:01.5+00")
        .fact(FactKey::PgBackendApp, &head, "report (ada)")
        .fact(FactKey::PgBackendClient, &head, "127.0.0.1:50112")
        .fact(FactKey::PgBackendQuery, &head, "UPDATE orders SET note = ?")
        .fact(FactKey::PgBackendOurs, &head, false)
}

/// Every session is used by others, and a thread of the server stands in its pool.
pub fn empty_pool(bed: Bed) -> Bed {
    backend(slow(bed), &[("in transaction", 50), ("idle", 30)], 3.0).list(
        FactKey::PythonStack,
        "4100/4107 during /orders",
        &["threading.py:324 wait", "site-packages/psycopg_pool/pool.py:190 getconn"],
    )
}

/// The same, and nobody has used the sessions for a minute or is there to use them.
pub fn leaked_pool(bed: Bed) -> Bed {
    empty_pool(bed).fact(FactKey::PgPoolUntouchedMs, "/orders", 60_000.0).samples(
        FactKey::PgInbound,
        "/orders",
        &[0.0; 80],
    )
}

/// The backend works, for 76 of 80 looks, at a statement that reads all of `orders`.
pub fn scanning(bed: Bed) -> Bed {
    let statement = format!("{DB}?1");
    backend(slow(bed), &[("working", 76), ("idle", 4)], 0.0)
        .counts_of(
            FactKey::PgQueries,
            "/orders",
            &[("SELECT * FROM orders WHERE owner = ?", 76)],
            80,
        )
        .fact(FactKey::PgStatement, &statement, "SELECT * FROM orders WHERE owner = ?")
        .fact(FactKey::PgStatementCalls, &statement, 30)
        .fact(FactKey::PgStatementMs, &statement, 120_000.0)
        .fact(FactKey::PgStatementBlocks, &statement, 300_000)
        .list(
            FactKey::PgStatementPlan,
            &statement,
            &["Seq Scan on public.orders (filter (orders.owner = ?))"],
        )
        .fact(FactKey::PgStatementTable, &statement, "public.orders")
        .fact(FactKey::PgStatementKept, &statement, 12.0)
        .fact(
            FactKey::PgStatementIndex,
            &statement,
            "CREATE INDEX CONCURRENTLY ON public.orders (owner)",
        )
        .fact(FactKey::PgStatementIndexed, &statement, false)
        .fact(FactKey::PgStatementCost, &statement, 9000.0)
}
