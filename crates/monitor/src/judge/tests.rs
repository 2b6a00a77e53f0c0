//! The judge in scripted worlds: what pages, what does not, and that it always ends.

use galen_core::model::RuleChange;
use galen_core::{Code, UnixMs};

use super::script::{ROUTES, STEP_MS, Window, World};
use crate::alert::{AlertState, RuleHealth, Severity, Telling};
use crate::metric::Metric;
use crate::monitor::{Orders, Situation};
use crate::windows::Ring;

fn pool(share: f64) -> impl Fn(&mut Window) {
    move |window| {
        window.healthy();
        // Three samples more drown the healthy one.
        for _ in 0..99 {
            window.gauge(Metric::PoolUse, "", share);
        }
    }
}

fn busy(seconds: f64) -> impl Fn(&mut Window) {
    move |window| {
        window.healthy().gauge(Metric::WriterBusyNs, "", seconds * 1e9);
    }
}

fn healthy(window: &mut Window) {
    window.healthy();
}

fn change(rule: &str, object: &str) -> RuleChange {
    RuleChange {
        rule: rule.to_owned(),
        object: object.to_owned(),
        enabled: true,
        threshold: None,
        pending_s: None,
    }
}

/// So many windows that all rules are over that can be.
fn calm(world: &mut World) {
    world.ticks(120, healthy);
}

#[test]
fn a_healthy_server_never_pages() {
    let mut world = World::new();
    world.ticks(200, healthy);
    world.hold_end();
    assert!(world.sent.is_empty() && world.rows.is_empty());
}

#[test]
fn what_flaps_around_the_threshold_pages_once_and_is_over_once() {
    let mut world = World::new();
    world.ticks(4, busy(2.0));
    for _ in 0..30 {
        world.ticks(2, busy(0.5));
        world.ticks(1, busy(1.5));
    }
    assert_eq!((world.told(), world.state("write_queue")), ((1, 0), AlertState::Firing));
    calm(&mut world);
    assert_eq!(world.told(), (1, 1));
    world.hold_end();
}

#[test]
fn what_is_bad_for_less_than_the_pending_period_never_fires() {
    let mut world = World::new();
    for _ in 0..20 {
        world.ticks(2, busy(3.0));
        assert_eq!(world.state("write_queue"), AlertState::Pending);
        world.ticks(1, busy(0.1));
        assert_eq!(world.state("write_queue"), AlertState::Normal);
    }
    assert!(world.rows.is_empty());
}

#[test]
fn a_firing_one_recovers_only_below_the_clearing_value() {
    let mut world = World::new();
    world.ticks(3, busy(2.0));
    assert_eq!(world.state("write_queue"), AlertState::Firing);
    world.ticks(30, busy(0.9));
    assert_eq!(world.state("write_queue"), AlertState::Firing, "0.9 s is below 1 s, above 0.8 s");
    world.ticks(1, busy(0.7));
    assert_eq!(world.state("write_queue"), AlertState::Recovering);
    world.ticks(5, busy(0.9));
    assert_eq!(world.state("write_queue"), AlertState::Recovering);
}

#[test]
fn it_is_over_only_after_the_keep_firing_period() {
    let mut world = World::new();
    world.ticks(3, busy(2.0));
    world.ticks(6, healthy);
    assert_eq!((world.told(), world.state("write_queue")), ((1, 0), AlertState::Recovering));
    world.ticks(1, busy(2.0));
    assert_eq!(world.state("write_queue"), AlertState::Firing, "a relapse");
    world.ticks(7, healthy);
    assert_eq!((world.told(), world.state("write_queue")), ((1, 1), AlertState::Normal));
    world.hold_end();
}

#[test]
fn a_lock_that_slows_twelve_routes_pages_once_and_is_over_once() {
    let mut world = World::new();
    world.ticks(10, healthy);
    world.lock(true);
    world.ticks(20, Window::locked);
    let alert = world.alert();
    assert_eq!((alert.cause.as_str(), alert.is_measured), ("writer_lock", true));
    assert_eq!(alert.severity, Severity::Critical);
    assert_eq!(alert.holder.as_deref(), Some("PID 4711 (sqlite3 dev.db)"));
    let under = |rule: &str| alert.symptoms.iter().filter(|s| s.rule == rule).count();
    assert_eq!((under("response_slow"), under("response_target")), (12, 12));
    for whole in ["error_rate", "not_ready", "write_queue"] {
        assert_eq!(under(whole), 1, "{whole}");
    }
    world.lock(false);
    calm(&mut world);
    assert_eq!(world.told(), (1, 1));
    world.hold_end();
}

