//! `POST /api/admin/alerts/silences`: an admin silences alerts, with a reason and an end.

use galen_core::model::Silence;
use galen_core::{Code, FieldError, Refusal, SilenceId, UnixMs};
use serde::Deserialize;
use utoipa::ToSchema;

use super::dto::{SilenceView, line};
use super::refresh::refresh;
use crate::answer::{Answer, created};
use crate::caller::Admin;
use crate::extract::Json;
use crate::time::Time;

/// A silence to be set. It ends at `ends_at` or after `for_s`: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SilenceForm {
    /// What it matches: a cause (`writer_lock`), a rule's code, or `*` for everything.
    #[schema(min_length = 1, max_length = 300)]
    matches: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    /// Until when, at most thirty days from now.
    ends_at: Option<Time>,
    /// For how many seconds from now on, at most thirty days.
    #[schema(minimum = 1, maximum = 2592000)]
    for_s: Option<u32>,
}

impl SilenceForm {
    /// What is silenced, why, and until when.
    fn read(self, now: UnixMs) -> Result<(String, String, UnixMs), Refusal> {
        let (matches, reason) = (self.matches.trim().to_owned(), self.reason.trim().to_owned());
        let mut wrong = Vec::new();
        wrong.extend(line("/matches", &matches, 1, Silence::MATCHES_CHARS_MAX).err());
        wrong.extend(line("/reason", &reason, 1, Silence::REASON_CHARS_MAX).err());
        let (at, ends_at) = match (self.ends_at, self.for_s) {
            (Some(Time(ends_at)), None) => ("/ends_at", Some(ends_at)),
            (None, Some(seconds)) => ("/for_s", Some(now.plus_ms(i64::from(seconds) * 1_000))),
            _ => ("/ends_at", None),
        };
        let refused = |code, detail: &str| FieldError {
            pointer: at.to_owned(),
            code,
            detail: detail.to_owned(),
        };
        match ends_at {
            None => wrong.push(refused(Code::FieldRequired, "Say either ends_at or for_s.")),
            Some(end) if !(1..=Silence::LASTS_MS_MAX).contains(&end.since_ms(now)) => {
                wrong.push(refused(Code::FieldRange, "After now, and at most 30 days from now."));
            }
            Some(end) if wrong.is_empty() => return Ok((matches, reason, end)),
            Some(_) => {}
        }
        Err(Refusal::fields(wrong))
    }
}

/// Silences what matches: that it fires is told only when the silence ends and it still does. That it
/// is over is always told.
#[utoipa::path(post, path = "/api/admin/alerts/silences", tag = "monitor", security(("session" = [])),
    request_body = SilenceForm, responses(
    (status = 201, description = "Silenced.", body = SilenceView),
))]
pub(crate) async fn silence(by: Admin, Json(form): Json<SilenceForm>) -> Answer {
    let app = by.app();
    let now = app.clock.now();
    let (matches, reason, ends_at) = form.read(now)?;
    let silence = Silence {
        id: SilenceId::mint(&*app.clock, &*app.entropy),
        matches,
        reason,
        created_at: now,
        ends_at,
        created_by: Some(by.caller().user.id),
    };
    let kept = silence.clone();
    let command = by
        .accounts()
        .command(by.cx(), Some(by.caller()), |store, cx, act| store.silence(cx, act, kept));
    command.await?;
    refresh(&by).await;
    created(&SilenceView::from(&silence), None)
}
