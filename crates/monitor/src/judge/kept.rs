//! Alerts as the history keeps them, and back.

use galen_core::{Annotation, KeptAlert};
use serde_json::json;

use crate::alert::{Alert, AlertState, Severity};

/// The row of an alert.
pub(crate) fn keep(alert: &Alert) -> KeptAlert {
    // An alert has text keys and finite numbers only; were it not so, the row would say why.
    let body = serde_json::to_string(alert)
        .unwrap_or_else(|error| json!({ "unwritten": error.to_string() }).to_string());
    KeptAlert {
        id: alert.id,
        cause: alert.cause.clone(),
        began_at: alert.began_at,
        fired_at: alert.fired_at,
        resolved_at: alert.resolved_at,
        body,
    }
}

/// The alert of a row. Of a row that cannot be read, what its columns say: it counts as told of, so
/// that nobody is paged for a damaged row, and as not told to be over.
pub(crate) fn read(kept: &KeptAlert) -> Alert {
    let read = serde_json::from_str::<Alert>(&kept.body).ok();
    let bare = || Alert {
        id: kept.id,
        cause: kept.cause.clone(),
        is_measured: false,
        severity: Severity::Warning,
        state: AlertState::Recovering,
        began_at: kept.began_at,
        fired_at: kept.fired_at,
        resolved_at: kept.resolved_at,
        ended_without_data: false,
        holder: None,
        symptoms: Vec::new(),
        silenced_until: None,
        told_firing: true,
        told_resolved: false,
    };
    // The columns are what the row was found by: they hold where the body disagrees.
    let alert = read.unwrap_or_else(bare);
    Alert { id: kept.id, cause: kept.cause.clone(), resolved_at: kept.resolved_at, ..alert }
}

/// What a chart shows where an alert begins or ends.
pub(crate) fn annotation(alert: &Alert) -> Annotation {
    let mut params = json!({
        "alert": alert.id,
        "cause": alert.cause,
        "severity": alert.severity,
    });
    let (code, at) = match alert.resolved_at {
        None => ("alert.firing", alert.fired_at),
        Some(at) => {
            params["without_data"] = alert.ended_without_data.into();
            ("alert.resolved", at)
        }
    };
    Annotation { at, code: code.to_owned(), params: params.to_string() }
}
