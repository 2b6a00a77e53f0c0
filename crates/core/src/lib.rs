//! The vocabulary and the ports of Galen: what every room may name, and nothing that touches the world.
//!
//! Rooms never import each other; they meet through the types and the object-safe traits of this
//! crate. It stays small and calm because an edit here rebuilds the house: no I/O, no async runtime,
//! no clock of its own, no randomness of its own.

mod bus;
mod clock;
mod cx;
pub mod dispatch;
mod entropy;
pub mod examinations;
mod health;
mod history;
mod id;
mod ledger;
pub mod links;
pub mod model;
mod network;
mod notices;
mod observe;
pub mod outbox;
mod page;
pub mod post;
pub mod preferences;
pub mod push;
mod refusal;
mod secret;
mod store;
mod trace;
pub mod webhooks;

pub use bus::{Bus, Signal};
pub use clock::{Clock, UnixMs};
pub use cx::{Cx, Deadline, Urgency};
pub use entropy::{Derived, Entropy};
pub use health::{Health, Resource, ResourceHolder, ResourceState};
pub use history::{
    Annotation, Frame, FrameAsk, History, HistoryBatch, HistoryFacts, HistoryReceipt, KeptAlert,
    LogAsk, LogLevel, LogLine, LoggedLine, Shed, Tier,
};
pub use id::{
    AlertId, ApiKeyId, AuditId, ExaminationId, Id, IdError, LinkId, NotificationId, ParcelId,
    PushId, RequestId, SessionId, SilenceId, UserId, WebhookId,
};
pub use ledger::{Ledger, LedgerSnapshot, Mark, PHASES, Phase};
pub use network::{Network, NetworkError};
pub use notices::{API_KEYS_MAX, BROADCASTS_MAX, Notice, NoticeStore, NoticeTo, Notices, Seq};
pub use observe::{
    CommandRecord, ConnectionEvent, Observer, RequestClass, RequestOutcome, RequestRecord,
    StatementRecord,
};
pub use page::{Page, PageRequest};
pub use refusal::{Code, FieldError, Kind, Refusal};
pub use secret::{Secret, TokenHash};
pub use store::{
    ChangePassword, EndSession, EndSessions, Fut, Note, OpenSession, OpenedSession, Store,
    StoreError, StoreResult,
};
pub use trace::{SpanId, TraceContext, TraceId, TraceIdError, TraceShare};
