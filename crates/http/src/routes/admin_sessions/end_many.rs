//! `POST /api/admin/sessions/end`: an admin ends many sessions at once.

use std::net::IpAddr;

use galen_core::model::RevokedOf;
use galen_core::{Code, Refusal, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{Answer, ok, signed_out};
use crate::caller::FreshAdmin;
use crate::extract::Json;

/// Whose sessions end: exactly one of `user_id`, `address`, `everybody`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndForm {
    /// This user's.
    #[schema(value_type = Option<String>, format = "uuid")]
    user_id: Option<UserId>,
    /// Those opened from this IP address.
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
    /// Everybody's.
    #[serde(default)]
    everybody: bool,
    /// Whether the session that asks ends, too, at last.
    #[serde(default)]
    own_too: bool,
}

/// What ended.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SessionsEnded)]
struct Ended {
    /// How many sessions.
    ended: u64,
}

/// Ends many sessions at once: a user's, those opened from an address, or everybody's. The session
/// that asks goes on, unless `own_too` says otherwise. Wants a fresh authentication.
#[utoipa::path(post, path = "/api/admin/sessions/end", tag = "admin", security(("session" = [])),
    request_body = EndForm, responses(
    (status = 200, description = "They have ended.", body = Ended),
))]
pub(crate) async fn end_many(by: FreshAdmin, Json(form): Json<EndForm>) -> Answer {
    let of = match (form.user_id, form.address, form.everybody) {
        (Some(user), None, false) => RevokedOf::User(user),
        (None, Some(address), false) => RevokedOf::Address(address.to_canonical().to_string()),
        (None, None, true) => RevokedOf::Everybody,
        _ => {
            let detail = "Exactly one of user_id, address and everybody.";
            return Err(Refusal::field("", Code::FieldRequired, detail).into());
        }
    };
    let mut ended = by.accounts().end_sessions_of(by.cx(), by.caller(), of).await?;
    if !form.own_too {
        return ok(&Ended { ended });
    }
    by.accounts().logout(by.cx(), by.caller()).await?;
    ended += 1;
    Ok(signed_out(&by, ok(&Ended { ended })?))
}
