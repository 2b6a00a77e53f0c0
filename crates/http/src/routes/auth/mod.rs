//! Signing in and out.

pub(super) mod csrf;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod logout_all;
pub(super) mod reauthenticate;
pub(super) mod register;
pub(super) mod verify;
