//! Measure: every request is accounted for, whatever becomes of it, exactly once.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::response::Response;
use galen_core::{Code, Phase, Refusal, RequestOutcome, RequestRecord};
use http::Method;

use super::identify::Visit;
use super::request_line;
use crate::connection::{MS_NS, Stage};
use crate::fault::Fault;

/// What the phases and the handler came to.
pub(crate) type Answered = Result<Response, Fault>;

/// A request that is not yet accounted for. Dropping it says that its client gave it up.
pub(crate) struct Flight {
    pub(super) visit: Arc<Visit>,
    outcome: RequestOutcome,
    status: u16,
    code: Option<&'static str>,
    answered_ns: u64,
    landed: bool,
}

/// The request is from now on accounted for.
pub(crate) fn take_off(visit: &Arc<Visit>) -> Flight {
    Flight {
        visit: Arc::clone(visit),
        outcome: RequestOutcome::Answered,
        status: 0,
        code: None,
        answered_ns: 0,
        landed: false,
    }
}

impl Flight {
    /// The phases ran past the deadline, or the handler panicked; the answer will say so.
    pub(super) fn went_wrong(&mut self, outcome: RequestOutcome) {
        self.outcome = outcome;
    }

    /// There is an answer. What follows is writing it.
    pub(super) fn answered(&mut self, status: u16, code: Option<&'static str>, now_ns: u64) {
        self.status = status;
        self.code = code;
        self.answered_ns = now_ns;
        let limit_ns = self.visit.app.settings.limits.write_timeout_ms * MS_NS;
        self.visit.connection.enter(Stage::Write, now_ns.saturating_add(limit_ns));
    }

    /// Whether the answer is a problem.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status >= 400
    }

    /// The whole answer is with the kernel.
    pub(crate) fn landed(mut self, now_ns: u64) {
        self.landed = true;
        let wrote_ns = now_ns.saturating_sub(self.answered_ns);
        self.visit.cx.ledger.add(Phase::Write, wrote_ns);
        self.account(now_ns);
    }

    fn account(&self, now_ns: u64) {
        let visit = &*self.visit;
        let wall_ns = now_ns.saturating_sub(visit.started_ns);
        let record = RequestRecord {
            request_id: visit.cx.request_id,
            trace: visit.trace,
            user_id: visit.caller().map(|caller| caller.user.id),
            route: visit.route.get().copied().unwrap_or(""),
            // Anybody can ask every route with every method: those that are not taken are one.
            method: if self.status == 405 { "OTHER" } else { method_name(&visit.method) },
            status: self.status,
            code: self.code,
            outcome: self.outcome,
            ledger: visit.cx.ledger.snapshot(wall_ns),
        };
        visit.connection.landed();
        visit.app.recorder.request(&record);
        request_line::write(visit, &record);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.landed {
            self.outcome = RequestOutcome::GivenUp;
            self.account(self.visit.now_ns());
        }
    }
}

const fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PUT => "PUT",
        _ => "OTHER",
    }
}

/// Runs the phases: counts the time between wake-up and poll as waiting for the executor, ends them
/// at the deadline, and turns a panic into an answer.
pub(super) async fn watch(
    visit: &Arc<Visit>,
    phases: impl Future<Output = Answered>,
) -> (RequestOutcome, Answered) {
    let mut phases = pin!(phases);
    let mut is_first = true;
    poll_fn(|task| {
        let connection = &*visit.connection;
        // The first poll follows at once; later ones were woken for.
        if !std::mem::take(&mut is_first) {
            let now_ns = visit.now_ns();
            let woken_ns = connection.take_woken_ns();
            if woken_ns != 0 {
                let queued_ns = now_ns.saturating_sub(woken_ns);
                visit.cx.ledger.add(Phase::ExecutorQueue, queued_ns);
            }
            if now_ns >= visit.cx.deadline.0 {
                return Poll::Ready(late());
            }
        }
        let waker = connection.noting_waker(task.waker());
        let mut noting = Context::from_waker(waker.unwrap_or_else(|| task.waker()));
        match catch_unwind(AssertUnwindSafe(|| phases.as_mut().poll(&mut noting))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(answer)) => Poll::Ready((RequestOutcome::Answered, answer)),
            Err(_) => Poll::Ready((RequestOutcome::Panicked, Err(Fault::new(Code::Internal)))),
        }
    })
    .await
}

fn late() -> (RequestOutcome, Answered) {
    let refusal = Refusal::new(Code::DeadlineExceeded).retry_after_ms(1_000);
    (RequestOutcome::TimedOut, Err(refusal.into()))
}
