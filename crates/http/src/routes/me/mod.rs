//! What a user does with its own account.

pub(super) mod ask_email;
pub(super) mod cancel_email;
pub(super) mod change;
pub(super) mod delete;
pub(crate) mod dto;
pub(super) mod email;
pub(super) mod end_push;
pub(super) mod end_session;
pub(super) mod export;
pub(super) mod password;
pub(super) mod preferences;
pub(super) mod push;
pub(super) mod read;
pub(super) mod security_log;
pub(super) mod sessions;
pub(super) mod set_preferences;
pub(super) mod subscribe;