#[test]
fn the_ledgers_alone_name_the_lock_when_no_canary_looks() {
    let mut world = World::new();
    world.ticks(20, Window::locked);
    assert_eq!(world.alert().cause, "writer_lock");
    calm(&mut world);
    assert_eq!(world.told(), (1, 1));
}

#[test]
fn silenced_after_it_fired_it_is_still_told_once_to_be_over() {
    let mut world = World::new();
    world.ticks(10, Window::locked);
    world.silence("writer_lock", 3_600_000);
    world.ticks(10, Window::locked);
    assert!(world.alert().silenced_until.is_some());
    calm(&mut world);
    assert_eq!(world.told(), (1, 1));
    world.hold_end();
}

#[test]
fn a_silence_is_not_undone_by_orders_that_were_read_before_it() {
    let mut world = World::new();
    world.ticks(4, Window::locked);
    world.silence("writer_lock", 3_600_000);
    world.ticks(1, Window::locked);
    world.judge.take_orders(Orders::default(), world.now);
    assert!(world.alert().silenced_until.is_some(), "what was read earlier knows less");
    let unread = Situation::default();
    world.judge.judge(world.now, &Ring::default(), &unread);
    assert!(world.alert().silenced_until.is_some(), "what could not be read says nothing");
    let later = Orders { read_at_ns: u64::MAX, ..Orders::default() };
    world.judge.take_orders(later, world.now);
    assert!(world.alert().silenced_until.is_none(), "an admin ended it");
}

#[test]
fn silenced_all_along_it_never_pages_and_is_told_once_to_be_over() {
    let mut world = World::new();
    world.silence("*", 86_400_000);
    world.ticks(20, Window::locked);
    assert_eq!(world.told(), (0, 0));
    calm(&mut world);
    assert_eq!(world.told(), (0, 1));
    world.hold_end();
}

#[test]
fn a_silence_that_ends_while_it_fires_lets_the_page_through() {
    let mut world = World::new();
    world.silence("writer_lock", 15 * STEP_MS);
    world.ticks(14, Window::locked);
    assert_eq!(world.told(), (0, 0));
    world.ticks(2, Window::locked);
    assert_eq!(world.told(), (1, 0));
}

#[test]
fn a_silence_of_one_rule_does_not_hide_what_other_rules_found() {
    let mut world = World::new();
    world.silence("write_queue", 86_400_000);
    world.ticks(5, busy(3.0));
    assert_eq!(world.told(), (0, 0), "all there is is silenced");
    world.ticks(5, |window| {
        window.healthy().gauge(Metric::WriterBusyNs, "", 3e9).gauge(Metric::Ready, "", 0.0);
    });
    assert_eq!(world.told(), (1, 0), "that it is not ready is not");
}

#[test]
fn a_page_that_could_not_be_delivered_comes_when_it_can() {
    let mut world = World::new();
    world.is_deliverable = false;
    world.ticks(20, Window::locked);
    world.ticks(14, healthy);
    assert_eq!(world.alert().state, AlertState::Recovering);
    world.is_deliverable = true;
    calm(&mut world);
    assert_eq!(world.told(), (1, 1), "it recovered before the message got through");
    world.hold_end();
}

#[test]
fn two_causes_at_once_are_two_alerts() {
    let mut world = World::new();
    world.ticks(20, |window| {
        window.vitals();
        window.slow((ROUTES[0], "ok"), 6, 7_000, "lock_wait");
        window.slow((ROUTES[4], "ok"), 6, 7_000, "hash_wait");
    });
    let mut causes = world.causes();
    causes.sort();
    assert_eq!(causes, ["hash_queue", "writer_lock"]);
    calm(&mut world);
    assert_eq!(world.told(), (2, 2));
    world.hold_end();
}

#[test]
fn a_slow_statement_and_the_routes_it_slows_are_one_alert() {
    let mut world = World::new();
    world.ticks(30, |window| {
        window.vitals();
        window.times(Metric::QueryNs, "user.list", 5, 2_500);
        window.slow(("GET /api/admin/users", "ok"), 5, 2_600, "query");
    });
    let alert = world.alert();
    assert_eq!((alert.cause.as_str(), alert.is_measured), ("query:user.list", true));
    let rules: Vec<_> = alert.symptoms.iter().map(|s| s.rule.as_str()).collect();
    assert!(rules.contains(&"query_target") && rules.contains(&"response_target"), "{rules:?}");
    assert_eq!(alert.severity, Severity::Warning);
}

