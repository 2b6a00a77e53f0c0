//! Admins and what the monitor measured.

pub(super) mod annotations;
pub(super) mod causes;
pub(super) mod dto;
pub(super) mod errors;
pub(super) mod health;
pub(super) mod history;
pub(super) mod metrics;
pub(super) mod series;
pub(super) mod slowest;
pub(super) mod top;
