//! The one place where sentences become English: every code with its text.

use galen_core::post::Language;
pub use language::{render_in, render_param_in};

use crate::evidence::redact;
use crate::sentence::{Param, Sentence};

/// Declares the codes once, each with its text; `{name}` is filled from the sentence's parameters.
/// The rows of this file come last; before them, each named group adds those of its own file.
macro_rules! codes {
    (groups: [] $($rows:tt)*) => { codes! { $($rows)* } };
    (groups: [$group:ident $($more:ident)*] $($rows:tt)*) => {
        $group! { [$($more)*] $($rows)* }
    };
    ($($name:ident: $english:literal;)+) => {
        /// A sentence, phrase or word that a report can print.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $english] $name,)+
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its stable name in JSON.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// The code of this name.
            pub fn by_name(name: &str) -> Option<Self> {
                match name { $(stringify!($name) => Some(Self::$name),)+ _ => None }
            }

            /// Its English text, with `{name}` for each parameter.
            pub fn english(self) -> &'static str {
                match self { $(Self::$name => $english,)+ }
            }
        }
    };
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

mod fa;
pub mod language;
#[macro_use]
mod access;
#[macro_use]
mod files;
#[macro_use]
mod postgres;
#[macro_use]
mod process;
#[macro_use]
mod protocol;

