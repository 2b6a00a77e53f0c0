//! The verbs, one file each: what `galen VERB` does.

pub mod config;
pub mod doctor;
pub mod generate;
pub mod serve;
pub mod status;
pub mod user;
pub mod version;
