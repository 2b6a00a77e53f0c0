//! How users and sessions look from outside: nothing of them that opens anything.

use galen_account::Caller;
use galen_core::model::{
    Calendar, Density, Digits, Preferences, Role, Session, Theme, User, UserStatus,
};
use galen_core::post::Language;
use galen_core::{SessionId, UnixMs, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

use crate::time::Time;

/// A text that is one of a few words.
pub(crate) fn words(of: &[&str]) -> Schema {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(of.iter().copied())).into()
}

/// The schema of a role.
pub(crate) fn role_schema() -> Schema {
    words(&Role::ALL.map(Role::name))
}

/// The schema of a user's status.
pub(crate) fn status_schema() -> Schema {
    words(&UserStatus::ALL.map(UserStatus::name))
}

/// The schema of a notification's level.
pub(crate) fn level_schema() -> Schema {
    words(&galen_core::model::Level::ALL.map(galen_core::model::Level::name))
}

/// One of a few words, or nothing.
fn maybe_words(of: &[&str]) -> ObjectBuilder {
    let all = of.iter().map(|word| Value::from(*word)).chain([Value::Null]);
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::String, Type::Null]))
        .enum_values(Some(all))
}

/// The schema of how a user wants to see things.
pub(crate) fn preferences_schema() -> Schema {
    let said = |schema: ObjectBuilder, what: &str| schema.description(Some(what.to_owned()));
    let some = |of: &[&str]| {
        let of: Vec<Value> = of.iter().map(|word| Value::from(*word)).collect();
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(of))
    };
    let names = |of: &[&str]| maybe_words(of);
    let language = names(&Language::ALL.map(Language::tag));
    let zone = ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::String, Type::Null]))
        .max_length(Some(64));
    let shortcuts = ObjectBuilder::new().schema_type(Type::Boolean);
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some("How a user wants to see things."))
        .property("language", said(language, "The language; the browser's when null."))
        .property("theme", said(some(Theme::WORDS), "Light or dark."))
        .property("time_zone", said(zone, "An IANA time zone; the device's when null."))
        .property(
            "calendar",
            said(names(Calendar::WORDS), "A calendar of CLDR; the language's own when null."),
        )
        .property(
            "digits",
            said(names(Digits::WORDS), "Digits of CLDR; the language's own when null."),
        )
        .property("density", said(some(Density::WORDS), "How much room things take."))
        .property("shortcuts", said(shortcuts, "Whether single keys are shortcuts."))
        .into()
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView<'a> {
    /// Its identifier.
    #[schema(value_type = String, format = "uuid")]
    id: UserId,
    /// Its address, as the user wrote it.
    email: &'a str,
    /// What it wants to be called; may be empty.
    name: &'a str,
    /// What it may do.
    #[schema(schema_with = role_schema)]
    role: Role,
    /// Whether it may sign in.
    #[schema(schema_with = status_schema)]
    status: UserStatus,
    /// When its address was proven, if it was.
    email_verified_at: Option<Time>,
    /// When the account was made.
    created_at: Time,
    /// When the account last changed.
    updated_at: Time,
    /// When it last signed in, if it did.
    last_login_at: Option<Time>,
    /// How it wants to see things.
    #[schema(schema_with = preferences_schema)]
    preferences: &'a Preferences,
}

impl<'a> From<&'a User> for UserView<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id,
            email: &user.email,
            name: &user.name,
            role: user.role,
            status: user.status,
            email_verified_at: user.email_verified_at.map(Time),
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
            last_login_at: user.last_login_at.map(Time),
            preferences: &user.preferences,
        }
    }
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionView<'a> {
    /// Its identifier, which opens nothing.
    #[schema(value_type = String, format = "uuid")]
    id: SessionId,
    /// When it was opened.
    created_at: Time,
    /// When it was last used, to within a few minutes.
    last_seen_at: Time,
    /// When its user last gave the password.
    authenticated_at: Time,
    /// When it ends unless it is used before.
    expires_at: Time,
    /// When it ends in any case.
    ends_at: Time,
    /// The address it was opened from.
    address: Option<&'a str>,
    /// The program it was opened with, as it called itself.
    user_agent: Option<&'a str>,
    /// Whether it is the one that asks.
    current: bool,
}

impl<'a> SessionView<'a> {
    /// The session as seen by the session `asking`.
    pub(crate) fn new(session: &'a Session, asking: SessionId) -> Self {
        Self {
            id: session.id,
            created_at: session.created_at.into(),
            last_seen_at: session.last_seen_at.into(),
            authenticated_at: session.authenticated_at.into(),
            expires_at: session.expires_at.into(),
            ends_at: session.ends_at.into(),
            address: session.address.as_deref(),
            user_agent: session.user_agent.as_deref(),
            current: session.id == asking,
        }
    }
}

/// Who is signed in, and how.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct MeView<'a> {
    /// The user.
    user: UserView<'a>,
    /// The session that asks.
    session: SessionView<'a>,
    /// Whether the password was given recently enough for risky acts.
    fresh: bool,
    /// Unread notifications.
    unread: i64,
    /// Those of them that were not even seen.
    unseen: i64,
}

impl<'a> MeView<'a> {
    /// The caller as of `now`.
    pub(crate) fn new(caller: &'a Caller, now: UnixMs) -> Self {
        Self {
            user: (&*caller.user).into(),
            session: SessionView::new(&caller.session, caller.session.id),
            fresh: caller.is_fresh(now),
            unread: caller.user.unread,
            unseen: caller.user.unseen,
        }
    }
}

/// Somebody signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(crate) struct SignedInView<'a> {
    /// The user.
    user: UserView<'a>,
    /// The session, whose token is in the cookie.
    session: SessionView<'a>,
    /// Whether the password was given recently enough for risky acts.
    fresh: bool,
    /// The token for `X-CSRF-Token` in requests of this session.
    csrf_token: String,
}

impl<'a> SignedInView<'a> {
    /// The caller as of `now`, with the session's token against forged requests.
    pub(crate) fn new(caller: &'a Caller, csrf_token: String, now: UnixMs) -> Self {
        Self {
            user: (&*caller.user).into(),
            session: SessionView::new(&caller.session, caller.session.id),
            fresh: caller.is_fresh(now),
            csrf_token,
        }
    }
}
