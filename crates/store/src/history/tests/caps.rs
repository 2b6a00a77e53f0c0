//! The cap: whatever is written, the disk never sees more, and the newest is there.

use std::collections::BTreeMap;

use galen_core::{Clock, History, HistoryReceipt, LogLevel};
use rusqlite::Connection;

use super::super::budget::Budget;
use super::super::keeper::Keeper;
use super::*;

const CAP_BYTES: u64 = 4 * 1024 * 1024;

fn small(path: &Path) -> HistorySettings {
    HistorySettings { cap_bytes: CAP_BYTES, ..HistorySettings::at(path) }
}

/// A flush of a busy server: details and others in every tier, and a page of the log.
fn busy(n: i64) -> HistoryBatch {
    let mut batch = HistoryBatch::default();
    // Every tier gets a window with each flush, so that all of them fill up in time.
    let at = begin().plus_ms(n * 10_000);
    for tier in Tier::ALL {
        for metric in ["detail_phases", "detail_pages", "requests", "queries", "sessions"] {
            let points = if metric == "sessions" { (1, 20) } else { (30, 90) };
            batch.frames.push(Frame { tier, ..frame(metric, at, points) });
        }
    }
    let message = "answered ".repeat(20);
    batch.logs = logs(vec![line(at, LogLevel::Info, &message); 40]).logs;
    batch.annotations.push(annotation(at, "configured"));
    let body = "x".repeat(2_000);
    batch.alerts.push(KeptAlert { body, ..alert((n % 251) as u8, at) });
    batch
}

fn whats(receipt: &HistoryReceipt) -> Vec<(&str, Option<Tier>)> {
    receipt.shed.iter().map(|shed| (shed.what.as_str(), shed.tier)).collect()
}

#[tokio::test]
async fn the_disk_stays_below_the_cap_after_every_flush_and_the_newest_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let history = open_with(small(&path));
    let mut shed_bytes = 0;
    for n in 0..400 {
        let batch = busy(n);
        let receipt = history.append(batch.clone()).await.unwrap();
        shed_bytes += receipt.shed.len();
        assert!(on_disk(&path) <= CAP_BYTES, "flush {n}: {} bytes", on_disk(&path));
        for wanted in &batch.frames {
            let asked = FrameAsk { from: wanted.at, ..ask(wanted.tier, &wanted.metric) };
            let kept = history.frames(asked).await.unwrap();
            assert_eq!(kept, std::slice::from_ref(wanted), "flush {n}");
        }
        let newest = history.logs(LogAsk { limit: 1, ..any_log() }).await.unwrap();
        assert_eq!(newest[0].line, batch.logs[39].1, "flush {n}");
    }
    assert!(shed_bytes > 0, "400 flushes are far more than fits");
    let facts = history.facts().await.unwrap();
    assert!(facts.size_bytes <= facts.cap_bytes && facts.cap_bytes == CAP_BYTES);
    for tier in 1..3 {
        let (reaches_to, newest) = (facts.reaches_to[tier], facts.newest[tier]);
        assert!(reaches_to < newest, "more than the last window is kept: {facts:?}");
    }
    history.close();
}

#[tokio::test]
async fn details_go_before_anything_else_of_their_tier_and_other_tiers_keep_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let history = open_with(small(&folder.path().join("h")));
    let minute = |metric: &str| Frame { tier: Tier::Minute, ..frame(metric, begin(), (5, 100)) };
    history.append(frames(vec![minute("detail_a"), minute("b")])).await.unwrap();
    let mut first_shed: BTreeMap<String, i64> = BTreeMap::new();
    for n in 0..300 {
        let at = begin().plus_ms(n * 10_000);
        let batch = vec![frame("detail_a", at, (5, 100)), frame("b", at, (5, 100))];
        let receipt = history.append(frames(batch)).await.unwrap();
        for shed in &receipt.shed {
            assert_eq!(shed.tier, Some(Tier::Fine), "{shed:?}");
            assert!(shed.rows > 0 && shed.reaches_to > begin() && shed.reaches_to <= at);
            first_shed.entry(shed.what.clone()).or_insert(n);
        }
        if whats(&receipt).contains(&("frames", Some(Tier::Fine))) {
            let details = history.frames(ask(Tier::Fine, "detail_a")).await.unwrap();
            assert_eq!(details.len(), 1, "only the window that just came is left");
        }
    }
    assert!(first_shed["detail"] < first_shed["frames"], "{first_shed:?}");
    for metric in ["detail_a", "b"] {
        assert_eq!(history.frames(ask(Tier::Minute, metric)).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_oldest_log_lines_go_and_numbers_never_come_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let history = open_with(small(&path));
    let text = "x".repeat(400);
    let mut said = false;
    for n in 0..60 {
        let at = begin().plus_ms(n * 10_000);
        let receipt =
            history.append(logs(vec![line(at, LogLevel::Warn, &text); 100])).await.unwrap();
        said |= whats(&receipt) == [("logs", None)];
    }
    assert!(said);
    let facts = history.facts().await.unwrap();
    assert!(facts.log_lines < 3_000, "{}", facts.log_lines);
    let kept = history.logs(any_log()).await.unwrap();
    assert_eq!(kept[0].number, 6_000);
    history.close();
    let connection = Connection::open(&path).unwrap();
    connection.execute("DELETE FROM logs", []).unwrap();
    drop(connection);
    let history = open_with(small(&path));
    history.append(logs(vec![line(begin(), LogLevel::Warn, "next")])).await.unwrap();
    assert_eq!(history.logs(any_log()).await.unwrap()[0].number, 6_001);
}

#[tokio::test]
async fn a_file_that_is_full_sheds_and_takes_the_flush_at_the_second_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let clock = || Arc::new(HandClock::new());
    let (mut keeper, _) = Keeper::open(&path, &small(&path), clock()).unwrap();
    for n in 0..60 {
        keeper.append(&busy(n)).unwrap();
    }
    // SQLite is told that the file may not grow by a page, as on a disk without room.
    let connection = &keeper.file.connection;
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
    connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    // The tallies claim that nothing is kept, so that no share is over.
    keeper.tallies = super::super::budget::Tallies::default();
    let mut shed = Vec::new();
    for n in 60..75 {
        let receipt = keeper.append(&busy(n)).unwrap();
        shed.extend(receipt.shed);
    }
    assert!(!shed.is_empty(), "it was full at least once");
    let budget = Budget::of(CAP_BYTES);
    assert!(keeper.file.log_bytes() <= budget.log_bytes);
}

