//! `GET /api/me/export`: all that is kept about a user.

use axum::response::Response;
use galen_core::links::{KeptLink, LinkPurpose};
use galen_core::model::AuditFilter;
use galen_core::{PageRequest, Seq};
use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;
use serde::Serialize;
use utoipa::ToSchema;

use super::security_log::EventView;
use crate::answer::{Answer, ok};
use crate::caller::Fresh;
use crate::extract::Query;
use crate::routes::admin_mail::dto::MailView;
use crate::routes::me::dto::{SessionView, UserView, words};
use crate::routes::notifications::dto::NotificationView;
use crate::time::Time;

const FILE: HeaderValue = HeaderValue::from_static("attachment; filename=\"galen-export.json\"");

/// Entries of the trail, and notifications, that one export holds: it is made in memory.
const ROWS: u32 = 200;

/// All that is kept about a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyExport)]
struct Export<'a> {
    /// When it was made.
    made_at: Time,
    /// What is kept, why, and until when.
    kept: [Kept; 7],
    /// The account. Of the password only a salted hash is kept, which nobody is shown.
    account: UserView<'a>,
    /// The sessions, 200 at the most.
    sessions: Vec<SessionView<'a>>,
    /// When each device was last signed in from; of a device only a digest is kept.
    devices: Vec<Time>,
    /// Links that were mailed; what opens them is not kept.
    links: Vec<LinkView<'a>>,
    /// Mails that wait or were sent.
    mails: Vec<MailView<'a>>,
    /// The newest of what concerns the user in the audit trail.
    security_log: Vec<EventView<'a>>,
    /// Where the rest of it is, when there is more.
    security_log_next: Option<String>,
    /// The oldest notifications.
    notifications: Vec<NotificationView<'a>>,
    /// Where the rest of them is, when there is more.
    notifications_next: Option<String>,
}

/// What is kept, why, and until when.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = MyKept)]
struct Kept {
    /// What, as it is named in the export.
    what: &'static str,
    /// Why, a stable code.
    #[schema(schema_with = why_schema)]
    why: &'static str,
    /// Until when, a stable code.
    #[schema(schema_with = until_schema)]
    until: &'static str,
}

const fn kept(what: &'static str, why: &'static str, until: &'static str) -> Kept {
    Kept { what, why, until }
}

const WHY: [&str; 7] =
    ["sign_in", "stay_signed_in", "warn_of_new_devices", "mailed", "delivery", "safety", "inbox"];
const UNTIL: [&str; 4] = ["account_deleted", "session_ended", "retention_over", "always"];

/// ALL that is kept.
const KEPT: [Kept; 7] = [
    kept("account", "sign_in", "account_deleted"),
    kept("sessions", "stay_signed_in", "session_ended"),
    kept("devices", "warn_of_new_devices", "account_deleted"),
    kept("links", "mailed", "retention_over"),
    kept("mails", "delivery", "retention_over"),
    kept("security_log", "safety", "always"),
    kept("notifications", "inbox", "retention_over"),
];

fn why_schema() -> utoipa::openapi::schema::Schema {
    words(&WHY)
}

fn until_schema() -> utoipa::openapi::schema::Schema {
    words(&UNTIL)
}

/// A link that was mailed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MyLink)]
struct LinkView<'a> {
    /// What it opens.
    #[schema(value_type = String)]
    purpose: LinkPurpose,
    /// To which address it was sent.
    email: &'a str,
    /// When.
    created_at: Time,
    /// When it stops opening.
    expires_at: Time,
    /// When it was used, if it was.
    used_at: Option<Time>,
}

impl<'a> From<&'a KeptLink> for LinkView<'a> {
    fn from(it: &'a KeptLink) -> Self {
        Self {
            purpose: it.purpose,
            email: &it.email,
            created_at: it.created_at.into(),
            expires_at: it.expires_at.into(),
            used_at: it.used_at.map(Time),
        }
    }
}

/// Exports all that is kept about the user, as one document: with what, why and until when. Of the
/// security log and the notifications it holds 200 each, and says where the rest is. Wants a fresh
/// authentication; that it was asked for stands in the security log.
#[utoipa::path(get, path = "/api/me/export", tag = "me", security(("session" = [])), responses(
    (status = 200, description = "All that is kept.", body = Export),
))]
pub(crate) async fn export(by: Fresh, query: Query) -> Answer {
    query.finish()?;
    let (accounts, cx, caller) = (by.accounts(), by.cx(), by.caller());
    let kept = accounts.my_kept(cx, caller).await?;
    let sessions = accounts.my_sessions(cx, caller).await?;
    let page = PageRequest { after: None, limit: ROWS };
    let trail = accounts.my_trail(cx, caller, AuditFilter::default(), page).await?;
    let told = accounts.missed(cx, caller, Seq(0), ROWS).await?;
    let mut response: Response = ok(&Export {
        made_at: by.app().clock.now().into(),
        kept: KEPT,
        account: (&*caller.user).into(),
        sessions: sessions.iter().map(|one| SessionView::new(one, caller.session.id)).collect(),
        devices: kept.devices.iter().copied().map(Time).collect(),
        links: kept.links.iter().map(Into::into).collect(),
        mails: kept.parcels.iter().map(Into::into).collect(),
        security_log: trail.items.iter().map(|e| EventView::new(e, caller.user.id)).collect(),
        security_log_next: trail.next.map(|id| format!("/api/me/security-log?after={id}")),
        notifications: told.items.iter().map(Into::into).collect(),
        notifications_next: told
            .more
            .then(|| format!("/api/notifications/export?after={}", told.upto.0)),
    })?;
    response.headers_mut().insert(CONTENT_DISPOSITION, FILE);
    Ok(response)
}
