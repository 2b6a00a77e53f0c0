//! The one list of every kind of fact, with its unit and its meaning.

use serde::{Deserialize, Serialize};

/// Declares the keys once: the enum, its documentation, its units and the list of all.
macro_rules! fact_keys {
    ($($name:ident, $unit:literal, $meaning:literal;)+) => {
        /// A kind of fact. What its object is, and what shape its value has, is said at each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum FactKey {
            $(#[doc = $meaning] $name,)+
        }

        impl FactKey {
            /// Every key, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The unit of its value, empty where there is none.
            pub fn unit(self) -> &'static str {
                match self { $(Self::$name => $unit,)+ }
            }

            /// Its name in code, as printed in gaps.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What its object is and what its value means, in one or two sentences.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)+ }
            }
        }
    };
}

// A new fact is one row here; its object is built with `evidence::object`.
fact_keys! {
    // The request, from outside.
    ConnectOutcome, "", "Object: address. Text: `accepted`, `refused`, `timeout`, `unreachable`. How a plain TCP connect ended.";
    HttpConnectMs, "ms", "Object: endpoint. Samples: TCP connect, new connections only.";
    HttpFirstByteMs, "ms", "Object: endpoint. Samples: from the request written to the first byte of the answer.";
    HttpTotalMs, "ms", "Object: endpoint. Samples: from the start of connecting to the last byte, or to the deadline when none came.";
    HttpKeepAliveTotalMs, "ms", "Object: endpoint. Samples: the same request on a connection already open.";
    HttpControlTotalMs, "ms", "Object: endpoint. Samples of the control endpoint interleaved with a before/after measurement.";
    HttpStatus, "", "Object: endpoint. Counts by status code (`200`, `503`); requests without an answer are not in it.";
    HttpErrors, "requests", "Object: endpoint. Int out of n: transport errors, timeouts and 5xx answers.";
    HttpErrorKinds, "requests", "Object: endpoint. Counts: `refused`, `reset`, `timeout`, `closed`, `protocol`, `status 500` …";
    HttpBodyBytes, "bytes", "Object: endpoint. Int: the largest answer body read (capped).";
    HttpBodyText, "", "Object: endpoint. Text: the redacted start of an error answer's body (at most 200 characters).";
    HttpThroughput, "requests/s", "Object: endpoint with concurrency. Float: completed requests over the wall time of the ladder step.";
    HttpServerHeader, "", "Object: target. Text: the Server header.";
    HttpRetryAfter, "s", "Object: endpoint. Int: the Retry-After header of a refusal.";
    HttpPaths, "", "Object: target. List: the paths examined, and where they came from is in the source.";
    // The waiting rooms of one held request (P1).
    RoomNotEstablished, "samples", "Object: path. Int out of n: room A, no established socket yet.";
    RoomAcceptQueue, "samples", "Object: path. Int out of n: room B, established with inode 0: nobody has accepted it.";
    RoomUnread, "samples", "Object: path. Int out of n: room C, accepted, our bytes unread.";
    RoomInHandler, "samples", "Object: path. Int out of n: room D, read and nothing sent: inside the handler.";
    RoomWriting, "samples", "Object: path. Int out of n: room E, an answer is flowing or queued.";
    HeldRequestMs, "ms", "Object: path. Float: how long the held request (the one watched in the rooms) took, or had taken at the deadline.";
    HeldRequestOutcome, "", "Object: path. Text: status code, `timeout`, `reset`, …";
    HeldSampleIntervalMs, "ms", "Object: path. Float: mean time between two room samples.";
    HeldControlPath, "", "Object: path of the held request. Text: the fast endpoint asked on a new connection while it was outstanding.";
    HeldControlMs, "ms", "Object: path of the held request. Samples: how long that control request took.";
    HeldControlAcceptQueue, "samples", "Object: path of the held request. Int out of n: the control request in room B, accepted by nobody.";
    HeldControlUnread, "samples", "Object: path of the held request. Int out of n: the control request in room C, accepted and unread.";
    HeldServerPid, "pid", "Object: path. Int: the process that owned the server side of the held connection.";
    // Who listens.
    TargetPid, "pid", "Object: target. Int: the process taken for the examined server (owner of the LISTEN socket, or `--pid`).";
    ListenerCount, "sockets", "Object: `:port`. Int: sockets listening on the examined port, all families; 0 is a fact.";
    ListenerPid, "pid", "Object: listener. Int: the process that holds it.";
    ListenerFamily, "", "Object: listener. Text: `ipv4`, `ipv6`, `dual`.";
    ListenerQueued, "connections", "Object: listener. Int: Recv-Q of the LISTEN socket: connections waiting to be accepted.";
    ListenerBacklog, "connections", "Object: listener. Int: Send-Q of the LISTEN socket: the most that can wait.";
    IntendedPid, "pid", "Object: target. Int: the process that should be serving, by `--pid`, an instance lock or a PID file (see source).";
    IntendedExe, "", "Object: target. Text: the executable that should be serving.";
    IntendedCwd, "", "Object: target. Text: its working directory.";
    CopyPids, "pid", "Object: PID of the target. List: other processes with the same executable, script and working directory, not its parent, child or sibling of one pre-fork parent.";
    ForkSiblings, "pid", "Object: PID of the target. List: parent, children and siblings of one pre-fork server: one installation, not copies.";
    // Processes.
    ProcessCmdline, "", "Object: PID. Text: redacted command line.";
    ProcessExe, "", "Object: PID. Text: the executable's path.";
    ProcessExeDeleted, "", "Object: PID. Bool: the executable was replaced or deleted since the start.";
    ProcessCwd, "", "Object: PID. Text: working directory.";
    ProcessState, "", "Object: PID. Text: one letter of /proc/PID/stat: R S D T t Z.";
    ProcessUid, "uid", "Object: PID. Int: effective user.";
    ProcessThreads, "threads", "Object: PID. Int.";
    ProcessFds, "descriptors", "Object: PID. Int: open file descriptors.";
    ProcessFdLimit, "descriptors", "Object: PID. Int: soft limit of open files.";
    ProcessStartedAt, "unix ms", "Object: PID. Int: start time; with the PID it names one process for ever.";
    ProcessRssBytes, "bytes", "Object: PID. Int.";
    ProcessParent, "pid", "Object: PID. Int.";
    ProcessChildren, "pid", "Object: PID. List.";
    ProcessZombies, "pid", "Object: PID. List: children in state Z; an empty list is a fact.";
    ProcessTracer, "pid", "Object: PID. Int: TracerPid, 0 when none.";
    ProcessListens, "", "Object: PID. List: addresses it listens on.";
    ProcessOnCpuNs, "ns", "Object: process in a window. Int: CPU time used in the window, all threads.";
    ProcessRunQueueNs, "ns", "Object: process in a window. Int: time its threads were runnable and waited for a CPU.";
    ProcessWindowNs, "ns", "Object: process in a window. Int: the window's length.";
    ProcessReadCalls, "calls", "Object: process in a window. Int: read system calls (`syscr`) in the window.";
    ProcessMajorFaults, "faults", "Object: process in a window. Int: page faults that needed the disk.";
    ProcessRssBumpBytes, "bytes", "Object: process in a window. Int: the highest RSS in the window above the RSS before it.";
    ProcessRunnable, "threads", "Object: process in a window. Samples: threads in state R at each look.";
    CgroupPath, "", "Object: PID. Text: its CPU cgroup.";
    CgroupThrottledNs, "ns", "Object: process in a window. Int: time its cgroup was throttled in the window.";
    CgroupThrottledPeriods, "periods", "Object: process in a window. Int: quota periods throttled in the window.";
    CgroupPeriods, "periods", "Object: process in a window. Int: quota periods elapsed in the window; 0 when there is no quota.";
    FrameworkDefaults, "", "Object: PID. List: known defaults of the server and of the libraries beside it, each with where it is documented; nothing of it is measured.";
    FrameworkName, "", "Object: PID. Text: what it is, as recognised (`uvicorn`, `gunicorn`, `node`, `galen`), see source.";
    FrameworkLanguage, "", "Object: PID. Text: `python 3.11`, `node`, `native`.";
    FrameworkWorkers, "processes", "Object: PID. Int: worker processes configured or seen.";
    FrameworkReload, "", "Object: PID. Bool: started in reload or debug mode.";
    // Threads (P2, P3).
    ThreadName, "", "Object: thread in a window. Text: comm.";
    ThreadStates, "samples", "Object: thread in a window. Counts by state letter.";
    ThreadSyscalls, "samples", "Object: thread in a window. Counts by system call name; `running` when on a CPU.";
    ThreadWchans, "samples", "Object: thread in a window. Counts by kernel wait channel.";
    ThreadWaitsOn, "samples", "Object: thread in a window. Counts by what its system call's descriptor is: `file /srv/a.db`, `tcp 127.0.0.1:5432`, `udp :53`, `pipe`, `epoll`.";
    ThreadOnCpuNs, "ns", "Object: thread in a window. Int: CPU time in the window.";
    ThreadRunQueueNs, "ns", "Object: thread in a window. Int: time runnable without a CPU in the window.";
    ThreadWindowNs, "ns", "Object: thread in a window. Int: the window's length.";
    ThreadReleaseToResponseMs, "ms", "Object: thread in a window. Samples, one per held request: from the last look that saw the thread in its most frequent wait to the request's answer (P8); twice within 150 ms is a natural experiment.";
    PythonLines, "samples", "Object: thread in a window. Counts by `file:line function` of the innermost frame that is the application's own (not the standard library, not site-packages).";
    PythonLeaves, "samples", "Object: thread in a window. Counts by `file:line function` of the innermost frame of all.";
    PythonIdle, "samples", "Object: thread in a window. Counts: `idle` or `active`, as py-spy judges.";
    PythonStack, "", "Object: thread in a window. List: the most frequent stack, innermost first, `file:line function`.";
    PythonSourceText, "", "Object: `file:line`. Text: that line of the source file, trimmed and redacted.";
    PythonOnLoop, "", "Object: thread in a window. Bool: the thread runs an event loop (asyncio, uvloop, trio) below the application's frame.";
    // The machine, and whether it can be trusted to measure.
    HostCpus, "cpus", "Object: host. Int: CPUs this process may use.";
    HostPsiCpu, "%", "Object: host. Float: /proc/pressure/cpu some avg10 during the examination.";
    HostPsiMemory, "%", "Object: host. Float: /proc/pressure/memory full avg10.";
    HostPsiIo, "%", "Object: host. Float: /proc/pressure/io full avg10.";
    HostStealShare, "%", "Object: host. Float: steal of all CPU time in the window.";
    HostCpuBusyShare, "%", "Object: host. Float: CPU time in use, all CPUs, in the window.";
    HostKernel, "", "Object: host. Text: kernel release.";
    HostNeighbourCpu, "cores", "Object: PID. Float: CPU a process that is neither target nor doctor used in the window, in cores; only the greatest few.";
    DoctorOnCpuNs, "ns", "Object: doctor. Int: our own CPU time over the examination.";
    DoctorRunQueueNs, "ns", "Object: doctor. Int: time we were runnable and waited for a CPU.";
    DoctorWindowNs, "ns", "Object: doctor. Int: the examination's length.";
    DoctorTimerLateMs, "ms", "Object: doctor. Samples: how late our own timers fired; the noise floor of every figure.";
    DoctorRights, "", "Object: PID of the target. Text: `root`, `same user`, `other user`.";
    DoctorFactsDropped, "facts", "Object: doctor. Int: facts beyond the limit.";
    // SQLite (P4), read by separate processes only.
    SqlitePath, "", "Object: database. Text: the absolute path, and how it was found is in the source.";
    SqliteSizeBytes, "bytes", "Object: database. Int.";
    SqlitePages, "pages", "Object: database. Int.";
    SqlitePageSize, "bytes", "Object: database. Int.";
    SqliteFreelistPages, "pages", "Object: database. Int.";
    SqliteJournalMode, "", "Object: database. Text: `wal`, `rollback`, from header bytes 18 and 19.";
    SqliteAutoVacuum, "", "Object: database. Text: `none`, `full`, `incremental`.";
    SqliteWalBytes, "bytes", "Object: database. Int: size of the `-wal` file; 0 when absent.";
    SqliteMxFrame, "frames", "Object: database. Int: frames in the WAL index.";
    SqliteBackfill, "frames", "Object: database. Int: frames already checkpointed (nBackfill).";
    SqliteLockHeldBy, "samples", "Object: lock. Counts by PID out of n looks (/proc/locks); an empty count with n > 0 says that nobody held it.";
    SqliteLockHeldMs, "ms", "Object: lock. Float: the longest unbroken time one PID was seen holding it.";
    SqliteLockHolder, "pid", "Object: lock. Int: the PID of that longest hold.";
    SqliteReleaseToResponseMs, "ms", "Object: lock. Samples: from seeing the lock released to the held request's answer (P8).";
    SqliteOpenBy, "pid", "Object: database. List: processes with the main file open.";
    SqliteConnections, "descriptors", "Object: database. Int: descriptors on the main file, all processes.";
    SqliteLibraryVersion, "", "Object: PID. Text: version of the SQLite library mapped by the process, e.g. `3.40.1`.";
    SqliteScanMs, "ms", "Object: database. Float: reading every page of the database once.";
    SqliteTableRows, "rows", "Object: table. Int.";
    SqliteIndexes, "", "Object: table. List: `name(column, column)`.";
    SqliteStatRows, "rows", "Object: table. Int: rows that sqlite_stat1 believes in; missing when there are no statistics.";
    SqliteHasStatistics, "", "Object: database. Bool: sqlite_stat1 exists and is not empty.";
    SqliteSessionsTotal, "sessions", "Object: table. Int.";
    SqliteSessionsExpired, "sessions", "Object: table. Int: rows past their expiry at the time taken.";
    SqliteSessionsOldestExpiredMs, "ms", "Object: table. Int: how long the oldest expired row has been expired.";
    SqliteStatement, "", "Object: statement. Text: redacted SQL (literals replaced by `?`).";
    SqliteStatementTable, "", "Object: statement. Text: the table it reads most.";
    SqliteStatementPlan, "", "Object: statement. List: EXPLAIN QUERY PLAN lines.";
    SqliteStatementMs, "ms", "Object: statement. Samples: its time on a copy, read only.";
    SqliteStatementIndex, "", "Object: statement. Text: the CREATE INDEX that was tried on a copy.";
    SqliteStatementIndexedMs, "ms", "Object: statement. Samples: its time on the copy with that index.";
    SqliteStatementAnalyzedMs, "ms", "Object: statement. Samples: its time on a copy after ANALYZE.";
    SqliteStatementAnalyzedPlan, "", "Object: statement. List: its plan on a copy after ANALYZE.";
    SqliteStatementPath, "", "Object: statement. Text: the examined path whose source line holds it, where that is known.";
    // Lock and PID files.
    LockFilesSought, "", "Object: target. List: the directories in which lock and PID files were looked for; with no LockFilePid it says that there is none.";
    LockFilePid, "pid", "Object: file. Int: the PID written in it.";
    LockFileAlive, "", "Object: file. Bool: a process with this PID exists.";
    LockFileExe, "", "Object: file. Text: the executable of the process with this PID.";
    LockFileStartedAt, "unix ms", "Object: file. Int: start time of the process with this PID.";
    LockFileModifiedAt, "unix ms", "Object: file. Int.";
    LockFileHeld, "", "Object: file. Bool: a process holds a kernel lock on it (flock, fcntl).";
    LockFileOwn, "", "Object: file. Bool: it belongs to this Galen installation.";
    // The serving Galen about itself.
    WitnessRouteMs, "ms", "Object: route. Samples: wall time of its slowest requests in the ledger.";
    WitnessPhaseMs, "ms", "Object: route and phase. Float: mean time in this phase over those requests.";
    WitnessUnexplainedMs, "ms", "Object: route. Float: mean remainder of the ledger.";
    WitnessHashPermits, "permits", "Object: target. Int.";
    WitnessHashRunning, "hashes", "Object: target. Int.";
    WitnessHashQueued, "requests", "Object: target. Int.";
    WitnessHashMs, "ms", "Object: target. Float: mean time of one hash.";
    WitnessPoolSize, "connections", "Object: target. Int.";
    WitnessPoolInUse, "connections", "Object: target. Int.";
    WitnessWriteQueue, "commands", "Object: target. Int: depth of the writer's queue.";
    WitnessLongestWriteMs, "ms", "Object: named command. Float: the longest it held the writer.";
    WitnessSweepEnabled, "", "Object: target. Bool.";
    WitnessSweepLastAt, "unix ms", "Object: target. Int: when the last sweep ended; missing when none has.";
    WitnessSweepRemoved, "sessions", "Object: target. Int: removed by the last sweep.";
    WitnessSessionsExpired, "sessions", "Object: target. Int.";
    WitnessSessionsTotal, "sessions", "Object: target. Int.";
    WitnessConnectionsRefused, "connections", "Object: target. Int: since the start.";
    HistoryP50Ms, "ms", "Object: route and class. Float: the median of the last hour's requests; n: how many.";
    HistoryP95Ms, "ms", "Object: route and class. Float: the 95th percentile of the last hour's requests; n: how many.";
    HistoryP50BeforeMs, "ms", "Object: route and class. Float: the median of the hour before that; n: how many.";
    HistoryP95BeforeMs, "ms", "Object: route and class. Float: the 95th percentile of the hour before that; n: how many.";
    HistoryCauseShare, "", "Object: route, and the cause in the place of a phase. Float: the share of the wall time of the last hour's slow and failed requests, from 0 to 1, that the cause holds.";
    HistoryAlertsOpen, "", "Object: target. List: causes of the alerts that are not over, the worst first.";
    // The server's conversations with others, and its clients.
    PeersMet, "", "Object: target. List: the addresses the server has conversations with; an empty list is a fact.";
    PeerKind, "", "Object: peer. Text: `postgresql`, `mysql`, `redis`, `nats`, … by its port or its program, else `upstream`.";
    PeerSegments, "segments", "Object: path and peer. Float: data segments sent to the peer for one request, the background taken off; n: requests.";
    PeerOutstanding, "samples", "Object: path. Counts by peer out of n looks: something was sent to it and nothing had come back.";
    PeerReleaseToResponseMs, "ms", "Object: path and peer. Samples, one per held request: from the last look that saw a question unanswered to the request's answer.";
    PeerProbeMs, "ms", "Object: peer. Samples: our own question to it: a TCP connect, to Redis a PING, to NATS its greeting.";
    PeerProbeOutcome, "", "Object: peer. Text: how that ended: `answered`, `timeout`, `refused`, …";
    ClientsOpen, "connections", "Object: target. Samples: connections of others to the server at each look while requests were held.";
    ClientStreams, "connections", "Object: target. Samples: those on which the server sends long after its client last did: live streams.";
    ClientsAbandoned, "connections", "Object: target. Samples: those whose client has closed while the server holds them still.";
    // The protocol, asked in different ways.
    HttpBodyRows, "rows", "Object: endpoint. Int: elements of the longest JSON list of its answer.";
    HttpContentLength, "bytes", "Object: endpoint. Int: the Content-Length of its answer.";
    HttpFirstMs, "ms", "Object: endpoint. Float: the very first request of this examination to it.";
    LimitSparse, "requests", "Object: endpoint. Counts by status of single requests sent after a pause and seconds apart.";
    LimitForwarded, "requests", "Object: endpoint. Counts by status of requests that name another client each in X-Forwarded-For.";
    CorsExpected, "", "Object: target. Text: the origin that should be allowed, as given.";
    CorsAsked, "", "Object: target. List: the origins asked with; the one given, or usual ones of development servers.";
    CorsAllowed, "", "Object: target. List: those of them that a preflight or an answer allows; an empty list is a fact.";
    CorsAnswers, "answers", "Object: endpoint. Counts of answers to a GET with an Origin, by `STATUS ALLOWED`, e.g. `200 http://localhost:3000`, `500 none`.";
    CorsForeign, "", "Object: endpoint. Text: the Access-Control-Allow-Origin given to an origin that does not exist; `none` without one.";
    CorsCredentials, "", "Object: endpoint. Bool: that answer allowed credentials.";
    CorsVary, "", "Object: endpoint. Bool: the answer to an allowed origin varies by Origin.";
    CookiesSet, "", "Object: endpoint. List: its Set-Cookie headers without their values.";
    TlsFronts, "", "Object: target. List: programs of this machine that listen where TLS ends (443, 8443); an empty list is a fact.";
    SessionIssuer, "pid", "Object: endpoint. Int: the worker that set the cookie.";
    SessionWithout, "answers", "Object: endpoint. Counts of answers to requests without the cookie, by status and whether they set it.";
    SessionSameWorker, "answers", "Object: endpoint. Counts of the answers of the worker that set the cookie, asked with it.";
    SessionOtherWorkers, "answers", "Object: endpoint. Counts of the answers of other workers, asked with the same cookie.";
    // SQLite as a file.
    SqliteReadMark, "frame", "Object: read lock. Int: the frame its holder reads up to; missing when the mark is unused.";
    SqliteCommits, "commits", "Object: path and database. Float: transactions committed for one request; n: requests.";
    SqliteOpenMode, "", "Object: database. Text: `read-only`, `read-write`: how the server has it open.";
    SqliteReadOnlyBy, "", "Object: database. Text: what forbids writing: `mount`, `attribute`, `permission`, or `nothing`.";
    SqliteFilesystem, "", "Object: database. Text: the kind of its filesystem.";
    SqliteOpenInode, "", "Object: database. Int: the inode the server has open.";
    SqlitePathInode, "", "Object: database. Int: the inode at its path now; missing when there is none.";
    SqliteDamage, "", "Object: database. List: what a check of a copy found wrong; an empty list is a fact.";
    LogPhrases, "lines", "Object: target. Counts of known errors in what the server wrote to its log during the examination.";
    // PostgreSQL (P5), read in one read-only session of the doctor's own.
    PgConnectOutcome, "", "Object: database. Text: how our own connecting ended: `connected`, `refused`, `timeout`, or the SQLSTATE (`53300`, `57P03`, `28P01`).";
    PgServerSockets, "connections", "Object: target. Int: the examined server's own connections to any PostgreSQL, TCP and Unix, at the busiest look; 0 is a fact.";
    PgVersion, "", "Object: database. Text: the server's version.";
    PgInRecovery, "", "Object: database. Bool: a standby, or not yet recovered: it refuses writes.";
    PgRights, "", "Object: database. Text: `superuser`, `pg_monitor` or `ordinary`: what our role sees of other roles' sessions.";
    PgMaxConnections, "connections", "Object: database. Int: max_connections.";
    PgReservedConnections, "connections", "Object: database. Int: slots of max_connections that ordinary roles never get.";
    PgConnectionsUsed, "connections", "Object: database. Int: client sessions of the whole server, ours not counted.";
    PgConnectionsByApp, "connections", "Object: database. Counts by application_name and user.";
    PgSessionsOpened, "sessions", "Object: database. Int: sessions that were opened in it while our requests ran, ours not counted; n: how many requests we sent.";
    PgWaits, "samples", "Object: path. Counts by what the backend of our request did while it was outstanding: `Lock:…`, `IO:…` and other wait events, `working`, `in transaction`, `connecting`, `idle` (the server's sessions had nothing to do), `none` (it had no session).";
    PgOurBackend, "pid", "Object: path. Int: the backend that worked for the held request, by the server's own socket.";
    PgQueries, "samples", "Object: path. Counts by the statement (redacted) that backend ran.";
    PgBlockedBy, "pid", "Object: path. Counts by the backend at the head of the chain that blocked ours, over all looks.";
    PgBlockedOn, "", "Object: path. Text: the lock it waited for and the table it is about.";
    PgReleaseToResponseMs, "ms", "Object: path. Samples, one per held request: from the last look that saw our backend wait for a lock to the answer (P8).";
    PgPoolTotal, "sessions", "Object: path. Samples: the server's sessions at each look.";
    PgPoolBusy, "sessions", "Object: path. Samples: of them running a statement or inside a transaction, begun before our request.";
    PgPoolUntouchedMs, "ms", "Object: path. Float: at the last look, how long ago the last of the server's sessions that is not our request's changed its state.";
    PgInbound, "connections", "Object: path. Samples: connections of other clients to the examined server at each look.";
    PgBackendState, "", "Object: backend. Text: `active`, `idle in transaction`, …";
    PgBackendXactMs, "ms", "Object: backend. Float: the age of its transaction at the last look that saw it block ours.";
    PgBackendStarted, "", "Object: backend. Text: when it began, in the server's words; with the PID it names one session for ever.";
    PgBackendApp, "", "Object: backend. Text: its application_name and user.";
    PgBackendClient, "", "Object: backend. Text: the address of its client, or `unix socket`.";
    PgBackendClientPid, "pid", "Object: backend. Int: the client's process, where it is on this machine.";
    PgBackendQuery, "", "Object: backend. Text: its last statement, redacted.";
    PgBackendOurs, "", "Object: backend. Bool: it is a session of the examined server.";
    PgTableRows, "rows", "Object: table. Int: live rows by the statistics collector.";
    PgTableBytes, "bytes", "Object: table. Int: the table without its indexes.";
    PgTablePages, "pages", "Object: table. Int: pages of the table now.";
    PgTableDead, "rows", "Object: table. Int: dead rows.";
    PgTableVacuumTrigger, "rows", "Object: table. Int: dead rows at which autovacuum comes, by the table's own settings.";
    PgTableModified, "rows", "Object: table. Int: rows changed since the last ANALYZE.";
    PgTableAnalyzeTrigger, "rows", "Object: table. Int: changed rows at which autovacuum analyzes, by the table's own settings.";
    PgTableAutovacuum, "", "Object: table. Bool: autovacuum is on for it.";
    PgTableSeqRows, "rows", "Object: table. Int: rows read by sequential scans while our requests ran.";
    PgTableWrites, "rows", "Object: table. Int: rows inserted, updated and deleted since its counters began.";
    PgXminHolder, "", "Object: database. Text: who holds the oldest row versions: `backend N`, `slot NAME`, `prepared transaction GID`.";
    PgXminAge, "transactions", "Object: database. Int: how many transactions old what it holds is.";
    PgCheckpointsTimed, "checkpoints", "Object: database. Int: since the counters began.";
    PgCheckpointsRequested, "checkpoints", "Object: database. Int: asked for by too much WAL, since the counters began.";
    PgMaxWalBytes, "bytes", "Object: database. Int: max_wal_size.";
    PgSlots, "", "Object: database. List: replication slots; an empty list is a fact.";
    PgSlotActive, "", "Object: slot. Bool.";
    PgSlotRetainedBytes, "bytes", "Object: slot. Int: WAL it keeps from being removed.";
    PgSlotStatus, "", "Object: slot. Text: wal_status: `reserved`, `extended`, `unreserved`, `lost`.";
    PgDiskFreeBytes, "bytes", "Object: database. Int: free space where its data lies, if that is this machine.";
    PgStatement, "", "Object: statement. Text: redacted SQL.";
    PgStatementCalls, "calls", "Object: statement. Int: calls while our requests ran (pg_stat_statements).";
    PgStatementMs, "ms", "Object: statement. Float: its time in those calls, lock waits included.";
    PgStatementBlocks, "blocks", "Object: statement. Int: blocks it touched in those calls.";
    PgStatementTable, "", "Object: statement. Text: the table its plan reads in full, or reads most.";
    PgStatementPlan, "", "Object: statement. List: the nodes of its plan (EXPLAIN, never executed).";
    PgStatementKept, "rows", "Object: statement. Float: rows the plan keeps of the table it reads in full.";
    PgStatementIndex, "", "Object: statement. Text: the CREATE INDEX its filter asks for.";
    PgStatementIndexed, "", "Object: statement. Bool: an index that begins with a column of the filter exists.";
    PgStatementCost, "", "Object: statement. Float: the planner's cost of it.";
    PgStatementIndexedCost, "", "Object: statement. Float: the planner's cost with that index, which HypoPG supposed.";
    PgStatementMisjudged, "", "Object: statement. Text: the plan node whose rows were misjudged most, when it was run in a rolled-back, time-boxed transaction.";
    PgStatementExpectedRows, "rows", "Object: statement. Float: rows the planner expected of that node.";
    PgStatementActualRows, "rows", "Object: statement. Float: rows that node gave.";
    // What keeps requests out (group A).
    ConnectMs, "ms", "Object: address. Samples: plain TCP connects to this address of the name, to their end or to the deadline.";
    AddressOrder, "", "Object: target. List: the addresses of the name in the resolver's order, which is the order clients try them in.";
    ListenOverflows, "connections", "Object: host. Int: connections the kernel dropped during the examination because an accept queue was full (TcpExt ListenOverflows of the server's network namespace).";
    SynRetransmits, "segments", "Object: host. Int: connection requests sent again during the examination (TcpExt TCPSynRetrans of the server's network namespace).";
    SynSentPeers, "samples", "Object: PID. Counts by peer out of n looks through the examination: a connection of the process stood in SYN_SENT.";
    OutboundPeers, "samples", "Object: PID. Counts by peer out of n looks through the examination: a client connection of the process was established.";
    ProcessFdKinds, "descriptors", "Object: PID. Counts of open descriptors: `socket`, `pipe`, `file`, `epoll`, and other anonymous kinds.";
    FreezerState, "", "Object: PID. Text: `frozen` or `thawed`; the cgroup whose freezer says so is in the source.";
    ResolverOutcome, "", "Object: resolver. Text: `answered`, `silent`, `refused`: how a direct query ended; asked only when a thread was seen waiting on port 53, and else the target with the reason.";
    ResolverMs, "ms", "Object: resolver. Float: the time of that query, or its deadline.";
    TlsOutcome, "", "Object: address. Text: `trusted`, or in words why the handshake or the certificate was refused.";
    TlsHandshakeMs, "ms", "Object: address. Float: from the TCP connection to the end of the handshake.";
    EphemeralPorts, "ports", "Object: host. Int: local ports the kernel gives to outgoing connections.";
    EphemeralInUse, "ports", "Object: peer. Int: of them in use towards this peer, TIME_WAIT included, in the server's network namespace.";
    HttpDateSkewMs, "ms", "Object: target. Samples: the Date header less our own clock when the answer came, per request.";
    // What goes wrong inside the process (group B).
    BurstMs, "ms", "Object: path. Samples: how long each of n requests took that were sent at one moment.";
    ThreadStillMs, "ms", "Object: thread (PID/TID), and the target for the longest of all. Float: how long the thread stood in one and the same futex without ever running, up to the end of the examination.";
    ThreadMutexOwner, "", "Object: thread (PID/TID). Int: the thread that owns the mutex this one waits for, read from the mutex itself (pthread_mutex_t.__owner).";
    CgroupQuotaCores, "cores", "Object: PID. Float: the CPU quota of the innermost limited cgroup above the process.";
    CgroupMemoryLimit, "bytes", "Object: PID. Int: the memory limit of the innermost limited cgroup above the process; 0 without one.";
    CgroupMemoryUsage, "bytes", "Object: PID. Int: what that cgroup uses.";
    CgroupMemoryFailures, "times", "Object: PID. Int: how often the limit was hit during the examination (failcnt, or memory.events max).";
    CgroupOomKills, "kills", "Object: PID. Int: processes of that cgroup the kernel killed for memory during the examination.";
    CgroupPids, "tasks", "Object: PID. Int: tasks in the innermost cgroup with a limit of tasks; 0 without one.";
    CgroupPidsLimit, "tasks", "Object: PID. Int: that limit; 0 without one.";
    CgroupPidsRefused, "tasks", "Object: PID. Int: tasks refused by it during the examination (pids.events max).";
    HostOomKills, "kills", "Object: host. Int: processes the kernel killed for memory during the examination, on the whole machine.";
    HostSwapTotal, "bytes", "Object: host. Int: swap space; 0 is a fact.";
    HostSwapIn, "pages", "Object: host. Int: pages read back from swap during the examination.";
    ServersSeen, "", "Object: target. List: processes that served during the examination, by PID, in the order they appeared.";
    ServersGone, "", "Object: target. List: of those, the ones that ended during the examination.";
    ServersLivedMs, "ms", "Object: target. Samples: how long each of those had lived.";
    RssGrowthBytes, "bytes", "Object: path. Samples, one per cycle of equal requests, in order: how much the resident set of all serving processes grew per request.";
    RssCycleRequests, "requests", "Object: path. Int: requests in each of these cycles.";
    FsFreeBytes, "bytes", "Object: directory. Int: free bytes of its filesystem for the server's user; reserved blocks count for root alone.";
    FsTotalBytes, "bytes", "Object: directory. Int.";
    FsFreeInodes, "inodes", "Object: directory. Int: absent on filesystems that count none.";
    FsyncMs, "ms", "Object: directory. Samples: our own fsync of 4 KiB in an unnamed file there; done only when a thread of the server was seen waiting for the disk.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_says_what_it_is_about() {
        for key in FactKey::ALL {
            assert!(key.meaning().starts_with("Object: "), "{}", key.name());
        }
    }
}