#[test]
fn a_route_that_nothing_explains_goes_under_its_own_name() {
    let mut world = World::new();
    world.ticks(20, |window| {
        window.healthy();
        window.slow((ROUTES[1], "ok"), 20, 7_000, "unexplained");
    });
    let alert = world.alert();
    assert_eq!((alert.cause.as_str(), alert.is_measured), ("route:PATCH /api/me", false));
}

#[test]
fn failures_that_are_quick_are_not_laid_to_what_makes_others_slow() {
    let mut world = World::new();
    world.ticks(20, |window| {
        window.vitals();
        window.slow((ROUTES[9], "ok"), 5, 3_000, "query");
        window.requests(ROUTES[0], "server_error", 20, 2);
    });
    let mut causes = world.causes();
    causes.sort();
    assert_eq!(causes, ["query:user.by_id", "rule:error_rate"]);
}

#[test]
fn a_prober_that_is_told_no_makes_no_error_rate() {
    let mut world = World::new();
    world.ticks(20, |window| {
        window.healthy();
        window.requests("GET /readyz", "server_error", 40, 1);
    });
    assert!(world.causes().is_empty(), "{:?}", world.causes());
}

#[test]
fn slow_clients_do_not_page_as_critical() {
    let mut world = World::new();
    world.ticks(20, |window| {
        window.healthy();
        window.slow((ROUTES[3], "ok"), 20, 9_000, "body_read");
    });
    let alert = world.alert();
    assert_eq!((alert.cause.as_str(), alert.severity), ("client", Severity::Warning));
    assert!(alert.symptoms.iter().any(|symptom| symptom.rule == "response_slow"));
}

#[test]
fn a_lock_that_is_seen_does_not_take_over_routes_that_are_slow_otherwise() {
    let mut world = World::new();
    world.lock(true);
    world.ticks(20, |window| {
        window.locked();
        window.slow(("GET /api/report", "ok"), 20, 9_000, "outbound");
    });
    let mut causes = world.causes();
    causes.sort();
    assert_eq!(causes, ["outbound", "writer_lock"]);
}

#[test]
fn a_restart_in_the_middle_neither_pages_again_nor_forgets() {
    let mut world = World::new();
    world.ticks(20, Window::locked);
    let before = world.alert();
    world.restart();
    assert_eq!(world.alert().id, before.id);
    world.ticks(20, Window::locked);
    assert_eq!((world.alert().id, world.told()), (before.id, (1, 0)));
    world.restart();
    calm(&mut world);
    assert_eq!(world.told(), (1, 1));
    world.hold_end();
}

#[test]
fn an_end_that_was_not_told_before_a_restart_is_told_after_it() {
    let mut world = World::new();
    world.ticks(20, Window::locked);
    world.is_deliverable = false;
    calm(&mut world);
    assert_eq!((world.causes().len(), world.told()), (0, (1, 0)));
    world.restart();
    world.is_deliverable = true;
    world.ticks(1, healthy);
    assert_eq!(world.told(), (1, 1));
    world.hold_end();
}

#[test]
fn a_damaged_row_pages_nobody_and_ends() {
    let mut world = World::new();
    world.ticks(20, Window::locked);
    for row in world.rows.values_mut() {
        row.body = "{".to_owned();
    }
    world.restart();
    assert_eq!(world.causes(), ["writer_lock"]);
    calm(&mut world);
    assert_eq!(world.told(), (1, 1));
}

#[test]
fn without_data_a_firing_one_stays_and_shows_it_until_it_is_let_go() {
    let mut world = World::new();
    let silent = |window: &mut Window| {
        window.requests(ROUTES[0], "ok", 1, 5);
    };
    world.ticks(20, |window| {
        window.vitals();
        window.slow((ROUTES[4], "ok"), 6, 7_000, "hash");
    });
    // The last windows run out of the stretch, then ten minutes pass.
    world.ticks(40, silent);
    let alert = world.alert();
    let row = alert.symptoms.iter().find(|s| s.rule == "response_slow").unwrap();
    assert_eq!((row.state, row.health), (AlertState::Firing, RuleHealth::NoData));
    world.ticks(40, silent);
    assert_eq!(world.told(), (1, 1));
    let end = world.sent.iter().find(|d| d.telling == Telling::Resolved).unwrap();
    assert!(end.alert.ended_without_data);
    let noted = world.annotations.last().unwrap();
    assert!(noted.params.contains("\"without_data\":true"), "{noted:?}");
}

