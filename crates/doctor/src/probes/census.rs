//! One pass over /proc: who runs, whose child, from which program, with which descriptors.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use procfs::process::{FDTarget, Process, all_processes};

/// Processes and descriptors beyond this are not looked at.
const PROCESSES_MAX: usize = 4_000;
/// See [`PROCESSES_MAX`].
const DESCRIPTORS_MAX: usize = 200_000;

/// One process, as seen in the pass.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// Its parent.
    pub parent: u32,
    /// State letter.
    pub state: char,
    /// Start time in clock ticks since boot; with the PID it names one process for ever.
    pub start_ticks: u64,
    /// CPU time in clock ticks.
    pub cpu_ticks: u64,
    /// Command line; empty for kernel threads and zombies.
    pub command: Vec<String>,
    /// The executable, without ` (deleted)`.
    pub exe: Option<PathBuf>,
    /// Whether the executable was deleted or replaced.
    pub exe_deleted: bool,
    /// Working directory.
    pub cwd: Option<PathBuf>,
    /// Files it has open.
    pub files: Vec<PathBuf>,
    /// Inodes of its sockets.
    pub sockets: Vec<u64>,
}

impl Member {
    /// The words that name the program, without options and their values: `-m uvicorn app:app`.
    pub fn program(&self) -> Vec<&str> {
        let mut words = Vec::new();
        let mut rest = self.command.iter().skip(1).map(String::as_str).peekable();
        while let Some(word) = rest.next() {
            if word == "-m" || word == "-c" {
                words.push(word);
                words.extend(rest.next());
            } else if word.starts_with('-') {
                // `--port 8000` takes its value with it; `--port=8000` and `-u` stand alone.
                let takes_value = word.starts_with("--") && !word.contains('=');
                if takes_value && rest.peek().is_some_and(|next| !next.starts_with('-')) {
                    rest.next();
                }
            } else {
                words.push(word);
            }
        }
        words
    }

    fn is_same_program(&self, other: &Self) -> bool {
        self.exe.is_some()
            && self.exe == other.exe
            && self.cwd == other.cwd
            && self.program() == other.program()
    }
}

/// The whole pass.
#[derive(Clone, Debug, Default)]
pub struct Census {
    members: BTreeMap<u32, Member>,
    blind: bool,
}

impl Census {
    /// Walks /proc once. Processes that end meanwhile are left out; what may not be read is empty.
    pub fn take() -> Self {
        let mut members = BTreeMap::new();
        let mut descriptors = 0;
        let mut blind = false;
        for process in all_processes().into_iter().flatten().flatten().take(PROCESSES_MAX) {
            let Ok(pid) = u32::try_from(process.pid()) else { continue };
            let Some(mut member) = read(&process) else { continue };
            let listed = process.fd();
            blind |= matches!(listed, Err(procfs::ProcError::PermissionDenied(_)));
            for descriptor in listed.into_iter().flatten().flatten() {
                descriptors += 1;
                match descriptor.target {
                    _ if descriptors > DESCRIPTORS_MAX => break,
                    FDTarget::Path(path) => member.files.push(path),
                    FDTarget::Socket(inode) => member.sockets.push(inode),
                    _ => {}
                }
            }
            members.insert(pid, member);
        }
        Self { members, blind }
    }

    /// Whether some process did not let us see its descriptors, so that "nobody" is no answer.
    pub fn is_blind(&self) -> bool {
        self.blind
    }

    /// A process by its id.
    pub fn get(&self, pid: u32) -> Option<&Member> {
        self.members.get(&pid)
    }

    /// Every process.
    pub fn all(&self) -> impl Iterator<Item = (u32, &Member)> {
        self.members.iter().map(|(pid, member)| (*pid, member))
    }

    /// The children of a process.
    pub fn children_of(&self, pid: u32) -> Vec<u32> {
        self.all().filter(|(_, one)| one.parent == pid).map(|(pid, _)| pid).collect()
    }

    /// Children that run the same executable: the workers of a pre-fork server.
    pub fn workers_of(&self, pid: u32) -> Vec<u32> {
        let Some(exe) = self.get(pid).and_then(|one| one.exe.as_ref()) else { return Vec::new() };
        let same = |child: &u32| {
            self.get(*child).is_some_and(|one| one.exe.as_ref() == Some(exe) && one.state != 'Z')
        };
        self.children_of(pid).into_iter().filter(same).collect()
    }

    /// The topmost ancestor that runs the same program from the same directory.
    pub fn root_of(&self, pid: u32) -> u32 {
        let mut root = pid;
        for _ in 0..32 {
            let Some(member) = self.get(root) else { break };
            match self.get(member.parent) {
                Some(parent)
                    if parent.exe.is_some()
                        && parent.exe == member.exe
                        && parent.cwd == member.cwd =>
                {
                    root = member.parent;
                }
                _ => break,
            }
        }
        root
    }

