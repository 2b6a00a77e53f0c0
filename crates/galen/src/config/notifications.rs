//! `[notifications]`: what users may be told, by how many at once, and how long it is kept.

use galen_core::preferences::OWN_CATEGORIES;

use super::quantity::{Lapse, Rate};
use super::section::section;
use super::value::{Given, Setting};

section! {
    /// What users may be told, to how many streams at once, and how long it is kept.
    Notifications = "notifications" {
        /// How long a notification is kept, read or not. It counts from when it is published: a
        /// change is for what is published later.
        keep: Lapse = Lapse::days(180);
        /// The categories applications may use, each with its own retention if it has one, such as
        /// `"invoices"` or `"news 30d"`; another is refused. None: any name is taken. Galen's own
        /// (`account`, `alert`, `message`, `security`) are always known.
        categories: Vec<Category> = Vec::new();
        /// Categories that come by mail, to a proven address, to users who said nothing about them;
        /// `"*"` is every one. `security` always does.
        email: Vec<String> = ["account", "alert", "security"].map(str::to_owned).into();
        /// Categories that come to the browsers of users who said nothing about them; `"*"` is every
        /// one. A user's browser is told nothing before the user let it be told.
        push: Vec<String> = vec!["*".to_owned()];
        /// How often what is over is looked for: expired notifications leave within this time.
        sweep_every: Lapse = Lapse::s(10);
        /// How often one API key may publish.
        key_rate: Rate = Rate::new(6_000, Lapse::minutes(1));
        /// Open streams (`GET /api/stream`) in all; one more is answered 503 with Retry-After.
        max_streams: u32 = 12_000;
    }
}

/// A category with its retention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// How long its notifications are kept, when that differs from all others.
    pub keep: Option<Lapse>,
}

impl Notifications {
    /// Whether there may be notifications of this category.
    pub fn knows(&self, name: &str) -> bool {
        let is_listed = self.categories.iter().any(|category| category.name == name);
        is_listed || OWN_CATEGORIES.contains(&name) || (self.categories.is_empty() && is_name(name))
    }
}

fn is_name(text: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(is_plain)
}

impl Setting for Category {
    const EXPECTED: &'static str = "a category such as `\"invoices\"` or `\"news 30d\"`";

    fn read(given: &Given<'_>) -> Result<Self, String> {
        let text = String::read(given)?;
        let (name, keep) = match text.trim().split_once(' ') {
            None => (text.trim(), None),
            Some((name, keep)) => (name, Some(keep.parse::<Lapse>()?)),
        };
        if !is_name(name) {
            return Err("its name has 1 to 64 of a-z, 0-9, `_`, `.` and `-`".to_owned());
        }
        Ok(Self { name: name.to_owned(), keep })
    }

    fn print(&self) -> Option<String> {
        let text = match self.keep {
            None => self.name.clone(),
            Some(keep) => format!("{} {keep}", self.name),
        };
        text.print()
    }
}
