//! Patients whose fault lies in how they run: limits, cgroups, namespaces, clocks, disks.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::client::Client;
use crate::galen::{free_port, stop};
use crate::patients::python;

/// How long a patient may take to listen.
const PATIENCE: Duration = Duration::from_secs(40);
/// Where version 1 hierarchies and the unified one are mounted.
const CGROUPS: &str = "/sys/fs/cgroup";

/// What this machine, or its user, cannot inject: no fault of the patient's and none of the doctor's.
#[derive(Debug)]
pub struct Impossible(pub &'static str);

impl std::fmt::Display for Impossible {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} cannot be had here", self.0)
    }
}

/// Whether this is why something did not start.
#[must_use]
pub fn is_impossible(why: &anyhow::Error) -> bool {
    why.downcast_ref::<Impossible>().is_some()
}

/// A network and mount namespace of its own. It ends with the value.
pub struct Room {
    holder: Child,
}

impl Room {
    /// Makes the namespaces and runs this in them; the loopback interface is up before.
    ///
    /// # Errors
    /// Without the right to make namespaces, or when the script fails.
    pub fn new(script: &str) -> Result<Self> {
        Self::make(script).context(Impossible("a network and mount namespace"))
    }

    fn make(script: &str) -> Result<Self> {
        let script = format!("set -e; ip link set lo up; {script}\necho ready; exec sleep 600");
        let mut holder = spawn(
            command("unshare")
                .args(["--net", "--mount", "sh", "-c", &script])
                .stdout(Stdio::piped()),
        )?;
        let mut line = String::new();
        let out = holder.stdout.take().context("its output")?;
        BufReader::new(out).read_line(&mut line)?;
        if line.trim() != "ready" {
            stop(&mut holder);
            bail!("the namespaces cannot be made so: {script}");
        }
        Ok(Self { holder })
    }

    /// Starts a script in it before the patient, and waits until it says something.
    ///
    /// # Errors
    /// When it ends without a word.
    pub fn beside(&self, script: &[&str]) -> Result<Helper> {
        Helper::enter(&self.enter(), script)
    }

    /// The words that run a program in it.
    #[must_use]
    pub fn enter(&self) -> Vec<String> {
        let pid = self.holder.id().to_string();
        ["nsenter", "--net", "--mount", "--target", &pid, "--"].map(str::to_owned).to_vec()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        stop(&mut self.holder);
    }
}

/// A script that runs beside a patient, and ends with the value.
pub struct Helper {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Helper {
    /// Starts a script of the sickroom beside whatever runs, and waits until it says something.
    ///
    /// # Errors
    /// When it ends without a word.
    pub fn start(script: &[&str]) -> Result<Self> {
        Self::enter(&[], script)
    }

    fn enter(enter: &[String], script: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let child = helper(enter, folder.path(), "job", script)?;
        Ok(Self { child, _folder: folder })
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// A cgroup of its own, removed with the value; what is in it must have ended before.
pub struct Cgroup {
    directory: PathBuf,
}

impl Cgroup {
    /// Makes a cgroup below a controller of version 1, or below `unified`, and sets these files.
    ///
    /// # Errors
    /// Where the hierarchy is not mounted, or may not be changed.
    pub fn new(controller: &str, settings: &[(&str, &str)]) -> Result<Self> {
        Self::make(controller, settings).context(Impossible("a cgroup"))
    }

    fn make(controller: &str, settings: &[(&str, &str)]) -> Result<Self> {
        // Its name says nothing of what it limits: the doctor reads it.
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let parent = Path::new(CGROUPS).join(controller);
        let directory = parent.join(format!("galen-test-{}-{number}", std::process::id()));
        fs::create_dir(&directory).with_context(|| format!("make {}", directory.display()))?;
        let group = Self { directory };
        for (file, value) in settings {
            group.set(file, value)?;
        }
        Ok(group)
    }

    /// Writes one of its files.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn set(&self, file: &str, value: &str) -> Result<()> {
        let file = self.directory.join(file);
        fs::write(&file, value).with_context(|| format!("write {value} to {}", file.display()))
    }

    /// Moves a process into it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn add(&self, pid: u32) -> Result<()> {
        self.set("cgroup.procs", &pid.to_string()).context(Impossible("a cgroup"))
    }

