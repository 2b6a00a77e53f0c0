//! What a user wants to be told by which channel and when.

use std::collections::BTreeSet;

use galen_core::model::{InboxAsk, Shelf};
use galen_core::post::{Channel, Language};
use galen_core::preferences::{
    CategoryRule, DAY_MIN, Digest, EVERY_OTHER, OWN_CATEGORIES, Preferences, QuietHours, RULES_MAX,
    SECURITY,
};
use galen_core::{Code, Cx, Refusal};
use jiff::tz::TimeZone;

use crate::fields::Fields;
use crate::message::check_category;
use crate::policy::NoticePolicy;
use crate::{Accounts, Caller};

/// How many of a user's newest notifications are looked at for categories to choose about.
const LOOK_BACK: u32 = 50;
/// Bytes of a time zone's name; the longest there is has half as many.
const ZONE_BYTES_MAX: usize = 64;

/// What a user wants of one category, defaults filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryChoice {
    /// The category, or [`EVERY_OTHER`].
    pub category: String,
    /// Whether it comes by mail.
    pub email: bool,
    /// Whether it comes to the user's browsers.
    pub push: bool,
}

impl CategoryChoice {
    /// Whether mails of a category cannot be turned off.
    #[must_use]
    pub fn is_email_locked(category: &str) -> bool {
        category == SECURITY
    }
}

/// What a user chose, as it was written. Field errors point at the fields' names.
#[derive(Clone, Debug)]
pub struct PreferenceForm {
    /// In which language letters are written; `None`: in that of the request that owes them.
    pub language: Option<Language>,
    /// The name of a time zone (IANA).
    pub time_zone: Option<String>,
    /// When quiet hours begin and end, as `HH:MM`.
    pub quiet_hours: Option<(String, String)>,
    /// How often mail is gathered into one.
    pub digest: Digest,
    /// What is wanted of categories; one that is left out has the default.
    pub categories: Vec<CategoryChoice>,
}

/// What a user wants, and of which categories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// What the user said.
    pub preferences: Preferences,
    /// Every category the user can choose about, by name, and at the end every other.
    pub categories: Vec<CategoryChoice>,
}

impl Accounts {
    /// What the caller wants, with the categories there are: Galen's own, those of the configuration,
    /// those the caller has a rule about, and those of the caller's newest notifications.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn preferences(&self, cx: &Cx, caller: &Caller) -> Result<Chosen, Refusal> {
        let (store, user_id) = (&self.desk.store, caller.user.id);
        let preferences = store.preferences(cx, user_id).await?;
        let ask = InboxAsk { shelf: Shelf::Inbox, before: None, limit: LOOK_BACK };
        let newest = store.notifications(cx, user_id, ask).await?;
        let met = newest.items.into_iter().map(|one| one.content.category);
        Ok(chosen(preferences, &self.policy.notices, met))
    }

    /// Keeps what the caller wants, in place of all that was kept before. A choice that is the default
    /// is not kept, so that a later default holds for it.
    ///
    /// # Errors
    /// [`Code::InvalidFields`] at the fields' names; [`Code::SessionEnded`].
    pub async fn set_preferences(
        &self,
        cx: &Cx,
        caller: &Caller,
        form: PreferenceForm,
    ) -> Result<Chosen, Refusal> {
        let preferences = checked(form, &self.policy.notices)?;
        let (user_id, act) = (caller.user.id, self.act_by(cx, caller));
        self.desk
            .write_by(cx, caller, move |desk, cx| {
                Box::pin(
                    async move { desk.store.set_preferences(cx, act, user_id, preferences).await },
                )
            })
            .await?;
        self.preferences(cx, caller).await
    }
}

impl Accounts {
    /// Whether a user who wants this gets mails of a category.
    #[must_use]
    pub fn wants_mail(&self, wishes: &Preferences, category: &str) -> bool {
        wants(&wishes.rules, &self.policy.notices, Channel::Email, category)
    }
}

/// Whether a user with these rules wants a category by this channel. Channels of the installation,
/// which no user chooses, are none of theirs.
pub(crate) fn wants(
    rules: &[CategoryRule],
    policy: &NoticePolicy,
    channel: Channel,
    category: &str,
) -> bool {
    let defaults = match channel {
        Channel::Email if CategoryChoice::is_email_locked(category) => return true,
        Channel::Email => &policy.email,
        Channel::Push => &policy.push,
        Channel::Webhook | Channel::Ntfy => return false,
    };
    let said = |name: &str| {
        let rule = rules.iter().find(|rule| rule.category == name)?;
        if channel == Channel::Email { rule.email } else { rule.push }
    };
    let by_default = || defaults.iter().any(|name| name == category || name == EVERY_OTHER);
    said(category).or_else(|| said(EVERY_OTHER)).unwrap_or_else(by_default)
}

