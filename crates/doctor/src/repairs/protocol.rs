//! What a person is told about the application, its upstreams and its protocol.

use super::advice::{advice, named, told};
use super::{Class, Repair, Terms};
use crate::case::Case;
use crate::checks::Finding;
use crate::sentence::Sentence;
use crate::words::Code;

/// What every change of code risks, and its way back.
const fn code(title: Code) -> (Code, Code, Code) {
    (title, Code::RiskCode, Code::UndoCode)
}

pub(super) const BATCH: Repair =
    advice("ask-once", &["F63"], code(Code::RepairBatch), Class::Tell, |case, finding| {
        with_name(case, finding, ("path", "path"), Code::RepairBatchHow)
    });
pub(super) const UPSTREAM: Repair =
    advice("bound-upstream", &["F64"], code(Code::RepairUpstream), Class::Tell, |case, finding| {
        with_name(case, finding, ("peer", "peer"), Code::RepairUpstreamHow)
    });
pub(super) const STORE: Repair =
    advice("free-store", &["F74"], code(Code::RepairStore), Class::Tell, |case, finding| {
        with_name(case, finding, ("peer", "peer"), Code::RepairStoreHow)
    });
pub(super) const STREAMS: Repair =
    advice("stream-without-threads", &["F73"], code(Code::RepairStreams), Class::Tell, streams);

pub(super) const SHED: Repair =
    advice("shed-load", &["F65"], code(Code::RepairShed), Class::Tell, |_, _| {
        told(Sentence::new(Code::RepairShedHow))
    });
pub(super) const LIMITER: Repair =
    advice("count-clients", &["F66"], code(Code::RepairRate), Class::Tell, |case, finding| {
        with_name(case, finding, ("path", "path"), Code::RepairRateHow)
    });
pub(super) const LARGE: Repair =
    advice("send-less", &["F72"], code(Code::RepairLarge), Class::Tell, |case, finding| {
        with_name(case, finding, ("path", "path"), Code::RepairLargeHow)
    });
pub(super) const CORS: Repair =
    advice("name-origins", &["F67"], code(Code::RepairCors), Class::Tell, |_, _| {
        told(Sentence::new(Code::RepairCorsHow))
    });
pub(super) const HIDDEN: Repair =
    advice("mend-error", &["F68"], code(Code::RepairHidden), Class::Tell, |case, finding| {
        with_name(case, finding, ("path", "path"), Code::RepairHiddenHow)
    });
pub(super) const SESSION: Repair =
    advice("share-sessions", &["F69"], code(Code::RepairSession), Class::Tell, |_, _| {
        told(Sentence::new(Code::RepairSessionHow))
    });
pub(super) const COOKIE: Repair =
    advice("fix-cookie", &["F70"], code(Code::RepairCookie), Class::Tell, |case, finding| {
        with_name(case, finding, ("cookie", "cookie"), Code::RepairCookieHow)
    });

/// A sentence with one name that the finding prints.
pub(super) fn with_name(
    case: &Case<'_>,
    finding: &Finding,
    (printed, asked): (&str, &'static str),
    code: Code,
) -> Option<Terms> {
    let (text, fact) = named(case, finding, printed)?;
    told(Sentence::new(code).name(asked, text, fact))
}

fn streams(case: &Case<'_>, finding: &Finding) -> Option<Terms> {
    with_name(case, finding, ("line", "place"), Code::RepairStreamsHow)
        .or_else(|| with_name(case, finding, ("call", "place"), Code::RepairStreamsHow))
}
