//! Links that several chains of evidence share: timing, rooms, threads, source lines.

use crate::case::Case;
use crate::evidence::{Fact, FactKey, Value};
use crate::figure::{Expr, Figure};
use crate::sentence::Sentence;
use crate::stats::P95_SAMPLES_MIN;
use crate::symptom::Symptom;
use crate::threads::{ThreadView, most_frequent};
use crate::words::Code;

/// Collects the links that could be built; a link whose facts are missing is left out.
pub fn of(links: impl IntoIterator<Item = Option<Sentence>>) -> Vec<Sentence> {
    links.into_iter().flatten().collect()
}

/// Median of an endpoint beside its target, and its 95th percentile where there are enough samples.
pub fn timing(case: &Case<'_>, endpoint: &str) -> Option<Sentence> {
    let fact = case.evidence.find(FactKey::HttpTotalMs, endpoint)?;
    let says = |code| -> Option<Sentence> {
        Some(
            Sentence::new(code)
                .name("path", endpoint, fact)
                .figure("median", &case.ms(Expr::median(fact))?)
                .figure("n", &case.count(Expr::n(fact))?)
                .setting("target", case.target_text()),
        )
    };
    if fact.n < P95_SAMPLES_MIN as u64 {
        return says(Code::TimingFew);
    }
    Some(says(Code::Timing)?.figure("p95", &case.ms(Expr::p95(fact))?))
}

/// How many of an endpoint's requests failed.
pub fn failed(case: &Case<'_>, endpoint: &str) -> Option<Sentence> {
    let fact = case.evidence.find(FactKey::HttpErrors, endpoint)?;
    Some(
        Sentence::new(Code::TimingFailed)
            .name("path", endpoint, fact)
            .figure("errors", &case.count(Expr::value(fact))?)
            .figure("n", &case.count(Expr::n(fact))?),
    )
}

/// The held request, how long it took, and the room it stood in most.
pub fn rooms(case: &Case<'_>, symptom: &Symptom) -> Vec<Sentence> {
    let objects = [&symptom.object, &symptom.path];
    let find = |key| objects.into_iter().find_map(|object| case.evidence.find(key, object));
    let held = find(FactKey::HeldRequestMs).and_then(|fact| {
        let time = case.ms(Expr::value(fact))?;
        Some(Sentence::new(Code::Held).name("path", &fact.object, fact).figure("time", &time))
    });
    let room = [
        (FactKey::RoomNotEstablished, Code::RoomConnecting),
        (FactKey::RoomAcceptQueue, Code::RoomQueued),
        (FactKey::RoomUnread, Code::RoomUnread),
        (FactKey::RoomInHandler, Code::RoomHandler),
        (FactKey::RoomWriting, Code::RoomWriting),
    ]
    .into_iter()
    .filter_map(|(key, code)| Some((find(key)?, code)))
    .max_by_key(|(fact, _)| match fact.value {
        Value::Int(looks) => looks,
        _ => 0,
    })
    .and_then(|(fact, code)| looks(case, Sentence::new(code), Expr::value(fact), fact));
    of([held, room])
}

/// Fills `looks` and `n` of a sentence.
pub fn looks(case: &Case<'_>, sentence: Sentence, count: Expr, fact: &Fact) -> Option<Sentence> {
    let count = case.count(count)?;
    let n = case.count(Expr::n(fact))?;
    Some(sentence.figure("looks", &count).figure("n", &n))
}

/// What a thread waited in, most often.
pub fn thread_wait(case: &Case<'_>, view: &ThreadView<'_>) -> Option<Sentence> {
    let (call, _, _) = view.sync_wait()?;
    let sentence = Sentence::new(Code::ThreadWaited)
        .name("thread", thread_name(view), view.waits)
        .name("call", call, view.waits);
    looks(case, sentence, Expr::count(view.waits, call), view.waits)
}

/// What the same thread waits in when nothing is asked of it.
pub fn thread_idle(view: &ThreadView<'_>) -> Option<Sentence> {
    let idle = view.idle()?;
    Some(Sentence::new(Code::ThreadIdle).name("call", most_frequent(idle)?, idle))
}

/// How much of the window a thread computed.
pub fn thread_cpu(case: &Case<'_>, view: &ThreadView<'_>) -> Option<Sentence> {
    let cpu = view.fact(FactKey::ThreadOnCpuNs)?;
    let window = view.fact(FactKey::ThreadWindowNs)?;
    Some(
        Sentence::new(Code::ThreadCpu)
            .figure("share", &case.percent(Expr::value(cpu), Expr::value(window))?)
            .figure("cpu", &case.ms(Expr::ms(cpu))?)
            .figure("window", &case.ms(Expr::ms(window))?),
    )
}