fn chosen(
    preferences: Preferences,
    policy: &NoticePolicy,
    met: impl Iterator<Item = String>,
) -> Chosen {
    let listed = policy.categories.iter().map(|category| category.name.clone());
    let ruled = preferences.rules.iter().map(|rule| rule.category.clone());
    let own = OWN_CATEGORIES.iter().map(|name| (*name).to_owned());
    let names: BTreeSet<String> = own.chain(listed).chain(ruled).chain(met).collect();
    let names = names.into_iter().filter(|name| name != EVERY_OTHER);
    let choice = |category: String| CategoryChoice {
        email: wants(&preferences.rules, policy, Channel::Email, &category),
        push: wants(&preferences.rules, policy, Channel::Push, &category),
        category,
    };
    let categories = names.chain([EVERY_OTHER.to_owned()]).map(choice).collect();
    Chosen { preferences, categories }
}

fn checked(form: PreferenceForm, policy: &NoticePolicy) -> Result<Preferences, Refusal> {
    let mut wrong = Fields::default();
    let zone = form.time_zone.map(|name| zone(&name, &mut wrong));
    let quiet = form.quiet_hours.map(|(from, to)| quiet(&from, &to, &mut wrong));
    wrong.require(
        quiet.is_none() || zone.is_some(),
        "/time_zone",
        Code::FieldRequired,
        "Quiet hours need the time zone they are meant in.",
    );
    check_choices(&form.categories, policy, &mut wrong);
    wrong.finish()?;
    Ok(Preferences {
        language: form.language,
        zone: zone.flatten(),
        quiet: quiet.flatten(),
        digest: form.digest,
        rules: rules(form.categories, policy),
    })
}

/// The zone's name as the database of time zones writes it.
fn zone(name: &str, wrong: &mut Fields) -> Option<String> {
    let found = Some(name).filter(|name| name.len() <= ZONE_BYTES_MAX);
    let found = found.and_then(|name| TimeZone::get(name).ok());
    let known = found.and_then(|zone| zone.iana_name().map(str::to_owned));
    wrong.require(known.is_some(), "/time_zone", Code::FieldZone, Code::FieldZone.fix());
    known
}

fn quiet(from: &str, to: &str, wrong: &mut Fields) -> Option<QuietHours> {
    let mut read = |text: &str, pointer: &str| {
        let minute = minute(text);
        wrong.require(minute.is_some(), pointer, Code::FieldFormat, "A time such as 22:30.");
        minute
    };
    let from_min = read(from, "/quiet_hours/from");
    let to_min = read(to, "/quiet_hours/to");
    let (from_min, to_min) = (from_min?, to_min?);
    let detail = "They end at another time than they begin.";
    wrong.require(from_min != to_min, "/quiet_hours/to", Code::FieldRange, detail);
    Some(QuietHours { from_min, to_min })
}

/// The minute of the day of a time written as `HH:MM`.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |digits: &str| {
        let is_plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours * 60 + minutes < DAY_MIN && minutes < 60).then_some(hours * 60 + minutes)
}

fn check_choices(choices: &[CategoryChoice], policy: &NoticePolicy, wrong: &mut Fields) {
    let detail = format!("At most {RULES_MAX} categories.");
    wrong.require(choices.len() <= RULES_MAX, "/categories", Code::FieldLength, &detail);
    let mut seen = BTreeSet::new();
    for (index, choice) in choices.iter().take(RULES_MAX).enumerate() {
        let pointer = format!("/categories/{index}/category");
        if choice.category != EVERY_OTHER {
            check_category(&choice.category, policy, &pointer, wrong);
        }
        let is_first = seen.insert(choice.category.as_str());
        wrong.require(is_first, &pointer, Code::FieldFormat, "Each category once.");
        wrong.require(
            choice.email || !CategoryChoice::is_email_locked(&choice.category),
            &format!("/categories/{index}/email"),
            Code::FieldLocked,
            Code::FieldLocked.fix(),
        );
    }
}

