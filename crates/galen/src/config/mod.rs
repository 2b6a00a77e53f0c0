//! The configuration: one file a section, each a table of documented keys from which all else is made.

mod accounts;
mod check;
mod checks;
mod database;
mod doctor;
mod document;
pub mod env;
pub mod headers;
mod http;
mod limits;
mod load;
mod log;
mod mail;
pub mod monitor;
mod notifications;
mod ntfy;
pub mod quantity;
mod section;
mod server;
mod sessions;
pub mod target;
pub mod token;
pub mod value;
mod webhooks;

pub use accounts::Registration;
pub use check::check;
pub use database::Synchronous;
pub use document::{example, reference};
pub use load::{Complaint, Flag, Loaded, Origin, Sources, load};
pub use log::{Format, Requests};
pub use mail::MailSecurity;
pub use notifications::Category;
pub use section::{Field, Section};
pub use server::url_of;

/// The name of the tables that stand several times.
pub const TARGET: &str = "target";

/// Makes the configuration out of its sections: this is the list ALL of them.
macro_rules! sections {
    ($($(#[doc = $doc:expr])+ $field:ident: $kind:ty,)+) => {
        /// The whole configuration.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $field: $kind,)+
            /// Other backends that are examined by name: one `[[target]]` table each.
            pub targets: Vec<target::Target>,
        }

        impl Config {
            /// Every section, in the order of the example file.
            pub fn sections(&self) -> Vec<&dyn Section> {
                vec![$(&self.$field,)+]
            }

            fn sections_mut(&mut self) -> Vec<&mut dyn Section> {
                vec![$(&mut self.$field,)+]
            }
        }
    };
}

sections! {
    /// Where Galen listens.
    server: server::Server,
    /// Where the data is.
    database: database::Database,
    /// Who may have an account.
    accounts: accounts::Accounts,
    /// How long one stays signed in.
    sessions: sessions::Sessions,
    /// How often one may try.
    limits: limits::Limits,
    /// What users may be told.
    notifications: notifications::Notifications,
    /// How mail leaves the house.
    mail: mail::Mail,
    /// Whom webhooks may call.
    webhooks: webhooks::Webhooks,
    /// Which phone is told of alerts.
    ntfy: ntfy::Ntfy,
    /// What the HTTP side takes.
    http: http::Http,
    /// What is written to standard error.
    log: log::Log,
    /// What Galen remembers of itself.
    monitor: monitor::Monitor,
    /// What is asked again and again from the outside.
    checks: checks::Checks,
    /// What counts as sick.
    doctor: doctor::Doctor,
}
