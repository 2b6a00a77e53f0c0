//! What a user wants to be told by which channel and when, and the port to where that is kept.
//!
//! The inbox has everything; preferences choose what is carried beyond it.

use serde::{Deserialize, Serialize};

use crate::model::Act;
use crate::post::Language;
use crate::{Cx, Fut, StoreResult, UserId};

/// How many categories a user may have a rule about at the most.
pub const RULES_MAX: usize = 100;
/// The name under which a rule holds for every category that has none of its own.
pub const EVERY_OTHER: &str = "*";
/// The category of what concerns an account's safety: its mails cannot be turned off.
pub const SECURITY: &str = "security";
/// The categories Galen itself uses, and that of the simple form: always known.
pub const OWN_CATEGORIES: [&str; 4] = ["account", "alert", "message", SECURITY];
/// Minutes of a day.
pub const DAY_MIN: u16 = 24 * 60;

/// How often what a user wants by mail is gathered into one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Digest {
    /// Never: each notification is a mail of its own.
    #[default]
    Off,
    /// Every morning.
    Daily,
    /// Every Monday morning.
    Weekly,
}

impl Digest {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Off, Self::Daily, Self::Weekly];

    /// The choice as it is stored and printed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
        }
    }
}

/// The hours of every day in which a user is not to be disturbed, by the clock of the user's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// When they begin, in minutes after midnight.
    pub from_min: u16,
    /// When they end; on the next day when that is before they begin. Never the same minute.
    pub to_min: u16,
}

/// What a user wants of one category, or of every other; `None` is what holds without a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryRule {
    /// The category, or [`EVERY_OTHER`].
    pub category: String,
    /// Whether it comes by mail.
    pub email: Option<bool>,
    /// Whether it comes to the user's browsers.
    pub push: Option<bool>,
}

/// What a user wants. The default is what holds for who never said anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    /// In which language letters are written.
    pub language: Option<Language>,
    /// The name of the user's time zone (IANA); UTC without one.
    pub zone: Option<String>,
    /// When not to disturb.
    pub quiet: Option<QuietHours>,
    /// How often mail is gathered into one.
    pub digest: Digest,
    /// The rules, each category once: at most [`RULES_MAX`] of the user's own, and those that links
    /// in mails added.
    pub rules: Vec<CategoryRule>,
}

/// Which mails a user wants no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unwanted {
    /// Those of this category.
    Category(String),
    /// All that can be turned off.
    Every,
}

/// The port to where preferences are kept.
pub trait PreferenceStore: Send + Sync {
    /// What a user wants; the default when the user never said.
    fn preferences<'a>(&'a self, cx: &'a Cx, user_id: UserId) -> Fut<'a, StoreResult<Preferences>>;

    /// `preference.set`: keeps what a user wants, in place of all that was kept before.
    fn set_preferences<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
        preferences: Preferences,
    ) -> Fut<'a, StoreResult<()>>;

    /// `preference.unsubscribe`: a user wants no more such mails. Gives whether there is such a user.
    fn unsubscribe<'a>(
        &'a self,
        cx: &'a Cx,
        act: Act,
        user_id: UserId,
        unwanted: Unwanted,
    ) -> Fut<'a, StoreResult<bool>>;
}
