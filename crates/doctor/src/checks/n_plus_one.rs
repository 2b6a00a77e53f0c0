//! F63: one request makes a round trip for each row it shows.

use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, object};
use crate::figure::Expr;
use crate::peers;
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::words::Code;

/// Data segments to one peer for one request, in step with the rows of the answer, or far beyond
/// those of every other endpoint.
pub(super) const CAUSE: Cause = Cause {
    id: "F63",
    slug: "n-plus-one-round-trips",
    title: Code::NPlusOneTitle,
    nature: Nature::Both,
    required: &[&[FactKey::PeerSegments]],
    supporting: &[FactKey::HttpBodyRows, FactKey::PeerOutstanding, FactKey::PeerKind],
    refutes: &[],
    look_alikes: &["F64", "F74"],
    bound: None,
    examine,
};

/// Fewer round trips than this are nobody's fault.
const TRIPS_MIN: f64 = 20.0;
/// Without rows to compare with, this many are needed.
const TRIPS_MIN_ALONE: f64 = 50.0;
/// And so many times those of the other endpoints.
const TIMES_OTHERS_MIN: f64 = 10.0;
/// Round trips for each row that count as one for each: a statement, and a fetch or two around it.
const TRIPS_PER_ROW: std::ops::RangeInclusive<f64> = 0.8..=4.0;

/// One path, one peer, and the segments between them.
struct Trips<'a> {
    path: &'a str,
    peer: &'a str,
    segments: &'a Fact,
    each: f64,
    rows: Option<&'a Fact>,
}

fn all<'a>(case: &Case<'a>) -> Vec<Trips<'a>> {
    let mut all: Vec<Trips<'a>> = case
        .evidence
        .all(FactKey::PeerSegments)
        .filter_map(|segments| {
            let (path, peer) = object::parse_toward(&segments.object)?;
            let rows = case.evidence.find(FactKey::HttpBodyRows, path);
            Some(Trips { path, peer, segments, each: segments.value.number()?, rows })
        })
        .collect();
    all.sort_by(|a, b| b.each.total_cmp(&a.each));
    all
}

impl Trips<'_> {
    fn goes_with_rows(&self) -> bool {
        let rows = self.rows.and_then(|fact| fact.value.number()).unwrap_or(0.0);
        rows >= TRIPS_MIN / 2.0 && TRIPS_PER_ROW.contains(&(self.each / rows))
    }

    /// Whether it is far beyond every other path's trips to the same peer.
    fn stands_out(&self, all: &[Trips<'_>]) -> bool {
        let others: Vec<f64> =
            all.iter().filter(|other| other.path != self.path).map(|other| other.each).collect();
        let most = others.iter().copied().fold(0.0, f64::max);
        !others.is_empty() && self.each >= TRIPS_MIN_ALONE && self.each >= most * TIMES_OTHERS_MIN
    }
}

/// Whether so many questions go to one peer for a request that the questions are the cause, not
/// the peer.
pub(super) fn many_trips<'a>(case: &Case<'a>, symptom: &Symptom) -> Option<&'a Fact> {
    let waiting = peers::waiting_for(case.evidence, symptom)?;
    waiting.segments().filter(|fact| fact.value.number().is_some_and(|each| each >= TRIPS_MIN))
}

fn examine(case: &Case<'_>) -> Judgement {
    let all = all(case);
    let is_one = |trips: &&Trips<'_>| {
        trips.each >= TRIPS_MIN && (trips.goes_with_rows() || trips.stands_out(&all))
    };
    let Some(trips) = all.iter().find(is_one) else {
        return few(case, &all).unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]));
    };
    latency(case, trips)
        .or_else(|| hygiene(case, trips))
        .unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[0]))
}

