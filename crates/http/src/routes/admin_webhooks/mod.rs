//! Webhooks, for admins.

pub(super) mod add;
pub(super) mod change;
pub(super) mod deliveries;
mod dto;
pub(super) mod list;
pub(super) mod remove;
pub(super) mod rotate;
pub(super) mod test;
