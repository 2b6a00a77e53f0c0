//! The things Galen keeps: plain data, as the ports give and take it.

mod audit;
mod notification;
mod session;
mod user;
mod vitals;
mod watch;

pub use audit::{Act, AuditCode, AuditEntry, AuditFilter, Warrant};
pub use notification::{
    Level, MarkedRead, NewNotification, Notification, NotificationPage, Publication, Published,
};
pub use session::{
    EndReason, EndedSession, NewSession, Session, SessionFilter, SessionOwner, SessionTouch,
    SweepSlice, SweepWork,
};
pub use user::{
    Credentials, EmailKey, NewUser, ProfileChange, Role, User, UserChange, UserChangeOutcome,
    UserCreation, UserFilter, UserStatus,
};
pub use vitals::{
    Counts, PoolUse, Pressure, Recycled, StoreFacts, Upkeep, UpkeepAdvice, UpkeepReceipt,
};
pub use watch::{RuleChange, Silence};
