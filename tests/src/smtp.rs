//! A real mail server (aiosmtpd) that keeps what it takes over, and refuses whom it is told to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::galen::{free_port, stop};
use crate::python::{source, speaking};

/// How a mail server protects its connections.
#[derive(Clone, Debug)]
pub enum Protection {
    /// Not at all.
    Plain,
    /// By STARTTLS, without which nothing is taken.
    StartTls(Certificate),
    /// From the first byte.
    Tls(Certificate),
}

/// What a server shows: files in PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// A mail as the server took it over.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// Who had signed in.
    pub user: Option<String>,
    /// Which connection it came over.
    pub connection: i64,
    /// Header and body as they came.
    pub data: String,
}

/// A running mail server. Dropping it stops it; what it took over stays in its folder.
pub struct SmtpServer {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl SmtpServer {
    /// Starts a server on a free port that keeps mails in this folder.
    ///
    /// # Errors
    /// Without `python3` and its `venv`, without the packages, or when it does not come up.
    pub fn start(folder: &Path) -> Result<Self> {
        Self::start_with(folder, free_port()?, &Protection::Plain, None)
    }

    /// Starts a server on this port, with this protection, for this user and password.
    ///
    /// # Errors
    /// As [`SmtpServer::start`], or when the port is taken.
    pub fn start_with(
        folder: &Path,
        port: u16,
        protection: &Protection,
        login: Option<(&str, &str)>,
    ) -> Result<Self> {
        let python = galen_testkit::python("smtp", &source("smtp/requirements.txt"))
            .context("make the mail server's environment")?;
        let script = source("smtp/server.py").display().to_string();
        let mut words = vec![script, port.to_string(), folder.display().to_string()];
        let (mode, certificate) = match protection {
            Protection::Plain => ("plain", None),
            Protection::StartTls(certificate) => ("starttls", Some(certificate)),
            Protection::Tls(certificate) => ("tls", Some(certificate)),
        };
        words.push(mode.to_owned());
        if let Some(Certificate { certificate, key }) = certificate {
            words.extend([certificate, key].map(|path| path.display().to_string()));
        }
        if let Some((user, password)) = login {
            words.extend([user.to_owned(), password.to_owned()]);
        }
        let child = speaking(&python, folder, &words)?;
        Ok(Self { child, port, folder: folder.to_owned() })
    }

    /// Where it listens, on the loopback interface.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// What it has taken over, in order.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub fn mails(&self) -> Result<Vec<Mail>> {
        let mut paths: Vec<PathBuf> =
            fs::read_dir(&self.folder)?.flatten().map(|entry| entry.path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        paths.iter().map(|path| read(path)).collect()
    }

    /// Waits until it has taken so many over.
    ///
    /// # Errors
    /// When that does not come to pass within 30 s.
    pub fn wait_for(&self, count: usize) -> Result<Vec<Mail>> {
        let until = Instant::now() + Duration::from_secs(30);
        loop {
            let mails = self.mails()?;
            if mails.len() >= count {
                return Ok(mails);
            }
            if Instant::now() > until {
                bail!("{} mails instead of {count}", mails.len());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

fn read(path: &Path) -> Result<Mail> {
    let mail: serde_json::Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let text = |name: &str| mail[name].as_str().map(str::to_owned);
    let to = mail["to"].as_array().context("its recipients")?;
    Ok(Mail {
        from: text("from").context("its sender")?,
        to: to.iter().filter_map(|to| to.as_str().map(str::to_owned)).collect(),
        encrypted: mail["encrypted"].as_bool().context("whether it was encrypted")?,
        user: text("user"),
        connection: mail["connection"].as_i64().context("its connection")?,
        data: text("data").context("its text")?,
    })
}
