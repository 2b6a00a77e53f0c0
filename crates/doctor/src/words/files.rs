//! The sentences about SQLite as a file: locks by byte, commits, damage, and where the file lies.

/// Adds this group's rows to those before it.
macro_rules! files_words {
    ([$($more:ident)*] $($rows:tt)*) => { codes! { groups: [$($more)*] $($rows)*
        // F39, F37.
        StarvedTitle: "A reader keeps the write-ahead log from being checkpointed";
        Starved: "PID {pid} (`{command}`) reads `{database}` without an end, so its write-ahead log cannot be written back: {backfilled} of {frames} frames are.";
        StarvedMark: "Its read mark is frame {mark} of {frames}: no checkpoint passes it while its lock is held.";
        StarvedNot: "{backfilled} of {frames} frames of the write-ahead log are written back: less is left than SQLite leaves by itself.";
        StarvedNoReader: "{backfilled} of {frames} frames are written back, and no process holds a read mark below the log's end in every look.";
        NoWalTitle: "A rollback journal lets a reader keep writers back";
        NoWal: "`GET {path}` took {time} because `{database}` has a rollback journal, and PID {pid} (`{command}`) read it in {share} of the looks while the server waited to write.";
        NoWalIsWal: "`{database}` is in WAL mode, where readers keep no writer back.";
        NoWalNobodyWaits: "`{database}` has a rollback journal, and no thread of the server waits for a reader of it.";
        NoWalReader: "The server holds the lock only because it waits for a reader, PID {pid}, of a rollback database.";

        // F38, F44, F45, F46, F47.
        SnapshotTitle: "A transaction that read first cannot write any more";
        Snapshot: "`GET {path}` fails in {share} of {n} requests with \"database is locked\", {time} after it is asked (median), although the write lock of `{database}` was held in only {held} of the looks: its transaction reads before it writes (SQLITE_BUSY_SNAPSHOT).";
        SnapshotTold: "The program tells the code itself: SQLITE_BUSY_SNAPSHOT.";
        SnapshotWaited: "`GET {path}` is refused only after {time}, as after a busy handler's wait for a lock.";
        SnapshotLockHeld: "The write lock was held in {share} of the looks: the lock is why it is refused.";
        SnapshotNothing: "No failing endpoint, and no line of its log, says that the database is locked.";
        ReadOnlyTitle: "The database cannot be written";
        ReadOnly: "`GET {path}` fails because it writes to `{database}`, which cannot be written: {why}.";
        ReadOnlyMount: "its filesystem is mounted read-only";
        ReadOnlyAttribute: "the file has the attribute `i` (chattr)";
        ReadOnlyPermission: "its permissions, or those of its folder, forbid it to the server's user";
        ReadOnlyItself: "the program itself has opened it for reading only";
        ReadOnlyNothing: "No failing endpoint, and no line of its log, says that a write was refused.";
        DamagedTitle: "The database is damaged";
        Damaged: "`{database}` is damaged: a check of a copy found {count} faults.";
        DamagedIndexes: "Indexes of `{database}` disagree with their tables: a check of a copy found {count} faults, none of them in a table.";
        DamagedLine: "It says: `{line}`";
        DamagedNot: "A check of a copy of `{database}` found nothing wrong.";
        CommitsTitle: "Each row is committed by itself";
        Commits: "`GET {path}` took {time} because it commits {commits} transactions to `{database}`, one after the other; it stood making them durable in {share} of the looks.";
        CommitsFew: "`GET {path}` makes {commits} commits to `{database}`: their number is not the cause.";
        CommitsInstead: "`GET {path}` makes {commits} commits to `{database}`: the lock is held by many short transactions.";
        ReplacedTitle: "The database file was replaced, or lies where locks do not hold";
        Replaced: "The server has another file open than the one at `{database}`: inode {open}, and {there} is there now. What it writes is lost when it ends.";
        Removed: "The server has a file open (inode {open}) that is no longer at `{database}`. What it writes is lost when it ends.";
        ReplacedNot: "The file at `{database}` is the one the server has open, on a local filesystem.";
        OnNetwork: "`{database}` lies on {kind}, where SQLite's locks do not hold.";

        // Repairs.
        RepairReader: "Let the reader end its transaction";
        RepairReaderHow: "PID {pid} (`{command}`): end the read transaction or the cursor it keeps open, in its own way; a passive checkpoint then writes the log back.";
        RepairWal: "Switch to a write-ahead log";
        RepairWalHow: "With no other process at the database, after a backup, and never on a network filesystem: readers and the writer no longer wait for each other.";
        RepairImmediate: "Begin writing transactions with BEGIN IMMEDIATE";
        RepairImmediateHow: "In the handler of `{path}`: take the write lock before the first read, so that it waits for its turn in place of being refused.";
        RepairWritable: "Make the database writable in its own way";
        RepairWritableHow: "What forbids it is said above. Remount, permissions and attributes are the administrator's; the doctor changes none of them.";
        RepairDamage: "Stop writing, copy the files, recover into a new one";
        RepairDamageHow: "Stop the server, copy `{database}` with its -wal, then `sqlite3 COPY .recover | sqlite3 NEW`. If only indexes disagree, REINDEX on a copy first. Never in place.";
        RepairOneCommit: "Commit once for all rows";
        RepairOneCommitHow: "Put the loop between BEGIN and COMMIT, or use executemany in one transaction.";
        RepairReopen: "Stop the server before its file is replaced";
        RepairReopenHow: "Save what the server still has (`sqlite3 /proc/PID/fd/N` is not a way: use the program's own backup), then let it open the file at `{database}` anew.";
        RiskWal: "A database in WAL mode cannot be read from a read-only or network filesystem.";
        UndoWal: "PRAGMA journal_mode=DELETE brings the old state back.";
    }};
}
