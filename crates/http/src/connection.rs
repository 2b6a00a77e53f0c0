//! One connection: what it is doing, until when it may, and what its requests share.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Wake, Waker};

use galen_core::{Clock, Entropy};

use crate::app::App;
use crate::phases::Flight;

/// Nanoseconds in a millisecond.
pub(crate) const MS_NS: u64 = 1_000_000;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stage {
    /// Its client owes the rest of a request's head.
    Head = 0,
    /// Bytes of a later request came; how long the head may take begins with them.
    FirstByte = 1,
    /// It waits for a next request.
    Idle = 2,
    /// A request is worked on.
    Busy = 3,
    /// The client owes the taking of an answer.
    Write = 4,
    /// It was ended; what the client still sends is thrown away for a moment, because closing a
    /// socket with unread bytes resets it, and a reset destroys an answer under way (RFC 9112 §9.6).
    Linger = 5,
    /// A stream is open on it, and all that was written is with the kernel.
    Stream = 6,
}

impl Stage {
    const ALL: [Self; 7] = [
        Self::Head,
        Self::FirstByte,
        Self::Idle,
        Self::Busy,
        Self::Write,
        Self::Linger,
        Self::Stream,
    ];
}

/// Whether a stream is open on a connection: none is, one is, or one ended and its end is not yet with
/// the kernel.
const NO_STREAM: u8 = 0;
const OPEN_STREAM: u8 = 1;
const ENDED_STREAM: u8 = 2;

/// What the parts of a connection share: its stream, its driver and its requests. They all run in
/// one task, so nothing here is contended.
pub(crate) struct Connection {
    /// The peer's address.
    pub(crate) peer: IpAddr,
    clock: Arc<dyn Clock>,
    stage: AtomicU8,
    due_ns: AtomicU64,
    accept_wait_ns: AtomicU64,
    seed: u64,
    salt: [u8; 2],
    requests: AtomicU64,
    note: OnceLock<(Arc<WakeNote>, Waker)>,
    in_flight: AtomicU32,
    is_unflushed: AtomicBool,
    unflushed: Mutex<Vec<Flight>>,
    streams: AtomicU8,
    lingers: AtomicBool,
    reset: AtomicBool,
}

impl Connection {
    /// A connection that was accepted at the monotonic time `accepted_ns` and is taken up just now.
    /// It owes a request's head from its acceptance on.
    pub(crate) fn new(peer: IpAddr, accepted_ns: u64, app: &App) -> Self {
        let (mut seed, mut salt) = ([0; 8], [0; 2]);
        app.entropy.fill(&mut seed);
        app.entropy.fill(&mut salt);
        let wait_ns = app.clock.monotonic_ns().saturating_sub(accepted_ns);
        let head_ns = app.settings.limits.header_timeout_ms * MS_NS;
        Self {
            peer,
            clock: Arc::clone(&app.clock),
            stage: AtomicU8::new(Stage::Head as u8),
            due_ns: AtomicU64::new(accepted_ns.saturating_add(head_ns)),
            accept_wait_ns: AtomicU64::new(wait_ns),
            seed: u64::from_be_bytes(seed),
            salt,
            requests: AtomicU64::new(0),
            note: OnceLock::new(),
            in_flight: AtomicU32::new(0),
            is_unflushed: AtomicBool::new(false),
            unflushed: Mutex::new(Vec::new()),
            streams: AtomicU8::new(NO_STREAM),
            lingers: AtomicBool::new(false),
            reset: AtomicBool::new(false),
        }
    }

    /// How long the connection waited to be taken up, for its first request; 0 for later ones.
    pub(crate) fn take_accept_wait_ns(&self) -> u64 {
        if self.accept_wait_ns.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        self.accept_wait_ns.swap(0, Ordering::Relaxed)
    }

    pub(crate) fn stage(&self) -> Stage {
        let raw = usize::from(self.stage.load(Ordering::Relaxed));
        Stage::ALL.get(raw).copied().unwrap_or(Stage::Linger)
    }

    /// Enters a stage that may last until the monotonic time `due_ns`.
    pub(crate) fn enter(&self, stage: Stage, due_ns: u64) {
        self.due_ns.store(due_ns, Ordering::Relaxed);
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    /// Until when the present stage may last, on the monotonic clock.
    pub(crate) fn due_ns(&self) -> u64 {
        self.due_ns.load(Ordering::Relaxed)
    }

    /// Bytes came in; an idle connection has begun a request.
    pub(crate) fn bytes_came(&self) {
        if self.stage() == Stage::Idle {
            self.stage.store(Stage::FirstByte as u8, Ordering::Relaxed);
        }
    }

    /// A request began. An earlier one's answer may still be on its way, when the client sends many
    /// and takes few.
    pub(crate) fn took_off(&self, deadline_ns: u64) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.enter(Stage::Busy, deadline_ns);
        if let Some((note, _)) = self.note.get() {
            note.woken_ns.store(0, Ordering::Relaxed);
        }
    }

