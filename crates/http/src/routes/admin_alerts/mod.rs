//! Admins and the alerts: what fires, what was, by which rules, and what is silenced.

pub(super) mod change_rule;
pub(super) mod dto;
pub(super) mod end_silence;
pub(super) mod list;
pub(super) mod past;
pub(super) mod preview_rule;
mod refresh;
pub(super) mod reset_rule;
pub(super) mod rules;
pub(super) mod silence;
pub(super) mod silences;