// A new sentence is one row here, or in the file of its group.
codes! {
    groups: [access_words process_words files_words protocol_words postgres_words]
    // Outcomes.
    OutcomeHealthy: "HEALTHY";
    OutcomeFinding: "FINDING";
    OutcomeInconclusive: "INCONCLUSIVE";
    OutcomeRepaired: "REPAIRED";
    GradeProven: "proven";
    GradeObserved: "observed";

    // Headlines that no single cause owns.
    Healthy: "All {endpoints} endpoints meet their targets: the slowest, `GET {path}`, has a 95th percentile of {p95} over {n} requests (target {target}).";
    HealthyOne: "`GET {path}` meets its target: 95th percentile {p95} over {n} requests (target {target}).";
    InconclusiveSlow: "`GET {path}` took {time} (target {target}), and no cause is proven.";
    InconclusiveWhere: "`GET {path}` took {time} (target {target}); the greatest measured part is {part}, {share} of it, which does not name a cause.";
    InconclusiveFailing: "`GET {path}` fails in {share} of {n} requests (limit {limit}), and no cause is proven.";
    InconclusiveUnreachable: "{address} does not answer (connecting ended with: {outcome}), and no cause is proven.";
    InconclusiveUnmeasured: "No request was measured, so nothing is said about health.";
    CauseSet: "{count} causes survive every test; they are shown together with the share each explains.";
    AlsoSlow: "{count} more endpoints miss their target; the same cause explains them.";
    AlsoSlowOne: "One more endpoint misses its target; the same cause explains it.";
    DatabaseOnly: "`{database}` was examined alone; no endpoint was asked, so nothing is said about response times.";
    Repaired: "{repair} was applied and proven: see before and after.";

    // Timing and rooms.
    Timing: "`GET {path}`: median {median}, 95th percentile {p95} over {n} requests (target {target}).";
    TimingFew: "`GET {path}`: median {median} over {n} requests, too few for a percentile (target {target}).";
    TimingFailed: "`GET {path}`: {errors} of {n} requests failed.";
    Held: "One request to `{path}` was held and watched from outside; it took {time}.";
    RoomConnecting: "{looks} of {n} looks: no connection yet";
    RoomQueued: "{looks} of {n} looks: connected, and nobody had accepted it";
    RoomUnread: "{looks} of {n} looks: accepted, and the request lay unread";
    RoomHandler: "{looks} of {n} looks: read, and the handler had not answered";
    RoomWriting: "{looks} of {n} looks: the answer was on its way";
    ThreadWaited: "Thread {thread} was in `{call}` in {looks} of {n} looks during the request.";
    ThreadIdle: "When no request is outstanding, the same thread waits in `{call}`.";
    ThreadCpu: "It computed for {share} of the window ({cpu} of {window}).";
    ThreadRunQueue: "It stood ready without a CPU for {share} of the window ({queued} of {window}).";
    ThreadIsLoop: "Thread {thread} runs the event loop, so every other request waits while it waits.";
    ThreadLine: "In {looks} of {n} samples of its Python stack it stood at `{line}`.";
    SourceText: "That line reads: `{text}`";
    AtLine: "at `{line}` in {looks} of {n} samples";
    InCall: "thread {thread} in `{call}` in {looks} of {n} looks";
    InCallAtLine: "thread {thread} in `{call}` at `{line}` in {looks} of {n} looks";
    Coincidence: "Twice or more, the request was answered within {ms} of the end of that wait ({n} measured).";
    ControlBlocked: "`GET {control}`, sent while `{path}` hung, hung with it: {median} (median of {n}).";
    ControlFree: "`GET {control}`, sent while `{path}` hung, was answered in {median} (median of {n}).";
    OtherEndpointAlso: "`GET {path}` is slow in the same way: median {median} over {n} requests.";
    OtherEndpointFast: "`GET {path}` is fast when it is asked alone: median {median} over {n} requests.";
    ProcessIs: "PID {pid} is `{command}`.";

    // F01, F02, F79, F80.
    NothingListensTitle: "Nothing listens";
    NothingListens: "{address} refuses connections because no socket of this machine listens there ({count} listeners).";
    NothingListensRemote: "{address} refuses connections: the machine is there and answers that nothing listens.";
    SomethingListens: "PID {pid} listens on the port.";
    ConnectEnded: "Connecting to {address} ended with: {outcome}.";
    PortHeldTitle: "The port is held by another process";
    PortHeld: "PID {pid} (`{command}`) holds {address}; the process that should serve there is PID {intended}.";
    PortHeldExe: "PID {pid} runs `{exe}` and holds {address}; the program that should serve there is {intended}.";
    PortIntended: "Who should serve is known from: {origin}.";
    PortHeldDeleted: "The holder's executable `{exe}` was replaced or deleted since it started.";
    PortOfIntended: "PID {pid} listens and is the process that should serve, or its own worker.";
    PortUnclaimed: "PID {pid} listens, and no option, lock or PID file names another process.";
    CopiesTitle: "Several copies of the backend run";
    Copies: "{count} other process runs the same program in the same directory as PID {pid}: {pids}.";
    CopyListens: "Copy {pid} listens on {addresses}.";
    CopyHoldsDatabase: "Copy {pid} has `{database}` open.";
    NoCopies: "No other process runs the same program in the same directory as PID {pid}.";
    OneFamily: "Processes {pids} are parent and workers of one server.";
    StaleLockTitle: "A stale lock or PID file lies about";
    StaleLockDead: "`{file}` names PID {pid}, and no such process exists.";
    StaleLockOther: "`{file}` names PID {pid}, which is another program (`{exe}`).";
    StaleLockReused: "`{file}` names PID {pid}, which started after the file was written: the number was reused.";
    NoLockFiles: "No lock or PID file lies in {directories}.";
    LockAlive: "`{file}` names PID {pid}, which is alive.";
    LockHeld: "A living process holds a kernel lock on `{file}`.";

    // F13, F14, F15, F18, F19.
    LoopWaitTitle: "The event loop is blocked by a synchronous wait";
    LoopWaitLine: "`GET {path}` took {time} because the event loop (thread {thread}) stood in a synchronous wait, `{call}`, for {share} of it, at `{line}`.";
    LoopWait: "`GET {path}` took {time} because the event loop (thread {thread}) stood in a synchronous wait, `{call}`, for {share} of it.";
    LoopParked: "The event loop (thread {thread}) waited for events, as it should, in {looks} of {n} looks.";
    LoopComputed: "The event loop (thread {thread}) computed for {share} of the window: it was busy, not waiting.";
    LoopWaitsForLock: "The event loop's wait is SQLite's wait for a lock that PID {pid} held in {share} of the looks.";
    NoLoop: "Process {pid} runs no event loop: no thread of it waits for events when idle.";
    LoopCpuTitle: "The event loop is blocked by computing";
    LoopCpuLine: "`GET {path}` took {time} because the event loop (thread {thread}) computed for {share} of it, at `{line}`.";
    LoopCpu: "`GET {path}` took {time} because the event loop (thread {thread}) computed for {share} of it.";
    CpuAlone: "Computing alone took {cpu} of CPU time: it misses the target ({target}) without any neighbour.";
    LoopIdleCpu: "The event loop (thread {thread}) computed for only {share} of the window.";
    LoopWaitsElsewhere: "`GET {path}` itself spent {share} of its time elsewhere ({where}) while the event loop served others.";
    LoopHashes: "The event loop computes password hashes at `{line}`.";
    PoolTitle: "The thread pool is saturated";
    PoolFull: "`GET {path}` took {time} because all {threads} pool threads of process {pid} stood in the same wait, `{call}`.";
    PoolFullLine: "`GET {path}` took {time} because all {threads} pool threads of process {pid} were busy at `{line}`.";
    PoolHashes: "The pool's threads hash passwords at `{line}`.";
    PoolWaitsForLock: "The pool's threads wait for SQLite's write lock, which PID {pid} held in {share} of the looks.";
    PoolLine: "They stood at `{line}`.";
    PoolNotFull: "{threads} of the server's threads stood in a wait of their own during the request: no pool is full.";
    HashTitle: "Password hashing saturates the CPU";
    HashLine: "`GET {path}` took {time} because password hashing used the CPU for {share} of it, at `{line}`.";
    HashPool: "`GET {path}` took {time} because {threads} threads of process {pid} hashed passwords on {cpus} CPUs: {share} of their samples stood at `{line}`.";
    HashQueue: "`GET {path}` took {time} while {queued} requests waited for {permits} hashing permits, {running} of them in use.";
    HashRunnable: "At the busiest look {threads} threads were ready to compute on {cpus} CPUs.";
    NoHashing: "The working thread's line (`{line}`) does not hash passwords.";
    HashCheap: "The working thread computed for only {share} of the window.";
    HashQueueEmpty: "No request waits for a hashing permit ({running} of {permits} in use).";
    NeighbourTitle: "Another process takes the CPU";
    Neighbour: "`GET {path}` took {time} because thread {thread} stood ready without a CPU for {share} of it, while other processes used {cores} cores, PID {pid} the most.";
    NeighbourQuiet: "Thread {thread} stood ready without a CPU for only {share} of the window.";
    Throttled: "The server's own CPU quota held it back for {share} of the window.";
    NeighbourOwnThreads: "The server's own threads compete for the CPU: at the median look {threads} were ready on {cpus} CPUs.";
    NeighbourNone: "Processes other than the server and the doctor used {cores} cores together.";

    // SQLite.
    WriterLockTitle: "Another process holds SQLite's write lock";
    WriterLock: "`GET {path}` took {time} because PID {pid} (`{command}`) held the write lock of `{database}` in {share} of the looks while the server waited for it.";
    OwnTransactionTitle: "The server itself holds a long write transaction";
    OwnTransaction: "`GET {path}` took {time} because its own process {pid} held the write lock of `{database}` in {share} of the looks.";
    OwnTransactionHygiene: "Process {pid} held the write lock of `{database}` for {held} without letting go.";
    OwnTransactionLine: "Its thread {thread} stood at `{line}` meanwhile.";
    LockLooks: "The lock was held by PID {pid} in {looks} of {n} looks at /proc/locks.";
    LockHeldFor: "The longest unbroken hold lasted {held}.";
    LockWaiter: "Thread {thread} of the server waited in `{call}` in {looks} of {n} looks, as SQLite's busy handler does.";
    LockRelease: "The request was answered {ms} after the lock was let go (median of {n}).";
    LockFree: "Nobody held the write lock in {n} looks.";
    LockHeldByServer: "The write lock was held by the server itself (PID {pid}), not by another process.";
    LockHeldByOther: "The write lock was held by PID {pid}, not by the server.";
    LockNobodyWaits: "No thread of the server waited as SQLite's busy handler does.";
    LockShort: "The longest unbroken hold of the server lasted {held}.";
    SessionsTitle: "Expired sessions are never swept";
    SessionsExpired: "{expired} of {total} sessions in `{table}` are expired, {share}; the oldest has been expired for {age}.";
    SessionsExpiredNoAge: "{expired} of {total} sessions in `{table}` are expired, {share}.";
    SessionsSwept: "{expired} of {total} sessions in `{table}` are expired: a sweep is not needed.";
    IndexTitle: "A query reads a whole table for want of an index";
    IndexSlow: "`GET {path}` took {time} because a query reads all {rows} rows of `{table}`; the same query took {scan} on a copy, {share} of it.";
    IndexHygiene: "A query reads all {rows} rows of `{table}` and takes {scan} on a copy (target {target}).";
    IndexStatement: "The statement: `{sql}`";
    IndexPlan: "Its plan: {plan}";
    IndexReads: "The server made {calls} read calls during the request; the database has {pages} pages.";
    IndexTried: "With `{index}` it took {indexed} on the same copy.";
    IndexBound: "Reading the whole {size} database once takes {scan}; {passes} full reads explain at most {share} of {time}.";
    IndexUsed: "Every examined statement uses an index or takes less than {target} on a copy.";
    IndexNoGain: "No tried index made a statement five times faster.";
    StatisticsTitle: "The query planner's statistics are stale";
    StatisticsStale: "SQLite's statistics believe in {believed} rows of `{table}`; it has {rows}.";
    StatisticsPlan: "After ANALYZE on a copy the statement on `{table}` took {analyzed} in place of {before}.";
    StatisticsSlow: "`GET {path}` took {time} because stale statistics lead a query on `{table}` to a slow plan: {before} as it is, {analyzed} after ANALYZE on a copy; it explains {share} of the time.";
    StatisticsNewPlan: "Its plan after ANALYZE on a copy: {plan}";
    StatisticsGood: "The statistics of `{table}` agree with its {rows} rows.";
    StatisticsNoMatter: "No table holds more than {rows} rows: no plan can gain from statistics.";
    StatisticsNoGain: "ANALYZE on a copy made no examined statement faster.";
    BloatTitle: "The database file is bloated";
    Bloat: "{free} of {pages} pages of `{database}` are free, {share} of {size}.";
    BloatNone: "{free} of {pages} pages are free ({size}).";
    BloatBound: "{free} of {pages} pages are free; reading the whole {size} file takes {scan}, at most {share} of {time}.";
    BloatSmall: "The file has only {size}; below {limit} free pages gain nothing.";
    WalHugeTitle: "The write-ahead log is not checkpointed";
    WalHuge: "The write-ahead log of `{database}` has {wal}, beside {size} of database.";
    WalHugeFrames: "{backfilled} of its {frames} frames are checkpointed.";
    WalSmall: "The write-ahead log has {wal}.";
    WalReader: "PID {pid} held a read lock in {looks} of {n} looks: a reader keeps the checkpoint back.";
    WalResetTitle: "The SQLite library can corrupt a WAL database";
    WalReset: "Process {pid} uses SQLite {version} on the WAL database `{database}` with {connections} connections: versions 3.7.0 to 3.51.2 can lose the write-ahead log's reset and corrupt it.";
    WalResetFixed: "SQLite {version} is not affected.";
    WalResetNotWal: "`{database}` is not in WAL mode.";
    WalResetOne: "`{database}` is open {connections} times: fewer than two connections.";

    // F29, F76, F77.
    ZombiesTitle: "Zombie children";
    Zombies: "PID {pid} has {count} zombie children ({pids}): they hold no descriptor and no memory, and explain no latency.";
    NoZombies: "PID {pid} has no zombie children.";
    MeasurerTitle: "The measuring machine is slow";
    Measurer: "The doctor's own timers fired {late} late (95th percentile), {share} of the time measured for `GET {path}`: this machine cannot judge it now.";
    MeasurerQueue: "The doctor itself stood ready without a CPU for {share} of its running time.";
    MeasurerQuiet: "The doctor's own timers fired {late} late (95th percentile).";
    HealthyTitle: "Healthy";

    // Why whole groups are ruled out or cannot be told.
    NothingSlow: "No endpoint misses its response time: the slowest, `GET {path}`, has a 95th percentile of {p95}.";
    NothingAnswered: "No request got in ({address}: {outcome}), so nothing inside was reached.";
    Refused: "A named cause needs {keys}, which its chain lacks.";

    // Budget rows.
    BudgetConnect: "connect";
    BudgetNotAccepted: "not accepted";
    BudgetUnread: "unread";
    BudgetOnCpu: "on CPU";
    BudgetRunQueue: "run queue";
    BudgetThrottled: "throttled";
    BudgetDbLock: "database lock";
    BudgetDbWork: "database work";
    BudgetPoolWait: "pool wait";
    BudgetDisk: "disk";
    BudgetUpstream: "upstream";
    BudgetSleep: "sleep";
    BudgetAnswer: "answer";
    BudgetUnexplained: "unexplained";

    // Repairs: name, then effect, risk, way back.
    RepairSweep: "Sweep expired sessions in batches";
    RepairSweepEffect: "{expired} expired rows go; unexpired ones are never touched; no effect on response time is predicted.";
    RepairOptimize: "Let SQLite renew its statistics (PRAGMA optimize)";
    RepairOptimizeEffect: "The statistics of `{table}` agree with its {rows} rows again.";
    RepairCheckpoint: "Checkpoint the write-ahead log";
    RepairCheckpointEffect: "The log of {wal} is written back.";
    RepairRemoveLock: "Remove our own stale lock file";
    RepairRemoveLockEffect: "`{file}` goes; it belongs to this installation and its owner is gone.";
    RepairLoopWait: "Move the wait off the event loop";
    RepairLoopWaitEffect: "The loop is free during the wait: `GET {path}` no longer waits behind it ({share} of its time).";
    RepairLoopCpu: "Move the computing off the event loop";
    RepairLoopWaitHow: "At `{line}`: await an asynchronous call, or run the blocking one in a thread (`await asyncio.to_thread(…)`). More workers only hide it.";
    RepairLoopCpuHow: "At `{line}`: move the computation into a process or a thread that is not the loop, or make it cheaper.";
    RepairLoopHow: "Find the synchronous call with `py-spy dump --pid {pid}` while a request hangs, and move it off the loop.";
    RepairPool: "Shorten what fills the pool";
    RepairPoolHow: "What the pool's threads do at `{place}` fills it; a larger pool only moves the limit.";
    RepairHash: "Bound concurrent hashing to the CPUs and queue the rest";
    RepairHashHow: "Admit as many hashes at once as there are CPUs, answer 503 with Retry-After beyond a short queue. The cost of the hash stays as it is.";
    RepairHolder: "Let the holder end its transaction";
    RepairHolderHow: "PID {pid} (`{command}`): commit or end it in its own way (SIGTERM only when you know it). Its -wal and -shm files stay.";
    RepairTransaction: "Shorten the transaction";
    RepairTransactionHow: "Do the slow work before BEGIN or after COMMIT of the transaction on `{database}`.";
    RepairIndex: "Create the index";
    RepairIndexEffect: "The statement takes {indexed} in place of {scan}, as tried on a copy.";
    RepairStatistics: "Run ANALYZE";
    RepairVacuum: "Give free pages back (incremental_vacuum, or VACUUM in a quiet hour)";
    RepairVacuumEffect: "{free} free pages leave the file.";
    RepairUpgradeSqlite: "Upgrade the SQLite library to 3.51.3 or later";
    RepairUpgradeSqliteHow: "Process {pid} links SQLite {version}; Python takes it from the system library or a wheel (pysqlite3-binary).";
    RepairStart: "Start the server through its own service manager";
    RepairStartHow: "First read why it ended (`systemctl status`, its log). Never start a second copy beside a manager.";
    RepairHolderOfPort: "End the process that holds the port";
    RepairHolderOfPortHow: "Send SIGTERM to PID {pid} after checking its start time and command, wait ten seconds, start the intended server.";
    RepairCopy: "End the stray copy";
    RepairCopyHow: "Send SIGTERM to the stray PID after checking its start time and command; never by name.";
    RepairStaleFile: "Remove the stale file";
    RepairStaleFileHow: "Remove `{file}` after checking that PID {pid} is not its owner. Never remove a database's own files.";
    RepairZombies: "Let the parent collect its children";
    RepairZombiesHow: "PID {pid} must wait() for its children (or ignore SIGCHLD). A zombie cannot be killed.";
    RepairSweepForeign: "Delete expired sessions in batches";
    RepairSweepForeignHow: "In batches of 500 with a pause, from a scheduled task of the application: `{table}` holds {expired} expired rows.";
    RepairNeighbour: "Give the server its CPU back";
    RepairNeighbourHow: "PID {pid} (`{command}`) uses it; move or limit it. The doctor neither kills nor renices.";

    // Ways back, risks.
    UndoNone: "Not needed: nothing but dead data goes.";
    UndoBackup: "Restore the backup.";
    UndoCode: "Revert the change.";
    UndoInstall: "Install the former version again.";
    UndoStop: "Stop it again through the same manager.";
    UndoStatistics: "DELETE FROM sqlite_stat1 brings the old state back.";
    UndoIndex: "DROP INDEX brings the old state back.";
    UndoNever: "Cannot be undone.";
    UndoRestart: "Start the process again.";
    RiskNone: "None known.";
    RiskWrites: "Writes in short batches beside live traffic.";
    RiskWriteLock: "Holds the write lock while it runs.";
    RiskVacuum: "Holds the write lock while it runs and needs twice the file's size on disk; back the file up first.";
    RiskCode: "A change of code: test it.";
    RiskKill: "Requests in flight of that process are lost.";

    // Refusals of useless or harmful work.
    RefuseVacuumBound: "VACUUM is refused: {free} of {pages} pages are free, and reading the whole {size} file takes {scan}, so it cannot gain more than {share} of {time}.";
    RefuseVacuum: "VACUUM is refused: only {free} of {pages} pages are free ({size}).";
    RefuseAnalyze: "ANALYZE is refused: the statistics of `{table}` agree with its {rows} rows.";
    RefuseSweep: "A sweep is refused: {expired} of {total} sessions are expired.";
    RefuseKillZombies: "Killing zombies is refused: they are dead; a signal changes nothing.";
    RefuseRestart: "A restart to see if it helps is refused: it destroys the evidence and leaves the cause.";
    RefuseCheckpoint: "A checkpoint is refused: the write-ahead log has {wal}.";

    // Proof.
    ProofImproved: "`GET {path}`: median {before} before, {after} after ({change}, 95 % interval {low} to {high}, n {n_before} and {n_after}).";
    ProofNoEffect: "`GET {path}`: median {before} before, {after} after ({change}, 95 % interval {low} to {high}): no effect.";
    ProofWorse: "`GET {path}`: median {before} before, {after} after ({change}, 95 % interval {low} to {high}): worse.";
    ProofNotMeasured: "`GET {path}`: {n} requests were measured; fewer than {needed} prove nothing.";
    ProofControlMoved: "The control `GET {path}` moved alike, so nothing is attributed to the repair.";
    ProofControl: "Control `GET {path}`: median {before} before, {after} after.";
    ProofState: "{what}: {before} before, {after} after.";
    ProofStateSessions: "expired sessions";
    ProofStateWal: "bytes in the write-ahead log";
    ProofStateStatistics: "rows the statistics believe in";
    ProofStateLock: "stale lock files";

    // What remains.
    RemainsMissed: "`GET {path}` still misses its target: {time} (target {target}).";
    RemainsHypothesis: "{cause} was not excluded: {missing}.";
    RemainsRights: "The doctor ran with the rights of: {rights}. Root sees every thread, lock and descriptor.";
    RemainsPlace: "`GET {path}` spent {share} of its time in {part}: {detail}.";
    UnknownCommand: "unknown command";

    // Headings and labels of the report.
    HeadVerdict: "Verdict";
    HeadEndpoints: "Endpoints";
    HeadBudget: "Where the time went";
    HeadChain: "Evidence";
    HeadRuledOut: "Ruled out";
    HeadOpen: "Could not be judged";
    HeadHygiene: "Worth knowing, and not the cause";
    HeadRepairs: "Repair";
    HeadRefused: "Refused";
    HeadApplied: "Before and after";
    HeadRemains: "What remains";
    HeadCheck: "How to check me";
    HeadRun: "This examination";
    HeadDiff: "Since the last report";
    HeadNever: "What this doctor never does";
    LabelEndpoint: "endpoint";
    LabelRequests: "requests";
    LabelMedian: "median";
    LabelP95: "95th percentile";
    LabelErrors: "errors";
    LabelTarget: "target";
    LabelPart: "part";
    LabelTime: "time";
    LabelShare: "share";
    LabelSeen: "what was seen";
    LabelTotal: "total";
    LabelWho: "who";
    LabelHow: "how";
    LabelCommand: "command";
    LabelEffect: "predicted effect";
    LabelRisk: "risk";
    LabelUndo: "way back";
    LabelBefore: "before";
    LabelAfter: "after";
    LabelChange: "change";
    LabelInterval: "95 % interval";
    LabelForetold: "foretold";
    LabelChanged: "changed";
    LabelResult: "result";
    LabelControl: "control";
    LabelFact: "fact";
    LabelValue: "value";
    LabelSource: "read from";
    LabelRepeat: "look yourself";
    LabelNew: "new";
    LabelGone: "gone";
    LabelSame: "the same";
    LabelLookAlike: "look-alike";
    LabelTaken: "taken";
    LabelMisses: "misses its target";
    LabelMeets: "meets its target";
    LabelRooms: "The five waiting rooms of the held request";
    LabelServer: "server";
    LabelDefaults: "known defaults, not measured";
    LabelDoctor: "doctor";
    LabelDuration: "took";
    LabelStarted: "began";
    LabelRights: "rights";
    LabelKernel: "kernel";
    LabelNoise: "noise of the machine";
    LabelOverhead: "own CPU time";
    LabelHash: "SHA-256 of the evidence";
    LabelFacts: "facts";
    LabelCommandLine: "command line";
    RoomA: "connecting";
    RoomB: "waiting to be accepted";
    RoomC: "accepted, unread";
    RoomD: "in the handler";
    RoomE: "answer on its way";
    ClassAuto: "AUTO";
    ClassAsk: "ASK";
    ClassTell: "TELL";
    EffectImproved: "IMPROVED";
    EffectNoEffect: "NO EFFECT";
    EffectWorse: "WORSE";
    EffectNotMeasured: "NOT MEASURED";
    StatusResolved: "RESOLVED";
    StatusNotResolved: "NOT RESOLVED";
    StatusNotMeasured: "NOT MEASURED";
    StatusWasHealthy: "was healthy";
    FateProven: "applied and proven";
    FateUndone: "applied, without effect, and taken back";
    FateWithoutEffect: "applied and without effect; it cannot be taken back and does no harm";
    FateUnmeasured: "applied and verified; too few requests were measured to prove an effect";
    FateDeclined: "declined";
    FateFailed: "failed";
    StateReached: "state reached";
    StateNotReached: "state not reached";
}