    /// A request was accounted for: its answer is with the kernel, or it was given up.
    pub(crate) fn landed(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether a request is worked on, or an answer is not wholly with the kernel.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
            || self.streams.load(Ordering::Relaxed) != NO_STREAM
    }

    /// An answer begins that goes on for as long as both sides like.
    pub(crate) fn stream_begins(&self) {
        self.streams.store(OPEN_STREAM, Ordering::Relaxed);
    }

    /// The stream ended; its last bytes are on their way.
    pub(crate) fn stream_ends(&self) {
        self.streams.store(ENDED_STREAM, Ordering::Relaxed);
        self.is_unflushed.store(true, Ordering::Relaxed);
    }

    /// Bytes of a stream are about to be written: the client owes the taking of them for so long.
    pub(crate) fn writes_within(&self, timeout_ns: u64) {
        let due_ns = self.clock.monotonic_ns().saturating_add(timeout_ns);
        self.enter(Stage::Write, due_ns);
        self.is_unflushed.store(true, Ordering::Relaxed);
    }

    /// The answer's body is in hyper's buffer; its flight ends with the next complete flush.
    pub(crate) fn keep_until_flushed(&self, flight: Flight) {
        self.lingers.store(flight.is_refusal(), Ordering::Relaxed);
        self.is_unflushed.store(true, Ordering::Relaxed);
        self.unflushed().push(flight);
    }

    /// Everything written so far is with the kernel.
    pub(crate) fn flushed(&self, idle_timeout_ns: u64) {
        if !self.is_unflushed.swap(false, Ordering::Relaxed) {
            return;
        }
        let now_ns = self.clock.monotonic_ns();
        for flight in self.unflushed().drain(..) {
            flight.landed(now_ns);
        }
        match self.streams.load(Ordering::Relaxed) {
            // It may be silent for as long as it likes.
            OPEN_STREAM => return self.enter(Stage::Stream, u64::MAX),
            ENDED_STREAM => self.streams.store(NO_STREAM, Ordering::Relaxed),
            _ => {}
        }
        if !self.is_in_flight() {
            self.enter(Stage::Idle, now_ns.saturating_add(idle_timeout_ns));
        }
    }

    /// The stream is gone: answers that were not flushed were given up.
    pub(crate) fn abandon(&self) {
        self.unflushed().clear();
    }

    fn unflushed(&self) -> MutexGuard<'_, Vec<Flight>> {
        self.unflushed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client sent what cannot be read, and more of it may be on the way.
    pub(crate) fn will_linger(&self) {
        self.lingers.store(true, Ordering::Relaxed);
    }

    pub(crate) fn lingers(&self) -> bool {
        self.lingers.load(Ordering::Relaxed)
    }

    /// The stream failed.
    pub(crate) fn was_reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_reset(&self) -> bool {
        self.reset.load(Ordering::Relaxed)
    }

    /// A waker that notes when it is called, and then calls `task`; `None` for a foreign task, which
    /// then simply has no note.
    pub(crate) fn noting_waker(&self, task: &Waker) -> Option<&Waker> {
        let (note, waker) = self.note.get_or_init(|| {
            let note = Arc::new(WakeNote {
                clock: Arc::clone(&self.clock),
                task: task.clone(),
                woken_ns: AtomicU64::new(0),
            });
            let waker = Waker::from(Arc::clone(&note));
            (note, waker)
        });
        note.task.will_wake(task).then_some(waker)
    }

    /// When the request's waker was first called since the last time this was asked; 0 if it was not.
    pub(crate) fn take_woken_ns(&self) -> u64 {
        match self.note.get() {
            Some((note, _)) if note.woken_ns.load(Ordering::Relaxed) != 0 => {
                note.woken_ns.swap(0, Ordering::Relaxed)
            }
            _ => 0,
        }
    }
}

impl Entropy for Connection {
    /// Bytes for request names: unpredictable enough to be unique, and cheap. The connection's seed
    /// comes from the system once; each request adds a number to it, mixed by a bijection
    /// (splitmix64), so that no two requests of a connection share their last eight bytes.
    fn fill(&self, bytes: &mut [u8]) {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut mixed = self.seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The last bytes are the ones that differ, whatever is cut off in front.
        for chunk in bytes.rchunks_mut(10) {
            let mut ten = [0; 10];
            ten[..2].copy_from_slice(&self.salt);
            ten[2..].copy_from_slice(&mixed.to_be_bytes());
            let cut = ten.len() - chunk.len();
            chunk.copy_from_slice(&ten[cut..]);
        }
    }
}

/// Notes when a request's task was woken, to tell waiting for the executor from waiting for work.
struct WakeNote {
    clock: Arc<dyn Clock>,
    task: Waker,
    woken_ns: AtomicU64,
}

impl WakeNote {
    fn note(&self) {
        if self.woken_ns.load(Ordering::Relaxed) == 0 {
            self.woken_ns.store(self.clock.monotonic_ns(), Ordering::Relaxed);
        }
    }
}

impl Wake for WakeNote {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.note();
        self.task.wake_by_ref();
    }
}