/// The CPU time one request took: its share of the thread's window, of the request's time.
pub fn cpu_of_request(case: &Case<'_>, symptom: &Symptom, view: &ThreadView<'_>) -> Option<Figure> {
    let time = crate::budget::total_expr(case.evidence, symptom)?;
    case.ms(time.times(view.on_cpu_expr()?.at_most(Expr::Constant(1.0))))
}

/// The link that says that computing alone misses the target, where it does.
pub fn cpu_alone(case: &Case<'_>, symptom: &Symptom, view: &ThreadView<'_>) -> Option<Sentence> {
    let cpu = cpu_of_request(case, symptom, view)?;
    (cpu.value > case.thresholds.response_target_ms).then(|| {
        Sentence::new(Code::CpuAlone).figure("cpu", &cpu).setting("target", case.target_text())
    })
}

/// How much of the window a thread stood ready without a CPU.
pub fn thread_run_queue(case: &Case<'_>, view: &ThreadView<'_>) -> Option<Sentence> {
    let queued = view.fact(FactKey::ThreadRunQueueNs)?;
    let window = view.fact(FactKey::ThreadWindowNs)?;
    Some(
        Sentence::new(Code::ThreadRunQueue)
            .figure("share", &case.percent(Expr::value(queued), Expr::value(window))?)
            .figure("queued", &case.ms(Expr::ms(queued))?)
            .figure("window", &case.ms(Expr::ms(window))?),
    )
}

/// The source line a thread stood at, and its text.
pub fn source_line(case: &Case<'_>, view: &ThreadView<'_>) -> Vec<Sentence> {
    let line = view.line().and_then(|(line, fact)| {
        let sentence = Sentence::new(Code::ThreadLine).name("line", line, fact);
        looks(case, sentence, Expr::count(fact, line), fact)
    });
    let text = view
        .source_text()
        .map(|(text, fact)| Sentence::new(Code::SourceText).name("text", text, fact));
    of([line, text])
}

/// The control request that was sent while the held one was outstanding: blocked or free.
pub fn control(case: &Case<'_>, symptom: &Symptom) -> Option<Sentence> {
    let objects = [&symptom.object, &symptom.path];
    let find = |key| objects.into_iter().find_map(|object| case.evidence.find(key, object));
    let path = find(FactKey::HeldControlPath)?;
    let times = find(FactKey::HeldControlMs)?;
    let Value::Text(name) = &path.value else { return None };
    let code = match control_blocked(case, symptom) {
        0 => Code::ControlFree,
        _ => Code::ControlBlocked,
    };
    Some(
        Sentence::new(code)
            .name("control", name, path)
            .name("path", &path.object, path)
            .figure("median", &case.ms(Expr::median(times))?)
            .figure("n", &case.count(Expr::n(times))?),
    )
}

/// How many control requests took at least half as long as the held one: each is a coincidence
/// of its own, because nothing but the shared loop connects the two.
pub fn control_blocked(case: &Case<'_>, symptom: &Symptom) -> usize {
    let objects = [&symptom.object, &symptom.path];
    let find = |key| objects.into_iter().find_map(|object| case.evidence.find(key, object));
    let held = find(FactKey::HeldRequestMs).and_then(|fact| fact.value.number());
    match (find(FactKey::HeldControlMs).map(|fact| &fact.value), held) {
        (Some(Value::Samples(times)), Some(held)) => {
            times.iter().filter(|ms| **ms * 2.0 >= held).count()
        }
        _ => 0,
    }
}

/// Another endpoint, slow in the same way or fast beside it.
pub fn others(case: &Case<'_>, symptom: &Symptom) -> Option<Sentence> {
    let slow = case.slow().find(|other| other.path != symptom.path).map(|other| &other.object);
    let (code, endpoint) = match slow {
        Some(object) => (Code::OtherEndpointAlso, object.as_str()),
        None => (Code::OtherEndpointFast, case.control()?.0),
    };
    let fact = case.evidence.find(FactKey::HttpTotalMs, endpoint)?;
    Some(
        Sentence::new(code)
            .name("path", endpoint, fact)
            .figure("median", &case.ms(Expr::median(fact))?)
            .figure("n", &case.count(Expr::n(fact))?),
    )
}

/// `4100/4107`, as in the objects of its facts.
pub fn thread_name(view: &ThreadView<'_>) -> String {
    format!("{}/{}", view.pid, view.tid)
}