/// The rules these choices make: what would hold without a rule is none.
fn rules(choices: Vec<CategoryChoice>, policy: &NoticePolicy) -> Vec<CategoryRule> {
    let (every, some): (Vec<_>, Vec<_>) =
        choices.into_iter().partition(|choice| choice.category == EVERY_OTHER);
    let mut rules: Vec<CategoryRule> = Vec::with_capacity(some.len() + 1);
    for choice in every.into_iter().chain(some) {
        // The rule about every other stands first, so that the others are measured by it.
        let differing = |channel, wanted: bool| {
            let without = wants(&rules, policy, channel, &choice.category);
            (without != wanted).then_some(wanted)
        };
        let email = differing(Channel::Email, choice.email);
        let push = differing(Channel::Push, choice.push);
        if email.is_some() || push.is_some() {
            rules.push(CategoryRule { category: choice.category, email, push });
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> PreferenceForm {
        PreferenceForm {
            language: None,
            time_zone: None,
            quiet_hours: None,
            digest: Digest::Off,
            categories: Vec::new(),
        }
    }

    fn choice(category: &str, email: bool, push: bool) -> CategoryChoice {
        CategoryChoice { category: category.to_owned(), email, push }
    }

    fn wrong(form: PreferenceForm) -> Vec<(String, &'static str)> {
        let refused = checked(form, &NoticePolicy::default()).unwrap_err();
        refused.fields.into_iter().map(|field| (field.pointer, field.code.text())).collect()
    }

    #[test]
    fn only_what_differs_from_the_default_is_kept() {
        let categories = vec![
            choice("news", true, true),
            choice("account", true, true),
            choice("*", false, true),
        ];
        let kept = checked(PreferenceForm { categories, ..form() }, &NoticePolicy::default());
        let rule = |category: &str, email, push| {
            let category = category.to_owned();
            CategoryRule { category, email, push }
        };
        assert_eq!(kept.unwrap().rules, [rule("news", Some(true), None)]);
        let categories = vec![choice("news", true, true), choice("*", true, false)];
        let kept = checked(PreferenceForm { categories, ..form() }, &NoticePolicy::default());
        let wanted = [rule("*", Some(true), Some(false)), rule("news", None, Some(true))];
        assert_eq!(kept.unwrap().rules, wanted);
    }

    #[test]
    fn a_rule_about_a_category_counts_for_more_than_one_about_every_other() {
        let policy = NoticePolicy::default();
        let rules = |email: Option<bool>, other: Option<bool>| {
            let rule = |category: &str, email| {
                let category = category.to_owned();
                CategoryRule { category, email, push: None }
            };
            [rule("news", email), rule("*", other)]
        };
        let wants = |rules: &[CategoryRule], category: &str| {
            wants(rules, &policy, Channel::Email, category)
        };
        assert!(!wants(&[], "news") && wants(&[], "account"));
        assert!(wants(&rules(Some(true), Some(false)), "news"));
        assert!(!wants(&rules(None, Some(false)), "account"));
        assert!(wants(&rules(None, Some(true)), "news"));
        assert!(wants(&rules(None, Some(false)), "security"), "safety cannot be turned off");
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let categories = vec![
            choice("security", false, true),
            choice("Loud", true, true),
            choice("news", true, true),
            choice("news", false, true),
        ];
        let time_zone = Some("Mars/Olympus".to_owned());
        let quiet_hours = Some(("24:00".to_owned(), "7:00".to_owned()));
        let found = wrong(PreferenceForm { categories, time_zone, quiet_hours, ..form() });
        let wanted = [
            ("/time_zone", "field.time_zone"),
            ("/quiet_hours/from", "field.format"),
            ("/quiet_hours/to", "field.format"),
            ("/categories/0/email", "field.locked"),
            ("/categories/1/category", "field.format"),
            ("/categories/3/category", "field.format"),
        ];
        assert_eq!(found, wanted.map(|(at, code)| (at.to_owned(), code)));
    }

    #[test]
    fn quiet_hours_say_in_which_zone_they_are_meant() {
        let quiet_hours = Some(("22:30".to_owned(), "07:00".to_owned()));
        let found = wrong(PreferenceForm { quiet_hours: quiet_hours.clone(), ..form() });
        assert_eq!(found, [("/time_zone".to_owned(), "field.required")]);
        let time_zone = Some("asia/tehran".to_owned());
        let kept =
            checked(PreferenceForm { quiet_hours, time_zone, ..form() }, &NoticePolicy::default());
        let kept = kept.unwrap();
        assert_eq!(kept.zone.as_deref(), Some("Asia/Tehran"));
        assert_eq!(kept.quiet, Some(QuietHours { from_min: 1_350, to_min: 420 }));
    }
}
