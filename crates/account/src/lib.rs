//! The account room: who may be whom, and for how long. It speaks neither HTTP nor SQL.
//!
//! [`Accounts`] is the room's one face: every verb is a method of it, in a file named for the verb.
//! It meets the world through the ports of `galen-core` and nothing else.

mod accounts;
mod admin;
mod api_keys;
mod caller;
mod change_email;
mod change_password;
mod csrf;
mod desk;
mod device;
mod dispatch;
mod email;
mod evened;
mod exact;
mod fields;
mod fold;
mod forms;
mod hash;
mod held;
mod identify;
mod letters;
mod limits;
mod links;
mod login;
mod logout;
mod me;
mod message;
mod newcomer;
mod notices;
mod opening;
mod password;
mod policy;
mod preferences;
mod prove;
mod publish;
mod push;
mod reauthenticate;
mod register;
mod setup;
mod sweep;
mod token;
mod touches;
mod unsubscribe;

pub use accounts::{Accounts, Keys, Ports};
pub use api_keys::{KeyForm, MadeKey};
pub use caller::{Caller, Identity};
pub use dispatch::DispatchReport;
pub use forms::{
    Acceptance, AdminUser, Announce, Login, Message, NewPassword, PasswordChange, Publish,
    Publisher, Recipient, Registration, SignedIn, Verification,
};
pub use hash::HashPressure;
pub use limits::LimitCounts;
pub use policy::{
    CategoryPolicy, HashPolicy, LimitPolicy, LinkPolicy, NoticePolicy, PasswordPolicy, Policy,
    Rate, RegistrationPolicy, SessionPolicy, SetupPolicy,
};
pub use preferences::{CategoryChoice, Chosen, PreferenceForm};
pub use push::SubscriptionForm;
pub use sweep::{NoticeSweepReport, SweepPolicy, SweepReport};
