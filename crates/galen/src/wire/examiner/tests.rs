//! What the book of examinations keeps, refuses and forgets.

use galen_core::UserId;
use galen_testkit::SeededEntropy;

use super::*;

const HOUR_MS: i64 = 3_600_000;

fn id(at: i64) -> ExaminationId {
    ExaminationId(galen_core::Id::mint_at(UnixMs(at), &SeededEntropy::new(7)))
}

fn wish(target: &str, by: BegunBy) -> ExaminationWish {
    ExaminationWish { target: target.to_owned(), by, repair: None }
}

fn admin() -> BegunBy {
    BegunBy::Admin { user: UserId::from_bytes([7; 16]) }
}

fn book(folder: &std::path::Path) -> Arc<Book> {
    Book::open(Shelf::at(folder.join("a.db.examinations")), 2, 24 * HOUR_MS)
}

fn done(book: &Arc<Book>, at: i64, target: &str) {
    assert!(book.enter(id(at), wish(target, admin()), (UnixMs(at), Vec::new())).is_ok());
    assert!(book.take_next(UnixMs(at)).is_some());
    let ended = book.end(id(at), UnixMs(at + 1), |row| row.state = ExaminationState::Done);
    assert!(ended.is_some());
    book.keep_now(id(at), UnixMs(at + 1));
}

#[test]
fn a_target_is_examined_once_at_a_time_and_the_queue_has_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path());
    let enter = |at: i64, target: &str| {
        let entered = book.enter(id(at), wish(target, admin()), (UnixMs(at), Vec::new()));
        entered.map(|row| row.state).map_err(|refusal| refusal.code)
    };
    assert_eq!(enter(1, "self"), Ok(ExaminationState::Queued));
    assert_eq!(enter(2, "self"), Err(Code::ExaminationUnderWay));
    for other in 0..7 {
        assert!(enter(10 + other, &format!("t{other}")).is_ok());
    }
    assert_eq!(enter(30, "one-more"), Err(Code::ExaminationsFull));
}

#[test]
fn what_is_cancelled_is_over_and_its_process_is_told_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path());
    book.enter(id(1), wish("self", admin()), (UnixMs(1), Vec::new())).unwrap();
    let (row, token) = book.take_next(UnixMs(2)).unwrap();
    assert!(book.take_next(UnixMs(2)).is_none(), "one at a time");
    let cancel = || book.end(row.id, UnixMs(3), |row| row.state = ExaminationState::Cancelled);
    assert!(cancel().is_some());
    assert!(token.is_cancelled());
    assert!(cancel().is_none(), "it is over");
}

#[test]
fn an_alert_is_attached_to_what_is_open_and_found_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path());
    let (first, second) = (AlertId::from_bytes([1; 16]), AlertId::from_bytes([2; 16]));
    assert!(book.attach("self", first).is_none());
    book.enter(id(1), wish("self", BegunBy::Alert), (UnixMs(1), vec![first])).unwrap();
    assert!(book.attach("self", second).is_some());
    assert_eq!((book.of_alert(first), book.of_alert(second)), (Some(id(1)), Some(id(1))));
    assert_eq!(book.last_by_alert(), Some(UnixMs(1)));
}

#[test]
fn the_oldest_go_first_and_what_a_crash_interrupted_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let kept = {
        let book = book(folder.path());
        for at in [1, 2, 3] {
            done(&book, at, "self");
        }
        assert_eq!(book.before(&book.find(id(3)).unwrap()), Some(id(2)));
        book.enter(id(4), wish("self", admin()), (UnixMs(4), Vec::new())).unwrap();
        book.keep_now(id(4), UnixMs(4));
        book.all().iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(kept, [id(4), id(3), id(2)]);
    let opened = book(folder.path()).all();
    assert_eq!(opened.iter().map(|row| row.id).collect::<Vec<_>>(), kept);
    assert_eq!(opened[0].failure.as_deref(), Some("examination.interrupted"));
    let late = book(folder.path());
    done(&late, 30 * HOUR_MS, "self");
    assert_eq!(late.all().len(), 1, "the others are too old");
}

#[test]
fn a_receipt_is_taken_from_the_report_and_never_made_up() {
    let document = json!({ "applied": [{
        "repair": "sweep-sessions", "foretold": 9, "fate": { "result": "proven" },
        "receipt": { "changed": 9, "statement": "DELETE" }
    }]});
    assert_eq!(receipt(&document, "sweep-sessions")["changed"], 9);
    assert_eq!(receipt(&document, "checkpoint"), json!({ "result": "not_offered" }));
}
