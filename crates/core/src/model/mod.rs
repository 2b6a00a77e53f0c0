//! The things Galen keeps: plain data, as the ports give and take it.

mod api_key;
mod audit;
mod broadcast;
mod notification;
mod preferences;
mod session;
mod user;
mod vitals;
mod watch;

pub use api_key::{ApiKey, KeyUse, NewApiKey, Scope};
pub use audit::{Act, AuditCode, AuditEntry, AuditFilter, Warrant};
pub use broadcast::{
    Audience, Broadcast, BroadcastState, Broadcasting, NewBroadcast, Reach, Recall,
};
pub use notification::{
    Action, Author, Content, Delivered, InboxAsk, InboxCounts, Level, Marked, Missed, NoticeSweep,
    Notification, NotificationPage, Publication, Published, Recipient, Shelf, Step,
};
pub use preferences::{Calendar, Density, Digits, Preferences, Theme};
pub use session::{
    EndReason, EndedSession, NewSession, Revocation, Revoked, RevokedOf, Session, SessionFilter,
    SessionOwner, SessionTouch, SweepSlice, SweepWork,
};
pub use user::{
    Credentials, EmailKey, KeptOf, NewUser, ProfileChange, Role, User, UserChange,
    UserChangeOutcome, UserCreation, UserFilter, UserStatus,
};
pub use vitals::{
    Counts, PoolUse, Pressure, Recycled, StoreFacts, Upkeep, UpkeepAdvice, UpkeepReceipt,
};
pub use watch::{RuleChange, Silence};
