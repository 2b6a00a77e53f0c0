//! Damaged files, files of others, files of a newer Galen, and damaged windows.

use std::os::unix::fs::FileExt;

use galen_core::{History, LogLevel};
use rusqlite::Connection;

use super::super::keeper::Keeper;
use super::*;
use crate::OpenError;

async fn filled(path: &Path, flushes: i64) {
    let history = open(path);
    for n in 0..flushes {
        let batch = vec![frame("http", begin().plus_ms(n * 10_000), (20, 300))];
        history.append(frames(batch)).await.unwrap();
    }
    history.close();
}

fn aside(path: &Path) -> std::path::PathBuf {
    crate::drivers::sqlite::beside(path, &format!(".damaged-{}", begin().0))
}

#[tokio::test]
async fn a_damaged_file_is_moved_aside_whole_and_a_new_history_begins() {
    let noise = vec![0xa5_u8; 20_000];
    for damage in ["header", "schema", "middle", "cut", "no database at all"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h");
        filled(&path, 30).await;
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        let length = file.metadata().unwrap().len();
        match damage {
            "header" => file.write_all_at(&noise[..100], 0).unwrap(),
            "schema" => file.write_all_at(&noise[..3_000], 100).unwrap(),
            "middle" => file.write_all_at(&noise, 4_096 * 4).unwrap(),
            "cut" => file.set_len(length - 8_192).unwrap(),
            _ => std::fs::write(&path, "a letter to somebody").unwrap(),
        }
        drop(file);
        let bytes = std::fs::read(&path).unwrap();
        let history = open(&path);
        assert_eq!(history.moved_aside(), Some(aside(&path).as_path()), "{damage}");
        assert_eq!(std::fs::read(aside(&path)).unwrap(), bytes, "{damage}: nothing of it is lost");
        assert_eq!(history.frames(ask(Tier::Fine, "http")).await.unwrap(), []);
        history.append(logs(vec![line(begin(), LogLevel::Info, "anew")])).await.unwrap();
        history.close();
        let history = open(&path);
        assert_eq!(history.moved_aside(), None);
        assert_eq!(history.logs(any_log()).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_file_found_damaged_while_it_is_written_is_moved_aside_and_the_flush_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    filled(&path, 400).await;
    assert!(std::fs::metadata(&path).unwrap().len() > 1 << 20, "too large to be checked whole");
    // Every page but those of the schema and the dictionaries; SQLite finds out when it writes.
    let connection = Connection::open(&path).unwrap();
    let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'frames'";
    let root: i64 = connection.query_row(root, [], |row| row.get(0)).unwrap();
    drop(connection);
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0xa5; 4_096], (root as u64 - 1) * 4_096).unwrap();
    drop(file);
    let settings = HistorySettings::at(&path);
    let (mut keeper, moved) = Keeper::open(&path, &settings, Arc::new(HandClock::new())).unwrap();
    assert_eq!(moved, None, "it looked whole");
    keeper.append(&frames(vec![frame("http", begin(), (1, 5))])).unwrap();
    assert!(aside(&path).exists());
    drop(keeper);
    let history = open(&path);
    assert_eq!(history.frames(ask(Tier::Fine, "http")).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_new_file_that_cannot_be_begun_at_once_is_begun_as_soon_as_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    let settings = HistorySettings::at(&path);
    let (mut keeper, _) = Keeper::open(&path, &settings, Arc::new(HandClock::new())).unwrap();
    // As a renewal leaves it whose new file could not be made: something else stands in the way.
    let nowhere = Connection::open_in_memory().unwrap();
    keeper.file = crate::history::file::File::new(nowhere, &path).unwrap();
    keeper.is_without_file = true;
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let flush = frames(vec![frame("http", begin(), (1, 5))]);
    assert!(keeper.append(&flush).is_err());
    std::fs::remove_dir(&path).unwrap();
    keeper.append(&flush).unwrap();
    assert_eq!(keeper.frames(&ask(Tier::Fine, "http")).unwrap(), flush.frames);
    assert!(path.is_file());
}

#[tokio::test]
async fn somebody_elses_database_and_a_newer_history_are_left_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let theirs = folder.path().join("theirs");
    let connection = Connection::open(&theirs).unwrap();
    connection.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
    drop(connection);
    let newer = folder.path().join("newer");
    filled(&newer, 1).await;
    let connection = Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let open =
        |path: &Path| SqliteHistory::open(HistorySettings::at(path), Arc::new(HandClock::new()));
    for path in [&theirs, &newer] {
        let bytes = std::fs::read(path).unwrap();
        let errors =
            [open(path).err().unwrap(), SqliteHistory::open_read_only(path).err().unwrap()];
        for error in errors {
            let named =
                matches!(error, OpenError::Foreign { .. } | OpenError::Newer { found: 99, .. });
            assert!(named, "{error}");
        }
        assert_eq!(std::fs::read(path).unwrap(), bytes);
    }
    assert!(matches!(open(folder.path()), Err(OpenError::NotAFile { .. })));
    let nowhere = folder.path().join("missing").join("h");
    assert!(matches!(open(&nowhere), Err(OpenError::Io { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "nothing was moved");
}

#[tokio::test]
async fn a_damaged_window_is_a_gap_and_its_neighbours_are_still_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("h");
    filled(&path, 3).await;
    let connection = Connection::open(&path).unwrap();
    let spoil = "UPDATE frames SET points = x'01ff' WHERE place = (SELECT max(place) FROM frames)";
    connection.execute(spoil, []).unwrap();
    drop(connection);
    let history = open(&path);
    let read = history.frames(ask(Tier::Fine, "http")).await.unwrap();
    let at: Vec<UnixMs> = read.iter().map(|one| one.at).collect();
    assert_eq!(at, [begin(), begin().plus_ms(10_000)]);
    let written_anew = frame("http", begin().plus_ms(20_000), (1, 4));
    history.append(frames(vec![written_anew])).await.unwrap();
    assert_eq!(history.frames(ask(Tier::Fine, "http")).await.unwrap().len(), 3);
}
