//! The outbox, for admins.

pub(super) mod cancel;
pub(super) mod dto;
pub(super) mod list;
pub(super) mod read;
pub(super) mod resend;
pub(super) mod test;
