//! The sentences of what keeps requests out (group A).

/// Adds this group's rows to those before it.
macro_rules! access_words {
    ([$($more:ident)*] $($rows:tt)*) => { codes! { groups: [$($more)*] $($rows)*
        // F07.
        HaltedTitle: "The server is stopped, frozen or traced";
        HaltedStopped: "PID {pid} (`{command}`) is stopped (state {state}): it runs nothing until it is continued, so no request is answered.";
        HaltedFrozen: "PID {pid} (`{command}`) is {state} by the freezer of its cgroup: it runs nothing until it is thawed, so no request is answered.";
        HaltedTraced: "PID {pid} is traced by PID {tracer}: its times are not those of an untraced program.";
        HaltedLooks: "In {looks} of {n} looks at thread {thread} it stood in state {state}.";
        HaltedWhere: "The cgroup is read from: {origin}.";
        HaltedInstead: "PID {pid} runs nothing ({state}), so what its threads stand in is no cause.";
        NotHalted: "PID {pid} is in state {state}: neither stopped nor traced.";
        NotFrozen: "Its cgroup is {state}.";
        // F06.
        DescriptorsTitle: "The server is out of file descriptors";
        Descriptors: "PID {pid} (`{command}`) has {open} of {limit} file descriptors open: it cannot accept another connection.";
        DescriptorsNear: "PID {pid} has {open} of {limit} file descriptors open.";
        DescriptorsKinds: "{count} of them are of the kind `{kind}`.";
        DescriptorsFree: "PID {pid} has {open} of {limit} file descriptors open: accepting needs one.";
        LoopNoDescriptor: "The event loop turns over accept(2) in vain: PID {pid} has {open} of {limit} file descriptors open.";
        // F04.
        QueueTitle: "The accept queue overflows";
        QueueFull: "{address} does not take connections because its accept queue is full: {queued} connections wait in a queue of {backlog}, and PID {pid} does not accept them.";
        QueueOverflows: "The kernel dropped {count} connections for a full accept queue during the examination.";
        QueueRoom: "{queued} connections wait to be accepted in a queue of {backlog}.";
        QueueServerHalted: "The queue is full because PID {pid} runs nothing ({state}).";
        QueueNoDescriptor: "The queue is full because PID {pid} has {open} of {limit} file descriptors open and cannot accept.";
        QueueLoopBlocked: "The queue is behind an event loop (thread {thread}) that is held up: nothing accepts meanwhile.";
        // F05.
        SynLostTitle: "Connection requests get lost on the way";
        SynFiltered: "{address} does not answer connection requests ({outcome} after {time}) although PID {pid} listens there with {queued} of {backlog} waiting: they are dropped on the way, by a firewall or a lossy network.";
        SynLost: "`GET {path}` took {time} at the median, {connect} of it to connect: the connection requests were lost and sent again.";
        SynRepeated: "The kernel sent {count} connection requests again during the examination.";
        SynPlateau: "Repeats come after 1, 3 and 7 seconds (RFC 6298, doubled each time); connecting took {connect} at the median.";
        SynAnswered: "Connecting took {connect} at the median: no connection request had to be sent again.";
        SynQueueFull: "Connection requests are dropped by a full accept queue ({queued} of {backlog}), not on the way.";
        // F03.
        FamilyTitle: "The name's first address is not served";
        Family: "The name stands first for {address}, where connecting ended with {outcome} after {time}, and then for {served}, which is served: clients that try addresses in their order wait on every new connection.";
        FamilyOrder: "The resolver's order is: {order}.";
        FamilyServed: "{address} answered in {time}.";
        FamilyOne: "The target stands for one address, {address}.";
        FamilyAtOnce: "Every address of the name answered at once; {address}, the first, ended with {outcome} after {time}.";
        // F10.
        ResolverTitle: "A name server does not answer";
        Resolver: "`GET {path}` took {time} because thread {thread} waited for a name server for {share} of it, and {resolver} does not answer.";
        ResolverAsked: "Asked directly for `localhost.`, {resolver} was {outcome} after {time}.";
        ResolverPlateau: "The C library waits 5 s for each name server and asks twice (resolv.conf(5)).";
        ResolverAnswers: "Every name server of the server answers; {resolver} took {time}.";
        ResolverNotWaited: "No thread of the server was seen waiting for a name server (port 53).";
        // F11.
        DialTitle: "Connecting to an upstream takes long";
        Dial: "`GET {path}` took {time} because thread {thread} tried to connect to {peer} for {share} of it: the upstream does not take the connection.";
        DialLooks: "A connection of PID {pid} to {peer} stood unanswered (SYN_SENT) in {looks} of {n} looks.";
        DialNone: "No connection of PID {pid} stood unanswered (SYN_SENT) in {n} looks.";
        DialElsewhere: "No thread of the request waited for a connection to be taken.";
        // F09.
        PortsTitle: "Local ports for outgoing connections are exhausted";
        Ports: "PID {pid} cannot connect to {peer}: {used} of {ports} local ports are in use towards it.";
        PortsError: "`GET {path}` fails and says: `{text}`";
        PortsEnough: "No peer uses a quarter of the {ports} local ports.";
        PortsUsed: "{used} of {ports} local ports are in use towards {peer}.";
        // F08.
        TlsTitle: "TLS is refused";
        Tls: "{address} cannot be used: {why}.";
        TlsTrusted: "The certificate of {address} is trusted; the handshake took {time}.";
        TlsNotUsed: "The address is plain HTTP: {why}.";
        // F12.
        ClockTitle: "The server's clock is wrong";
        ClockAhead: "The server's clock is {skew} ahead of this machine's, by the Date header of {n} answers.";
        ClockBehind: "The server's clock is {skew} behind this machine's, by the Date header of {n} answers.";
        ClockAgrees: "The server's clock agrees with this machine's within {skew}, by the Date header of {n} answers.";
        // Repairs.
        RepairContinue: "Continue the stopped process";
        RepairContinueHow: "Find out who stopped PID {pid} and why; then continue it. Its requests in flight go on where they stood.";
        RepairThaw: "Thaw the cgroup";
        RepairThawHow: "Find out who froze the cgroup of PID {pid} (a container manager's `pause`, systemd's `freeze`); then thaw it the same way.";
        RepairTracer: "Let the tracer go";
        RepairTracerHow: "Detach the debugger or tracer of PID {pid} before measuring.";
        RepairDescriptors: "Raise the soft limit to the hard one, then find what is not closed";
        RepairDescriptorsHow: "Most descriptors of PID {pid} are of one kind; that kind is what is not closed. The soft limit can go up to the hard one; the hard one stays.";
        RepairQueue: "Accept faster, or let more wait";
        RepairQueueHow: "More workers, or a listen backlog above {backlog} (net.core.somaxconn caps it). A longer queue only helps against bursts.";
        RepairSyn: "Let connection requests through";
        RepairSynHow: "Look at the packet filter (`iptables -L -nv`, `nft list ruleset`) and the network between client and {address}.";
        RepairFamily: "Serve both families, or name the address";
        RepairFamilyHow: "Bind the server to {address} as well (a dual-stack `[::]`), or let clients use the served address.";
        RepairResolver: "Take the dead name server out";
        RepairResolverHow: "Remove {resolver} from resolv.conf where it is made (DHCP, systemd-resolved, the container's options), or bring it back.";
        RepairDial: "Bring the upstream's address back";
        RepairDialHow: "See why {peer} does not take connections (down, firewall, full accept queue); give the client a connect timeout below the caller's patience.";
        RepairPorts: "Keep connections open instead of making new ones";
        RepairPortsHow: "Use a pool or keep-alive towards {peer}, and close what is not used. A wider port range only moves the limit.";
        RepairTls: "Renew or replace the certificate";
        RepairTlsHow: "{address}: {why}. Verification stays on.";
        RepairClock: "Let NTP set the clock";
        RepairClockHow: "Enable systemd-timesyncd or chrony on the server's machine; sessions, tokens and certificates are judged by that clock.";
        UndoStopAgain: "Stop or freeze it again.";
        UndoSoftLimit: "Set the soft limit back.";
    }};
}
