//! Opening files: ours, nobody's, somebody else's, damaged ones and those of a newer Galen.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use galen_core::Store;
use galen_core::model::Role;
use galen_store::{APPLICATION_ID, OpenError, SqliteSettings, SqliteStore};
use galen_testkit::NullObserver;
use galen_testkit::samples::Samples;
use rusqlite::Connection;

/// The steps of the schema there are.
const STEPS: u32 = {
    let known = galen_store::migrations::SQLITE;
    known[known.len() - 1].version
};

fn open(path: &Path) -> Result<SqliteStore, OpenError> {
    let clock = Samples::default().clock;
    SqliteStore::open(SqliteSettings::at(path), clock, Arc::new(NullObserver))
}

/// Every file of the folder with its bytes.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("the folder is listed");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.expect("an entry").path();
        let bytes = if path.is_file() { std::fs::read(&path).expect("a file") } else { Vec::new() };
        (path, bytes)
    };
    entries.map(read).collect()
}

/// Opens the file, which must fail and leave its folder as it was.
fn refused(path: &Path) -> OpenError {
    let folder = path.parent().expect("it lies in a folder");
    let before = contents(folder);
    let Err(error) = open(path) else { unreachable!("it was opened") };
    assert!(contents(folder) == before, "{error}: the folder changed");
    assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    error
}

fn galens(folder: &Path) -> PathBuf {
    let path = folder.join("galen.db");
    open(&path).expect("it is made").close();
    path
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[tokio::test]
async fn a_new_file_is_private_and_laid_out_for_galen() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("galen.db");
    let store = open(&path).expect("it is made");
    for file in ["galen.db", "galen.db-wal", "galen.db-shm"] {
        assert_eq!(mode(&folder.path().join(file)), 0o600, "{file}");
    }
    let facts = store.facts(&Samples::default().cx()).await.expect("facts");
    assert_eq!((facts.schema_version, facts.page_bytes), (STEPS, 4096));
    store.close();
    let connection = Connection::open(&path).expect("SQLite opens it");
    let number = |pragma: &str| -> i64 {
        connection.pragma_query_value(None, pragma, |row| row.get(0)).expect(pragma)
    };
    assert_eq!(number("application_id"), i64::from(APPLICATION_ID));
    assert_eq!(number("auto_vacuum"), 2, "incremental");
    let journal: String =
        connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("known");
    assert_eq!(journal, "wal");
}

#[tokio::test]
async fn what_was_written_is_there_when_the_file_is_opened_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("galen.db");
    let samples = Samples::default();
    let store = open(&path).expect("it is made");
    let new = samples.new_user("ada", Role::User);
    let id = new.id;
    store.create_user(&samples.cx(), samples.act(), new, None).await.expect("made");
    store.close();
    let store = open(&path).expect("it is opened again");
    assert!(store.user(&samples.cx(), id).await.expect("answers").is_some());
}

#[tokio::test]
async fn an_empty_file_and_a_blank_database_become_galens() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().join("empty.db");
    std::fs::write(&empty, "").expect("written");
    let blank = folder.path().join("blank.db");
    let connection = Connection::open(&blank).expect("made");
    connection.execute_batch("CREATE TABLE t (x); DROP TABLE t;").expect("blank again");
    drop(connection);
    for path in [empty, blank] {
        open(&path).expect("it is taken").close();
        let connection = Connection::open(&path).expect("SQLite opens it");
        let kept: i64 =
            connection.pragma_query_value(None, "auto_vacuum", |row| row.get(0)).expect("known");
        assert_eq!(kept, 2, "{}", path.display());
    }
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, bytes) in [("a.txt", b"hello".to_vec()), ("b.png", vec![0x89; 70_000])] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        assert!(matches!(refused(&path), OpenError::Foreign { .. }), "{name}");
    }
}

#[test]
fn somebody_elses_database_is_left_alone_whatever_its_journal() {
    for journal in ["DELETE", "WAL"] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("theirs #1?.db");
        let connection = Connection::open(&path).expect("made");
        connection
            .pragma_update_and_check(None, "journal_mode", journal, |_| Ok(()))
            .expect("its journal is set");
        connection.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").expect("filled");
        drop(connection);
        assert!(matches!(refused(&path), OpenError::Foreign { .. }), "{journal}");
    }
}

#[test]
fn a_damaged_database_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = galens(folder.path());
    let whole = std::fs::read(&path).expect("read");
    let mut torn = whole.clone();
    // All but the head: what is torn among pages that hold nothing is no damage.
    for byte in torn.iter_mut().skip(4096 * 3) {
        *byte = 0xa5;
    }
    std::fs::write(&path, torn).expect("written");
    assert!(matches!(refused(&path), OpenError::Corrupt { .. }));
    std::fs::write(&path, &whole[..whole.len() / 2]).expect("written");
    assert!(matches!(refused(&path), OpenError::Corrupt { .. }));
    std::fs::write(&path, whole).expect("written");
    open(&path).expect("whole again").close();
}

#[test]
fn a_database_of_a_newer_galen_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = galens(folder.path());
    let connection = Connection::open(&path).expect("opened");
    connection
        .execute("INSERT INTO galen_migrations VALUES (99, 'from_afar', 'x', 0)", [])
        .expect("inserted");
    drop(connection);
    let error = refused(&path);
    assert!(matches!(error, OpenError::Newer { found: 99, known: STEPS, .. }), "{error}");
}

#[test]
fn an_altered_migration_is_refused_by_its_checksum() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = galens(folder.path());
    let connection = Connection::open(&path).expect("opened");
    connection.execute("UPDATE galen_migrations SET sha256 = 'x'", []).expect("updated");
    drop(connection);
    assert!(matches!(refused(&path), OpenError::Altered { version: 1, .. }));
}

#[test]
fn a_folder_or_a_path_into_nowhere_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).expect("made");
    assert!(matches!(refused(&inner), OpenError::NotAFile { .. }));
    let nowhere = folder.path().join("missing").join("galen.db");
    assert!(matches!(open(&nowhere), Err(OpenError::Io { .. })));
}