#[test]
fn without_data_nothing_begins_to_fire() {
    let mut world = World::new();
    world.ticks(2, busy(5.0));
    world.ticks(30, |window| {
        window.requests(ROUTES[0], "ok", 5, 5);
    });
    assert_eq!(world.state("write_queue"), AlertState::Pending);
    assert!(world.rows.is_empty());
    let views = world.judge.rules();
    let health = |code: &str| views.iter().find(|view| view.code == code).unwrap().health;
    assert_eq!((health("write_queue"), health("response_slow")), {
        (RuleHealth::NoData, RuleHealth::Ok)
    });
}

#[test]
fn a_process_that_records_nothing_at_all_says_so() {
    let mut world = World::new();
    world.ticks(10, healthy);
    world.ticks(18, |window| {
        window.count(Metric::MonitorCpuNs, "", 1_000);
    });
    assert_eq!(world.alert().cause, "rule:no_data");
    calm(&mut world);
    assert_eq!(world.told(), (1, 1));
    world.hold_end();
}

#[test]
fn few_requests_are_not_judged_and_one_slow_one_is_not_a_slow_route() {
    let mut world = World::new();
    world.ticks(40, |window| {
        window.healthy();
        window.requests("GET /api/rare", "server_error", 1, 9_000);
    });
    assert_eq!(world.state("response_slow"), AlertState::Firing, "every one of six was slow");
    let mut world = World::new();
    world.tick(|window| window.slow((ROUTES[0], "ok"), 1, 60_000, "query"));
    world.ticks(30, healthy);
    assert!(world.rows.is_empty());
}

#[test]
fn an_object_has_limits_of_its_own_and_a_rule_can_be_off() {
    let mut world = World::new();
    world.changes = vec![
        RuleChange { threshold: Some(60.0), ..change("response_slow", ROUTES[0]) },
        RuleChange { enabled: false, ..change("response_target", "") },
        RuleChange { threshold: Some(0.5), ..change("response_target", ROUTES[2]) },
    ];
    world.ticks(30, |window| {
        window.healthy();
        window.slow((ROUTES[0], "ok"), 20, 9_000, "handler");
        window.slow((ROUTES[2], "ok"), 20, 1_000, "handler");
    });
    let rows: Vec<_> =
        world.alert().symptoms.into_iter().map(|s| (s.rule, s.object, s.threshold)).collect();
    assert_eq!(rows, [("response_target".to_owned(), ROUTES[2].to_owned(), 0.5)]);
    let views = world.judge.rules();
    let view = views.iter().find(|view| view.code == "response_target").unwrap();
    assert!(view.changed && !view.enabled && view.overrides.len() == 1);
    // Switched off while it fires, it is over at once, and that is told.
    world.changes = vec![RuleChange { enabled: false, ..change("response_target", "") }];
    world.changes.push(RuleChange { enabled: false, ..change("response_slow", "") });
    world.ticks(2, |window| window.slow((ROUTES[2], "ok"), 20, 1_000, "handler"));
    assert_eq!(world.told(), (1, 1));
}

#[test]
fn a_change_of_another_pending_period_is_held() {
    let mut world = World::new();
    world.changes = vec![RuleChange { pending_s: Some(120), ..change("write_queue", "") }];
    world.ticks(12, busy(3.0));
    assert_eq!(world.state("write_queue"), AlertState::Pending);
    world.ticks(1, busy(3.0));
    assert_eq!(world.state("write_queue"), AlertState::Firing);
}

#[test]
fn a_change_that_cannot_be_is_refused() {
    let world = World::new();
    let refused = |change: RuleChange| world.judge.check_change(&change).unwrap_err().code;
    assert_eq!(refused(change("no_such_rule", "")), Code::NotFound);
    assert_eq!(refused(change("pool_use", "GET /api/me")), Code::InvalidFields);
    for threshold in [f64::NAN, f64::INFINITY, -1.0, 1.5] {
        let change = RuleChange { threshold: Some(threshold), ..change("pool_use", "") };
        assert_eq!(refused(change), Code::InvalidFields, "{threshold}");
    }
    let long = RuleChange { pending_s: Some(86_400), ..change("pool_use", "") };
    assert_eq!(refused(long), Code::InvalidFields);
    let fit = RuleChange { threshold: Some(0.9), ..change("pool_use", "") };
    assert_eq!(world.judge.check_change(&fit), Ok(()));
}

