//! The hashing pool: Argon2id on threads of its own, so that no request ever waits behind a hash
//! that is not its own.
//!
//! One thread a core, at lower priority than whatever answers requests; each with memory of its own
//! that is used again for every hash (glibc does not give back 19 MiB pieces that many threads took
//! and freed: 349 MiB after 32 logins). In front of them stands a bounded queue. A caller is refused
//! at once, with the time after which to try again, when the queue is full or its turn would come
//! after its deadline; a caller that has left is skipped; so no hash is computed for nobody.
//! Threads start with the first need, and memory is taken with the first hash.

mod bench;
mod memory;
mod pool;
mod queue;
mod ticket;

use galen_core::{Refusal, Secret};
use serde::{Deserialize, Serialize};

pub(crate) use self::pool::HashPool;
use crate::password::Owner;

/// How pressed the hashing pool is just now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashPressure {
    /// How many hashes may run at once.
    pub permits: u32,
    /// How many run.
    pub running: u32,
    /// How many wait.
    pub waiting: u32,
    /// How many may wait.
    pub capacity: u32,
    /// How many were computed since the start.
    pub hashes_done: u64,
    /// How many were refused because too many waited, or the wait would outlast their deadline.
    pub refused: u64,
    /// How long a piece of work on a bench takes, a moving average, in nanoseconds; 0 before the first.
    pub hash_ns: u64,
}

/// How many of the waiting places a piece of work may find taken and still wait for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Places {
    /// All but the last: whoever has an account, or makes one by right.
    All,
    /// Half of them: registrations, so that a flood of them leaves the rest to those who sign in.
    Half,
}

/// Whether this is the password.
pub(crate) struct Question {
    /// The password, in its normal form.
    pub(crate) password: Secret<String>,
    /// The kept hash; `None` where there is no user.
    pub(crate) kept: Option<Secret<String>>,
    /// Whether a right password is to be hashed anew when the kept hash has old parameters.
    pub(crate) renew: bool,
}

/// A password that is to be somebody's.
pub(crate) struct Choice {
    /// The password, in its normal form.
    pub(crate) password: Secret<String>,
    /// Whose it is to be.
    pub(crate) owner: Owner,
    /// How far its hash may queue up.
    pub(crate) places: Places,
}

/// Why the pool did not do the work.
#[derive(Debug)]
pub(crate) enum PoolError {
    /// It was not begun; nothing was spent.
    NotBegun(Refusal),
    /// It was begun and failed: a fault of ours.
    Failed(Refusal),
}

impl From<PoolError> for Refusal {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::NotBegun(refusal) | PoolError::Failed(refusal) => refusal,
        }
    }
}
