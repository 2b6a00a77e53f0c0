//! Signing in and out.

pub(super) mod accept_invitation;
pub(super) mod confirm_email;
pub(super) mod csrf;
pub(super) mod dto;
pub(super) mod forgot;
pub(super) mod login;
pub(super) mod logout;
pub(super) mod logout_all;
pub(super) mod not_me;
pub(super) mod reauthenticate;
pub(super) mod register;
pub(super) mod resend_verification;
pub(super) mod reset;
pub(super) mod verify;
pub(super) mod verify_email;
