//! Repairs on the page: what is offered, and what became of what was applied.

use super::{AppliedCard, BeforeAfter, Line, RepairCard};
use crate::figure::{Figure, Unit, print};
use crate::proof::{Effect, EndpointProof, Status};
use crate::repairs::run::{Applied, Fate};
use crate::repairs::{Class, Offer};
use crate::words::Code;

/// An offer laid out.
pub(super) fn offered(offer: &Offer) -> RepairCard {
    RepairCard {
        class: match offer.repair.class {
            Class::Auto => Code::ClassAuto.english(),
            Class::Ask => Code::ClassAsk.english(),
            Class::Tell => Code::ClassTell.english(),
        },
        title: offer.repair.title.english(),
        cause: offer.cause,
        how: offer.terms.how.as_ref().map(Line::of),
        command: offer.terms.command.clone(),
        effect: offer.terms.effect.as_ref().map(Line::of),
        risk: offer.repair.risk.english(),
        undo: offer.repair.undo.english(),
    }
}

pub(super) fn applied(one: &Applied) -> AppliedCard {
    let (fate, reason) = match &one.fate {
        Fate::Proven => (Code::FateProven, None),
        Fate::Undone => (Code::FateUndone, None),
        Fate::WithoutEffect => (Code::FateWithoutEffect, None),
        Fate::Declined { reason } => (Code::FateDeclined, Some(reason.clone())),
        Fate::Failed { reason } => (Code::FateFailed, Some(reason.clone())),
    };
    let state = one.proof.as_ref().and_then(|proof| proof.state.as_ref());
    let reached = |reached| if reached { Code::StateReached } else { Code::StateNotReached };
    let count = |number: u64| print(number as f64, Unit::Count);
    AppliedCard {
        title: one.title.english(),
        cause: one.cause,
        fate: fate.english(),
        good: one.fate == Fate::Proven,
        reason,
        statement: one.receipt.as_ref().map(|receipt| receipt.statement.clone()),
        foretold: one.foretold.map(count),
        changed: one.receipt.as_ref().map(|receipt| count(receipt.changed)),
        state: state.map(|state| Line::of(&state.says)),
        state_reached: state.map(|state| reached(state.reached).english()),
        endpoints: one.proof.as_ref().map_or_else(Vec::new, |proof| {
            let widest = widest(&proof.endpoints);
            proof.endpoints.iter().map(|one| before_after(one, widest)).collect()
        }),
    }
}

fn widest(endpoints: &[EndpointProof]) -> f64 {
    endpoints
        .iter()
        .flat_map(|one| [&one.p95_before, &one.p95_after])
        .flatten()
        .map(|figure| figure.value)
        .fold(1.0, f64::max)
}

fn before_after(one: &EndpointProof, widest: f64) -> BeforeAfter {
    let text = |figure: &Option<Figure>| {
        figure.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)
    };
    let bar = |figure: &Option<Figure>| {
        figure.as_ref().map_or(0.0, |figure| figure.value / widest * 100.0)
    };
    let percent = |value: f64| print(value, Unit::Percent);
    BeforeAfter {
        path: one.path.clone(),
        control: one.control,
        median_before: text(&one.median_before),
        median_after: text(&one.median_after),
        p95_before: text(&one.p95_before),
        p95_after: text(&one.p95_after),
        errors_before: text(&one.errors_before),
        errors_after: text(&one.errors_after),
        change: one.change_percent.map_or_else(|| "-".to_owned(), percent),
        interval: one.interval_percent.map_or_else(
            || "-".to_owned(),
            |interval| format!("{} … {}", percent(interval.low), percent(interval.high)),
        ),
        effect: effect(one.effect).english(),
        status: status(one.status).english(),
        bar_before: bar(&one.median_before),
        bar_after: bar(&one.median_after),
    }
}

fn effect(effect: Effect) -> Code {
    match effect {
        Effect::Improved => Code::EffectImproved,
        Effect::NoEffect => Code::EffectNoEffect,
        Effect::Worse => Code::EffectWorse,
        Effect::NotMeasured => Code::EffectNotMeasured,
    }
}

fn status(status: Status) -> Code {
    match status {
        Status::Resolved => Code::StatusResolved,
        Status::NotResolved => Code::StatusNotResolved,
        Status::NotMeasured => Code::StatusNotMeasured,
        Status::WasHealthy => Code::StatusWasHealthy,
    }
}
