//! F23: garbage collection pauses the server.

use super::loop_blocked_by_wait::timed_fact;
use super::{Cause, Finding, Grade, Judgement, Nature, chain};
use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::Figure;
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::threads::{ThreadView, Wait};
use crate::words::Code;

/// The working thread computes at a line that collects garbage, or a collector's own thread does.
pub(super) const CAUSE: Cause = Cause {
    id: "F23",
    slug: "garbage-collection-pauses",
    title: Code::GcTitle,
    nature: Nature::Latency,
    required: &[&[FactKey::HeldRequestMs], &[FactKey::ThreadOnCpuNs], &[FactKey::ThreadWindowNs]],
    supporting: &[FactKey::PythonSourceText, FactKey::ThreadName, FactKey::PythonLines],
    refutes: &[],
    look_alikes: &["F14", "F24", "F13"],
    bound: None,
    examine,
};

/// How the threads of collectors are called: HotSpot, Go, .NET, V8 from Node 22 on.
const COLLECTORS: [&str; 6] = ["GC Thread", "G1 ", "ZGC", "gcBgMarkWorker", ".NET BGC", "V8Worker"];

/// The line of a thread that collects garbage by its own text.
pub(super) fn collecting_line<'a>(view: &ThreadView<'a>) -> Option<(&'a str, &'a Fact)> {
    let (line, fact) = view.line()?;
    let text = view.text_of(line)?;
    (text.contains("gc.collect(") || text.contains("global.gc(")).then_some((line, fact))
}

fn is_collector<'a>(view: &ThreadView<'a>) -> Option<(&'a str, &'a Fact)> {
    let fact = view.fact(FactKey::ThreadName)?;
    let Value::Text(name) = &fact.value else { return None };
    COLLECTORS.iter().any(|known| name.starts_with(known)).then_some((name.as_str(), fact))
}

fn examine(case: &Case<'_>) -> Judgement {
    let collecting = case.slow().find_map(|symptom| {
        case.threads(symptom).into_iter().find_map(|view| {
            collecting_line(&view).is_some().then_some(()).or(is_collector(&view).map(|_| ()))?;
            let share = case.share(view.on_cpu_expr()?.times(case.inside_share(symptom)))?;
            let cpu = chain::cpu_of_request(case, symptom, &view)?;
            let queued = view.run_queue().unwrap_or(0.0) * 100.0;
            let grade = Grade::of(share.value, chain::control_blocked(case, symptom))
                .or_else(|| Grade::of_computing(case, &share, cpu.value, queued))?;
            Some((symptom, view, share, grade))
        })
    });
    let judged = match collecting {
        Some((symptom, view, share, grade)) => name(case, symptom, &view, (share, grade)),
        None => why_not(case).map(Judgement::RuledOut),
    };
    judged.unwrap_or_else(|| Judgement::lacking(case, CAUSE.required[1]))
}

fn why_not(case: &Case<'_>) -> Option<Sentence> {
    let working = case.workers().into_iter().find_map(|(_, view)| view.line());
    Some(match working {
        Some((line, fact)) => Sentence::new(Code::GcElsewhere).name("line", line, fact),
        None => Sentence::new(Code::GcNone).cite(case.any_watched()?.waits),
    })
}

fn name(
    case: &Case<'_>,
    symptom: &Symptom,
    view: &ThreadView<'_>,
    (share, grade): (Figure, Grade),
) -> Option<Judgement> {
    let says = |code| {
        Some(
            Sentence::new(code)
                .name("path", &symptom.path, timed_fact(case, symptom)?)
                .figure("time", &case.time(symptom)?)
                .name("thread", chain::thread_name(view), view.waits)
                .figure("share", &share),
        )
    };
    let (says, object) = match (collecting_line(view), is_collector(view)) {
        (Some((line, fact)), _) => (says(Code::GcLine)?.name("line", line, fact), line.to_owned()),
        (None, Some((name, fact))) => {
            (says(Code::GcThreads)?.name("name", name, fact), chain::thread_name(view))
        }
        (None, None) => return None,
    };
    let mut links = chain::of([chain::timing(case, &symptom.object)]);
    links.extend(chain::rooms(case, symptom));
    links.extend(chain::of([chain::thread_cpu(case, view)]));
    links.extend(chain::source_line(case, view));
    links.extend(chain::of([chain::control(case, symptom)]));
    Some(Judgement::found(Finding {
        cause: CAUSE.id,
        object,
        says,
        chain: links,
        explains: vec![symptom.object.clone()],
        share: Some(share),
        grade,
    }))
}

/// The loop collects garbage: then that is the cause, and not its computing as such.
pub(super) fn collects_instead(case: &Case<'_>) -> Option<Sentence> {
    let (_, view) = case.loops().into_iter().next()?;
    let (line, fact) = collecting_line(&view)?;
    let computes = view.share(Wait::Running) > 0.5;
    computes.then(|| Sentence::new(Code::LoopCollects).name("line", line, fact))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Bed, assert_found, assert_ruled_out, judge};

    #[test]
    fn a_collection_at_the_working_line_is_found_with_the_line() {
        let during = "4100/4100 during /clean";
        let bed = sample::held(Bed::new().with(sample::server), "/clean", [0, 0, 0, 64, 0], 3010.0);
        let bed = sample::thread(bed, 4100, "/clean", "epoll_wait", &[("running", 64)])
            .counts(FactKey::PythonLines, during, &[("/srv/app/app.py:9 clean", 62)])
            .fact(FactKey::PythonOnLoop, during, true)
            .fact(FactKey::PythonSourceText, "/srv/app/app.py:9", "gc.collect()");
        assert_eq!(assert_found(judge(&CAUSE, bed)).object, "/srv/app/app.py:9 clean");
    }

    #[test]
    fn a_collectors_own_thread_at_work_is_found() {
        let bed = sample::held(Bed::new().with(sample::server), "/x", [0, 0, 0, 64, 0], 3010.0);
        let bed = sample::thread(bed, 4100, "/x", "futex", &[("futex", 64)]);
        let bed = sample::thread(bed, 4102, "/x", "futex", &[("running", 64)]).fact(
            FactKey::ThreadName,
            "4100/4102 during /x",
            "GC Thread#0",
        );
        assert_eq!(assert_found(judge(&CAUSE, bed)).object, "4100/4102");
    }

    #[test]
    fn computing_at_another_line_is_ruled_out() {
        assert_ruled_out(judge(&CAUSE, Bed::new().with(sample::computing_loop)), Code::GcElsewhere);
    }
}
