//! What must be installed besides Rust: by apt when root, otherwise said exactly.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::say;
use crate::shell::{self, Cmd};

/// When a package is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// To compile Galen.
    Build,
    /// To run the tests.
    Test,
    /// To run every proof.
    Prove,
}

/// How to see that a package is already there.
#[derive(Debug, Clone, Copy)]
pub enum Sign {
    /// A program of this name is on the path.
    Program(&'static str),
    /// A directory holds an entry whose path ends like this: (directory, ending).
    Below(&'static str, &'static str),
    /// This command exits 0.
    Answers(&'static [&'static str]),
}

/// One Debian package and what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Package {
    /// Its name in Debian 12.
    pub name: &'static str,
    /// How to see that it is there.
    pub sign: Sign,
    /// When it is needed first.
    pub needed: Occasion,
    /// What needs it, shown to whoever must install it by hand.
    pub why: &'static str,
}

const fn program(
    name: &'static str,
    program: &'static str,
    needed: Occasion,
    why: &'static str,
) -> Package {
    Package { name, sign: Sign::Program(program), needed, why }
}

/// ALL packages; add a row and every verb that needs it installs it.
pub const ALL: &[Package] = &[
    program("build-essential", "cc", Occasion::Build, "compiling the embedded SQLite"),
    program("curl", "curl", Occasion::Test, "the commands of the documentation"),
    program("nginx", "nginx", Occasion::Test, "forward authentication by auth_request"),
    program("caddy", "caddy", Occasion::Test, "forward authentication by forward_auth"),
    program("strace", "strace", Occasion::Test, "showing that an examination writes nothing"),
    program("procps", "ps", Occasion::Test, "looking at processes"),
    program("python3", "python3", Occasion::Test, "the patients: sick backends with a known cause"),
    Package {
        name: "python3-venv",
        sign: Sign::Answers(&["python3", "-c", "import ensurepip, venv"]),
        needed: Occasion::Test,
        why: "the patients' own Python packages",
    },
    Package {
        name: "postgresql",
        sign: Sign::Below("/usr/lib/postgresql", "bin/initdb"),
        needed: Occasion::Test,
        why: "preparing every statement on the second engine, and the patients on PostgreSQL",
    },
    Package {
        name: "postgresql-15-hypopg",
        sign: Sign::Below("/usr/share/postgresql", "extension/hypopg.control"),
        needed: Occasion::Test,
        why: "the doctor's trial of an index that is not built",
    },
    program(
        "iptables",
        "iptables",
        Occasion::Test,
        "patients behind a packet filter, in a namespace",
    ),
    program("iproute2", "ip", Occasion::Test, "patients in a network namespace of their own"),
    program("faketime", "faketime", Occasion::Test, "a patient whose clock is wrong"),
    program("e2fsprogs", "mkfs.ext4", Occasion::Test, "patients on a full and on a slow disk"),
    program("mount", "losetup", Occasion::Test, "the loop devices of those disks"),
    program("openssl", "openssl", Occasion::Test, "an expired certificate"),
    program("redis-server", "redis-server", Occasion::Test, "a patient's store that is held up"),
    program("nodejs", "node", Occasion::Test, "the patients on Express"),
    program("npm", "npm", Occasion::Test, "the panels, and the Express patients' own packages"),
    program("chromium", "chromium", Occasion::Test, "the panels in a real browser"),
    Package {
        name: "fonts-noto-core",
        sign: Sign::Below("/usr/share/fonts/truetype", "NotoSansArabic-Regular.ttf"),
        needed: Occasion::Test,
        why: "Persian in that browser",
    },
    program("wrk", "wrk", Occasion::Prove, "load"),
    program(
        "util-linux",
        "taskset",
        Occasion::Prove,
        "pinning server and generator to a core each",
    ),
    program("valgrind", "valgrind", Occasion::Prove, "counting instructions"),
    program("prometheus", "prometheus", Occasion::Prove, "scraping the metrics"),
    program("xfsprogs", "mkfs.xfs", Occasion::Prove, "power cuts by block snapshots"),
    program("e2fsprogs", "mkfs.ext4", Occasion::Prove, "power cuts by block snapshots"),
];

impl Package {
    fn is_there(&self) -> bool {
        match self.sign {
            Sign::Program(program) => shell::on_path(program),
            Sign::Below(dir, ending) => std::fs::read_dir(dir).is_ok_and(|mut entries| {
                entries.any(|e| e.is_ok_and(|e| e.path().join(ending).exists()))
            }),
            Sign::Answers(command) => {
                let (program, args) = command.split_first().unwrap_or((&"false", &[]));
                Cmd::new(program).args(args).output().is_ok_and(|done| done.code == 0)
            }
        }
    }
}

/// Makes sure that everything needed up to and including `occasion` is installed.
///
/// # Errors
/// When something is missing and this is not root on a machine with apt, with the command to run;
/// or when apt fails.
pub fn ensure(occasion: Occasion) -> Result<()> {
    let missing: Vec<&Package> =
        ALL.iter().filter(|package| package.needed <= occasion && !package.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        say::line(format_args!("missing: {:<16} {}", package.name, package.why));
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    if !(shell::is_root() && shell::on_path("apt-get")) {
        bail!(
            "install them first:\n    sudo apt-get install --no-install-recommends {}",
            names.join(" ")
        );
    }
    install(&names)
}

fn install(names: &[&str]) -> Result<()> {
    let _no_daemons = NoDaemons::declare()?;
    let apt = || Cmd::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
    apt().arg("update").run()?;
    apt().args(["install", "--yes", "--no-install-recommends"]).args(names).run()?;
    Ok(())
}

/// While it lives, apt starts none of the servers it installs: the tests start their own, and a
/// stranger's machine should not find an nginx on port 80 after running our tests.
struct NoDaemons {
    placed: bool,
}

impl NoDaemons {
    const POLICY: &str = "/usr/sbin/policy-rc.d";

    fn declare() -> Result<Self> {
        if Path::new(Self::POLICY).exists() {
            return Ok(Self { placed: false });
        }
        std::fs::write(
            Self::POLICY,
            "#!/bin/sh\n# Placed by galen's xtask while apt runs.\nexit 101\n",
        )
        .and_then(|()| {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(Self::POLICY, std::fs::Permissions::from_mode(0o755))
        })
        .with_context(|| format!("cannot write {}", Self::POLICY))?;
        Ok(Self { placed: true })
    }
}

impl Drop for NoDaemons {
    fn drop(&mut self) {
        if self.placed && std::fs::remove_file(Self::POLICY).is_err() {
            say::fault(format_args!("could not remove {}; please do", Self::POLICY));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_exists_is_seen_and_one_that_does_not_is_missed() {
        assert!(program("dash", "sh", Occasion::Build, "x").is_there());
        assert!(!program("nothing", "no-such-program-here", Occasion::Build, "x").is_there());
    }

    #[test]
    fn what_is_needed_to_build_is_needed_for_the_tests_as_well() {
        assert!(Occasion::Build < Occasion::Test && Occasion::Test < Occasion::Prove);
    }
}
