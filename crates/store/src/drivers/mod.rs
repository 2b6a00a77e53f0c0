//! Drivers: what runs statements on an engine, one folder an engine.

pub(crate) mod sqlite;
