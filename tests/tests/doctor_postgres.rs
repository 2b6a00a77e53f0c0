//! The doctor on a backend with PostgreSQL: each cause beside the look-alikes that must be ruled out.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::PathBuf;

use galen_doctor::report::Report;
use galen_doctor::verdict::Outcome;
use galen_doctor::{PostgresAccess, Target};
use galen_tests::doctoring::{NEIGHBOUR, is_healthy, is_ruled_out, named, report_on, told};
use galen_tests::shop::{Fault, Shop};

fn target_of(shop: &Shop, access: Option<PostgresAccess>) -> Target {
    let mut target = Target::stranger(shop.url());
    target.paths = vec!["/health".to_owned(), "/api/orders".to_owned()];
    target.postgres = access;
    // Enough for medians; what takes two seconds a request would take a minute for more.
    target.caps.requests_per_endpoint = 12;
    target.child_exe = Some(PathBuf::from(env!("CARGO_BIN_EXE_doctor_child")));
    target
}

async fn examined(shop: &Shop) -> Report {
    report_on(target_of(shop, Some(shop.access("galen_doctor").expect("an access")))).await
}

fn shop(fault: Fault) -> Shop {
    Shop::start(fault).expect("a shop")
}

fn ruled_out(report: &Report, causes: &[&str]) {
    for cause in causes {
        assert!(is_ruled_out(report, cause), "{cause} is not ruled out");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_under_honest_load_is_healthy_and_nothing_of_postgresql_is_blamed() {
    let mut shop = shop(Fault::None);
    shop.load(3, 20, &["/api/orders", "/health"]).expect("a load");
    let report = examined(&shop).await;
    assert!(is_healthy(&report));
    assert!(report.verdict.hygiene.is_empty(), "{:?}", report.verdict.hygiene);
    ruled_out(&report, &["F49", "F50", "F51", "F52", "F53", "F54", "F55", "F58", "F59", "F61"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_transaction_is_named_by_its_backend_and_its_client_is_found() {
    let shop = shop(Fault::IdleTransaction);
    let (client, backend) = shop.helper().expect("a holder");
    let report = examined(&shop).await;
    assert_eq!(named(&report, "F50"), backend);
    ruled_out(&report, &["F49", "F51", "F52", "F54", "F58"]);
    let text = report.to_terminal(false, 200);
    assert!(text.contains(&format!("PID {client}")), "the client's process is named");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_statement_that_holds_a_lock_is_named_by_its_backend() {
    let shop = shop(Fault::Locked);
    let report = examined(&shop).await;
    assert_eq!(named(&report, "F49"), shop.helper().expect("a holder").1);
    ruled_out(&report, &["F50", "F51", "F54", "F58"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_in_use_is_named_and_is_neither_a_lock_nor_a_leak() {
    let shop = shop(Fault::PoolExhausted);
    let report = examined(&shop).await;
    assert_eq!(named(&report, "F51"), shop.pid().to_string());
    ruled_out(&report, &["F49", "F50", "F52", "F54"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaked_pool_is_named_and_is_not_taken_for_one_in_use() {
    let shop = shop(Fault::PoolLeaked);
    let report = examined(&shop).await;
    assert_eq!(named(&report, "F52"), shop.pid().to_string());
    ruled_out(&report, &["F51", "F49", "F54"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_index_is_named_by_its_table_and_built_only_by_asking() {
    let shop = shop(Fault::MissingIndex);
    let report = examined(&shop).await;
    // The endpoint asks once for each customer, which is true as well and told beside it.
    let causes: Vec<&str> = report.verdict.findings.iter().map(|finding| finding.cause).collect();
    assert!(causes.iter().all(|cause| ["F54", "F63", NEIGHBOUR].contains(cause)), "{causes:?}");
    let missing = report.verdict.findings.iter().find(|finding| finding.cause == "F54");
    assert!(missing.expect("F54").object.ends_with("#public.orders"));
    ruled_out(&report, &["F49", "F51", "F55", "F58"]);
    let text = report.to_terminal(false, 400);
    assert!(text.contains("CREATE INDEX CONCURRENTLY ON public.orders (customer)"));
    assert!(text.contains("supposed by HypoPG"));
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_statistics_are_named_by_their_table_and_are_no_missing_index() {
    let shop = shop(Fault::StaleStatistics);
    let report = examined(&shop).await;
    assert!(named(&report, "F55").ends_with("#public.parcels"));
    ruled_out(&report, &["F49", "F51", "F54", "F58"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_disk_is_named_by_the_wait_and_is_no_lock() {
    let shop = shop(Fault::SlowDisk);
    let report = examined(&shop).await;
    assert_eq!(named(&report, "F58"), "IO:WALSync");
    ruled_out(&report, &["F49", "F51", "F54"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_rows_a_forgotten_slot_and_connections_per_request_are_told_and_never_made_a_cause() {
    let shop = shop(Fault::Untidy);
    let report = examined(&shop).await;
    assert!(is_healthy(&report));
    assert!(told(&report, "F56").ends_with("#public.customers"));
    assert!(told(&report, "F59").ends_with(shop.database()));
    assert_eq!(told(&report, "F62"), "old_standby");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_free_connection_is_named_with_who_has_them() {
    let shop = shop(Fault::NoConnectionLeft);
    let report = report_on(target_of(&shop, Some(shop.access("galen").expect("an access")))).await;
    assert_eq!(named(&report, "F53"), "batch-import (app)");
    ruled_out(&report, &["F61"]);
    let refused = examined(&shop).await;
    assert!(named(&refused, "F53").ends_with(shop.database()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_down_is_named_and_is_not_taken_for_a_full_one() {
    let shop = shop(Fault::Down);
    let nowhere = galen_tests::galen::free_port().expect("a port");
    let access = PostgresAccess::parse(&format!("postgres://app@127.0.0.1:{nowhere}/shop"));
    let report = report_on(target_of(&shop, Some(access.expect("an access")))).await;
    assert!(named(&report, "F61").contains(&nowhere.to_string()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rights_or_without_a_name_the_lock_is_not_guessed_and_what_is_missing_is_said() {
    let shop = shop(Fault::IdleTransaction);
    let blind = report_on(target_of(&shop, Some(shop.access("nobody_special").expect("access"))));
    let blind = blind.await;
    assert_eq!(blind.verdict.outcome, Outcome::Inconclusive);
    assert!(blind.to_terminal(false, 400).contains("GRANT pg_monitor TO nobody_special"));
    let unnamed = report_on(target_of(&shop, None)).await;
    assert_eq!(unnamed.verdict.outcome, Outcome::Inconclusive);
    assert!(unnamed.to_terminal(false, 400).contains("--db postgres://USER@HOST/DATABASE"));
}
