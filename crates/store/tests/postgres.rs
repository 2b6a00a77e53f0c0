//! Every statement on a real PostgreSQL: a throwaway server prepares them all after the migrations.
#![expect(clippy::expect_used, reason = "a test stops at the first surprise")]

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use galen_store::{migrations, queries};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, NoTls};

/// Ordinary users that may run a server when the tests run as root, which PostgreSQL refuses to.
const ORDINARY: [&str; 2] = ["postgres", "nobody"];

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// The only types a driver needs to bind and read.
const TYPES: [Type; 4] = [Type::INT8, Type::FLOAT8, Type::TEXT, Type::BYTEA];

/// Where Debian puts the programs of the newest PostgreSQL there is.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    folders.filter(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file()).max()
}

#[expect(clippy::disallowed_methods, reason = "CI says so in the environment; this is no server")]
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

#[expect(clippy::disallowed_methods, reason = "the test starts its own server")]
fn command(program: &Path, user: Option<&str>) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]).arg(program);
    command
}

/// Whom to run as: nobody else, unless this is root.
fn ordinary_user(folder: &Path) -> Option<&'static str> {
    let is_root = std::fs::metadata(folder).expect("the folder is there").uid() == 0;
    let passwd = std::fs::read_to_string("/etc/passwd").expect("there are users");
    let known = |name: &&&str| passwd.lines().any(|line| line.starts_with(&format!("{name}:")));
    is_root.then(|| *ORDINARY.iter().find(known).expect("an ordinary user"))
}

/// A server of its own, reached through a socket in its folder; stopped when dropped.
struct Server {
    child: Child,
    folder: tempfile::TempDir,
}

impl Server {
    fn start(programs: &Path) -> Self {
        // Not below target/: an ordinary user may not be let that far, and a socket's path is short.
        let folder = tempfile::tempdir().expect("a folder for the server");
        let user = ordinary_user(folder.path());
        if let Some(user) = user {
            let given = command(Path::new("chown"), None).arg(user).arg(folder.path()).status();
            assert!(given.expect("chown runs").success());
        }
        let data = folder.path().join("data");
        let made = command(&programs.join("initdb"), user)
            .args(["--auth=trust", "--username=galen", "--no-sync", "--encoding=UTF8"])
            .arg("--pgdata")
            .arg(&data)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("initdb runs").success());
        let child = command(&programs.join("postgres"), user)
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "log_min_messages=fatal"])
            .arg("-c")
            .arg(format!("unix_socket_directories={}", folder.path().display()))
            .current_dir(folder.path())
            .spawn();
        Self { child: child.expect("postgres runs"), folder }
    }

    async fn connect(&mut self) -> Client {
        let mut config = Config::new();
        config.host_path(self.folder.path()).user("galen").dbname("postgres");
        let begun = Instant::now();
        loop {
            match config.connect(NoTls).await {
                Ok((client, connection)) => {
                    tokio::spawn(connection);
                    return client;
                }
                Err(error) => {
                    let over = self.child.try_wait().expect("its state is known");
                    assert!(over.is_none(), "the server ended: {over:?}");
                    assert!(begun.elapsed() < PATIENCE, "the server does not answer: {error}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown, and this server is ours.
        let asked =
            command(Path::new("kill"), None).args(["-INT", &self.child.id().to_string()]).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn every_statement_can_be_prepared_on_postgresql() {
    let Some(programs) = programs() else {
        assert!(!is_ci(), "PostgreSQL is missing: apt-get install postgresql");
        println!("SKIPPED: no PostgreSQL under /usr/lib/postgresql: apt-get install postgresql");
        return;
    };
    let mut server = Server::start(&programs);
    let client = server.connect().await;
    for migration in migrations::POSTGRES {
        client.batch_execute(migration.sql).await.expect(migration.name);
    }
    for query in queries::each() {
        let prepared = client.prepare(query.sql).await;
        let prepared = prepared.unwrap_or_else(|error| unreachable!("{}: {error:?}", query.name));
        for wanted in prepared.params() {
            assert!(TYPES.contains(wanted), "{} wants a value of {wanted}", query.name);
        }
        for column in prepared.columns() {
            let given = column.type_();
            assert!(TYPES.contains(given), "{} gives {} as {given}", query.name, column.name());
        }
    }
}
