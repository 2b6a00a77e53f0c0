//! The sentences of what goes wrong inside the process (group B).

/// Adds this group's rows to those before it.
macro_rules! process_words {
    ([$($more:ident)*] $($rows:tt)*) => { codes! { groups: [$($more)*] $($rows)*
        // F16.
        LimiterTitle: "A limiter inside the application lets few requests in";
        Limiter: "`GET {path}` takes {alone} alone; of {n} sent at one moment the last took {last}, as if {permits} were let in at a time, while no thread of process {pid} was busy and it waited for no other server.";
        LimiterBurst: "{n} requests sent at one moment took {median} at the median and {last} at most.";
        LimiterQuiet: "Meanwhile the event loop (thread {thread}) waited for events in {looks} of {n} looks.";
        LimiterTogether: "{n} requests sent at one moment took at most {last}, and one alone {alone}: none waited for another.";
        LimiterBusy: "Thread {thread} was busy with the request: its time is not the wait for a permit.";
        LimiterPeers: "The server keeps connections to {peer}: the limit can be that of their pool.";
        LimiterRefused: "{count} requests were refused with status 429: a rate limiter refuses, it does not let wait.";
        LimiterWait: "of {n} requests at one moment the median took {median}, one alone {alone}";
        // F17.
        SyncTitle: "One slow request holds up a worker that serves one at a time";
        Sync: "PID {pid} serves one request at a time: while `GET {path}` took {time}, its thread {thread} stood in `{call}` for {share} of it, and `GET {control}` waited behind it for {waited}.";
        SyncOn: "It waited on {peer}.";
        SyncWorkers: "{count} worker process serves.";
        SyncLoop: "Thread {thread} runs an event loop: the server does not serve one request at a time by its model.";
        SyncFree: "`GET {control}` was answered in {median} while `GET {path}` was outstanding: another worker took it.";
        SyncIdle: "No thread of a worker stood in a wait of its own during the request.";
        // F20.
        QuotaTitle: "A CPU quota holds the server back";
        Quota: "`GET {path}` took {time} because the CPU quota of cgroup {cgroup} held process {pid} back for {share} of it: {throttled} of {periods} periods were throttled.";
        QuotaCores: "The quota is {cores} cores.";
        QuotaNotThrottled: "The server's cgroup was throttled in {throttled} of {periods} periods, for {share} of the request.";
        QuotaNone: "The server's cgroup has no CPU quota: {periods} periods were counted.";
        // F21.
        StealTitle: "The hypervisor takes the CPU";
        Steal: "`GET {path}` took {time} because thread {thread} stood ready without a CPU for {share} of it while the hypervisor took {steal} of this machine's CPU time.";
        StealLow: "The hypervisor took {steal} of the CPU time.";
        StealNotQueued: "Thread {thread} stood ready without a CPU for only {share} of the request.";
        // F23.
        GcTitle: "Garbage collection pauses the server";
        GcLine: "`GET {path}` took {time} because thread {thread} collected garbage for {share} of it, at `{line}`.";
        GcThreads: "`GET {path}` took {time} while the collector's thread {thread} (`{name}`) computed for {share} of it.";
        GcElsewhere: "The working thread's line (`{line}`) collects no garbage, and no collector's thread computed.";
        GcNone: "No line and no thread of a collector was seen at work.";
        LoopCollects: "The event loop collects garbage at `{line}`.";
        // F24.
        PressureTitle: "Memory is short: the server waits for pages";
        Pressure: "`GET {path}` took {time} because thread {thread} waited for pages to be read back for {share} of it: {faults} page faults needed the disk.";
        PressureLimit: "Its cgroup uses {usage} of {limit}, and hit the limit {hits} times during the examination.";
        PressureHost: "All tasks of the machine together stood still for memory for {psi} of the examination.";
        PressureSwap: "{pages} pages came back from swap ({swap} of it exist).";
        PressureNone: "{faults} page faults needed the disk during the request.";
        PressureNotWaited: "Thread {thread} did not wait for pages: {looks} of {n} looks found it blocked outside any system call.";
        // F25.
        OomTitle: "The kernel kills the server for memory";
        Oom: "PID {pids} ended because the kernel killed {kills} of the server's processes for memory.";
        OomLimit: "The memory limit of its cgroup is {limit}; it was hit {hits} times.";
        OomOther: "The kernel killed {kills} processes of the server's cgroup for memory; the serving ones live.";
        OomNone: "The kernel killed {kills} processes for memory, fewer than the serving ones that ended, or none did.";
        // F26.
        LeakTitle: "Memory grows with every request";
        Leak: "Process {pid} grew by {growth} with every request to `GET {path}`, in each of {cycles} cycles of {requests} requests, and did not slow down.";
        LeakYoung: "The resident set grew by {growth} per request to `GET {path}` at the median of {cycles} cycles: together less than Node leaves before it collects.";
        LeakNone: "The resident set grew by {growth} per request to `GET {path}` at the median of {cycles} cycles, not in every one of them alike.";
        // F27.
        DeadlockTitle: "Threads wait for one another for ever";
        DeadlockCycle: "Threads {threads} of process {pid} wait for one another: thread {first} waits for a mutex that thread {owner} owns, and so around; `GET {path}` is never answered.";
        DeadlockLink: "Thread {thread} waits for a mutex whose owner is thread {owner}.";
        DeadlockLines: "`GET {path}` is never answered: threads {threads} of process {pid} stand at locks, at `{line}` and `{other}`, and ran at no moment of the last {still}.";
        DeadlockStill: "Thread {thread} did not run for {still}.";
        DeadlockNone: "No two threads of the server stand at locks without running: the longest that one stood still in a futex is {still}.";
        DeadlockAnswered: "Every request was answered or refused: none waits for ever.";
        // F28.
        CrashTitle: "The server ends again and again";
        Crash: "{count} serving processes (PID {pids}) ended during the examination, after {lived} at the median, and requests failed with them.";
        CrashKinds: "{count} requests to `GET {path}` ended with `{kind}`.";
        CrashNone: "{count} serving processes ended during the examination.";
        CrashKilled: "The kernel killed {kills} of them for memory: they did not crash by themselves.";
        // F30.
        TasksTitle: "No further thread or process can be started";
        Tasks: "The cgroup of PID {pid} holds {tasks} of {limit} tasks: neither a thread nor a process can be started.";
        TasksRefused: "{count} starts were refused during the examination.";
        TasksSaid: "`GET {path}` fails and says: `{text}`";
        TasksRoom: "The cgroup of PID {pid} holds {tasks} of {limit} tasks.";
        TasksFree: "No cgroup above PID {pid} limits its tasks (limit {limit}).";
        // F32.
        DiskTitle: "The disk is slow to make writes durable";
        Disk: "`GET {path}` took {time} because thread {thread} waited in `{call}` on {file} for {share} of it.";
        DiskState: "It stood in uninterruptible sleep (state D) in {looks} of {n} looks.";
        DiskOwnSlow: "Our own fsync of 4 KiB in {directory} took {time} as well (median of {n}): the disk itself is slow.";
        DiskOwnFast: "Our own fsync of 4 KiB in {directory} took {time} (median of {n}): the limit is the server's own (blkio or io.max of its cgroup), not the disk's.";
        DiskNotWaited: "Thread {thread} waited for a file in {looks} of {n} looks.";
        DiskNobody: "No thread of the server waited for a file.";
        // F33.
        FullTitle: "The disk is full";
        Full: "The filesystem of {directory}, where the server writes, has {free} of {total} left for its user: writes fail.";
        FullInodes: "The filesystem of {directory}, where the server writes, has {inodes} inodes left: no file can be made.";
        FullSaid: "`GET {path}` fails and says: `{text}`";
        FullFails: "{errors} of {n} requests to `GET {path}` failed.";
        FullRoom: "The fullest filesystem the server writes to, that of {directory}, has {free} of {total} left for its user.";
        // F34.
        DebugTitle: "The server runs in debug or reload mode";
        Debug: "PID {pid} (`{command}`) was started in debug or reload mode: a watcher restarts it at every change, and it serves with {workers} worker process.";
        DebugNot: "PID {pid} was not started in debug or reload mode.";
        // Repairs.
        RepairLimiter: "Look at the limiter";
        RepairLimiterHow: "Find the semaphore or limiter around `GET {path}`; what it protects decides how many to let in. Answer 503 with Retry-After beyond a short queue.";
        RepairSync: "Give the slow work a place of its own";
        RepairSyncHow: "Start more workers or threads (PID {pid} has one), and give what `GET {path}` waits for a timeout. Only a bound on the slow request keeps all workers from standing in it.";
        RepairQuota: "Raise the CPU quota, or need less";
        RepairQuotaHow: "The quota of cgroup {cgroup} is its owner's to change (CPUQuota= of the unit, --cpus of the container).";
        RepairSteal: "Move to a machine with CPU of its own";
        RepairStealHow: "The hypervisor gives this machine's CPU to others: ask its provider, or change the instance type.";
        RepairGc: "Collect less, or elsewhere";
        RepairGcHow: "Keep fewer long-lived objects, or collect outside requests: what is collected during `GET {path}` is paid by it.";
        RepairPressure: "Give the server memory, or let it use less";
        RepairPressureHow: "The working set of process {pid} does not fit: raise the limit, or find what grows.";
        RepairOom: "Raise the memory limit, or find what fills it";
        RepairOomHow: "The limit of the cgroup is its owner's to change (MemoryMax= of the unit, --memory of the container); first see whether it grows without end (F26).";
        RepairLeak: "Find what is kept";
        RepairLeakHow: "`GET {path}` keeps something with every request: compare two heap snapshots (tracemalloc, heapdump, heaptrack) some hundred requests apart.";
        RepairDeadlock: "Take the locks in one order; then restart";
        RepairDeadlockHow: "First save where every thread of PID {pid} stands (the command below); then restart it through its service manager. Both threads must take the locks in the same order.";
        RepairCrash: "Read why it ended";
        RepairCrashHow: "The last lines of its standard error and its exit status say why (`journalctl -u UNIT -n 50`, `coredumpctl list`).";
        RepairTasks: "Raise the limit of tasks, or start fewer";
        RepairTasksHow: "The limit of the cgroup of PID {pid} is its owner's to change (TasksMax= of the unit, --pids-limit of the container); first see what it started.";
        RepairDisk: "Give the writes a faster disk, or fewer of them";
        RepairDiskHow: "Commit less often (one transaction for many rows), or move {file} to a faster disk. Durability stays on.";
        RepairFull: "Rotate the server's own logs; make room";
        RepairFullHow: "See what fills the filesystem of {directory} (`du -x`), and rotate the application's own logs. Files of others are theirs.";
        RepairDebug: "Start it as for production";
        RepairDebugHow: "Start PID {pid}'s program without --reload and --debug, with a number of workers that fits the CPUs.";
    }};
}