fn latency(case: &Case<'_>, trips: &Trips<'_>) -> Option<Judgement> {
    let symptom = case.slow().find(|symptom| symptom.path == trips.path)?;
    let waiting = peers::waiting_for(case.evidence, symptom)?;
    let share = case.share(waiting.share_expr().times(case.inside_share(symptom)))?;
    let grade = Grade::of(share.value, waiting.coincidences())?;
    let says = Sentence::new(Code::NPlusOneSlow)
        .name("path", trips.path, trips.segments)
        .figure("time", &case.time(symptom)?)
        .figure("trips", &case.count(Expr::value(trips.segments))?)
        .name("peer", trips.peer, trips.segments)
        .figure("share", &share);
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(rows_link(case, trips));
    Some(found(trips, says, links, (vec![symptom.object.clone()], grade, Some(share))))
}

fn hygiene(case: &Case<'_>, trips: &Trips<'_>) -> Option<Judgement> {
    let says = Sentence::new(Code::NPlusOne)
        .name("path", trips.path, trips.segments)
        .figure("trips", &case.count(Expr::value(trips.segments))?)
        .name("peer", trips.peer, trips.segments);
    let mut links = chain::of([chain::timing(case, trips.path)]);
    links.extend(rows_link(case, trips));
    Some(found(trips, says, links, (Vec::new(), Grade::Observed, None)))
}

fn rows_link(case: &Case<'_>, trips: &Trips<'_>) -> Option<Sentence> {
    let rows = trips.rows?;
    Some(
        Sentence::new(Code::NPlusOneRows)
            .figure("rows", &case.count(Expr::value(rows))?)
            .figure("trips", &case.count(Expr::value(trips.segments))?),
    )
}

fn found(
    trips: &Trips<'_>,
    says: Sentence,
    links: Vec<Sentence>,
    (explains, grade, share): (Vec<String>, Grade, Option<crate::figure::Figure>),
) -> Judgement {
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: trips.path.to_owned(),
        says,
        chain: links,
        explains,
        share,
        grade,
    })
}

fn few(case: &Case<'_>, all: &[Trips<'_>]) -> Option<Judgement> {
    let most = all.first()?;
    Some(Judgement::RuledOut(
        Sentence::new(Code::NPlusOneFew)
            .name("path", most.path, most.segments)
            .figure("trips", &case.count(Expr::value(most.segments))?)
            .name("peer", most.peer, most.segments),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, judge};
    use crate::sample::{beds, fast, server};

    #[test]
    fn a_trip_for_each_row_of_a_slow_endpoint_is_found_with_its_path() {
        let bed = Bed::new()
            .with(|bed| beds::awaited_peer(bed, "127.0.0.1:5432", "postgresql", 60))
            .fact(FactKey::PeerSegments, "/feed to 127.0.0.1:5432", 123.0)
            .fact(FactKey::HttpBodyRows, "/feed", 122);
        let finding = assert_found(judge(&CAUSE, bed));
        assert_eq!((finding.object.as_str(), finding.explains.len()), ("/feed", 1));
    }

    #[test]
    fn a_trip_for_each_row_of_a_fast_endpoint_is_found_as_hygiene() {
        let bed = fast(Bed::new().with(server), "/feed")
            .fact(FactKey::PeerSegments, "/feed to 127.0.0.1:6379", 101.0)
            .fact(FactKey::HttpBodyRows, "/feed", 100);
        assert!(assert_found(judge(&CAUSE, bed)).is_hygiene());
    }

    #[test]
    fn one_slow_question_is_ruled_out() {
        let bed = Bed::new()
            .with(|bed| beds::awaited_peer(bed, "127.0.0.1:5432", "postgresql", 60))
            .fact(FactKey::PeerSegments, "/feed to 127.0.0.1:5432", 3.0)
            .fact(FactKey::HttpBodyRows, "/feed", 122);
        assert_ruled_out(judge(&CAUSE, bed), Code::NPlusOneFew);
    }

    #[test]
    fn many_segments_of_one_large_question_beside_few_rows_are_ruled_out() {
        let bed = fast(Bed::new().with(server), "/feed")
            .fact(FactKey::PeerSegments, "/feed to 127.0.0.1:6379", 40.0)
            .fact(FactKey::HttpBodyRows, "/feed", 2);
        assert_ruled_out(judge(&CAUSE, bed), Code::NPlusOneFew);
    }
}
