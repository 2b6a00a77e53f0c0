//! Patients whose fault lies in how they run: limits, cgroups, namespaces, clocks, disks; and how to
//! examine them from where they are.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::client::Client;
use crate::galen::{free_port, stop};
use crate::patients::python;

/// The verb of the test's own binary that examines a URL.
pub const EXAMINE: &str = "examine";
/// How long a patient may take to listen.
const PATIENCE: Duration = Duration::from_secs(40);
/// Where version 1 hierarchies and the unified one are mounted.
const CGROUPS: &str = "/sys/fs/cgroup";

/// What a test says aloud when its injection is not possible here.
#[expect(clippy::print_stderr, reason = "a skipped test is said aloud")]
pub fn skipped(what: &str, why: &anyhow::Error) {
    eprintln!("SKIPPED {what}: {why:#}");
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
        Ok(Helper(helper(&self.enter(), &sources(), script)?))
    }

    /// The words that run a program in it.
    fn enter(&self) -> Vec<String> {
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
pub struct Helper(Child);

impl Drop for Helper {
    fn drop(&mut self) {
        stop(&mut self.0);
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
    pub fn new(controller: &str, name: &str, settings: &[(&str, &str)]) -> Result<Self> {
        let parent = Path::new(CGROUPS).join(controller);
        let directory = parent.join(format!("galen-test-{}-{name}", std::process::id()));
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
        self.set("cgroup.procs", &pid.to_string())
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
        slowed.set(per_second)?;
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
        for file in fs::read_dir(sources())?.flatten() {
            fs::copy(file.path(), folder.path().join(file.file_name()))?;
        }
        prepare(folder.path())?;
        let enter = start.room.map(Room::enter).unwrap_or_default();
        let mut words = enter.clone();
        words.extend(start.wrapper.iter().map(|word| (*word).to_owned()));
        words.extend(interpreted(folder.path(), start.words, port)?);
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
        let child = helper(&self.enter, self.folder.path(), script)?;
        self.helpers.push(child);
        Ok(self.helpers.last().map_or(0, Child::id))
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

    /// Examines these paths of it, from its own namespaces, by name or address.
    ///
    /// # Errors
    /// When the examination itself fails.
    pub fn examine(&self, host: &str, paths: &[&str]) -> Result<Report> {
        let url = format!("http://{host}:{}", self.port);
        examine(&self.enter, &url, paths)
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

/// What an examination said.
pub struct Report(Value);

impl Report {
    /// The object of the named cause; a neighbour is the truth on a machine that tests something else.
    ///
    /// # Errors
    /// When another cause is named, or none.
    pub fn named(&self, cause: &str) -> Result<String> {
        let findings: Vec<&Value> =
            self.list("findings").filter(|one| one["cause"] != "F19").collect();
        match findings.as_slice() {
            [only] if only["cause"] == cause => {
                Ok(only["object"].as_str().unwrap_or_default().to_owned())
            }
            _ => bail!("{cause} is not the one cause named: {}", self.headline()),
        }
    }

    /// The object of a named cause among several.
    #[must_use]
    pub fn among(&self, cause: &str) -> Option<String> {
        let finding = self.list("findings").find(|one| one["cause"] == cause)?;
        Some(finding["object"].as_str().unwrap_or_default().to_owned())
    }

    /// The object of a finding that explains no symptom.
    #[must_use]
    pub fn hygiene(&self, cause: &str) -> Option<String> {
        let finding = self.list("hygiene").find(|one| one["cause"] == cause)?;
        Some(finding["object"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether a cause is ruled out.
    #[must_use]
    pub fn rules_out(&self, cause: &str) -> bool {
        self.list("ruled_out").any(|one| one["cause"] == cause)
    }

    /// Whether a repair is offered, and of which class.
    #[must_use]
    pub fn offers(&self, repair: &str) -> Option<String> {
        let offer = self.list("repairs").find(|one| one["repair"] == repair)?;
        Some(offer["class"].as_str().unwrap_or_default().to_owned())
    }

    /// The outcome: `healthy`, `finding`, `inconclusive`.
    #[must_use]
    pub fn outcome(&self) -> &str {
        self.0["outcome"].as_str().unwrap_or_default()
    }

    fn headline(&self) -> String {
        let lines = self.list("headline").filter_map(|line| line["text"].as_str());
        lines.collect::<Vec<_>>().join(" ")
    }

    fn list(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.0[name].as_array().into_iter().flatten()
    }
}

/// Examines a URL in a process of its own, entered by these words.
///
/// # Errors
/// When the examination fails, or says nothing that can be read.
pub fn examine(enter: &[String], url: &str, paths: &[&str]) -> Result<Report> {
    let own = std::env::current_exe().context("find the test's own path")?;
    let profile = own.ancestors().nth(2).context("find the folder of the profile")?;
    let mut words = enter.to_vec();
    words.push(profile.join("doctor_child").display().to_string());
    words.extend([EXAMINE.to_owned(), url.to_owned(), "5".to_owned()]);
    words.extend(paths.iter().map(|path| (*path).to_owned()));
    let said = read(command(&words[0]).args(&words[1..]))?;
    Ok(Report(serde_json::from_str(&said).context("read the report")?))
}

/// A script beside a patient, once it has said something.
fn helper(enter: &[String], folder: &Path, script: &[&str]) -> Result<Child> {
    let mut words = enter.to_vec();
    words.extend(interpreted(folder, script, 0)?);
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
/// The script has its whole path, because entering a mount namespace loses the working directory.
fn interpreted(folder: &Path, words: &[&str], port: u16) -> Result<Vec<String>> {
    let [script, rest @ ..] = words else { bail!("no script is named") };
    let node = script.ends_with(".js");
    let interpreter = if node { PathBuf::from("node") } else { python()? };
    let module = script.starts_with('-');
    let script =
        if module { (*script).to_owned() } else { folder.join(script).display().to_string() };
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

fn read(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("start {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?} ended with {}", output.status);
    }
    Ok(String::from_utf8(output.stdout)?)
}