/// Renders a sentence in English.
pub fn render(sentence: &Sentence) -> String {
    render_in(sentence, Language::En)
}

/// Renders one parameter in English.
pub fn render_param(param: &Param) -> String {
    match param {
        Param::Figure(figure) => figure.to_string(),
        // A grave accent would end the code span a sentence puts a name in.
        Param::Name(text) | Param::Setting(text) => redact::printable(text).replace('`', "'"),
        Param::Word(code) => code.english().to_owned(),
    }
}

/// The parameter names a text asks for.
pub fn placeholders(text: &str) -> Vec<&str> {
    text.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name).collect()
}

/// Words a verdict never contains: it states what was measured or says that it cannot tell.
pub const FORBIDDEN: &[&str] = &[
    "may",
    "might",
    "possibly",
    "appears",
    "likely",
    "probably",
    "perhaps",
    "maybe",
    "seems",
    "could be",
    "suspected",
];

/// The first forbidden word in a text, if any.
pub fn forbidden_word(text: &str) -> Option<&'static str> {
    let padded: String = text
        .chars()
        .map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' })
        .collect();
    let padded = format!(" {padded} ");
    FORBIDDEN.iter().copied().find(|word| padded.contains(&format!(" {word} ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sentence_guesses() {
        for code in Code::ALL {
            assert_eq!(forbidden_word(code.english()), None, "{}", code.name());
        }
    }

    #[test]
    fn a_guess_is_noticed() {
        assert_eq!(forbidden_word("The pool may have been exhausted"), Some("may"));
        assert_eq!(forbidden_word("It was measured in May's mayor"), Some("may"));
        assert_eq!(forbidden_word("the mayor"), None);
    }
}
