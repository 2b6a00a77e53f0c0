//! The doctor on applications and their protocol, in FastAPI and Express, beside their look-alikes.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use galen_doctor::report::Report;
use galen_tests::chaos::Toxic;
use galen_tests::doctoring::{is_healthy, is_ruled_out, named, report_on, target_of, told};
use galen_tests::patients::{Fault, Patient};
use galen_tests::redis::Redis;
use galen_tests::scenario::protocol::slow_service;

const CHILD: &str = env!("CARGO_BIN_EXE_doctor_child");

async fn examined(patient: &Patient) -> Report {
    report_on(target_of(patient, CHILD)).await
}

fn patient(fault: Fault) -> Patient {
    Patient::start(fault).expect("a patient")
}

fn express(fault: Fault) -> Patient {
    Patient::express(fault).expect("a patient")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_upstream_is_named_by_its_address_and_is_neither_many_questions_nor_a_store() {
    let chaos = slow_service(900).expect("a service");
    let patient = patient(Fault::Upstream(chaos.address().port()));
    let report = examined(&patient).await;
    assert_eq!(named(&report, "F64"), chaos.address().to_string());
    for other in ["F13", "F63", "F74", "F35"] {
        assert!(is_ruled_out(&report, other), "{other}");
    }
    chaos.change(Toxic::None);
    let report = examined(&patient).await;
    assert!(is_healthy(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_for_each_row_is_named_by_its_path_in_express_and_is_not_a_slow_upstream() {
    let chaos = slow_service(12).expect("a service");
    let patient = express(Fault::OneByOne(chaos.address().port()));
    let report = examined(&patient).await;
    assert_eq!(named(&report, "F63"), "/api/auth/csrf");
    assert!(is_ruled_out(&report, "F64"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_held_up_is_named_and_is_not_any_upstream() {
    let redis = Redis::start().expect("redis");
    redis.hold_up(0.9).expect("held up");
    let patient = express(Fault::Upstream(redis.port()));
    let report = examined(&patient).await;
    assert_eq!(named(&report, "F74"), format!("127.0.0.1:{}", redis.port()));
    assert!(is_ruled_out(&report, "F64"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cors_error_that_is_a_500_is_named_and_a_wrong_origin_is_told_only_when_it_was_given() {
    let patient = patient(Fault::HiddenError);
    let report = examined(&patient).await;
    assert_eq!(named(&report, "F68"), "/api/auth/csrf");
    assert!(is_ruled_out(&report, "F67"));
    let mut target = target_of(&patient, CHILD);
    target.origin = Some("https://app.example.org".to_owned());
    target.paths = vec!["/health".to_owned()];
    let report = report_on(target).await;
    assert_eq!(told(&report, "F67"), "https://app.example.org");
    assert!(is_ruled_out(&report, "F68"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_of_one_worker_are_told_and_are_not_a_cookie_that_never_returns() {
    let patient = patient(Fault::SessionInMemory);
    let report = examined(&patient).await;
    assert_eq!(told(&report, "F69"), "/api/auth/csrf");
    assert!(is_ruled_out(&report, "F70"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_that_never_returns_is_told_and_is_not_a_session_of_one_worker() {
    let report = examined(&express(Fault::SecureCookie)).await;
    assert_eq!(told(&report, "F70"), "sid");
    assert!(is_ruled_out(&report, "F69"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limiter_that_refuses_who_asks_seldom_is_told() {
    let report = examined(&patient(Fault::Limiter)).await;
    assert_eq!(told(&report, "F66"), "/api/auth/csrf");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_answer_is_named_and_is_not_a_blocked_loop() {
    let report = examined(&express(Fault::LargeAnswer)).await;
    assert_eq!(named(&report, "F72"), "/api/auth/csrf");
    assert!(is_ruled_out(&report, "F13"));
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_hold_every_worker_are_named_and_are_not_a_pool_that_is_too_small() {
    let report = examined(&patient(Fault::Streams)).await;
    let _line = named(&report, "F73");
    assert!(is_ruled_out(&report, "F15"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_start_is_told_and_is_no_fault() {
    let report = examined(&patient(Fault::ColdStart)).await;
    assert!(is_healthy(&report));
    assert_eq!(told(&report, "F75"), "/api/auth/csrf");
}