#[test]
fn a_clock_that_jumps_neither_fires_nor_ends_anything() {
    let mut world = World::new();
    world.tick(pool(0.95));
    world.now = world.now.plus_ms(86_400_000);
    world.tick(pool(0.95));
    assert_eq!(world.state("pool_use"), AlertState::Pending, "two looks are not a minute");
    world.now = UnixMs(world.now.0 - 2 * 86_400_000);
    world.ticks(8, pool(0.95));
    assert_eq!(world.state("pool_use"), AlertState::Firing);
    world.ticks(7, healthy);
    world.now = world.now.plus_ms(86_400_000);
    world.ticks(2, healthy);
    assert_eq!(world.state("pool_use"), AlertState::Recovering);
    calm(&mut world);
    world.hold_end();
}

#[test]
fn a_busy_pool_is_the_pool_unless_the_ledgers_name_what_keeps_it_busy() {
    let mut world = World::new();
    world.ticks(12, pool(0.95));
    assert_eq!((world.alert().cause.as_str(), world.alert().is_measured), ("pool", false));
    let mut world = World::new();
    world.ticks(12, |window| {
        pool(0.95)(window);
        window.slow((ROUTES[9], "ok"), 2, 1_500, "query");
    });
    assert_eq!(world.alert().cause, "query:user.by_id");
}

#[test]
fn a_check_that_fails_is_its_own_alert_and_one_failure_is_none() {
    let mut world = World::new();
    for n in 0..40_u32 {
        world.tick(|window| {
            window.healthy();
            if n.is_multiple_of(3) {
                let outcome = if n == 30 { "shop refused" } else { "shop ok" };
                window.count(Metric::CheckRuns, outcome, 1);
            }
        });
    }
    assert!(world.rows.is_empty(), "one failure of three is not most of them");
    for n in 0..20_u32 {
        world.tick(|window| {
            window.healthy();
            if n.is_multiple_of(3) {
                window.count(Metric::CheckRuns, "shop refused", 1);
            }
        });
    }
    assert_eq!(world.alert().cause, "check:shop");
}

#[test]
fn the_own_readiness_failing_is_the_lock_that_the_canary_sees() {
    let mut world = World::new();
    world.lock(true);
    for _ in 0..30 {
        world.tick(|window| {
            window.locked();
            window.count(Metric::CheckRuns, "/readyz status_503", 1);
            window.count(Metric::CheckRuns, "https://example.org/readyz status_503", 1);
        });
        world.lock(true);
    }
    let mut causes = world.causes();
    causes.sort();
    assert_eq!(causes, ["check:https://example.org/readyz", "writer_lock"]);
}

#[test]
fn waiting_for_the_writer_is_the_lock_when_the_canary_sees_one_and_the_pool_when_not() {
    for (is_held, cause) in [(true, "writer_lock"), (false, "pool")] {
        let mut world = World::new();
        for _ in 0..20 {
            world.lock(is_held);
            world.tick(|window| {
                window.vitals();
                window.slow((ROUTES[1], "ok"), 6, 7_000, "pool_wait");
            });
        }
        assert_eq!(world.causes(), [cause]);
    }
}

#[test]
fn many_failed_sign_ins_warn() {
    let mut world = World::new();
    world.ticks(5, |window| {
        window.healthy().count(Metric::LoginFailures, "", 11);
    });
    assert_eq!(world.state("login_failures"), AlertState::Pending);
    world.ticks(1, healthy);
    let alert = world.alert();
    assert_eq!((alert.cause.as_str(), alert.severity), {
        ("rule:login_failures", Severity::Warning)
    });
    calm(&mut world);
    world.hold_end();
}

#[test]
fn more_objects_than_are_judged_are_counted_and_the_worst_are_judged() {
    let mut world = World::new();
    world.ticks(20, |window| {
        window.vitals();
        for n in 0..520 {
            let each_ms = if n >= 515 { 900 } else { 1 };
            window.times(Metric::QueryNs, &format!("statement.n{n:03}"), 2, each_ms);
        }
    });
    let views = world.judge.rules();
    let view = views.iter().find(|view| view.code == "query_target").unwrap();
    assert_eq!((view.unjudged, view.state), (21, AlertState::Firing));
    assert_eq!(world.causes().len(), 5);
}

#[test]
fn a_storm_of_nameless_symptoms_does_not_become_a_storm_of_pages() {
    let mut world = World::new();
    world.ticks(20, |window| {
        window.vitals();
        for n in 0..200 {
            window.requests(&format!("GET /api/n{n:03}"), "ok", 2, 9_000);
        }
    });
    assert!(world.causes().len() <= 52, "{}", world.causes().len());
    assert!(world.causes().contains(&"rule:response_slow".to_owned()));
    calm(&mut world);
    world.ticks(80, healthy);
    world.hold_end();
}
