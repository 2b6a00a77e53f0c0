//! The pages that mailed links open.

pub(super) mod page;
pub(super) mod unsubscribe;
