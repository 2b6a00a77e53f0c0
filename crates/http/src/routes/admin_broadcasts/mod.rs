//! Broadcasts, as admins see them: before they are sent, while they are live, and after.

pub(super) mod list;
pub(super) mod preview;
pub(super) mod recall;
