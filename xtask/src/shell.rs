//! The one place where xtask starts other programs.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// A command being put together, remembered as text so that a failure can name it.
#[derive(Debug)]
pub struct Cmd {
    inner: Command,
    shown: String,
    input: Option<String>,
}

/// What a finished command left behind.
#[derive(Debug)]
pub struct Output {
    /// Its exit code, or -1 when a signal ended it.
    pub code: i32,
    /// Its standard output, invalid UTF-8 replaced.
    pub stdout: String,
    /// Its standard error, invalid UTF-8 replaced.
    pub stderr: String,
}

impl Cmd {
    /// A command for `program`, looked up on `PATH` unless it is a path.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref();
        #[expect(clippy::disallowed_methods, reason = "the one place where xtask spawns")]
        let inner = Command::new(program);
        Self { inner, shown: program.to_string_lossy().into_owned(), input: None }
    }

    /// Cargo itself, the one that runs xtask.
    pub fn cargo() -> Self {
        Self::new(crate::place::env("CARGO").unwrap_or_else(|| "cargo".to_owned()))
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        let arg = arg.as_ref();
        self.shown.push(' ');
        self.shown.push_str(&arg.to_string_lossy());
        self.inner.arg(arg);
        self
    }

    /// Adds several arguments.
    pub fn args(self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        args.into_iter().fold(self, Cmd::arg)
    }

    /// Sets an environment variable for the command.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.inner.env(name, value);
        self
    }

    /// Runs the command in `dir`.
    pub fn dir(mut self, dir: &Path) -> Self {
        self.inner.current_dir(dir);
        self
    }

    /// Feeds `text` to the command's standard input and closes it.
    pub fn input(mut self, text: &str) -> Self {
        self.input = Some(text.to_owned());
        self
    }

    /// Sends both output streams of a spawned command to `file`, appending.
    pub fn log_to(mut self, file: &Path) -> Result<Self> {
        let open = || std::fs::OpenOptions::new().create(true).append(true).open(file);
        let out = open().with_context(|| format!("cannot open {}", file.display()))?;
        let err = open().with_context(|| format!("cannot open {}", file.display()))?;
        self.inner.stdin(Stdio::null()).stdout(out).stderr(err);
        Ok(self)
    }

    /// Runs with the terminal's own streams; fails, naming the command, unless it exits 0.
    pub fn run(mut self) -> Result<()> {
        let status =
            self.inner.status().with_context(|| format!("cannot start `{}`", self.shown))?;
        if !status.success() {
            bail!("`{}` failed: {status}", self.shown);
        }
        Ok(())
    }

    /// Runs to the end and collects both streams, whatever the exit code.
    pub fn output(mut self) -> Result<Output> {
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        self.inner.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            self.inner.spawn().with_context(|| format!("cannot start `{}`", self.shown))?;
        if let (Some(text), Some(mut stdin)) = (self.input.take(), child.stdin.take()) {
            stdin
                .write_all(text.as_bytes())
                .with_context(|| format!("`{}` closed its input", self.shown))?;
        }
        let done = child.wait_with_output().with_context(|| format!("lost `{}`", self.shown))?;
        Ok(Output {
            code: done.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&done.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&done.stderr).into_owned(),
        })
    }

    /// Runs to the end and returns standard output; fails with the error output unless it exits 0.
    pub fn read(self) -> Result<String> {
        let shown = self.shown.clone();
        let done = self.output()?;
        if done.code != 0 {
            bail!(
                "`{shown}` failed with code {}: {}{}",
                done.code,
                done.stdout.trim(),
                done.stderr.trim()
            );
        }
        Ok(done.stdout)
    }

    /// Starts the command and leaves it running until the returned guard is dropped.
    pub fn spawn(mut self) -> Result<Running> {
        let child = self.inner.spawn().with_context(|| format!("cannot start `{}`", self.shown))?;
        Ok(Running { child, shown: self.shown })
    }

    /// Replaces xtask by the command, so that Ctrl-C and signals reach it directly.
    ///
    /// Returns only if that failed.
    pub fn exec(mut self) -> anyhow::Error {
        let error = self.inner.exec();
        anyhow::Error::new(error).context(format!("cannot start `{}`", self.shown))
    }
}

/// A process of ours that is killed and reaped when this guard is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    shown: String,
}

impl Running {
    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The exit status if the process has ended by itself.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("lost `{}`", self.shown))
    }

    /// Sends `SIGKILL` and reaps the process.
    pub fn kill_nine(mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("cannot kill `{}`", self.shown))?;
        self.child.wait().with_context(|| format!("cannot reap `{}`", self.shown))?;
        Ok(())
    }

    /// Asks the process to end (`SIGTERM`) and waits for it.
    pub fn terminate(mut self) -> Result<ExitStatus> {
        Cmd::new("kill").args(["-TERM", &self.pid().to_string()]).read()?;
        self.child.wait().with_context(|| format!("cannot reap `{}`", self.shown))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended is fine here: the point is only that nothing of ours outlives the proof.
        let _already_ended = self.child.kill();
        let _already_reaped = self.child.wait();
    }
}

/// Whether `program` is found on `PATH`.
pub fn on_path(program: &str) -> bool {
    let path = crate::place::env("PATH").unwrap_or_default();
    // Debian keeps servers in sbin, which an ordinary user's PATH leaves out.
    let extra = ["/usr/sbin", "/sbin"].iter().map(std::path::PathBuf::from);
    std::env::split_paths(&path).chain(extra).any(|dir| dir.join(program).is_file())
}

/// Whether this process runs as root, by the owner of its own `/proc` entry.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|meta| meta.uid() == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_named_with_its_words() {
        let error = Cmd::new("sh").args(["-c", "echo broken >&2; exit 3"]).read().unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("code 3") && text.contains("broken"), "{text}");
    }

    #[test]
    fn input_reaches_the_command() {
        assert_eq!(Cmd::new("cat").input("spoken").read().unwrap(), "spoken");
    }

    #[test]
    fn a_missing_program_is_not_on_the_path() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program-here"));
    }
}