#[tokio::test]
async fn the_log_never_grows_beyond_its_part_even_before_it_is_emptied() {
    for cap_bytes in [CAP_BYTES, 24 << 20] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h");
        let settings = HistorySettings { cap_bytes, ..HistorySettings::at(&path) };
        let (mut keeper, _) = Keeper::open(&path, &settings, Arc::new(HandClock::new())).unwrap();
        for n in 0..300 {
            keeper.append(&busy(n)).unwrap();
            let (peak, most) = (keeper.log_peak_bytes, keeper.budget.log_bytes);
            assert!(peak <= most, "flush {n}: {peak} of {most}");
        }
    }
}

#[tokio::test]
async fn a_smaller_cap_shrinks_the_file_and_keeps_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let large = HistorySettings { cap_bytes: 24 << 20, ..HistorySettings::at(&path) };
    let history = open_with(large);
    for n in 0..250 {
        history.append(busy(n)).await.unwrap();
    }
    history.close();
    assert!(on_disk(&path) > CAP_BYTES + CAP_BYTES / 2, "{}", on_disk(&path));
    let history = open_with(small(&path));
    // Whoever asks is served between two steps of shrinking.
    history.append(busy(250)).await.unwrap();
    let mut facts = history.facts().await.unwrap();
    let newest = begin().plus_ms(250 * 10_000);
    assert_eq!(facts.newest[0], Some(newest));
    for _step in 0..100_000 {
        if facts.size_bytes <= CAP_BYTES {
            break;
        }
        facts = history.facts().await.unwrap();
    }
    assert!(facts.size_bytes <= CAP_BYTES, "{facts:?}");
    assert_eq!(facts.newest[0], Some(newest));
    history.append(busy(251)).await.unwrap();
    history.close();
    assert!(on_disk(&path) <= CAP_BYTES);
}

#[tokio::test]
async fn what_is_reckoned_is_what_the_file_takes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let settings = HistorySettings { cap_bytes: 64 << 20, ..HistorySettings::at(&path) };
    let (mut keeper, _) = Keeper::open(&path, &settings, Arc::new(HandClock::new())).unwrap();
    for n in 0..300 {
        keeper.append(&busy(n)).unwrap();
    }
    let number = |pragma: &str| -> i64 {
        keeper.file.connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap()
    };
    let taken = (number("page_count") - number("freelist_count")) * 4_096;
    let reckoned = keeper.tallies.total_bytes();
    assert!(reckoned > taken / 10 * 8 && reckoned < taken / 10 * 15, "{reckoned} for {taken}");
}

#[tokio::test]
async fn a_flush_larger_than_the_cap_can_bear_is_refused_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let history = open_with(small(&folder.path().join("h")));
    let huge = frame("http", begin(), (1, 2 << 20));
    let refused = history.append(frames(vec![huge])).await.unwrap_err();
    assert!(refused.to_string().contains("is too much"), "{refused}");
    history.append(busy(0)).await.unwrap();
}

#[tokio::test]
async fn annotations_are_held_to_ten_thousand_and_given_a_thousand_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let history = open(&path);
    for n in 0..21 {
        let noted = |m: i64| annotation(begin().plus_ms(n * 500 + m), "configured");
        let annotations = (0..500).map(noted).collect();
        history.append(HistoryBatch { annotations, ..HistoryBatch::default() }).await.unwrap();
    }
    let given = history.annotations(UnixMs(0), UnixMs(i64::MAX)).await.unwrap();
    assert_eq!(given.len(), 1_000);
    assert_eq!(given[999].at, begin().plus_ms(10_499), "the newest, oldest first");
    history.close();
    let connection = Connection::open(&path).unwrap();
    let count = "SELECT count(*), min(at) FROM annotations";
    let kept: (i64, i64) =
        connection.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(kept, (10_000, begin().0 + 500));
    assert_eq!(HandClock::new().now(), begin());
}
