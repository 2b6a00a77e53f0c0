//! An examiner that runs nothing: it keeps what it is told and has one report that offers one repair.

use std::sync::Mutex;

use galen_core::examinations::{
    BegunBy, Examination, ExaminationState, ExaminationStep, ExaminationWish, ExaminedTarget,
    Examiner, ForetoldRepair, OWN_TARGET, ReportFormat,
};
use galen_core::post::Language;
use galen_core::{AlertId, Code, ExaminationId, Fut, Id, Refusal, UnixMs};

/// The one that is done from the beginning.
pub const DONE: &str = "0190163d-8694-739b-8d4a-5b3f4b1c2d3e";
/// The repair its report offers that may be carried out here.
pub const REPAIR: &str = "sweep-sessions";

/// The examiner.
pub struct Noted(Mutex<Vec<Examination>>);

impl Default for Noted {
    fn default() -> Self {
        let id = ExaminationId(DONE.parse::<Id>().expect("an identifier"));
        let wish =
            ExaminationWish { target: OWN_TARGET.to_owned(), by: BegunBy::Alert, repair: None };
        let mut done = row(id, wish);
        done.state = ExaminationState::Done;
        done.outcome = Some("finding".to_owned());
        Self(Mutex::new(vec![done]))
    }
}

fn row(id: ExaminationId, wish: ExaminationWish) -> Examination {
    Examination {
        id,
        target: wish.target,
        begun_by: wish.by,
        alerts: Vec::new(),
        state: ExaminationState::Queued,
        ordered_at: UnixMs(1),
        began_at: None,
        ended_at: None,
        outcome: None,
        headline: Vec::new(),
        causes: Vec::new(),
        repair: wish.repair,
        failure: None,
    }
}

impl Noted {
    fn rows(&self) -> std::sync::MutexGuard<'_, Vec<Examination>> {
        self.0.lock().expect("whole")
    }
}

impl Examiner for Noted {
    fn targets(&self) -> Vec<ExaminedTarget> {
        let place = "http://127.0.0.1:8000".to_owned();
        vec![ExaminedTarget { name: OWN_TARGET.to_owned(), own: true, place }]
    }

    fn all(&self) -> Vec<Examination> {
        self.rows().iter().rev().cloned().collect()
    }

    fn find(&self, id: ExaminationId) -> Option<Examination> {
        self.rows().iter().find(|one| one.id == id).cloned()
    }

    fn steps(&self, _: ExaminationId) -> Vec<ExaminationStep> {
        Vec::new()
    }

    fn of_alert(&self, _: AlertId) -> Option<ExaminationId> {
        None
    }

    fn begin(&self, wish: ExaminationWish) -> Result<Examination, Refusal> {
        let mut rows = self.rows();
        if rows.iter().any(|one| one.state.is_open()) {
            return Err(Refusal::new(Code::ExaminationUnderWay));
        }
        let id = ExaminationId::from_bytes([u8::try_from(rows.len()).unwrap_or(9) + 1; 16]);
        rows.push(row(id, wish));
        Ok(rows[rows.len() - 1].clone())
    }

    fn cancel(&self, id: ExaminationId) -> Result<Examination, Refusal> {
        let mut rows = self.rows();
        let found = rows.iter_mut().find(|one| one.id == id && one.state.is_open());
        let found = found.ok_or_else(|| Refusal::new(Code::ExaminationOver))?;
        found.state = ExaminationState::Cancelled;
        Ok(found.clone())
    }

    fn report<'a>(
        &'a self,
        id: ExaminationId,
        format: ReportFormat,
        language: Language,
    ) -> Fut<'a, Result<Option<Vec<u8>>, Refusal>> {
        let is_done = self.find(id).is_some_and(|one| one.state == ExaminationState::Done);
        let text = match format {
            ReportFormat::Json => r#"{"schema_version":2}"#.to_owned(),
            _ => format!("<html lang=\"{}\">", language.tag()),
        };
        Box::pin(async move { Ok(is_done.then(|| text.into_bytes())) })
    }

    fn judge_repair<'a>(
        &'a self,
        _: ExaminationId,
        repair: &'a str,
    ) -> Fut<'a, Result<(), Refusal>> {
        Box::pin(async move {
            if repair == REPAIR { Ok(()) } else { Err(Refusal::new(Code::RepairNotHere)) }
        })
    }

    fn foretell<'a>(
        &'a self,
        _: ExaminationId,
        _: &'a str,
    ) -> Fut<'a, Result<ForetoldRepair, Refusal>> {
        let foretold = ForetoldRepair { would_change: 7, statement: "DELETE".to_owned() };
        Box::pin(async move { Ok(foretold) })
    }
}
