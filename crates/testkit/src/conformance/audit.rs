//! What holds of the audit trail.

use galen_core::model::{AuditCode, AuditFilter, Role};
use galen_core::{AuditId, Note};

use super::bench::{Bench, page};
use super::{Behaviour, behaviour};

/// ALL behaviours of the audit trail.
pub const ALL: &[Behaviour] = &[
    behaviour!(a_note_is_read_back_as_it_was_written),
    behaviour!(pages_of_the_trail_are_complete_under_every_filter),
    behaviour!(every_row_of_one_act_has_a_name_of_its_own),
    behaviour!(what_concerns_a_user_is_found_whoever_did_it),
    behaviour!(a_span_of_the_trail_is_cut_at_its_moments),
];

fn failed_login() -> Note {
    Note {
        code: AuditCode::LoginFailed,
        target: Some("user:unknown".to_owned()),
        params: "{\"why\":\"unknown\"}".to_owned(),
    }
}

async fn a_note_is_read_back_as_it_was_written(bench: Bench) {
    let actor = bench.samples.user_id();
    let act = bench.samples.act_of(actor);
    bench.store.note(&bench.cx(), act.clone(), failed_login()).await.expect("it is noted");
    let got = bench.store.audit(&bench.cx(), &AuditFilter::default(), page(None, 20)).await;
    let got = got.expect("answers");
    let [entry] = got.items.as_slice() else {
        unreachable!("one note was written");
    };
    assert_eq!((entry.id, entry.at, entry.actor), (act.id, act.at, Some(actor)));
    assert_eq!(
        (entry.code.as_str(), entry.target.as_deref()),
        ("login.failed", Some("user:unknown"))
    );
    assert_eq!((&entry.address, entry.request_id), (&act.address, act.request_id));
    assert_eq!(entry.params, "{\"why\":\"unknown\"}");
}

async fn pages_of_the_trail_are_complete_under_every_filter(bench: Bench) {
    let actor = bench.user("ada", Role::User).await.id;
    for number in 0..12 {
        bench.samples.clock.advance_ms(1);
        let act = if number % 2 == 0 { bench.samples.act_of(actor) } else { bench.samples.act() };
        let code = if number % 3 == 0 { AuditCode::UpkeepRun } else { AuditCode::LoginFailed };
        let note = Note { code, ..failed_login() };
        bench.store.note(&bench.cx(), act, note).await.expect("it is noted");
    }
    let code = Some("login.failed".to_owned());
    for (filter, wanted) in [
        (AuditFilter::default(), 13),
        (AuditFilter { actor: Some(actor), ..AuditFilter::default() }, 6),
        (AuditFilter { code: code.clone(), ..AuditFilter::default() }, 8),
        (AuditFilter { actor: Some(actor), code, ..AuditFilter::default() }, 4),
    ] {
        let mut seen: Vec<AuditId> = Vec::new();
        let mut after = None;
        loop {
            let got = bench.store.audit(&bench.cx(), &filter, page(after, 3)).await;
            let got = got.expect("answers");
            for entry in got.items {
                assert!(filter.actor.is_none() || entry.actor == filter.actor);
                assert!(filter.code.as_ref().is_none_or(|code| *code == entry.code));
                seen.push(entry.id);
            }
            after = got.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), wanted, "{filter:?}");
        assert!(seen.is_sorted_by(|a, b| a > b), "newest first, none twice: {filter:?}");
    }
}

async fn every_row_of_one_act_has_a_name_of_its_own(bench: Bench) {
    let user = bench.user("ada", Role::User).await;
    for _ in 0..5 {
        bench.session(user.id).await;
    }
    bench.samples.clock.advance_ms(1);
    let act = bench.samples.act();
    let first = act.id;
    bench.store.delete_user(&bench.cx(), act, user.id).await.expect("answers");
    let got = bench.store.audit(&bench.cx(), &AuditFilter::default(), page(None, 6)).await;
    let got = got.expect("answers");
    let codes: Vec<&str> = got.items.iter().rev().map(|entry| entry.code.as_str()).collect();
    assert_eq!(codes[0], "user.deleted");
    assert!(codes[1..].iter().all(|code| *code == "session.ended"));
    assert_eq!(got.items.last().map(|entry| entry.id), Some(first));
}

async fn what_concerns_a_user_is_found_whoever_did_it(bench: Bench) {
    let (ada, bob) = (bench.user("ada", Role::User).await, bench.user("bob", Role::User).await);
    bench.samples.clock.advance_ms(1);
    bench.session(ada.id).await;
    bench.session(bob.id).await;
    bench.samples.clock.advance_ms(1);
    bench.store.delete_user(&bench.cx(), bench.samples.act(), ada.id).await.expect("answers");
    let of = |filter: AuditFilter| {
        let bench = bench.clone();
        async move {
            let got = bench.store.audit(&bench.cx(), &filter, page(None, 20)).await;
            got.expect("answers")
                .items
                .into_iter()
                .rev()
                .map(|entry| entry.code)
                .collect::<Vec<_>>()
        }
    };
    let adas = AuditFilter { subject: Some(ada.id), ..AuditFilter::default() };
    let all = ["user.created", "login.succeeded", "user.deleted", "session.ended"];
    assert_eq!(of(adas.clone()).await, all);
    assert_eq!(of(AuditFilter { subject: Some(bob.id), ..adas.clone() }).await, all[..2]);
    let ended = AuditFilter { code: Some("session.ended".to_owned()), ..adas };
    assert_eq!(of(ended).await, ["session.ended"]);
}

async fn a_span_of_the_trail_is_cut_at_its_moments(bench: Bench) {
    let mut moments = Vec::new();
    for _ in 0..5 {
        bench.samples.clock.advance_ms(10);
        moments.push(bench.samples.now());
        bench.store.note(&bench.cx(), bench.samples.act(), failed_login()).await.expect("noted");
    }
    let span =
        AuditFilter { from: Some(moments[1]), until: Some(moments[4]), ..AuditFilter::default() };
    let got = bench.store.audit(&bench.cx(), &span, page(None, 20)).await.expect("answers");
    let at: Vec<_> = got.items.iter().map(|entry| entry.at).collect();
    assert_eq!(
        at,
        [moments[3], moments[2], moments[1]],
        "the first moment counts, the last does not"
    );
}
