//! The live stream.

pub(super) mod open;
