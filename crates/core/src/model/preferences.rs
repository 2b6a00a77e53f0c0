//! How a user wants to see things: kept with the account, so that every device shows them so.

use serde::{Deserialize, Serialize};

use crate::post::Language;

/// Makes an enum of a few words, as they are stored and printed.
macro_rules! choice {
    ($(#[doc = $about:literal])+ $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $word:literal,)+ }) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[doc = $doc])+ #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// ALL words, in their order.
            pub const WORDS: &[&str] = &[$($word),+];
        }
    };
}

choice! {
    /// Light or dark.
    Theme {
        /// As the device says.
        System = "system",
        /// Light.
        Light = "light",
        /// Dark.
        Dark = "dark",
    }
}

choice! {
    /// A calendar, by its name in CLDR (BCP 47, key `ca`).
    Calendar {
        /// The Gregorian calendar.
        Gregorian = "gregory",
        /// The Solar Hijri calendar.
        Persian = "persian",
    }
}

choice! {
    /// Digits, by their name in CLDR (BCP 47, key `nu`).
    Digits {
        /// 0123456789.
        Latin = "latn",
        /// ۰۱۲۳۴۵۶۷۸۹.
        Persian = "arabext",
    }
}

choice! {
    /// How much room things take.
    Density {
        /// Room to breathe.
        Comfortable = "comfortable",
        /// More on one screen.
        Compact = "compact",
    }
}

/// How a user wants to see things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    /// The language; as the browser says when nothing is said.
    pub language: Option<Language>,
    /// Light or dark.
    pub theme: Theme,
    /// The time zone, by its IANA name; the device's when nothing is said.
    pub time_zone: Option<String>,
    /// The calendar; the language's own when nothing is said.
    pub calendar: Option<Calendar>,
    /// The digits; the language's own when nothing is said.
    pub digits: Option<Digits>,
    /// How much room things take.
    pub density: Density,
    /// Whether single keys are shortcuts (WCAG 2.2, 2.1.4 wants that they can be turned off).
    pub shortcuts: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            language: None,
            theme: Theme::System,
            time_zone: None,
            calendar: None,
            digits: None,
            density: Density::Comfortable,
            shortcuts: true,
        }
    }
}
