//! The port by which rooms tell what has just happened, for whoever shows it at once.
//!
//! A signal is told after the commit it speaks of, and carries no promise: whoever hears it looks
//! things up in the store, and whoever missed it finds them there later. So a full or broken bus
//! loses nobody a notification.

use crate::model::{InboxCounts, Step};
use crate::{NotificationId, SessionId, UserId};

/// What has just happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Something was published: it stands in the store, behind all that was told of before.
    Published,
    /// A user's notifications took a step.
    Marked {
        /// Whose.
        user_id: UserId,
        /// Which; empty: all that were unread.
        ids: Vec<NotificationId>,
        /// Which step; `None`: they were only seen.
        step: Option<Step>,
        /// The counts after it.
        counts: InboxCounts,
    },
    /// A broadcast was taken back.
    Recalled(NotificationId),
    /// The counts of these users changed, or, when nobody is named, anybody's may have.
    CountsChanged(Vec<UserId>),
    /// A user's session was opened.
    SessionOpened {
        /// Whose.
        user_id: UserId,
        /// Which.
        session: SessionId,
    },
    /// Sessions ended.
    SessionsEnded {
        /// Whose, when all are one user's.
        user_id: Option<UserId>,
        /// Which.
        sessions: Vec<SessionId>,
    },
    /// It is not known what a failed write changed: everything is to be looked up again.
    Unknown,
}

/// The port.
pub trait Bus: Send + Sync {
    /// Tells what has just happened. It returns at once, whatever becomes of it.
    fn tell(&self, signal: Signal);
}
