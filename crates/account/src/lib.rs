//! The account room: who may be whom, and for how long. It speaks neither HTTP nor SQL.
//!
//! [`Accounts`] is the room's one face: every verb is a method of it, in a file named for the verb.
//! It meets the world through the ports of `galen-core` and nothing else.

mod accounts;
mod admin;
mod caller;
mod change_password;
mod csrf;
mod desk;
mod email;
mod exact;
mod fields;
mod fold;
mod forms;
mod hash;
mod held;
mod identify;
mod limits;
mod login;
mod logout;
mod me;
mod newcomer;
mod notices;
mod opening;
mod password;
mod policy;
mod prove;
mod publish;
mod reauthenticate;
mod register;
mod setup;
mod sweep;
mod token;
mod touches;

pub use accounts::{Accounts, Keys, Ports};
pub use caller::{Caller, Identity};
pub use forms::{AdminUser, Login, PasswordChange, Publish, Recipient, Registration, SignedIn};
pub use hash::HashPressure;
pub use limits::LimitCounts;
pub use policy::{
    HashPolicy, LimitPolicy, PasswordPolicy, Policy, Rate, RegistrationPolicy, SessionPolicy,
    SetupPolicy,
};
pub use sweep::{SweepPolicy, SweepReport};