    /// Its directory's name.
    #[must_use]
    pub fn name(&self) -> String {
        self.directory.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // A process that was just killed leaves its cgroup a moment later.
        for _ in 0..40 {
            if fs::remove_dir(&self.directory).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A small ext4 filesystem in a file, mounted over a loop device.
pub struct Disk {
    folder: tempfile::TempDir,
    device: String,
}

impl Disk {
    /// Makes and mounts one of so many megabytes.
    ///
    /// # Errors
    /// Without loop devices or the right to mount.
    pub fn new(megabytes: u64) -> Result<Self> {
        Self::make(megabytes).context(Impossible("a loop device"))
    }

    fn make(megabytes: u64) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let image = folder.path().join("image");
        File::create(&image)?.set_len(megabytes << 20)?;
        run(command("mkfs.ext4").args(["-q", "-m", "0"]).arg(&image))?;
        let device = read(command("losetup").args(["--find", "--show"]).arg(&image))?;
        let disk = Self { folder, device: device.trim().to_owned() };
        fs::create_dir(disk.path())?;
        run(command("mount").arg(&disk.device).arg(disk.path()))?;
        Ok(disk)
    }

    /// Where it is mounted.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// `MAJOR:MINOR`, as the block controllers name it.
    #[must_use]
    pub fn number(&self) -> String {
        format!("7:{}", self.device.trim_start_matches("/dev/loop"))
    }

    /// Lets so many `read`s or `write`s a second reach it, until the value ends (blkio of version 1,
    /// root group).
    ///
    /// # Errors
    /// Without the controller.
    pub fn slow_down(&self, what: &'static str, per_second: u32) -> Result<Slowed> {
        let slowed = Slowed { number: self.number(), what };
        slowed.set(per_second).context(Impossible("the blkio controller"))?;
        Ok(slowed)
    }

    /// Fills it to the last block.
    ///
    /// # Errors
    /// When it cannot be written at all.
    pub fn fill(&self) -> Result<()> {
        for size in [1 << 20, 4096, 1] {
            let mut file = fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(self.path().join("filler"))?;
            let block = vec![0_u8; size];
            // The write that does not fit any more ends the round.
            while std::io::Write::write_all(&mut file, &block).is_ok() {}
            let _full = file.sync_all();
        }
        Ok(())
    }
}

/// A limit of reads or writes on a device, taken away with the value.
pub struct Slowed {
    number: String,
    what: &'static str,
}

impl Slowed {
    fn set(&self, per_second: u32) -> Result<()> {
        let file = format!("blkio/blkio.throttle.{}_iops_device", self.what);
        let file = Path::new(CGROUPS).join(file);
        let line = format!("{} {per_second}", self.number);
        fs::write(&file, line).with_context(|| format!("write {}", file.display()))
    }
}

impl Drop for Slowed {
    fn drop(&mut self) {
        let _gone = self.set(0);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _not_mounted = run(command("umount").arg("--lazy").arg(self.path()));
        let _not_attached = run(command("losetup").arg("--detach").arg(&self.device));
    }
}

/// How a patient is started.
#[derive(Clone, Copy, Default)]
pub struct Start<'a> {
    /// The script below `tests/patients/sickroom`, and its words.
    pub words: &'a [&'a str],
    /// Environment.
    pub environment: &'a [(&'a str, &'a str)],
    /// The namespaces it runs in.
    pub room: Option<&'a Room>,
    /// Words before its own, such as `faketime`.
    pub wrapper: &'a [&'a str],
    /// The port it listens on; a free one otherwise.
    pub port: Option<u16>,
}

/// A running patient. Dropping it stops it and what was started beside it.
pub struct Sick {
    app: Child,
    helpers: Vec<Child>,
    folder: tempfile::TempDir,
    port: u16,
    enter: Vec<String>,
}

