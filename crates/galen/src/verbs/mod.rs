//! The verbs, one file each: what `galen VERB` does.

pub mod alerts;
pub mod config;
pub mod doctor;
pub mod generate;
pub mod keys;
pub mod logs;
pub mod mail;
pub mod serve;
pub mod status;
pub mod user;
pub mod version;
mod way;