    /// Parent, children and siblings within one pre-fork family.
    pub fn family_of(&self, pid: u32) -> Vec<u32> {
        let root = self.root_of(pid);
        self.all()
            .map(|(other, _)| other)
            .filter(|other| *other != pid && self.root_of(*other) == root)
            .collect()
    }

    /// Other families running the same program from the same directory: copies.
    pub fn copies_of(&self, pid: u32) -> Vec<u32> {
        let root = self.root_of(pid);
        let Some(own) = self.get(root) else { return Vec::new() };
        let is_copy = |(other, member): &(u32, &Member)| {
            *other != root
                && member.state != 'Z'
                && self.root_of(*other) == *other
                && member.is_same_program(own)
        };
        self.all().filter(is_copy).map(|(other, _)| other).collect()
    }

    /// The processes that hold a socket.
    pub fn owners_of(&self, inode: u64) -> Vec<u32> {
        self.all()
            .filter(|(_, one)| inode != 0 && one.sockets.contains(&inode))
            .map(|(pid, _)| pid)
            .collect()
    }

    /// The socket inodes of a process.
    pub fn sockets_of(&self, pid: u32) -> &[u64] {
        self.get(pid).map_or(&[], |one| &one.sockets)
    }

    /// The files a process has open.
    pub fn files_of(&self, pid: u32) -> &[PathBuf] {
        self.get(pid).map_or(&[], |one| &one.files)
    }

    /// Who has a file open, and with how many descriptors.
    pub fn openers_of(&self, path: &Path) -> BTreeMap<u32, usize> {
        self.all()
            .map(|(pid, one)| (pid, one.files.iter().filter(|file| *file == path).count()))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// CPU ticks by process, to be compared with a later pass.
    pub fn cpu_ticks(&self) -> HashMap<(u32, u64), u64> {
        self.all().map(|(pid, one)| ((pid, one.start_ticks), one.cpu_ticks)).collect()
    }
}

fn read(process: &Process) -> Option<Member> {
    let stat = process.stat().ok()?;
    let exe = process.exe().ok();
    let deleted = exe.as_ref().is_some_and(|exe| exe.to_string_lossy().ends_with(" (deleted)"));
    let exe = exe.map(|exe| match exe.to_string_lossy().strip_suffix(" (deleted)") {
        Some(plain) => PathBuf::from(plain),
        None => exe,
    });
    Some(Member {
        parent: u32::try_from(stat.ppid).unwrap_or(0),
        state: stat.state,
        start_ticks: stat.starttime,
        cpu_ticks: stat.utime + stat.stime,
        command: process.cmdline().unwrap_or_default(),
        exe,
        exe_deleted: deleted,
        cwd: process.cwd().ok(),
        files: Vec::new(),
        sockets: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(parent: u32, exe: &str, command: &[&str]) -> Member {
        Member {
            parent,
            state: 'S',
            exe: Some(PathBuf::from(exe)),
            cwd: Some(PathBuf::from("/srv")),
            command: command.iter().map(|word| (*word).to_owned()).collect(),
            ..Member::default()
        }
    }

    fn village() -> Census {
        let uvicorn = ["python", "-m", "uvicorn", "app:app", "--port", "8000"];
        let other_port = ["python", "-m", "uvicorn", "app:app", "--port=8001"];
        let mut members = BTreeMap::new();
        members.insert(1, member(0, "/sbin/init", &["init"]));
        members.insert(10, member(1, "/usr/bin/python", &uvicorn));
        members.insert(11, member(10, "/usr/bin/python", &["python", "-c", "spawn_main"]));
        members.insert(12, member(10, "/usr/bin/python", &["python", "-c", "spawn_main"]));
        members.insert(20, member(1, "/usr/bin/python", &other_port));
        members.insert(30, member(1, "/usr/bin/python", &["python", "hold.py", "dev.db"]));
        Census { members, blind: false }
    }

    #[test]
    fn workers_of_one_parent_are_a_family_and_a_second_start_is_a_copy() {
        let village = village();
        assert_eq!(village.family_of(11), [10, 12]);
        assert_eq!(village.copies_of(11), [20]);
        assert_eq!(village.copies_of(10), [20]);
        assert_eq!(village.copies_of(30), Vec::<u32>::new());
    }

    #[test]
    fn options_and_their_values_do_not_make_another_program() {
        let village = village();
        assert_eq!(village.get(10).unwrap().program(), ["-m", "uvicorn", "app:app"]);
        assert_eq!(village.get(10).unwrap().program(), village.get(20).unwrap().program());
    }

    #[test]
    fn the_pass_sees_this_very_process_and_its_descriptors() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let file = std::fs::File::open("/proc/self/exe").unwrap();
        let census = Census::take();
        let own = std::process::id();
        let exe = std::env::current_exe().unwrap();
        assert_eq!(census.get(own).unwrap().exe.as_ref(), Some(&exe));
        assert_eq!(census.openers_of(&exe).get(&own), Some(&1));
        let inode = census.sockets_of(own).iter().find(|inode| census.owners_of(**inode) == [own]);
        assert!(inode.is_some());
        drop((listener, file));
    }
}
