//! F46: a request makes its writes durable one by one.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, object};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::{ThreadView, Wait};
use crate::words::Code;

/// A thread that stands in fsync or fdatasync through the request, and many commits of one request.
pub(super) const CAUSE: Cause = Cause {
    id: "F46",
    slug: "sqlite-commit-for-each-row",
    title: Code::CommitsTitle,
    nature: Nature::Latency,
    required: &[
        &[FactKey::HeldRequestMs],
        &[FactKey::SqliteCommits],
        &[FactKey::ThreadSyscalls, FactKey::ThreadWchans],
    ],
    supporting: &[FactKey::ThreadWaitsOn, FactKey::PythonLines],
    refutes: &[],
    look_alikes: &["F32", "F35", "F36", "F13"],
    bound: None,
    examine,
};

/// Fewer commits than this are a slow disk's doing, not the program's.
const COMMITS_MIN: f64 = 20.0;
/// From here on they are the request's work.
const COMMITS_MANY: f64 = 100.0;
/// System calls that make a file durable.
const DURABLE: [&str; 3] = ["fsync", "fdatasync", "sync_file_range"];

/// A slow endpoint with its commits.
struct Committing<'c, 'a> {
    symptom: &'c Symptom,
    view: ThreadView<'a>,
    commits: &'a Fact,
    share: Figure,
}

/// The share of looks in which it made a file durable. Among a hundred commits and more, the time in
/// which it computed or stood ready belongs to them too: a busy machine moves it there.
fn durable(view: &ThreadView<'_>, commits: &Fact) -> Expr {
    let durable = Expr::sum(DURABLE.map(|call| Expr::count(view.waits, call)));
    let durable = durable.over(Expr::n(view.waits));
    match commits.value.number() {
        Some(many) if many >= COMMITS_MANY => durable.plus(view.share_expr(Wait::Running)),
        _ => durable,
    }
}

/// Whether a slow endpoint makes many commits, so that the lock it holds for each is not the cause.
pub(super) fn many_commits<'a>(case: &Case<'a>) -> Option<&'a Fact> {
    let one = committing(case)?;
    let is_many = one.commits.value.number().is_some_and(|commits| commits >= COMMITS_MIN);
    Grade::of(one.share.value, 0).filter(|_| is_many).map(|_| one.commits)
}

fn examine(case: &Case<'_>) -> Judgement {
    let Some(one) = committing(case) else {
        let fact = case.evidence.any(FactKey::SqliteCommits);
        let says = fact.and_then(|fact| few(case, fact));
        return says
            .map_or_else(|| Judgement::lacking(case, CAUSE.required[1]), Judgement::RuledOut);
    };
    let is_many = one.commits.value.number().is_some_and(|commits| commits >= COMMITS_MIN);
    let grade = Grade::of(one.share.value, 0).filter(|_| is_many);
    let judged = match grade {
        Some(grade) => named(case, &one, grade),
        None => few(case, one.commits).map(Judgement::RuledOut),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[1]))
}

fn committing<'c, 'a>(case: &'c Case<'a>) -> Option<Committing<'c, 'a>> {
    case.workers().into_iter().find_map(|(symptom, view)| {
        let commits = case.evidence.all(FactKey::SqliteCommits).find(|fact| {
            object::parse_toward(&fact.object).is_some_and(|(path, _)| path == symptom.path)
        })?;
        let share = case.share(durable(&view, commits).times(case.inside_share(symptom)))?;
        Some(Committing { symptom, view, commits, share })
    })
}

fn few(case: &Case<'_>, commits: &Fact) -> Option<Sentence> {
    let (path, database) = object::parse_toward(&commits.object)?;
    Some(
        Sentence::new(Code::CommitsFew)
            .name("path", path, commits)
            .name("database", database, commits)
            .figure("commits", &case.count(Expr::value(commits))?),
    )
}

fn named(case: &Case<'_>, one: &Committing<'_, '_>, grade: Grade) -> Option<Judgement> {
    let (_, database) = object::parse_toward(&one.commits.object)?;
    let says = Sentence::new(Code::Commits)
        .name("path", &one.symptom.path, timed_fact(case, one.symptom)?)
        .figure("time", &case.time(one.symptom)?)
        .figure("commits", &case.count(Expr::value(one.commits))?)
        .name("database", database, one.commits)
        .figure("share", &one.share)
        .cite(one.view.waits);
    let mut links = chain::of([chain::timing(case, &one.symptom.object)]);
    links.extend(chain::rooms(case, one.symptom));
    links.extend(chain::of([chain::thread_wait(case, &one.view)]));
    links.extend(chain::source_line(case, &one.view));
    let line = one.view.line().map(|(line, _)| line.to_owned());
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object: line.unwrap_or_else(|| database.to_owned()),
        says,
        chain: links,
        explains: vec![one.symptom.object.clone()],
        share: Some(one.share.clone()),
        grade,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{Bed, assert_found, assert_ruled_out, beds, judge};

    #[test]
    fn two_hundred_commits_of_one_request_are_found() {
        let bed = Bed::new().with(|bed| beds::durable(bed, 200.0));
        assert_eq!(assert_found(judge(&CAUSE, bed)).explains, ["/import"]);
    }

    #[test]
    fn one_slow_commit_is_ruled_out_because_the_disk_is_slow() {
        assert_ruled_out(
            judge(&CAUSE, Bed::new().with(|bed| beds::durable(bed, 1.0))),
            Code::CommitsFew,
        );
    }
}
