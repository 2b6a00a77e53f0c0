//! A throwaway PostgreSQL from Debian's packages, for tests that need a real one.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Ordinary users that may run a server when the tests run as root, which PostgreSQL refuses to.
const ORDINARY: [&str; 2] = ["postgres", "nobody"];

/// Where Debian puts the programs of the newest PostgreSQL there is.
#[must_use]
pub fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    folders.filter(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file()).max()
}

/// A server of its own, on a free port of this machine and a socket in its folder; its superuser is
/// `galen`, who needs no password. Stopped, and its folder removed, when dropped.
pub struct Postgres {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    /// Makes a cluster and starts its server with these settings (`fsync=off`, …). The files are
    /// put into its folder before it starts, and the environment is its own; `{folder}` in either
    /// stands for that folder.
    ///
    /// # Errors
    /// When there is no PostgreSQL, no ordinary user, or one of its programs fails. The server is
    /// started, and not waited for.
    pub fn start(
        settings: &[&str],
        files: &[&Path],
        environment: &[(&str, &str)],
    ) -> io::Result<Self> {
        let programs = programs().ok_or_else(|| io::Error::other("no /usr/lib/postgresql"))?;
        // Not below target/: an ordinary user may not be let that far, and a socket's path is short.
        let folder = tempfile::tempdir()?;
        for file in files {
            let name = file.file_name().ok_or_else(|| io::Error::other("no file name"))?;
            std::fs::copy(file, folder.path().join(name))?;
        }
        let user = ordinary_user(folder.path())?;
        if let Some(user) = user {
            done(command("chown".as_ref(), None).args(["-R", user]).arg(folder.path()))?;
        }
        let data = folder.path().join("data");
        done(
            command(&programs.join("initdb"), user)
                .args(["--auth=trust", "--username=galen", "--no-sync", "--encoding=UTF8"])
                .arg("--pgdata")
                .arg(&data)
                .current_dir(folder.path())
                .stdout(Stdio::null()),
        )?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let here = folder.path().display().to_string();
        let mut server = command(&programs.join("postgres"), user);
        server.arg("-D").arg(&data).current_dir(folder.path()).stdin(Stdio::null());
        let own = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={port}"),
            format!("unix_socket_directories={here}"),
            "log_min_messages=fatal".to_owned(),
        ];
        for setting in
            own.into_iter().chain(settings.iter().map(|one| one.replace("{folder}", &here)))
        {
            server.arg("-c").arg(setting);
        }
        for (name, value) in environment {
            server.env(name, value.replace("{folder}", &here));
        }
        Ok(Self { child: server.spawn()?, folder, port })
    }

    /// Its folder, where its socket is as well.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether its process has ended, and how.
    ///
    /// # Errors
    /// When the kernel cannot say.
    pub fn ended(&mut self) -> io::Result<Option<std::process::ExitStatus>> {
        self.child.try_wait()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT is PostgreSQL's fast shutdown, and this server is ours.
        let mut ask = command("kill".as_ref(), None);
        if done(ask.args(["-INT", &self.child.id().to_string()])).is_err() {
            // A child that cannot be asked is ended; one that has ended needs neither.
            let _ended = self.child.kill();
        }
        let _waited = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "a test starts its own server")]
fn command(program: &Path, user: Option<&str>) -> Command {
    let Some(user) = user else { return Command::new(program) };
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", user, "--clear-groups", "--"]).arg(program);
    command
}

fn done(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
}

/// Whom to run as: nobody else, unless this is root.
fn ordinary_user(folder: &Path) -> io::Result<Option<&'static str>> {
    if std::fs::metadata(folder)?.uid() != 0 {
        return Ok(None);
    }
    let passwd = std::fs::read_to_string("/etc/passwd")?;
    let known = |name: &&&str| passwd.lines().any(|line| line.starts_with(&format!("{name}:")));
    match ORDINARY.iter().find(known) {
        Some(name) => Ok(Some(name)),
        None => Err(io::Error::other("root needs an ordinary user to run PostgreSQL as")),
    }
}
