//! Which SQLite files the server uses: the named one, those it has open, or those it stands beside.

use std::path::{Path, PathBuf};

use super::census::Census;
use super::library;
use super::locks::sidecar;
use super::scene::Scene;
use super::windows::database_object;
use crate::evidence::{FactKey, Source, object, redact};
use crate::progress::Stage;

/// Most databases examined.
const DATABASES_MAX: usize = 3;
/// Most entries of the working directory that are looked at.
const ENTRIES_MAX: usize = 500;
/// Names by which a SQLite file is recognised without opening it.
const EXTENSIONS: &[&str] = &["db", "sqlite", "sqlite3", "db3", "s3db"];

/// Finds the databases of a server that has them open before it is asked anything.
pub async fn run(scene: &Scene<'_>) {
    find(scene);
}

/// Looks again once the server has answered, because many open their database at the first request.
pub fn look_again(scene: &Scene<'_>) {
    if scene.found().databases.is_empty() {
        find(scene);
    }
}

/// What is said of databases in the end: the library each process maps, and that none was found.
pub async fn conclude(scene: &Scene<'_>) {
    look_again(scene);
    let found = scene.found();
    let census = Census::take();
    for database in &found.databases {
        publish_openers(scene, &census, database);
    }
    if found.databases.is_empty() {
        scene.missing(
            FactKey::SqlitePath,
            object::TARGET,
            "no SQLite file was named, open, or beside the program",
        );
    }
    for pid in &found.pids {
        library::publish(scene, *pid);
    }
}

fn find(scene: &Scene<'_>) {
    scene.step(Stage::Discover, "databases");
    let census = Census::take();
    let found = scene.found();
    let mut databases: Vec<(PathBuf, Source)> = Vec::new();
    if let Some(named) = &scene.target.database {
        let path = std::fs::canonicalize(named).unwrap_or_else(|_| named.clone());
        databases
            .push((path, Source::new("databases", "--db", format!("ls -l {}", named.display()))));
    }
    for pid in &found.pids {
        for file in census.files_of(*pid).iter().filter(|file| is_database(file)) {
            let source = Source::new(
                "databases",
                format!("/proc/{pid}/fd"),
                format!("ls -l /proc/{pid}/fd"),
            );
            databases.push((file.clone(), source));
        }
    }
    if databases.is_empty() {
        databases.extend(found.pid.map(|pid| beside(&census, pid)).unwrap_or_default());
    }
    let mut kept: Vec<PathBuf> = Vec::new();
    for (path, source) in databases {
        if kept.len() < DATABASES_MAX && !kept.contains(&path) {
            publish(scene, &census, &path, &source);
            kept.push(path);
        }
    }
    scene.learn(|found| found.databases = kept);
}

fn publish(scene: &Scene<'_>, census: &Census, path: &Path, source: &Source) {
    let name = database_object(path);
    scene.fact(FactKey::SqlitePath, &name, redact::text(&path.display().to_string()), source);
    publish_openers(scene, census, path);
}

/// Who has it open; taken at the beginning and, because connections come and go, at the end.
fn publish_openers(scene: &Scene<'_>, census: &Census, path: &Path) {
    let name = database_object(path);
    let openers = census.openers_of(path);
    let open = Source::new("databases", "/proc/*/fd", format!("lsof {}", path.display()));
    if openers.is_empty() && census.is_blind() {
        let reason = "no right to see what other users' processes have open";
        scene.missing(FactKey::SqliteOpenBy, &name, reason);
        scene.missing(FactKey::SqliteConnections, name, reason);
        return;
    }
    let pids: Vec<String> = openers.keys().map(u32::to_string).collect();
    scene.fact(FactKey::SqliteOpenBy, &name, pids, &open);
    scene.fact(FactKey::SqliteConnections, &name, openers.values().sum::<usize>(), &open);
}

/// Whether a file a process has open is a database, by its name or by the `-wal` beside it.
fn is_database(file: &Path) -> bool {
    let text = file.to_string_lossy();
    let sidecar_itself = ["-wal", "-shm", "-journal"].iter().any(|suffix| text.ends_with(suffix));
    if sidecar_itself || text.ends_with(" (deleted)") || !file.is_file() {
        return false;
    }
    has_extension(file) || sidecar(file, "-wal").exists() || sidecar(file, "-journal").exists()
}

/// Whether the name of a file is that of a SQLite database.
pub fn has_extension(file: &Path) -> bool {
    file.extension().is_some_and(|extension| {
        EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// Database files in the working directory, for a program that opens its file at each request.
fn beside(census: &Census, pid: u32) -> Vec<(PathBuf, Source)> {
    let Some(cwd) = census.get(pid).and_then(|member| member.cwd.clone()) else {
        return Vec::new();
    };
    let entries = std::fs::read_dir(&cwd).into_iter().flatten().flatten().take(ENTRIES_MAX);
    entries
        .map(|entry| entry.path())
        .filter(|path| has_extension(path) && path.is_file())
        .map(|path| {
            let source = Source::new(
                "databases",
                format!("working directory of process {pid}"),
                format!("ls {}", cwd.display()),
            );
            (path, source)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_known_by_its_name_or_its_wal_and_a_wal_is_none() {
        let directory =
            std::env::temp_dir().join(format!("galen-databases-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        for name in ["a.db", "plain", "plain-wal", "notes.txt"] {
            std::fs::write(directory.join(name), b"").unwrap();
        }
        let found = ["a.db", "plain", "plain-wal", "notes.txt"]
            .map(|name| is_database(&directory.join(name)));
        std::fs::remove_dir_all(&directory).unwrap();
        assert_eq!(found, [true, true, false, false]);
    }
}
