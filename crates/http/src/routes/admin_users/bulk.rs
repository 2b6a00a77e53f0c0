//! `POST /api/admin/users/bulk`: one thing done to many accounts.

use galen_core::model::{RevokedOf, UserChange, UserStatus};
use galen_core::{Code, Refusal, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::FreshAdmin;
use crate::extract::Json;

/// Accounts at a time, at the most: each is a command of its own.
const IDS_MAX: usize = 100;

/// What to do, and to whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkForm {
    /// To whom.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100)]
    ids: Vec<UserId>,
    /// What to do.
    action: BulkAction,
}

/// What can be done to many accounts.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BulkAction {
    /// They may not sign in any more; their sessions end.
    Disable,
    /// They may sign in again.
    Enable,
    /// Their sessions end, but for that of the admin who asks.
    EndSessions,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkDone)]
struct Done {
    /// One for each account, in the order they were given.
    items: Vec<DoneTo>,
    /// How many of them it was done to.
    done: usize,
}

/// What became of one account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkDoneTo)]
struct DoneTo {
    /// The account.
    #[schema(value_type = String, format = "uuid")]
    id: UserId,
    /// Why it was not done, a stable code; nothing when it was.
    code: Option<&'static str>,
}

/// Does one thing to many accounts, one after the other: one that is refused keeps none of the others
/// from it. Wants a fresh authentication.
#[utoipa::path(post, path = "/api/admin/users/bulk", tag = "admin", security(("session" = [])),
    request_body = BulkForm, responses(
    (status = 200, description = "What became of each.", body = Done),
))]
pub(crate) async fn bulk(by: FreshAdmin, Json(form): Json<BulkForm>) -> Answer {
    if !(1..=IDS_MAX).contains(&form.ids.len()) {
        let detail = "1 to 100 identifiers at a time.";
        return Err(Refusal::field("/ids", Code::FieldLength, detail).into());
    }
    let mut items = Vec::with_capacity(form.ids.len());
    for id in form.ids {
        let code = match one(&by, id, form.action).await {
            Ok(()) => None,
            // What concerns the account is told of it; anything else would meet the others, too.
            Err(refusal) if refusal.code.text().starts_with("user.") => Some(refusal.code.text()),
            Err(refusal) => return Err(refusal.into()),
        };
        items.push(DoneTo { id, code });
    }
    let done = items.iter().filter(|item| item.code.is_none()).count();
    ok(&Done { items, done })
}

async fn one(by: &FreshAdmin, id: UserId, action: BulkAction) -> Result<(), Refusal> {
    let (accounts, cx, caller) = (by.accounts(), by.cx(), by.caller());
    let status = match action {
        BulkAction::Disable => UserStatus::Disabled,
        BulkAction::Enable => UserStatus::Active,
        BulkAction::EndSessions => {
            accounts.user(cx, caller, id).await?;
            return accounts.end_sessions_of(cx, caller, RevokedOf::User(id)).await.map(drop);
        }
    };
    let change = UserChange { status: Some(status), ..UserChange::default() };
    accounts.change_user(cx, caller, id, change).await.map(drop)
}