impl Sick {
    /// Starts a patient in a folder of its own and waits until it listens. `PORT` in its words is
    /// replaced by its port.
    ///
    /// # Errors
    /// Without the patients' Python, or when it does not come up.
    pub fn start(start: Start<'_>) -> Result<Self> {
        Self::start_prepared(start, |_| Ok(()))
    }

    fn start_prepared(start: Start<'_>, prepare: impl Fn(&Path) -> Result<()>) -> Result<Self> {
        let port = start.port.map_or_else(free_port, Ok)?;
        let folder = tempfile::tempdir()?;
        prepare(folder.path())?;
        let enter = start.room.map(Room::enter).unwrap_or_default();
        let mut words = enter.clone();
        words.extend(start.wrapper.iter().map(|word| (*word).to_owned()));
        words.extend(interpreted(folder.path(), "app", start.words, port)?);
        let log = File::create(folder.path().join("app.log"))?;
        let mut program = command(&words[0]);
        program
            .args(&words[1..])
            .current_dir(folder.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .envs(start.environment.iter().copied())
            .stdout(log.try_clone()?)
            .stderr(log);
        let app = spawn(&mut program)?;
        let mut sick = Self { app, helpers: Vec::new(), folder, port, enter };
        sick.wait()?;
        Ok(sick)
    }

    /// Starts a patient beside a certificate for `localhost` that expired two days ago.
    ///
    /// # Errors
    /// As [`Sick::start`].
    pub fn start_with_certificate(start: Start<'_>) -> Result<Self> {
        Self::start_prepared(start, |folder| {
            let config = "-days 1 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
                          -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem";
            let words = ["-f", "-3d", "openssl", "req", "-x509"].into_iter();
            let words = words.chain(config.split_ascii_whitespace());
            run(command("faketime").args(words).current_dir(folder).stderr(Stdio::null()))
        })
    }

    /// Starts another script beside it, in the same namespaces, and waits until it says something.
    ///
    /// # Errors
    /// When it ends without a word.
    pub fn beside(&mut self, script: &[&str]) -> Result<u32> {
        let name = format!("job{}", self.helpers.len() + 1);
        let child = helper(&self.enter, self.folder.path(), &name, script)?;
        self.helpers.push(child);
        Ok(self.helpers.last().map_or(0, Child::id))
    }

    /// Honest traffic from now on: so many clients, each pausing between requests.
    ///
    /// # Errors
    /// When the generator cannot be started.
    pub fn load(&mut self, clients: u32, pause_ms: u32, paths: &[&str]) -> Result<()> {
        let numbers = [self.port.to_string(), clients.to_string(), pause_ms.to_string()];
        let mut words = vec!["../fastapi/load.py"];
        words.extend(numbers.iter().map(String::as_str).chain(paths.iter().copied()));
        self.beside(&words)?;
        Ok(())
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.app.id()
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Sends a signal by name.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn signal(&self, name: &str) -> Result<()> {
        run(command("kill").arg(format!("-{name}")).arg(self.pid().to_string()))
    }

    /// Lowers its soft limit of open files so that no number is free, and leaves the hard one.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn exhaust_descriptors(&self) -> Result<()> {
        let pid = self.pid().to_string();
        let open: Vec<u32> = fs::read_dir(format!("/proc/{pid}/fd"))?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        let soft = (0..).find(|number| !open.contains(number)).unwrap_or_default();
        run(command("prlimit").args(["--pid", &pid, &format!("--nofile={soft}:")]))
    }

    /// Waits until a path answers.
    ///
    /// # Errors
    /// When it does not.
    pub fn answers(&self, path: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let client = Client::new(&format!("http://127.0.0.1:{}", self.port));
        while client.get(path).is_err() {
            if Instant::now() > until {
                bail!("{path} did not answer in {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The words that run a program where it runs.
    #[must_use]
    pub fn enter(&self) -> &[String] {
        &self.enter
    }

    fn wait(&mut self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let log = self.folder.path().join("app.log");
        while !self.listens() {
            let said = || fs::read_to_string(&log).unwrap_or_default();
            if let Some(status) = self.app.try_wait()? {
                bail!("the patient ended with {status}:\n{}", said());
            }
            if Instant::now() > until {
                bail!("the patient did not listen in {PATIENCE:?}:\n{}", said());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Whether a socket listens on its port in its own namespace (state 0A of /proc/PID/net/tcp).
    fn listens(&self) -> bool {
        let port = format!(":{:04X}", self.port);
        let tables = ["tcp", "tcp6"].map(|table| {
            fs::read_to_string(format!("/proc/{}/net/{table}", self.pid())).unwrap_or_default()
        });
        tables.iter().flat_map(|table| table.lines()).any(|line| {
            let mut words = line.split_ascii_whitespace().skip(1);
            words.next().is_some_and(|local| local.ends_with(&port)) && words.nth(1) == Some("0A")
        })
    }
}

impl Drop for Sick {
    fn drop(&mut self) {
        // A stopped process does not hear that it is to end before it is continued.
        let _gone = run(command("kill").arg("-CONT").arg(self.pid().to_string()));
        for child in self.helpers.iter_mut().chain([&mut self.app]) {
            if matches!(child.try_wait(), Ok(None)) {
                stop(child);
            }
        }
    }
}

/// A file of so many bytes whose pages are not in memory any more.
///
/// # Errors
/// When it cannot be written.
pub fn cold_file(path: &Path, size_bytes: usize) -> Result<()> {
    let mut file = File::create(path)?;
    std::io::Write::write_all(&mut file, &vec![7_u8; size_bytes])?;
    file.sync_all()?;
    // GNU dd asks the kernel to drop a whole file so: posix_fadvise(POSIX_FADV_DONTNEED).
    let of = format!("of={}", path.display());
    run(command("dd").args([&of, "oflag=nocache", "conv=notrunc", "count=0", "status=none"]))
}

/// A script beside a patient, once it has said something.
fn helper(enter: &[String], folder: &Path, name: &str, script: &[&str]) -> Result<Child> {
    let mut words = enter.to_vec();
    words.extend(interpreted(folder, name, script, 0)?);
    let mut child =
        spawn(command(&words[0]).args(&words[1..]).current_dir(folder).stdout(Stdio::piped()))?;
    let mut line = String::new();
    let out = child.stdout.take().context("its output")?;
    BufReader::new(out).read_line(&mut line)?;
    if line.trim().is_empty() {
        stop(&mut child);
        bail!("{script:?} ended before it began");
    }
    Ok(child)
}

/// The words with their interpreter before them: Node for `.js`, the patients' Python otherwise.
///
/// The script is copied under a name that says nothing of what it does, because the doctor reads
/// command lines; and it has its whole path, because entering a mount namespace loses the working
/// directory. After `-m` it is the module that is served, and keeps its name.
fn interpreted(folder: &Path, name: &str, words: &[&str], port: u16) -> Result<Vec<String>> {
    let [script, rest @ ..] = words else { bail!("no script is named") };
    let node = script.ends_with(".js");
    let interpreter = if node { PathBuf::from("node") } else { python()? };
    let script = if script.starts_with('-') {
        for module in ["app.py", "wsgi.py"] {
            fs::copy(sources().join(module), folder.join(module))?;
        }
        (*script).to_owned()
    } else {
        let copy = folder.join(format!("{name}.{}", if node { "js" } else { "py" }));
        fs::copy(sources().join(script), &copy)?;
        copy.display().to_string()
    };
    let rest = rest.iter().map(|word| word.replace("PORT", &port.to_string()));
    Ok([interpreter.display().to_string(), script].into_iter().chain(rest).collect())
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("patients/sickroom")
}

#[expect(clippy::disallowed_methods, reason = "a test starts what the doctor examines")]
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

fn spawn(command: &mut Command) -> Result<Child> {
    command.spawn().with_context(|| format!("start {command:?}"))
}

pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("start {command:?}"))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} ended with {}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}
