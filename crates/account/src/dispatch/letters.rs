//! What a notification looks like on its way: its letter, its links and its name.

use galen_core::dispatch::Addressee;
use galen_core::model::{Author, Notification};
use galen_core::outbox::{LinkOrder, NewParcel};
use galen_core::post::{Channel, Language, LetterCode, Param};
use galen_core::preferences::EVERY_OTHER;
use galen_core::{Derived, Id, ParcelId, UnixMs, UserId};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::CategoryChoice;

/// The page with everything.
const INBOX: &str = "/notifications";
/// How many notifications a digest names, the newest, and how many characters of each.
const NAMED_MAX: usize = 20;
const NAMED_CHARS_MAX: usize = 150;

/// Whether it is one of the monitor's: it tells admins, webhooks and the phone by itself.
pub(super) fn is_of_monitor(notification: &Notification) -> bool {
    notification.author == Author::Monitor
}

/// Whether a mail tells of it that was owed by what it tells of.
pub(super) fn is_mailed_already(notification: &Notification) -> bool {
    is_of_monitor(notification) || own_letter(notification).is_some()
}

/// The letter a notification of Galen itself is the copy of, with its parameters.
fn own_letter(notification: &Notification) -> Option<(LetterCode, Vec<(String, Param)>)> {
    if notification.author != Author::System {
        return None;
    }
    let text = notification.content.code.as_deref()?;
    let code = LetterCode::ALL.iter().copied().find(|code| code.text() == text)?;
    let written: Map<String, Value> =
        serde_json::from_str(notification.content.params.as_deref()?).ok()?;
    let read = |(name, value)| Some((name, serde_json::from_value(value).ok()?));
    let mut params: Vec<(String, Param)> = written.into_iter().map(read).collect::<Option<_>>()?;
    params.push(("name".to_owned(), Param::Text(String::new())));
    Some((code, params))
}

/// The parcels of one notification to one user: to the mailbox, or to each browser.
pub(super) fn to_user(
    notification: &Notification,
    user: &Addressee,
    channel: Channel,
) -> Vec<NewParcel> {
    let (code, params) = own_letter(notification)
        .unwrap_or_else(|| (LetterCode::Notification, params(notification, Some(user.user_id))));
    let category = &notification.content.category;
    let mut links = leads(notification);
    links.extend(ends(channel, category));
    let id = notification.id.to_string();
    let of = |destination: String| NewParcel {
        id: name(notification.created_at, &["notification", &id, channel.name(), &destination]),
        channel,
        user_id: Some(user.user_id),
        destination,
        code,
        language: language(user),
        params: params.clone(),
        links: links.clone(),
        broadcast: notification.is_broadcast.then_some(notification.id),
    };
    destinations(user, channel).into_iter().map(of).collect()
}

/// The parcels of several notifications in one.
pub(super) fn digest(
    several: &[&Notification],
    user: &Addressee,
    channel: Channel,
) -> Vec<NewParcel> {
    let rest = several.len().saturating_sub(NAMED_MAX);
    let named: Vec<String> = several.iter().skip(rest).map(|one| headline(one)).collect();
    let number = |n: usize| Param::Number(i64::try_from(n).unwrap_or(i64::MAX));
    let params = vec![
        ("count".to_owned(), number(several.len())),
        ("items".to_owned(), Param::Text(named.join("\n"))),
        ("rest".to_owned(), number(rest)),
    ];
    let mut links = vec![LinkOrder::Leads { path: INBOX.to_owned() }];
    links.extend(ends(channel, EVERY_OTHER));
    let last = several.last().map_or(UnixMs(0), |one| one.created_at);
    let ids: Vec<String> = several.iter().map(|one| one.id.to_string()).collect();
    let of = |destination: String| NewParcel {
        id: name(last, &["digest", &ids.concat(), channel.name(), &destination]),
        channel,
        user_id: Some(user.user_id),
        destination,
        code: LetterCode::Digest,
        language: language(user),
        params: params.clone(),
        links: links.clone(),
        broadcast: None,
    };
    destinations(user, channel).into_iter().map(of).collect()
}

/// The parcel of one notification to an end of the installation's own.
pub(super) fn to_end(
    notification: &Notification,
    user_id: Option<UserId>,
    channel: Channel,
    end: &str,
) -> NewParcel {
    let id = notification.id.to_string();
    NewParcel {
        id: name(notification.created_at, &["notification", &id, channel.name(), end]),
        channel,
        user_id: None,
        destination: end.to_owned(),
        code: LetterCode::Notification,
        language: Language::En,
        params: params(notification, user_id),
        links: leads(notification),
        broadcast: None,
    }
}

fn params(notification: &Notification, user_id: Option<UserId>) -> Vec<(String, Param)> {
    let content = &notification.content;
    let machine = |name: &str, text: String| (name.to_owned(), Param::Machine(text));
    let mut params = vec![
        ("title".to_owned(), Param::Text(title(notification))),
        ("body".to_owned(), Param::Text(content.body.clone())),
        machine("category", content.category.clone()),
        machine("level", content.level.name().to_owned()),
        machine("notification_id", notification.id.to_string()),
    ];
    params.extend(user_id.map(|id| machine("user_id", id.to_string())));
    params
}

/// Its one line; beside a code without one, the code.
fn title(notification: &Notification) -> String {
    let content = &notification.content;
    if content.title.is_empty() {
        content.code.clone().unwrap_or_default()
    } else {
        content.title.clone()
    }
}

/// A line of a digest.
fn headline(notification: &Notification) -> String {
    format!("• {}", title(notification).chars().take(NAMED_CHARS_MAX).collect::<String>())
}

fn leads(notification: &Notification) -> Vec<LinkOrder> {
    let link = notification.content.link.iter();
    link.map(|link| LinkOrder::Leads { path: link.clone() }).collect()
}

/// The link that ends mails of a kind, where they can be ended.
fn ends(channel: Channel, category: &str) -> Option<LinkOrder> {
    let can_end = channel == Channel::Email && !CategoryChoice::is_email_locked(category);
    can_end.then(|| LinkOrder::Ends { category: category.to_owned() })
}

fn language(user: &Addressee) -> Language {
    user.preferences.language.unwrap_or_default()
}

fn destinations(user: &Addressee, channel: Channel) -> Vec<String> {
    match channel {
        Channel::Email => vec![user.email.clone()],
        Channel::Push => user.browsers.iter().map(ToString::to_string).collect(),
        Channel::Webhook | Channel::Ntfy => Vec::new(),
    }
}

/// The name of a parcel: the same whenever it is made, so that the outbox has it once whatever dies
/// in between.
fn name(at: UnixMs, parts: &[&str]) -> ParcelId {
    ParcelId(Id::mint_at(at, &Derived(Sha256::digest(parts.join(" ")).into())))
}
