//! Admins and the doctor: what was examined, what is found, and the repairs that may be ordered here.

pub(super) mod begin;
pub(super) mod cancel;
mod dto;
pub(super) mod list;
pub(super) mod read;
pub(super) mod repair;
pub(super) mod report;
pub(super) mod targets;
