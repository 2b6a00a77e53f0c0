//! F72: the answer itself takes the time, because it is large.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::words::Code;

/// The held request stood in room E, its answer flowing, and the answer has a megabyte at least.
pub(super) const CAUSE: Cause = Cause {
    id: "F72",
    slug: "large-answer",
    title: Code::LargeTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::RoomWriting],
        &[FactKey::HttpBodyBytes, FactKey::HttpContentLength],
    ],
    supporting: &[FactKey::HttpBodyRows],
    refutes: &[],
    look_alikes: &["F13", "F14", "F73"],
    bound: None,
    examine,
};

/// From this size on an answer is large, in bytes.
const BYTES_MIN: f64 = 1e6;

/// The share of looks in room E, and the fact.
fn writing<'a>(case: &Case<'a>, symptom: &Symptom) -> Option<(Figure, &'a Fact)> {
    let find = |object: &str| case.evidence.find(FactKey::RoomWriting, object);
    let fact = find(&symptom.object).or_else(|| find(&symptom.path))?;
    Some((case.share(Expr::value(fact).over(Expr::n(fact)))?, fact))
}

/// The length told, or what was read of it.
fn size<'a>(case: &Case<'a>, symptom: &Symptom) -> Option<&'a Fact> {
    [FactKey::HttpContentLength, FactKey::HttpBodyBytes].into_iter().find_map(|key| {
        let find = |object: &str| case.evidence.find(key, object);
        find(&symptom.path).or_else(|| find(&symptom.object))
    })
}

fn examine(case: &Case<'_>) -> Judgement {
    let flowing = case.slow().find_map(|symptom| {
        let (share, fact) = writing(case, symptom)?;
        let grade = Grade::of(share.value, 0)?;
        Some((symptom, share, fact, grade, size(case, symptom)?))
    });
    let Some((symptom, share, looks, grade, size)) = flowing else { return not_flowing(case) };
    let Some(bytes) = case.bytes(size) else {
        return Judgement::lacking(case, CAUSE.required[2]);
    };
    if bytes.value < BYTES_MIN {
        let says = Sentence::new(Code::LargeSmall).name("path", &symptom.path, size);
        return Judgement::RuledOut(says.figure("bytes", &bytes).cite(looks));
    }
    let says = timed_fact(case, symptom).zip(case.time(symptom)).map(|(timed, time)| {
        Sentence::new(Code::Large)
            .name("path", &symptom.path, timed)
            .figure("time", &time)
            .figure("bytes", &bytes)
            .figure("share", &share)
            .cite(looks)
    });
    let Some(says) = says else { return Judgement::lacking(case, CAUSE.required[0]) };
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    Judgement::found(Finding {
        cause: CAUSE.id,
        object: symptom.path.clone(),
        says,
        chain: links,
        explains: vec![symptom.object.clone()],
        share: Some(share),
        grade,
    })
}

fn not_flowing(case: &Case<'_>) -> Judgement {
    let seen = case.slow().find_map(|symptom| writing(case, symptom));
    let says = seen.and_then(|(_, fact)| {
        chain::looks(case, Sentence::new(Code::RoomWriting), Expr::value(fact), fact)
    });
    says.map_or_else(|| Judgement::lacking(case, CAUSE.required[1]), Judgement::RuledOut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    fn bed(rooms: [i64; 5], bytes: i64) -> Bed {
        sample::held(Bed::new().with(sample::server), "/export", rooms, 4000.0).fact(
            FactKey::HttpBodyBytes,
            "/export",
            bytes,
        )
    }

    #[test]
    fn a_large_answer_on_its_way_is_found() {
        let finding = assert_found(judge(&CAUSE, bed([0, 0, 0, 8, 56], 50_000_000)));
        assert_eq!(finding.object, "/export");
    }

    #[test]
    fn a_large_answer_that_was_long_in_the_making_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, bed([0, 0, 0, 60, 4], 50_000_000)), Code::RoomWriting);
    }

    #[test]
    fn a_small_answer_that_trickles_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, bed([0, 0, 0, 8, 56], 900)), Code::LargeSmall);
    }
}
