//! Repairs on the page: what is offered, and what became of what was applied.

use super::{AppliedCard, BeforeAfter, RepairCard, Tongue};
use crate::figure::{Figure, Unit};
use crate::proof::{Effect, EndpointProof, Status};
use crate::repairs::run::{Applied, Fate};
use crate::repairs::{Class, Offer};
use crate::words::Code;

/// An offer laid out.
pub(super) fn offered(tongue: Tongue, offer: &Offer) -> RepairCard {
    RepairCard {
        class: tongue.word(match offer.repair.class {
            Class::Auto => Code::ClassAuto,
            Class::Ask => Code::ClassAsk,
            Class::Tell => Code::ClassTell,
        }),
        slug: match offer.repair.class {
            Class::Auto => "auto",
            Class::Ask => "ask",
            Class::Tell => "tell",
        },
        title: tongue.word(offer.repair.title),
        cause: offer.cause,
        how: offer.terms.how.as_ref().map(|how| tongue.line(how)),
        command: offer.terms.command.clone(),
        effect: offer.terms.effect.as_ref().map(|effect| tongue.line(effect)),
        risk: tongue.word(offer.repair.risk),
        undo: tongue.word(offer.repair.undo),
    }
}

pub(super) fn applied(tongue: Tongue, one: &Applied) -> AppliedCard {
    let (fate, reason) = match &one.fate {
        Fate::Proven => (Code::FateProven, None),
        Fate::Undone => (Code::FateUndone, None),
        Fate::WithoutEffect => (Code::FateWithoutEffect, None),
        Fate::Unmeasured => (Code::FateUnmeasured, None),
        Fate::Declined { reason } => (Code::FateDeclined, Some(reason.clone())),
        Fate::Failed { reason } => (Code::FateFailed, Some(reason.clone())),
    };
    let state = one.proof.as_ref().and_then(|proof| proof.state.as_ref());
    let reached = |reached| if reached { Code::StateReached } else { Code::StateNotReached };
    let count = |number: u64| tongue.number(number as f64, Unit::Count);
    AppliedCard {
        title: tongue.word(one.title),
        cause: one.cause,
        fate: tongue.word(fate),
        good: one.fate == Fate::Proven,
        reason,
        statement: one.receipt.as_ref().map(|receipt| receipt.statement.clone()),
        foretold: one.foretold.map(count),
        changed: one.receipt.as_ref().map(|receipt| count(receipt.changed)),
        state: state.map(|state| tongue.line(&state.says)),
        state_reached: state.map(|state| tongue.word(reached(state.reached))),
        endpoints: one.proof.as_ref().map_or_else(Vec::new, |proof| {
            let widest = widest(&proof.endpoints);
            proof.endpoints.iter().map(|one| before_after(tongue, one, widest)).collect()
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

fn before_after(tongue: Tongue, one: &EndpointProof, widest: f64) -> BeforeAfter {
    let text = |figure: &Option<Figure>| {
        figure.as_ref().map_or_else(|| "-".to_owned(), |figure| tongue.figure(figure))
    };
    let bar = |figure: &Option<Figure>| {
        figure.as_ref().map_or(0.0, |figure| figure.value / widest * 100.0)
    };
    let percent = |value: f64| tongue.number(value, Unit::Percent);
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
        effect: tongue.word(effect(one.effect)),
        status: tongue.word(status(one.status)),
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
