//! The sentences about PostgreSQL; they become codes beside all others.

/// Adds the sentences about PostgreSQL to those given, and hands all of them to the next macro.
macro_rules! with_postgres {
    ([$next:ident $($then:ident)*] $($given:tt)*) => { $next! { [$($then)*]
$($given)*

    // F49 to F62: PostgreSQL.
    PgNotUsed: "Process {pid} had no connection to a port or program of PostgreSQL whenever it was looked at.";
    PgLockTitle: "A statement waits for a lock in PostgreSQL";
    PgLock: "`GET {path}` took {time} because its database backend waited for a lock that backend {pid} ({application}), running a statement, held in {share} of the looks.";
    PgLockNone: "The backend of `GET {path}` waited for a lock in {looks} of {n} looks.";
    PgLockByIdle: "The lock is held by backend {pid}, whose open transaction runs nothing: that transaction is the cause.";
    PgLockByRunning: "The lock is held by backend {pid}, which is running a statement, and not by an idle transaction.";
    PgOurs: "Backend {pid} worked for the request: its client is the server's own socket.";
    PgWaited: "It was in `{wait}` in {looks} of {n} looks.";
    PgBlockedOn: "The lock: {lock}.";
    PgHead: "Backend {pid} stood at the head of the chain of blockers in {looks} of {n} looks.";
    PgHeadState: "Backend {pid} is `{state}`.";
    PgHeadXact: "Its transaction was {age} old.";
    PgHeadClient: "Its client is {client}.";
    PgHeadOurs: "It is a session of the examined server itself.";
    PgHeadProcess: "Its client is PID {pid}, `{command}`.";
    PgHeadQuery: "Its last statement: `{sql}`";
    PgRelease: "The request was answered {ms} after the last look that saw the wait (median of {n}).";
    PgRan: "Its statement, in {looks} of {n} looks: `{sql}`";
    PgIdleTitle: "A transaction left open in PostgreSQL holds a lock";
    PgIdle: "`GET {path}` took {time} because backend {pid} ({application}) left a transaction open for {age} that holds the lock it waited for in {share} of the looks.";
    PgPoolTitle: "The pool of database connections is exhausted";
    PgPool: "`GET {path}` took {time} because it waited for one of the server's {sessions} database connections, all of them in use, for {share} of it.";
    PgPoolNotWaited: "The database worked for `GET {path}` in {looks} of {n} looks: it did not wait for a connection.";
    PgPoolOpen: "No thread of the server waited in its pool of database connections during `GET {path}`, and not all of its sessions were in use.";
    PgPoolLock: "The server's sessions waited for a lock in {looks} of {n} looks: the lock is the cause, not the pool.";
    PgPoolLeak: "The server's connections lay unused for {age} with nobody else to use them: they leaked.";
    PgPoolThread: "Thread {thread} stood in the pool of connections: `{frame}`.";
    PgPoolBusy: "At the median look {busy} of the server's {sessions} sessions ran a statement or a transaction that began before the request.";
    PgPoolClients: "At the median look {clients} connections of other clients were open to the server.";
    PgPoolWaits: "PostgreSQL did nothing for the request in {looks} of {n} looks.";
    PgLeakTitle: "Database connections leak from the pool";
    PgLeak: "`GET {path}` took {time} because the pool had no connection left: the server's {sessions} lay unused for {age} while it waited, and nobody else asked anything of the server.";
    PgLeakTouched: "A session of the server changed its state {age} before the last look: its connections are in use.";
    PgLeakClients: "At the median look {clients} connections of other clients were open to the server: they can hold its connections.";
    PgSlotsTitle: "PostgreSQL has no connection left";
    PgSlotsFull: "PostgreSQL refuses new connections: {used} of the {most} that ordinary roles can have are in use, {count} of them by {application}.";
    PgSlotsRefused: "PostgreSQL at {database} refuses new connections with SQLSTATE {state}: all of them are in use.";
    PgSlotsFree: "{used} of the {most} connections that ordinary roles can have are in use.";
    PgIndexTitle: "A query of PostgreSQL reads a whole table for want of an index";
    PgIndexSlow: "`GET {path}` took {time} because a query reads all {pages} pages of `{table}` to keep {kept} of its {rows} rows; PostgreSQL worked at it for {share} of the time.";
    PgIndexHygiene: "A query reads all {pages} pages of `{table}` to keep {kept} of its {rows} rows, and takes {mean} a call (target {target}).";
    PgIndexAdvice: "Its filter asks for: {index}";
    PgIndexBlocks: "It touched {blocks} blocks a call; the table has {pages} pages.";
    PgIndexPerBlock: "It took {each} a block, which is work: a wait for a lock takes long on few blocks.";
    PgIndexSeq: "Sequential scans read {rows} rows of it while the requests ran.";
    PgIndexSupposed: "With it, supposed by HypoPG, the planner's cost falls from {before} to {after}.";
    PgIndexUsed: "No examined statement reads a table in full to keep few of its rows.";
    PgIndexNoWork: "PostgreSQL worked for `GET {path}` in {looks} of {n} looks: a plan explains no more.";
    PgIndexBound: "`{table}` has {pages} pages: too few for an index to matter.";
    PgStatsTitle: "PostgreSQL's statistics are stale, and a plan is wrong";
    PgStats: "`GET {path}` took {time} because a plan expects {expected} rows of `{node}` where {actual} come: {modified} rows of `{table}` changed since its last ANALYZE; the statement ran for {share} of the time.";
    PgStatsFresh: "{modified} rows of `{table}` changed since its last ANALYZE; the next is due at {trigger}.";
    PgStatsRight: "The planner expected {expected} rows of `{node}` and {actual} came: within a factor of ten.";
    PgStatsDue: "The next ANALYZE of `{table}` was due at {trigger} changed rows.";
    PgBloatTitle: "Dead rows are not cleaned away";
    PgBloat: "`{table}` has {dead} dead rows beside {rows} live ones; autovacuum is due at {trigger}.";
    PgBloatSlow: "`GET {path}` took {time} because a query reads {dead} dead rows of `{table}` beside {rows} live ones; they explain {share} of the time.";
    PgBloatTrigger: "Autovacuum of `{table}` is due at {trigger} dead rows.";
    PgBloatOff: "Autovacuum is switched off for `{table}`.";
    PgBloatHolder: "What keeps row versions from being cleaned: {holder}, {age} transactions old.";
    PgBloatNone: "No table has twice the dead rows at which autovacuum is due; `{table}` has the most, {dead} of {trigger}.";
    PgIoTitle: "PostgreSQL waits for its disk";
    PgIo: "`GET {path}` took {time} because its database backend waited for the disk (`{wait}`) for {share} of it.";
    PgIoNone: "The backend of `GET {path}` waited for the disk in {looks} of {n} looks.";
    PgIoCheckpoints: "{requested} of {all} checkpoints were forced by the amount of WAL (max_wal_size is {size}).";
    PgConnectTitle: "A database connection is made for every request";
    PgConnect: "The server opened {opened} sessions in PostgreSQL for {requests} requests, and keeps none.";
    PgConnectSlow: "`GET {path}` took {time} because connecting to PostgreSQL took {share} of it; {opened} sessions were opened for {requests} requests.";
    PgConnectKept: "{opened} sessions were opened in PostgreSQL for {requests} requests: connections are kept.";
    PgConnectKeeps: "At rest the server keeps {sessions} connections to PostgreSQL.";
    PgDownTitle: "PostgreSQL does not answer";
    PgDown: "PostgreSQL at {database} accepts no connection: {outcome}.";
    PgDownStarting: "PostgreSQL at {database} accepts no connection: it is starting, stopping or recovering (SQLSTATE {outcome}).";
    PgDownWrites: "PostgreSQL {version} at {database} is in recovery and refuses writes, and `GET {path}` fails with: {text}";
    PgUp: "PostgreSQL {version} accepts connections.";
    PgSlotTitle: "A replication slot that nobody reads keeps WAL";
    PgSlot: "Replication slot `{slot}` is not in use and keeps {retained} of WAL (wal_status `{status}`).";
    PgSlotFree: "{free} are free where the data lies.";
    PgSlotNone: "None of {slots} replication slots is unused and keeps more WAL than it should.";
    PgLoopWaits: "The event loop waits for its database backend, which waited for a lock in {looks} of {n} looks.";
    PgThreadsWait: "The pool's threads wait for their database backends, which waited for a lock in {looks} of {n} looks.";
    BudgetNotePg: "backend in `{wait}` in {looks} of {n} looks";

    // Repairs of PostgreSQL.
    RepairPgCancel: "Cancel the statement that holds the lock";
    RepairPgCancelHow: "Backend {pid}: look at what it runs first. The statement below cancels it only if it is still the same session; ending the session (pg_terminate_backend) is a second decision.";
    RepairPgCancelEffect: "`GET {path}` no longer waits for it ({share} of the looks).";
    RepairPgIdle: "End the open transaction, and bound such transactions";
    RepairPgIdleHow: "Backend {pid} ({application}): let its owner commit or roll back. A cancel does nothing to a session that runs nothing; ending it with the statement below is the last resort. Then bound such transactions of its role: ALTER ROLE … SET idle_in_transaction_session_timeout = '30s'.";
    RepairPgPool: "Hold database connections for a shorter time";
    RepairPgPoolHow: "Take a connection late and give it back before slow work that needs none (other servers, hashing). A larger pool only moves the limit: all pools together stay below max_connections.";
    RepairPgLeak: "Give every connection back";
    RepairPgLeakHow: "Find the call that takes a connection and does not return it on every path (an error among them): use the pool's context manager. Restarting hides it for a while.";
    RepairPgSlots: "Free connections at their owner";
    RepairPgSlotsHow: "Shrink the pools of the greatest holder, or put a pooler (PgBouncer) before the server. The doctor ends nobody's session.";
    RepairPgIndex: "Create the index, concurrently";
    RepairPgIndexHow: "`{table}` has {size}: the index takes a part of that, and every one of its writes ({writes} so far) then keeps it up. Run the three statements one after the other, outside a transaction. If the second fails, drop the INVALID index it leaves (DROP INDEX CONCURRENTLY) before trying again.";
    RepairPgIndexEffect: "The statement reads {kept} rows in place of {rows}.";
    RepairPgAnalyze: "Renew the table's statistics (ANALYZE)";
    RepairPgAnalyzeHow: "ANALYZE reads a sample of `{table}`; {modified} rows changed since the last. Reads and writes go on beside it.";
    RepairPgVacuum: "Clean the table (VACUUM, never FULL)";
    RepairPgVacuumHow: "First remove what keeps row versions, if anything is named; then VACUUM `{table}` beside live traffic. Its file keeps its size, and the space is used again.";
    RepairPgDisk: "Relieve the disk of the database";
    RepairPgDiskHow: "Waits of kind `{wait}`: commit several changes together, raise max_wal_size where checkpoints are forced, or give the WAL a faster disk. fsync and full_page_writes stay on.";
    RepairPgConnect: "Keep a pool of connections";
    RepairPgConnectHow: "Open connections once and keep them (psycopg_pool, asyncpg.create_pool, SQLAlchemy's engine at module level), or put PgBouncer before the server.";
    RepairPgUp: "Bring PostgreSQL back through its own service manager";
    RepairPgUpHow: "First read its log and why it ended (`systemctl status postgresql`). Never delete postmaster.pid, and never start a second server on the same data.";
    RepairPgSlot: "Let the slot's reader come back, or its owner give it up";
    RepairPgSlotHow: "Slot `{slot}`: start its consumer, or let its owner decide that it is not needed any more. max_slot_wal_keep_size bounds what a slot can keep. The doctor never drops a slot.";
    RiskPgCancel: "The cancelled statement fails in its client, and its transaction rolls back.";
    RiskPgIndex: "Reads the table twice beside live traffic and slows its writes from then on.";
    RiskPgBeside: "Reads and writes of disk beside live traffic.";
    UndoPgIndex: "DROP INDEX CONCURRENTLY brings the old state back.";
    UndoPgAnalyze: "Not needed: statistics only follow the data.";
    } };
}

pub(super) use with_postgres;
